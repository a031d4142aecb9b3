"""The HyperLSTM over a sequence, with a gradient of its own.

A smaller layer-norm LSTM runs beside the LSTM and at every step says by how much each of its sums
is multiplied (alpha) and shifted (beta). As in `recurrent`, the loop backwards collects the
gradients of all products, and each kernel's gradient is one matrix product in the end.

Shapes: T steps, B drawings, D inputs, H units, U units of the smaller LSTM, E its embedding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from sketchrnn.model import backend
from sketchrnn.model.layer_norm import (
    NormStep,
    NormWeights,
    keep_ended,
    norm_step,
    norm_step_backward,
    only_alive,
    shifted,
    with_forget_bias,
)
from sketchrnn.model.recurrent import (
    Dropout,
    JointGlorot,
    LSTMState,
    OrthogonalGates,
    Recurrent,
    kernel_gradient,
    reading_kernel,
)

Tensor = Any

SCALES, SHIFTS = 8, 4
"""Gates whose sums are scaled: four of the input, four of the state; and gates that are shifted."""
_FIRST_SCALE = 0.1
"""What every scale begins as: Cooijmans et al. (2017), who begin batch normalisation so."""
_SHIFT_DEVIATION = 0.01
_INNER_STREAM = 0x52DCE729
"""Told apart by this, the smaller LSTM's dropout shares no masks with the larger one's."""


class HyperWeights(NamedTuple):
    """The weights of a HyperLSTM as its steps use them.

    Attributes:
        input_kernel: (D, 4H).
        recurrent_kernel: (H, 4H).
        bias: (4H,).
        inner_kernel: (U + H + D, 4U): of the smaller LSTM's hidden, the larger one's, the input.
        embedding_kernel: (U, 12E): the scales' eight embeddings, then the shifts' four.
        embedding_bias: (12E,).
        modulation_kernel: (12, E, H), from each embedding to scales and shifts.
        norm: Of the larger LSTM.
        inner_norm: Of the smaller one.
    """

    input_kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor
    inner_kernel: Tensor
    embedding_kernel: Tensor
    embedding_bias: Tensor
    modulation_kernel: Tensor
    norm: NormWeights
    inner_norm: NormWeights


_KERNELS = len(HyperWeights._fields) - 2


class HyperStep(NamedTuple):
    """What a step gives, and what its gradient needs.

    Attributes:
        outer: The larger LSTM's.
        inner: The smaller one's.
        recurrent: (B, 4H), hidden W_h.
        embedding: (B, 12E).
    """

    outer: NormStep
    inner: NormStep
    recurrent: Tensor
    embedding: Tensor


def modulate(
    embedding: Tensor, kernel: Tensor, product: backend.Product = ops.matmul
) -> tuple[Tensor, Tensor, Tensor]:
    """Return scales of the input's sums, scales of the state's, and shifts, (B, 4H) each."""
    size = kernel.shape[1]
    parts = [
        product(embedding[:, k * size : (k + 1) * size], kernel[k]) for k in range(SCALES + SHIFTS)
    ]
    of_input, of_state, shift = (
        ops.concatenate(parts[first : first + 4], axis=1) for first in (0, 4, 8)
    )
    return of_input, of_state, shift


def hyper_step(
    row: Tensor,
    constant: Tensor,
    state: LSTMState,
    weights: HyperWeights,
    masks: tuple[Tensor | None, Tensor | None] = (None, None),
    product: backend.Product = ops.matmul,
) -> HyperStep:
    """Go one step.

    Args:
        row: (B, D).
        constant: (B, 4H + 4U), what is added to the input's sums of both LSTMs.
        state: (B, H + U) each.
        weights: See `HyperWeights`.
        masks: (B, H) and (B, U) factors of the candidates; None: all 1.
        product: Of matrices; see `backend.product`.
    """
    units = weights.recurrent_kernel.shape[0]
    hidden = state.hidden[:, :units]
    inner = norm_step(
        product(
            ops.concatenate([state.hidden[:, units:], hidden, row], axis=1), weights.inner_kernel
        )
        + constant[:, 4 * units :],
        state.cell[:, units:],
        weights.inner_norm,
        masks[1],
    )
    embedding = product(inner.hidden, weights.embedding_kernel) + weights.embedding_bias
    of_input, of_state, shift = modulate(embedding, weights.modulation_kernel, product)
    recurrent = product(hidden, weights.recurrent_kernel)
    of_row = product(row, weights.input_kernel) + constant[:, : 4 * units]
    sums = of_input * of_row + of_state * recurrent + shift + weights.bias
    outer = norm_step(sums, state.cell[:, :units], weights.norm, masks[0])
    return HyperStep(outer, inner, recurrent, embedding)


def hyper_sequence(
    inputs: Tensor,
    constant: Tensor,
    state: LSTMState,
    weights: HyperWeights,
    *,
    lengths: Tensor | None = None,
    dropout: Dropout | None = None,
    product: backend.Product = ops.matmul,
) -> tuple[Tensor, LSTMState]:
    """Run a HyperLSTM over a sequence.

    Args:
        inputs: (T, B, D).
        constant: (B, 4H + 4U), what is added to the input's sums at every step: the latent
            vector's product.
        state: The initial state, (B, H + U) each.
        weights: The forget bias is part of both betas.
        lengths: (B,) int32. From its length on, a drawing keeps its state. None: all T steps.
        dropout: Recurrent dropout of both LSTMs, in training.
        product: Of matrices; see `backend.product`.

    Returns:
        (T, B, H) hidden states and the last state. The gradient covers inputs, constant, state
        and all weights.

    Source:
        Ha, Dai and Le (2017), "HyperNetworks", appendix A.2.2: with dropout and layer norm.
    """
    units = weights.recurrent_kernel.shape[0]
    inner_units = weights.embedding_kernel.shape[0]
    size = weights.modulation_kernel.shape[1]
    inner_dropout = None
    if dropout is not None:
        stream = ops.convert_to_tensor(_INNER_STREAM, dtype="int32")
        inner_dropout = dropout._replace(keys=ops.bitwise_xor(dropout.keys, stream))

    def masks_at(step: Tensor) -> tuple[Tensor | None, Tensor | None]:
        if dropout is None or inner_dropout is None:
            return None, None
        return dropout.mask(step, units), inner_dropout.mask(step, inner_units)

    @ops.custom_gradient
    def run(
        inputs: Tensor, constant: Tensor, hidden: Tensor, cell: Tensor, *flat_weights: Tensor
    ) -> Any:
        weights = _gathered(flat_weights)
        steps = ops.arange(ops.shape(inputs)[0], dtype="int32")  # (T,)

        def forward(carry: tuple[Tensor, ...], at: tuple[Tensor, Tensor]) -> Any:
            step, row = at
            new = hyper_step(row, constant, LSTMState(*carry), weights, masks_at(step), product)
            kept = (
                ops.concatenate([new.outer.hidden, new.inner.hidden], axis=1),
                ops.concatenate([new.outer.cell, new.inner.cell], axis=1),
            )
            if lengths is not None:
                alive = ops.expand_dims(step < lengths, 1)  # (B, 1)
                kept = keep_ended(alive, kept, carry)
            normals = (new.outer.normal, new.outer.scale, new.inner.normal, new.inner.scale)
            return kept, (*kept, *normals, new.recurrent, new.embedding)

        _, saved = backend.scan(forward, (hidden, cell), (steps, inputs), 8)
        hiddens, cells = saved[:2]
        outputs = (hiddens[..., :units], hiddens[-1], cells[-1])

        def gradient(*upstream: Tensor) -> Any:
            d_hiddens, d_hidden, d_cell = upstream[0] if len(upstream) == 1 else upstream
            transposed = [  # once, not at every step
                ops.transpose(kernel)
                for kernel in (
                    weights.recurrent_kernel,
                    weights.inner_kernel[: inner_units + units],
                    weights.embedding_kernel,
                )
            ]
            back_modulation = ops.transpose(weights.modulation_kernel, (0, 2, 1))  # (12, H, E)

            def backward(carry: tuple[Tensor, ...], at: tuple[Tensor, ...]) -> Any:
                d_hidden, d_cell, *d_weights = carry
                step, row, cell, cell_before, *of_step, d_output = at
                normal, scale, inner_normal, inner_scale, recurrent, embedding = of_step
                d_shown = ops.concatenate(
                    [d_hidden[:, :units] + d_output, d_hidden[:, units:]], axis=1
                )
                reached = (d_shown, d_cell)
                alive = None if lengths is None else ops.expand_dims(step < lengths, 1)
                d_hidden, d_cell = only_alive(alive, reached)
                mask, inner_mask = masks_at(step)
                d_sums, d_outer_cell, d_norm = norm_step_backward(
                    d_hidden[:, :units],
                    d_cell[:, :units],
                    cell_before[:, :units],
                    NormStep(d_hidden, cell[:, :units], normal, scale),
                    weights.norm,
                    mask,
                )
                of_input, of_state, _ = modulate(embedding, weights.modulation_kernel, product)
                of_row = product(row, weights.input_kernel) + constant[:, : 4 * units]
                d_row = d_sums * of_input
                d_recurrent = d_sums * of_state
                d_modulation = ops.concatenate(
                    [d_sums * of_row, d_sums * recurrent, d_sums], axis=1
                )  # (B, 12H)
                d_embedding = ops.concatenate(
                    [
                        product(d_modulation[:, k * units : (k + 1) * units], back_modulation[k])
                        for k in range(SCALES + SHIFTS)
                    ],
                    axis=1,
                )
                d_inner_sums, d_inner_cell, d_inner_norm = norm_step_backward(
                    d_hidden[:, units:] + product(d_embedding, transposed[2]),
                    d_cell[:, units:],
                    cell_before[:, units:],
                    NormStep(d_hidden, cell[:, units:], inner_normal, inner_scale),
                    weights.inner_norm,
                    inner_mask,
                )
                d_state = product(d_inner_sums, transposed[1])  # (B, U + H)
                d_outer_hidden = product(d_recurrent, transposed[0]) + d_state[:, inner_units:]
                before = (
                    ops.concatenate([d_outer_hidden, d_state[:, :inner_units]], axis=1),
                    ops.concatenate([d_outer_cell, d_inner_cell], axis=1),
                )
                if alive is not None:
                    before = keep_ended(alive, before, reached)
                summed = (a + b for a, b in zip(d_weights, (*d_norm, *d_inner_norm), strict=True))
                collected = (d_row, d_recurrent, d_modulation, d_embedding, d_inner_sums)
                return (*before, *summed), collected

            zeros = tuple(ops.zeros_like(weight) for weight in (*weights.norm, *weights.inner_norm))
            (d_first_hidden, d_first_cell, *d_norms), collected = backend.scan(
                backward,
                (d_hidden, d_cell, *zeros),
                (steps, inputs, cells, shifted(cell, cells), *saved[2:], d_hiddens),
                5,
                reverse=True,
            )
            d_rows, d_recurrent, d_modulation, d_embedding, d_inner_sums = collected
            before = shifted(hidden, hiddens)  # (T, B, H + U)
            inner_inputs = ops.concatenate(
                [before[..., units:], before[..., :units], inputs], axis=2
            )
            inner_hiddens = hiddens[..., units:]
            d_modulation_kernel = ops.stack(
                [
                    kernel_gradient(
                        product,
                        saved[7][..., k * size : (k + 1) * size],
                        d_modulation[..., k * units : (k + 1) * units],
                    )
                    for k in range(SCALES + SHIFTS)
                ]
            )
            d_inputs = product(d_rows, ops.transpose(weights.input_kernel)) + product(
                d_inner_sums, ops.transpose(weights.inner_kernel[inner_units + units :])
            )
            d_constant = ops.concatenate([d_rows, d_inner_sums], axis=2)
            return (
                d_inputs,
                ops.sum(d_constant, axis=0),
                d_first_hidden,
                d_first_cell,
                kernel_gradient(product, inputs, d_rows),
                kernel_gradient(product, before[..., :units], d_recurrent),
                # the shifts are added to the sums as the bias is
                ops.sum(d_modulation[..., SCALES * units :], axis=(0, 1)),
                kernel_gradient(product, inner_inputs, d_inner_sums),
                kernel_gradient(product, inner_hiddens, d_embedding),
                ops.sum(d_embedding, axis=(0, 1)),
                d_modulation_kernel,
                *d_norms,
            )

        return outputs, gradient

    hiddens, hidden, cell = run(
        inputs,
        constant,
        state.hidden,
        state.cell,
        *weights[:_KERNELS],
        *weights.norm,
        *weights.inner_norm,
    )
    return hiddens, LSTMState(hidden, cell)


def _gathered(flat: tuple[Tensor, ...]) -> HyperWeights:
    """Put the weights back into their tuple; a custom gradient takes them one by one."""
    norms = flat[_KERNELS:]
    return HyperWeights._make((*flat[:_KERNELS], NormWeights(*norms[:4]), NormWeights(*norms[4:])))


class HyperLSTM(Recurrent):
    """The weights of one HyperLSTM, and its run over a sequence or one step.

    Args:
        units: H.
        input_size: D.
        latent_size: Length of a vector that joins the input at every step (z); 0 for none.
        hyper_units: U.
        hyper_embedding: E.
        forget_bias: Added to both forget gates at run time, after normalisation.
        dropout_rate: The share of both candidates g that is dropped in training.
        name: Name of the layer; the names of its weights begin with it.

    Weights, gates in the order i, g, f, o: `input_kernel` (D, 4H), `latent_kernel`
    (latent_size, 4H), `recurrent_kernel` (H, 4H), `bias`, `gamma` and `beta` (4H,), `cell_gamma`
    and `cell_beta` (H,). The same of the smaller LSTM begin with `hyper_`, with U in place of H
    and no bias, and `hyper_hidden_kernel` (H, 4U) reads the larger one. From the smaller one's
    hidden to the scales of the input's four sums, then of the state's: `scale_embedding_kernel`
    (U, 8E), `scale_embedding_bias` (8E,), `scale_kernel` (8, E, H); to the shifts:
    `shift_embedding_kernel` (U, 4E), `shift_kernel` (4, E, H).
    """

    def __init__(
        self,
        units: int,
        input_size: int,
        latent_size: int = 0,
        *,
        hyper_units: int,
        hyper_embedding: int,
        forget_bias: float,
        dropout_rate: float,
        name: str,
    ) -> None:
        """Make the weights; every sum is scaled by 0.1 at first, and not shifted."""
        super().__init__(units, units + hyper_units, dropout_rate, name)
        self.hyper_units = hyper_units
        self.forget_bias = forget_bias
        orthogonal = OrthogonalGates()
        self.latent_kernel = self.hyper_latent_kernel = None
        glorot = JointGlorot(input_size + latent_size, 4 * units)
        hyper_glorot = JointGlorot(input_size + latent_size + units, 4 * hyper_units)
        self.input_kernel = self._add("input_kernel", (input_size, 4 * units), glorot)
        if latent_size:
            self.latent_kernel = self._add("latent_kernel", (latent_size, 4 * units), glorot)
        self.recurrent_kernel = self._add("recurrent_kernel", (units, 4 * units), orthogonal)
        self.bias = self._add("bias", (4 * units,), "zeros")
        self.norm = self._add_norm("", units)
        self.hyper_input_kernel = self._add(
            "hyper_input_kernel", (input_size, 4 * hyper_units), hyper_glorot
        )
        if latent_size:
            self.hyper_latent_kernel = self._add(
                "hyper_latent_kernel", (latent_size, 4 * hyper_units), hyper_glorot
            )
        self.hyper_hidden_kernel = self._add(
            "hyper_hidden_kernel", (units, 4 * hyper_units), hyper_glorot
        )
        self.hyper_recurrent_kernel = self._add(
            "hyper_recurrent_kernel", (hyper_units, 4 * hyper_units), orthogonal
        )
        self.hyper_norm = self._add_norm("hyper_", hyper_units)
        constant = keras.initializers.Constant
        size = hyper_embedding
        self.scale_embedding_kernel = self._add(
            "scale_embedding_kernel", (hyper_units, SCALES * size), "zeros"
        )
        self.scale_embedding_bias = self._add("scale_embedding_bias", (SCALES * size,), "ones")
        self.scale_kernel = self._add(
            "scale_kernel", (SCALES, size, units), constant(_FIRST_SCALE / size)
        )
        self.shift_embedding_kernel = self._add(
            "shift_embedding_kernel",
            (hyper_units, SHIFTS * size),
            keras.initializers.RandomNormal(stddev=_SHIFT_DEVIATION),
        )
        self.shift_kernel = self._add("shift_kernel", (SHIFTS, size, units), "zeros")
        self.built = True

    def _add(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def _add_norm(self, prefix: str, units: int) -> list[Any]:
        return [
            self._add(f"{prefix}gamma", (4 * units,), "ones"),
            self._add(f"{prefix}beta", (4 * units,), "zeros"),
            self._add(f"{prefix}cell_gamma", (units,), "ones"),
            self._add(f"{prefix}cell_beta", (units,), "zeros"),
        ]

    def gathered(self, inputs: Tensor) -> HyperWeights:
        """Return the weights as the steps use them: values, not variables.

        Those that read the input read the latent vector too, where the inputs carry one.
        """
        inner_input = reading_kernel(inputs, self.hyper_input_kernel, self.hyper_latent_kernel)
        bias = ops.convert_to_tensor(self.scale_embedding_bias)
        scales = bias.shape[0]
        return HyperWeights(
            reading_kernel(inputs, self.input_kernel, self.latent_kernel),
            ops.copy(self.recurrent_kernel),
            ops.copy(self.bias),
            ops.concatenate([self.hyper_recurrent_kernel, self.hyper_hidden_kernel, inner_input]),
            ops.concatenate([self.scale_embedding_kernel, self.shift_embedding_kernel], axis=1),
            ops.concatenate([bias, ops.zeros((scales * SHIFTS // SCALES,))]),
            ops.concatenate([self.scale_kernel, self.shift_kernel]),
            with_forget_bias(self.norm, self.forget_bias),
            with_forget_bias(self.hyper_norm, self.forget_bias),
        )

    def constant(self, batch_size: Tensor, latent: Tensor | None) -> Tensor:
        """Return what every step adds to the sums, (B, 4H + 4U): the latent's product, or 0."""
        if latent is None:
            return ops.zeros((batch_size, 4 * self.state_size))
        kernel = ops.concatenate([self.latent_kernel, self.hyper_latent_kernel], axis=1)
        return ops.matmul(latent, kernel)

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
        return hyper_sequence(
            inputs,
            self.constant(batch_size, latent),
            self.zero_state(batch_size) if state is None else state,
            self.gathered(inputs),
            lengths=lengths,
            dropout=self.dropout(dropout_keys),
            product=self.product,
        )

    def step(self, row: Tensor, constant: Tensor, state: LSTMState) -> LSTMState:
        """Run one step without dropout: (B, D) inputs, (B, 4H + 4U) of `constant`, a state."""
        new = hyper_step(row, constant, state, self.gathered(row))
        return LSTMState(
            ops.concatenate([new.outer.hidden, new.inner.hidden], axis=1),
            ops.concatenate([new.outer.cell, new.inner.cell], axis=1),
        )
