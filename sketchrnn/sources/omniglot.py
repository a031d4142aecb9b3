"""Omniglot's stroke files: how people drew the characters of fifty alphabets.

A text file a drawing: `START`, then lines `x,y,t`, and `BREAK` at the end of each stroke. The
image has 105 x 105 pixels; y points up, from -105 at the lower edge to 0. Brenden Lake, MIT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.content import MAX_POINTS, OpenFile, read_whole
from sketchrnn.sources.source import Item, Skip, Source

LICENCE = "MIT"
ATTRIBUTION = "Omniglot by Brenden Lake and others, https://github.com/brendenlake/omniglot"
BOX = 105.0
EPSILON = 2.0
MAX_BYTES = 16 << 20
MAX_BOXES = 4.0
"""How far from the image's corner a coordinate may lie, in images."""

_CHARACTER = re.compile(r"character\d+")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def open_omniglot(name: str, open_file: OpenFile) -> Source:
    """Open one file of strokes.

    Args:
        name: The file, in a folder `Alphabet/character01`, which is its category.
        open_file: Opens it for reading bytes.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        try:
            drawing = read_omniglot(read_whole(name, open_file, MAX_BYTES), name)
        except BadFileError as error:
            skip(label, error)
        else:
            yield Item(drawing, label)

    return Source(name, "box", EPSILON, read, licence=LICENCE, attribution=ATTRIBUTION, length=1)


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
        return Drawing(arrays, _category(name), {"box": BOX, "source": Path(name).name})
    except BadDrawingError as error:
        raise BadFileError(error.problem, path=name, where=error.where) from None


def _point(text: str, name: str, number: int) -> tuple[float, float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _bad(name, number, f"{text[:30]!r} is not x,y,t")
    x, y = float(parts[0]), -float(parts[1])
    if not max(abs(x), abs(y)) <= MAX_BOXES * BOX:
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
