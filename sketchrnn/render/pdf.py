"""Pages as PDF, by cairo: lines as lines, text as text, a sheet after the other."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sketchrnn.drawing import MissingDependencyError
from sketchrnn.drawing.bezier_fit import fit_curve
from sketchrnn.render import text_metrics
from sketchrnn.render.color import parse_color
from sketchrnn.render.page import DOT_WIDTH, HAIRLINE, Label, Page, is_dot
from sketchrnn.render.svg import recipe_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 72 / 96
"""Points of a PDF for each px."""

INSTALL_CAIRO = (
    "install it with `apt install libcairo2`, `brew install cairo` or `conda install cairo`, "
    "and `pip install cairosvg`"
)


RECIPE_MARK = b"%sketchrnn-recipe "
"""Begins the comment before a PDF's end that holds the recipe. It also stands among the document's
keywords, for other programs; but how those are written differs from one version of cairo to the
next."""


def pages_to_pdf(pages: Sequence[Page]) -> bytes:
    """Write pages, at least one, as one PDF. The same pages make the same bytes: it has no date.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
        MissingDependencyError: If libcairo is missing.
    """
    cairo = load_cairo()
    if cairo is None:
        raise MissingDependencyError(
            "PDF needs libcairo, which is not there", hint=f"{INSTALL_CAIRO}; or write SVG"
        )
    written = io.BytesIO()
    first = pages[0]
    surface = cairo.PDFSurface(written, first.width * POINTS, first.height * POINTS)
    surface.set_metadata(cairo.PDF_METADATA_CREATE_DATE, "")
    if first.title:
        surface.set_metadata(cairo.PDF_METADATA_TITLE, first.title)
    recipe = recipe_json(first) if first.recipe is not None else None
    if recipe is not None:
        surface.set_metadata(cairo.PDF_METADATA_KEYWORDS, recipe)
        author = json.loads(recipe).get("attribution")
        if isinstance(author, str):
            surface.set_metadata(cairo.PDF_METADATA_AUTHOR, text_metrics.clean(author))
    for page in pages:
        surface.set_size(page.width * POINTS, page.height * POINTS)
        context = cairo.Context(surface)
        context.scale(POINTS, POINTS)
        paint_page(cairo, context, page)
        surface.show_page()
    surface.finish()
    return _with_comment(written.getvalue(), recipe)


def paint_page(cairo: Any, context: Any, page: Page) -> None:
    """Paint a page with a cairo context whose unit is a px."""
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    if page.background is not None:
        set_color(context, page.background)
        context.rectangle(0, 0, page.width, page.height)
        context.fill()
    context.set_line_width(HAIRLINE)
    for frame in page.frames:
        if frame.fill is not None:
            set_color(context, frame.fill)
            context.rectangle(frame.x, frame.y, frame.width, frame.height)
            context.fill()
        if frame.color != "none":
            set_color(context, frame.color)
            context.rectangle(frame.x, frame.y, frame.width, frame.height)
            context.stroke()
    for picture in page.pictures:
        colors = picture.colors or (page.ink,) * len(picture.strokes)
        for stroke, color in zip(picture.strokes, colors, strict=True):
            paint_stroke(context, stroke, color, page.stroke_width, page.smooth)
    for label in page.labels:
        _paint_label(cairo, context, label)


def paint_stroke(
    context: Any, stroke: NDArray[np.float64], color: str, width: float, smooth: float | None = None
) -> None:
    """Paint a stroke (n, 2) in px, as a curve where `smooth` says how far it may stray."""
    set_color(context, color)
    context.set_line_width(DOT_WIDTH * width if is_dot(stroke) else width)
    points = stroke.tolist()
    context.move_to(*points[0])
    if smooth is not None and len(points) > 2:
        for _, *controls in fit_curve(stroke, smooth).tolist():
            context.curve_to(*(number for point in controls for number in point))
    else:
        for point in points[1:] or points:
            context.line_to(*point)
    context.stroke()


def set_color(context: Any, color: str) -> None:
    """Take a colour of ours for what a cairo context paints next."""
    context.set_source_rgb(*(part / 255 for part in parse_color(color)))


def load_cairo() -> Any:
    """Return the module cairocffi, or None where it or libcairo is missing."""
    try:
        import cairocffi
    except (ImportError, OSError):  # OSError: the package is there, the C library is not
        return None
    return cairocffi


def _paint_label(cairo: Any, context: Any, label: Label) -> None:
    family = text_metrics.fonts(label.text).split(",")[0].strip("'")
    weight = cairo.FONT_WEIGHT_BOLD if label.bold else cairo.FONT_WEIGHT_NORMAL
    context.select_font_face(family, cairo.FONT_SLANT_NORMAL, weight)
    context.set_font_size(label.size)
    advance = context.text_extents(label.text)[4]
    shift = {"start": 0.0, "middle": advance / 2, "end": advance}[label.anchor]
    set_color(context, label.color)
    context.move_to(label.x - shift, label.y)
    context.show_text(label.text)


def _with_comment(pdf: bytes, recipe: str | None) -> bytes:
    """Put the recipe as a comment before the line `startxref`: no offset changes by that."""
    end = pdf.rfind(b"startxref")
    if recipe is None or end < 0:
        return pdf
    return pdf[:end] + RECIPE_MARK + recipe.encode("ascii") + b"\n" + pdf[end:]
