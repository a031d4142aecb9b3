"""From a drawing of any unit to data units, and what a model must remember to do it again."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sketchrnn.data.packed_drawings import PackedDrawings
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
        for name in ("extent", "epsilon", "max_steps", "median_side"):
            value: Any = getattr(self, name)
            if value is None and name in ("max_steps", "median_side"):
                continue
            if not issubclass(type(value), int | float | np.number):
                raise BadSettingError(f"{name} is {value!r}, and must be a number")
            if not abs(value) < sys.float_info.max:
                raise BadSettingError(f"{name} is {value}, and must be a finite number")
        if not self.extent > 0:
            raise BadSettingError(f"extent is {self.extent}, and must be a number above 0")
        if self.fit not in FITS:
            raise BadSettingError(f"fit is {self.fit!r}, and must be one of {', '.join(FITS)}")
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
        notes = [drawing.metadata for drawing in drawings]
        bundle, problems = self.apply_to(PackedDrawings.of(drawings), notes)
        return [
            problems.get(index)
            or bundle.drawing(index, drawing.category, self.kept_notes(drawing.metadata))
            for index, drawing in enumerate(drawings)
        ]

    def apply_to(
        self, bundle: PackedDrawings, notes: Sequence[Mapping[str, Any]]
    ) -> tuple[PackedDrawings, dict[int, BadDrawingError]]:
        """Do what `apply_all` does to drawings in one array.

        Args:
            bundle: The drawings.
            notes: Their metadata.

        Returns:
            The drawings in data units, and what is wrong with those, by their number, that cannot
            be moved; they are empty.
        """
        problems: dict[int, BadDrawingError] = {}
        if self.fit != "keep":
            bundle, problems = self._moved(bundle, notes)
        if self.epsilon > 0 and len(bundle.counts):
            bundle = _simplified(bundle, self.epsilon)
        return bundle, problems

    def _moved(
        self, bundle: PackedDrawings, notes: Sequence[Mapping[str, Any]]
    ) -> tuple[PackedDrawings, dict[int, BadDrawingError]]:
        """Return drawings in data units, and what is wrong with those that do not stay finite."""
        low, high = bundle.bounds()
        with np.errstate(all="ignore"):  # what becomes infinite is refused one by one
            side = (high - low).max(axis=1, initial=0.0)
            wanted = self.extent if self.fit == "longer_side" else self.median_side or self.extent
            scale = np.where(side > 0, wanted / side, 1.0)
            scale[~np.isfinite(scale)] = 1.0
            in_box = []
            for index, of_one in enumerate(notes):
                made, box = of_one.get("extent"), of_one.get("box")
                if made:
                    scale[index] = self.extent / float(made)
                elif self.fit == "box" and box:
                    scale[index] = self.extent / float(box)
                if self.fit == "box" and box:
                    in_box.append(index)
            shift = -scale[:, None] * low
            shift[in_box] = 0.0
            points = np.repeat(scale, bundle.sizes)[:, None] * bundle.points
            points += np.repeat(shift, bundle.sizes, axis=0)
        moved = PackedDrawings(points, bundle.counts, bundle.strokes)
        problems: dict[int, BadDrawingError] = {}
        finite = np.isfinite(points)
        if not finite.all():
            owner = np.repeat(np.arange(len(bundle)), bundle.sizes)
            for index in np.unique(owner[~finite.all(axis=1)]).tolist():
                try:
                    one = self.move(bundle.drawing(index, None, notes[index]))
                    points[bundle.starts[index] : bundle.ends[index]] = one.points
                except BadDrawingError as error:
                    problems[index] = error
            moved = moved.emptied(np.isin(np.arange(len(bundle)), list(problems)))
        return moved, problems

    def move(self, drawing: Drawing) -> Drawing:
        """Return the drawing in data units, not simplified."""
        box = drawing.metadata.get("box")
        scale = self.scale_of(drawing)
        if self.fit == "box" and box:
            return drawing.transform(scale).with_metadata(box=self.extent)
        x_min, y_min, _, _ = drawing.bounds
        return drawing.transform(scale, (-scale * x_min, -scale * y_min))

    def kept_notes(self, notes: Mapping[str, Any]) -> Mapping[str, Any]:
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


def _simplified(bundle: PackedDrawings, epsilon: float) -> PackedDrawings:
    """Simplify drawings at once."""
    keep = geometry.kept_points(bundle.points, bundle.counts, epsilon)
    kept = np.concatenate([[0], np.cumsum(keep)])[np.cumsum(bundle.counts)]
    return PackedDrawings(bundle.points[keep], np.diff(kept, prepend=0), bundle.strokes)
