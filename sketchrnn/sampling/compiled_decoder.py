"""The decoder's loop compiled by the backend, for whole batches; equal to `numpy_decoder`."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from sketchrnn.drawing import PenState
from sketchrnn.model import backend, mdn
from sketchrnn.model.recurrent import LSTMState
from sketchrnn.model.vae import SketchVAE

Array = NDArray[np.float32]
Tensor = Any

_ROUNDED = 10
"""The steps of a single drawing are a multiple of this, so that other limits compile less often."""


class CompiledDecoder:
    """A decoder that draws several steps in one compiled call; see `steps.Decoder`.

    Batches are filled up to powers of two, so that drawings which leave do not cost a compilation
    each.

    Args:
        network: The network; its weights are read anew at each call.
    """

    max_batch: int | None = None

    def __init__(self, network: SketchVAE) -> None:
        """Compile nothing yet."""
        self.config = network.config
        self._decoder = network.decoder
        self._categories = network.categories
        weights = network.decoder.weights
        self._start = backend.compiled(self._first_state, weights)
        self._draw = backend.compiled(self._steps, weights)

    def chunk_steps(self, count: int, max_steps: int) -> int:
        """Return how many steps a call goes; see `steps.Decoder`.

        A call costs as much as six steps of a single drawing, so one has all of its steps in one.
        Of several, those that ended leave between calls.
        """
        return 16 if count > 1 else -(-max_steps // _ROUNDED) * _ROUNDED

    @property
    def embeddings(self) -> Array | None:
        """The vectors of the categories, see `steps.Decoder`."""
        return None if self._categories is None else np.asarray(self._categories.embedding)

    def start(self, condition: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell and the constant part of the gates; see `steps.Decoder`."""
        if condition is None:
            condition = np.zeros((batch_size, 0), dtype=np.float32)
        state = self._start(ops.convert_to_tensor(_fill(condition)))
        hidden, cell, constant = (np.asarray(tensor)[:batch_size] for tensor in state)
        return hidden, cell, constant

    def draw(
        self,
        row: Array,
        hidden: Array,
        cell: Array,
        constant: Array,
        noise: Array,
        settings: Array,
    ) -> tuple[Array, Array, Array]:
        """Draw some steps."""
        filled = (_fill(array) for array in (row, hidden, cell, constant, noise))
        tensors = [ops.convert_to_tensor(array) for array in (*filled, settings)]
        rows, hidden, cell = (np.asarray(tensor)[: len(row)] for tensor in self._draw(*tensors))
        return rows, hidden, cell

    def _first_state(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        size = ops.shape(condition)[0]
        own = condition if self.config.condition_size else None
        state = self._decoder.initial_state(size, own)
        return state.hidden, state.cell, self._decoder.lstm.constant(size, own)

    def _steps(
        self,
        row: Tensor,
        hidden: Tensor,
        cell: Tensor,
        constant: Tensor,
        noise: Tensor,
        settings: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        def step(carry: tuple[Tensor, ...], at: tuple[Tensor, Tensor]) -> Any:
            row, hidden, cell, going = carry
            state = self._decoder.lstm.step(row, constant, LSTMState(hidden, cell))
            outputs = self._decoder.predict(state)
            row = pick_step(outputs, at[0], at[1][0], at[1][1], at[1][2])
            return (row, *state, going * (1 - row[:, 2 + PenState.END])), row

        def all_have_ended(carry: tuple[Tensor, ...]) -> Tensor:
            return ops.max(carry[3]) < 0.5

        steps = ops.transpose(noise, (1, 0, 2))  # (C, B, 4)
        begin = (row, hidden, cell, ops.ones_like(row[:, 0]))
        carry, rows = backend.scan_until(step, all_have_ended, begin, (steps, settings))
        return ops.transpose(rows, (1, 0, 2)), carry[1], carry[2]


def pick_step(
    outputs: Tensor,
    noise: Tensor,
    divisor: Tensor,
    sigma_factor: Tensor,
    pen_divisor: Tensor | None = None,
) -> Tensor:
    """Draw one step of each drawing; `mixture.pick_step` in the backend's operations.

    Args:
        outputs: (B, 3 + 6M).
        noise: (B, 4).
        divisor: Of the logits of pi.
        sigma_factor: Of the deviations.
        pen_divisor: Of the logits of the pen; None: as of pi.

    Returns:
        (B, 5) stroke-5 rows.
    """
    mixture = mdn.split_outputs(outputs)
    own = divisor if pen_divisor is None else pen_divisor
    pen = _pick(mixture.pen_logits, own, noise[:, 1])  # (B, 3) one-hot
    chosen = _pick(mixture.pi_logits, divisor, noise[:, 0])  # (B, M) one-hot

    def of(values: Tensor) -> Tensor:
        return ops.sum(values * chosen, axis=1)

    first, second = noise[:, 2], noise[:, 3]
    r = of(mixture.rho_logits)
    along = ops.tanh(r) * first + second / ops.cosh(r)
    dx = of(mixture.mu_x) + ops.exp(of(mixture.log_sigma_x)) * sigma_factor * first
    dy = of(mixture.mu_y) + ops.exp(of(mixture.log_sigma_y)) * sigma_factor * along
    return ops.concatenate([ops.stack([dx, dy], axis=1), pen], axis=1)


def _pick(logits: Tensor, divisor: Tensor, uniform: Tensor) -> Tensor:
    """Return (B, K) one-hot: the first whose cumulated share exceeds the number."""
    size = logits.shape[-1]
    # the highest goes before the division: where a compiler fuses the two, a quotient of 1e30 less
    # its rounded self is no 0
    shares = ops.exp((logits - ops.max(logits, axis=1, keepdims=True)) / divisor)
    cumulated = ops.cumsum(shares, axis=1)
    below = ops.cast(cumulated <= ops.expand_dims(uniform, 1) * cumulated[:, -1:], "int32")
    index = ops.minimum(ops.sum(below, axis=1), size - 1)
    return ops.one_hot(index, size, dtype="float32")


def _fill(array: Array) -> Array:
    """Repeat the first row until the number of rows is a power of two."""
    size = 1 << max(0, len(array) - 1).bit_length()
    return np.concatenate([array, np.repeat(array[:1], size - len(array), axis=0)])
