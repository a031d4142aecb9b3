"""The settings that have a name, those of a run made from one, and which go together."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sketchrnn.drawing import BadSettingError
from sketchrnn.model.config import ModelConfig
from sketchrnn.training.config import TrainConfig

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
    begun: Mapping[str, Any] | None = None,
) -> tuple[ModelConfig, TrainConfig]:
    """Return the two configurations of a run.

    Args:
        preset: A name in PRESETS; None for "magenta".
        changes: Settings by name that differ from the preset; strings are read as the setting's
            type.
        max_seq_len: The longest drawing of the data.
        scale_factor: The data's.
        categories: The data's; the network is told of them if category_size is not 0.
        begun: The settings of a run that goes on, in the place of a preset's.

    Raises:
        BadSettingError: If the preset or a key is unknown, a value cannot be used, or two of them
            contradict each other.
    """
    check_names(changes)
    fields = _fields()
    base = of_name(preset or "magenta") if begun is None else begun
    chosen: dict[type, dict[str, Any]] = {
        ModelConfig: {"max_seq_len": max_seq_len, "scale_factor": scale_factor},
        TrainConfig: {},
    }
    for key, value in {**base, **changes}.items():
        cls, field = fields[key]
        chosen[cls][key] = _as_type(key, value, str(field.type))
    if chosen[ModelConfig].get("category_size"):
        chosen[ModelConfig]["categories"] = tuple(categories)
    config, training = ModelConfig(**chosen[ModelConfig]), TrainConfig(**chosen[TrainConfig])
    check_together(config, training, changes)
    return config, training


def as_setting(name: str, value: Any) -> Any:
    """Return a value, perhaps a string of the command line, as its setting's type.

    Raises:
        BadSettingError: If there is no such setting, or it cannot be this.

    >>> as_setting("decoder_size", "1e2"), as_setting("conditional", "false")
    (100, False)
    """
    check_names([name])
    return _as_type(name, value, str(_fields()[name][1].type))


def kind_of(name: str) -> str:
    """Return what a setting is: "int", "float", "bool" or "str"."""
    check_names([name])
    return str(_fields()[name][1].type)


def check_names(names: Iterable[str]) -> None:
    """Refuse names of settings that there are not.

    Raises:
        BadSettingError: If one is unknown; the message guesses at what was meant.
    """
    fields = _fields()
    for name in names:
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(fields))}"
            raise BadSettingError(f"unknown setting {name!r}", hint=meant)


def _fields() -> dict[str, tuple[Any, Any]]:
    """Return every setting by name: its configuration and its field."""
    return {
        field.name: (cls, field)
        for cls in (ModelConfig, TrainConfig)
        for field in dataclasses.fields(cls)
        if field.name not in DERIVED
    }


def of_name(preset: str) -> dict[str, Any]:
    """Return what a preset sets.

    Raises:
        BadSettingError: If there is none of that name.
    """
    if preset not in PRESETS:
        raise BadSettingError(f"unknown preset {preset!r}", hint=f"use one of {', '.join(PRESETS)}")
    return PRESETS[preset]


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


_OF_ENCODER = (
    *("encoder_cell", "encoder_size", "encoder_layers", "z_size"),
    *("w_kl", "eta_min", "kl_decay", "kl_min"),
)
_OF_HYPER = ("hyper_units", "hyper_embedding")


def check_together(config: ModelConfig, training: TrainConfig, given: Collection[str]) -> None:
    """Refuse settings that contradict each other, before any work.

    Only what somebody asked for can contradict; a preset, or a run that goes on, may hold more
    settings than it needs.

    Args:
        config: The network.
        training: The training.
        given: The names of the settings that were asked for.

    Raises:
        BadSettingError: If two of them contradict each other.
    """
    for name in _OF_ENCODER:
        if name in given and not config.conditional:
            raise BadSettingError(
                f"{name} is set, and a decoder alone (conditional=false) has no encoder",
                hint=f"leave {name} away, or set conditional=true",
            )
    for name in _OF_HYPER:
        cells = [config.decoder_cell, *([config.encoder_cell] if config.conditional else [])]
        if name in given and "hyper" not in cells:
            raise BadSettingError(
                f"{name} is set, and no cell is a HyperLSTM",
                hint=f"leave {name} away, or set decoder_cell=hyper",
            )
    rates = {"learning_rate", "min_learning_rate"}
    if rates & set(given) and training.min_learning_rate > training.learning_rate:
        raise BadSettingError(
            f"min_learning_rate is {training.min_learning_rate:g}, and learning_rate, which falls "
            f"towards it, is {training.learning_rate:g}",
            hint="set both",
        )
    if {"eta_min", "kl_decay"} & set(given) and training.w_kl == 0:
        raise BadSettingError(
            "the weight of the KL term is to grow (eta_min, kl_decay), and w_kl is 0",
            hint="set w_kl, or leave them away",
        )
    waits = training.patience * training.evaluate_every
    if {"patience", "evaluate_every", "steps"} & set(given) and waits > training.steps:
        raise BadSettingError(
            f"patience={training.patience} validations of {training.evaluate_every} steps are "
            f"more than all {training.steps} steps",
            hint="lower patience or evaluate_every, or set more steps",
        )
    memory = 1 / (1 - training.ema_decay)
    if training.ema_decay and {"ema_decay", "steps"} & set(given) and memory > training.steps:
        raise BadSettingError(
            f"ema_decay={training.ema_decay} averages over some {memory:.0f} steps, and there are "
            f"{training.steps}",
            hint="lower ema_decay, or set more steps",
        )
