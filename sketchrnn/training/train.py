"""The training loop: batches by step, validation, pages of drawings, checkpoints, resuming."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sketchrnn.data.batches import Batch, Batches
from sketchrnn.data.store import DataFile
from sketchrnn.drawing import BadFileError, Drawing, SketchRNNError
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.vae import SketchVAE
from sketchrnn.sampling.numpy_loop import NumpyDecoder
from sketchrnn.sampling.sampler import sample_drawings
from sketchrnn.training import checkpoint
from sketchrnn.training.evaluate import Evaluator, evaluate
from sketchrnn.training.presets import TrainConfig
from sketchrnn.training.schedules import ExponentialDecay, kl_weight_at, learning_rate_at

METRICS_FILE = "metrics.jsonl"
_SAMPLES = 32
_SAMPLE_TEMPERATURE = 0.4


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a run tells whoever watches it.

    Attributes:
        event: "start", "step", "validation", "sample", "checkpoint" or "end".
        step: Steps done.
        steps: Steps in all.
        figures: Losses by name; with "start" facts about the run.
        path: The file that was written, of a sample or a checkpoint.
    """

    event: str
    step: int
    steps: int
    figures: Mapping[str, float] = dataclasses.field(default_factory=dict)
    path: Path | None = None


Watcher = Callable[[Progress], None]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: Steps done.
        reason: "done", "interrupted" or "time".
        best_step: The step of the best validation.
        best_loss: Its full objective, at the final weight of the KL term.
    """

    step: int
    reason: str
    best_step: int
    best_loss: float


class Trainer:
    """One run in one folder.

    The folder is a model folder, of the best validation so far, with `checkpoints/`, `samples/`,
    `tensorboard/`, `metrics.jsonl` and `run.json` in it.

    Args:
        data: The drawings; "train" is learned, "valid" (or, without one, "train") validates.
        out: The run's folder; the caller has checked that it may be written.
        config: The network.
        train_config: The training.
        provenance: What the model folder should say of the data.
        watcher: Is told what happens.
        save_page: Writes drawings as a picture: (drawings, path, title).

    Raises:
        BadFileError: If the data has no training drawings.
    """

    def __init__(
        self,
        data: DataFile,
        out: Path,
        config: ModelConfig,
        train_config: TrainConfig,
        *,
        provenance: Mapping[str, Any],
        watcher: Watcher | None = None,
        save_page: Callable[[list[Drawing], Path, str], None] | None = None,
    ) -> None:
        """Make the network, the batches and the optimizer."""
        self.config = config
        self.train_config = train_config
        self._data = data
        self._out = out
        self._provenance = dict(provenance)
        self._watch = watcher or (lambda progress: None)
        self._save_page = save_page
        self._batches = Batches(
            data["train"],
            scale_factor=config.scale_factor,
            batch_size=train_config.batch_size,
            num_buckets=train_config.num_buckets,
            random_scale=train_config.random_scale,
            point_drop=train_config.point_drop,
            z_size=config.latent_size,
            seed=train_config.seed,
            categories=config.categories,
        )
        valid = data.splits.get("valid")
        self._valid = valid if valid else data["train"]
        keras.utils.set_random_seed(train_config.seed)
        self.network = SketchVAE(
            config, kl_min=train_config.kl_min, precision=train_config.precision
        )
        self.network.compile(
            optimizer=keras.optimizers.Adam(
                ExponentialDecay(
                    train_config.learning_rate,
                    train_config.min_learning_rate,
                    train_config.learning_rate_decay,
                ),
                epsilon=1e-8,
                clipvalue=train_config.grad_clip,
            ),
            jit_compile=True,
        )
        self.network.optimizer.build(self.network.trainable_variables)
        self._evaluator = Evaluator(self.network)
        self._step = 0
        self._best = (math.inf, 0)
        self._seconds = 0.0
        self._compiled: set[tuple[int, ...]] = set()
        self._stop = threading.Event()

    def resume(self) -> int:
        """Go on from the newest checkpoint of the folder; return its step.

        Raises:
            BadFileError: If there is none, or it belongs to another configuration.
        """
        home = self._out / "checkpoints"
        step, arrays, state = checkpoint.newest(home)
        variables = self._variables()
        for name, variable in variables.items():
            if name not in arrays or arrays[name].shape != tuple(variable.shape):
                raise BadFileError(
                    "the checkpoint belongs to another configuration",
                    path=home,
                    where=name,
                    hint="resume with the run's own settings",
                )
            variable.assign(arrays[name])
        if state["data"] != self._data.fingerprint:
            raise BadFileError(
                "the run was made with other data",
                path=self._data.path,
                hint="resume with the data file of the run",
            )
        self._step = step
        self._best = (float(state["best_loss"]), int(state["best_step"]))
        self._seconds = float(state["seconds"])
        return step

    def run(self) -> Outcome:
        """Train to the last step, to the time limit, or until interrupted.

        SIGINT and SIGTERM end it after the step at hand, with everything saved.

        Raises:
            SketchRNNError: If a loss is no longer a finite number.
        """
        limit = self.train_config.minutes * 60
        steps = self.train_config.steps
        self._tell("start", self._facts())
        with self._signals(), self._scalars() as scalars:
            while self._step < steps and not self._stop.is_set():
                if limit and self._seconds >= limit:
                    break
                until = min(steps, self._next_event())
                figures = self._fit(until, limit)
                scalars(self._step, "train", figures)
                self._log("train", figures)
                if self._step % self.train_config.evaluate_every == 0:
                    self._validate(scalars)
                sample_every = self.train_config.sample_every
                if sample_every and self._step % sample_every == 0:
                    self._sample()
            if self._step % self.train_config.evaluate_every and self._step:
                self._validate(scalars)
        reason = "done"
        if self._step < steps:
            reason = "interrupted" if self._stop.is_set() else "time"
        self._tell("end", {"best_loss": self._best[0], "best_step": self._best[1]})
        return Outcome(self._step, reason, self._best[1], self._best[0])

    def _next_event(self) -> int:
        """Return the next step at which something other than training happens."""
        every = [self.train_config.evaluate_every]
        if self.train_config.sample_every:
            every.append(self.train_config.sample_every)
        return min((self._step // k + 1) * k for k in every)

    def _fit(self, until: int, limit: float) -> dict[str, float]:
        """Train from the step at hand to `until`, or until stopped; return the mean losses."""
        config = self.train_config
        before = self._step
        sums: dict[str, float] = {}
        last = time.monotonic()
        with ThreadPoolExecutor(max_workers=1) as ahead:
            waiting = ahead.submit(self._batch, before)
            while self._step < until and not self._stop.is_set():
                batch = waiting.result()
                waiting = ahead.submit(self._batch, self._step + 1)
                # one step a call rather than `fit`, whose input pipeline under TensorFlow takes
                # the first batch's length for every batch's
                logs = self.network.train_on_batch(batch, return_dict=True)
                self._step += 1
                now = time.monotonic()
                shape = batch["stroke5"].shape
                if shape in self._compiled:  # the first of a shape is mostly compilation
                    self._seconds += now - last
                self._compiled.add(shape)
                losses = {name: float(value) for name, value in logs.items()}
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + value
                self._tell("step", losses)
                last = time.monotonic()
                if not math.isfinite(losses["loss"]) or (limit and self._seconds >= limit):
                    break
        figures = {name: total / max(1, self._step - before) for name, total in sums.items()}
        if not all(math.isfinite(value) for value in figures.values()):
            raise SketchRNNError(
                f"the loss is no longer a finite number (between steps {before} and {self._step})",
                path=self._out,
                hint="lower learning_rate and go on with --resume",
            )
        figures["learning_rate"] = learning_rate_at(
            self._step, config.learning_rate, config.min_learning_rate, config.learning_rate_decay
        )
        figures["w_kl"] = kl_weight_at(self._step, config.w_kl, config.eta_min, config.kl_decay)
        return figures

    def _batch(self, step: int) -> Batch:
        """Return the batch of a step with its KL weight; called one step ahead, in a thread."""
        batch = self._batches[step]
        config = self.train_config
        w_kl = kl_weight_at(step, config.w_kl, config.eta_min, config.kl_decay)
        batch["w_kl"] = np.full(len(batch["lengths"]), w_kl, dtype=np.float32)
        return batch

    def _validate(self, scalars: Callable[..., None]) -> None:
        """Evaluate, keep the best model, and write a checkpoint."""
        figures = evaluate(self._evaluator, self.network, self._valid)
        # the full objective: with the final weight, or an early step would always be the best
        objective = figures["nats_per_drawing"] / self.config.max_seq_len
        if self.config.conditional:
            objective += self.train_config.w_kl * figures["kl_floored"]
        figures["objective"] = objective
        scalars(self._step, "valid", figures)
        self._log("valid", figures)
        if objective < self._best[0]:
            self._best = (objective, self._step)
            self.save_model(figures)
        self._tell("validation", figures)
        path = checkpoint.write(
            self._out / "checkpoints",
            self._step,
            {name: np.asarray(variable) for name, variable in self._variables().items()},
            {
                "best_loss": self._best[0],
                "best_step": self._best[1],
                "seconds": self._seconds,
                "data": self._data.fingerprint,
            },
        )
        self._tell("checkpoint", {}, path)

    def save_model(self, figures: Mapping[str, float]) -> None:
        """Write the weights of this moment as the run's model."""
        provenance = {
            **self._provenance,
            "step": self._step,
            "training_seconds": round(self._seconds, 1),
            "settings": self.train_config.to_dict(),
            "validation": dict(figures),
            "versions": backend.versions(),
            "backend": backend.require(),
        }
        folder.write_into(
            self._out,
            self.config,
            {name: np.asarray(v) for name, v in self.network.named_weights().items()},
            preparation=self._data.preparation.to_dict(),
            provenance=provenance,
        )

    def _sample(self) -> None:
        """Write a page of drawings as the network makes them now."""
        if self._save_page is None:
            return
        weights = {name: np.asarray(v) for name, v in self.network.named_weights().items()}
        drawings = sample_drawings(
            NumpyDecoder(self.config, weights),
            _SAMPLES,
            temperature=_SAMPLE_TEMPERATURE,
            seed=self.train_config.seed,
        )
        path = self._out / "samples" / f"step-{self._step:08d}.png"
        self._save_page(drawings, path, f"step {self._step:,}, temperature {_SAMPLE_TEMPERATURE}")
        self._tell("sample", {}, path)

    def _variables(self) -> dict[str, Any]:
        """Return every variable of the run's state by name."""
        weights = {f"weights/{n}": v for n, v in self.network.named_weights().items()}
        state = self.network.optimizer.variables
        return {**weights, **{f"optimizer/{k:04d}": v for k, v in enumerate(state)}}

    def _facts(self) -> dict[str, float]:
        return {
            "parameters": self.network.count_params(),
            "train": len(self._data["train"]),
            "valid": len(self._valid),
            "batch_size": self._batches.batch_size,
            "padding": self._batches.waste,
            "buckets": len(self._batches.boundaries),
        }

    def _tell(self, event: str, figures: Mapping[str, float], path: Path | None = None) -> None:
        self._watch(Progress(event, self._step, self.train_config.steps, figures, path))

    def _log(self, split: str, figures: Mapping[str, float]) -> None:
        line = {"step": self._step, "seconds": round(self._seconds, 2), "split": split, **figures}
        with open(self._out / METRICS_FILE, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM ask for an orderly end; the second SIGINT ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}

        def ask(number: int, frame: Any) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            self._stop.set()

        for number in before:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def _scalars(self) -> Iterator[Callable[[int, str, Mapping[str, float]], None]]:
        """Give a function that writes TensorBoard scalars, if tensorboardX is installed."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            yield lambda step, split, figures: None
            return
        writer = SummaryWriter(str(self._out / "tensorboard"))

        def write(step: int, split: str, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                writer.add_scalar(f"{split}/{name}", value, step)

        try:
            yield write
        finally:
            writer.close()
