"""Finding the reader of an input: by its name, its suffix, and what it begins with."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
from os import PathLike
from pathlib import Path

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sources import kanjivg
from sketchrnn.sources.compressed import open_plain
from sketchrnn.sources.content import OpenFile, read_whole
from sketchrnn.sources.folder import files_of, open_folder
from sketchrnn.sources.hanzi import open_hanzi
from sketchrnn.sources.inkml import open_inkml
from sketchrnn.sources.kanjivg_file import is_kanjivg_name, read_kanjivg
from sketchrnn.sources.kinds import HEAD_BYTES, kind_of_content, kind_of_file
from sketchrnn.sources.markup import MAX_BYTES
from sketchrnn.sources.npz import open_npz
from sketchrnn.sources.omniglot import open_omniglot
from sketchrnn.sources.picture import open_picture
from sketchrnn.sources.polylines import open_polylines
from sketchrnn.sources.quickdraw import open_ndjson
from sketchrnn.sources.quickdraw_packed import open_bin
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.svg import open_svg

STANDARD_INPUT = "-"
MAX_INPUT_BYTES = 256 << 20
"""The most that is read from standard input, which is held in memory."""

_KINDS = (
    "`kanjivg`, a file of SVG, InkML, JSON lines, sketch-rnn's npz, Quick, Draw!, Omniglot or Make "
    "Me a Hanzi, a PNG or JPEG of line art, or a folder of such files"
)


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
    return _open_file(path)


_READERS: dict[str, Callable[[str, OpenFile], Source]] = {
    "hanzi": open_hanzi,
    "inkml": open_inkml,
    "omniglot": open_omniglot,
    "packed": open_bin,
    "picture": open_picture,
    "polylines": open_polylines,
    "quickdraw": open_ndjson,
}
"""The readers of what may come gzipped: they take a name and a function that opens it."""


def _open_file(path: Path) -> Source:
    """Open a file by its kind: what it holds, or what its suffix says."""
    kind = kind_of_file(path)
    if kind == "svg":
        return _open_svg_file(
            str(path), read_whole(str(path), partial(open_plain, path), MAX_BYTES)
        )
    if kind == "npz":
        return open_npz(path)
    if kind in _READERS:
        return _READERS[kind](str(path), partial(open_plain, path))
    raise BadFileError("is of no known kind", path=path, hint=f"name {_KINDS}")


def _open_folder(folder: Path, variants: bool, scripts: Collection[str]) -> Source:
    files = files_of(folder)
    if any(is_kanjivg_name(path.name) for path in files[:1000]):
        return kanjivg.open_kanjivg(folder, variants=variants, scripts=scripts)
    try:
        return open_folder(folder, files, _open_file)
    except BadFileError as error:
        if error.hint is None:
            error.hint = f"name {_KINDS}"
        raise


def _open_svg_file(name: str, data: bytes) -> Source:
    """Open one SVG file, KanjiVG's or any other, by what is in it."""
    if b"kvg:StrokePaths" not in data:
        return open_svg(name, [(name, lambda: data)])

    def read_one(skip: Skip) -> Iterator[Item]:
        yield Item(read_kanjivg(Path(name), data), Path(name).name)

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
    kind = kind_of_content(data[:HEAD_BYTES])
    if kind == "svg" and len(data) <= MAX_BYTES:
        return _open_svg_file(name, data)
    if kind in _READERS:
        return _READERS[kind](name, lambda: io.BytesIO(data))
    raise BadFileError(
        "is neither SVG nor lines of JSON" if data.strip() else "is empty",
        path=name,
        hint="pipe one in, or give other kinds as a file",
    )
