"""What rounding a model's weights does to it: to the weights, and to the loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.api import SketchRNN
from sketchrnn.drawing import Drawing
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.sampling.numpy_decoder import NumpyDecoder

MADE_UP = 32
"""How many drawings a model makes up to be measured on."""
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Effect:
    """How an exported model differs from what it was made of.

    Attributes:
        largest_error: The largest difference of a weight.
        clipped: How many weights were beyond what the format holds.
        nats_per_point: The reconstruction loss before, in model units.
        nats_per_point_exported: The same after.
        num_drawings: On how many drawings.
        made_up: Whether the model made them up.
    """

    largest_error: float
    clipped: int
    nats_per_point: float
    nats_per_point_exported: float
    num_drawings: int
    made_up: bool

    def __str__(self) -> str:
        """Say it in one line."""
        change = self.nats_per_point_exported - self.nats_per_point
        kind = "drawings that the model made up" if self.made_up else "drawings"
        clipped = f"; {self.clipped:,} weights clipped" if self.clipped else ""
        return (
            f"rounding changes weights by {self.largest_error:.1e} at most, and the loss by "
            f"{change:+.5f} nats a point ({self.nats_per_point:.4f} on {self.num_drawings} "
            f"{kind}){clipped}"
        )


class _Started(NumpyDecoder):
    """A decoder alone that begins from a given state."""

    first: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def start(
        self, condition: NDArray[np.float32] | None, batch_size: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        hidden, cell, constant = super().start(condition, batch_size)
        if self.first is not None:
            hidden, cell = (np.tile(part, (batch_size, 1)) for part in self.first)
        return hidden, cell, constant


def measure(
    before: SketchRNN,
    after: SketchRNN,
    drawings: Sequence[Drawing] | None = None,
    *,
    clipped: int = 0,
    start: Mapping[str, Any] | None = None,
) -> Effect:
    """Compare a model with what came back from its exported file.

    Args:
        before: The model.
        after: The one that the file holds.
        drawings: In data units; None: some that the model makes up, at temperature 1.
        clipped: How many weights were clipped.
        start: The first state of a decoder alone, "c" and "h"; None for zeros.

    Returns:
        Differences of weights and loss. A VAE is measured with the z_mean that it finds for each
        drawing, or with the z that made it up.
    """
    z: NDArray[np.float32] | None = None
    made_up = drawings is None
    if drawings is None:
        if before.config.conditional:
            generator = np.random.default_rng(_SEED)
            z = generator.standard_normal((MADE_UP, before.config.z_size), dtype=np.float32)
        drawings = before.generate(MADE_UP, temperature=1.0, z=z, seed=_SEED)
    rows = [drawing.to_stroke5()[: before.config.max_seq_len] for drawing in drawings]
    scaled = [_model_units(each, before.config.scale_factor) for each in rows]
    points = max(sum(len(each) for each in scaled), 1)
    nats = []
    for model in (before, after):
        decoder = _Started(model.config, model.weights)
        if start is not None:
            decoder.first = (
                np.asarray(start["h"], np.float32),
                np.asarray(start["c"], np.float32),
            )
        if before.config.conditional and not made_up:
            z = model.encode(drawings, prepare=False)
        nats.append(float(nats_of_rows(decoder, z, scaled).totals().sum()) / points)
    errors = [
        np.abs(_with_forget_bias(before, name) - _with_forget_bias(after, name)).max(initial=0)
        for name in before.weights
    ]
    return Effect(float(max(errors)), clipped, nats[0], nats[1], len(drawings), made_up)


def _model_units(rows: NDArray[np.float32], scale_factor: float) -> NDArray[np.float32]:
    drawn = rows[rows[:, 4] == 0].copy()
    drawn[:, :2] /= scale_factor
    return drawn.astype(np.float32)


def _with_forget_bias(model: SketchRNN, name: str) -> NDArray[np.float32]:
    """Return a weight with what is added at run time, which files keep in different places."""
    array = model.weights[name]
    if name.endswith("/bias") and name.replace("/bias", "/recurrent_kernel") in model.weights:
        units = len(array) // 4
        array = array.copy()
        array[2 * units : 3 * units] += np.float32(model.config.forget_bias)
    return array
