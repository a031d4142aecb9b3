"""Pages and single drawings to files, by suffix."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.drawing.files import whole_file
from sketchrnn.render.html import page_to_html
from sketchrnn.render.movie import MOVIES, Progress, check_encoder, page_to_movie
from sketchrnn.render.page import Page
from sketchrnn.render.pdf import pages_to_pdf
from sketchrnn.render.placement import Cell, place
from sketchrnn.render.raster import Note, page_to_png
from sketchrnn.render.style import Style
from sketchrnn.render.svg import page_to_svg
from sketchrnn.render.text_metrics import clean

SUFFIXES = (".svg", ".png", ".pdf", ".html", *MOVIES)
"""What can be written."""


def drawing_to_page(drawing: Drawing, style: Style) -> Page:
    """Put one drawing on a page of its own."""
    width, height = style.size
    return Page(
        width=width,
        height=height,
        ink=style.ink,
        stroke_width=style.pen,
        precision=style.precision,
        smooth=style.smooth,
        background=style.background,
        pictures=place([drawing], [Cell(0, 0, width, height)], style),
        title=clean(str(drawing.category)) if drawing.category else None,
    )


def drawing_to_svg(drawing: Drawing, **style: Any) -> str:
    """Return a drawing as an SVG document.

    Args:
        drawing: What to draw.
        **style: As `Style` takes.

    Raises:
        BadSettingError: If a style is unknown or cannot be used.
    """
    return page_to_svg(drawing_to_page(drawing, Style.of(style)))


def drawing_to_png(drawing: Drawing, note: Note | None = None, **style: Any) -> bytes:
    """Return a drawing as a PNG file.

    Args:
        drawing: What to draw.
        note: Told when Pillow paints because libcairo is missing.
        **style: As `Style` takes; `scale` pixels for each px.

    Raises:
        BadSettingError: If a style is unknown or cannot be used.
        MissingDependencyError: If neither libcairo nor Pillow is there.
    """
    checked = Style.of(style)
    return page_to_png(drawing_to_page(drawing, checked), checked.scale or 1.0, note)


def save_drawing(
    drawing: Drawing,
    path: str | PathLike[str],
    overwrite: bool = False,
    note: Note | None = None,
    **style: Any,
) -> Path:
    """Write a drawing as .svg, .png, .pdf, .html, .gif, .mp4 or .webm, by the suffix of `path`.

    Args:
        drawing: What to draw.
        path: The file to write.
        overwrite: Whether a file that exists may be replaced.
        note: Told when Pillow paints a PNG because libcairo is missing.
        **style: As `Style` takes.

    Returns:
        The path.

    Raises:
        BadSettingError: If the suffix or a style is unknown or cannot be used.
        OutputExistsError: If the file exists.
        MissingDependencyError: If the format needs something that is not installed.
    """
    checked = Style.of(style)
    check_suffix(path)
    return save_page(drawing_to_page(drawing, checked), path, overwrite, checked.scale or 1.0, note)


def save_page(
    page: Page,
    path: str | PathLike[str],
    overwrite: bool = False,
    scale: float = 1.0,
    note: Note | None = None,
) -> Path:
    """Write a page by the suffix of `path`; the file appears whole or not at all.

    Raises:
        BadSettingError: If the suffix is unknown.
        OutputExistsError: If the file exists.
        MissingDependencyError: If the format needs something that is not installed.
    """
    suffix = check_suffix(path)
    with whole_file(path, overwrite=overwrite) as beside:
        beside.write_bytes(encode_page(page, suffix, scale, note))
    return Path(path)


def encode_page(
    page: Page,
    suffix: str,
    scale: float = 1.0,
    note: Note | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Return a page as the bytes of a file.

    Args:
        page: What to write.
        suffix: One of `SUFFIXES`.
        scale: Pixels of a PNG or a movie for each px.
        note: Told when Pillow paints a PNG because libcairo is missing.
        progress: Told of every frame of a movie.

    Raises:
        BadSettingError: If the suffix is unknown, or a movie too large.
        MissingDependencyError: If the format needs something that is not installed.
    """
    if suffix in MOVIES:
        return page_to_movie(page, suffix, scale, progress)
    if suffix == ".svg":
        return page_to_svg(page).encode()
    if suffix == ".html":
        return page_to_html(page).encode()
    if suffix == ".png":
        return page_to_png(page, scale, note)
    if suffix == ".pdf":
        return pages_to_pdf([page])
    raise _unknown(suffix, None)


def check_suffix(path: str | PathLike[str]) -> str:
    """Return the suffix of a path in lower case.

    Raises:
        BadSettingError: If pictures are not written so.
        MissingDependencyError: If it takes an encoder that is not there.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise _unknown(suffix, path)
    check_encoder(suffix)
    return suffix


def _unknown(suffix: str, path: str | PathLike[str] | None) -> BadSettingError:
    return BadSettingError(
        f"pictures are not written as {suffix!r}" if suffix else "has no suffix to tell the format",
        path=path,
        hint=f"use one of {', '.join(SUFFIXES)}",
    )
