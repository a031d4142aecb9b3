"""Thousands of drawings as pictures of their own: SVG, PNG, or one array of pixels.

Each picture is what `drawing_to_svg` and `drawing_to_png` make of its drawing alone. Drawings are
laid out some hundreds at a time; PNG and arrays are painted on cairo's surfaces without any SVG in
between, by as many threads as there are processors.
"""

from __future__ import annotations

import collections
import io
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import Drawing
from sketchrnn.render.canvas import Painter
from sketchrnn.render.page import Page
from sketchrnn.render.pdf import load_cairo
from sketchrnn.render.placement import Cell, place
from sketchrnn.render.png import with_text
from sketchrnn.render.raster import Note, by_pillow, check_pixels, pillow_note
from sketchrnn.render.style import Style
from sketchrnn.render.svg import page_to_svg, recipe_json
from sketchrnn.render.text_metrics import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_LAID_OUT_AT_ONCE = 256
_PAINTED_AT_ONCE = 32
_MOST_THREADS = 16


def drawings_to_svg(drawings: Iterable[Drawing], **style: Any) -> Iterator[str]:
    """Return an SVG document for each of many drawings, one after the other.

    Args:
        drawings: What to draw.
        **style: As `Style` takes. Every drawing has its own scale, but under fit="none".

    Raises:
        BadSettingError: If a style is unknown or cannot be used.

    >>> len(list(drawings_to_svg([Drawing([[(0, 0), (9, 9)]])] * 3, size=64)))
    3
    """
    return map(page_to_svg, drawings_to_pages(drawings, Style.of(style)))


def drawings_to_png(
    drawings: Iterable[Drawing], note: Note | None = None, **style: Any
) -> Iterator[bytes]:
    """Return a PNG file for each of many drawings, one after the other.

    Args:
        drawings: What to draw.
        note: Told when Pillow paints because libcairo is missing, which takes several times as
            long.
        **style: As `Style` takes; `scale` pixels for each px. Every drawing has its own scale on
            the page, but under fit="none".

    Raises:
        BadSettingError: If a style is unknown or cannot be used, or a picture is too large.
        MissingDependencyError: If neither libcairo nor Pillow is there.

    >>> [png[1:4] for png in drawings_to_png([Drawing([[(0, 0), (9, 9)]])] * 2, size=28)]
    [b'PNG', b'PNG']
    """
    checked = Style.of(style)
    return pages_to_png(drawings_to_pages(drawings, checked), checked.scale or 1.0, note)


def drawings_to_array(
    drawings: Iterable[Drawing], note: Note | None = None, **style: Any
) -> Pixels:
    """Return many drawings as one array of greys, for programs that learn from pixels.

    Args:
        drawings: What to draw.
        note: See `drawings_to_png`.
        **style: See `drawings_to_png`. color="#fff" and background="#000" draw white on black, as
            MNIST and the bitmaps of Quick, Draw! have it. No background is white.

    Returns:
        (n, height, width) uint8, 0 for black and 255 for white.

    Raises:
        BadSettingError: See `drawings_to_png`.
        MissingDependencyError: See `drawings_to_png`.

    >>> drawings_to_array([Drawing([[(0, 0), (9, 9)]])] * 3, size=28).shape
    (3, 28, 28)
    """
    checked = Style.of(style)
    given = list(drawings)
    width, height = check_pixels(_blank(checked), checked.scale or 1.0)
    pixels = np.empty((len(given), height, width), np.uint8)
    fill_array(pixels, given, checked, note)
    return pixels


def fill_array(
    pixels: Pixels, drawings: Iterable[Drawing], style: Style, note: Note | None = None
) -> None:
    """Put drawings into an array that is there, as `drawings_to_array` does."""
    scale = style.scale or 1.0
    pages = drawings_to_pages(drawings, style)
    for room, grey in zip(pixels, _painted(pages, partial(_greys, scale=scale), note), strict=True):
        room[:] = grey


def drawings_to_pages(drawings: Iterable[Drawing], style: Style) -> Iterator[Page]:
    """Put each of many drawings on a page of its own, as `save.drawing_to_page` does."""
    width, height = style.size
    blank = _blank(style)
    rest = iter(drawings)
    while some := list(itertools.islice(rest, _LAID_OUT_AT_ONCE)):
        cells = [Cell(0, 0, width, height)] * len(some)
        for drawing, picture in zip(some, place(some, cells, style, alone=True), strict=True):
            title = clean(str(drawing.category)) if drawing.category else None
            yield blank.with_(pictures=(picture,), title=title)


def pages_to_png(pages: Iterable[Page], scale: float, note: Note | None = None) -> Iterator[bytes]:
    """Return pages that have neither frames nor labels as PNG files, with their recipes.

    Args:
        pages: What to paint.
        scale: Pixels for each px.
        note: See `drawings_to_png`.
    """
    return _painted(pages, partial(_pngs, scale=scale), note)


def _blank(style: Style) -> Page:
    width, height = style.size
    return Page(
        width=width,
        height=height,
        ink=style.ink,
        stroke_width=style.pen,
        precision=style.precision,
        background=style.background,
        smooth=style.smooth,
    )


def _painted(
    pages: Iterable[Page], paint: Callable[[Any, list[Page]], list[Any]], note: Note | None
) -> Iterator[Any]:
    """Paint pages some at a time, in several threads; cairo and zlib let others work meanwhile."""
    cairo = load_cairo()
    rest = iter(pages)
    parts = iter(lambda: list(itertools.islice(rest, _PAINTED_AT_ONCE)), [])
    if cairo is None:
        for part in parts:
            if note is not None:
                note(pillow_note())
                note = None
            yield from paint(None, part)
        return
    threads = min(_MOST_THREADS, _processors())
    if threads == 1:
        for part in parts:
            yield from paint(cairo, part)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: collections.deque[Future[list[Any]]] = collections.deque()
        try:
            for part in parts:
                waiting.append(pool.submit(paint, cairo, part))
                if len(waiting) > 2 * threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pngs(cairo: Any, pages: list[Page], scale: float) -> list[bytes]:
    """Paint pages as PNG files."""
    painter = Painter(cairo)
    made = []
    for page in pages:
        if cairo is None:
            png = by_pillow(page, scale)
        else:
            png = painter.to_png(page, check_pixels(page, scale))
        if page.recipe is not None:
            png = with_text(png, "recipe", recipe_json(page))
        made.append(png)
    return made


def _greys(cairo: Any, pages: list[Page], scale: float) -> list[Pixels]:
    """Paint pages as greys, (height, width) each."""
    painter = Painter(cairo)
    made = []
    for page in pages:
        if page.background is None:
            page = page.with_(background="#ffffff")
        if cairo is None:
            from PIL import Image

            with Image.open(io.BytesIO(by_pillow(page, scale))) as image:
                made.append(np.asarray(image.convert("L")))
        else:
            made.append(painter.to_greys(page, check_pixels(page, scale)))
    return made
