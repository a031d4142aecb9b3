"""What temperature means, and how numbers between 0 and 1 pick a step from a mixture."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadSettingError

Array = NDArray[np.float32]

LOG_SIGMA_BOUND = 10.0
CORRELATION_BOUND = 8.0
"""The bounds of `model.mdn`, which cannot be imported without Keras."""
TEMPERATURE_RULES = ("paper", "magenta", "js")
_COLDEST = 1e-30
"""Logits are divided by at least this: at temperature 0 the likeliest is taken, however near the
next one is, and float32 does not overflow."""
_HOTTEST = 1e6
"""Beyond this, far above any use, deviations would come near the end of float32."""


@dataclasses.dataclass(frozen=True)
class Temperature:
    """What a temperature does to the parameters of a step.

    Attributes:
        logits_divisor: Divides the logits of pi.
        sigma_factor: Multiplies both deviations.
        pen_divisor: Divides the logits of the pen; not given, it is `logits_divisor`.
    """

    logits_divisor: float
    sigma_factor: float
    pen_divisor: float = -1.0

    def __post_init__(self) -> None:
        """Give the pen the divisor of pi, if it has none."""
        if self.pen_divisor < 0:
            object.__setattr__(self, "pen_divisor", self.logits_divisor)


def temperature_rule(temperature: float, rule: str = "paper") -> Temperature:
    """Return what a temperature does, by one of the three rules in use.

    Args:
        temperature: tau, from 0 (the likeliest drawing) to 1 (as learned) and above.
        rule: "paper": logits / tau, sigma sqrt(tau). "magenta", the reference's Python code:
            logits / tau, sigma tau. "js", sketch-rnn-js: logits / (1/2 + tau/2), sigma sqrt(tau).

    Raises:
        BadSettingError: If the temperature is negative, not finite or absurdly large, or the rule
            unknown.

    >>> temperature_rule(0.25, "js")
    Temperature(logits_divisor=0.625, sigma_factor=0.5, pen_divisor=0.625)
    """
    if not 0 <= temperature <= _HOTTEST:
        raise BadSettingError(
            f"temperature is {temperature}, and must be a number from 0 to {_HOTTEST:,.0f}",
            hint="0.2 to 1 is usual",
        )
    if rule not in TEMPERATURE_RULES:
        raise BadSettingError(
            f"unknown temperature rule {rule!r}", hint=f"use {', '.join(TEMPERATURE_RULES)}"
        )
    divisor = 0.5 + temperature / 2 if rule == "js" else temperature
    factor = temperature if rule == "magenta" else math.sqrt(temperature)
    return Temperature(max(divisor, _COLDEST), factor)


def sampling_noise(seed: int, number: int, max_steps: int) -> NDArray[np.float32]:
    """Return the random numbers of one drawing, the same on every backend and in every batch.

    Row t depends on seed, number and t alone: a smaller limit of steps cuts a drawing short, and
    changes nothing before.

    Args:
        seed: Of the request.
        number: Of the drawing in it.
        max_steps: T.

    Returns:
        (T, 4) float32: two uniform in [0, 1), which pick component and pen; two normal.
    """
    key = np.array([seed, number], dtype="u8")
    # streams apart, from each other and from `latent_noise`, which begins at counter 0
    first, second = (
        np.random.Generator(np.random.Philox(key=key, counter=stream << 128)) for stream in (1, 2)
    )
    uniform = first.random((max_steps, 2), dtype=np.float32)
    normal = second.standard_normal((max_steps, 2), dtype=np.float32)
    return np.concatenate([uniform, normal], axis=1)


class Mixture(NamedTuple):
    """The parameters of B steps before activation: (B, M) each, pen_logits (B, 3)."""

    pi_logits: Array
    mu_x: Array
    mu_y: Array
    log_sigma_x: Array
    log_sigma_y: Array
    rho_logits: Array
    pen_logits: Array


def split_outputs(outputs: Array) -> Mixture:
    """Take the decoder's numbers (B, 3 + 6M) apart, as `model.mdn.split_outputs` does."""
    size = (outputs.shape[1] - 3) // 6
    rows = [outputs[:, 3 + k * size : 3 + (k + 1) * size] for k in range(6)]
    return Mixture(
        rows[0],
        rows[1],
        rows[2],
        np.clip(rows[3], -LOG_SIGMA_BOUND, LOG_SIGMA_BOUND),
        np.clip(rows[4], -LOG_SIGMA_BOUND, LOG_SIGMA_BOUND),
        np.clip(rows[5], -CORRELATION_BOUND, CORRELATION_BOUND),
        outputs[:, :3],
    )


def pick_step(outputs: Array, noise: Array, temperature: Temperature) -> Array:
    """Draw one step of each drawing.

    Args:
        outputs: (B, 3 + 6M) numbers of the decoder.
        noise: (B, 4) as `sampling_noise`, one row a drawing.
        temperature: What it does.

    Returns:
        (B, 5) stroke-5 rows in model units.
    """
    size = (outputs.shape[1] - 3) // 6
    pen = pick_index(outputs[:, :3] / np.float32(temperature.pen_divisor), noise[:, 1])
    pi = outputs[:, 3 : 3 + size] / np.float32(temperature.logits_divisor)
    component = pick_index(pi, noise[:, 0])
    rows = np.arange(len(outputs))
    # the five numbers of the component that is picked: mu, log sigma, rho before activation
    places = component[:, None] + np.arange(3 + size, 3 + 6 * size, size)
    mu_x, mu_y, log_x, log_y, r = outputs[rows[:, None], places].T
    bounded = np.array((log_x, log_y)).clip(-LOG_SIGMA_BOUND, LOG_SIGMA_BOUND)
    sigma_x, sigma_y = np.exp(bounded) * np.float32(temperature.sigma_factor)
    first, second = noise[:, 2], noise[:, 3]
    r = r.clip(-CORRELATION_BOUND, CORRELATION_BOUND)
    # rho = tanh r, and sqrt(1 - rho^2) = 1 / cosh r, which does not cancel
    along = np.tanh(r) * first + second / np.cosh(r)
    result = np.zeros((len(outputs), 5), dtype=np.float32)
    result[:, 0] = mu_x + sigma_x * first
    result[:, 1] = mu_y + sigma_y * along
    result[rows, 2 + pen] = 1
    return result


def pick_index(logits: Array, uniform: Array) -> NDArray[Any]:
    """Pick an index by its probability: the first whose cumulated share exceeds the number.

    Args:
        logits: (B, K).
        uniform: (B,) in [0, 1).

    Returns:
        (B,) indices; never beyond the last that has any probability.
    """
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    cumulated = shares.cumsum(axis=1)
    target = uniform[:, None] * cumulated[:, -1:]
    return np.minimum((cumulated <= target).sum(axis=1), logits.shape[1] - 1)
