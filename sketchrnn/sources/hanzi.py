"""Make Me a Hanzi: Chinese characters as strokes along the middle of a brush's, in writing order.

`graphics.txt` has a JSON object a line; the npm package `hanzi-writer-data` a `.json` file a
character. Both give a stroke's outline and its `medians`, points along its middle, in a box of
1024 with y up, the lower edge at -124. Arphic Public License.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources.content import MAX_POINTS, OpenFile, json_records
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

LICENCE = "Arphic Public License"
ATTRIBUTION = (
    "Make Me a Hanzi by Shaunak Kishore, https://github.com/skishore/makemeahanzi, after fonts "
    "by Arphic Technology"
)
BOX = 1024.0
UPPER_EDGE = 900.0
"""y of the box's upper edge, where y points up."""

EPSILON = 1.5
"""In units of the extent 255, as for KanjiVG: hooks and bends stay."""

MAX_BOXES = 4.0
"""How far from the box a coordinate may lie."""

CATEGORY = "hanzi"


def open_hanzi(name: str, open_file: OpenFile) -> Source:
    """Open `graphics.txt`, or the file of one character.

    Args:
        name: The file's name; it tells the character where the file does not.
        open_file: Opens it for reading bytes.

    Returns:
        The source. The group of a drawing is its character, compatibility forms folded.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        for place, value in json_records(name, open_file):
            number = place.removeprefix("line ")
            title = label
            try:
                if isinstance(value, SketchRNNError):
                    raise value
                drawing = read_character(value, _named_character(name))
            except SketchRNNError as error:
                where = place
                if error.where and error.where != place:
                    where = f"{place}, {error.where}" if place else error.where
                skip(
                    f"{label}:{number}" if number else label,
                    BadFileError(
                        error.problem,
                        path=name,
                        where=where or None,
                        hint=error.hint or f"get the file again{OR_SKIP}",
                    ),
                )
                continue
            character = drawing.metadata.get("character")
            if _named_character(name) is None and number:
                title = f"{label}:{number}"
            yield Item(drawing, title, group=_group(character) if character else None)

    return Source(name, "box", EPSILON, read, licence=LICENCE, attribution=ATTRIBUTION)


def read_character(record: Any, character: str | None = None) -> Drawing:
    """Make a drawing of the JSON object of a character.

    Args:
        record: An object with `medians`, a list of strokes of points [x, y], y up.
        character: The character, where the object does not name it.

    Returns:
        A drawing in the box of 1024, y down: y becomes 900 - y. Metadata: box, character,
        code_point.

    Raises:
        BadFileError: If the object has no medians.
        BadDrawingError: If its numbers make no drawing, or lie far outside the box.
    """
    if not isinstance(record, dict) or not isinstance(record.get("medians"), list):
        raise BadFileError(
            "holds no character: the name `medians` is missing",
            hint="choose a file of Make Me a Hanzi",
        )
    if not record["medians"]:
        raise BadFileError("has no strokes")
    strokes = [_points(median, index) for index, median in enumerate(record["medians"])]
    if sum(len(stroke) for stroke in strokes) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    named = record.get("character", character)
    notes: dict[str, Any] = {"box": BOX}
    if isinstance(named, str) and len(named) == 1:
        notes |= {"character": named, "code_point": f"{ord(named):05x}"}
    return Drawing(strokes, CATEGORY, notes)


def _points(median: Any, index: int) -> Any:
    where = f"stroke {index}"
    try:
        points = np.array(median)
    except (ValueError, OverflowError):
        points = np.array(None)
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "iuf":
        raise BadDrawingError("a median is not a list of points [x, y]", where=where)
    flipped = np.column_stack([points[:, 0], UPPER_EDGE - points[:, 1]]).astype(np.float64)
    if not np.abs(flipped).max() <= MAX_BOXES * BOX:
        raise BadDrawingError("a coordinate lies far outside the box", where=where)
    return flipped


def _named_character(name: str) -> str | None:
    stem = Path(name).stem
    return stem if len(stem) == 1 else None


def _group(character: str) -> str:
    """Return the code point whose shape a character shares: compatibility forms are folded."""
    folded = unicodedata.normalize("NFKC", character)
    return f"{ord(folded if len(folded) == 1 else character):05x}"
