"""Drawings of one ink painted as masks, one after the other on the same cairo surface.

What is painted is what a browser or cairosvg paints of the SVG, to one level of 256; but no text is
written and read in between, and a whole drawing is handed to cairo in one call.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing.bezier_fit import fit_curve
from sketchrnn.render.page import DOT_WIDTH, Page, is_dot
from sketchrnn.render.pdf import paint_page
from sketchrnn.render.png import Shades, mask_to_png, pixels_to_png, to_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.uint8]
    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

_MOVE_TO, _LINE_TO, _CURVE_TO = 0, 1, 2
"""What cairo calls the pieces of a path."""


class Painter:
    """Paints pages that have neither frames nor labels, best many of one size and one ink.

    Args:
        cairo: The module cairocffi.
    """

    def __init__(self, cairo: Any) -> None:
        """Make nothing yet."""
        self._cairo = cairo
        self._canvas: Canvas | None = None
        self._shades: Shades | None = None

    def to_png(self, page: Page, size: tuple[int, int]) -> bytes:
        """Return a page as a PNG file of (width, height) pixels, without its recipe."""
        canvas = self._of_size(size)
        if _has_colors(page):
            return pixels_to_png(canvas.paint_colors(page))
        return mask_to_png(canvas.paint(page), self._of_ink(page))

    def to_greys(self, page: Page, size: tuple[int, int]) -> Pixels:
        """Return a page that has a background as greys (height, width)."""
        canvas = self._of_size(size)
        if _has_colors(page):
            return to_grey(canvas.paint_colors(page))
        return self._of_ink(page).greys[canvas.paint(page)]

    def _of_size(self, size: tuple[int, int]) -> Canvas:
        if self._canvas is None or self._canvas.size != size:
            self._canvas = Canvas(self._cairo, size)
        return self._canvas

    def _of_ink(self, page: Page) -> Shades:
        if self._shades is None or not self._shades.suit(page.ink, page.background):
            self._shades = Shades(page.ink, page.background)
        return self._shades


def _has_colors(page: Page) -> bool:
    return any(picture.colors for picture in page.pictures)


class Canvas:
    """A surface that is painted again and again. Not for several threads at once.

    Args:
        cairo: The module cairocffi.
        size: (width, height) in pixels.
    """

    def __init__(self, cairo: Any, size: tuple[int, int]) -> None:
        """Make the surface."""
        self.size = size
        self._cairo = cairo
        width, height = size
        stride = cairo.ImageSurface.format_stride_for_width(cairo.FORMAT_A8, width)
        pixels = np.zeros(height * stride, np.uint8)
        self._mask = pixels.reshape(height, stride)[:, :width]
        self._surface = cairo.ImageSurface(cairo.FORMAT_A8, width, height, pixels.data, stride)
        self._context = cairo.Context(self._surface)
        self._context.set_line_cap(cairo.LINE_CAP_ROUND)
        self._context.set_line_join(cairo.LINE_JOIN_ROUND)

    def paint(self, page: Page) -> Mask:
        """Paint the drawings of a page that all have its ink.

        Returns:
            (height, width) how much of each pixel is ink, 0 to 255. It is the canvas's own, and
            changes when the next page is painted.
        """
        self._context.set_matrix(self._matrix(page))
        self._surface.flush()
        self._mask[:] = 0
        self._surface.mark_dirty()
        for picture in page.pictures:
            # in runs of lines and of dots, as they stand in the SVG: where one run crosses another,
            # the edges of both are seen
            for dots, run in itertools.groupby(picture.strokes, _is_dot):
                width = DOT_WIDTH * page.stroke_width if dots else page.stroke_width
                self._stroke(list(run), width, page.smooth, page.precision)
        self._surface.flush()
        return self._mask

    def paint_colors(self, page: Page) -> Pixels:
        """Paint a page that has several inks.

        Returns:
            (height, width, 3) red, green and blue, or 4 with alpha where it has no background.
        """
        cairo = self._cairo
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, *self.size)
        context = cairo.Context(surface)
        context.set_matrix(self._matrix(page))
        paint_page(cairo, context, page)
        surface.flush()
        width, height = self.size
        bgra = np.frombuffer(surface.get_data(), np.uint8).reshape(height, width, 4)
        if sys.byteorder == "big":
            bgra = bgra[:, :, ::-1]
        rgb = bgra[:, :, 2::-1]
        if page.background is not None:
            return np.ascontiguousarray(rgb)
        alpha = bgra[:, :, 3:]  # by which cairo has multiplied the colours
        whole = rgb.astype(np.uint16) * 255 + alpha // 2
        colors = np.divide(whole, alpha, out=np.zeros(rgb.shape), where=alpha > 0)
        return np.concatenate([np.minimum(colors, 255).astype(np.uint8), alpha], axis=2)

    def _matrix(self, page: Page) -> Any:
        """Return the way from px to pixels: the page as large as goes, in the middle."""
        width, height = self.size
        scale = min(width / page.width, height / page.height)
        x0, y0 = (width - scale * page.width) / 2, (height - scale * page.height) / 2
        return self._cairo.Matrix(xx=scale, yy=scale, x0=x0, y0=y0)

    def _stroke(
        self, strokes: list[Points], width: float, smooth: float | None, precision: int
    ) -> None:
        """Draw strokes (n, 2) with a pen."""
        ffi, library = self._cairo.ffi, self._cairo.cairo
        pieces = _lines(strokes) if smooth is None else _curves(strokes, smooth, precision)
        path = ffi.new("cairo_path_t *")
        path.data = ffi.cast("cairo_path_data_t *", pieces.ctypes.data)
        path.num_data = 2 * len(pieces) if smooth is None else len(pieces)
        self._context.set_line_width(width)
        library.cairo_append_path(self._context._pointer, path)
        self._context.stroke()  # raises what went wrong before, too


def _is_dot(stroke: Points) -> bool:
    """Do what `page.is_dot` does, in a fraction of its time for what is none."""
    if stroke.item(0) != stroke.item(-2) or stroke.item(1) != stroke.item(-1):
        return False
    return is_dot(stroke)


def _lines(strokes: list[Points]) -> Points:
    """Return lines as cairo's pieces of a path: each is a head and a point, 16 bytes either."""
    # a mere move would draw nothing: a point alone is a line to itself
    strokes = [stroke if len(stroke) > 1 else stroke[[0, 0]] for stroke in strokes]
    points = np.concatenate(strokes)
    pieces = np.zeros((len(points), 4))
    pieces[:, 2:] = points
    heads = pieces.view(np.int32)  # (N, 8): kind, length in pieces of 16 bytes, …
    heads[:, 0] = _LINE_TO
    heads[:, 1] = 2
    starts = np.cumsum([0, *map(len, strokes[:-1])])
    heads[starts, 0] = _MOVE_TO
    return pieces


def _curves(strokes: list[Points], smooth: float, precision: int) -> Points:
    """Return curves through strokes as cairo's pieces of a path: rows of 16 bytes."""
    parts: list[Points] = []
    for stroke in strokes:
        if len(stroke) < 3:
            parts.append(_lines([stroke]).reshape(-1, 2))
            continue
        curve = fit_curve(stroke, smooth).round(precision)  # (k, 4, 2)
        parts.append(_lines([curve[0, :2]]).reshape(-1, 2)[:2])
        pieces = np.zeros((len(curve), 4, 2))
        pieces[:, 1:] = curve[:, 1:]
        heads = pieces.reshape(len(curve), 8).view(np.int32)
        heads[:, 0] = _CURVE_TO
        heads[:, 1] = 4
        parts.append(pieces.reshape(-1, 2))
    return np.concatenate(parts)
