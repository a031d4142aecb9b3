"""The recurrent cells a step at a time in plain NumPy; see `model.recurrent` and its kin.

Shapes: B drawings, H units, U units and E embedding of a HyperLSTM's smaller LSTM; gates stand in
the order i, g, f, o.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchrnn.model.config import ModelConfig

Array = NDArray[np.float32]

NORM_EPSILON = np.float32(1e-3)
"""That of `model.layer_norm`, which cannot be imported without Keras."""


class NumpyLSTM:
    """An LSTM.

    Args:
        weights: Arrays by name, as `model.recurrent.LSTM` calls them.
        forget_bias: Added to the forget gate.
    """

    hidden_first = False
    """Whether a packed state begins with what is hidden, and not with the cell."""

    def __init__(self, weights: Mapping[str, Array], forget_bias: float) -> None:
        """Put the kernels of one step together."""
        self.units = len(weights["recurrent_kernel"])
        self.state_size = self.units
        self._kernel = np.concatenate([weights["recurrent_kernel"], weights["input_kernel"]])
        self._latent_kernel = weights.get("latent_kernel")
        self._bias = with_forget_bias(weights["bias"], forget_bias)

    def constant(self, z: Array | None, batch_size: int) -> Array:
        """Return what every step adds to the gates, (B, 4H)."""
        if z is None or self._latent_kernel is None:
            return np.broadcast_to(self._bias, (batch_size, len(self._bias)))
        return np.asarray(z @ self._latent_kernel + self._bias)

    def step(self, row: Array, hidden: Array, cell: Array, constant: Array) -> tuple[Array, Array]:
        """Go one step: (B, 5) input row -> hidden, cell."""
        gates = np.concatenate([hidden, row], axis=1) @ self._kernel
        gates += constant
        cell, opened = next_cell(gates, cell)
        return opened * np.tanh(cell), cell


class NumpyLayerNormLSTM:
    """An LSTM with layer normalisation.

    Args:
        weights: Arrays by name, as `model.layer_norm.LayerNormLSTM` calls them.
        forget_bias: Added to the forget gate.
    """

    hidden_first = True

    def __init__(self, weights: Mapping[str, Array], forget_bias: float) -> None:
        """Put the kernels of one step together."""
        self.units = len(weights["recurrent_kernel"])
        self.state_size = self.units
        self._kernel = np.concatenate([weights["recurrent_kernel"], weights["input_kernel"]])
        self._latent_kernel = weights.get("latent_kernel")
        self._norm = Norm(weights, "", forget_bias)

    def constant(self, z: Array | None, batch_size: int) -> Array:
        """Return what every step adds to the sums, (B, 4H)."""
        if z is None or self._latent_kernel is None:
            return np.zeros((batch_size, 4 * self.units), dtype=np.float32)
        return np.asarray(z @ self._latent_kernel)

    def step(self, row: Array, hidden: Array, cell: Array, constant: Array) -> tuple[Array, Array]:
        """Go one step: (B, 5) input row -> hidden, cell."""
        sums = np.concatenate([hidden, row], axis=1) @ self._kernel + constant
        return self._norm.step(sums, cell)


class NumpyHyperLSTM:
    """A HyperLSTM. Its states are (B, H + U), its own before those of the smaller LSTM.

    Args:
        weights: Arrays by name, as `model.hyper.HyperLSTM` calls them.
        forget_bias: Added to both forget gates.
    """

    hidden_first = True

    def __init__(self, weights: Mapping[str, Array], forget_bias: float) -> None:
        """Keep the weights."""
        self.units = len(weights["recurrent_kernel"])
        self.state_size = self.units + len(weights["hyper_recurrent_kernel"])
        self._weights = weights
        self._inner_kernel = np.concatenate(
            [weights[f"hyper_{name}_kernel"] for name in ("hidden", "recurrent", "input")]
        )
        self._norm = Norm(weights, "", forget_bias)
        self._inner_norm = Norm(weights, "hyper_", forget_bias)

    def constant(self, z: Array | None, batch_size: int) -> Array:
        """Return what every step adds to the input's sums, (B, 4H + 4U)."""
        if z is None or "latent_kernel" not in self._weights:
            return np.zeros((batch_size, 4 * self.state_size), dtype=np.float32)
        kernels = [self._weights[f"{prefix}latent_kernel"] for prefix in ("", "hyper_")]
        return np.asarray(z @ np.concatenate(kernels, axis=1))

    def step(self, row: Array, hidden: Array, cell: Array, constant: Array) -> tuple[Array, Array]:
        """Go one step: (B, 5) input row -> hidden, cell."""
        weights, units = self._weights, self.units
        own, inner = constant[:, : 4 * units], constant[:, 4 * units :]
        sums = np.concatenate([hidden, row], axis=1) @ self._inner_kernel + inner
        inner_hidden, inner_cell = self._inner_norm.step(sums, cell[:, units:])
        embedding = inner_hidden @ weights["scale_embedding_kernel"]
        scales = _modulate(embedding + weights["scale_embedding_bias"], weights["scale_kernel"])
        shifts = _modulate(
            inner_hidden @ weights["shift_embedding_kernel"], weights["shift_kernel"]
        )
        of_input = row @ weights["input_kernel"] + own
        of_state = hidden[:, :units] @ weights["recurrent_kernel"]
        sums = scales[:, : 4 * units] * of_input + scales[:, 4 * units :] * of_state
        own_hidden, own_cell = self._norm.step(sums + shifts + weights["bias"], cell[:, :units])
        return (
            np.concatenate([own_hidden, inner_hidden], axis=1),
            np.concatenate([own_cell, inner_cell], axis=1),
        )


class Norm:
    """What turns sums into gates, and those into the next state, with layer normalisation.

    Args:
        weights: Arrays by name.
        prefix: Of the names of gamma, beta, cell_gamma and cell_beta.
        forget_bias: Added to the forget gate.
    """

    def __init__(self, weights: Mapping[str, Array], prefix: str, forget_bias: float) -> None:
        """Put the forget bias into beta."""
        self._gamma = weights[f"{prefix}gamma"]
        self._beta = with_forget_bias(weights[f"{prefix}beta"], forget_bias)
        self._cell_gamma = weights[f"{prefix}cell_gamma"]
        self._cell_beta = weights[f"{prefix}cell_beta"]

    def step(self, sums: Array, cell: Array) -> tuple[Array, Array]:
        """Go one step: (B, 4H) sums and (B, H) cell -> hidden, cell."""
        normal = np.concatenate([_normalize(part) for part in np.split(sums, 4, axis=1)], axis=1)
        normal *= self._gamma
        normal += self._beta
        cell, opened = next_cell(normal, cell)
        shown = _normalize(cell) * self._cell_gamma + self._cell_beta
        return opened * np.tanh(shown), cell


Cell = NumpyLSTM | NumpyLayerNormLSTM | NumpyHyperLSTM

CELL_CLASSES: dict[str, type[Cell]] = {
    "lstm": NumpyLSTM,
    "layer_norm": NumpyLayerNormLSTM,
    "hyper": NumpyHyperLSTM,
}


class NumpyStack:
    """Cells on top of one another; see `model.stack`. States and constants stand side by side.

    Args:
        cells: From below.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        """Find where each cell's state stands."""
        self._cells = cells
        self.units = cells[-1].units
        sizes = [cell.state_size for cell in cells]
        self.state_size = sum(sizes)
        self._ends = np.cumsum(sizes)[:-1]

    def constant(self, z: Array | None, batch_size: int) -> Array:
        """Return what every step adds to the sums, (B, 4 state_size)."""
        parts = [self._cells[0].constant(z, batch_size)]
        parts += [cell.constant(None, batch_size) for cell in self._cells[1:]]
        return np.concatenate(parts, axis=1)

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Take (B, 2 state_size) numbers apart: hidden, cell."""
        states = []
        for cell, part in zip(self._cells, np.split(packed, 2 * self._ends, axis=1), strict=True):
            first, second = np.split(part, 2, axis=1)
            states.append((first, second) if cell.hidden_first else (second, first))
        return _joined(states)

    def shown(self, hidden: Array) -> Array:
        """Return what others see, (B, H) of the uppermost cell."""
        first = hidden.shape[1] - self._cells[-1].state_size
        return hidden[:, first : first + self.units]

    def step(self, row: Array, hidden: Array, cell: Array, constant: Array) -> tuple[Array, Array]:
        """Go one step: (B, 5) input row -> hidden, cell."""
        if len(self._cells) == 1:
            return self._cells[0].step(row, hidden, cell, constant)
        parts = (np.split(array, self._ends, axis=1) for array in (hidden, cell))
        constants = np.split(constant, 4 * self._ends, axis=1)
        states = []
        for own, *before in zip(self._cells, *parts, constants, strict=True):
            states.append(own.step(row, *before))
            row = states[-1][0][:, : own.units]
        return _joined(states)


def _joined(states: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Put the states of several cells side by side."""
    if len(states) == 1:
        return states[0]
    hiddens, cells = zip(*states, strict=True)
    return np.concatenate(hiddens, axis=1), np.concatenate(cells, axis=1)


def make_stack(
    kind: str, weights: Mapping[str, Array], rooms: Sequence[str], config: ModelConfig
) -> NumpyStack:
    """Make the cells whose weights stand in rooms such as "decoder/lstm"."""
    return NumpyStack(
        [
            CELL_CLASSES[kind](
                {
                    name.removeprefix(f"{room}/"): array
                    for name, array in weights.items()
                    if name.startswith(f"{room}/")
                },
                config.forget_bias,
            )
            for room in rooms
        ]
    )


def next_cell(gates: Array, cell: Array) -> tuple[Array, Array]:
    """Let the gates do their work.

    Both halves of a sigmoid's 1/2 + tanh(x/2) / 2 are exact in binary, so that the 1/2 may come
    when it suits: all gates go through one tanh, in place.

    Args:
        gates: (B, 4H) i, g, f and o before activation. They are overwritten.
        cell: (B, H).

    Returns:
        sigmoid(f) cell + sigmoid(i) tanh(g), and sigmoid(o), (B, H) each.
    """
    units = cell.shape[1]
    i, g, f, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
    i *= _HALF
    gates[:, 2 * units :] *= _HALF
    np.tanh(gates, out=gates)
    i += 1
    gates[:, 2 * units :] += 1
    i *= g
    f *= cell
    cell = f + i
    cell *= _HALF
    return cell, o * _HALF


_HALF = np.float32(0.5)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), by way of tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def with_forget_bias(bias: Array, forget_bias: float) -> Array:
    """Return (4H,) biases with the forget bias added to f, the third quarter."""
    units = len(bias) // 4
    result = bias.copy()
    result[2 * units : 3 * units] += np.float32(forget_bias)
    return result


def _normalize(values: Array) -> Array:
    """Take the mean of each row of (B, K) away and divide by its deviation."""
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + NORM_EPSILON)


def _modulate(embedding: Array, kernel: Array) -> Array:
    """Return (B, K H), each of K embeddings (B, K E) times its matrix of (K, E, H)."""
    parts = np.split(embedding, len(kernel), axis=1)
    return np.concatenate([part @ own for part, own in zip(parts, kernel, strict=True)], axis=1)
