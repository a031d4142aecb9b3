"""The settings of a training, and how two of them change with the step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from sketchrnn.drawing import BadSettingError
from sketchrnn.model.backend import PRECISIONS

MOST_SEED = 2**32 - 1
"""The largest from which Keras makes random numbers."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How a network is trained. The defaults are the reference's.

    Args:
        steps: Steps in all.
        minutes: Stop after so much training time, without compilation; 0 for no limit.
        batch_size: B.
        num_buckets: Padded lengths; more waste less and compile longer.
        learning_rate: At step 0.
        min_learning_rate: What it falls towards.
        learning_rate_decay: By this factor a step.
        grad_clip: Gradients are clipped element by element to plus and minus this.
        w_kl: Weight of the KL term in the end.
        eta_min: Share of w_kl at step 0.
        kl_decay: R: the rest of w_kl shrinks by this factor a step.
        kl_min: Floor under the KL term, nats, mean over z.
        random_scale: Drawings are stretched by up to this share, x and y apart.
        point_drop: Share of droppable points that are dropped.
        seed: Of everything random.
        evaluate_every: Steps between validations and checkpoints.
        sample_every: Steps between pages of drawings; 0 for none.
        patience: Stop after so many validations in a row without a better one; 0 for never.
        ema_decay: Validate, draw and save with a moving average of the weights, which keeps this
            share of itself at a step; 0 for none.
        precision: Of the recurrent products, "float32" or "mixed_bfloat16", which is for devices
            that compute in it (a CPU is slower with it); see `SketchVAE`.

    Raises:
        BadSettingError: If a value cannot be used.
    """

    steps: int = 100_000
    minutes: float = 0.0
    batch_size: int = 100
    num_buckets: int = 5
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    learning_rate_decay: float = 0.9999
    grad_clip: float = 1.0
    w_kl: float = 0.5
    eta_min: float = 0.02
    kl_decay: float = 0.99995
    kl_min: float = 0.2
    random_scale: float = 0.15
    point_drop: float = 0.1
    seed: int = 0
    evaluate_every: int = 500
    sample_every: int = 1000
    patience: int = 0
    ema_decay: float = 0.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Refuse values that no run could use."""
        for name in ("steps", "batch_size", "num_buckets", "evaluate_every"):
            if getattr(self, name) < 1:
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be 1 or more")
        if self.precision not in PRECISIONS:
            raise BadSettingError(
                f"precision is {self.precision!r}, and must be {' or '.join(PRECISIONS)}"
            )
        for name in ("learning_rate", "min_learning_rate", "grad_clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadSettingError(
                    f"{name} is {getattr(self, name)}, and must be a finite number above 0"
                )
        for name in ("w_kl", "kl_min", "minutes", "sample_every", "patience", "seed"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be 0 or more")
        if self.seed > MOST_SEED:
            raise BadSettingError(f"seed is {self.seed}, and must be {MOST_SEED} or less")
        for name in ("learning_rate_decay", "kl_decay", "eta_min"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be from 0 to 1")
        for name in ("random_scale", "point_drop", "ema_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise BadSettingError(
                    f"{name} is {getattr(self, name)}, and must be from 0 to below 1"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the values back; an unknown key is refused."""
        for key in values:
            if key not in {field.name for field in dataclasses.fields(cls)}:
                raise BadSettingError(f"unknown training setting {key!r}")
        return cls(**values)


def learning_rate_at(step: float, start: float, floor: float, decay: float) -> float:
    """Return (start - floor) decay^step + floor.

    >>> round(learning_rate_at(0, 1e-3, 1e-5, 0.9999), 6)
    0.001
    """
    return (start - floor) * decay**step + floor


def kl_weight_at(step: float, w_kl: float, eta_min: float, kl_decay: float) -> float:
    """Return w_KL eta(step), where eta = 1 - (1 - eta_min) R^step.

    Source:
        Ha and Eck (2017), section 3.3. The reference's weights, 0.01 growing to 0.5, are
        w_kl = 0.5 and eta_min = 0.02.

    >>> round(kl_weight_at(0, 0.5, 0.02, 0.99995), 6)
    0.01
    """
    return w_kl * (1 - (1 - eta_min) * kl_decay**step)
