"""Temperatures that differ by output, or change while a drawing is made.

A temperature is one number; or a schedule (first, last) or (first, last, steps), which goes evenly
from one to the other; or a mapping of "pi", "pen" and "sigma" to either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadSettingError
from sketchrnn.sampling.mixture import Temperature, temperature_rule

Array = NDArray[np.float32]

OUTPUTS = ("pi", "pen", "sigma")
"""What has a temperature: the choice of a component, the pen, and the deviations."""

Schedule = float | Sequence[float]
"""One temperature for all steps, or (first, last), or (first, last, steps)."""
TemperatureSpec = Schedule | Mapping[str, Schedule]


def temperature_steps(
    temperature: TemperatureSpec, rule: str, max_steps: int, longest: int
) -> list[Temperature]:
    """Return what a temperature does at every step of a drawing.

    Args:
        temperature: See the head of this module.
        rule: "paper", "magenta" or "js", for each output by itself.
        max_steps: T.
        longest: In how many steps a schedule that names no steps reaches its last temperature:
            the model's N_max, so that a smaller T cuts a drawing short and changes nothing before.

    Returns:
        T Temperatures. A schedule stays at its last temperature.

    Raises:
        BadSettingError: If a temperature or the rule cannot be used, or an output is missing or
            unknown.

    >>> steps = temperature_steps({"pi": 1, "pen": 0.25, "sigma": (1, 0, 3)}, "magenta", 4, 9)
    >>> [step.sigma_factor for step in steps], steps[0].pen_divisor
    ([1.0, 0.5, 0.0, 0.0], 0.25)
    """
    if not isinstance(temperature, Mapping):
        return [temperature_rule(tau, rule) for tau in _course(temperature, max_steps, longest)]
    for name in (*temperature, *OUTPUTS):
        if name not in OUTPUTS or name not in temperature:
            what = "unknown" if name not in OUTPUTS else "missing"
            raise BadSettingError(
                f"the temperature of {name!r} is {what}", hint=f"name {', '.join(OUTPUTS)}"
            )
    courses = (_course(temperature[name], max_steps, longest) for name in OUTPUTS)
    return [
        Temperature(
            temperature_rule(pi, rule).logits_divisor,
            temperature_rule(sigma, rule).sigma_factor,
            temperature_rule(pen, rule).logits_divisor,
        )
        for pi, pen, sigma in zip(*courses, strict=True)
    ]


def setting_rows(temperatures: Temperature | Sequence[Temperature], steps: int) -> Array:
    """Return (steps, 3) float32: the fields of each step's Temperature, for the loops."""
    if isinstance(temperatures, Temperature):
        temperatures = [temperatures] * steps
    return np.array([(t.logits_divisor, t.sigma_factor, t.pen_divisor) for t in temperatures], "f4")


def plain(temperature: TemperatureSpec) -> Any:
    """Return a temperature as JSON has it: a number, a list, or a mapping of either."""
    if isinstance(temperature, Mapping):
        return {str(name): plain(course) for name, course in temperature.items()}
    if isinstance(temperature, Sequence):
        return [plain(part) for part in temperature]
    return temperature.item() if isinstance(temperature, np.generic) else temperature


def _course(course: Schedule, max_steps: int, longest: int) -> list[float]:
    """Return the temperature of each step."""
    if isinstance(course, (int, float, np.number)):
        return [float(course)] * max_steps
    try:
        numbers = [float(part) for part in course]
        first, last = numbers[:2]
        steps = numbers[2] if len(numbers) == 3 else longest
        usable = len(numbers) <= 3 and steps >= 1 and steps % 1 == 0
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise BadSettingError(
            f"temperature is {course!r}, and must be a number, (first, last) or "
            "(first, last, steps), with steps from 1"
        )
    for tau in (first, last):  # a drawing may be too short to reach the last
        temperature_rule(tau)
    way = np.minimum(np.arange(max_steps) / max(1, steps - 1), 1.0)
    return [float(first + (last - first) * share) for share in way]
