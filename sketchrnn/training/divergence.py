"""Divergence: how a run knows that it has gone astray, and what it says if it cannot go on.

A run has diverged if

- a loss, a weight or a figure of a validation is not a finite number, or
- the loss has jumped: for `IN_A_ROW` steps in a row it is more than `SPREAD` deviations, and at
  least `LEAST` nats a point, above the median of the last `WINDOW` steps before.

The loss of this rule is the whole objective of a batch, counted by the point, so that batches of
short and of long drawings can be compared. Median and deviation (the median distance from the
median, scaled to a normal distribution's) do not move with a few wild values, and a single batch of
odd drawings is no jump: Adam's steps are bounded, so that one batch spoils little, and a loss that
stays high is what tells a ruined network. Of a network that is not ruined, ten values in a row
beyond ten deviations are not to be expected in any run.

Gradients need no rule of their own. An infinite one is clipped like any other; one that is not a
number makes a weight that is none, which the next loss or the next checkpoint shows.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sketchrnn.data.batches import Batch
from sketchrnn.drawing import SketchRNNError

WINDOW = 200
ENOUGH = 50
"""With fewer values there is no median to speak of, and no jump."""
SPREAD = 10.0
LEAST = 1.0
IN_A_ROW = 10
_NORMAL = 1.4826
"""The deviation of a normal distribution in median distances from its median."""
_FAR = 50.0
"""An offset of so many deviations of all offsets is for no mixture to learn."""


class DivergedError(Exception):
    """Training has gone astray; the loop catches it and goes back.

    Args:
        problem: What was seen.
        advice: What may have caused it and what to try, if that can be told.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        """Keep both."""
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


@dataclasses.dataclass
class LossWatch:
    """Sees the loss of every step; a checkpoint keeps what it has seen.

    Args:
        recent: The last losses that were not high, nats a point.
        high: How many were high since.
    """

    recent: list[float] = dataclasses.field(default_factory=list)
    high: int = 0

    def see(self, loss: float) -> str:
        """Take the next loss (nats a point); return what is wrong, or nothing.

        >>> watch = LossWatch([1.0] * 100)
        >>> [watch.see(80.0) for _ in range(10)][-1]
        'the loss has jumped from 1.0 to 80.0 nats a point'
        """
        if len(self.recent) >= ENOUGH:
            median = float(np.median(self.recent))
            deviation = _NORMAL * float(np.median(np.abs(np.array(self.recent) - median)))
            if loss > median + max(LEAST, SPREAD * deviation):
                self.high += 1
                if self.high < IN_A_ROW:
                    return ""
                return f"the loss has jumped from {median:.1f} to {loss:.1f} nats a point"
        self.high = 0
        self.recent.append(loss)
        del self.recent[:-WINDOW]
        return ""


def check_losses(losses: Mapping[str, float], batch: Batch) -> None:
    """Refuse losses of a step that are not finite.

    Raises:
        DivergedError: If one is not, with what the batch looks like.
    """
    wild = [name for name, value in losses.items() if not math.isfinite(value)]
    if not wild:
        return
    parts = [name for name in wild if name in ("loss_offset", "loss_pen", "loss_kl")]
    name = (parts or wild)[0]
    raise DivergedError(f"{name} is {losses[name]}", _suspicion(batch, name))


def check_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse a state with a weight that is not a finite number.

    Raises:
        DivergedError: If there is one.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DivergedError(f"{name} holds numbers that are not finite")


def explain(
    error: DivergedError,
    *,
    step: int,
    times: int,
    rate: float,
    best_step: int | None,
    path: Path,
) -> SketchRNNError:
    """Return the error that ends a run: what was seen, where, and what to try.

    Args:
        error: The last divergence.
        step: Where it was.
        times: How often the run went back before.
        rate: The learning rate that it had come down to, less its schedule.
        best_step: Of the model that the folder holds, if it holds one.
        path: The run's folder.
    """
    begin = "begin anew with"
    if best_step is not None:
        begin = f"the model of step {best_step} is kept: begin anew with it (--init-from) and"
    settings = f"learning_rate={rate / 2:.2g}, a smaller grad_clip or a larger batch_size"
    hints = [error.advice] if error.advice else []
    return SketchRNNError(
        f"training diverged at step {step} ({error.problem}), after going back {times} times and "
        f"lowering the learning rate to {rate:.2g}",
        path=path,
        hint="; ".join([*hints, f"{begin} {settings}"]),
    )


def _suspicion(batch: Batch, name: str) -> str:
    """Return what may have caused it, as far as the batch tells."""
    offsets = batch["stroke5"][..., :2]
    if not np.isfinite(offsets).all():
        return "the drawings of this batch hold numbers that are not finite: convert them again"
    largest = float(np.abs(offsets).max(initial=0))
    if largest > _FAR:
        return (
            f"a drawing of this batch has a step {largest:.0f} times as long as usual: look for it "
            "with data show"
        )
    return "a smaller w_kl may help" if name == "loss_kl" else ""
