"""From a drawing of any unit to data units, and what a model must remember to do it again."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, geometry

EXTENT = 255.0
"""The side of the square that data units fill, after Quick, Draw!."""

FITS = ("box", "longer_side", "keep")


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How drawings become data units.

    Args:
        extent: The side of the square of data units.
        fit: What becomes `extent`: "box", the canvas that the drawing states (KanjiVG's 109),
            so that sizes among drawings stay true; "longer_side", each drawing's own; "keep",
            nothing, the drawings were in data units already (stroke-3 files).
        epsilon: The RDP tolerance in data units; 0 or less: points are left as they are.
        max_steps: The most steps that a drawing may have; None for no limit.
        median_side: The median longer side of the training drawings, in data units. A drawing
            without a box, where the data had one or kept their scale, is fitted to it.

    Raises:
        BadSettingError: If a value cannot be used.
    """

    extent: float = EXTENT
    fit: str = "longer_side"
    epsilon: float = 2.0
    max_steps: int | None = None
    median_side: float | None = None

    def __post_init__(self) -> None:
        """Refuse values that no drawing could be prepared with."""
        if not (math.isfinite(self.extent) and self.extent > 0):
            raise BadSettingError(f"extent is {self.extent}, and must be a number above 0")
        if self.fit not in FITS:
            raise BadSettingError(f"fit is {self.fit!r}, and must be one of {', '.join(FITS)}")
        if not math.isfinite(self.epsilon):
            raise BadSettingError(f"epsilon is {self.epsilon}, and must be a finite number")
        if self.max_steps is not None and self.max_steps < 1:
            raise BadSettingError(f"max_steps is {self.max_steps}, and must be 1 or more")

    def scale_of(self, drawing: Drawing) -> float:
        """Return the factor from the drawing's units to data units.

        What has no size, a dot, keeps its own.
        """
        made = drawing.metadata.get("extent")
        if made:
            return self.extent / float(made)
        box = drawing.metadata.get("box")
        if self.fit == "box" and box:
            return self.extent / float(box)
        x_min, y_min, x_max, y_max = drawing.bounds
        side = max(x_max - x_min, y_max - y_min)
        wanted = self.extent if self.fit == "longer_side" else self.median_side or self.extent
        scale = wanted / side if side > 0 else 1.0
        return scale if math.isfinite(scale) else 1.0

    def apply(self, drawing: Drawing) -> Drawing:
        """Return the drawing in data units, simplified; with its box, if it had one and fits it.

        A drawing that is fitted by its own size is moved to (0, 0) of its bounds; one with a box
        keeps its place in the box.
        """
        prepared = self.move(drawing)
        return prepared.simplify(self.epsilon) if self.epsilon > 0 else prepared

    def apply_all(self, drawings: Sequence[Drawing]) -> list[Drawing | BadDrawingError]:
        """Do what `apply` does to many drawings at once, in a fraction of the time.

        With fit "keep" the drawings stay in place.

        Returns:
            The drawings, or what is wrong with them.
        """
        results: list[Drawing | BadDrawingError] = [BadDrawingError("")] * len(drawings)
        places: list[int] = []  # of the drawings that can be moved
        moved: list[NDArray[np.float64]] = []  # the points of each
        for place, points in enumerate(self._move_all(drawings)):
            if isinstance(points, BadDrawingError):
                results[place] = points
            else:
                places.append(place)
                moved.append(points)
        counts = [[len(stroke) for stroke in drawings[place].strokes] for place in places]
        if self.epsilon > 0 and any(counts):
            moved, counts = _simplified_all(moved, counts, self.epsilon)
        for place, points, of_this in zip(places, moved, counts, strict=True):
            drawing = drawings[place]
            notes = self._notes(drawing.metadata)
            results[place] = Drawing.of_finite(points, of_this, drawing.category, notes)
        return results

    def _move_all(self, drawings: Sequence[Drawing]) -> list[NDArray[np.float64] | BadDrawingError]:
        """Return the points in data units of many drawings: of those without notes at once."""
        if self.fit == "keep":
            return [drawing.points for drawing in drawings]
        noted = [not d.strokes or bool({"box", "extent"} & d.metadata.keys()) for d in drawings]
        plain = [drawing for drawing, has in zip(drawings, noted, strict=True) if not has]
        quick = iter(self._moved_points(plain)) if plain else iter(())
        moved: list[NDArray[np.float64] | BadDrawingError] = []
        for drawing, has in zip(drawings, noted, strict=True):
            points = None if has else next(quick)
            try:
                moved.append(self.move(drawing).points if points is None else points)
            except BadDrawingError as error:
                moved.append(error)
        return moved

    def _moved_points(self, drawings: Sequence[Drawing]) -> list[NDArray[np.float64] | None]:
        """Return the points of drawings that are fitted by their own size, in data units.

        None stands for points that do not stay finite.
        """
        sizes = [drawing.num_points for drawing in drawings]
        points = np.concatenate([drawing.points for drawing in drawings])
        ends: NDArray[np.int64] = np.cumsum(sizes)
        starts = ends - sizes
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        with np.errstate(all="ignore"):  # what becomes infinite is refused one by one
            side = (high - low).max(axis=1)
            wanted = self.extent if self.fit == "longer_side" else self.median_side or self.extent
            scale = np.where(side > 0, wanted / side, 1.0)
            scale[~np.isfinite(scale)] = 1.0
            shift = -scale[:, None] * low
            points = np.repeat(scale, sizes)[:, None] * points + np.repeat(shift, sizes, axis=0)
        finite = np.logical_and.reduceat(np.isfinite(points).all(axis=1), starts).tolist()
        cuts = zip(starts.tolist(), ends.tolist(), finite, strict=True)
        return [points[start:end] if good else None for start, end, good in cuts]

    def move(self, drawing: Drawing) -> Drawing:
        """Return the drawing in data units, not simplified."""
        box = drawing.metadata.get("box")
        scale = self.scale_of(drawing)
        if self.fit == "box" and box:
            return drawing.transform(scale).with_metadata(box=self.extent)
        x_min, y_min, _, _ = drawing.bounds
        return drawing.transform(scale, (-scale * x_min, -scale * y_min))

    def _notes(self, notes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the notes of a drawing that `apply_all` has moved."""
        if self.fit == "keep" or not ({"box", "extent"} & notes.keys()):
            return notes
        kept = {key: value for key, value in notes.items() if key not in ("box", "extent")}
        return kept | {"box": self.extent} if self.fit == "box" and notes.get("box") else kept

    def to_dict(self) -> dict[str, Any]:
        """Return the values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preparation:
        """Read the values back; unknown keys are refused.

        Raises:
            BadSettingError: If a key is unknown or a value cannot be used.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadSettingError(f"unknown key {unknown[0]!r} in a preparation")
        return cls(**values)


def _simplified_all(
    moved: Sequence[NDArray[np.float64]], counts: Sequence[Sequence[int]], epsilon: float
) -> tuple[list[NDArray[np.float64]], list[list[int]]]:
    """Simplify drawings at once; return the points of each, and how many its strokes have."""
    points = np.concatenate(moved)
    strokes = list(itertools.chain.from_iterable(counts))
    keep = geometry.kept_points(points, strokes, epsilon)
    kept = np.concatenate([[0], np.cumsum(keep)])[np.cumsum(strokes)]  # up to each stroke's end
    rest = iter(np.diff(kept, prepend=0).tolist())
    kept_counts = [list(itertools.islice(rest, len(of_this))) for of_this in counts]
    ends = itertools.accumulate(map(sum, kept_counts))
    points = points[keep]
    return [points[a:b] for a, b in itertools.pairwise([0, *ends])], kept_counts
