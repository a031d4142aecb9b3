"""Pages as SVG.

Strokes are subpaths, in writing order, in px of the page without any transform, so that an SVG
reader, an editor or a plotter finds the drawing as it was. A dot is a path that goes nowhere,
with round caps and a wider pen: it shows as a disc, and is read again as a stroke.
"""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sketchrnn.drawing import BadSettingError, MissingDependencyError
from sketchrnn.drawing.curves import fit_curve
from sketchrnn.render import lettering
from sketchrnn.render.movement import SMALLEST_TURN, make_timeline
from sketchrnn.render.moving_svg import Times
from sketchrnn.render.page import DOT_WIDTH, HAIRLINE, Label, Page, Picture

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


def path_data(stroke: Sequence[Sequence[float]]) -> str:
    """Write one stroke as a subpath.

    Args:
        stroke: n points (x, y), already rounded. A single point is written as a line to itself: a
            mere move would draw nothing.

    >>> path_data([(0.0, 0.5), (1.0, 2.0), (3.0, 4.0)])
    'M0,0.5L1,2 3,4'
    """
    points = [f"{_shortest(x)},{_shortest(y)}" for x, y in stroke]
    return f"M{points[0]}L{' '.join(points[1:] or points)}"


def curve_data(curve: NDArray[np.float64], precision: int) -> str:
    """Write one stroke that was smoothed, (k, 4, 2) control points, as a subpath.

    >>> import numpy as np
    >>> curve_data(np.array([[(0, 0), (1, 0), (2, 1), (2.004, 2)]]), 2)
    'M0,0C1,0 2,1 2,2'
    """
    rounded = (curve.round(precision) + 0.0).tolist()
    start = ",".join(map(_shortest, rounded[0][0]))
    points = [f"{_shortest(x)},{_shortest(y)}" for segment in rounded for x, y in segment[1:]]
    return f"M{start}C{' '.join(points)}"


def page_to_svg(page: Page) -> str:
    """Write a page as an SVG document.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
        MissingDependencyError: If svgwrite is not installed.
    """
    svgwrite = load_svgwrite()
    movement = None
    zoom = 1.0
    if page.movement is not None:
        movement = make_timeline(page)
        page = movement.page
        if page.movement is not None and page.movement.flip:
            zoom = max(1.0, SMALLEST_TURN / (min(page.width, page.height)))

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
    dot_width = format_number(DOT_WIDTH * page.stroke_width, _WIDTH_DECIMALS)
    times = None if movement is None else Times(document, movement)
    for count, picture in enumerate(page.pictures):
        group = document.g(class_="drawing")
        paths = _paths(picture, page) if times is None else _single_paths(picture, page)
        for data, dot, color in paths:
            extra: dict[str, Any] = {}
            if dot:
                extra["stroke_width"] = dot_width
            if color is not None:
                extra["stroke"] = color
            path = document.path(data, **extra)
            if times is not None:
                times.draw(path, count, dot)
            group.add(path)
        if times is not None:
            times.show(group, count)
        drawings.add(group)
    document.add(drawings)
    for label in page.labels:
        document.add(_text(document, label, page.precision))
    if page.recipe is not None:
        document.elements.insert(0, document_metadata(svgwrite, page.recipe))
    if page.title:
        document.set_desc(title=page.title)
    return str(document.tostring()) + "\n"


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
    if picture.colors is not None:
        return single
    runs = itertools.groupby(single, key=operator.itemgetter(1))
    return [("".join(data for data, _, _ in run), dot, None) for dot, run in runs]


def _single_paths(picture: Picture, page: Page) -> list[tuple[str, bool, str | None]]:
    """Return (path data, is a dot, colour) of each stroke."""
    strokes = [stroke.tolist() for stroke in picture.strokes]
    dots = [all(point == stroke[0] for point in stroke) for stroke in strokes]
    data = [path_data(stroke) for stroke in strokes]
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
        font_family=lettering.fonts(label.text),
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
