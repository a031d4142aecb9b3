"""Decoder and encoder in plain NumPy: small requests at once, and no framework needed.

They are also what the compiled loop is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.mixture import Temperature, pick_step

Array = NDArray[np.float32]


class NumpyDecoder:
    """The decoder, a step at a time.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
    """

    steps_at_once = 1

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        """Put the kernels of one step together."""
        self.config = config
        self._weights = weights
        self._kernel = np.concatenate(
            [weights["decoder/lstm/recurrent_kernel"], weights["decoder/lstm/input_kernel"]]
        )
        self._bias = with_forget_bias(weights["decoder/lstm/bias"], config.forget_bias)

    def start(self, z: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell (B, H) and the constant part of the gates (B, 4H).

        Args:
            z: (B, z_size), or None for a decoder alone.
            batch_size: B.
        """
        if z is None:
            zeros = np.zeros((batch_size, self.config.decoder_size), dtype=np.float32)
            return zeros, zeros, np.broadcast_to(self._bias, (batch_size, len(self._bias)))
        weights = self._weights
        state = np.tanh(
            z @ weights["decoder/initial_state/kernel"] + weights["decoder/initial_state/bias"]
        )
        cell, hidden = np.split(state, 2, axis=1)
        return hidden, cell, z @ weights["decoder/lstm/latent_kernel"] + self._bias

    def step(
        self, row: Array, hidden: Array, cell: Array, constant: Array
    ) -> tuple[Array, Array, Array]:
        """Go one step: (B, 5) input row -> (B, 3 + 6M) outputs, hidden, cell."""
        hidden, cell = lstm_step(row, hidden, cell, self._kernel, constant)
        weights = self._weights
        outputs = hidden @ weights["decoder/output/kernel"] + weights["decoder/output/bias"]
        return outputs, hidden, cell

    def draw(
        self,
        row: Array,
        hidden: Array,
        cell: Array,
        constant: Array,
        noise: Array,
        temperature: Temperature,
    ) -> tuple[Array, Array, Array]:
        """Draw one step; see `sampler.Decoder`."""
        outputs, hidden, cell = self.step(row, hidden, cell, constant)
        return pick_step(outputs, noise[:, 0], temperature)[:, None], hidden, cell


class NumpyEncoder:
    """The encoder.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        """Keep the weights."""
        self.config = config
        self._weights = weights

    def __call__(self, steps: Array, lengths: NDArray[np.int32]) -> tuple[Array, Array]:
        """Return z_mean and z_log_var (B, z_size).

        Args:
            steps: (B, T, 5) stroke-5 rows without start token, in model units.
            lengths: (B,) true lengths.
        """
        weights = self._weights
        reversed_steps = steps.copy()
        for drawing, length in enumerate(lengths):
            reversed_steps[drawing, :length] = steps[drawing, :length][::-1]
        ends = [
            self._last_hidden(direction, rows, lengths)
            for direction, rows in (("forward", steps), ("backward", reversed_steps))
        ]
        last = np.concatenate(ends, axis=1)
        return (
            last @ weights["encoder/z_mean/kernel"] + weights["encoder/z_mean/bias"],
            last @ weights["encoder/z_log_var/kernel"] + weights["encoder/z_log_var/bias"],
        )

    def _last_hidden(self, direction: str, steps: Array, lengths: NDArray[np.int32]) -> Array:
        weights = self._weights
        kernel = np.concatenate(
            [
                weights[f"encoder/{direction}/recurrent_kernel"],
                weights[f"encoder/{direction}/input_kernel"],
            ]
        )
        bias = with_forget_bias(weights[f"encoder/{direction}/bias"], self.config.forget_bias)
        hidden = np.zeros((len(steps), self.config.encoder_size), dtype=np.float32)
        cell = hidden
        for step in range(int(lengths.max(initial=0))):
            alive = (step < lengths)[:, None]
            new_hidden, new_cell = lstm_step(steps[:, step], hidden, cell, kernel, bias)
            hidden = np.where(alive, new_hidden, hidden)
            cell = np.where(alive, new_cell, cell)
        return hidden


def lstm_step(
    row: Array, hidden: Array, cell: Array, kernel: Array, constant: Array
) -> tuple[Array, Array]:
    """Go one LSTM step; gates i, g, f, o.

    Args:
        row: (B, D) input.
        hidden: (B, H).
        cell: (B, H).
        kernel: (H + D, 4H), the recurrent kernel above the input kernel.
        constant: (B, 4H) or (4H,), biases and all that is the same at every step.

    Returns:
        The new hidden and cell.
    """
    gates = np.concatenate([hidden, row], axis=1) @ kernel + constant
    i, g, f, o = np.split(gates, 4, axis=1)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), by way of tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def with_forget_bias(bias: Array, forget_bias: float) -> Array:
    """Return (4H,) biases with the forget bias added to f, the third quarter."""
    units = len(bias) // 4
    result = bias.copy()
    result[2 * units : 3 * units] += np.float32(forget_bias)
    return result
