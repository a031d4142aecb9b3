"""How far apart drawings are, as ink on paper: the Chamfer distance, and nearest neighbours.

The distance of two drawings is the mean distance of the ink of one from the ink of the other, both
ways, halved, in units of a drawing's size. 0.02 says: a pen that follows one drawing is on average
two hundredths of its size away from the other. Neither the order nor the direction of strokes
matters. It is no metric in the strict sense: the triangle inequality may fail.

Before it is measured, a drawing is put in a standard place: its longer side is 1, and the centre
of its ink lies at (0, 0). So size and place do not matter. A drawing without any size, a dot or
an empty one, is measured as a dot at (0, 0).

`nearest` looks among many in two steps. On a grid of 24 x 24 cells a drawing is two lists of
numbers: how much of its ink each cell has (ink), and how far each cell's centre is from its ink
(field). With them the distance of all pairs is one matrix product, half of
ink_a · field_b + ink_b · field_a. As a field changes by no more than one walks, such an estimate
errs by no more than the ink lies from the centres of its cells, 0.02; on 10^5 pairs of kanji it
erred by 0.0011 (standard deviation). The true distance is then measured to the 32 drawings with
the least estimates. It is always that of a real pair; `benchmarks/nearest.py` counts how often the
nearest of all was among them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing.errors import BadSettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sketchrnn.drawing.drawing import Drawing

    Floats = NDArray[np.float64]

SPACING = 1 / 64
"""Ink is measured at points no farther apart, along the stroke, than this share of the size."""

CANDIDATES = 32
"""To how many drawings `nearest` measures the true distance, at least."""

_GRID = 24
_HALF = 0.6
"""The grid reaches from -0.6 to 0.6 both ways; ink farther out counts in the outermost cells."""
_AT_ONCE = 512
_CELLS_AT_ONCE = 1 << 17
"""Points times segments; more do not fit in a processor's cache, and take several times as long."""
_NO_LENGTH = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class Ink:
    """Drawings in their standard place, end to end.

    Attributes:
        segments: (m, 4) x and y of the start and the end of every segment; a dot is one of
            length 0.
        points: (p, 2) points along the segments, at most `SPACING` apart.
        weights: (p,) the share of its drawing's ink that a point stands for.
        segment_ends: (n,) where the segments of each drawing end.
        point_ends: (n,) where the points of each drawing end.
    """

    segments: NDArray[Any]
    points: NDArray[Any]
    weights: NDArray[Any]
    segment_ends: NDArray[np.int64]
    point_ends: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of drawings."""
        return len(self.segment_ends)

    def rounded(self) -> Ink:
        """Return the same in float32."""
        return dataclasses.replace(
            self,
            segments=self.segments.astype(np.float32),
            points=self.points.astype(np.float32),
            weights=self.weights.astype(np.float32),
        )

    @property
    def segment_starts(self) -> NDArray[np.int64]:
        """(n,) where the segments of each drawing begin."""
        return self.segment_ends - np.diff(self.segment_ends, prepend=0)

    @property
    def point_starts(self) -> NDArray[np.int64]:
        """(n,) where the points of each drawing begin."""
        return self.point_ends - np.diff(self.point_ends, prepend=0)


@dataclasses.dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest neighbours of n drawings.

    Attributes:
        indices: (n, k) places in the references, the nearest first.
        distances: (n, k) their distances, in units of size.
    """

    indices: NDArray[np.int64]
    distances: Floats


def chamfer(a: Drawing, b: Drawing, *, same_scale: bool = False) -> float:
    """Return the symmetric Chamfer distance of two drawings.

    Args:
        a: A drawing, of any unit.
        b: Another.
        same_scale: Measure both in units of the size of `a`, so that a smaller copy is some way
            off, as for a reconstruction (of `b` where `a` has none); otherwise each of its own.

    Returns:
        0 for the same ink, about 0.05 for two kanji that have nothing in common.

    >>> from sketchrnn.drawing import Drawing
    >>> flat, tall = Drawing([[(0, 0), (8, 0)]]), Drawing([[(0, 0), (0, 8)]])
    >>> chamfer(flat, flat), round(chamfer(flat, tall), 2)
    (0.0, 0.25)
    """
    return float(paired([a], [b], same_scale=same_scale)[0])


def paired(a: Sequence[Drawing], b: Sequence[Drawing], *, same_scale: bool = False) -> Floats:
    """Return the distance of each drawing of one list from its fellow in the other.

    Args:
        a: n drawings.
        b: As many.
        same_scale: See `chamfer`.

    Returns:
        (n,) distances.

    Raises:
        BadSettingError: If the lists differ in length.
    """
    if len(a) != len(b):
        raise BadSettingError(f"{len(a)} and {len(b)} drawings do not make pairs")
    result = np.zeros(len(a))
    for k, (one, other) in enumerate(zip(a, b, strict=True)):
        unit = _sizes([one if _has_size(one) else other]) if same_scale else None
        result[k] = _measure(ink_of([one], unit), ink_of([other], unit))[0]
    return result


def nearest(drawings: Sequence[Drawing], references: Sequence[Drawing], k: int = 1) -> Nearest:
    """Find the nearest among many drawings; see the head of this module for how exact it is.

    Memory is bounded: references are read twice, a few hundred at a time.

    Args:
        drawings: n drawings.
        references: Where to look; each is asked for by its place.
        k: How many neighbours of each.

    Raises:
        BadSettingError: If k is below 1, or there are not so many references.
    """
    if not 1 <= k <= len(references):
        raise BadSettingError(f"k is {k}, and must be from 1 to {len(references)}, the references")
    count = min(len(references), max(CANDIDATES, 4 * k))
    indices = np.zeros((len(drawings), k), dtype=np.int64)
    distances = np.zeros((len(drawings), k))
    chosen = _candidates(drawings, references, count)
    for row, drawing in enumerate(drawings):
        one = ink_of([drawing])
        places = chosen[row]
        others = ink_of([references[int(i)] for i in places])
        # in numbers of half the length, which takes a quarter of the time
        quick = _measure(one.rounded(), others.rounded())
        places = np.sort(places[np.argsort(quick.round(6), kind="stable")[:k]])
        true = _measure(one, ink_of([references[int(i)] for i in places]))
        best = np.argsort(true.round(9), kind="stable")  # of equals the first
        indices[row], distances[row] = places[best], true[best]
    return Nearest(indices, distances)


def estimate(drawings: Sequence[Drawing], others: Sequence[Drawing]) -> NDArray[np.float32]:
    """Return all distances between two lists, as the grid estimates them.

    Args:
        drawings: n drawings.
        others: m drawings.

    Returns:
        (n, m) float32, off by some 0.001, a drawing's from itself included.
    """
    ink, field = on_grid(drawings)
    blocks: list[NDArray[Any]] = [np.zeros((len(drawings), 0), np.float32)]
    for part in _parts(others):
        other_ink, other_field = on_grid(part)
        blocks.append((ink @ other_field.T + field @ other_ink.T) / 2)
    return np.concatenate(blocks, axis=1)


def mean_distance(drawings: Iterable[Drawing]) -> float:
    """Return the mean distance of all pairs of drawings, estimated on the grid.

    The estimate is linear in ink and field, so that the mean of all n (n - 1) pairs takes n steps.

    Raises:
        BadSettingError: If there are fewer than two.
    """
    inks = fields = np.zeros(_GRID * _GRID)
    own, count = 0.0, 0
    for part in _parts(drawings):
        ink, field = (array.astype(np.float64) for array in on_grid(part))
        inks, fields = inks + ink.sum(axis=0), fields + field.sum(axis=0)
        own += float((ink * field).sum())
        count += len(part)
    if count < 2:
        raise BadSettingError("there are no two drawings to measure between")
    return float(inks @ fields - own) / (count * (count - 1))


def on_grid(drawings: Sequence[Drawing]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what `estimate` multiplies: two lists of numbers for each drawing.

    Args:
        drawings: n drawings.

    Returns:
        ink (n, 576): each cell's share of the ink. field (n, 576): each centre's distance from the
        ink. Rows of one drawing of the first and of another of the second give by their product
        how far the first's ink is from the second's, on average.
    """
    drawn = ink_of(drawings)
    side = 2 * _HALF / _GRID
    cells = np.clip(np.floor((drawn.points + _HALF) / side), 0, _GRID - 1).astype(np.int64)
    counts = np.diff(drawn.point_ends, prepend=0)
    flat = np.repeat(np.arange(len(drawn)), counts) * _GRID**2 + cells[:, 0] * _GRID + cells[:, 1]
    ink = np.bincount(flat, weights=drawn.weights, minlength=len(drawn) * _GRID**2)
    middles = (np.arange(_GRID) + 0.5) * side - _HALF
    x, y = np.meshgrid(middles, middles, indexing="ij")
    centres = np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)  # (576, 2)
    field = np.zeros((len(drawn), _GRID**2), dtype=np.float32)
    segments = drawn.segments.astype(np.float32)
    for row, (first, end) in enumerate(zip(drawn.segment_starts, drawn.segment_ends, strict=True)):
        field[row] = np.sqrt(_squares(centres, segments[first:end]).min(axis=1))
    return ink.reshape(field.shape).astype(np.float32), field


def ink_of(drawings: Sequence[Drawing], sizes: Floats | None = None) -> Ink:
    """Return drawings in their standard place, as segments and as points along them.

    Args:
        drawings: n drawings.
        sizes: (n,) what becomes 1 of each; None: its longer side.
    """
    sizes = _sizes(drawings) if sizes is None else sizes
    strokes = [s for d in drawings for s in (d.strokes or (np.zeros((1, 2)),))]
    of_drawing = [max(1, len(drawing.strokes)) for drawing in drawings]
    if not strokes:
        nothing = np.zeros(0, dtype=np.int64)
        return Ink(np.zeros((0, 4)), np.zeros((0, 2)), np.zeros(0), nothing, nothing)
    # a segment leads from each point to the next of its stroke; of one point, to itself
    lengths = np.array([len(stroke) for stroke in strokes])
    points = np.concatenate(strokes)
    per_stroke = np.maximum(lengths - 1, 1)
    stroke = np.repeat(np.arange(len(strokes)), per_stroke)
    within = np.arange(len(stroke)) - np.repeat(np.cumsum(per_stroke) - per_stroke, per_stroke)
    start = (np.cumsum(lengths) - lengths)[stroke] + within
    end = np.minimum(start + 1, (np.cumsum(lengths) - 1)[stroke])
    per_drawing = np.add.reduceat(per_stroke, np.cumsum([0, *of_drawing[:-1]]))
    drawing = np.repeat(np.arange(len(drawings)), per_drawing)
    with np.errstate(over="ignore"):
        segments = np.hstack([points[start], points[end]]) / sizes[drawing, None]  # (m, 4)
    reach = segments[:, 2:] - segments[:, :2]
    length = np.hypot(reach[:, 0], reach[:, 1])
    # a dot has as much ink as the pen leaves in one place
    length = np.where(length > 0, length, SPACING)
    starts = np.cumsum(per_drawing) - per_drawing
    total = np.add.reduceat(length, starts)
    middle = (segments[:, :2] + segments[:, 2:]) / 2 * length[:, None]
    centre = np.add.reduceat(middle, starts) / total[:, None]
    segments = segments - np.tile(centre, 2)[drawing]
    pieces = np.maximum(1, np.ceil(length / SPACING - 1e-9)).astype(np.int64)
    segment = np.repeat(np.arange(len(segments)), pieces)
    piece = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = ((piece + 0.5) / pieces[segment])[:, None]
    placed = segments[segment, :2] + along * reach[segment]
    share = (length / pieces / total[drawing])[segment]
    point_ends = np.cumsum(np.add.reduceat(pieces, starts))
    return Ink(segments, placed, share, np.cumsum(per_drawing), point_ends)


def _sizes(drawings: Sequence[Drawing]) -> Floats:
    """Return the longer side of each drawing; 1 where it is 0 or beyond all numbers."""
    sizes = np.ones(len(drawings))
    for k, drawing in enumerate(drawings):
        x_min, y_min, x_max, y_max = drawing.bounds
        sizes[k] = max(x_max - x_min, y_max - y_min)
    with np.errstate(over="ignore", divide="ignore"):
        usable = np.isfinite(sizes) & np.isfinite(1 / sizes)
    return np.where(usable, sizes, 1.0)


def _has_size(drawing: Drawing) -> bool:
    x_min, y_min, x_max, y_max = drawing.bounds
    return max(x_max - x_min, y_max - y_min) > 0


def _measure(one: Ink, others: Ink) -> Floats:
    """Return the distance of one drawing from each of several, (n,)."""
    result = np.zeros(len(others))
    share = len(others.points) * len(one.segments) + len(one.points) * len(others.segments)
    most = max(1, _CELLS_AT_ONCE * len(others) // max(1, share))
    for first in range(0, len(others), most):
        some = slice(first, first + most)
        starts, ends = others.segment_starts[some], others.segment_ends[some]
        squares = np.minimum.reduceat(
            _squares(one.points, others.segments[starts[0] : ends[-1]]), starts - starts[0], axis=1
        )  # (p, n)
        there = one.weights @ np.sqrt(squares)
        starts, ends = others.point_starts[some], others.point_ends[some]
        within = slice(starts[0], ends[-1])
        away = np.sqrt(_squares(others.points[within], one.segments).min(axis=1))
        back = np.add.reduceat(others.weights[within] * away, starts - starts[0])
        result[some] = (there + back) / 2
    return result


def _squares(points: NDArray[Any], segments: NDArray[Any]) -> NDArray[Any]:
    """Return the squared distances of (p, 2) points from (m, 4) segments, (p, m)."""
    start, reach = segments[:, :2], segments[:, 2:] - segments[:, :2]
    length = np.hypot(reach[:, 0], reach[:, 1])
    dot = length < _NO_LENGTH
    # in the frame of a segment that begins at (0, 0) and leads to (length, 0)
    ahead = reach / np.where(dot, 1, length)[:, None]
    ahead[dot], length[dot] = (1, 0), 0
    aside = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    along = points @ ahead.T
    along -= (start * ahead).sum(axis=1)
    across = points @ aside.T
    across -= (start * aside).sum(axis=1)
    nearest = np.minimum(along, length)
    np.maximum(nearest, 0, out=nearest)
    along -= nearest
    along *= along
    across *= across
    along += across
    return along


def _candidates(
    drawings: Sequence[Drawing], references: Sequence[Drawing], count: int
) -> NDArray[np.int64]:
    """Return (n, count) places of the references with the least estimates, ascending."""
    ink, field = on_grid(drawings)
    best = np.full((len(drawings), 0), np.inf, dtype=np.float32)
    places = np.zeros((len(drawings), 0), dtype=np.int64)
    first = 0
    for part in _parts(references):
        other_ink, other_field = on_grid(part)
        found = (ink @ other_field.T + field @ other_ink.T) / 2
        best = np.concatenate([best, found], axis=1)
        here = np.broadcast_to(np.arange(first, first + len(part)), found.shape)
        places = np.concatenate([places, here], axis=1)
        first += len(part)
        if best.shape[1] > count:
            kept = np.argpartition(best, count - 1, axis=1)[:, :count]
            best = np.take_along_axis(best, kept, axis=1)
            places = np.take_along_axis(places, kept, axis=1)
    return np.sort(places, axis=1)


def _parts(drawings: Iterable[Drawing]) -> Iterator[list[Drawing]]:
    """Yield the drawings, some hundreds at a time."""
    part: list[Drawing] = []
    for drawing in drawings:
        part.append(drawing)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    if part:
        yield part
