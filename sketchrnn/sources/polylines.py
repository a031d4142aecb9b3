"""Plain polylines as JSON: a drawing a line, or a JSON text with one or many.

A drawing is a list of strokes, `[[[x, y], ...], ...]`, or an object that has them as `strokes`,
with `category` and other notes where one likes: `{"strokes": ..., "category": "cat"}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources.content import MAX_POINTS, OpenFile, json_records, plain_notes
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

EPSILON = 2.0
_CATEGORY_KEYS = ("category", "word", "label")
_FORM = 'write a drawing as [[[x, y], ...], ...], a list of strokes, or as {"strokes": ...}'


def open_polylines(name: str, open_file: OpenFile) -> Source:
    """Open a file of polylines.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes; called anew for every pass.

    Returns:
        The source. Coordinates have y down; an object's texts and numbers are metadata.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        for place, value in json_records(name, open_file):
            title = f"{label}:{place.removeprefix('line ')}" if place else label
            if isinstance(value, SketchRNNError):
                skip(title, value)
                continue
            many = _several(value)
            for index, record in enumerate([value] if many is None else many):
                here = title if many is None else f"{title}[{index}]"
                try:
                    drawing = read_polylines(record)
                except SketchRNNError as error:
                    parts = (place, f"drawing {index}" if many is not None else "", error.where)
                    where = ", ".join(part for part in parts if part)
                    skip(here, _located(error, name, where))
                else:
                    yield Item(drawing, here)

    return Source(name, "longer_side", EPSILON, read)


def read_polylines(record: Any) -> Drawing:
    """Make a drawing of a parsed JSON value.

    Args:
        record: A list of strokes, each a list of points [x, y]; one stroke; or an object with
            `strokes`. More numbers of a point, such as time or pressure, are not kept.

    Raises:
        BadFileError: If it is no such value.
        BadDrawingError: If its numbers make no drawing.
    """
    notes: dict[str, Any] = {}
    category = None
    if isinstance(record, dict):
        inner = record.get("metadata")
        notes = plain_notes({**record, **(inner if isinstance(inner, dict) else {})})
        for key in _CATEGORY_KEYS:
            value = notes.pop(key, None)
            if category is None and isinstance(value, str):
                category = value
        record = record.get("strokes")
        if not isinstance(record, list):
            raise BadFileError("holds no drawing: the name `strokes` is missing", hint=_FORM)
    if not isinstance(record, list):
        raise BadFileError("is neither a list of strokes nor an object", hint=_FORM)
    strokes = [record] if _depth(record) == 2 else record
    arrays = [_points(stroke, index) for index, stroke in enumerate(strokes)]
    if sum(len(stroke) for stroke in arrays) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    return Drawing(arrays, category, notes)


def _several(value: Any) -> list[Any] | None:
    """Return the drawings of a list of drawings; None if the value is a single one."""
    if not isinstance(value, list) or not value:
        return None
    return value if any(isinstance(part, dict) for part in value) or _depth(value) > 3 else None


def _depth(value: Any) -> int:
    """Return how deeply lists nest along their first members that hold anything; 4 at most."""
    depth = 0
    while isinstance(value, list) and depth < 4:
        depth += 1
        value = next((part for part in value if part != []), None)
    return depth


def _points(stroke: Any, index: int) -> Any:
    where = f"stroke {index}"
    if not isinstance(stroke, list):
        raise BadDrawingError("a stroke is not a list of points", where=where, hint=_FORM)
    try:
        points = np.array(stroke)
    except (ValueError, OverflowError):  # points of unequal length
        raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM) from None
    if stroke and not (points.ndim == 2 and 2 <= points.shape[1] <= 5):
        raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM)
    if stroke and points.dtype.kind not in "iuf":
        raise BadDrawingError("points must be numbers", where=where, hint=_FORM)
    return points[:, :2] if stroke else points


def _located(error: SketchRNNError, name: str, where: str) -> BadFileError:
    hint = error.hint or f"mend it{OR_SKIP}"
    return BadFileError(error.problem, path=name, where=where or None, hint=hint)
