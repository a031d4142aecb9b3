"""Drawings as JSON: a drawing a line, or a JSON text with one or many, in the forms people write.

The plain form is a list of strokes, `[[[x, y], ...], ...]`, or an object that has them as
`strokes`, with `category` and other notes where one likes: `{"strokes": ..., "category": "cat"}`.

Read as well is what drawing widgets write: points as objects `{"x": 1, "y": 2}` (signature_pad,
react-sketch-canvas, react-canvas-draw, detexify), strokes as `{"x": [...], "y": [...]}`
(jSignature) or `[[x...], [y...]]` (Quick, Draw!), elements of Excalidraw, steps with `dx` and `dy`
(ml5), and rows of stroke-3 and stroke-5, which are offsets. Where rows could mean two things, the
doubt is named, and nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources.content import MAX_POINTS, OpenFile, json_records, plain_notes
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

EPSILON = 2.0
_CATEGORY_KEYS = ("category", "word", "label")
_FORM = 'write a drawing as [[[x, y], ...], ...], a list of strokes, or as {"strokes": ...}'
STROKES = ("strokes", "lines", "drawing", "elements")
"""Under these names an object has the strokes of a drawing."""

_POINTS = ("points", "paths", "path")
"""Under these names an object has the points of a stroke."""

_PEN = {"down": 0, "up": 1, "end": 2}
_MOST_COLUMNS = 5  # of a point: x, y and, say, pressure, tilt and time
MORE_COLUMNS = "more numbers of a point than x and y"


def open_polylines(name: str, open_file: OpenFile) -> Source:
    """Open a file of drawings as JSON.

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
        record: One of the forms that the module's docstring names.

    Returns:
        The drawing. Metadata: texts and numbers of an object, and `ignored` where points have
        more numbers than x and y, such as time or pressure, or there are shapes besides strokes.

    Raises:
        BadFileError: If it is no such value, or could mean two things.
        BadDrawingError: If its numbers make no drawing.
    """
    notes: dict[str, Any] = {}
    category = None
    strokes = record
    if isinstance(record, dict):
        inner = record.get("metadata")
        notes = plain_notes({**record, **(inner if isinstance(inner, dict) else {})})
        for key in _CATEGORY_KEYS:
            value = notes.pop(key, None)
            if category is None and isinstance(value, str):
                category = value
        strokes = next((record[key] for key in STROKES if isinstance(record.get(key), list)), None)
        if strokes is None and _is_stroke(record):
            strokes = [record]
        if not isinstance(strokes, list):
            raise BadFileError("holds no drawing: the name `strokes` is missing", hint=_FORM)
        if record.get("type") == "excalidraw":
            notes = {}
            strokes = list(_excalidraw(strokes, notes))
    if not isinstance(strokes, list):
        raise BadFileError("is neither a list of strokes nor an object", hint=_FORM)
    if strokes and all(isinstance(step, dict) and {"dx", "dy"} <= step.keys() for step in strokes):
        return _from_steps(strokes, category, notes)
    if (_depth(strokes) == 2 and not _is_point(strokes[0])) or _is_point(strokes):
        strokes = [strokes]  # rows of numbers, or points as objects: one stroke
    if len(strokes) == 1 and (steps := _offsets(strokes[0])) is not None:
        read = Drawing.from_stroke3 if steps.shape[1] == 3 else Drawing.from_stroke5
        return read(steps, category, notes)
    arrays = [_numbers(stroke, index) for index, stroke in enumerate(strokes)]
    if _is_by_axes(record, strokes, arrays):
        for index, array in enumerate(arrays):
            if array.shape[0] not in (2, 3):
                raise BadDrawingError("is not a list of all x and all y", where=f"stroke {index}")
        arrays = [array.T for array in arrays]
    for index, array in enumerate(arrays):
        if array.size and array.shape[1] < 2:
            where = f"stroke {index}"
            raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM)
    if any(array.size and array.shape[1] > 2 for array in arrays):
        notes["ignored"] = MORE_COLUMNS
    counts = [len(array) for array in arrays]
    if sum(counts) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    if not all(counts):
        raise BadDrawingError("a stroke has no points", where=f"stroke {counts.index(0)}")
    points = np.concatenate([array[:, :2] for array in arrays]) if arrays else np.zeros((0, 2))
    return Drawing.from_points(points, counts, category, notes)


def _several(value: Any) -> list[Any] | None:
    """Return the drawings of a list of drawings; None if the value is a single one."""
    if not isinstance(value, list) or not value:
        return None
    if any(isinstance(part, dict) for part in value):
        of_one = all(
            isinstance(part, dict) and (_is_stroke(part) or "dx" in part or _is_point([part]))
            for part in value
        )
        return None if of_one else value
    if _depth(value) == 3 and len(value) > 1 and all(_offsets(part) is not None for part in value):
        return value  # a list of drawings in stroke-3 or stroke-5
    if _depth(value) == 3 and _is_point(value[0] and value[0][0]):
        return value  # drawings whose strokes have points as objects
    return value if _depth(value) > 3 else None


def _is_stroke(record: dict[str, Any]) -> bool:
    """Say whether an object is one stroke: it has a list of points, or lists of x and y."""
    return any(isinstance(record.get(key), list) for key in _POINTS) or all(
        isinstance(record.get(key), list) for key in "xy"
    )


def _is_point(value: Any) -> bool:
    """Say whether a list begins with a point that is an object."""
    first = value[0] if isinstance(value, list) and value else None
    return (
        isinstance(first, dict) and {"x", "y"} <= first.keys() and not isinstance(first["x"], list)
    )


def _depth(value: Any) -> int:
    """Return how deeply lists nest along their first members that hold anything; 4 at most."""
    depth = 0
    while isinstance(value, list) and depth < 4:
        depth += 1
        value = next((part for part in value if part != []), None)
    return depth


def _offsets(rows: Any) -> NDArray[np.float64] | None:
    """Return rows of stroke-3 or stroke-5 as an array; None if the rows are something else.

    Raises:
        BadFileError: If rows of three numbers could be either points or offsets.
    """
    if _depth(rows) != 2 or not all(isinstance(row, list) for row in rows):
        return None
    if len({len(row) for row in rows}) != 1 or len(rows[0]) not in (3, 5):
        return None
    if any(pen not in (0, 1) for row in rows for pen in row[2:]):
        return None
    if len(rows[0]) == 5:
        one_hot = all(sum(row[2:]) == 1 for row in rows)
        return np.array(rows, dtype=np.float64) if one_hot else None
    ups = sum(row[2] for row in rows)
    if ups == 0 or (ups == len(rows) and ups > 1):
        raise BadFileError(
            "has rows of three numbers whose third is always the same: offsets and a pen, or "
            "points and, say, a pressure",
            hint="write points as [x, y], or stroke-3 rows whose pen changes",
        )
    return np.array(rows, dtype=np.float64) if rows[-1][2] == 1 or ups > 1 else None


def _from_steps(steps: Sequence[Any], category: str | None, notes: dict[str, Any]) -> Drawing:
    """Make a drawing of steps with dx, dy and pen, as ml5's sketch-rnn gives them."""
    rows = []
    for index, step in enumerate(steps):
        pen = step.get("pen", step.get("pen_state", "down"))
        pen = _PEN.get(pen, pen) if isinstance(pen, str) else pen
        if pen not in (0, 1, 2):
            raise BadDrawingError("its pen is neither down, up nor end", where=f"step {index}")
        rows.append([step["dx"], step["dy"], pen == 0, pen == 1, pen == 2])
    try:
        array = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise BadDrawingError("dx and dy must be numbers", hint=_FORM) from None
    return Drawing.from_stroke5(array, category, notes)


def _excalidraw(elements: Sequence[Any], notes: dict[str, Any]) -> Iterator[Any]:
    """Yield the strokes of a scene of Excalidraw, and note what is left out."""
    left_out = set()
    for element in elements:
        if not isinstance(element, dict) or element.get("isDeleted"):
            continue
        points, x, y = (element.get(key) for key in ("points", "x", "y"))
        if isinstance(points, list) and all(isinstance(p, list) and len(p) >= 2 for p in points):
            try:
                moved = np.array([point[:2] for point in points], dtype=np.float64)
                yield (moved + np.array([x, y], dtype=np.float64)).tolist()
            except (TypeError, ValueError, OverflowError):
                raise BadFileError("an element's points are not numbers", hint=_FORM) from None
        else:
            left_out.add(str(element.get("type"))[:40])
    if left_out:
        notes["ignored"] = ", ".join(sorted(left_out))


def _is_by_axes(record: Any, strokes: Sequence[Any], arrays: Sequence[NDArray[Any]]) -> bool:
    """Say whether strokes are lists of all x and all y, as in Quick, Draw!.

    Raises:
        BadFileError: If they could be two points of three to five numbers as well.
    """
    if isinstance(record, dict) and "drawing" in record and "strokes" not in record:
        return True
    plain = [array for array, raw in zip(arrays, strokes, strict=True) if isinstance(raw, list)]
    wide = [array for array in plain if array.size and array.shape[1] > 2]
    if not wide or not all(array.shape[0] in (2, 3) for array in plain):
        return False
    if any(array.shape[1] > _MOST_COLUMNS for array in wide):
        return True
    if any(array.shape[0] == 2 for array in wide):
        raise BadFileError(
            "has strokes of two rows of three to five numbers: two points, or all x and all y",
            hint=_FORM,
        )
    return False


def _numbers(stroke: Any, index: int) -> NDArray[Any]:
    """Return the rows of a stroke: of x, y and perhaps more."""
    where = f"stroke {index}"
    if isinstance(stroke, dict):
        inner = next((stroke[key] for key in _POINTS if isinstance(stroke.get(key), list)), None)
        if inner is None and _is_stroke(stroke):
            inner = _zipped(stroke["x"], stroke["y"])
        stroke = inner
    if not isinstance(stroke, list):
        raise BadDrawingError("a stroke is not a list of points", where=where, hint=_FORM)
    if len(stroke) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    if _is_point(stroke):
        try:
            stroke = [(point["x"], point["y"]) for point in stroke]
        except (TypeError, KeyError):
            raise BadDrawingError("a point lacks x or y", where=where, hint=_FORM) from None
    try:
        points = np.array(stroke)
    except (ValueError, OverflowError):  # points of unequal length
        raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM) from None
    if stroke and points.ndim != 2:
        raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM)
    if stroke and points.dtype.kind not in "iuf":
        raise BadDrawingError("points must be numbers", where=where, hint=_FORM)
    if points.size and points.shape[0] > 3 and points.shape[1] > _MOST_COLUMNS:
        raise BadDrawingError("its points are not all [x, y]", where=where, hint=_FORM)
    return points


def _zipped(x: Sequence[Any], y: Sequence[Any]) -> list[Any] | None:
    return list(zip(x, y, strict=True)) if len(x) == len(y) else None


def _located(error: SketchRNNError, name: str, where: str) -> BadFileError:
    hint = error.hint or f"mend it{OR_SKIP}"
    return BadFileError(error.problem, path=name, where=where or None, hint=hint)
