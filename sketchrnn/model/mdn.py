"""The mixture density output: from the decoder's numbers to a distribution of pen offsets."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from keras import ops

Tensor = Any

LOG_SIGMA_BOUND = 10.0
"""Deviations stay within exp(-10) and exp(10) model units, so that no density overflows."""
CORRELATION_BOUND = 8.0
"""tanh(8) is 1 - 2.3e-7: the last correlation that float32 tells from 1."""


class Mixture(NamedTuple):
    """The parameters of a step before activation; shapes (..., M), pen_logits (..., 3)."""

    pi_logits: Tensor
    mu_x: Tensor
    mu_y: Tensor
    log_sigma_x: Tensor
    log_sigma_y: Tensor
    rho_logits: Tensor
    pen_logits: Tensor


def split_outputs(outputs: Tensor) -> Mixture:
    """Take the decoder's numbers apart.

    Args:
        outputs: (..., 3 + 6M): pen logits, then M each of pi, mu_x, mu_y, log sigma_x,
            log sigma_y and rho before its tanh, the order of the published models.

    Returns:
        The parameters, log sigma and rho within their bounds.
    """
    size = (outputs.shape[-1] - 3) // 6
    rows = [outputs[..., 3 + k * size : 3 + (k + 1) * size] for k in range(6)]
    pi_logits, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_logits = rows
    return Mixture(
        pi_logits,
        mu_x,
        mu_y,
        ops.clip(log_sigma_x, -LOG_SIGMA_BOUND, LOG_SIGMA_BOUND),
        ops.clip(log_sigma_y, -LOG_SIGMA_BOUND, LOG_SIGMA_BOUND),
        ops.clip(rho_logits, -CORRELATION_BOUND, CORRELATION_BOUND),
        outputs[..., :3],
    )


def log_density(mixture: Mixture, dx: Tensor, dy: Tensor) -> Tensor:
    """Return ln of the mixture's density at an offset, computed in logarithms throughout.

    Args:
        mixture: Parameters (..., M).
        dx: (...) offsets in model units.
        dy: (...) offsets in model units.

    Returns:
        (...) nats.

    Source:
        Graves (2013), equations 24 and 25. With rho = tanh(r), ln(1 - rho^2) is computed as
        2 ln 2 - 2 |r| - 2 ln(1 + exp(-2 |r|)), which does not cancel.
    """
    x = (ops.expand_dims(dx, -1) - mixture.mu_x) * ops.exp(-mixture.log_sigma_x)  # (..., M)
    y = (ops.expand_dims(dy, -1) - mixture.mu_y) * ops.exp(-mixture.log_sigma_y)
    r = ops.absolute(mixture.rho_logits)
    log_one_less = 2.0 * (math.log(2.0) - r - ops.log1p(ops.exp(-2.0 * r)))  # ln(1 - rho^2)
    rho = ops.tanh(mixture.rho_logits)
    # x^2 + y^2 - 2 rho x y, written as a sum of squares so that it is never negative
    square = ops.square(x - rho * y) * ops.exp(-log_one_less) + ops.square(y)
    log_normal = (
        -0.5 * square
        - math.log(2.0 * math.pi)
        - mixture.log_sigma_x
        - mixture.log_sigma_y
        - 0.5 * log_one_less
    )
    return ops.logsumexp(ops.log_softmax(mixture.pi_logits, axis=-1) + log_normal, axis=-1)


def activate(mixture: Mixture) -> dict[str, Tensor]:
    """Return pi, mu_x, mu_y, sigma_x, sigma_y, rho (..., M) and pen_probs (..., 3)."""
    return {
        "pi": ops.softmax(mixture.pi_logits, axis=-1),
        "mu_x": mixture.mu_x,
        "mu_y": mixture.mu_y,
        "sigma_x": ops.exp(mixture.log_sigma_x),
        "sigma_y": ops.exp(mixture.log_sigma_y),
        "rho": ops.tanh(mixture.rho_logits),
        "pen_probs": ops.softmax(mixture.pen_logits, axis=-1),
    }
