"""Geometry of strokes: fitting, simplifying, resampling, flattening curves.

Everything here takes and returns (n, 2) arrays of points, x to the right and y down, in whatever
unit they come. A dot, a stroke whose points all coincide, is never dropped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing.errors import BadDrawingError, BadSettingError
from sketchrnn.drawing.simplification import check_epsilon, kept_points, simplify, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

__all__ = [
    "bounds",
    "check_epsilon",
    "fit_transform",
    "flatten_cubic",
    "flatten_segments",
    "flatten_strokes",
    "kept_points",
    "resample",
    "simplify",
    "walk",
    "weights",
]


def bounds(points: Points) -> tuple[float, float, float, float]:
    """Return (x_min, y_min, x_max, y_max) of (n, 2) points; four zeros where there are none."""
    if not len(points):
        return (0.0, 0.0, 0.0, 0.0)
    x_min, y_min = points.min(axis=0).tolist()
    x_max, y_max = points.max(axis=0).tolist()
    return (x_min, y_min, x_max, y_max)


def fit_transform(
    box: tuple[float, float, float, float], size: tuple[float, float], margin: float = 0.0
) -> tuple[float, float, float]:
    """Return the uniform scale and the shift that centre a box in a page.

    Args:
        box: (x_min, y_min, x_max, y_max) of what is fitted.
        size: (width, height) of the page.
        margin: Left free on all four sides, in units of the page.

    Returns:
        (scale, shift_x, shift_y): a point p goes to scale * p + shift. What has no size (a dot,
        an empty drawing) keeps scale 1.

    Raises:
        BadSettingError: If the page or what its margins leave is not positive.
    """
    width, height = (float(side) - 2 * margin for side in size)
    if not (width > 0 and height > 0 and margin >= 0 and math.isfinite(width + height)):
        raise BadSettingError(
            f"a page of {size[0]:g} x {size[1]:g} with a margin of {margin:g} leaves no room",
            hint="enlarge the page or make the margin smaller",
        )
    x_min, y_min, x_max, y_max = box
    ratios = [
        room / side for room, side in ((width, x_max - x_min), (height, y_max - y_min)) if side > 0
    ]
    ratios = [ratio for ratio in ratios if math.isfinite(ratio)]  # a subnormal side has no ratio
    scale = min(ratios, default=1.0)
    shift_x = margin + width / 2 - scale * (x_min + x_max) / 2
    shift_y = margin + height / 2 - scale * (y_min + y_max) / 2
    return scale, shift_x, shift_y


def resample(stroke: Points, spacing: float) -> Points:
    """Place points along a stroke at equal distances.

    Args:
        stroke: (n, 2) points.
        spacing: The wanted distance between neighbours; the real one is the nearest that divides
            the stroke's length into equal parts.

    Returns:
        (m, 2) points with the stroke's first and last point. A dot stays as it is.

    Raises:
        BadSettingError: If `spacing` is not positive.
    """
    if not (spacing > 0 and math.isfinite(spacing)):
        raise BadSettingError(f"spacing is {spacing}, and must be a number above 0")
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    total = travelled[-1]
    if total == 0:
        return stroke
    count = max(1, round(total / spacing))
    at = np.linspace(0.0, total, count + 1)
    result = np.column_stack([np.interp(at, travelled, stroke[:, axis]) for axis in (0, 1)])
    result[0], result[-1] = stroke[0], stroke[-1]
    return result


def walk(stroke: Points, spacing: float) -> Points:
    """Place points along a stroke at exact steps, and one at its end.

    Unlike those of `resample`, all steps but the last are of the same length.

    Args:
        stroke: (n, 2) points.
        spacing: The distance of neighbours, along the stroke.

    Returns:
        (m, 2) points at 0, 1, 2, … times `spacing`, and the stroke's last point. A dot stays.
    """
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    total = travelled[-1]
    if total == 0:
        return stroke
    at = np.append(np.arange(0.0, total, spacing), total)
    return np.column_stack([np.interp(at, travelled, stroke[:, axis]) for axis in (0, 1)])


def flatten_cubic(
    start: complex, one: complex, two: complex, end: complex, tolerance: float
) -> Points:
    """Return points on a cubic Bezier curve that follow it within a tolerance.

    Args:
        start: The first point, x + iy.
        one: The first control point.
        two: The second control point.
        end: The last point.
        tolerance: The greatest distance of the curve from the polyline, in the curve's units.

    Returns:
        (n, 2) points, n >= 2, with the first and the last.
    """
    points, _ = flatten_strokes([[(start,), (start, one, two, end)]], tolerance)
    return points


Segment = tuple[complex, ...]
"""(..., end) of a line, or (start, control, control, end) of a cubic Bezier curve, x + iy."""


def flatten_strokes(
    strokes: Sequence[Sequence[Segment]], tolerance: float, most: int | None = None
) -> tuple[Points, list[int]]:
    """Return points along strokes made of lines and curves, all curves at once.

    Args:
        strokes: Segments of each; the first is its first point alone.
        tolerance: The greatest distance of a curve from its polyline, in the strokes' units.
        most: How many points there may be.

    Returns:
        (N, 2) points of all strokes, end to end, and how many each stroke has.

    Raises:
        BadDrawingError: If there are more than `most`.

    Source:
        The bound of the chord error by the second derivative: a curve cut into n equal parts of
        its parameter strays at most max|B''| / (8 n^2), where max|B''| is 6 times the greater
        second difference of the control points.
    """
    parts = list(itertools.chain.from_iterable(strokes))
    curved = np.array([len(part) == 4 for part in parts], dtype=bool)
    corners = np.array([part for part in parts if len(part) == 4], dtype=np.complex128)
    ends = np.array([part[-1] for part in parts], dtype=np.complex128)
    sizes = np.array([len(stroke) for stroke in strokes], dtype=np.int64)
    return flatten_segments(curved, corners.reshape(-1, 4).T, ends, sizes, tolerance, most)


def flatten_segments(
    curved: NDArray[np.bool_],
    corners: NDArray[np.complex128],
    ends: NDArray[np.complex128],
    sizes: NDArray[np.int64],
    tolerance: float,
    most: int | None = None,
) -> tuple[Points, list[int]]:
    """Do as `flatten_strokes` does with segments in arrays.

    Args:
        curved: (n,) which segments are curves. The first of a stroke is its first point.
        corners: (4, c) the points of each curve in turn, beginning with where it starts.
        ends: (n,) where each segment ends.
        sizes: How many segments each stroke has.
        tolerance: As there.
        most: As there.

    Returns:
        As there.

    Raises:
        BadDrawingError: As there.
    """
    steps = np.ones(len(ends))
    steps[curved] = _pieces(corners, tolerance)
    if most is not None and not steps.sum() <= most:
        raise BadDrawingError(f"has more than {most:,} points")
    flat = steps.astype(np.int64)
    places = np.cumsum(flat)
    result = np.empty(int(places[-1]) if len(places) else 0, dtype=np.complex128)
    if len(corners[0]):
        pieces = flat[curved]
        index = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 1
        t = index * np.repeat(1.0 / pieces, pieces)
        s = 1 - t
        start, one, two, end = np.repeat(corners, pieces, axis=1)
        points = s**3 * start + 3 * s * s * t * one + 3 * s * t * t * two + t**3 * end
        result[np.repeat(curved, flat)] = points
    result[places - 1] = ends
    counts: list[int] = np.diff(places[np.cumsum(sizes) - 1], prepend=0).tolist()
    return result.view(np.float64).reshape(-1, 2), counts


def _pieces(corners: NDArray[np.complex128], tolerance: float) -> NDArray[np.float64]:
    """Return how many points each of some curves (4, n) adds to its stroke."""
    start, one, two, end = corners
    bends = np.stack([start - 2 * one + two, one - 2 * two + end])
    bend = np.hypot(bends.real, bends.imag).max(axis=0)
    return np.maximum(np.ceil(np.sqrt(6 * bend / (8 * tolerance))), 1.0)
