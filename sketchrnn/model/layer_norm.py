"""The LSTM with layer normalisation over a sequence, with a gradient of its own.

The sums that become the gates are normalised gate by gate, and so is the cell before it is shown.
As in `recurrent`, the loop backwards collects the gradients of the sums, and each kernel's gradient
is one matrix product in the end.

Shapes: T steps, B drawings, D inputs, H units. Time comes first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from sketchrnn.model import backend
from sketchrnn.model.recurrent import (
    Dropout,
    JointGlorot,
    LSTMState,
    OrthogonalGates,
    Recurrent,
    activate_gates,
    forget_shift,
    kernel_gradient,
    reading_kernel,
    split_gates,
)

Tensor = Any

EPSILON = 1e-3
"""What the reference adds to a variance before its root."""


class NormWeights(NamedTuple):
    """Scales and shifts after normalisation: of the gates (4H,), and of the cell (H,)."""

    gamma: Tensor
    beta: Tensor
    cell_gamma: Tensor
    cell_beta: Tensor


class NormStep(NamedTuple):
    """What a step gives, and what its gradient needs.

    Attributes:
        hidden: (B, H).
        cell: (B, H).
        normal: (B, 4H) normalised sums.
        scale: (B, 4), by what each gate's sums were multiplied.
    """

    hidden: Tensor
    cell: Tensor
    normal: Tensor
    scale: Tensor


def normalize(values: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Take each group's mean away and divide by its deviation.

    Args:
        values: (B, groups K).
        groups: How many groups stand side by side.

    Returns:
        (B, groups K) of mean 0 and deviation 1, and (B, groups), one over the deviations.
    """
    size = values.shape[-1] // groups
    grouped = ops.reshape(values, (-1, groups, size))
    centred = grouped - ops.mean(grouped, axis=2, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=2, keepdims=True)
    scale = ops.rsqrt(variance + EPSILON)  # (B, groups, 1)
    return ops.reshape(centred * scale, (-1, groups * size)), scale[..., 0]


def normalize_backward(d_normal: Tensor, normal: Tensor, scale: Tensor) -> Tensor:
    """Return the gradient of the values that `normalize` took, from that of its first result."""
    groups = scale.shape[-1]
    size = normal.shape[-1] // groups
    d_grouped = ops.reshape(d_normal, (-1, groups, size))
    grouped = ops.reshape(normal, (-1, groups, size))
    along = ops.mean(d_grouped * grouped, axis=2, keepdims=True)
    centred = d_grouped - ops.mean(d_grouped, axis=2, keepdims=True) - grouped * along
    return ops.reshape(centred * ops.expand_dims(scale, 2), (-1, groups * size))


def norm_step(sums: Tensor, cell: Tensor, weights: NormWeights, mask: Tensor | None) -> NormStep:
    """Go one step from the sums of the gates.

    Args:
        sums: (B, 4H), gates i, g, f, o, without bias.
        cell: (B, H).
        weights: The forget bias is part of beta.
        mask: (B, H) factors of the candidate g; None: all 1.
    """
    normal, scale = normalize(sums, 4)
    i, g, f, o = split_gates(activate_gates(normal * weights.gamma + weights.beta))
    new_cell = f * cell + i * (g if mask is None else g * mask)
    shown, _ = normalize(new_cell, 1)
    hidden = o * ops.tanh(shown * weights.cell_gamma + weights.cell_beta)
    return NormStep(hidden, new_cell, normal, scale)


def norm_step_backward(
    d_hidden: Tensor,
    d_cell: Tensor,
    cell_before: Tensor,
    step: NormStep,
    weights: NormWeights,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor, NormWeights]:
    """Return the gradients of the sums, of the cell before, and of the weights.

    Args:
        d_hidden: (B, H), of the step's hidden.
        d_cell: (B, H), of the step's cell, as far as others read it.
        cell_before: (B, H).
        step: What the step gave; its hidden is not read.
        weights: See `norm_step`.
        mask: See `norm_step`.
    """
    i, g, f, o = split_gates(activate_gates(step.normal * weights.gamma + weights.beta))
    shown, shown_scale = normalize(step.cell, 1)
    squashed = ops.tanh(shown * weights.cell_gamma + weights.cell_beta)
    d_shown = d_hidden * o * (1 - squashed * squashed)
    d_cell = d_cell + normalize_backward(d_shown * weights.cell_gamma, shown, shown_scale)
    d_candidate = d_cell * i
    d_gates = ops.concatenate(
        [
            d_cell * (g if mask is None else g * mask) * i * (1 - i),
            (d_candidate if mask is None else d_candidate * mask) * (1 - g * g),
            d_cell * cell_before * f * (1 - f),
            d_hidden * squashed * o * (1 - o),
        ],
        axis=1,
    )
    d_weights = NormWeights(
        ops.sum(d_gates * step.normal, axis=0),
        ops.sum(d_gates, axis=0),
        ops.sum(d_shown * shown, axis=0),
        ops.sum(d_shown, axis=0),
    )
    d_sums = normalize_backward(d_gates * weights.gamma, step.normal, step.scale)
    return d_sums, d_cell * f, d_weights


def layer_norm_sequence(
    inputs: Tensor,
    constant: Tensor,
    state: LSTMState,
    input_kernel: Tensor,
    recurrent_kernel: Tensor,
    weights: NormWeights,
    *,
    lengths: Tensor | None = None,
    dropout: Dropout | None = None,
    product: backend.Product = ops.matmul,
) -> tuple[Tensor, LSTMState]:
    """Run a layer-norm LSTM over a sequence.

    With n the normalisation of each gate, a = gamma n(inputs W_x + hidden W_h + constant) + beta,
    c' = sigma(a_f) c + sigma(a_i) drop(tanh(a_g)), h' = sigma(a_o) tanh(gamma_c n(c') + beta_c).

    Args:
        inputs: (T, B, D).
        constant: (B, 4H), what is added to the sums at every step: the latent vector's product.
        state: The initial state.
        input_kernel: (D, 4H), W_x.
        recurrent_kernel: (H, 4H), W_h.
        weights: The forget bias is part of beta.
        lengths: (B,) int32. From its length on, a drawing keeps its state. None: all T steps.
        dropout: Recurrent dropout, in training.
        product: Of matrices; see `backend.product`.

    Returns:
        (T, B, H) hidden states and the last state. The gradient covers inputs, constant, state
        and all weights.

    Source:
        Ba, Kiros and Hinton (2016), "Layer Normalization", supplementary material.
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
        *norm: Tensor,
    ) -> Any:
        weights = NormWeights(*norm)
        steps = ops.arange(ops.shape(inputs)[0], dtype="int32")  # (T,)
        kernel = ops.concatenate([recurrent_kernel, input_kernel])  # (H + D, 4H)

        def forward(carry: tuple[Tensor, ...], at: tuple[Tensor, Tensor]) -> Any:
            hidden, cell = carry
            step, row = at
            sums = product(ops.concatenate([hidden, row], axis=1), kernel) + constant
            mask = None if dropout is None else dropout.mask(step, units)
            new = norm_step(sums, cell, weights, mask)
            kept = (new.hidden, new.cell)
            if lengths is not None:
                alive = ops.expand_dims(step < lengths, 1)  # (B, 1)
                kept = keep_ended(alive, kept, carry)
            return kept, (*kept, new.normal, new.scale)

        _, saved = backend.scan(forward, (hidden, cell), (steps, inputs), 4)
        hiddens, cells, normals, scales = saved
        outputs = (hiddens, hiddens[-1], cells[-1])

        def gradient(*upstream: Tensor) -> Any:
            d_hiddens, d_hidden, d_cell = upstream[0] if len(upstream) == 1 else upstream
            transposed = ops.transpose(recurrent_kernel)  # once, not at every step
            cells_before = shifted(cell, cells)

            def backward(carry: tuple[Tensor, ...], at: tuple[Tensor, ...]) -> Any:
                d_hidden, d_cell, *d_weights = carry
                step, cell, cell_before, normal, scale, d_output = at
                reached = (d_hidden + d_output, d_cell)
                alive = None if lengths is None else ops.expand_dims(step < lengths, 1)
                d_hidden, d_cell = only_alive(alive, reached)
                d_sums, d_cell, d_norm = norm_step_backward(
                    d_hidden,
                    d_cell,
                    cell_before,
                    NormStep(d_hidden, cell, normal, scale),
                    weights,
                    None if dropout is None else dropout.mask(step, units),
                )
                before = (product(d_sums, transposed), d_cell)
                if alive is not None:
                    before = keep_ended(alive, before, reached)
                summed = (a + b for a, b in zip(d_weights, d_norm, strict=True))
                return (*before, *summed), (d_sums,)

            zeros = tuple(ops.zeros_like(weight) for weight in weights)
            (d_first_hidden, d_first_cell, *d_weights), (d_sums,) = backend.scan(
                backward,
                (d_hidden, d_cell, *zeros),
                (steps, cells, cells_before, normals, scales, d_hiddens),
                1,
                reverse=True,
            )
            return (
                product(d_sums, ops.transpose(input_kernel)),
                ops.sum(d_sums, axis=0),
                d_first_hidden,
                d_first_cell,
                kernel_gradient(product, inputs, d_sums),
                kernel_gradient(product, shifted(hidden, hiddens), d_sums),
                *d_weights,
            )

        return outputs, gradient

    hiddens, hidden, cell = run(
        inputs, constant, state.hidden, state.cell, input_kernel, recurrent_kernel, *weights
    )
    return hiddens, LSTMState(hidden, cell)


def keep_ended(
    alive: Tensor, new: tuple[Tensor, ...], old: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Take the new values of drawings that go on, and the old ones of those that have ended."""
    return tuple(ops.where(alive, a, b) for a, b in zip(new, old, strict=True))


def only_alive(alive: Tensor | None, values: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Put 0 for drawings that have ended: no gradient goes through their steps."""
    if alive is None:
        return values
    return tuple(ops.where(alive, value, 0.0) for value in values)


def shifted(first: Tensor, sequence: Tensor) -> Tensor:
    """Return what stood before each step, (T, B, K), from the first (B, K) and what followed."""
    return ops.concatenate([ops.expand_dims(first, 0), sequence[:-1]])


class LayerNormLSTM(Recurrent):
    """The weights of one layer-norm LSTM, and its run over a sequence or one step.

    Args:
        units: H.
        input_size: D.
        latent_size: Length of a vector that joins the input at every step (z); 0 for none.
        forget_bias: Added to the forget gate at run time, after normalisation.
        dropout_rate: The share of the candidate g that is dropped in training.
        name: Name of the layer; the names of its weights begin with it.

    Weights, gates in the order i, g, f, o: `input_kernel` (D, 4H), `latent_kernel`
    (latent_size, 4H), `recurrent_kernel` (H, 4H), `gamma` and `beta` (4H,), `cell_gamma` and
    `cell_beta` (H,). There is no bias: normalisation would take it away.
    """

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
        """Make the weights: as an LSTM's; gamma 1, beta 0."""
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
        self.norm = [
            self.add_weight(shape=(size,), initializer=initializer, name=weight)
            for weight, size, initializer in (
                ("gamma", 4 * units, "ones"),
                ("beta", 4 * units, "zeros"),
                ("cell_gamma", units, "ones"),
                ("cell_beta", units, "zeros"),
            )
        ]
        self.built = True

    def norm_weights(self) -> NormWeights:
        """Return the weights of the normalisation, the forget bias in beta."""
        return with_forget_bias(self.norm, self.forget_bias)

    def constant(self, batch_size: Tensor, latent: Tensor | None) -> Tensor:
        """Return what every step adds to the sums, (B, 4H): the latent's product, or 0."""
        if latent is None:
            return ops.zeros((batch_size, 4 * self.units))
        return ops.matmul(latent, self.latent_kernel)

    def call(
        self,
        inputs: Tensor,
        state: LSTMState | None = None,
        latent: Tensor | None = None,
        lengths: Tensor | None = None,
        dropout_keys: Tensor | None = None,
    ) -> tuple[Tensor, LSTMState]:
        """Run over (T, B, D) inputs; arguments and results as `LSTM.call`."""
        batch_size = ops.shape(inputs)[1]
        return layer_norm_sequence(
            inputs,
            self.constant(batch_size, latent),
            self.zero_state(batch_size) if state is None else state,
            # values, not variables: TensorFlow lets no custom gradient touch a variable
            reading_kernel(inputs, self.input_kernel, self.latent_kernel),
            ops.copy(self.recurrent_kernel),
            self.norm_weights(),
            lengths=lengths,
            dropout=self.dropout(dropout_keys),
            product=self.product,
        )

    def step(self, row: Tensor, constant: Tensor, state: LSTMState) -> LSTMState:
        """Run one step without dropout: (B, D) inputs, (B, 4H) of `constant`, a state."""
        sums = ops.matmul(row, self.input_kernel) + constant
        sums = sums + ops.matmul(state.hidden, self.recurrent_kernel)
        new = norm_step(sums, state.cell, self.norm_weights(), None)
        return LSTMState(new.hidden, new.cell)


def with_forget_bias(norm: list[Any], forget_bias: float) -> NormWeights:
    """Return variables of a normalisation as values, the forget bias added to beta."""
    gamma, beta, cell_gamma, cell_beta = (ops.copy(weight) for weight in norm)
    shift = forget_shift(cell_gamma.shape[0], forget_bias)
    return NormWeights(gamma, beta + shift, cell_gamma, cell_beta)
