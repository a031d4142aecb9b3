"""How likely a model finds steps, in plain NumPy: what ranks drawings needs no framework.

The figures are those of `model.losses`; all are negative log-likelihoods in nats, in model units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import END_ROW, START_TOKEN
from sketchrnn.sampling import threads
from sketchrnn.sampling.mixture import LOG_SIGMA_BOUND, Mixture, split_outputs
from sketchrnn.sampling.numpy_decoder import NumpyDecoder

Array = NDArray[np.float32]

_MAX_BATCH = 64
"""Drawings that go together, while others go beside them in other threads."""


class Nats(NamedTuple):
    """What each row of some drawings costs: (B, T) each, 0 beyond a drawing's end.

    `offset` counts the rows that draw; `pen` counts the row that ends the drawing too.
    """

    offset: Array
    pen: Array

    def totals(self) -> NDArray[np.float64]:
        """Return the sum of each drawing, (B,)."""
        return self.offset.sum(axis=1, dtype=np.float64) + self.pen.sum(axis=1, dtype=np.float64)


def nats_of_rows(
    decoder: NumpyDecoder,
    condition: Array | None,
    rows: Sequence[Array],
    ended: Sequence[bool] | None = None,
) -> Nats:
    """Return what a decoder thinks of drawings that are there already, row by row.

    Args:
        decoder: Predicts steps.
        condition: (n, condition_size), or None for a decoder that takes none.
        rows: n arrays (N_s, 5) of stroke-5 rows in model units, without start token and end.
        ended: Whether the end belongs to each drawing, and counts; None: to all. A drawing that
            was cut off, or is only begun, has none.

    Returns:
        The nats of every row, with T = the longest N_s + 1.
    """
    ends = [True] * len(rows) if ended is None else ended
    longest = max((len(drawing) for drawing in rows), default=0) + 1
    offset = np.zeros((len(rows), longest), dtype=np.float32)
    pen = np.zeros((len(rows), longest), dtype=np.float32)

    def rate(first: int) -> None:
        some = slice(first, first + _MAX_BATCH)
        own = None if condition is None else condition[some]
        part = _of_batch(decoder, own, rows[some], ends[some])
        offset[some, : part.offset.shape[1]], pen[some, : part.pen.shape[1]] = part

    if len(rows):
        threads.share_out(rate, range(0, len(rows), _MAX_BATCH))
    return Nats(offset, pen)


def _of_batch(
    decoder: NumpyDecoder, condition: Array | None, rows: Sequence[Array], ended: Sequence[bool]
) -> Nats:
    lengths = np.array([len(drawing) for drawing in rows])
    counted = lengths + np.asarray(ended)  # rows whose pen counts
    steps = int(lengths.max()) + 1
    targets = np.tile(END_ROW, (len(rows), steps, 1))  # (B, T, 5)
    for place, drawing in enumerate(rows):
        targets[place, : len(drawing)] = drawing
    offset = np.zeros((len(rows), steps), dtype=np.float32)
    pen = np.zeros((len(rows), steps), dtype=np.float32)
    row = np.tile(START_TOKEN, (len(rows), 1))
    hidden, cell, constant = decoder.start(condition, len(rows))
    alive = np.arange(len(rows))
    for step in range(steps):
        going = counted[alive] > step
        alive, row = alive[going], row[going]
        hidden, cell, constant = hidden[going], cell[going], constant[going]
        if not len(alive):
            break
        outputs, hidden, cell = decoder.step(row, hidden, cell, constant)
        row = targets[alive, step]
        mixture = split_outputs(outputs)
        pen[alive, step] = -(row[:, 2:] * log_softmax(mixture.pen_logits)).sum(axis=1)
        draws = lengths[alive] > step
        density = log_density(mixture, row[:, 0], row[:, 1])
        offset[alive, step] = np.where(draws, -density, 0)
    return Nats(offset, pen)


def mixture_params(decoder: NumpyDecoder, condition: Array | None, rows: Array) -> dict[str, Array]:
    """Return what a decoder predicts after each row of a drawing.

    Deviations have no lower bound here, though what is drawn and rated keeps away from 0.

    Args:
        decoder: Predicts steps.
        condition: (1, condition_size), or None for a decoder that takes none.
        rows: (T, 5) in model units, the start token first.

    Returns:
        pi, mu_x, mu_y, sigma_x, sigma_y, rho (T, M) and pen_probs (T, 3), float32, model units.
    """
    hidden, cell, constant = decoder.start(condition, 1)
    outputs = np.zeros((len(rows), decoder.config.output_size), dtype=np.float32)
    for step, row in enumerate(rows):
        out, hidden, cell = decoder.step(row[None], hidden, cell, constant)
        outputs[step] = out[0]
    mixture = split_outputs(outputs)
    size = mixture.pi_logits.shape[1]
    log_sigmas = np.minimum(outputs[:, 3 + 3 * size : 3 + 5 * size], LOG_SIGMA_BOUND)
    sigma_x, sigma_y = np.split(np.exp(log_sigmas), 2, axis=1)
    return {
        "pi": np.exp(log_softmax(mixture.pi_logits)),
        "mu_x": mixture.mu_x,
        "mu_y": mixture.mu_y,
        "sigma_x": sigma_x,
        "sigma_y": sigma_y,
        "rho": np.tanh(mixture.rho_logits),
        "pen_probs": np.exp(log_softmax(mixture.pen_logits)),
    }


def log_density(mixture: Mixture, dx: Array, dy: Array) -> Array:
    """Return ln of the mixture's density at (B,) offsets, as `model.mdn.log_density` does."""
    x = (dx[:, None] - mixture.mu_x) * np.exp(-mixture.log_sigma_x)  # (B, M)
    y = (dy[:, None] - mixture.mu_y) * np.exp(-mixture.log_sigma_y)
    r = np.abs(mixture.rho_logits)
    log_one_less = 2 * (math.log(2) - r - np.log1p(np.exp(-2 * r)))  # ln(1 - rho^2)
    square = (x - np.tanh(mixture.rho_logits) * y) ** 2 * np.exp(-log_one_less) + y**2
    log_normal = (
        -0.5 * square
        - math.log(2 * math.pi)
        - mixture.log_sigma_x
        - mixture.log_sigma_y
        - 0.5 * log_one_less
    )
    return log_sum_exp(log_softmax(mixture.pi_logits) + log_normal)


def log_softmax(logits: Array) -> Array:
    """Return the logarithms of (B, K) shares."""
    return np.asarray(logits - log_sum_exp(logits)[:, None])


def log_sum_exp(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ln of the sum of exp of each row of (B, K)."""
    highest = values.max(axis=1)
    return np.asarray(highest + np.log(np.exp(values - highest[:, None]).sum(axis=1)))
