"""Simplifying strokes after Ramer, Douglas and Peucker: exact, for one stroke or for millions.

A segment is split at the point farthest from it as long as that point lies beyond the tolerance.
Two ways lead through the same arithmetic to the same bits, each where it is the quicker: a loop
over numbers for a few points, and array operations over all segments of all strokes at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing.errors import BadSettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

_FEW_POINTS = 150
"""With so many points to look at, the cost of calls outweighs that of a loop over numbers."""

_LARGE = 2.0**200
"""Beyond it squares of squares overflow, and points are scaled, by a power of 2, exactly."""

Segment = tuple[int, int, float]
"""The first and the last point, and the least square of the weights above."""


def simplify(strokes: Sequence[Points], epsilon: float, *, endless: bool = False) -> list[Points]:
    """Simplify strokes after Ramer, Douglas and Peucker.

    Each round finds, for every open segment, the point farthest from it, and splits there if that
    point lies beyond `epsilon`. Distances are to the segment, not to the endless line through it,
    so that every point dropped lies within `epsilon` of what is kept, hooks included. No stroke is
    deep enough to exhaust a stack.

    Args:
        strokes: (n, 2) arrays, n >= 1.
        epsilon: The tolerance, in units of the points. 0 drops only points on a straight line.
        endless: Measure to the endless line instead, as Quick, Draw! did; a hook that runs back
            along its line may be lost.

    Returns:
        One array a stroke: a subset of its points, with the first and the last. A stroke that
        loses none is returned itself.

    Raises:
        BadSettingError: If `epsilon` is negative or not finite.

    Source:
        Ramer (1972), Douglas and Peucker (1973).
    """
    check_epsilon(epsilon)
    counts = [len(stroke) for stroke in strokes]
    if sum(counts) <= _FEW_POINTS:
        return [_simplify_few(stroke, epsilon, endless) for stroke in strokes]
    points = np.concatenate(strokes)
    keep = kept_points(points, counts, epsilon, endless=endless)
    ends = list(itertools.accumulate(counts))
    return [
        stroke[keep[end - count : end]]
        for stroke, end, count in zip(strokes, ends, counts, strict=True)
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
    points, unit = _scaled(points)
    return _descend(points, counts, (epsilon / unit) ** 2, endless) > 0


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
    points, unit = _scaled(points)
    result: NDArray[np.float64] = np.sqrt(_descend(points, counts, 0.0, False)) * unit
    return result


def _scaled(points: Points) -> tuple[Points, float]:
    """Return points whose distances can be squared, and the unit that they are in."""
    largest = float(np.abs(points).max(initial=0.0))
    if largest <= _LARGE:
        return points, 1.0
    unit = 2.0 ** math.frexp(largest)[1]
    return points / unit, unit


def _simplify_few(stroke: Points, epsilon: float, endless: bool) -> Points:
    """Simplify one short stroke."""
    count = len(stroke)
    if count < 3:
        return stroke
    x, y = stroke.T.tolist()
    if not max(max(x), max(y), -min(x), -min(y)) <= _LARGE:
        return stroke[kept_points(stroke, [count], epsilon, endless=endless)]
    found: list[tuple[int, float]] = []
    _loop(x, y, (0, count - 1, math.inf), epsilon**2, endless, found)
    if len(found) == count - 2:
        return stroke
    return stroke.take([0, *sorted(index for index, _ in found), count - 1], axis=0)


def _descend(
    points: Points, counts: Sequence[int], threshold: float, endless: bool
) -> NDArray[np.float64]:
    """Split all segments of all strokes, round by round.

    In each round the points stand in one row, cut into segments at those that are kept. What lies
    between two strokes, or between two open segments, is a segment of one point: it is at no
    distance, and never split. When half of the points lie in segments that are not split any more,
    they are left out of the row.

    Args:
        points: (N, 2) points.
        counts: Points of each stroke.
        threshold: The square of the tolerance.
        endless: As for `simplify`.

    Returns:
        (N,) squares of weights; 0 for points that weigh no more than the tolerance.
    """
    ends = np.cumsum(counts)
    squares = np.zeros(len(points))
    squares[ends - 1] = squares[ends - counts] = np.inf
    cut = squares > 0
    row = np.ascontiguousarray(points.T)  # (2, n)
    index = np.arange(len(points))
    inherited = np.full(len(points), np.inf)  # of the segment that begins at a point
    with np.errstate(over="ignore"):  # division by the square of a length that is hardly a number
        while row.shape[1] > _FEW_POINTS:
            bounds = np.flatnonzero(cut)
            starts, sizes = bounds[:-1], np.diff(bounds)
            distance = _distances(row, bounds, sizes, endless)
            farthest = np.maximum.reduceat(distance, starts)
            split = farthest > threshold
            # the first of several equally far, so that the result does not depend on the grouping
            top = np.repeat(np.where(split, farthest, -1.0), sizes)
            at_top = np.flatnonzero(distance == top)
            starts = starts[split]
            middle = at_top[np.searchsorted(at_top, starts)]
            weight = np.minimum(farthest[split], inherited[starts])
            squares[index[middle]] = inherited[middle] = inherited[starts] = weight
            cut[middle] = True
            if 2 * sizes[split].sum() < row.shape[1]:
                stays = np.append(np.repeat(split, sizes), False)
                stays[bounds[1:][split]] = True
                row, cut, index, inherited = (
                    row[:, stays], cut[stays], index[stays], inherited[stays],
                )  # fmt: skip
    if len(index):
        _finish(row, cut, index, inherited, threshold, endless, squares)
    return squares


def _distances(
    row: NDArray[np.float64], bounds: NDArray[np.int64], sizes: NDArray[np.int64], endless: bool
) -> NDArray[np.float64]:
    """Return the squares of the distances of points from their segments.

    Args:
        row: (2, n) points.
        bounds: (k + 1,) where segments end and the next begin; the first is 0, the last n - 1.
        sizes: (k,) points of each segment, without its end.
        endless: Whether segments are endless lines.

    Returns:
        (n - 1,) squares; 0 for the ends of segments.
    """
    ends = row[:, bounds]
    chord = ends[:, 1:] - ends[:, :-1]
    length = chord[0] * chord[0] + chord[1] * chord[1]
    point = length == 0
    length[point] = 1.0  # then `along` is 0
    table = np.repeat(np.concatenate([ends[:, :-1], chord, length[None]]), sizes, axis=1)
    away, chord, length = row[:, :-1] - table[:2], table[2:4], table[4]
    if endless:
        across = away[0] * chord[1] - away[1] * chord[0]
        line: NDArray[np.float64] = across * across / length
        if not point.any():
            return line
        away *= away
        return np.where(np.repeat(point, sizes), away[0] + away[1], line)
    along = away * chord
    along = (along[0] + along[1]) / length
    np.minimum(along, 1.0, out=along)
    np.maximum(along, 0.0, out=along)
    away -= along * chord
    away *= away
    return away[0] + away[1]


def _finish(
    row: NDArray[np.float64],
    cut: NDArray[np.bool_],
    index: NDArray[np.int64],
    inherited: NDArray[np.float64],
    threshold: float,
    endless: bool,
    squares: NDArray[np.float64],
) -> None:
    """Split the few points that are left to the bottom."""
    bounds = np.flatnonzero(cut)
    x, y = row.tolist()
    found: list[tuple[int, float]] = []
    least = inherited[bounds].tolist()
    for first, last, weight in zip(bounds[:-1].tolist(), bounds[1:].tolist(), least, strict=False):
        if last - first > 1:
            _loop(x, y, (first, last, weight), threshold, endless, found)
    if found:
        middles, found_weights = zip(*found, strict=True)
        squares[index[list(middles)]] = found_weights


def _loop(
    x: list[float],
    y: list[float],
    segment: Segment,
    threshold: float,
    endless: bool,
    found: list[tuple[int, float]],
) -> None:
    """Split a segment to the bottom, number by number.

    Args:
        x: Of its points.
        y: Of its points.
        segment: Its ends, as indices of `x` and `y`.
        threshold: The square of the tolerance.
        endless: As for `simplify`.
        found: (index, square of its weight) of points that weigh more is appended here.
    """
    todo = [segment]
    while todo:
        first, last, inherited = todo.pop()
        start_x, start_y = x[first], y[first]
        chord_x, chord_y = x[last] - start_x, y[last] - start_y
        length = chord_x * chord_x + chord_y * chord_y
        farthest = -1.0
        middle = first
        for index in range(first + 1, last):
            away_x = x[index] - start_x
            away_y = y[index] - start_y
            if endless and length:
                across = away_x * chord_y - away_y * chord_x
                distance = across * across / length
            else:
                along = away_x * chord_x + away_y * chord_y
                if along > 0.0:  # else the first end is the nearest
                    if along < length:
                        along /= length
                        away_x -= along * chord_x
                        away_y -= along * chord_y
                    else:
                        away_x -= chord_x
                        away_y -= chord_y
                distance = away_x * away_x + away_y * away_y
            if distance > farthest:
                farthest = distance
                middle = index
        if farthest > threshold:
            weight = farthest if farthest < inherited else inherited
            found.append((middle, weight))
            if middle - first > 1:
                todo.append((first, middle, weight))
            if last - middle > 1:
                todo.append((middle, last, weight))
