"""Some drawings in one array of points, for what is done to many at once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import Drawing


class PackedDrawings:
    """The points of D drawings with S strokes, end to end, without categories and notes.

    Args:
        points: (N, 2) points of all strokes.
        counts: (S,) how many points each stroke has, 1 or more.
        strokes: (D,) how many strokes each drawing has; 0 for an empty one.

    Attributes:
        starts: (D,) where the points of each drawing begin.
        ends: (D,) where they end.
        sizes: (D,) how many points each has.
        steps: (D,) how many rows of stroke-3 each makes.
    """

    def __init__(
        self, points: NDArray[np.float64], counts: NDArray[np.int64], strokes: NDArray[np.int64]
    ) -> None:
        """Number the drawings."""
        self.points = points
        self.counts = counts
        self.strokes = strokes
        self._stroke_ends = np.cumsum(strokes)
        self._stroke_starts = self._stroke_ends - strokes
        before = np.concatenate([[0], np.cumsum(counts)])  # points before each stroke
        self.starts: NDArray[np.int64] = before[self._stroke_starts]
        self.ends: NDArray[np.int64] = before[self._stroke_ends]
        self.sizes = self.ends - self.starts
        first = np.append(counts, 0)[self._stroke_starts]
        # the first point makes no step, but where it is a dot by itself
        self._leads = (first > 1) & (strokes > 0)
        self.steps = self.sizes - self._leads

    @classmethod
    def of(cls, drawings: Sequence[Drawing]) -> Self:
        """Join drawings."""
        counts = [drawing.counts for drawing in drawings]
        points = [drawing.points for drawing in drawings]
        return cls(
            np.concatenate(points) if points else np.zeros((0, 2)),
            np.array(list(itertools.chain.from_iterable(counts)), np.int64),
            np.array([len(of_one) for of_one in counts], np.int64),
        )

    def __len__(self) -> int:
        """Return the number of drawings."""
        return len(self.strokes)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and the greatest x and y of each drawing, (D, 2) each; else zeros."""
        low, high = np.zeros((2, len(self), 2))
        drawn = self.sizes > 0
        starts = self.starts[drawn]
        if len(starts):
            axes = np.ascontiguousarray(self.points.T)  # (2, N)
            low[drawn] = np.minimum.reduceat(axes, starts, axis=1).T
            high[drawn] = np.maximum.reduceat(axes, starts, axis=1).T
        return low, high

    def rows(self) -> NDArray[np.float64]:
        """Return (sum of `steps`, 3) stroke-3 rows of all drawings; see `Drawing.to_stroke3`."""
        points = self.points
        rows = np.zeros((len(points), 3))
        with np.errstate(over="ignore"):  # the way from one drawing to the next is not kept
            np.subtract(points[1:], points[:-1], out=rows[1:, :2])
        rows[np.cumsum(self.counts) - 1, 2] = 1
        starts = self.starts[self.sizes > 0]
        rows[starts, :2] = 0
        if not self._leads.any():
            return rows
        keep = np.ones(len(points), dtype=bool)
        keep[self.starts[self._leads]] = False
        return rows[keep]

    def origins(self) -> NDArray[np.float64]:
        """Return the first point of each drawing, (D, 2); zeros for an empty one."""
        origins = np.zeros((len(self), 2))
        drawn = self.sizes > 0
        origins[drawn] = self.points[self.starts[drawn]]
        return origins

    def counts_of_each(self) -> list[list[int]]:
        """Return how many points the strokes of each drawing have."""
        counts = self.counts.tolist()
        places = zip(self._stroke_starts.tolist(), self._stroke_ends.tolist(), strict=True)
        return [counts[start:end] for start, end in places]

    def drawing(
        self, index: int, category: str | None = None, notes: Mapping[str, Any] | None = None
    ) -> Drawing:
        """Return one of the drawings, whose points must be finite."""
        points = self.points[self.starts[index] : self.ends[index]]
        counts = self.counts[self._stroke_starts[index] : self._stroke_ends[index]].tolist()
        return Drawing.of_finite(points, counts, category, notes)

    def take(self, wanted: NDArray[np.bool_]) -> PackedDrawings:
        """Return the drawings that are wanted, by a (D,) mask."""
        return PackedDrawings(
            self.points[np.repeat(wanted, self.sizes)],
            self.counts[np.repeat(wanted, self.strokes)],
            self.strokes[wanted],
        )

    def emptied(self, bad: NDArray[np.bool_]) -> PackedDrawings:
        """Return the drawings with some, by a (D,) mask, become empty ones."""
        good = ~bad
        return PackedDrawings(
            self.points[np.repeat(good, self.sizes)],
            self.counts[np.repeat(good, self.strokes)],
            np.where(good, self.strokes, 0),
        )

    def replaced(self, others: Mapping[int, Drawing]) -> PackedDrawings:
        """Return the drawings with others in the places of some."""
        return PackedDrawings.of(
            [others[i] if i in others else self.drawing(i) for i in range(len(self))]
        )
