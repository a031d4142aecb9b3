"""How the learning rate and the weight of the KL term change with the step."""

from __future__ import annotations


def learning_rate_at(step: float, start: float, floor: float, decay: float) -> float:
    """Return (start - floor) decay^step + floor.

    >>> round(learning_rate_at(0, 1e-3, 1e-5, 0.9999), 6)
    0.001
    """
    return (start - floor) * decay**step + floor


def kl_weight_at(step: float, w_kl: float, eta_min: float, kl_decay: float) -> float:
    """Return w_KL eta(step), where eta = 1 - (1 - eta_min) R^step.

    Source:
        Ha and Eck (2017), section 3.3. The reference's weights, 0.01 growing to 0.5, are
        w_kl = 0.5 and eta_min = 0.02.

    >>> round(kl_weight_at(0, 0.5, 0.02, 0.99995), 6)
    0.01
    """
    return w_kl * (1 - (1 - eta_min) * kl_decay**step)
