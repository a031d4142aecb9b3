"""Files of handwriting that are short to read: Xournal++, IAM-OnDB and UNIPEN.

- Xournal++ `.xopp`, gzipped XML: `<stroke>x y x y ...</stroke>` in points of 1/72 inch; each page
  is a drawing, and what is no stroke is named in the metadata.
- IAM-OnDB `.xml`: `<Stroke>`s of `<Point x="" y=""/>`; a file is a drawing.
- UNIPEN `.unp`, `.dat`: lines of numbers between `.PEN_DOWN` and `.PEN_UP`, after a `.COORD` that
  names their columns; y points up. A file is a drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.content import MAX_POINTS, MAX_XML_BYTES, OpenFile, read_whole, walk
from sketchrnn.sources.source import Item, Skip, Source

EPSILON = 2.0
_DRAWN = {"pen", "highlighter"}  # tools of Xournal++; an eraser's strokes draw nothing
_LEFT_OUT = {"text": "text", "image": "pictures", "teximage": "formulas"}
_OTHER_WORDS = (b".HIERARCHY", b".VERSION", b".COORD", b".PEN_DOWN", b".X_DIM", b".DATA_SOURCE")
"""With one of these at the beginning of a line among the first, a file is UNIPEN's."""

Page = tuple[list[Any], dict[str, Any]]


def is_unipen(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of UNIPEN's."""
    return any(line.startswith(_OTHER_WORDS) for line in head[:65536].splitlines()[:100])


def open_xopp(name: str, open_file: OpenFile) -> Source:
    """Open a file of Xournal++.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes.
    """
    return _source(name, open_file, _read_xopp)


def open_iam(name: str, open_file: OpenFile) -> Source:
    """Open a file of IAM-OnDB.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes.
    """
    return _source(name, open_file, _read_iam)


def open_unipen(name: str, open_file: OpenFile) -> Source:
    """Open a file of UNIPEN.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes.
    """
    return _source(name, open_file, _read_unipen)


def _source(
    name: str, open_file: OpenFile, read_pages: Callable[[bytes, str], list[Page]]
) -> Source:
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        try:
            pages = read_pages(read_whole(name, open_file, MAX_XML_BYTES), name)
            if not pages:
                raise BadFileError("has no strokes", path=name, hint="choose another file")
            if sum(len(stroke) for strokes, _ in pages for stroke in strokes) > MAX_POINTS:
                raise BadFileError(
                    f"has more than {MAX_POINTS:,} points", path=name, hint="split it"
                )
            drawings = [
                Drawing(strokes, metadata={"source": label, **notes}) for strokes, notes in pages
            ]
        except BadFileError as error:
            skip(label, error)
            return
        except BadDrawingError as error:
            skip(label, BadFileError(error.problem, path=name, where=error.where))
            return
        for index, drawing in enumerate(drawings):
            yield Item(drawing, label if len(drawings) == 1 else f"{label}[{index}]")

    return Source(name, "longer_side", EPSILON, read)


def _read_xopp(data: bytes, name: str) -> list[Page]:
    pages: list[Page] = []
    texts: list[str] | None = None
    ignored: set[str] = set()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal texts
        if tag == "page":
            pages.append(([], {}))
            ignored.clear()
        elif tag in _LEFT_OUT:
            ignored.add(_LEFT_OUT[tag])
        elif tag == "stroke" and pages and attributes.get("tool", "pen") in _DRAWN:
            texts = []

    def end(tag: str) -> None:
        nonlocal texts
        if tag == "stroke" and texts is not None:
            numbers = _numbers("".join(texts).split(), name, f"stroke {len(pages[-1][0])}")
            pages[-1][0].append(numbers[: len(numbers) // 2 * 2].reshape(-1, 2))
            texts = None
        elif tag == "page" and pages and ignored:
            pages[-1][1]["ignored"] = ", ".join(sorted(ignored))

    def text(piece: str) -> None:
        if texts is not None:
            texts.append(piece)

    walk(data, name, start, end, text, "xopp")
    return [page for page in pages if page[0]]


def _read_iam(data: bytes, name: str) -> list[Page]:
    strokes: list[list[str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Stroke":
            strokes.append([])
        elif tag == "Point" and strokes:
            strokes[-1] += (attributes.get("x", ""), attributes.get("y", ""))

    walk(data, name, start, lambda tag: None, kind="IAM-OnDB")
    arrays = [
        _numbers(stroke, name, f"stroke {index}").reshape(-1, 2)
        for index, stroke in enumerate(strokes)
        if stroke
    ]
    return [(arrays, {})] if arrays else []


def _read_unipen(data: bytes, name: str) -> list[Page]:
    columns = ["X", "Y"]
    strokes: list[list[str]] = []
    is_down = False
    for number, line in enumerate(data.decode("latin-1").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if words[0] == ".COORD":
            columns = [word.upper() for word in words[1:]]
            if not {"X", "Y"} <= set(columns):
                raise BadFileError(
                    ".COORD names no X and Y", path=name, where=f"line {number}", hint="add them"
                )
        elif words[0].startswith("."):
            is_down = words[0] == ".PEN_DOWN" or (is_down and words[0] not in (".PEN_UP", ".DT"))
            if words[0] == ".PEN_DOWN":
                strokes.append([])
        elif is_down and len(words) == len(columns):
            strokes[-1] += (words[columns.index("X")], words[columns.index("Y")])
        elif is_down:
            raise BadFileError(
                f"has {len(words)} numbers where .COORD names {len(columns)}",
                path=name,
                where=f"line {number}",
                hint="mend the line",
            )
    arrays = [
        _numbers(stroke, name, f"stroke {index}").reshape(-1, 2) * (1.0, -1.0)
        for index, stroke in enumerate(strokes)
        if stroke
    ]
    return [(arrays, {})] if arrays else []


def _numbers(words: list[str], name: str, where: str) -> Any:
    try:
        return np.array(list(map(float, words)))
    except ValueError:
        raise BadFileError(
            "has a point that is not of numbers", path=name, where=where, hint="mend it"
        ) from None
