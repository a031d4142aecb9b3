"""Simplifying strokes after Ramer, Douglas and Peucker: for one stroke or for millions.

A segment is split at the point farthest from it as long as that point lies beyond the tolerance.
Three ways lead through the same arithmetic to the same bits, each where it is the quicker: array
operations along one long segment, array operations over all other segments of all strokes at once,
and a loop over numbers where there are few points altogether.
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

_FEW_POINTS = 200
"""With so many points to look at, the cost of calls outweighs that of a loop over numbers."""

_LONG = 128
"""A segment with more points between its ends is looked at by itself."""

_DEEPEST = 1000
"""Splits above a long segment after which one is made in its middle, not at the farthest point.

A zigzag loses one point a split, and would take time that grows with the square of its length. So
the plain algorithm's answer is not given there, but one that keeps a few points more; all points
dropped lie within the tolerance as ever. Drawings by hand are some dozens deep."""

_LARGE = 2.0**200
"""Beyond it squares of squares overflow, and points are scaled, by a power of 2, exactly."""

Segment = tuple[int, int, float]
"""The first and the last point, and the least square of the weights above."""

Segments = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]"]
"""The first point of each, how many are between its ends, and the least square above it."""


def simplify(strokes: Sequence[Points], epsilon: float, *, endless: bool = False) -> list[Points]:
    """Simplify strokes after Ramer, Douglas and Peucker.

    Each round finds, for every open segment, the point farthest from it, and splits there if that
    point lies beyond `epsilon`. Distances are to the segment, not to the endless line through it,
    so that every point dropped lies within `epsilon` of what is kept, hooks included. The answer is
    the plain algorithm's, but of strokes that it splits more than 1,000 deep, zigzags of thousands
    of points, of which a few points more are kept: see `_DEEPEST`.

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
    points: Points,
    counts: Sequence[int] | NDArray[np.int64],
    epsilon: float,
    *,
    endless: bool = False,
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
    points: Points, counts: Sequence[int] | NDArray[np.int64], threshold: float, endless: bool
) -> NDArray[np.float64]:
    """Split all segments of all strokes to the bottom.

    Args:
        points: (N, 2) points.
        counts: Points of each stroke.
        threshold: The square of the tolerance.
        endless: As for `simplify`.

    Returns:
        (N,) squares of weights; 0 for points that weigh no more than the tolerance.
    """
    ends: NDArray[np.int64] = np.cumsum(counts)
    firsts: NDArray[np.int64] = ends - counts
    squares = np.zeros(len(points))
    squares[ends - 1] = squares[firsts] = np.inf
    axes = np.ascontiguousarray(points.T)  # (2, N)
    segments = _open(firsts, ends - firsts - 2, np.full(len(ends), np.inf))
    with np.errstate(over="ignore"):  # division by the square of a length that is hardly a number
        if len(segments[1]) and segments[1].max() > _LONG:
            segments = _split_long(axes, segments, threshold, endless, squares)
        while segments[1].sum() > _FEW_POINTS:
            segments = _split_round(axes, segments, threshold, endless, squares)
    for first, size, weight in zip(*(part.tolist() for part in segments), strict=True):
        x, y = axes[:, first : first + size + 2].tolist()
        found: list[tuple[int, float]] = []
        _loop(x, y, (0, size + 1, weight), threshold, endless, found)
        for middle, square in found:
            squares[first + middle] = square
    return squares


def _open(
    firsts: NDArray[np.int64], sizes: NDArray[np.int64], weights: NDArray[np.float64]
) -> Segments:
    """Return the segments that have points between their ends."""
    some = sizes > 0
    return firsts[some], sizes[some], weights[some]


def _split_long(
    axes: NDArray[np.float64],
    segments: Segments,
    threshold: float,
    endless: bool,
    squares: NDArray[np.float64],
) -> Segments:
    """Split long segments, one after the other, until all are short.

    Args:
        axes: (2, N) points.
        segments: All segments.
        threshold: The square of the tolerance.
        endless: As for `simplify`.
        squares: (N,) where the squares of weights go.

    Returns:
        The segments to go on with.
    """
    short = segments[1] <= _LONG
    todo = [(*s, 0) for s in zip(*(part[~short].tolist() for part in segments), strict=True)]
    found: list[tuple[int, int, float]] = []
    while todo:
        first, size, inherited, depth = todo.pop()
        last = first + size + 1
        start = axes[:, first : first + 1]
        chord = axes[:, last : last + 1] - start
        chord_x, chord_y = chord.ravel().tolist()
        length = chord_x * chord_x + chord_y * chord_y
        away = axes[:, first + 1 : last] - start
        distance = _distances(away, chord, length or 1.0, endless and length > 0)
        above = int(distance.argmax())  # the first of several equally far, as everywhere
        farthest = float(distance[above])
        if not farthest > threshold:
            continue
        depth += 1
        if depth > _DEEPEST:
            above, depth = size // 2, _DEEPEST - _LONG
        middle = first + above + 1
        squares[middle] = weight = min(farthest, inherited)
        for part in ((first, above, weight), (middle, size - 1 - above, weight)):
            if part[1] > _LONG:
                todo.append((*part, depth))
            else:
                found.append(part)
    if not found:
        return segments[0][short], segments[1][short], segments[2][short]
    firsts, sizes, weights = (np.array(values) for values in zip(*found, strict=True))
    return _open(
        np.concatenate([segments[0][short], firsts]),
        np.concatenate([segments[1][short], sizes]),
        np.concatenate([segments[2][short], weights]),
    )


def _split_round(
    axes: NDArray[np.float64],
    segments: Segments,
    threshold: float,
    endless: bool,
    squares: NDArray[np.float64],
) -> Segments:
    """Split each segment once, where it is to be split; as `_split_long`."""
    firsts, sizes, inherited = segments
    ends = np.cumsum(sizes)
    starts = ends - sizes
    index = np.arange(1, ends[-1] + 1) + np.repeat(firsts - starts, sizes)
    start = axes.take(firsts, axis=1)
    chord = axes.take(firsts + sizes + 1, axis=1) - start
    length = chord[0] * chord[0] + chord[1] * chord[1]
    point = length == 0
    length[point] = 1.0
    table = np.repeat(np.concatenate([start, chord, length[None]]), sizes, axis=1)
    away = axes.take(index, axis=1)
    away -= table[:2]
    if endless and point.any():
        line = _distances(away.copy(), table[2:4], table[4], True)
        near = _distances(away, table[2:4], table[4], False)
        distance = np.where(np.repeat(point, sizes), near, line)
    else:
        distance = _distances(away, table[2:4], table[4], endless)
    farthest = np.maximum.reduceat(distance, starts)
    split = farthest > threshold
    # the first of several equally far, so that the result does not depend on the grouping
    at_top = np.flatnonzero(distance == np.repeat(farthest, sizes))
    place = at_top[np.searchsorted(at_top, starts[split])]
    middle = index[place]
    firsts = firsts[split]
    above = middle - firsts - 1
    weight = np.minimum(farthest[split], inherited[split])
    squares[middle] = weight
    return _open(
        np.concatenate([firsts, middle]),
        np.concatenate([above, sizes[split] - 1 - above]),
        np.concatenate([weight, weight]),
    )


def _distances(
    away: NDArray[np.float64],
    chord: NDArray[np.float64],
    length: NDArray[np.float64] | float,
    endless: bool,
) -> NDArray[np.float64]:
    """Return the squares of the distances of points from their segments.

    Args:
        away: (2, …) from the first end of its segment to each point; used up.
        chord: (2, …) from there to the last end; it is broadcast.
        length: Its square; 1 where it is 0.
        endless: Whether segments are endless lines.
    """
    if endless:
        across = away[0] * chord[1]
        across -= away[1] * chord[0]
        across *= across
        across /= length
        return across
    parts = away * chord
    along = np.add(parts[0], parts[1])
    along /= length
    np.minimum(along, 1.0, out=along)
    np.maximum(along, 0.0, out=along)
    np.multiply(along, chord, out=parts)
    away -= parts
    away *= away
    return np.add(away[0], away[1], out=along)


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
