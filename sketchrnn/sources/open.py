"""Finding the reader of an input: by its name, what it begins with, and its suffix.

A folder is read however deep, each file by its own reader, the folders as categories.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterator
from functools import partial
from os import PathLike
from pathlib import Path

from sketchrnn.drawing import BadFileError, Drawing, MissingDependencyError, SketchRNNError
from sketchrnn.sources import kanjivg
from sketchrnn.sources.characters import open_hanzi, open_omniglot
from sketchrnn.sources.content import MAX_XML_BYTES, OpenFile, open_plain, read_whole
from sketchrnn.sources.handwriting import is_unipen, open_iam, open_unipen, open_xopp
from sketchrnn.sources.inkml import open_inkml
from sketchrnn.sources.kanjivg import is_kanjivg_name, read_kanjivg
from sketchrnn.sources.npz import open_npz
from sketchrnn.sources.picture import open_picture
from sketchrnn.sources.polylines import STROKES, open_polylines
from sketchrnn.sources.quickdraw import is_packed, open_bin, open_ndjson
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.svg import open_svg

STANDARD_INPUT = "-"
MAX_INPUT_BYTES = 256 << 20
"""The most that is read from standard input, which is held in memory."""

_KANJIVG_MARK = b"kvg:StrokePaths"
_KANJIVG_HEAD = 16 << 10  # bytes in which the mark stands, after licence and attribute lists

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
    symbols: bool = False,
) -> Source:
    """Find the reader of an input.

    Args:
        input: A file or a folder, "kanjivg" for the installed package, "kanjivg:山水" for some
            of its characters, "-" for standard input.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.
        symbols: Give the labelled symbols of InkML one by one.

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
        raise BadFileError("no such file or folder", path=path, hint=_guess(path))
    if path.is_dir():
        return _open_folder(path, variants, scripts, symbols)
    return _open_file(path, symbols)


def _guess(missing: Path) -> str:
    """Say what may be meant by a file that is not there: a character, or a file spelt like it."""
    if all(unicodedata.category(char) == "Lo" for char in str(missing)):
        return f"write {kanjivg.PACKAGE}:{missing} for the characters of KanjiVG"
    with contextlib.suppress(OSError, ValueError):
        near = difflib.get_close_matches(
            missing.name, [path.name for path in missing.parent.iterdir()], n=1
        )
        if near:
            return f"did you mean {str(missing.with_name(near[0]))!r}?"
    return f"name {_KINDS}"


_READERS: dict[str, Callable[[str, OpenFile], Source]] = {
    "hanzi": open_hanzi,
    "iam": open_iam,
    "inkml": open_inkml,
    "omniglot": open_omniglot,
    "packed": open_bin,
    "picture": open_picture,
    "polylines": open_polylines,
    "quickdraw": open_ndjson,
    "unipen": open_unipen,
    "xopp": open_xopp,
}
"""The readers of what may come gzipped: they take a name and a function that opens it."""


_REFUSED = {
    "npy": (
        "is a single array of NumPy, which does not say what it means",
        "save stroke-3 rows by numpy.savez(name, train=...), or points as JSON",
    ),
    "hdf5": (
        "is an HDF5 file, such as a data file of sketchrnn",
        "see what it holds with `sketchrnn data info`",
    ),
}
"""Kinds that are known and not read: what they are, and what to do."""


def _open_file(path: Path, symbols: bool = False) -> Source:
    """Open a file by its kind: what it holds, or what its suffix says."""
    kind = kind_of_file(path)
    if kind == "svg":
        return _open_svg_file(
            str(path), read_whole(str(path), partial(open_plain, path), MAX_XML_BYTES)
        )
    if kind == "npz":
        return open_npz(path)
    if kind == "inkml":
        return open_inkml(str(path), partial(open_plain, path), symbols)
    if kind in _READERS:
        return _READERS[kind](str(path), partial(open_plain, path))
    if kind in _REFUSED:
        problem, hint = _REFUSED[kind]
        raise BadFileError(problem, path=path, hint=hint)
    raise BadFileError("is of no known kind", path=path, hint=f"name {_KINDS}")


def _open_folder(folder: Path, variants: bool, scripts: Collection[str], symbols: bool) -> Source:
    files = files_of(folder)
    if files and all(_is_kanjivg(path) for path in files):
        return kanjivg.open_kanjivg(folder, variants=variants, scripts=scripts)
    try:
        return open_folder(folder, files, partial(_open_file, symbols=symbols))
    except BadFileError as error:
        if error.hint is None:
            error.hint = f"name {_KINDS}"
        raise


def _is_kanjivg(path: Path) -> bool:
    """Say whether a file is one of KanjiVG's, by its name and by what it holds."""
    if not is_kanjivg_name(path.name):
        return False
    try:
        with open(path, "rb") as file:
            return _KANJIVG_MARK in file.read(_KANJIVG_HEAD)
    except OSError:
        return False


def _open_svg_file(name: str, data: bytes) -> Source:
    """Open one SVG file, KanjiVG's or any other, by what is in it."""
    if _KANJIVG_MARK not in data:
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
    if kind == "svg" and len(data) <= MAX_XML_BYTES:
        return _open_svg_file(name, data)
    if kind in _READERS:
        return _READERS[kind](name, lambda: io.BytesIO(data))
    raise BadFileError(
        "is neither SVG nor lines of JSON" if data.strip() else "is empty",
        path=name,
        hint="pipe one in, or give other kinds as a file",
    )


HEAD_BYTES = 1 << 20
"""How much of a file is looked at: the keys of a first line of JSON may come late."""

SUFFIXES = {
    ".svg": "svg",
    ".inkml": "inkml",
    ".npz": "npz",
    ".ndjson": "quickdraw",
    ".bin": "packed",
    ".jsonl": "polylines",
    ".json": "polylines",
    ".png": "picture",
    ".jpg": "picture",
    ".jpeg": "picture",
    ".xopp": "xopp",
    ".unp": "unipen",
    ".excalidraw": "polylines",
}
"""What a suffix says where the content says nothing."""

TEXT_SUFFIXES = (".txt", ".json", ".xml")
"""Suffixes of anything: in a folder, the content must show that such a file has drawings."""

_MAGIC = {
    b"PK\x03\x04": "npz",
    b"\x93NUMPY": "npy",
    b"\x89HDF": "hdf5",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
}
_XML_ROOT = re.compile(r"<(?:[\w.-]+:)?(svg|ink|xournal|WhiteboardCaptureSession)[\s/>]")
_XML_KINDS = {"svg": "svg", "ink": "inkml", "xournal": "xopp", "WhiteboardCaptureSession": "iam"}
_OMNIGLOT = re.compile(rb"START\s")


def suffix_of(name: str) -> str:
    """Return a name's suffix in lower case, that before `.gz` where it ends so.

    >>> suffix_of("cat.NDJSON.gz"), suffix_of("cat.svgz")
    ('.ndjson', '.svg')
    """
    path = Path(name.lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
    return ".svg" if path.suffix == ".svgz" else path.suffix


def kind_of_file(path: Path, by_name: bool = True) -> str | None:
    """Return the kind of a file, None if nothing tells it.

    Args:
        path: The file, perhaps gzipped.
        by_name: Whether its suffix tells where its content does not.

    Raises:
        BadFileError: If it cannot be read.
    """
    suffix = suffix_of(path.name)
    with open_plain(path) as file:
        try:
            head = file.read(HEAD_BYTES)
        except OSError as error:
            problem = (error.strerror or "cannot be read").lower()
            raise BadFileError(problem, path=path, hint="check the file") from None
    return kind_of_content(head, suffix) or (SUFFIXES.get(suffix) if by_name else None)


def kind_of_content(head: bytes, suffix: str = "") -> str | None:
    """Return the kind that the beginning of a file tells, None if it tells none.

    Args:
        head: The first `HEAD_BYTES` of the file.
        suffix: Decides between kinds that begin alike.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf")[:65536].decode("utf-8", "replace")
    text = text.lstrip()
    if text.startswith("<"):
        root = _XML_ROOT.search(text)
        if root is not None:
            return _XML_KINDS[root[1]]
        return "svg" if SUFFIXES.get(suffix) == "svg" or not suffix else None
    if text.startswith(("{", "[")):
        if b'"medians"' in head:
            return "hanzi"
        if b'"drawing"' in head and text.startswith("{"):
            return "quickdraw"
        named = any(f'"{name}"'.encode() in head for name in STROKES)
        return "polylines" if text.startswith("[") or named else None
    if _OMNIGLOT.match(head.lstrip()):
        return "omniglot"
    if is_unipen(head):
        return "unipen"
    return "packed" if suffix not in SUFFIXES and is_packed(head) else None


_SINGLE = {".svg", ".png", ".jpg", ".jpeg"}  # a drawing a file


def files_of(folder: Path) -> list[Path]:
    """Return the files below a folder whose names promise drawings, in a fixed order.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        found += [
            Path(place, name)
            for name in sorted(names)
            if not name.startswith(".") and _promises(name)
        ]
    return found


def open_folder(folder: Path, files: list[Path], open_file: Callable[[Path], Source]) -> Source:
    """Open the files of a folder as one source.

    Args:
        folder: The folder.
        files: What `files_of` found in it.
        open_file: The reader of a file; it raises BadFileError for what cannot be opened.

    Returns:
        The source. A drawing without a category has that of its folder, as far as it is below
        the one that was named. Units, licence and attribution are those of the first file that
        can be opened; files in other units are skipped.

    Raises:
        BadFileError: If no file can be opened.
    """
    first = _first(folder, files, open_file)

    def read(skip: Skip, start: int = 0, end: int | None = None) -> Iterator[Item]:
        for path in files[start:end]:
            below = path.parent.relative_to(folder).as_posix()
            prefix = "" if below == "." else f"{below}/"

            def skip_here(name: str, why: str | SketchRNNError, prefix: str = prefix) -> None:
                skip(prefix + name, why)

            if _says_nothing(path):
                skip_here(path.name, "holds no drawings")
                continue
            try:
                source = open_file(path)
                if source.fit != first.fit:
                    raise BadFileError(
                        f"comes in other units ({source.fit}) than the files before it "
                        f"({first.fit})",
                        path=path,
                        hint="convert it to a file of its own",
                    )
                for item in source.read(skip_here):
                    drawing = item.drawing
                    if drawing.category is None and prefix:
                        drawing = drawing.with_category(below)
                    yield Item(drawing, prefix + item.name, item.split, item.group)
            except MissingDependencyError:
                raise  # the other files would lack it too
            except SketchRNNError as error:
                skip(prefix + path.name, error)

    single = all(path.suffix.lower() in _SINGLE for path in files)
    return Source(
        str(folder),
        first.fit,
        first.epsilon,
        read,
        licence=first.licence,
        attribution=first.attribution,
        length=len(files) if single else None,
        num_files=len(files),
        read_files=read,
    )


def _first(folder: Path, files: list[Path], open_file: Callable[[Path], Source]) -> Source:
    error: BadFileError | None = None
    for path in files:
        if _says_nothing(path):
            continue
        try:
            return open_file(path)
        except BadFileError as problem:
            error = error or problem
    if error is not None:
        raise error
    raise BadFileError(
        "is a folder without files of drawings" if any(folder.iterdir()) else "is an empty folder",
        path=folder,
    )


def _promises(name: str) -> bool:
    suffix = suffix_of(name)
    return suffix in SUFFIXES or suffix in TEXT_SUFFIXES


def _says_nothing(path: Path) -> bool:
    """Say whether a file is a text about something else, such as a licence or package.json."""
    try:
        return suffix_of(path.name) in TEXT_SUFFIXES and kind_of_file(path, by_name=False) is None
    except BadFileError:
        return False
