"""Geometry of strokes: fitting, simplifying, resampling, flattening curves.

Everything here takes and returns (n, 2) arrays of points, x to the right and y down, in whatever
unit they come. A dot, a stroke whose points all coincide, is never dropped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing.errors import BadSettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def bounds(strokes: Sequence[Points]) -> tuple[float, float, float, float]:
    """Return (x_min, y_min, x_max, y_max) of all points; four zeros where there are none."""
    if not strokes:
        return (0.0, 0.0, 0.0, 0.0)
    points = np.concatenate(strokes)
    x_min, y_min = points.min(axis=0)
    x_max, y_max = points.max(axis=0)
    return (float(x_min), float(y_min), float(x_max), float(y_max))


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


def simplify(strokes: Sequence[Points], epsilon: float, *, endless: bool = False) -> list[Points]:
    """Simplify strokes after Ramer, Douglas and Peucker, all segments of all strokes at once.

    Each round finds, for every open segment, the point farthest from it, and splits there if that
    point lies beyond `epsilon`. Distances are to the segment, not to the endless line through it,
    so that every point dropped lies within `epsilon` of what is kept, hooks included. Rounds are
    as many as the deepest stroke needs, and no stroke is deep enough to exhaust a stack.

    Args:
        strokes: (n, 2) arrays, n >= 1.
        epsilon: The tolerance, in units of the points. 0 drops only points on a straight line.
        endless: Measure to the endless line instead, as Quick, Draw! did; a hook that runs back
            along its line may be lost.

    Returns:
        One array a stroke: a subset of its points, with the first and the last.

    Raises:
        BadSettingError: If `epsilon` is negative or not finite.

    Source:
        Ramer (1972), Douglas and Peucker (1973).
    """
    if not strokes:
        check_epsilon(epsilon)
        return []
    counts = [len(stroke) for stroke in strokes]
    points = np.concatenate(strokes)
    keep = kept_points(points, counts, epsilon, endless=endless)
    ends = list(itertools.accumulate(counts))
    return [
        points[end - count : end][keep[end - count : end]]
        for end, count in zip(ends, counts, strict=True)
    ]


def check_epsilon(epsilon: float) -> None:
    """Refuse a tolerance that is negative or not finite.

    Raises:
        BadSettingError: If it is.
    """
    if not (epsilon >= 0 and math.isfinite(epsilon)):
        raise BadSettingError(f"epsilon is {epsilon}, and must be a number of 0 or more")


def kept_points(
    points: Points, counts: Sequence[int], epsilon: float, *, endless: bool = False
) -> NDArray[np.bool_]:
    """Tell which points a simplification keeps; see `simplify`.

    Args:
        points: (N, 2) points of any number of strokes, of one drawing or many, end to end.
        counts: How many points each stroke has, >= 1.
        epsilon: The tolerance.
        endless: As for `simplify`.

    Returns:
        (N,) true for what is kept.

    Raises:
        BadSettingError: If `epsilon` is negative or not finite.
    """
    check_epsilon(epsilon)
    return _weights(points, counts, epsilon, endless) > epsilon


def weights(points: Points, counts: Sequence[int]) -> NDArray[np.float64]:
    """Return for each point the tolerance from which on a simplification drops it.

    The farthest point of a segment does not depend on the tolerance, so that one descent to the
    bottom answers for every one of them: `simplify` with epsilon keeps what weighs more.

    Args:
        points: (N, 2) points of strokes, end to end.
        counts: How many points each stroke has, >= 1.

    Returns:
        (N,) weights; infinite for the ends of strokes, 0 for points on a straight line.
    """
    return _weights(points, counts, 0.0, False)


_SMALL = 128
"""With so many points to look at, arrays cost more in overhead than a loop over numbers."""

_LARGE = 2.0**200
"""Beyond it squares of squares overflow, and points are scaled, by a power of 2, exactly."""


def _weights(
    points: Points, counts: Sequence[int], epsilon: float, endless: bool
) -> NDArray[np.float64]:
    """Return the weights of points, those of at most `epsilon` perhaps as 0."""
    largest = float(np.abs(points).max(initial=0.0))
    unit = 2.0 ** math.frexp(largest)[1] if largest > _LARGE else 1.0
    if unit != 1.0:
        points, epsilon = points / unit, epsilon / unit
    squares = _descend(points, counts, epsilon * epsilon, endless)
    result: NDArray[np.float64] = np.sqrt(squares) * unit
    return result


def _descend(
    points: Points, counts: Sequence[int], threshold: float, endless: bool
) -> NDArray[np.float64]:
    """Split all segments of all strokes, round by round; return squares of weights (N,)."""
    if len(points) <= _SMALL:
        squares = np.zeros(len(points))
        ends = list(itertools.accumulate(counts))
        todo = [(end - n, end - 1, math.inf) for end, n in zip(ends, counts, strict=True)]
        for start, end, _ in todo:
            squares[start] = squares[end] = np.inf
        _descend_few(points[:, 0], points[:, 1], todo, squares, threshold, endless)
        return squares
    sizes = np.asarray(counts)
    last = np.cumsum(sizes) - 1
    first = last - sizes + 1
    squares = np.zeros(len(points))
    squares[first] = squares[last] = np.inf
    x, y = np.ascontiguousarray(points.T)
    inherited = np.full(len(first), np.inf)
    while True:
        wide = last - first > 1
        first, last, inherited = first[wide], last[wide], inherited[wide]
        inner = last - first - 1  # points strictly inside each segment, >= 1
        if inner.sum() <= _SMALL:
            todo = list(zip(first.tolist(), last.tolist(), inherited.tolist(), strict=True))
            _descend_few(x, y, todo, squares, threshold, endless)
            return squares
        starts = np.cumsum(inner) - inner
        index = np.arange(inner.sum()) + np.repeat(first + 1 - starts, inner)
        chord_x, chord_y = x[last] - x[first], y[last] - y[first]
        length = chord_x * chord_x + chord_y * chord_y
        away_x, away_y = (
            x[index] - np.repeat(x[first], inner),
            y[index] - np.repeat(y[first], inner),
        )
        chord_x, chord_y = np.repeat(chord_x, inner), np.repeat(chord_y, inner)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if endless:
                across = away_x * chord_y - away_y * chord_x
                distance = across * across / np.repeat(length, inner)
                point = np.repeat(length == 0, inner)
                if point.any():
                    distance[point] = (away_x * away_x + away_y * away_y)[point]
            else:
                along = (away_x * chord_x + away_y * chord_y) / np.repeat(length, inner)
                along[np.repeat(length == 0, inner)] = 0.0
                along = np.minimum(np.maximum(along, 0.0), 1.0)
                away_x -= along * chord_x
                away_y -= along * chord_y
                distance = away_x * away_x + away_y * away_y
        farthest = np.maximum.reduceat(distance, starts)
        # the first of several equally far, so that the result does not depend on the grouping
        at_peak = np.flatnonzero(distance == np.repeat(farthest, inner))
        peak = at_peak[np.searchsorted(at_peak, starts)]
        split = farthest > threshold
        middle = index[peak[split]]
        weight = np.minimum(farthest, inherited)[split]
        squares[middle] = weight
        first = np.concatenate([first[split], middle])
        last = np.concatenate([middle, last[split]])
        inherited = np.concatenate([weight, weight])


def _descend_few(
    across: NDArray[np.float64],
    down: NDArray[np.float64],
    todo: list[tuple[int, int, float]],
    squares: NDArray[np.float64],
    threshold: float,
    endless: bool,
) -> None:
    """Split segments (first, last, inherited), operation by operation as `_descend` does."""
    while todo:
        offset, end, weight = todo.pop()
        if end - offset > 1:
            few = [(0, end - offset, weight)]
            x = across[offset : end + 1].tolist()
            y = down[offset : end + 1].tolist()
            for index, square in _descend_one(x, y, few, threshold, endless):
                squares[offset + index] = square


def _descend_one(
    x: list[float],
    y: list[float],
    todo: list[tuple[int, int, float]],
    threshold: float,
    endless: bool,
) -> Iterator[tuple[int, float]]:
    """Yield (index, square of its weight) of the points of one segment that weigh more."""
    while todo:
        first, last, inherited = todo.pop()
        start_x, start_y = x[first], y[first]
        chord_x, chord_y = x[last] - start_x, y[last] - start_y
        length = chord_x * chord_x + chord_y * chord_y
        farthest, middle = -1.0, first
        for index in range(first + 1, last):
            away_x, away_y = x[index] - start_x, y[index] - start_y
            if length == 0:
                distance = away_x * away_x + away_y * away_y
            elif endless:
                across = away_x * chord_y - away_y * chord_x
                distance = across * across / length
            else:
                along = (away_x * chord_x + away_y * chord_y) / length
                if along > 1.0:
                    away_x -= chord_x
                    away_y -= chord_y
                elif along > 0.0:
                    away_x -= along * chord_x
                    away_y -= along * chord_y
                distance = away_x * away_x + away_y * away_y
            if distance > farthest:
                farthest, middle = distance, index
        if farthest > threshold:
            weight = min(farthest, inherited)
            yield middle, weight
            if middle - first > 1:
                todo.append((first, middle, weight))
            if last - middle > 1:
                todo.append((middle, last, weight))


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

    Source:
        The bound of the chord error by the second derivative: a curve cut into n equal parts of
        its parameter strays at most max|B''| / (8 n^2), where max|B''| is 6 times the greater
        second difference of the control points.
    """
    bend = max(abs(start - 2 * one + two), abs(one - 2 * two + end))
    pieces = max(1, math.ceil(math.sqrt(6 * bend / (8 * tolerance)))) if bend else 1
    t = np.linspace(0.0, 1.0, pieces + 1)
    s = 1 - t
    curve = s**3 * start + 3 * s * s * t * one + 3 * s * t * t * two + t**3 * end
    curve[0], curve[-1] = start, end
    return np.column_stack([curve.real, curve.imag])
