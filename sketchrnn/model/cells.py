"""The kinds of recurrent cell, by the name that a configuration gives them."""

from __future__ import annotations

from typing import Any

from sketchrnn.model.config import ModelConfig
from sketchrnn.model.hyper import HyperLSTM
from sketchrnn.model.layer_norm import LayerNormLSTM
from sketchrnn.model.recurrent import LSTM

Cell = LSTM | LayerNormLSTM | HyperLSTM

CELL_CLASSES: dict[str, type[Cell]] = {
    "lstm": LSTM,
    "layer_norm": LayerNormLSTM,
    "hyper": HyperLSTM,
}


def make_cell(
    kind: str, units: int, input_size: int, latent_size: int, config: ModelConfig, name: str
) -> Cell:
    """Make a cell with new weights.

    Args:
        kind: One of `config.CELLS`.
        units: H.
        input_size: D.
        latent_size: Length of a vector that joins the input at every step; 0 for none.
        config: The rest: forget bias, dropout and the sizes of a HyperLSTM.
        name: Of the layer.
    """
    more: dict[str, Any] = {}
    if kind == "hyper":
        more = {"hyper_units": config.hyper_units, "hyper_embedding": config.hyper_embedding}
    return CELL_CLASSES[kind](
        units,
        input_size,
        latent_size,
        forget_bias=config.forget_bias,
        dropout_rate=config.recurrent_dropout_rate,
        name=name,
        **more,
    )
