"""What temperature means, and how numbers between 0 and 1 pick a step from a mixture."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadSettingError

TEMPERATURE_RULES = ("paper", "magenta", "js")
_COLDEST = 1e-6
"""Logits are divided by at least this: at temperature 0 the likeliest is taken."""


@dataclasses.dataclass(frozen=True)
class Temperature:
    """What a temperature does to the parameters of a step.

    Attributes:
        logits_divisor: Divides the logits of pi and of the pen.
        sigma_factor: Multiplies both deviations.
    """

    logits_divisor: float
    sigma_factor: float


def temperature_rule(temperature: float, rule: str = "paper") -> Temperature:
    """Return what a temperature does, by one of the three rules in use.

    Args:
        temperature: tau, from 0 (the likeliest drawing) to 1 (as learned) and above.
        rule: "paper": logits / tau, sigma sqrt(tau). "magenta", the reference's Python code:
            logits / tau, sigma tau. "js", sketch-rnn-js: logits / (1/2 + tau/2), sigma sqrt(tau).

    Raises:
        BadSettingError: If the temperature is negative or not finite, or the rule unknown.

    >>> temperature_rule(0.25, "js")
    Temperature(logits_divisor=0.625, sigma_factor=0.5)
    """
    if not (temperature >= 0 and math.isfinite(temperature)):
        raise BadSettingError(f"temperature is {temperature}, and must be a number of 0 or more")
    if rule not in TEMPERATURE_RULES:
        raise BadSettingError(
            f"unknown temperature rule {rule!r}", hint=f"use {', '.join(TEMPERATURE_RULES)}"
        )
    divisor = 0.5 + temperature / 2 if rule == "js" else temperature
    factor = temperature if rule == "magenta" else math.sqrt(temperature)
    return Temperature(max(divisor, _COLDEST), factor)


def sampling_noise(seed: int, number: int, max_steps: int) -> NDArray[np.float32]:
    """Return the random numbers of one drawing, the same on every backend and in every batch.

    Args:
        seed: Of the request.
        number: Of the drawing in it.
        max_steps: T.

    Returns:
        (T, 4) float32: two uniform in [0, 1), which pick component and pen; two normal.
    """
    key = np.array([seed, number], dtype="u8")
    generator = np.random.Generator(np.random.Philox(key=key, counter=1 << 128))
    uniform = generator.random((max_steps, 2), dtype=np.float32)
    normal = generator.standard_normal((max_steps, 2), dtype=np.float32)
    return np.concatenate([uniform, normal], axis=1)


def pick_step(
    outputs: NDArray[np.float32], noise: NDArray[np.float32], temperature: Temperature
) -> NDArray[np.float32]:
    """Draw one step of each drawing.

    Args:
        outputs: (B, 3 + 6M) numbers of the decoder.
        noise: (B, 4) as `sampling_noise`, one row a drawing.
        temperature: What it does.

    Returns:
        (B, 5) stroke-5 rows in model units.
    """
    size = (outputs.shape[1] - 3) // 6
    pen = pick_index(outputs[:, :3] / np.float32(temperature.logits_divisor), noise[:, 1])
    pi_logits, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_logits = (
        outputs[:, 3 + k * size : 3 + (k + 1) * size] for k in range(6)
    )
    component = pick_index(pi_logits / np.float32(temperature.logits_divisor), noise[:, 0])
    rows = np.arange(len(outputs))
    factor = np.float32(temperature.sigma_factor)
    sigma_x = np.exp(np.clip(log_sigma_x[rows, component], -10, 10)) * factor
    sigma_y = np.exp(np.clip(log_sigma_y[rows, component], -10, 10)) * factor
    rho = np.tanh(np.clip(rho_logits[rows, component], -8, 8))
    first, second = noise[:, 2], noise[:, 3]
    result = np.zeros((len(outputs), 5), dtype=np.float32)
    result[:, 0] = mu_x[rows, component] + sigma_x * first
    along = rho * first + np.sqrt(np.maximum(0, 1 - rho * rho)) * second
    result[:, 1] = mu_y[rows, component] + sigma_y * along
    result[rows, 2 + pen] = 1
    return result


def pick_index(logits: NDArray[np.float32], uniform: NDArray[np.float32]) -> NDArray[Any]:
    """Pick an index by its probability: the first whose cumulated share exceeds the number.

    Args:
        logits: (B, K).
        uniform: (B,) in [0, 1).

    Returns:
        (B,) indices; never beyond the last that has any probability.
    """
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    cumulated = np.cumsum(shares, axis=1)
    target = uniform[:, None] * cumulated[:, -1:]
    return np.minimum((cumulated <= target).sum(axis=1), logits.shape[1] - 1)
