"""Quick, Draw! as `.ndjson`, a JSON object a line.

The simplified files have whole numbers from 0 to 255; the raw ones have pixels of any scale and a
third list of times in each stroke, which is not kept. CC BY 4.0, Google.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.drawing.geometry import simplify, walk
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

LICENCE = "CC BY 4.0"
ATTRIBUTION = (
    "The Quick, Draw! Dataset by Google, https://github.com/googlecreativelab/quickdraw-dataset"
)
EPSILON = 2.0
SIDE = 255.0
"""The longer side of a simplified drawing."""

SPACING = 1.0
"""The distance at which strokes are sampled before they are simplified."""

MAX_LINE_BYTES = 16 << 20
MAX_POINTS = 100_000
"""The most points of one drawing; raw drawings have a few thousand at most."""

_NOTES = ("key_id", "countrycode", "recognized", "timestamp")
_NOTE_TYPES = (str, int, float, bool)
_PLAIN = 2.0**63
"""From here on, and where there is none, a number is looked at by itself."""

_PARSE = json.JSONDecoder().raw_decode
_LINES = 64
_LINES_BYTES = 1 << 18
"""So many lines, or bytes of lines, are made drawings at once."""


def open_ndjson(name: str, open_file: Callable[[], BinaryIO]) -> Source:
    """Open a file of a drawing a line.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes; called anew for every pass.

    Returns:
        The source. Its licence is Quick, Draw!'s where the first line names a country, as only
        that data set does. Where the first line has times, so is raw, drawings are still given as
        they are, and `Source.simplify` is Quick, Draw!'s own.

    Raises:
        BadFileError: If the file is empty.
    """
    with open_file() as file:
        start = file.readline(MAX_LINE_BYTES)
    if not start:
        raise BadFileError("is empty", path=name, hint="choose another file")
    quickdraw = b'"countrycode"' in start
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        with open_file() as file:
            for numbers, lines in _some_lines(file):
                for number, drawing in zip(numbers, read_lines(lines), strict=True):
                    if isinstance(drawing, Drawing):
                        yield Item(drawing, f"{label}:{number}")
                        continue
                    where = ", ".join(part for part in (f"line {number}", drawing.where) if part)
                    hint = drawing.hint or f"mend the line{OR_SKIP}"
                    skip(
                        f"{label}:{number}",
                        BadFileError(drawing.problem, path=name, where=where, hint=hint),
                    )

    return Source(
        name,
        "longer_side",
        EPSILON,
        read,
        licence=LICENCE if quickdraw else None,
        attribution=ATTRIBUTION if quickdraw else None,
        simplify=simplify_raw if _has_times(start) else None,
    )


def read_line(line: bytes) -> Drawing:
    """Make a drawing of one line.

    Args:
        line: A JSON object with `drawing`, a list of strokes `[[x…], [y…]]` or `[[x…], [y…],
            [t…]]`, and, where known, `word` and other notes.

    Returns:
        The drawing, with `word` as its category; key_id, countrycode, recognized and timestamp
        are metadata where the line has them.

    Raises:
        BadFileError: If the line is no such object.
        BadDrawingError: If its numbers make no drawing.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadFileError(f"is longer than {MAX_LINE_BYTES >> 20} MiB")
    try:
        record = json.loads(line)
    except RecursionError:
        raise BadFileError("nests too deeply") from None
    except ValueError:
        raise BadFileError("is not JSON") from None
    if not isinstance(record, dict) or "drawing" not in record:
        raise BadFileError("holds no drawing: the name `drawing` is missing")
    if not isinstance(record["drawing"], list):
        raise BadFileError("its field `drawing` is not a list of strokes")
    word = record.get("word")
    if word is not None and not isinstance(word, str):
        raise BadFileError("its word is not a text")
    notes = _notes(record)
    strokes = record["drawing"]
    x: list[Any] = []
    y: list[Any] = []
    counts: list[int] = []
    try:
        for stroke in strokes:
            x += stroke[0]
            y += stroke[1]
            counts.append(len(stroke[0]))
            # the whole is checked below; a stroke that is short of one axis would shift the others
            if len(x) != len(y) or len(stroke) > 3 or not isinstance(stroke, list):
                raise ValueError
        points = np.array((x, y)).T
        whole = points.dtype.kind in "iuf" and points.ndim == 2 and 0 not in counts
    except (TypeError, ValueError, IndexError, KeyError):
        whole = False
    after = line.find(b'"drawing"')
    if line.find(b"true", after) >= 0 or line.find(b"false", after) >= 0:
        whole = False  # true among numbers counts as 1; most lines have theirs before the drawing
    if not whole and strokes:  # one by one, to tell which it is
        checked = [_points(stroke, index) for index, stroke in enumerate(strokes)]
        return Drawing(checked, word, notes)
    if len(x) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    return Drawing.from_points(points if strokes else np.zeros((0, 2)), counts, word, notes)


def read_lines(lines: Sequence[bytes]) -> list[Drawing | SketchRNNError]:
    """Make a drawing of each of some lines as `read_line` does, together in less time.

    Returns:
        The drawings; what is wrong with a line stands in its place.
    """
    x: list[Any] = []  # of all plain lines, end to end
    y: list[Any] = []
    plain: list[tuple[list[int], int, str | None, dict[str, Any]] | None] = []
    for line in lines:
        start = len(x)
        found = _add_plain(line, x, y)
        plain.append(found)
        if found is None:
            del x[start:], y[start:]
    points = np.empty((len(x), 2))
    try:
        for axis, values in enumerate((x, y)):
            points[:, axis] = array("d", values)  # takes numbers alone
        if not np.abs(points).max(initial=0.0) < _PLAIN:
            raise ValueError
    except (TypeError, ValueError, OverflowError):  # one of them is not plain, and will say so
        return [_read_or_error(line) for line in lines]
    drawings: list[Drawing | SketchRNNError] = []
    start = 0
    for line, found in zip(lines, plain, strict=True):
        if found is None:
            drawings.append(_read_or_error(line))
        else:
            counts, end, word, notes = found
            # a copy, for who keeps one drawing would keep all of them
            drawings.append(Drawing.of_finite(points[start:end].copy(), counts, word, notes))
            start = end
    return drawings


def _add_plain(
    line: bytes, x: list[Any], y: list[Any]
) -> tuple[list[int], int, str | None, dict[str, Any]] | None:
    """Add the points of a line to others where all of it is as expected but, maybe, the numbers.

    Returns:
        How many points each stroke has, how many there are now, the word and the notes; None where
        the line is to be looked at by itself, whatever was added.
    """
    try:
        text = line.decode()
        record, end = _PARSE(text)
        strokes, word = record["drawing"], record.get("word")
        start = len(x)
        counts = []
        for stroke in strokes:
            x += stroke[0]
            y += stroke[1]
            counts.append(len(stroke[0]))
            if len(x) != len(y) or len(stroke) > 3 or type(stroke) is not list:
                return None
        after = line.find(b'"drawing"')
        if (
            text[end:].strip(" \t\r\n")
            or not strokes
            or type(strokes) is not list
            or 0 in counts
            or len(x) - start > MAX_POINTS
            or len(line) > MAX_LINE_BYTES
            or not (word is None or type(word) is str)
            or line.find(b"true", after) >= 0  # true among numbers counts as 1
            or line.find(b"false", after) >= 0
        ):
            return None
        return counts, len(x), word, _notes(record)
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _read_or_error(line: bytes) -> Drawing | SketchRNNError:
    try:
        return read_line(line)
    except SketchRNNError as error:
        return error


def _notes(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in _NOTES if isinstance(record.get(key), _NOTE_TYPES)}


def simplify_raw(drawing: Drawing) -> Drawing:
    """Simplify a raw drawing as Quick, Draw! made its simplified files.

    Moved to the origin, scaled uniformly to 255 at most, sampled every pixel, simplified after
    Ramer, Douglas and Peucker with epsilon 2 (by the distance to endless lines), and rounded. A
    stroke of one point becomes two that coincide.

    Args:
        drawing: In any unit.

    Returns:
        The drawing with whole numbers from 0 to 255. What has no size stays a dot at the origin.

    Source:
        The data set's own description; which distance, which sampling and which rounding were
        found by comparing pairs of raw and simplified drawings.
    """
    x_min, y_min, x_max, y_max = drawing.bounds
    side = max(x_max - x_min, y_max - y_min)
    scale = SIDE / side if side > 0 else 1.0
    if not np.isfinite(scale * side):
        raise BadDrawingError("is too large or too small to be scaled")
    sampled = []
    for stroke in drawing.strokes:
        points = (stroke - (x_min, y_min)) * scale
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        if length > SPACING * MAX_LENGTH:
            raise BadDrawingError(f"has a stroke longer than {MAX_LENGTH:,} pixels")
        sampled.append(walk(points, SPACING) if length else points[[0, -1]])
    strokes = simplify(sampled, EPSILON, endless=True)
    return Drawing([np.rint(s) for s in strokes], drawing.category, drawing.metadata)


MAX_LENGTH = 1_000_000
"""The longest stroke that is sampled; in 902 real drawings the longest has 36,000."""


def _has_times(line: bytes) -> bool:
    try:
        stroke = json.loads(line)["drawing"][0]
        return isinstance(stroke, list) and len(stroke) == 3
    except (ValueError, RecursionError, TypeError, LookupError):
        return False


def _points(stroke: Any, index: int) -> Any:
    where = f"stroke {index}"
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        problem = "a stroke must be a list of all x and a list of all y, such as [[0, 9], [5, 7]]"
        raise BadDrawingError(problem, where=where)
    try:
        x, y = (np.array(axis) for axis in stroke[:2])
    except ValueError:  # lists within lists, of unequal lengths
        raise BadDrawingError("points must be numbers", where=where) from None
    if x.ndim != 1 or x.shape != y.shape:
        raise BadDrawingError("x and y of a stroke differ in length", where=where)
    if x.size == 0:
        raise BadDrawingError("a stroke has no points", where=where)
    numbers = x.dtype.kind in "iuf" and y.dtype.kind in "iuf"
    if not numbers or any(isinstance(value, bool) for axis in stroke[:2] for value in axis):
        raise BadDrawingError("points must be numbers", where=where)
    return np.column_stack([x, y])


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line) of lines that hold anything, each of bounded length."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)  # the line's tail, to find the next one
        if line.strip():
            yield number, line


def _some_lines(file: BinaryIO) -> Iterator[tuple[list[int], list[bytes]]]:
    """Yield the numbers of some lines, and the lines."""
    numbers: list[int] = []
    lines: list[bytes] = []
    size = 0
    for number, line in _lines(file):
        numbers.append(number)
        lines.append(line)
        size += len(line)
        if len(lines) == _LINES or size > _LINES_BYTES:
            yield numbers, lines
            numbers, lines, size = [], [], 0
    yield numbers, lines
