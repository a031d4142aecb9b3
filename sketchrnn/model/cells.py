"""The kinds of recurrent cell, by the name that a configuration gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sketchrnn.model import backend
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.hyper import HyperLSTM
from sketchrnn.model.layer_norm import LayerNormLSTM
from sketchrnn.model.recurrent import LSTM

_STROKE5 = 5

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


def make_cells(
    kind: str,
    units: int,
    latent_size: int,
    config: ModelConfig,
    names: Sequence[str],
    precision: str,
) -> list[Cell]:
    """Make cells that stand on top of one another; the first reads stroke-5 rows.

    Args:
        kind: See `make_cell`.
        units: H of each.
        latent_size: Length of a vector that joins the input of the first; 0 for none.
        config: See `make_cell`.
        names: Of the layers, from below.
        precision: Of the products over sequences; see `backend.product`.
    """
    cells = []
    for layer, name in enumerate(names):
        reads = (units, 0) if layer else (_STROKE5, latent_size)
        cells.append(make_cell(kind, units, *reads, config, name))
        cells[-1].product = backend.matmul_for(precision)
    return cells
