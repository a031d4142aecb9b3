"""Pages as SVG.

Strokes are subpaths, in writing order, in px of the page without any transform, so that an SVG
reader, an editor or a plotter finds the drawing as it was. A dot is a path that goes nowhere,
with round caps and a wider pen: it shows as a disc, and is read again as a stroke.
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sketchrnn.drawing import BadSettingError, MissingDependencyError
from sketchrnn.drawing.bezier_fit import fit_curve
from sketchrnn.render import text_metrics
from sketchrnn.render.moving_svg import Times
from sketchrnn.render.page import DOT_WIDTH, HAIRLINE, Label, Page, Picture
from sketchrnn.render.timeline import SMALLEST_TURN, make_timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WIDTH_DECIMALS = 3
"""Of pen widths, which a coarse precision of coordinates must not coarsen."""


def format_number(value: float, precision: int) -> str:
    """Write a number with at most so many decimals, without trailing zeros and without -0.

    >>> format_number(-0.001, 2), format_number(12.50, 2), format_number(1e6, 0)
    ('0', '12.5', '1000000')
    """
    return _shortest(round(float(value), precision) + 0.0)


def _shortest(value: float) -> str:
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


class _Numbers(dict[float, str]):
    """Numbers as they are written, so that each is turned into text once: a page has few."""

    most = 200_000

    def __missing__(self, value: float) -> str:
        if len(self) >= self.most:
            self.clear()
        text = self[value] = _shortest(value + 0.0)  # -0.0 is 0.0, and found where it is
        return text


_NUMBERS = _Numbers()


def path_data(stroke: Sequence[Sequence[float]]) -> str:
    """Write one stroke as a subpath.

    Args:
        stroke: n points (x, y), already rounded. A single point is written as a line to itself: a
            mere move would draw nothing.

    >>> path_data([(0.0, 0.5), (1.0, 2.0), (3.0, 4.0)])
    'M0,0.5L1,2 3,4'
    """
    numbers = map(_NUMBERS.__getitem__, itertools.chain.from_iterable(stroke))
    points = list(map(",".join, zip(numbers, numbers, strict=True)))
    return f"M{points[0]}L{' '.join(points[1:] or points)}"


def curve_data(curve: NDArray[np.float64], precision: int) -> str:
    """Write one stroke that was smoothed, (k, 4, 2) control points, as a subpath.

    >>> import numpy as np
    >>> curve_data(np.array([[(0, 0), (1, 0), (2, 1), (2.004, 2)]]), 2)
    'M0,0C1,0 2,1 2,2'
    """
    rounded = (curve.round(precision) + 0.0).tolist()
    numbers = map(
        _NUMBERS.__getitem__, (part for piece in rounded for p in piece[1:] for part in p)
    )
    start = ",".join(map(_NUMBERS.__getitem__, rounded[0][0]))
    points = map(",".join, zip(numbers, numbers, strict=True))
    return f"M{start}C{' '.join(points)}"


def page_to_svg(page: Page) -> str:
    """Write a page as an SVG document.

    svgwrite makes the document. The strokes of a page that stands still go into it as text: they
    are nearly all of it, and elements would take ten times as long.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
        MissingDependencyError: If svgwrite is not installed.
    """
    notes = f"<title>{html.escape(page.title, quote=False)}</title>" if page.title else ""
    if page.recipe is not None:
        notes += f"<metadata>{html.escape(_json(page.recipe), quote=False)}</metadata>"
    if page.movement is not None:
        return _with_notes(_moving_document(page), notes)
    if page.frames or page.labels:
        document = _document(page)
    else:
        kept = (page.width, page.height, page.ink, page.stroke_width, page.precision)
        document = _plain_document(*kept, page.background, page.in_mm)
    pictures = "".join([_picture(picture, page) for picture in page.pictures])
    if pictures:
        before, after = document
        document = (f"{before[: -len(_CLOSED)]}>{pictures}</g>", after)
    return _with_notes("".join(document), notes)


_CLOSED = " />"
"""How svgwrite ends an element that holds nothing."""


def _with_notes(document: str, notes: str) -> str:
    """Put title and metadata where they belong: first."""
    if not notes:
        return document
    root = document.index(">") + 1
    return f"{document[:root]}{notes}{document[root:]}"


@functools.lru_cache(maxsize=64)
def _plain_document(
    width: float,
    height: float,
    ink: str,
    stroke_width: float,
    precision: int,
    background: str | None,
    in_mm: bool,
) -> tuple[str, str]:
    """Return a document that many pages share, see `_document`."""
    page = Page(width, height, ink, stroke_width, precision, background, in_mm=in_mm)
    return _document(page)


def _document(page: Page) -> tuple[str, str]:
    """Return a page without its drawings, up to the end of the element that takes them, and on."""
    document, drawings = _begin(load_svgwrite(), page, 1.0)
    document.add(drawings)
    for label in page.labels:
        document.add(_text(document, label, page.precision))
    text = f"{document.tostring()}\n"
    end = text.index(_CLOSED, text.index('<g class="drawings"')) + len(_CLOSED)
    return text[:end], text[end:]


def _moving_document(page: Page) -> str:
    """Return a page that draws itself."""
    movement = make_timeline(page)
    page = movement.page
    zoom = 1.0
    if page.movement is not None and page.movement.flip:
        zoom = max(1.0, SMALLEST_TURN / (min(page.width, page.height)))
    document, drawings = _begin(load_svgwrite(), page, zoom)
    dot_width = _dot_width(page)
    times = Times(document, movement)
    for count, picture in enumerate(page.pictures):
        group = document.g(class_="drawing")
        for data, dot, color in _single_paths(picture, page):
            extra: dict[str, Any] = {}
            if dot:
                extra["stroke_width"] = dot_width
            if color is not None:
                extra["stroke"] = color
            path = document.path(data, **extra)
            times.draw(path, count, dot)
            group.add(path)
        times.show(group, count)
        drawings.add(group)
    document.add(drawings)
    for label in page.labels:
        document.add(_text(document, label, page.precision))
    return f"{document.tostring()}\n"


def _begin(svgwrite: Any, page: Page, zoom: float) -> tuple[Any, Any]:
    """Return a document with background and frames, and the group for drawings, not yet in it."""

    def number(value: float) -> str:
        return format_number(value, page.precision)

    width, height = number(page.width), number(page.height)
    # Validation is off: it checks every number of every path, and takes ten times as long.
    document = svgwrite.Drawing(
        size=_sides(page, zoom),
        viewBox=f"0 0 {width} {height}",
        debug=False,
    )
    if page.background is not None:
        background = document.rect((0, 0), (width, height), fill=page.background)
        document.add(background)
    for frame in page.frames:
        document.add(
            document.rect(
                (number(frame.x), number(frame.y)),
                (number(frame.width), number(frame.height)),
                fill=frame.fill or "none",
                stroke=frame.color,
                stroke_width=_shortest(HAIRLINE),
            )
        )
    drawings = document.g(
        class_="drawings",
        fill="none",
        stroke=page.ink,
        stroke_width=format_number(page.stroke_width, _WIDTH_DECIMALS),
        stroke_linecap="round",
        stroke_linejoin="round",
    )
    return document, drawings


def _dot_width(page: Page) -> str:
    return format_number(DOT_WIDTH * page.stroke_width, _WIDTH_DECIMALS)


def _picture(picture: Picture, page: Page) -> str:
    """Return a drawing as the text of its element."""
    paths = []
    for data, dot, color in _paths(picture, page):
        pen = f' stroke="{color}"' if color is not None else ""
        if dot:
            pen += f' stroke-width="{_dot_width(page)}"'
        paths.append(f'<path d="{data}"{pen} />')
    if not paths:
        return '<g class="drawing" />'
    return f'<g class="drawing">{"".join(paths)}</g>'


def _sides(page: Page, zoom: float) -> tuple[str, str]:
    """Return width and height as a document says them; paper is measured in mm."""
    if page.in_mm:
        return (f"{page.width * 25.4 / 96:.7g}mm", f"{page.height * 25.4 / 96:.7g}mm")
    width, height = (
        format_number(zoom * side, page.precision) for side in (page.width, page.height)
    )
    return (f"{width}px", f"{height}px")


def recipe_json(page: Page) -> str:
    """Return the recipe as ASCII JSON, which any place that takes text can hold.

    Raises:
        BadSettingError: If it holds something that JSON has no word for.
    """
    return _json(page.recipe or {})


def _json(recipe: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(recipe), default=_plain, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise BadSettingError(
            f"the recipe does not go into JSON: {problem}",
            hint="use strings, numbers, lists and dicts",
        ) from None


def _plain(value: Any) -> Any:
    """Turn NumPy's numbers and arrays into Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")


def _paths(picture: Picture, page: Page) -> list[tuple[str, bool, str | None]]:
    """Return (path data, is a dot, colour) in writing order, joining what looks the same."""
    single = _single_paths(picture, page)
    if picture.colors is not None or not single:
        return single
    if not any(map(operator.itemgetter(1), single)):  # as nearly always
        return [("".join(map(operator.itemgetter(0), single)), False, None)]
    runs = itertools.groupby(single, key=operator.itemgetter(1))
    return [("".join(data for data, _, _ in run), dot, None) for dot, run in runs]


def _single_paths(picture: Picture, page: Page) -> list[tuple[str, bool, str | None]]:
    """Return (path data, is a dot, colour) of each stroke."""
    strokes = [stroke.tolist() for stroke in picture.strokes]
    dots = [s[-1] == s[0] and s.count(s[0]) == len(s) for s in strokes]
    data = list(map(path_data, strokes))
    if page.smooth is not None:
        for index, stroke in enumerate(picture.strokes):
            if len(stroke) > 2:
                data[index] = curve_data(fit_curve(stroke, page.smooth), page.precision)
    colors = picture.colors or (None,) * len(data)
    return list(zip(data, dots, colors, strict=True))


def _text(document: Any, label: Label, precision: int) -> Any:
    extra: dict[str, Any] = {}
    if label.anchor != "start":
        extra["text_anchor"] = label.anchor
    if label.bold:
        extra["font_weight"] = "bold"
    element = document.text(
        label.text,
        insert=(format_number(label.x, precision), format_number(label.y, precision)),
        fill=label.color,
        font_family=text_metrics.fonts(label.text),
        font_size=_shortest(label.size),
        **extra,
    )
    if label.whole is not None:
        element.set_desc(title=label.whole)  # shown when the pointer rests on it
    return element


def document_metadata(svgwrite: Any, recipe: Mapping[str, Any]) -> Any:
    """Return the element <metadata> that holds a recipe.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
    """
    # svgwrite's own Metadata wants a child element; its Title takes text, as wanted here
    element = svgwrite.base.Title(_json(recipe))
    element.elementname = element.xml.tag = "metadata"
    return element


def load_svgwrite() -> Any:
    """Return the module svgwrite.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import svgwrite
    except ImportError:
        raise MissingDependencyError(
            "SVG is written by svgwrite, which is not installed", hint="pip install svgwrite"
        ) from None
    return svgwrite
