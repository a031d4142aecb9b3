"""Settings that are good each by itself and make no sense together."""

from __future__ import annotations

from collections.abc import Collection

from sketchrnn.drawing import BadSettingError
from sketchrnn.model.config import ModelConfig
from sketchrnn.training.config import TrainConfig

_OF_ENCODER = (
    *("encoder_cell", "encoder_size", "encoder_layers", "z_size"),
    *("w_kl", "eta_min", "kl_decay", "kl_min"),
)
_OF_HYPER = ("hyper_units", "hyper_embedding")


def check(config: ModelConfig, training: TrainConfig, given: Collection[str]) -> None:
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
