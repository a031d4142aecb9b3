"""Putting drawings into cells: scale, centre, rounding."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sketchrnn.drawing import BadDrawingError, Drawing
from sketchrnn.render.color import is_dark, order_ramp
from sketchrnn.render.page import Picture
from sketchrnn.render.style import Style

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

SHRUNK_SHARE = 0.1
"""The share of drawings that a common scale may make too large; each of these is made smaller.
A scale that suited all would let one huge drawing make dwarfs of the rest."""

POINT_COLOR = "#e8590c"
"""Of the marks that show points: it stands out from ink on light and on dark paper."""

_POINT_RADIUS = 0.75
"""Of the middle of such a mark's line, in stroke widths."""

_RING = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)])

BOX_MARGIN = 0.5
"""The share of the default margin that a box gets: the characters of a font, and KanjiVG's, keep
away from the edges of their box already."""


class Cell(NamedTuple):
    """The room of one drawing, in px."""

    x: float
    y: float
    width: float
    height: float


class _Window(NamedTuple):
    """What of a drawing's plane is shown: its centre and its sides, in the drawing's units."""

    center_x: float
    center_y: float
    width: float
    height: float


def place(drawings: Sequence[Drawing], cells: Sequence[Cell], style: Style) -> tuple[Picture, ...]:
    """Scale each drawing, centre it in its cell, and round it.

    Args:
        drawings: What to draw.
        cells: As many rooms, all of the size `style.size`.
        style: Says how to fit, and how to colour.

    Returns:
        One picture a drawing.

    Raises:
        BadDrawingError: If coordinates are so far apart that they cannot be drawn.
    """
    if style.fit == "none":
        return tuple(
            _picture(drawing, 1.0, (0.0, 0.0), (cell.x, cell.y), style)
            for drawing, cell in zip(drawings, cells, strict=True)
        )
    boxes = [_box(drawing) for drawing in drawings]
    if not (style.fit == "box" or (style.fit == "auto" and None not in boxes)):
        boxes = [None] * len(boxes)
    windows = [_window(drawing, box) for drawing, box in zip(drawings, boxes, strict=True)]
    fitting = [
        _scale(window, style, margin_share=BOX_MARGIN if box and style.margin is None else 1.0)
        for window, box in zip(windows, boxes, strict=True)
    ]
    common = _common_scale(
        [
            scale
            for scale, box in zip(fitting, boxes, strict=True)
            if box is None and math.isfinite(scale)
        ]
    )
    pictures = []
    for drawing, cell, window, box, scale in zip(
        drawings, cells, windows, boxes, fitting, strict=True
    ):
        if box is None and style.fit != "each":
            scale = min(scale, common)
        if not math.isfinite(scale):
            scale = 1.0  # a dot or nothing at all: any scale will do
        middle = (cell.x + cell.width / 2, cell.y + cell.height / 2)
        pictures.append(_picture(drawing, scale, (window.center_x, window.center_y), middle, style))
    return tuple(pictures)


def _common_scale(scales: Sequence[float]) -> float:
    """Return a scale that at least nine tenths of the drawings fit at."""
    if not scales:
        return math.inf
    return sorted(scales)[int(SHRUNK_SHARE * (len(scales) - 1))]


def _box(drawing: Drawing) -> float | None:
    """Return the side of the canvas that a drawing comes from, if it has one."""
    side = drawing.metadata.get("box")
    if isinstance(side, (int, float)) and math.isfinite(side) and side > 0:
        return float(side)
    return None


def _window(drawing: Drawing, box: float | None) -> _Window:
    if box is not None:
        return _Window(box / 2, box / 2, box, box)
    x_min, y_min, x_max, y_max = drawing.bounds
    if not math.isfinite((x_max - x_min) + (y_max - y_min)):
        raise BadDrawingError(
            "coordinates are too far apart to be drawn", hint="scale the drawing down first"
        )
    # halves first: the sum of two huge coordinates may be infinite
    return _Window(x_min / 2 + x_max / 2, y_min / 2 + y_max / 2, x_max - x_min, y_max - y_min)


def _scale(window: _Window, style: Style, margin_share: float) -> float:
    """Return the largest scale at which a window fits; infinite for one without extent."""
    inset = margin_share * style.inset
    sides = zip(style.size, (window.width, window.height), strict=True)
    return min(((room - 2 * inset) / side for room, side in sides if side > 0), default=math.inf)


def _apart(strokes: tuple[Points, ...], count: int) -> tuple[tuple[Points, ...], int]:
    """Part the stroke that goes on after so many points; also return how many strokes end there."""
    before: list[Points] = []
    for place, stroke in enumerate(strokes):
        if count <= 0:
            return (*before, *strokes[place:]), len(before)
        if count < len(stroke):
            return (*before, stroke[:count], stroke[count - 1 :], *strokes[place + 1 :]), place + 1
        before.append(stroke)
        count -= len(stroke)
    return tuple(before), len(before)


def _picture(
    drawing: Drawing,
    scale: float,
    center: tuple[float, float],
    middle: tuple[float, float],
    style: Style,
) -> Picture:
    """Move `center` of a drawing to `middle` of its cell, and round."""
    strokes: tuple[Points, ...] = ()
    if drawing.strokes:
        # the centre goes first: a tiny drawing far from the origin would lose its digits else
        with np.errstate(over="ignore", invalid="ignore"):
            points = (drawing.points - center) * scale + middle
            points = np.round(points, style.precision) + 0.0  # + 0.0 turns -0.0 into 0.0
        if not np.isfinite(points).all():
            raise BadDrawingError(
                "coordinates are too far apart to be drawn", hint="scale the drawing down first"
            )
        ends = itertools.accumulate(len(stroke) for stroke in drawing.strokes)
        strokes = tuple(
            points[end - len(stroke) : end]
            for stroke, end in zip(drawing.strokes, ends, strict=True)
        )
    colors = None
    if style.color_by_order:
        colors = tuple(order_ramp(len(strokes), is_dark(style.background)))
    elif style.ending_color and isinstance(drawing.metadata.get("given"), int):
        strokes, own = _apart(strokes, drawing.metadata["given"])
        colors = tuple(style.ink if k < own else style.ending_color for k in range(len(strokes)))
    if style.points and strokes:
        # a small closed stroke is a disc, whoever paints it, and larger than a dot
        marks = tuple(
            np.round(point + _POINT_RADIUS * style.pen * _RING, style.precision)
            for stroke in strokes
            for point in stroke
        )
        colors = (colors or (style.ink,) * len(strokes)) + (POINT_COLOR,) * len(marks)
        strokes += marks
    return Picture(strokes, colors)
