"""What training minimises and evaluation reports.

Shapes: T rows of the longest drawing of the batch with its end row, B drawings, time first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from sketchrnn.model import mdn

Tensor = Any

MAGENTA_EPSILON = 1e-6
"""What the reference adds to a density before its logarithm."""


class StepLosses(NamedTuple):
    """Negative log-likelihood of every row, each (T, B) in nats, nothing masked."""

    offset: Tensor
    pen: Tensor


def step_losses(outputs: Tensor, targets: Tensor, *, epsilon: float = 0.0) -> StepLosses:
    """Return the losses of every row.

    Args:
        outputs: (T, B, 3 + 6M) of the decoder.
        targets: (T, B, 5) stroke-5 rows to be predicted, in model units.
        epsilon: Added to the density: the reference's 1e-6 for parity, else 0.

    Returns:
        offset: -ln of the mixture's density; pen: softmax cross-entropy.
    """
    mixture = mdn.split_outputs(outputs)
    log_density = mdn.log_density(mixture, targets[..., 0], targets[..., 1])
    if epsilon:
        log_density = ops.log(ops.exp(log_density) + epsilon)
    log_pen = ops.log_softmax(mixture.pen_logits, axis=-1)
    return StepLosses(-log_density, -ops.sum(targets[..., 2:] * log_pen, axis=-1))


def drawing_losses(losses: StepLosses, lengths: Tensor) -> StepLosses:
    """Sum the losses over each drawing: offsets of its N_s points, pen of those and the end row.

    Args:
        losses: (T, B) each, with T > N_s for every drawing.
        lengths: (B,) int32, N_s.

    Returns:
        (B,) each, in nats. What follows the end row counts nothing.
    """
    step = ops.expand_dims(ops.arange(ops.shape(losses.offset)[0], dtype="int32"), 1)  # (T, 1)
    points = step < lengths
    with_end = step <= lengths
    return StepLosses(
        ops.sum(ops.where(points, losses.offset, 0.0), axis=0),
        ops.sum(ops.where(with_end, losses.pen, 0.0), axis=0),
    )


def kl_divergence(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """Return the divergence of each latent from the standard normal, (B, z_size) nats.

    Source:
        Kingma and Welling (2014), appendix B.
    """
    return -0.5 * (1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))


def magenta_sums(losses: StepLosses, targets: Tensor, *, training: bool) -> Tensor:
    """Return each drawing's sum of losses as the reference counts it, (B,).

    Its reconstruction loss is the mean of these over the batch, / N_max.

    Args:
        losses: (N_max, B) each, computed with the reference's epsilon.
        targets: (N_max, B, 5).
        training: In training the pen loss counts on padding too; in evaluation it is masked like
            the offset loss, so that the end row is not scored.
    """
    present = 1.0 - targets[..., 4]
    pen = losses.pen if training else losses.pen * present
    return ops.sum(losses.offset * present + pen, axis=0)
