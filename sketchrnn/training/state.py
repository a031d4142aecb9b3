"""Where a run stands: what a checkpoint knows besides the network."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from sketchrnn.training.divergence import LossWatch


@dataclasses.dataclass
class TrainState:
    """Everything by which a run that goes on differs from one that begins, but for the arrays.

    Args:
        seconds: Of training, without compilation.
        best_loss: The objective of the best validation.
        best_step: Its step.
        waited: Validations since.
        losses: What the watch for divergence has seen.
        rate_factor: What divergences have left of the learning rate.
        skipped: Batches skipped; the batch of a step has the number step + skipped.
        times_back: How often the run went back lately.
        back_at: The step from which it last did.
        good: The step to go back to.
        metrics_bytes: The length of metrics.jsonl.
    """

    seconds: float = 0.0
    best_loss: float = math.inf
    best_step: int = 0
    waited: int = 0
    losses: LossWatch = dataclasses.field(default_factory=LossWatch)
    rate_factor: float = 1.0
    skipped: int = 0
    times_back: int = 0
    back_at: int = 0
    good: int = 0
    metrics_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the values back; the first version of checkpoints knew three of them."""
        names = {field.name for field in dataclasses.fields(cls)}
        known = {name: copy.deepcopy(values[name]) for name in names & set(values)}
        return cls(**{**known, "losses": LossWatch(**known.get("losses", {}))})
