"""Cells on top of one another, and the dropout of what goes into them and comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from sketchrnn.model.recurrent import Dropout, LSTMState, Recurrent

Tensor = Any

_INPUT_STREAM = 0x0FC19DC6
_OUTPUT_STREAM = 0x240CA1CC
_LAYER_STREAM = 0x2DE92C6F
"""Told apart by these, what one layer drops says nothing of what another drops."""


class Stack:
    """One cell or more, each reading at every step what the one below shows.

    The latent vector joins the input of the first. States stand side by side, the first cell's
    first; so do the constants.

    Args:
        cells: From below; the layer that makes them tracks them.
        input_dropout_rate: The share of each cell's inputs that training drops, anew at each step;
            for the first cell the latent vector is part of them.
        output_dropout_rate: The share of what each cell shows to others that training drops; its
            own state keeps all.

    Source:
        Zaremba, Sutskever and Vinyals (2014), "Recurrent Neural Network Regularization".
    """

    def __init__(
        self,
        cells: Sequence[Recurrent],
        *,
        input_dropout_rate: float = 0.0,
        output_dropout_rate: float = 0.0,
    ) -> None:
        """Keep the cells."""
        self.cells = list(cells)
        self.input_dropout_rate = input_dropout_rate
        self.output_dropout_rate = output_dropout_rate
        self.state_size = sum(cell.state_size for cell in cells)
        self.hidden_first = cells[0].hidden_first

    def zero_state(self, batch_size: Tensor) -> LSTMState:
        """Return a state of zeros."""
        zeros = ops.zeros((batch_size, self.state_size))
        return LSTMState(zeros, zeros)

    def unpack(self, packed: Tensor) -> LSTMState:
        """Take (B, 2 state_size) numbers apart, cell by cell as the reference packs its state."""
        parts = self._apart(packed, 2)
        return _joined([c.unpack(part) for c, part in zip(self.cells, parts, strict=True)])

    def shown(self, state: LSTMState) -> Tensor:
        """Return what others see of a state, (B, H) of the uppermost cell."""
        return self.cells[-1].shown(self._states(state)[-1])

    def constant(self, batch_size: Tensor, latent: Tensor | None) -> Tensor:
        """Return what every step adds to the sums of the gates, (B, 4 state_size)."""
        parts = [self.cells[0].constant(batch_size, latent)]
        parts += [cell.constant(batch_size, None) for cell in self.cells[1:]]
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)

    def __call__(
        self,
        inputs: Tensor,
        state: LSTMState | None = None,
        latent: Tensor | None = None,
        lengths: Tensor | None = None,
        dropout_keys: Tensor | None = None,
    ) -> tuple[Tensor, LSTMState]:
        """Run over (T, B, D) inputs; arguments and results as `LSTM.call`."""
        if state is None:
            state = self.zero_state(ops.shape(inputs)[1])
        last = []
        for layer, (cell, first) in enumerate(zip(self.cells, self._states(state), strict=True)):
            keys = None
            if dropout_keys is not None:
                keys = _stream(dropout_keys, layer * _LAYER_STREAM & 0x7FFFFFFF)
            if keys is not None and self.input_dropout_rate:
                if latent is not None:
                    inputs, latent = _beside(inputs, latent), None
                inputs = _dropped(inputs, _stream(keys, _INPUT_STREAM), self.input_dropout_rate)
            inputs, end = cell(
                inputs, state=first, latent=latent, lengths=lengths, dropout_keys=keys
            )
            if keys is not None and self.output_dropout_rate:
                inputs = _dropped(inputs, _stream(keys, _OUTPUT_STREAM), self.output_dropout_rate)
            latent = None
            last.append(end)
        return inputs, _joined(last)

    def step(self, row: Tensor, constant: Tensor, state: LSTMState) -> LSTMState:
        """Run one step without dropout: (B, D) inputs, what `constant` gives, a state."""
        parts = zip(self.cells, self._apart(constant, 4), self._states(state), strict=True)
        new = []
        for cell, own, before in parts:
            new.append(cell.step(row, own, before))
            row = cell.shown(new[-1])
        return _joined(new)

    def _states(self, state: LSTMState) -> list[LSTMState]:
        """Return the state of each cell."""
        parts = zip(self._apart(state.hidden, 1), self._apart(state.cell, 1), strict=True)
        return [LSTMState(hidden, cell) for hidden, cell in parts]

    def _apart(self, joined: Tensor, times: int) -> list[Tensor]:
        """Return what belongs to each cell of (B, times state_size) numbers."""
        if len(self.cells) == 1:
            return [joined]
        parts, first = [], 0
        for cell in self.cells:
            last = first + times * cell.state_size
            parts.append(joined[:, first:last])
            first = last
        return parts


def _joined(states: list[LSTMState]) -> LSTMState:
    if len(states) == 1:
        return states[0]
    return LSTMState(*(ops.concatenate(parts, axis=1) for parts in zip(*states, strict=True)))


def _beside(inputs: Tensor, latent: Tensor) -> Tensor:
    """Put the latent vector beside the inputs of every step, (T, B, D + latent_size)."""
    steps, batch_size, _ = ops.shape(inputs)
    every = ops.broadcast_to(ops.expand_dims(latent, 0), (steps, batch_size, latent.shape[-1]))
    return ops.concatenate([inputs, every], axis=2)


def _dropped(values: Tensor, keys: Tensor, rate: float) -> Tensor:
    """Drop a share of (T, B, K) values and divide what stays by one less the share."""
    steps = ops.arange(ops.shape(values)[0], dtype="int32")
    return values * Dropout(keys, rate).masks(steps, values.shape[-1])


def _stream(keys: Tensor, stream: int) -> Tensor:
    return ops.bitwise_xor(keys, ops.convert_to_tensor(stream, dtype="int32")) if stream else keys
