"""Finding the reader of an input: by its name, its suffix, and what it begins with."""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sources import kanjivg
from sketchrnn.sources.markup import MAX_BYTES, read_bytes
from sketchrnn.sources.npz import open_npz
from sketchrnn.sources.quickdraw import open_ndjson
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.svg import open_svg

STANDARD_INPUT = "-"
MAX_INPUT_BYTES = 256 << 20
"""The most that is read from standard input, which is held in memory."""

_KINDS = "`kanjivg`, an .svg, .npz or .ndjson file, or a folder of .svg files"


def read(path: str | PathLike[str]) -> Drawing:
    """Read the one drawing of a file.

    Args:
        path: An SVG file, or another that holds a single drawing; "-" for standard input.

    Returns:
        The drawing, in the units of the file.

    Raises:
        BadFileError: If the file cannot be read, or holds several drawings.
    """
    items = open_source(path, variants=True, scripts=("all",)).items()
    drawing = next(items).drawing
    if next(items, None) is not None:
        raise BadFileError(
            "holds several drawings", path=path, hint="read them with read_all, one after the other"
        )
    return drawing


def read_all(
    path: str | PathLike[str],
    *,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
) -> Iterator[Drawing]:
    """Iterate over the drawings of a file or folder, in the units they come in.

    Args:
        path: A file or a folder, "kanjivg" for the installed package, "kanjivg:山水" for some
            of its characters, "-" for standard input.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.

    Yields:
        The drawings. What cannot be read raises, with the file and the place in it.

    Raises:
        BadFileError: If the input is missing, empty, of no known kind, or damaged.
        MissingDependencyError: If "kanjivg" is asked for and not installed.
        BadSettingError: If a script is unknown.
    """
    for item in open_source(path, variants=variants, scripts=scripts).items():
        yield item.drawing


def open_source(
    input: str | PathLike[str],
    *,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
) -> Source:
    """Find the reader of an input.

    Args:
        input: A file or a folder, "kanjivg" for the installed package, "kanjivg:山水" for some
            of its characters, "-" for standard input.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.

    Returns:
        The source; its `items()` are the drawings.

    Raises:
        BadFileError: If the input is missing, empty, or of no known kind.
        MissingDependencyError: If "kanjivg" is asked for and not installed.
        BadSettingError: If a script is unknown.
    """
    kanjivg.check_scripts(scripts)
    if str(input) == STANDARD_INPUT:
        return _open_standard_input()
    path = Path(input)
    if str(input) == kanjivg.PACKAGE and not path.exists():
        return kanjivg.open_kanjivg(variants=variants, scripts=scripts)
    kind, colon, characters = str(input).partition(":")
    if kind == kanjivg.PACKAGE and colon and not path.exists():
        return kanjivg.open_characters(characters)
    if not path.exists():
        raise BadFileError("no such file or folder", path=path, hint=f"name {_KINDS}")
    if path.is_dir():
        return _open_folder(path, variants, scripts)
    suffix = path.suffix.lower()
    if suffix == ".svg":
        return _open_svg_file(str(path), read_bytes(path))
    if suffix == ".npz":
        return open_npz(path)
    if suffix in (".ndjson", ".jsonl"):
        return open_ndjson(str(path), lambda: _open(path))
    raise BadFileError("is of no known kind", path=path, hint=f"name {_KINDS}")


def _open_folder(folder: Path, variants: bool, scripts: Collection[str]) -> Source:
    files = sorted(path for path in folder.glob("*.svg") if path.is_file())
    if any(kanjivg.is_kanjivg_name(path.name) for path in files[:1000]):
        return kanjivg.open_kanjivg(folder, variants=variants, scripts=scripts)
    if not files:
        empty = next(folder.iterdir(), None) is None
        raise BadFileError(
            "is an empty folder" if empty else "is a folder without .svg files",
            path=folder,
            hint=f"name {_KINDS}",
        )
    return open_svg(str(folder), [(str(path), partial(read_bytes, path)) for path in files])


def _open_svg_file(name: str, data: bytes) -> Source:
    """Open one SVG file, KanjiVG's or any other, by what is in it."""
    if b"kvg:StrokePaths" not in data:
        return open_svg(name, [(name, lambda: data)])

    def read_one(skip: Skip) -> Iterator[Item]:
        yield Item(kanjivg.read_kanjivg(Path(name), data), Path(name).name)

    return Source(
        name,
        "box",
        kanjivg.EPSILON,
        read_one,
        licence=kanjivg.LICENCE,
        attribution=kanjivg.ATTRIBUTION,
        length=1,
    )


def _open_standard_input() -> Source:
    """Read standard input and see whether it is SVG or lines of JSON."""
    name = "standard input"
    data = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
    if len(data) > MAX_INPUT_BYTES:
        raise BadFileError(
            f"is larger than {MAX_INPUT_BYTES >> 20} MiB", path=name, hint="give it as a file"
        )
    start = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") and len(data) <= MAX_BYTES:
        return _open_svg_file(name, data)
    if start.startswith(b"{"):
        return open_ndjson(name, lambda: io.BytesIO(data))
    raise BadFileError(
        "is neither SVG nor lines of JSON" if start else "is empty", path=name, hint="pipe one in"
    )


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise BadFileError(problem, path=path, hint="check the file") from None
