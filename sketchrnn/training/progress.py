"""What a run says while it goes on and when it ends, and how it is asked to stop."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a run tells whoever watches it.

    Attributes:
        event: "start", "step", "validation", "sample", "checkpoint" or "end"; "note", something
            worth knowing before the first step; "divergence", the run went back to an earlier
            step; "trouble", something went wrong and the run goes on all the same.
        step: Steps done.
        steps: Steps in all.
        figures: Losses by name; with "start" facts about the run.
        path: The file that was written, of a sample or a checkpoint.
        message: A line for people, of a note, a divergence, trouble, or an early end.
    """

    event: str
    step: int
    steps: int
    figures: Mapping[str, float] = dataclasses.field(default_factory=dict)
    path: Path | None = None
    message: str = ""


Watcher = Callable[[Progress], None]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: Steps done.
        reason: "done", "interrupted", "time" or "patience".
        best_step: The step of the best validation.
        best_loss: Its full objective, at the final weight of the KL term.
    """

    step: int
    reason: str
    best_step: int
    best_loss: float


@contextlib.contextmanager
def asked_by_signal(stop: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set `stop`; the second signal ends at once.

    Outside the main thread, where Python hears no signals, nothing changes.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
