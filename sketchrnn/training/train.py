"""The training loop: batches by step, validation, pages, checkpoints, going back, resuming.

**Exact to the bit.** Whatever a step depends on is in a checkpoint or derives from (seed, step):
the weights, the optimizer, the schedules, the place in the data, the noise, and what the watch for
divergence has seen. A run that was killed and resumed therefore ends with the bytes of one that was
not, on the same machine with the same threads, versions and backend, as long as nothing of it was
changed in between. Only what time itself decides (`minutes`) is beyond that.

**Going back.** The state to go back to is that of the last validation at a multiple of
`evaluate_every`, or of the beginning. Which it is depends on the step alone and not on where a run
was interrupted, so a resumed run goes back to where an undisturbed one would have gone. The count
of steps goes back too, and with it the schedules; the batches do not: those since then, of which
one may have been the cause, are skipped. Rate, batches skipped and times gone back are in the
checkpoints.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.data.batches import Batch, Batches
from sketchrnn.data.categories import listed
from sketchrnn.data.data_file import DataFile
from sketchrnn.drawing import BadFileError, BadSettingError, SketchRNNError
from sketchrnn.drawing.files import reason_of
from sketchrnn.model import devices
from sketchrnn.model.config import ModelConfig
from sketchrnn.training import checkpoint, distributed, divergence, memory
from sketchrnn.training.checkpoint import TrainState
from sketchrnn.training.config import TrainConfig, kl_weight_at, learning_rate_at
from sketchrnn.training.divergence import DivergedError
from sketchrnn.training.progress import Outcome, Progress, Watcher, asked_by_signal
from sketchrnn.training.run_folder import RUN_FILE, MetricsLog, Results, SavePage
from sketchrnn.training.train_step import TrainStep

RATE_CUT = 0.5
"""A divergence makes the learning rate, for the rest of the run, this much of what it was."""
TIMES_BACK = 3
"""So often a run goes back; the divergence after that ends it."""
FORGIVEN_AFTER = 10
"""After so many validations without a divergence the earlier ones count no more."""

Snapshot = tuple[int, Mapping[str, Any], Mapping[str, Any]]
"""Steps done, arrays, and what else a checkpoint holds."""


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
        make_folder: Makes the run's folder, with what it needs to be resumed, if it is gone.
        notes: What to tell before the first step.
        learner: The network; None: one that is made for these configurations.

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
        save_page: SavePage | None = None,
        make_folder: Callable[[], None] | None = None,
        notes: Sequence[str] = (),
        learner: TrainStep | None = None,
    ) -> None:
        """Make the network, the batches and the optimizer."""
        self.config = config
        self.train_config = train_config
        self._data = data
        self._out = out
        self._watch = watcher or (lambda progress: None)
        self._make_folder = make_folder
        self._processes = distributed.process_count()
        self._writes = distributed.process_index() == 0
        self._notes = notes
        self._inherited = False
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
            share=(distributed.process_index(), self._processes),
            joined=distributed.merge if self._exchanges() else None,
        )
        valid = data.splits.get("valid")
        self._valid = valid if valid else data["train"]
        self._learner = learner or TrainStep(config, train_config, self._batches.batch_size)
        self._journal = MetricsLog(out)
        self._results = Results(
            out,
            config,
            preparation=data.preparation.to_dict(),
            provenance={**provenance, "settings": train_config.to_dict()},
            seed=train_config.seed,
            save_page=save_page,
        )
        self._step = 0
        self._now = TrainState()
        self._good: Snapshot | None = None
        self._saved_step = -1  # of the newest checkpoint
        self._unsaved = ""  # why the newest state is not on the disk
        self._compiled: set[tuple[int, ...]] = set()
        self._spent = np.zeros(2)  # seconds of steps, of waiting for batches in them
        self._stop = threading.Event()
        self._asked = False  # whether all know that somebody wants to stop

    def begin_with(self, weights: Mapping[str, Any]) -> None:
        """Begin with the weights of another model rather than with random ones."""
        self._learner.begin_with(weights)
        self._inherited = True

    def resume(self) -> int:
        """Go on from the newest checkpoint of the folder; return its step.

        Raises:
            BadFileError: If there is none, or it belongs to another configuration.
        """
        home = self._out / checkpoint.FOLDER
        newest: Snapshot | None = None
        good: Snapshot | None = None
        if self._writes:
            newest = checkpoint.newest(home, lambda line: self._tell("trouble", message=line))
            at = TrainState.from_dict({"good": newest[0], **newest[2]}).good
            good = None if at == newest[0] else checkpoint.at(home, at)
        try:
            step, arrays, state = newest = self._handed(newest)
            self._learner.restore(arrays)
        except BadFileError as error:
            raise BadFileError(
                error.problem, path=home, where=error.where, hint=error.hint
            ) from error
        if state["data"] != self._data.fingerprint:
            raise BadFileError(
                "the run was made with other data",
                path=self._data.path,
                hint="resume with the data file of the run",
            )
        self._step = self._saved_step = step
        self._now = TrainState.from_dict({"good": step, **state})
        another = distributed.broadcast_json(good is not None)
        self._good = self._handed(good) if another else newest
        if self._now.metrics_bytes is not None and self._writes:
            self._journal.cut(self._now.metrics_bytes)
        return step

    def _handed(self, snapshot: Snapshot | None) -> Snapshot:
        """Return the first process's snapshot.

        Raises:
            BadFileError: If it belongs to another configuration.
        """
        if self._processes == 1:
            assert snapshot is not None
            return snapshot
        own = self._learner.state()
        arrays: Mapping[str, Any] = own
        if snapshot is not None:
            self._learner.check(snapshot[1])
            arrays = {name: np.asarray(snapshot[1][name]).astype(own[name].dtype) for name in own}
        note = None if snapshot is None else [snapshot[0], snapshot[2]]
        step, state = distributed.broadcast_json(note)
        return step, {name: distributed.broadcast(arrays[name]) for name in sorted(own)}, state

    def run(self) -> Outcome:
        """Train to the last step, to the time limit, until nothing improves, or until interrupted.

        SIGINT and SIGTERM end it after the step at hand, with everything saved.

        Raises:
            SketchRNNError: If training diverges again and again, memory runs out, or what was
                learned cannot be saved.
        """
        self._tell("start", self._facts())
        for line in [*self._notes, *self._remarks()]:
            self._tell("note", message=line)
        with asked_by_signal(self._stop), contextlib.closing(self._journal):
            try:
                if self._good is None:
                    self._begin()
                while not (reason := self._reason_to_end()):
                    try:
                        self._advance()
                    except DivergedError as error:
                        self._go_back(error)
                if reason == "interrupted" and self._saved_step != self._step:
                    self._save_interrupted()
            except Exception as error:
                if memory.is_exhausted(error):
                    raise self._explain_memory() from error
                raise
        if self._unsaved:
            raise SketchRNNError(
                self._unsaved,
                path=self._out,
                hint=f"that of step {self._saved_step} is whole: make room, go on with --resume"
                if self._saved_step >= 0
                else "make room and start anew",
            )
        message = ""
        if reason == "patience":
            message = f"stopped early: {self._now.waited} validations in a row were no better"
        figures = {"best_loss": self._now.best_loss, "best_step": self._now.best_step}
        steps, waiting = self._spent
        figures["waiting"] = float(waiting / max(steps, 1e-9))
        figures["memory"] = memory.peak()
        self._tell("end", figures, message=message)
        return Outcome(self._step, reason, self._now.best_step, self._now.best_loss)

    def _begin(self) -> None:
        """Keep the state before the first step; another's model is measured first."""
        if not self._inherited:
            self._keep(self._learner.state())
            return
        try:
            self._validate()
        except DivergedError as error:
            raise SketchRNNError(
                f"the model to begin with does not fit these drawings: {error.problem}",
                hint="begin with another, or leave --init-from away",
            ) from error

    def _reason_to_end(self) -> str:
        """Return why the run is over, or nothing."""
        config = self.train_config
        if self._step >= config.steps:
            return "done"
        if self._is_asked():
            return "interrupted"
        if config.minutes and self._now.seconds >= config.minutes * 60:
            return "time"
        return "patience" if config.patience and self._now.waited >= config.patience else ""

    def _advance(self) -> None:
        """Train up to the next event, and let it happen.

        Raises:
            DivergedError: If the run has gone astray.
        """
        config = self.train_config
        figures = self._fit(min(config.steps, self._next_event()))
        self._attend_folder()
        self._log("train", figures)
        regular = self._step % config.evaluate_every == 0
        if regular or self._reason_to_end() in ("done", "time"):
            self._validate()
        if config.sample_every and self._step % config.sample_every == 0:
            self._show()

    def _show(self) -> None:
        """Write a page of drawings."""
        with self._learner.averaged():
            weights = self._learner.weights()
        if self._writes:
            with self._going_on("a page of drawings"):
                path = self._results.save_page(weights, self._step)
                if path is not None:
                    self._tell("sample", path=path)

    def _next_event(self) -> int:
        """Return the next step at which something other than training happens."""
        every = [self.train_config.evaluate_every]
        if self.train_config.sample_every:
            every.append(self.train_config.sample_every)
        return min((self._step // k + 1) * k for k in every)

    def _fit(self, until: int) -> dict[str, float]:
        """Train from the step at hand to `until`, or until stopped; return the mean losses.

        Raises:
            DivergedError: If a loss is not finite or has jumped.
        """
        limit = self.train_config.minutes * 60
        before = self._step
        sums: dict[str, float] = {}
        last = time.monotonic()
        with ThreadPoolExecutor(max_workers=1) as ahead:
            waiting = self._submit(ahead, before)
            while self._step < until and not self._is_asked():
                waited = -time.monotonic()
                batch = waiting.result()
                waited += time.monotonic()
                waiting = self._submit(ahead, self._step + 1)
                rate, w_kl = self._schedules()
                batch["w_kl"] = np.full(len(batch["lengths"]), w_kl, dtype=np.float32)
                losses = self._learner.step(batch, rate)
                self._step += 1
                seconds, points = self._tell_each_other(time.monotonic() - last, batch)
                shape = batch["stroke5"].shape
                if shape in self._compiled:  # the first of a shape is mostly compilation
                    self._now.seconds += seconds
                    self._spent += (seconds, waited)
                self._compiled.add(shape)
                self._check(losses, batch, points)
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + value
                self._tell("step", losses)
                last = time.monotonic()
                if limit and self._now.seconds >= limit:
                    break
        figures = {name: total / max(1, self._step - before) for name, total in sums.items()}
        figures["learning_rate"], figures["w_kl"] = self._schedules()
        return figures

    def _submit(self, ahead: ThreadPoolExecutor, step: int) -> Future[Batch]:
        """Let the batch of a step be made in a thread."""
        number = step + self._now.skipped
        if self._processes > 1:  # what they read together, all read at the same moment
            self._batches.prepare(number)
        return ahead.submit(self._batch, number)

    def _tell_each_other(self, seconds: float, batch: Batch) -> tuple[float, int]:
        """Agree, after a step, about what no process knows by itself.

        Returns:
            The seconds that the step took, and the points of the whole batch. Whether somebody
            wants to stop is in `_asked`.
        """
        own = np.array([seconds, batch["lengths"].sum(), self._stop.is_set()], np.float64)
        everyone = distributed.all_gather(own)
        self._asked = bool(everyone[:, 2].any())
        return float(everyone[0, 0]), max(1, int(everyone[:, 1].sum()))

    def _is_asked(self) -> bool:
        """Whether somebody wants the run to stop, and every process knows it."""
        return self._stop.is_set() if self._processes == 1 else self._asked

    def _exchanges(self) -> bool:
        """Whether each process reads shards of its own, and they exchange what they have read."""
        return self._processes > 1 and self._data["train"].num_shards > 1

    def _schedules(self) -> tuple[float, float]:
        """Return the learning rate and the weight of the KL term of the step at hand."""
        config = self.train_config
        rate = learning_rate_at(
            self._step, config.learning_rate, config.min_learning_rate, config.learning_rate_decay
        )
        w_kl = kl_weight_at(self._step, config.w_kl, config.eta_min, config.kl_decay)
        return rate * self._now.rate_factor, w_kl

    def _batch(self, number: int) -> Batch:
        """Return a batch by its number; called one step ahead, in a thread."""
        return self._batches[number]

    def _check(self, losses: Mapping[str, float], batch: Batch, points: int) -> None:
        """See whether the losses of a step are those of a sound run."""
        divergence.check_losses(losses, batch)
        size = self._batches.batch_size
        by_point = losses["loss"] * self.config.max_seq_len * size / points
        problem = self._now.losses.see(by_point)
        if problem:
            raise DivergedError(problem)

    def _validate(self) -> None:
        """Evaluate, keep the best model, and write a checkpoint.

        Raises:
            DivergedError: If a weight or a figure is not finite.
        """
        arrays = self._learner.state()
        divergence.check_arrays(arrays)
        with self._learner.averaged():
            figures = self._learner.evaluate(self._valid)
            weights = self._learner.weights()
        # the full objective: with the final weight, or an early step would always be the best
        objective = figures["nats_per_drawing"] / self.config.max_seq_len
        if self.config.conditional:
            objective += self.train_config.w_kl * figures["kl_floored"]
        figures["objective"] = objective
        if not math.isfinite(objective):
            raise DivergedError(f"the objective of the validation is {objective}")
        self._log("valid", figures)
        self._now.waited += 1
        saved = True
        if objective < self._now.best_loss:
            saved = self._save_model(weights, figures)
            if saved:
                self._now.best_loss, self._now.best_step = objective, self._step
                self._now.waited = 0
        self._tell("validation", figures)
        # without its model a checkpoint is not written, so that a resumed run makes up for both
        self._keep(arrays, write=saved)

    def _keep(self, arrays: Mapping[str, Any], write: bool = True) -> None:
        """Remember a regular state, to go back to, and write a checkpoint."""
        now, every = self._now, self.train_config.evaluate_every
        if self._step % every == 0 or self._good is None:
            now.good = self._step
            if self._step - now.back_at >= FORGIVEN_AFTER * every:
                now.times_back = 0
        now.metrics_bytes = self._journal.size()
        state = {"data": self._data.fingerprint, **now.to_dict()}
        if now.good == self._step:
            self._good = (self._step, arrays, state)
        if not (write and self._writes):
            self._saved_step = self._step if write else self._saved_step
            return
        with self._going_on(f"the checkpoint of step {self._step:,}", needed=True):
            path = checkpoint.write(
                self._out / checkpoint.FOLDER, self._step, arrays, state, keep=(now.good,)
            )
            self._saved_step, self._unsaved = self._step, ""
            self._tell("checkpoint", path=path)

    def _save_model(self, weights: Mapping[str, Any], figures: Mapping[str, float]) -> bool:
        """Write the run's model; return whether it could be written."""
        saved = False
        if self._writes:
            with self._going_on("the best model", needed=True):
                self._results.save_model(weights, self._step, self._now.seconds, figures)
                saved = True
        return bool(distributed.broadcast_json(saved))

    def _save_interrupted(self) -> None:
        """Save the state between two validations, which an undisturbed run would not have made."""
        self._attend_folder()
        arrays = self._learner.state()
        try:
            divergence.check_arrays(arrays)
        except DivergedError:
            return  # the last good checkpoint stays the newest
        self._keep(arrays)
        if math.isinf(self._now.best_loss):  # so that there is something to draw with
            with self._learner.averaged():
                self._save_model(self._learner.weights(), {})

    def _go_back(self, error: DivergedError) -> None:
        """Go back to the last good state with a lower rate and other batches.

        Raises:
            SketchRNNError: If it has gone back too often.
        """
        assert self._good is not None
        at, good = self._step, self._good[0]
        if self._now.times_back >= TIMES_BACK:
            raise divergence.explain(
                error,
                step=at,
                times=self._now.times_back,
                rate=self.train_config.learning_rate * self._now.rate_factor,
                best_step=None if math.isinf(self._now.best_loss) else self._now.best_step,
                path=self._out,
            )
        self._learner.restore(self._good[1])
        self._now.losses = TrainState.from_dict(self._good[2]).losses
        self._step = good
        self._now.skipped += at - good
        self._now.times_back += 1
        self._now.back_at = at
        self._now.rate_factor *= RATE_CUT
        line = {"back_to": good, "problem": error.problem, "rate_factor": self._now.rate_factor}
        self._log("rollback", line, step=at)
        self._tell(
            "divergence",
            {"from_step": at, "rate_factor": self._now.rate_factor},
            message=f"step {at:,}: {error.problem}; back to step {good:,} with other batches, "
            f"learning rate x {self._now.rate_factor:g}",
        )

    def _explain_memory(self) -> SketchRNNError:
        """Save what can be saved, find a batch that fits, and say so."""
        with contextlib.suppress(Exception):  # JAX may have given the state away
            if self._processes == 1 and self._learner.steps == self._step != self._saved_step:
                self._keep(self._learner.state())
        size, longest = self._batches.batch_size, int(self._batches.boundaries[-1])
        if self._processes > 1:  # the others know nothing of it yet
            return memory.explain(size, longest, fits=0, saved=self._saved_step, path=self._out)
        self._tell("note", message=f"memory ran out with batches of {size}; trying smaller ones …")
        batch = self._batch(self._step + self._now.skipped)
        batch["w_kl"] = np.ones(len(batch["lengths"]), dtype=np.float32)
        fits = 0
        if self._good is not None:
            for smaller in memory.smaller_batches(batch, longest):
                if self._learner.fits(smaller, self._good[1]):
                    fits = len(smaller["lengths"])
                    break
        return memory.explain(size, longest, fits=fits, saved=self._saved_step, path=self._out)

    def _attend_folder(self) -> None:
        """Make the run's folder anew if somebody has removed it."""
        gone = self._make_folder is not None and not (self._out / RUN_FILE).is_file()
        if not distributed.broadcast_json(gone):
            return
        with self._going_on("the run's folder, which has vanished,"):
            if self._writes and self._make_folder is not None:
                self._make_folder()
            self._now.best_loss, self._now.best_step = math.inf, 0
            self._saved_step = -1
            self._tell("trouble", message=f"{self._out} had vanished and is made anew")

    @contextlib.contextmanager
    def _going_on(self, what: str, needed: bool = False) -> Iterator[None]:
        """Let a disk that is full or gone stop nothing: say so, and train on.

        What is needed is tried again at the next validation, and `run` fails in the end if the last
        state is on no disk.
        """
        try:
            yield
        except (OSError, BadSettingError) as error:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            reason = reason_of(cause) if isinstance(cause, OSError) else cause.problem
            line = f"{what} could not be written ({reason})"
            if needed:
                self._unsaved = line
            self._tell("trouble", message=f"step {self._step:,}: {line}; training goes on")

    def _log(self, split: str, figures: Mapping[str, Any], step: int | None = None) -> None:
        if not self._writes:
            return
        with self._going_on("figures"):
            self._journal.write(
                self._step if step is None else step, self._now.seconds, split, figures
            )

    def _remarks(self) -> list[str]:
        """Return what is worth knowing of data and devices before hours are spent on them."""
        notes = []
        train, used, size = self._data["train"], self._learner.devices, self._batches.batch_size
        idle = devices.idle()
        if idle:
            notes.append(
                f"TensorFlow trains on one GPU, and leaves {idle} idle; --backend jax uses all"
            )
        if self._processes == 1 and (available := devices.count()) > used:
            notes.append(
                f"{used} of {available} devices are used, as a batch of {size} drawings does "
                f"not divide among all; batch_size={-(-size // available) * available} would"
            )
        if size < self.train_config.batch_size:
            notes.append(
                f"there are {size} drawings to learn, fewer than a batch of "
                f"{self.train_config.batch_size}: all are in every batch"
            )
        if len(self._data.categories) > 1 and not self.config.categories:
            notes.append(
                f"the drawings are of {len(self._data.categories)} categories, and the model will "
                "not be conditioned on them; --set category_size=16 makes it so"
            )
        if len(self._data.categories) > 1:
            learned = set(np.unique(train.categories[:]).tolist())
            missing = [n for k, n in enumerate(self._data.categories) if k not in learned]
            if missing:
                notes.append(f"there are no drawings to learn of {listed(missing)}")
        return notes

    def _facts(self) -> dict[str, float]:
        return {
            "parameters": self._learner.parameters,
            "train": len(self._data["train"]),
            "valid": len(self._valid),
            "batch_size": self._batches.batch_size,
            "padding": self._batches.waste,
            "buckets": len(self._batches.boundaries),
            "processes": self._processes,
            "devices": self._processes * self._learner.devices,
        }

    def _tell(
        self,
        event: str,
        figures: Mapping[str, float] | None = None,
        path: Path | None = None,
        message: str = "",
    ) -> None:
        steps = self.train_config.steps
        self._watch(Progress(event, self._step, steps, figures or {}, path, message))
