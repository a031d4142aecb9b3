"""Tells whether a drawing of a car has wheels.

A wheel is a stroke of its own that comes back to where it began, or has both ends on the body, is
about as wide as high, fills its box as an ellipse does, is small beside the car, and stands at the
underside of the rest. A car has wheels if two of them stand apart. What is drawn in another way,
as bays of the body's outline, a scribble, or several strokes, is not found: the share that is found
is a lower bound.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from sketchrnn.drawing import Drawing

SMALLEST, LARGEST = 0.05, 0.45
"""Of the car's longer side: how large a wheel is."""

NARROWEST = 0.4
"""Its shorter side for one of the longer."""

WIDEST_GAP = 0.45
"""Between its ends, for one of the longer side: hasty circles overshoot or stop short."""

TOUCH = 0.3
"""How far an end may be from the body that closes an arc, for one of the arc's longer side."""

ROUND = (0.6, 1.45)
"""Its area for that of an ellipse in its box: a square has 1.27, a triangle 0.64."""

REACH = 1.0
"""How far its centre may be from the underside above it, for one of its height."""

APART = 0.2
"""Two wheels' centres, for one of the car's width."""


def wheels(drawing: Drawing, first: int = 0) -> list[int]:
    """Find the wheels of a car.

    Args:
        drawing: Of any unit.
        first: The first stroke that may be a wheel: those before it were given.

    Returns:
        The numbers of the strokes, from left to right; of circles in one another the largest.
    """
    x_min, y_min, x_max, y_max = drawing.bounds
    side = max(x_max - x_min, y_max - y_min)
    if not side > 0:
        return []
    round_ones = [k for k, stroke in enumerate(drawing.strokes) if _is_round(stroke, side)]
    closed = [k for k in round_ones if _gap(drawing.strokes[k]) <= WIDEST_GAP]
    body = [stroke for k, stroke in enumerate(drawing.strokes) if k not in round_ones]
    if not body:
        return []
    ink = np.concatenate([_dense(stroke, side / 100) for stroke in body])
    if np.ptp(ink[:, 0]) < 0.5 * (x_max - x_min):  # no body
        return []
    found = [
        k
        for k in round_ones
        if k >= first
        and (k in closed or _ends_on(drawing.strokes[k], ink))
        and _is_below(drawing.strokes[k], ink, y_min, y_max)
    ]
    found.sort(key=lambda k: -np.ptp(drawing.strokes[k][:, 0]))
    apart: list[int] = []
    for k in found:
        if all(_distance(drawing, k, other) >= APART * (x_max - x_min) for other in apart):
            apart.append(k)
    return sorted(apart, key=lambda k: _center(drawing.strokes[k])[0])


def has_wheels(drawing: Drawing, first: int = 0) -> bool:
    """Tell whether a car has two wheels that stand apart; see `wheels`."""
    return len(wheels(drawing, first)) >= 2


def _is_round(stroke: np.ndarray, side: float) -> bool:
    width, height = np.ptp(stroke, axis=0)
    longer, shorter = max(width, height), min(width, height)
    if not (SMALLEST * side <= longer <= LARGEST * side and shorter >= NARROWEST * longer):
        return False
    x, y = (stroke - stroke[0]).T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return bool(ROUND[0] <= area / (math.pi / 4 * width * height) <= ROUND[1])


def _gap(stroke: np.ndarray) -> float:
    """Return how far its ends are apart, for one of its longer side."""
    return math.dist(stroke[0], stroke[-1]) / float(np.ptp(stroke, axis=0).max())


def _ends_on(stroke: np.ndarray, ink: np.ndarray) -> bool:
    near = TOUCH * np.ptp(stroke, axis=0).max()
    return all(np.linalg.norm(ink - end, axis=1).min() <= near for end in (stroke[0], stroke[-1]))


def _is_below(stroke: np.ndarray, ink: np.ndarray, top: float, bottom: float) -> bool:
    """Tell whether a round stroke stands at the underside of the rest, in the lower half."""
    low, high = stroke.min(axis=0), stroke.max(axis=0)
    center, half = (low[1] + high[1]) / 2, (high[0] - low[0]) / 2
    above = ink[(ink[:, 0] >= low[0] - half) & (ink[:, 0] <= high[0] + half)]
    if not len(above) or center < (top + bottom) / 2:
        return False
    return bool(abs(center - above[:, 1].max()) <= REACH * (high[1] - low[1]))


def _center(stroke: np.ndarray) -> np.ndarray:
    return (stroke.min(axis=0) + stroke.max(axis=0)) / 2


def _distance(drawing: Drawing, one: int, other: int) -> float:
    return abs(_center(drawing.strokes[one])[0] - _center(drawing.strokes[other])[0])


def _dense(stroke: np.ndarray, spacing: float) -> np.ndarray:
    """Return the points of a stroke and, between them, others at most `spacing` apart."""
    parts = [stroke[:1]]
    for a, b in itertools.pairwise(stroke):
        count = max(1, math.ceil(math.dist(a, b) / spacing))
        parts.append(a + np.arange(1, count + 1)[:, None] / count * (b - a))
    return np.concatenate(parts)
