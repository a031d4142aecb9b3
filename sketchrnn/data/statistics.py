"""What a data file measures of its training drawings, in parts that can be put together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_SIDES = 1 << 20


class TrainingStatistics:
    """The spread of all training offsets, and the median longer side of the drawings.

    Count, mean and sum of squared deviations are kept, in float64, and put together after Chan,
    Golub and LeVeque: nothing is lost where the mean is large beside the spread.

    Source:
        T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise algorithm for
        computing sample variances, 1979.
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0  # of the deviations from the mean, added up
        self.sides: list[float] = []
        self._stride = 1
        self._seen = 0

    def add_offsets(self, offsets: NDArray[np.float64]) -> None:
        """Measure offsets, of any shape."""
        if offsets.size:
            mean = float(offsets.mean())
            self._join(offsets.size, mean, float(np.square(offsets - mean).sum()))

    def add_sides(self, sides: list[float]) -> None:
        """Measure the longer sides of drawings: of every one, or of every 2nd, 4th, …."""
        for side in sides:
            if self._seen % self._stride == 0:
                self.sides.append(side)
                if len(self.sides) == _MOST_SIDES:
                    self.sides = self.sides[::2]
                    self._stride *= 2
            self._seen += 1

    def merge(self, count: int, mean: float, squares: float, sides: list[float]) -> None:
        """Measure what another has measured; the arguments are its attributes."""
        self._join(count, mean, squares)
        self.add_sides(sides)

    @property
    def scale_factor(self) -> float:
        """The standard deviation of all dx and dy pooled; 1 where there is none."""
        variance = self.squares / self.count if self.count else 0.0
        return float(np.sqrt(variance)) if variance > 0 else 1.0

    @property
    def median_side(self) -> float | None:
        """The median longer side, None where there is no drawing."""
        return float(np.median(self.sides)) if self.sides else None

    def _join(self, count: int, mean: float, squares: float) -> None:
        total = self.count + count
        if total:
            difference = mean - self.mean
            self.squares += squares + difference * difference * (self.count * count / total)
            self.mean += difference * (count / total)
            self.count = total
