"""The figures of a run as they come: metrics.jsonl, and curves for TensorBoard."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
