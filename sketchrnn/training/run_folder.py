"""What a run writes into its folder: the best model, pages of drawings, figures, and a lock."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock

from sketchrnn.drawing import Drawing, SketchRNNError
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings

SAMPLES_FOLDER = "samples"
RUN_FILE = "run.json"
"""What makes a folder one of a run, which can be resumed."""
LOCK_FILE = ".lock"
_SAMPLES = 32
_SAMPLE_TEMPERATURE = 0.4

SavePage = Callable[[list[Drawing], Path, str], None]
"""Writes drawings as a picture: (drawings, path, title)."""


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder, which is made if it is not there.

    Args:
        out: The folder. It is removed again in the end if nothing was written into it.

    Raises:
        SketchRNNError: If another process is at work in it; the line says which.
    """
    path = out / LOCK_FILE
    lock = filelock.FileLock(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        try:
            holder = path.read_text("utf-8")[:100].strip()
        except (OSError, ValueError):
            holder = ""
        raise SketchRNNError(
            f"another training is at work in it ({holder or 'another process'})",
            path=out,
            hint="wait for it, end it, or choose another folder",
        ) from None
    except (OSError, NotImplementedError):  # whoever writes into it says what is wrong
        yield
        return
    try:
        with contextlib.suppress(OSError):
            path.write_text(f"process {os.getpid()} on {platform.node()}", "utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        lock.release()
        with contextlib.suppress(OSError):
            out.rmdir()


class Results:
    """Writes into a run's folder.

    Args:
        out: The folder.
        config: The network.
        preparation: How drawings become data units.
        provenance: What the model folder should say of data and settings.
        seed: Of the pages' drawings, which are the same draws at every step.
        save_page: None: no pages.
    """

    def __init__(
        self,
        out: Path,
        config: ModelConfig,
        *,
        preparation: Mapping[str, Any],
        provenance: Mapping[str, Any],
        seed: int,
        save_page: SavePage | None = None,
    ) -> None:
        """Keep what every model and page says."""
        self._out = out
        self._config = config
        self._preparation = preparation
        self._provenance = dict(provenance)
        self._seed = seed
        self._save_page = save_page

    def save_model(
        self, weights: Mapping[str, Any], step: int, seconds: float, figures: Mapping[str, Any]
    ) -> None:
        """Write weights as the run's model.

        Args:
            weights: Arrays by name.
            step: Steps done.
            seconds: Of training so far.
            figures: Of the validation, if there was one.
        """
        folder.write_into(
            self._out,
            self._config,
            weights,
            preparation=self._preparation,
            provenance={
                **self._provenance,
                "step": step,
                "training_seconds": round(seconds, 1),
                "validation": dict(figures),
                "versions": backend.versions(),
                "backend": backend.load_backend(),
            },
        )

    def save_page(self, weights: Mapping[str, Any], step: int) -> Path | None:
        """Write a page of drawings as the network makes them now; return where, if at all."""
        if self._save_page is None:
            return None
        drawings = sample_drawings(
            NumpyDecoder(self._config, weights),
            _SAMPLES,
            SamplingSettings(_SAMPLE_TEMPERATURE, seed=self._seed),
        )
        path = self._out / SAMPLES_FOLDER / f"step-{step:08d}.png"
        self._save_page(drawings, path, f"step {step:,}, temperature {_SAMPLE_TEMPERATURE}")
        return path


METRICS_FILE = "metrics.jsonl"
"""A JSON object a line: `step`, `seconds` (of training), `split` and figures by name. The split is
"train" (means since the line before), "valid", or "rollback" (the step that the run had come to,
with `back_to`, `problem` and `rate_factor`)."""
TENSORBOARD_FOLDER = "tensorboard"


class MetricsLog:
    """Writes figures, each line whole before the next; TensorBoard's if tensorboardX is there.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        """Open nothing yet."""
        self._path = folder / METRICS_FILE
        self._curves = folder / TENSORBOARD_FOLDER
        self._events: Any = None

    def size(self) -> int:
        """Return the bytes of metrics.jsonl; a checkpoint remembers them."""
        return self._path.stat().st_size if self._path.is_file() else 0

    def cut(self, size: int) -> None:
        """Forget what was written after a checkpoint, when a run goes on from it."""
        if self.size() > size:
            with open(self._path, "r+b") as file:
                file.truncate(size)

    def write(self, step: int, seconds: float, split: str, figures: Mapping[str, Any]) -> None:
        """Append a line; numbers become points of TensorBoard's curves too.

        Raises:
            OSError: If the disk is full, or the folder is gone.
        """
        line = {"step": step, "seconds": round(seconds, 2), "split": split, **figures}
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._plot(step, split, figures)

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._events is not None:
            events, self._events = self._events, None
            with contextlib.suppress(OSError):  # a full disk was told when it was written to
                events.close()

    def _plot(self, step: int, split: str, figures: Mapping[str, Any]) -> None:
        """Write points of the curves, before the eyes of the caller.

        tensorboardX's SummaryWriter writes in a thread, which dies of a full disk and then lets its
        caller wait for ever.
        """
        try:
            from tensorboardX import summary
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto import event_pb2
        except ImportError:
            return
        if self._events is None:
            self._curves.mkdir(exist_ok=True)
            self._events = EventsWriter(str(self._curves / "events"))
        for name, value in figures.items():
            if isinstance(value, int | float):
                point = summary.scalar(f"{split}/{name}", value)
                self._events.write_event(
                    event_pb2.Event(step=step, wall_time=time.time(), summary=point)
                )
        self._events.flush()
