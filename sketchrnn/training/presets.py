"""What a training run can be told, and the settings that have a name."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

from sketchrnn.drawing import BadSettingError
from sketchrnn.model.backend import PRECISIONS
from sketchrnn.model.config import ModelConfig


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
        precision: Of the recurrent products, "float32" or "mixed_bfloat16"; see `SketchVAE`.

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
            if not getattr(self, name) > 0:
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be above 0")
        for name in ("w_kl", "kl_min", "minutes", "sample_every", "seed"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be 0 or more")
        for name in ("learning_rate_decay", "kl_decay", "eta_min"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadSettingError(f"{name} is {getattr(self, name)}, and must be from 0 to 1")
        for name in ("random_scale", "point_drop"):
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


PRESETS: dict[str, dict[str, Any]] = {
    # the reference's defaults, which are the defaults of both configurations
    "magenta": {},
    # Ha and Eck (2017) as far as its appendix is remembered, not copied from it: a HyperLSTM that
    # draws, layer norm in the encoder, no point-drop. w_kl, which the paper varies, and what is not
    # named here are the reference's. Large: for a GPU.
    "paper": {
        "encoder_cell": "layer_norm",
        "decoder_cell": "hyper",
        "encoder_size": 512,
        "decoder_size": 2048,
        "learning_rate": 1e-4,
        "eta_min": 0.01,
        "kl_decay": 0.99999,
        "random_scale": 0.1,
        "point_drop": 0.0,
    },
    # KanjiVG on a small machine. The KL term grows slowly enough that z is in use before it weighs
    # much, and fast enough that the prior draws well after some 5,000 steps. It has no floor:
    # on one, the encoder need not spread its codes over the prior, and z stays without use.
    "kanji": {
        "decoder_size": 512,
        "encoder_size": 192,
        "z_size": 32,
        "batch_size": 64,
        "steps": 20_000,
        "w_kl": 0.2,
        "eta_min": 0.01,
        "kl_min": 0.0,
        "kl_decay": 0.9998,
        "learning_rate_decay": 0.9998,
        "random_scale": 0.1,
    },
    # a look at learning, in minutes: the decoder alone, which draws sooner than a VAE does
    "small": {
        "conditional": False,
        "decoder_size": 192,
        "num_mixtures": 10,
        "batch_size": 64,
        "num_buckets": 2,
        "steps": 2000,
        "learning_rate": 3e-3,
        "evaluate_every": 200,
        "sample_every": 200,
    },
}

DERIVED = ("max_seq_len", "scale_factor", "categories")
"""Settings of the network that come from the data."""


def settings(
    preset: str | None,
    changes: Mapping[str, Any],
    *,
    max_seq_len: int,
    scale_factor: float,
    categories: Sequence[str] = (),
) -> tuple[ModelConfig, TrainConfig]:
    """Return the two configurations of a run.

    Args:
        preset: A name in PRESETS; None for "magenta".
        changes: Settings by name that differ from the preset; strings are read as the setting's
            type.
        max_seq_len: The longest drawing of the data.
        scale_factor: The data's.
        categories: The data's; the network is told of them if category_size is not 0.

    Raises:
        BadSettingError: If the preset or a key is unknown, or a value cannot be used.
    """
    if preset is not None and preset not in PRESETS:
        raise BadSettingError(f"unknown preset {preset!r}", hint=f"use one of {', '.join(PRESETS)}")
    fields = {
        field.name: (cls, field)
        for cls in (ModelConfig, TrainConfig)
        for field in dataclasses.fields(cls)
        if field.name not in DERIVED
    }
    chosen: dict[type, dict[str, Any]] = {
        ModelConfig: {"max_seq_len": max_seq_len, "scale_factor": scale_factor},
        TrainConfig: {},
    }
    for key, value in {**PRESETS[preset or "magenta"], **changes}.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(fields))}"
            raise BadSettingError(f"unknown setting {key!r}", hint=meant)
        cls, field = fields[key]
        chosen[cls][key] = _as_type(key, value, str(field.type))
    if chosen[ModelConfig].get("category_size"):
        chosen[ModelConfig]["categories"] = tuple(categories)
    return ModelConfig(**chosen[ModelConfig]), TrainConfig(**chosen[TrainConfig])


def _as_type(key: str, value: Any, kind: str) -> Any:
    """Read a value, perhaps a string of the command line, as a setting's type."""
    try:
        if kind == "bool":
            return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
        if kind == "int":
            number = float(value)
            if number != int(number):
                raise ValueError
            return int(number)
        return float(value) if kind == "float" else str(value)
    except (ValueError, KeyError, TypeError, OverflowError):
        wanted = {"bool": "true or false", "int": "a whole number", "float": "a number"}[kind]
        raise BadSettingError(f"{key} is {value!r}, and must be {wanted}") from None
