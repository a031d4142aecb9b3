"""Pages and single drawings to files, by suffix."""

from __future__ import annotations

import io
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import IO, Any

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

Target = str | PathLike[str] | IO[Any]
"""A file to write, or a file object that is open for writing."""

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
    path: Target,
    format: str | None = None,
    overwrite: bool = False,
    note: Note | None = None,
    **style: Any,
) -> Path | None:
    """Write a drawing as .svg, .png, .pdf, .html, .gif, .mp4 or .webm.

    Args:
        drawing: What to draw.
        path: The file to write, or a file object.
        format: Such as "svg"; None: the suffix of `path` says it. A file object needs it.
        overwrite: Whether a file that exists may be replaced.
        note: Told when Pillow paints a PNG because libcairo is missing.
        **style: As `Style` takes.

    Returns:
        The path; None for a file object.

    Raises:
        BadSettingError: If the suffix or a style is unknown or cannot be used.
        OutputExistsError: If the file exists.
        MissingDependencyError: If the format needs something that is not installed.
    """
    checked = Style.of(style)
    suffix = check_target(path, format)
    page, scale = drawing_to_page(drawing, checked), checked.scale or 1.0
    return write_target(path, lambda: encode_page(page, suffix, scale, note), overwrite)


def check_target(path: Target, format: str | None = None) -> str:
    """Return the suffix of what is written, such as ".svg".

    Args:
        path: A file, or a file object.
        format: The suffix, with or without its dot; None: that of `path`.

    Raises:
        BadSettingError: If nothing is written so, or a file object comes without a format.
    """
    if format is not None:
        if not isinstance(format, str):
            raise BadSettingError(f"format is {format!r}", hint='name one, such as "svg"')
        return check_suffix(f"picture.{format.removeprefix('.')}")
    if isinstance(path, (str, PathLike)):
        return check_suffix(path)
    raise BadSettingError("a file object has no suffix", hint='name a format, such as "svg"')


def write_target(path: Target, encode: Callable[[], bytes], overwrite: bool = False) -> Path | None:
    """Write bytes to a file, which appears whole or not at all, or to a file object.

    Args:
        path: The file, or a file object; one of text gets text.
        encode: Returns the bytes.
        overwrite: Whether a file that exists may be replaced.

    Returns:
        The path; None for a file object.

    Raises:
        BadSettingError: If a file object of text cannot take what is not text.
        OutputExistsError: If the file exists.
    """
    if isinstance(path, (str, PathLike)):
        with whole_file(path, overwrite=overwrite) as beside:
            beside.write_bytes(encode())
        return Path(path)
    content = encode()
    if not isinstance(path, io.TextIOBase):
        path.write(content)
        return None
    try:
        path.write(content.decode())
    except UnicodeDecodeError:
        raise BadSettingError("the file is open for text", hint='open it with "wb"') from None
    return None


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
