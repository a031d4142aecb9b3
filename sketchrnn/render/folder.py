"""Thousands of pictures as files of one folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sized
from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.drawing import Drawing
from sketchrnn.drawing.files import check_output, whole_file, whole_folder
from sketchrnn.render.bulk import drawings_to_pages, pages_to_png
from sketchrnn.render.page import Page
from sketchrnn.render.raster import Note
from sketchrnn.render.save import check_suffix, encode_page
from sketchrnn.render.style import Style

Progress = Callable[[int, int | None], None]
"""Takes how many pictures are done, and of how many, if that is known."""

_TOLD_EVERY = 100
"""Pictures between two words about how far it is."""


def save_drawings(
    drawings: Iterable[Drawing],
    folder: str | PathLike[str],
    suffix: str = ".png",
    overwrite: bool = False,
    note: Note | None = None,
    progress: Progress | None = None,
    **style: Any,
) -> int:
    """Write each of many drawings as a file of a folder: 0001.png, 0002.png and so on.

    Args:
        drawings: What to draw, one after the other.
        folder: A folder that is new appears whole or not at all.
        suffix: .svg, .png, .pdf or .html.
        overwrite: Whether files of a folder that is there may be replaced.
        note: Told when Pillow paints because libcairo is missing.
        progress: Told how many pictures are done, and of how many where that is known.
        **style: As `Style` takes.

    Returns:
        How many files were written.

    Raises:
        BadSettingError: If the suffix or a style is unknown or cannot be used.
        OutputExistsError: If a file exists.
        MissingDependencyError: If the format needs something that is not installed.
    """
    checked = Style.of(style)
    check_suffix(f"picture{suffix}")
    total = len(drawings) if isinstance(drawings, Sized) else None
    pages = ((f"{k:04}", page) for k, page in enumerate(drawings_to_pages(drawings, checked), 1))
    scale = checked.scale or 1.0
    return save_pages(pages, Path(folder), suffix, overwrite, scale, note, progress, total)


def save_pages(
    pages: Iterable[tuple[str, Page]],
    folder: Path,
    suffix: str,
    overwrite: bool = False,
    scale: float = 1.0,
    note: Note | None = None,
    progress: Progress | None = None,
    total: int | None = None,
) -> int:
    """Write pages that have neither frames nor labels as files of a folder.

    Args:
        pages: (name without suffix, page), all names different.
        folder: See `save_drawings`.
        suffix: One of `save.SUFFIXES`.
        overwrite: See `save_drawings`.
        scale: Pixels of a PNG or a movie for each px.
        note: See `save_drawings`.
        progress: See `save_drawings`.
        total: How many pages there are, if that is known.

    Returns:
        How many files were written.
    """
    new = not folder.exists()
    if not new and not folder.is_dir():
        check_output(folder)
    names: list[str] = []

    def named() -> Iterator[Page]:
        for name, page in pages:
            names.append(name)
            yield page

    if suffix == ".png":
        contents = pages_to_png(named(), scale, note)
    else:
        contents = (encode_page(page, suffix, scale, note) for page in named())
    room: contextlib.AbstractContextManager[Path] = contextlib.nullcontext(folder)
    if new:
        room = whole_folder(folder)
    count = -1
    with room as place:
        for count, content in enumerate(contents):
            path = place / f"{names[count]}{suffix}"
            if new:  # the folder appears when it is whole
                path.write_bytes(content)
            else:
                with whole_file(path, overwrite=overwrite) as beside:
                    beside.write_bytes(content)
            if progress is not None and count % _TOLD_EVERY == 0:
                progress(count + 1, total)
    return count + 1
