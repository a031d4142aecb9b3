"""Characters as people write them: Make Me a Hanzi, and Omniglot's fifty alphabets.

Make Me a Hanzi has strokes along the middle of a brush's, in writing order. `graphics.txt` has a
JSON object a line; the npm package `hanzi-writer-data` a `.json` file a character. Both give a
stroke's outline and its `medians`, points along its middle, in a box of 1024 with y up, the lower
edge at -124. Arphic Public License.

Omniglot has a text file a drawing: `START`, then lines `x,y,t`, and `BREAK` at the end of each
stroke. The image has 105 x 105 pixels; y points up, from -105 at the lower edge to 0. MIT.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources.content import MAX_POINTS, NUMBER, OpenFile, json_records, read_whole
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

HANZI_LICENCE = "Arphic Public License"
HANZI_ATTRIBUTION = (
    "Make Me a Hanzi by Shaunak Kishore, https://github.com/skishore/makemeahanzi, after fonts "
    "by Arphic Technology"
)
HANZI_BOX = 1024.0
HANZI_UPPER_EDGE = 900.0
"""y of the box's upper edge, where y points up."""

HANZI_EPSILON = 1.5
"""In units of the extent 255, as for KanjiVG: hooks and bends stay."""

MAX_BOXES = 4.0
"""How far from the box a coordinate may lie, in boxes."""

HANZI_CATEGORY = "hanzi"


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

    return Source(
        name, "box", HANZI_EPSILON, read, licence=HANZI_LICENCE, attribution=HANZI_ATTRIBUTION
    )


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
    notes: dict[str, Any] = {"box": HANZI_BOX}
    if isinstance(named, str) and len(named) == 1:
        notes |= {"character": named, "code_point": f"{ord(named):05x}"}
    return Drawing(strokes, HANZI_CATEGORY, notes)


def _points(median: Any, index: int) -> Any:
    where = f"stroke {index}"
    try:
        points = np.array(median)
    except (ValueError, OverflowError):
        points = np.array(None)
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "iuf":
        raise BadDrawingError("a median is not a list of points [x, y]", where=where)
    flipped = np.column_stack([points[:, 0], HANZI_UPPER_EDGE - points[:, 1]]).astype(np.float64)
    if not np.abs(flipped).max() <= MAX_BOXES * HANZI_BOX:
        raise BadDrawingError("a coordinate lies far outside the box", where=where)
    return flipped


def _named_character(name: str) -> str | None:
    stem = Path(name).stem
    return stem if len(stem) == 1 else None


def _group(character: str) -> str:
    """Return the code point whose shape a character shares: compatibility forms are folded."""
    folded = unicodedata.normalize("NFKC", character)
    return f"{ord(folded if len(folded) == 1 else character):05x}"


OMNIGLOT_LICENCE = "MIT"
OMNIGLOT_ATTRIBUTION = (
    "Omniglot by Brenden Lake and others, https://github.com/brendenlake/omniglot"
)
OMNIGLOT_BOX = 105.0
OMNIGLOT_EPSILON = 2.0
OMNIGLOT_MAX_BYTES = 16 << 20
_CHARACTER = re.compile(r"character\d+")
_NUMBER = re.compile(NUMBER)


def open_omniglot(name: str, open_file: OpenFile) -> Source:
    """Open one file of strokes.

    Args:
        name: The file, in a folder `Alphabet/character01`, which is its category.
        open_file: Opens it for reading bytes.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        try:
            drawing = read_omniglot(read_whole(name, open_file, OMNIGLOT_MAX_BYTES), name)
        except BadFileError as error:
            skip(label, error)
        else:
            yield Item(drawing, label)

    return Source(
        name,
        "box",
        OMNIGLOT_EPSILON,
        read,
        licence=OMNIGLOT_LICENCE,
        attribution=OMNIGLOT_ATTRIBUTION,
        length=1,
    )


def read_omniglot(data: bytes, name: str) -> Drawing:
    """Make a drawing of the content of a stroke file.

    Args:
        data: The file's content.
        name: Its name, for errors; with its folders, for the category.

    Returns:
        A drawing in units of the image of 105, y down. Times are not kept.

    Raises:
        BadFileError: If a line is neither a point nor START or BREAK, a coordinate lies far
            outside the image, or there are no strokes.
    """
    strokes: list[list[tuple[float, float]]] = []
    points: list[tuple[float, float]] = []
    count = 0
    lines = data.decode("ascii", "replace").splitlines()
    if not lines or lines[0].strip() != "START":
        raise _bad(name, 1, "does not begin with START")
    for number, line in enumerate(lines[1:], 2):
        text = line.strip()
        if text == "BREAK":
            if points:
                strokes.append(points)
            points = []
        elif text:
            points.append(_point(text, name, number))
            count += 1
            if count > MAX_POINTS:
                raise _bad(name, number, f"has more than {MAX_POINTS:,} points")
    if points:
        raise _bad(name, len(lines), "the last stroke has no BREAK: the file is cut off")
    if not strokes:
        raise BadFileError("has no strokes", path=name, hint="choose another file")
    try:
        arrays = [np.array(stroke) for stroke in strokes]
        return Drawing(arrays, _category(name), {"box": OMNIGLOT_BOX, "source": Path(name).name})
    except BadDrawingError as error:
        raise BadFileError(error.problem, path=name, where=error.where) from None


def _point(text: str, name: str, number: int) -> tuple[float, float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _bad(name, number, f"{text[:30]!r} is not x,y,t")
    x, y = float(parts[0]), -float(parts[1])
    if not max(abs(x), abs(y)) <= MAX_BOXES * OMNIGLOT_BOX:
        raise _bad(name, number, "a coordinate lies far outside the image")
    return x, y


def _category(name: str) -> str | None:
    folders = Path(name).absolute().parts[:-1]
    if len(folders) >= 2 and _CHARACTER.fullmatch(folders[-1]):
        return "/".join(folders[-2:])
    return None


def _bad(name: str, line: int, problem: str) -> BadFileError:
    return BadFileError(
        problem, path=name, where=f"line {line}", hint="mend it, or choose another file"
    )
