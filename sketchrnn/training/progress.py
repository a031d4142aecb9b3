"""What a run says while it goes on, and when it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path


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
