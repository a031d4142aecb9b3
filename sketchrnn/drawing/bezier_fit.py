"""Smooth curves through strokes: cubic Bezier segments that stay within a tolerance.

A polygon that came from simplifying a curve lies within the tolerance of that curve, and so a
smooth curve can be drawn within the same tolerance of the polygon. What cannot be such a curve's
polygon, a sharp bend between long edges, is a corner and stays one.

A curve here is an array (k, 4, 2): k segments of four control points, each segment starting where
the one before it ends. The unit is that of the stroke.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing.errors import BadSettingError
from sketchrnn.drawing.geometry import flatten_cubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

CORNER = 40.0
"""Degrees by which a stroke must turn at a point for it to be a corner."""

_HARD_CORNER = 100.0
"""Degrees beyond which a turn is a corner however short its edges are, if the tolerance sees it."""

_SLIGHT = 10.0
"""Degrees below which no bend is a corner."""

_STIFF = 3.0
"""Tolerances of bulge beyond which also a slight bend is a corner: rounding it would take many
short segments, and nobody would see it."""

_ROUNDS = 4  # of moving parameters to where the curve is nearest, before a stretch is cut in two
_SAMPLES = 6  # of an edge at the least
_STRETCH_SAMPLES = 24  # of a stretch, about


def fit_curve(stroke: Points, tolerance: float, corner: float = CORNER) -> Points:
    """Fit cubic Bezier segments to a stroke.

    Curve and stroke stay within the tolerance of one another all along: a point that walks along
    the stroke and one that walks along the curve need never be farther apart (the Frechet
    distance). The bound is computed, not sampled. First and last point are the stroke's own.

    Args:
        stroke: (n, 2) points.
        tolerance: The greatest distance, in units of the points, above 0.
        corner: The turn in degrees from which on a bend may be a corner.

    Returns:
        (k, 4, 2) control points. A dot is one segment whose points coincide.

    Raises:
        BadSettingError: If the tolerance or the angle cannot be used.

    Source:
        After Schneider (1990), "An algorithm for automatically fitting digitized curves", with
        ends that are free where no neighbour asks for a tangent, and a bound in place of samples.

    >>> fit_curve(np.array([(0.0, 0.0), (4.0, 3.0), (8.0, 0.0)]), 0.1).shape  # a corner stays
    (2, 4, 2)
    """
    if not (tolerance > 0 and math.isfinite(tolerance)):
        raise BadSettingError(f"tolerance is {tolerance}, and must be a number above 0")
    if not 0 < corner <= 180:
        raise BadSettingError(f"corner is {corner}, and must be an angle from 0 to 180 degrees")
    moves = np.append(True, (np.diff(stroke, axis=0) != 0).any(axis=1))
    points = stroke[moves]
    if len(points) == 1:
        return np.repeat(points[:1], 4, axis=0)[None]
    # around the middle and of size 1, so that no square over- or underflows
    origin = points[0]
    unit = float(np.abs(points - origin).max())
    local = (points - origin) / unit
    allowed = max(tolerance / unit, 1e-9)
    segments: list[Points] = []
    for piece, start, end in _pieces(local, allowed, corner):
        segments += _fit_piece(piece, start, end, allowed)
    curve = np.stack(segments) * unit + origin
    curve[0, 0], curve[-1, 3] = points[0], points[-1]
    curve[1:, 0] = curve[:-1, 3]
    return curve


def flatten_curve(curve: Points, tolerance: float) -> Points:
    """Return points (n, 2) on a curve (k, 4, 2) that follow it within a tolerance."""
    parts = [
        flatten_cubic(a, b, c, d, tolerance)
        for a, b, c, d in (curve[:, :, 0] + 1j * curve[:, :, 1]).tolist()
    ]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def corners(points: Points, tolerance: float, corner: float = CORNER) -> NDArray[np.bool_]:
    """Say at which points a stroke (n, 2), n >= 2, without repeated points, has a corner.

    An arc whose polygon turns by an angle at a point bulges beyond the shorter edge there by half
    its length times the tangent of a quarter of the angle. Where that is more than the tolerance,
    no smooth curve within it goes through.

    Returns:
        (n,) true for corners; first and last point, which are none, are false.
    """
    edges = np.diff(points, axis=0)
    lengths = np.hypot(*edges.T)
    turns = np.abs(_turns(edges[:-1], edges[1:]))
    bulge = np.minimum(lengths[:-1], lengths[1:]) / 2 * np.tan(turns / 4)
    sharp = (turns >= math.radians(corner)) & (bulge > tolerance)
    hard = (turns >= math.radians(_HARD_CORNER)) & (2 * bulge > tolerance)
    result = np.zeros(len(points), dtype=bool)
    stiff = (turns >= math.radians(_SLIGHT)) & (bulge > _STIFF * tolerance)
    result[1:-1] = sharp | hard | stiff
    return result


def _turns(before: Points, after: Points) -> NDArray[np.float64]:
    """Return the angles in radians, -pi to pi, by which edges (n, 2) turn into the next ones."""
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns: NDArray[np.float64] = np.arctan2(cross, (before * after).sum(axis=1))
    return turns


Tangent = tuple[float, float] | None


def _pieces(
    points: Points, tolerance: float, corner: float
) -> list[tuple[Points, Tangent, Tangent]]:
    """Cut a stroke at its corners; return the pieces with the tangents at their ends."""
    cuts = [0, *np.flatnonzero(corners(points, tolerance, corner)).tolist(), len(points) - 1]
    joint: Tangent = None
    if len(points) > 3 and (points[0] == points[-1]).all():  # closed: is the seam smooth?
        around = np.stack([points[-2], points[0], points[1]])
        if not corners(around, tolerance, corner)[1]:
            joint = _tangent(*around.tolist())
    return [
        (
            points[start : end + 1],
            joint if start == 0 else None,
            joint if end == len(points) - 1 else None,
        )
        for start, end in itertools.pairwise(cuts)
    ]


def _tangent(before: list[float], at: list[float], after: list[float]) -> tuple[float, float]:
    """Return the unit tangent, at the middle one, of the circle-like curve through three points."""
    ax, ay = at[0] - before[0], at[1] - before[1]
    bx, by = after[0] - at[0], after[1] - at[1]
    a, b = math.hypot(ax, ay), math.hypot(bx, by)
    if not (a and b):  # points so close that they have been rounded to one
        length = a + b or 1.0
        return ((ax + bx) / length, (ay + by) / length)
    x, y = ax / a * b + bx / b * a, ay / a * b + by / b * a
    length = math.hypot(x, y)
    if length < 1e-9 * (a + b):  # straight back
        return (ax / a, ay / a)
    return (x / length, y / length)


def _fit_piece(points: Points, start: Tangent, end: Tangent, tolerance: float) -> list[Points]:
    """Fit a stretch without corners; tangents point along the stroke, None leaves an end free."""
    samples, at_vertex = _sample(points)
    done: list[Points] = []
    todo = [(0, len(samples) - 1, start, end)]
    while todo:
        first, last, start, end = todo.pop()
        part = samples[first : last + 1]
        segment, worst = _fit_segment(part, start, end, tolerance)
        if worst is None:
            done.append(segment)
            continue
        middle = first + worst
        tangent = _tangent_at(samples, at_vertex, middle)
        todo.append((middle, last, tangent, end))
        todo.append((first, middle, start, tangent))
    return done


def _sample(points: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Place points on the edges; return (m, 2) of them and which ones were given."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    step = lengths.sum() / _STRETCH_SAMPLES
    counts = np.clip(np.ceil(lengths / step), _SAMPLES, _STRETCH_SAMPLES).astype(int)
    at = np.concatenate([i + np.arange(n) / n for i, n in enumerate(counts)] + [[len(lengths)]])
    index = np.arange(len(points))
    samples = np.column_stack([np.interp(at, index, points[:, axis]) for axis in (0, 1)])
    return samples, at == np.floor(at)


def _tangent_at(samples: Points, at_vertex: NDArray[np.bool_], index: int) -> tuple[float, float]:
    """Return the tangent of a stroke at an inner sample."""
    before, after = index - 1, index + 1
    if at_vertex[index]:  # the whole edges tell more than their ends
        while before > 0 and not at_vertex[before]:
            before -= 1
        while after < len(samples) - 1 and not at_vertex[after]:
            after += 1
    return _tangent(samples[before].tolist(), samples[index].tolist(), samples[after].tolist())


def _fit_segment(
    samples: Points, start: Tangent, end: Tangent, tolerance: float
) -> tuple[Points, int | None]:
    """Fit one segment; return it, and the sample farthest from it if it strays too far."""
    thirds = np.linspace(0.0, 1.0, 4)[:, None]
    straight = samples[0] * (1 - thirds) + samples[-1] * thirds
    if len(samples) == 2:
        return straight, None
    steps = np.hypot(*np.diff(samples, axis=0).T)
    u = np.concatenate([[0.0], np.cumsum(steps)])
    u /= u[-1]
    if _stray(straight, samples, u)[0] <= 1e-12:
        return straight, None
    best, best_stray, worst = straight, math.inf, 1
    for _ in range(_ROUNDS):
        segment = _solve(samples, u, start, end)
        if segment is None:
            break
        stray, farthest = _stray(segment, samples, u)
        if stray < best_stray:
            best, best_stray, worst = segment, stray, farthest
        if stray <= tolerance or stray > 64 * tolerance:
            break
        u = _nearer(segment, samples, u)
    if best_stray <= tolerance:
        return best, None
    return best, min(max(worst, 1), len(samples) - 2)


def _solve(
    samples: Points,
    u: NDArray[np.float64],
    start: Tangent,
    end: Tangent,
) -> Points | None:
    """Return the control points that come nearest to the samples, or None where none do.

    A free end leaves its control point to be found, a tangent only how far it lies along it.
    """
    v = 1 - u
    first, last = samples[0], samples[-1]
    b1, b2 = 3 * u * v * v, 3 * u * u * v
    ends = (v**3 + 3 * u * v * v)[:, None] * first + (u**3 + 3 * u * u * v)[:, None] * last
    rest = samples - ends
    columns: list[Points] = []
    for basis, tangent in ((b1, start), (b2, end)):
        directions = [(1.0, 0.0), (0.0, 1.0)] if tangent is None else [tangent]
        columns += [np.concatenate([basis * x, basis * y]) for x, y in directions]
    matrix = np.column_stack(columns)
    normal = matrix.T @ matrix
    try:
        found = np.linalg.solve(normal, matrix.T @ np.concatenate([rest[:, 0], rest[:, 1]]))
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(found).all():
        return None
    values = found.tolist()
    segment = np.stack([first, first, last, last])
    for row, tangent, sign in ((1, start, 1.0), (2, end, -1.0)):
        if tangent is None:
            segment[row] += (values.pop(0), values.pop(0))
            continue
        along = values.pop(0) * sign
        if along <= 0:  # the curve would leave backwards, a cusp
            along = math.hypot(*(last - first).tolist()) / 3
        segment[row] += np.multiply(tangent, along * sign)
    return segment


def _stray(segment: Points, samples: Points, u: NDArray[np.float64]) -> tuple[float, int]:
    """Return a bound of the distance of a segment from a polyline, and the farthest sample.

    Between two samples the polyline is straight and the segment a cubic, so their difference is a
    cubic too, and lies within the hull of its control points.
    """
    on, slope = _evaluate(segment, u)
    third = np.diff(u)[:, None] / 3
    edge = np.diff(samples, axis=0) / 3
    away = on - samples
    leave = away[:-1] + slope[:-1] * third - edge
    arrive = away[1:] - slope[1:] * third + edge
    at_samples = (away * away).sum(axis=1)
    between = max(
        float((leave * leave).sum(axis=1).max()), float((arrive * arrive).sum(axis=1).max())
    )
    farthest = int(at_samples.argmax())
    return math.sqrt(max(float(at_samples[farthest]), between)), farthest


def _evaluate(segment: Points, u: NDArray[np.float64]) -> tuple[Points, Points]:
    """Return points (m, 2) of a segment at parameters (m,), and the derivatives there."""
    u = u[:, None]
    v = 1 - u
    a, b, c, d = segment
    ab, bc, cd = v * a + u * b, v * b + u * c, v * c + u * d
    abc, bcd = v * ab + u * bc, v * bc + u * cd
    return v * abc + u * bcd, 3 * (bcd - abc)


def _nearer(segment: Points, samples: Points, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move parameters to where the segment is nearest to the samples: one step of Newton's."""
    on, slope = _evaluate(segment, u)
    a, b, c, d = segment
    bend = 6 * ((1 - u[:, None]) * (a - 2 * b + c) + u[:, None] * (b - 2 * c + d))
    away = on - samples
    down = (slope * slope).sum(axis=1) + (away * bend).sum(axis=1)
    step = (away * slope).sum(axis=1) / np.where(down > 1e-12, down, np.inf)
    moved = np.clip(u - step, 0.0, 1.0)
    moved[0], moved[-1] = 0.0, 1.0
    result: NDArray[np.float64] = np.maximum.accumulate(moved)
    return result
