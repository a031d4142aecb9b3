"""Quick, Draw! `.ndjson`: a JSON object a line, with a word and the strokes of a drawing.

The simplified files have whole numbers from 0 to 255; the raw ones have pixels of any scale and a
third list of times in each stroke, which is not kept. CC BY 4.0, Google.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources.source import Item, Skip, Source

LICENCE = "CC BY 4.0"
ATTRIBUTION = (
    "The Quick, Draw! Dataset by Google, https://github.com/googlecreativelab/quickdraw-dataset"
)
EPSILON = 2.0

MAX_LINE_BYTES = 16 << 20
MAX_POINTS = 100_000
"""The most points of one drawing; raw drawings have a few thousand at most."""

_NOTES = ("key_id", "countrycode", "recognized", "timestamp")


def open_ndjson(name: str, open_file: Callable[[], BinaryIO]) -> Source:
    """Open a file of a drawing a line.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes; called anew for every pass.

    Returns:
        The source. Its licence is Quick, Draw!'s where the first line names a country, as only
        that data set does.

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
            for number, line in _lines(file):
                try:
                    drawing = read_line(line)
                except SketchRNNError as error:
                    where = ", ".join(part for part in (f"line {number}", error.where) if part)
                    hint = error.hint or "mend the line, or let `convert` skip it"
                    skip(
                        f"{label}:{number}",
                        BadFileError(error.problem, path=name, where=where, hint=hint),
                    )
                else:
                    yield Item(drawing, f"{label}:{number}")

    return Source(
        name,
        "longer_side",
        EPSILON,
        read,
        licence=LICENCE if quickdraw else None,
        attribution=ATTRIBUTION if quickdraw else None,
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
    except (ValueError, RecursionError):
        raise BadFileError("is not JSON") from None
    if not isinstance(record, dict) or not isinstance(record.get("drawing"), list):
        raise BadFileError("has no field `drawing`")
    word = record.get("word")
    if word is not None and not isinstance(word, str):
        raise BadFileError("its word is not a text")
    strokes = [_points(stroke, index) for index, stroke in enumerate(record["drawing"])]
    if sum(len(stroke) for stroke in strokes) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    notes = {
        key: record[key] for key in _NOTES if isinstance(record.get(key), str | int | float | bool)
    }
    return Drawing(strokes, word, notes)


def _points(stroke: Any, index: int) -> Any:
    where = f"stroke {index}"
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise BadDrawingError("a stroke is not [[x…], [y…]]", where=where)
    try:
        x, y = (np.array(axis) for axis in stroke[:2])
    except ValueError:  # lists within lists, of unequal lengths
        raise BadDrawingError("points must be numbers", where=where) from None
    if x.ndim != 1 or x.shape != y.shape:
        raise BadDrawingError("x and y of a stroke differ in length", where=where)
    if x.size and not (x.dtype.kind in "iuf" and y.dtype.kind in "iuf"):
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
