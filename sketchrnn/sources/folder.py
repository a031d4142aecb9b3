"""Folders of drawings, however deep: each file by its own reader, the folders as categories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from sketchrnn.drawing import BadFileError, MissingDependencyError, SketchRNNError
from sketchrnn.sources.kinds import SUFFIXES, TEXT_SUFFIXES, kind_of_file, suffix_of
from sketchrnn.sources.source import Item, Skip, Source

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
