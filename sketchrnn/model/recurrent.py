"""The LSTM over a sequence, as one operation with a gradient of its own.

`keras.layers.LSTM` differs from the reference in two ways that matter: it drops h where the
reference drops the candidate g, and it leaves the weight gradients to the loop. Here the loop
backwards only collects the gradients of the gates, and each weight gradient is one matrix product
over all steps at the end.

Shapes: T steps, B drawings, D inputs, H units. Time comes first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from sketchrnn.model import backend

Tensor = Any

_MULTIPLIER_ONE = 0x7FEB352D
_MULTIPLIER_TWO = 0x846CA68B - (1 << 32)
_WEYL = 0x9E3779B1 - (1 << 32)
_UNIFORM_BITS = 24


class LSTMState(NamedTuple):
    """The state of a cell: what it shows and what it remembers, each (B, H).

    A HyperLSTM's are (B, H + U), those of its own LSTM before those of the smaller one.
    """

    hidden: Tensor
    cell: Tensor


class Dropout(NamedTuple):
    """Which elements of the candidate g, or of inputs or outputs, are dropped in training.

    A mask is a hash of (key of the drawing, step, unit): the same on every backend, in every
    batch, forwards and backwards, and nothing is stored.

    Attributes:
        keys: (B,) int32, one a drawing.
        rate: The share that is dropped. What stays is divided by 1 - rate.
    """

    keys: Tensor
    rate: float

    def mask(self, step: Tensor, units: int) -> Tensor:
        """Return the (B, units) factors of one step: 0 or 1 / (1 - rate)."""
        counter = step * units + ops.arange(units, dtype="int32")  # (H,)
        return self._factors(ops.expand_dims(self.keys, 1), ops.expand_dims(counter, 0))  # (B, H)

    def masks(self, steps: Tensor, units: int) -> Tensor:
        """Return the (T, B, units) factors of (T,) steps."""
        steps = ops.expand_dims(steps, (1, 2))
        counter = steps * units + ops.arange(units, dtype="int32")  # (T, 1, units)
        return self._factors(ops.expand_dims(self.keys, (0, 2)), counter)

    def _factors(self, keys: Tensor, counter: Tensor) -> Tensor:
        bits = _hash(keys, counter)
        uniform = ops.bitwise_and(ops.right_shift(bits, 32 - _UNIFORM_BITS), 0xFFFFFF)
        kept = uniform >= round(self.rate * (1 << _UNIFORM_BITS))
        return ops.cast(kept, "float32") / (1.0 - self.rate)


def _hash(key: Tensor, counter: Tensor) -> Tensor:
    """Mix two int32 tensors into one of uniform bits, wrapping as int32 does.

    Source:
        The construction of an integer hash from xor-shifts and multiplications, with the
        constants of C. Wellons's search for low bias ("lowbias32").
    """
    bits = ops.bitwise_xor(key, counter * _int32(_WEYL))
    for _ in range(2):
        bits = ops.bitwise_xor(bits, _shift(bits, 16))
        bits = bits * _int32(_MULTIPLIER_ONE)
        bits = ops.bitwise_xor(bits, _shift(bits, 15))
        bits = bits * _int32(_MULTIPLIER_TWO)
        bits = ops.bitwise_xor(bits, _shift(bits, 16))
    return bits


def _shift(bits: Tensor, by: int) -> Tensor:
    """Shift right and fill with zeros; int32's own shift fills with the sign."""
    return ops.bitwise_and(ops.right_shift(bits, _int32(by)), _int32((1 << (32 - by)) - 1))


def _int32(value: int) -> Tensor:
    return ops.convert_to_tensor(value, dtype="int32")


def lstm_sequence(
    inputs: Tensor,
    constant: Tensor,
    state: LSTMState,
    input_kernel: Tensor,
    recurrent_kernel: Tensor,
    *,
    lengths: Tensor | None = None,
    dropout: Dropout | None = None,
    product: backend.Product = ops.matmul,
) -> tuple[Tensor, LSTMState]:
    """Run an LSTM over a sequence.

    The gates stand in the order i, g, f, o: with a = inputs W_x + hidden W_h + constant,
    c' = sigma(a_f) c + sigma(a_i) drop(tanh(a_g)), h' = sigma(a_o) tanh(c').

    Args:
        inputs: (T, B, D).
        constant: (B, 4H), what is added to the gates at every step: the biases, the forget bias,
            the product of the latent vector.
        state: The initial state.
        input_kernel: (D, 4H), W_x.
        recurrent_kernel: (H, 4H), W_h.
        lengths: (B,) int32. From its length on, a drawing keeps its state. None: all T steps.
        dropout: Recurrent dropout, in training.
        product: Of matrices; see `backend.product`.

    Returns:
        (T, B, H) hidden states and the last state. The gradient covers inputs, constant, state
        and both kernels.

    Source:
        Hochreiter and Schmidhuber (1997), Gers et al. (2000). Dropout without memory loss:
        Semeniuta et al. (2016).
    """
    units = recurrent_kernel.shape[0]

    @ops.custom_gradient
    def run(
        inputs: Tensor,
        constant: Tensor,
        hidden: Tensor,
        cell: Tensor,
        input_kernel: Tensor,
        recurrent_kernel: Tensor,
    ) -> Any:
        steps = ops.arange(ops.shape(inputs)[0], dtype="int32")  # (T,)
        kernel = ops.concatenate([recurrent_kernel, input_kernel])  # (H + D, 4H)

        def forward(carry: tuple[Tensor, ...], at: tuple[Tensor, Tensor]) -> Any:
            hidden, cell = carry
            step, row = at
            gates = product(ops.concatenate([hidden, row], axis=1), kernel) + constant
            saved = activate_gates(gates)
            i, g, f, o = split_gates(saved)
            candidate = g if dropout is None else g * dropout.mask(step, units)
            new_cell = f * cell + i * candidate
            new_hidden = o * ops.tanh(new_cell)
            if lengths is not None:
                alive = ops.expand_dims(step < lengths, 1)  # (B, 1)
                new_cell = ops.where(alive, new_cell, cell)
                new_hidden = ops.where(alive, new_hidden, hidden)
            return (new_hidden, new_cell), (new_hidden, new_cell, saved)

        _, (hiddens, cells, gates) = backend.scan(forward, (hidden, cell), (steps, inputs), 3)
        outputs = (hiddens, hiddens[-1], cells[-1])

        def gradient(*upstream: Tensor) -> Any:
            d_hiddens, d_hidden, d_cell = upstream[0] if len(upstream) == 1 else upstream
            transposed = ops.transpose(recurrent_kernel)  # once, not at every step
            before = ops.concatenate([ops.expand_dims(cell, 0), cells[:-1]])  # (T, B, H)

            def backward(carry: tuple[Tensor, ...], at: tuple[Tensor, ...]) -> Any:
                d_hidden, d_cell = carry
                step, gates, cell, cell_before, d_output = at
                d_hidden = d_hidden + d_output
                i, g, f, o = split_gates(gates)
                squashed = ops.tanh(cell)
                mask = None if dropout is None else dropout.mask(step, units)
                candidate = g if mask is None else g * mask
                d_new_cell = d_cell + d_hidden * o * (1 - squashed * squashed)
                d_candidate = d_new_cell * i
                d_g = d_candidate if mask is None else d_candidate * mask
                d_gates = ops.concatenate(
                    [
                        d_new_cell * candidate * i * (1 - i),
                        d_g * (1 - g * g),
                        d_new_cell * cell_before * f * (1 - f),
                        d_hidden * squashed * o * (1 - o),
                    ],
                    axis=1,
                )
                d_cell_before = d_new_cell * f
                if lengths is not None:
                    alive = ops.expand_dims(step < lengths, 1)
                    d_gates = ops.where(alive, d_gates, 0.0)
                d_hidden_before = product(d_gates, transposed)
                if lengths is not None:
                    d_hidden_before = ops.where(alive, d_hidden_before, d_hidden)
                    d_cell_before = ops.where(alive, d_cell_before, d_cell)
                return (d_hidden_before, d_cell_before), (d_gates,)

            (d_first_hidden, d_first_cell), (d_gates,) = backend.scan(
                backward,
                (d_hidden, d_cell),
                (steps, gates, cells, before, d_hiddens),
                1,
                reverse=True,
            )
            hiddens_before = ops.concatenate([ops.expand_dims(hidden, 0), hiddens[:-1]])
            d_inputs = product(d_gates, ops.transpose(input_kernel))
            d_input_kernel = kernel_gradient(product, inputs, d_gates)
            d_recurrent_kernel = kernel_gradient(product, hiddens_before, d_gates)
            return (
                d_inputs,
                ops.sum(d_gates, axis=0),
                d_first_hidden,
                d_first_cell,
                d_input_kernel,
                d_recurrent_kernel,
            )

        return outputs, gradient

    hiddens, hidden, cell = run(
        inputs, constant, state.hidden, state.cell, input_kernel, recurrent_kernel
    )
    return hiddens, LSTMState(hidden, cell)


def activate_gates(gates: Tensor) -> Tensor:
    """Apply sigma, tanh, sigma, sigma to the four quarters of (B, 4H), in one pass.

    sigma(x) = (1 + tanh(x / 2)) / 2, so that one tanh serves all.
    """
    units = gates.shape[-1] // 4
    half = np.repeat(np.array([0.5, 1.0, 0.5, 0.5], np.float32), units)
    return ops.tanh(gates * half) * half + (1.0 - half)


def split_gates(gates: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Take (B, 4H) apart into i, g, f, o."""
    units = gates.shape[-1] // 4
    i, g, f, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
    return i, g, f, o


def kernel_gradient(product: backend.Product, inputs: Tensor, d_outputs: Tensor) -> Tensor:
    """Return the gradient (K, L) of a kernel from (T, B, K) and (T, B, L).

    Where devices share a batch out, the drawings of each stay together, so that it adds up what its
    own contribute, and the sums of all are added then. In the other order each device would fetch
    the sequences of all others and make the whole of the gradient itself.
    """
    if keras.distribution.distribution() is not None:
        inputs, d_outputs = (ops.transpose(x, (1, 0, 2)) for x in (inputs, d_outputs))
    flat, d_flat = (ops.reshape(x, (-1, x.shape[-1])) for x in (inputs, d_outputs))
    return product(ops.transpose(flat), d_flat)


def reading_kernel(inputs: Tensor, input_kernel: Tensor, latent_kernel: Tensor | None) -> Tensor:
    """Return the kernel that reads inputs, with the latent's rows where they carry a latent."""
    if latent_kernel is None or inputs.shape[-1] == input_kernel.shape[0]:
        return ops.copy(input_kernel)
    return ops.concatenate([input_kernel, latent_kernel])


def forget_shift(units: int, forget_bias: float) -> Tensor:
    """Return (4H,): the forget bias at the gates f, the third quarter, and 0 elsewhere."""
    shift = np.zeros(4 * units, np.float32)
    shift[2 * units : 3 * units] = forget_bias
    return ops.convert_to_tensor(shift)


class Recurrent(keras.layers.Layer):
    """What the kinds of cell have in common.

    Args:
        units: H.
        state_size: Numbers in the hidden part of the state, and as many in the cell part.
        dropout_rate: The share of the candidate g that is dropped in training.
        name: Name of the layer; the names of its weights begin with it.
    """

    hidden_first = True
    """Whether the reference packs the state as hidden, cell, and not as cell, hidden."""

    product: backend.Product = staticmethod(ops.matmul)
    """Of matrices, over a sequence; a single step is always in float32."""

    def __init__(self, units: int, state_size: int, dropout_rate: float, name: str) -> None:
        """Keep the sizes."""
        super().__init__(name=name)
        self.units = units
        self.state_size = state_size
        self.dropout_rate = dropout_rate

    def zero_state(self, batch_size: Tensor) -> LSTMState:
        """Return a state of zeros."""
        zeros = ops.zeros((batch_size, self.state_size))
        return LSTMState(zeros, zeros)

    def unpack(self, packed: Tensor) -> LSTMState:
        """Take a state of (B, 2 state_size) numbers apart as the reference packs it."""
        first, second = ops.split(packed, 2, axis=1)
        return LSTMState(first, second) if self.hidden_first else LSTMState(second, first)

    def shown(self, state: LSTMState) -> Tensor:
        """Return what others see of a state, (B, H)."""
        return state.hidden[:, : self.units]

    def constant(self, batch_size: Tensor, latent: Tensor | None) -> Tensor:
        """Return what every step adds to the sums of the gates, (B, 4 state_size)."""
        raise NotImplementedError

    def step(self, row: Tensor, constant: Tensor, state: LSTMState) -> LSTMState:
        """Run one step without dropout: (B, D) inputs, what `constant` gives, a state."""
        raise NotImplementedError

    def dropout(self, keys: Tensor | None) -> Dropout | None:
        """Return the dropout of a batch; None without keys, or where nothing is dropped."""
        if keys is None or not self.dropout_rate:
            return None
        return Dropout(keys, self.dropout_rate)


class LSTM(Recurrent):
    """The weights of one LSTM, and its run over a sequence or one step.

    Args:
        units: H.
        input_size: D.
        latent_size: Length of a vector that joins the input at every step (z); 0 for none.
        forget_bias: Added to the forget gate at run time, not part of the bias.
        dropout_rate: The share of the candidate g that is dropped in training.
        name: Name of the layer; the names of its weights begin with it.

    Weights, gates in the order i, g, f, o: `input_kernel` (D, 4H), `latent_kernel`
    (latent_size, 4H), `recurrent_kernel` (H, 4H), `bias` (4H,).
    """

    hidden_first = False

    def __init__(
        self,
        units: int,
        input_size: int,
        latent_size: int = 0,
        *,
        forget_bias: float,
        dropout_rate: float,
        name: str,
    ) -> None:
        """Make the weights: Glorot's for inputs, an orthogonal matrix a gate for the state."""
        super().__init__(units, units, dropout_rate, name)
        self.forget_bias = forget_bias
        glorot = JointGlorot(input_size + latent_size, 4 * units)
        self.input_kernel = self.add_weight(
            shape=(input_size, 4 * units), initializer=glorot, name="input_kernel"
        )
        self.latent_kernel = None
        if latent_size:
            self.latent_kernel = self.add_weight(
                shape=(latent_size, 4 * units), initializer=glorot, name="latent_kernel"
            )
        self.recurrent_kernel = self.add_weight(
            shape=(units, 4 * units), initializer=OrthogonalGates(), name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * units,), initializer="zeros", name="bias")
        self.built = True

    def constant(self, batch_size: Tensor, latent: Tensor | None) -> Tensor:
        """Return what every step adds to the gates, (B, 4H): biases and the latent's product."""
        bias = ops.convert_to_tensor(self.bias) + forget_shift(self.units, self.forget_bias)
        if latent is None:
            return ops.broadcast_to(bias, (batch_size, 4 * self.units))
        return ops.matmul(latent, self.latent_kernel) + bias

    def call(
        self,
        inputs: Tensor,
        state: LSTMState | None = None,
        latent: Tensor | None = None,
        lengths: Tensor | None = None,
        dropout_keys: Tensor | None = None,
    ) -> tuple[Tensor, LSTMState]:
        """Run over (T, B, D) inputs; see `lstm_sequence`.

        Args:
            inputs: (T, B, D), or (T, B, D + latent_size) with a latent vector of every step.
            state: The initial state; None for zeros.
            latent: (B, latent_size), or None.
            lengths: (B,) int32, or None.
            dropout_keys: (B,) int32, in training: see `Dropout`. None: nothing drops.

        Returns:
            (T, B, H) hidden states and the last state.
        """
        batch_size = ops.shape(inputs)[1]
        return lstm_sequence(
            inputs,
            self.constant(batch_size, latent),
            self.zero_state(batch_size) if state is None else state,
            # values, not variables: TensorFlow lets no custom gradient touch a variable
            reading_kernel(inputs, self.input_kernel, self.latent_kernel),
            ops.copy(self.recurrent_kernel),
            lengths=lengths,
            dropout=self.dropout(dropout_keys),
            product=self.product,
        )

    def step(self, row: Tensor, constant: Tensor, state: LSTMState) -> LSTMState:
        """Run one step without dropout: (B, D) inputs, (B, 4H) of `constant`, a state."""
        gates = ops.matmul(row, self.input_kernel) + constant
        gates = gates + ops.matmul(state.hidden, self.recurrent_kernel)
        i, g, f, o = split_gates(activate_gates(gates))
        cell = f * state.cell + i * g
        return LSTMState(o * ops.tanh(cell), cell)


class JointGlorot(keras.initializers.Initializer):
    """Glorot's uniform, for a kernel that is kept in parts: the fans are those of the whole."""

    def __init__(self, fan_in: int, fan_out: int) -> None:
        """Take the fans of the whole."""
        self.limit = (6.0 / (fan_in + fan_out)) ** 0.5

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Return new weights."""
        return keras.random.uniform(shape, -self.limit, self.limit, dtype=dtype)


class OrthogonalGates(keras.initializers.Initializer):
    """An orthogonal matrix for each of the four gates."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Return new weights."""
        units = shape[0]
        orthogonal = keras.initializers.Orthogonal
        return ops.concatenate(
            [orthogonal(seed=None)((units, units), dtype=dtype) for _ in range(4)], axis=1
        )
