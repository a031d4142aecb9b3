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


def place(
    drawings: Sequence[Drawing], cells: Sequence[Cell], style: Style, alone: bool = False
) -> tuple[Picture, ...]:
    """Scale each drawing, centre it in its cell, and round it.

    Args:
        drawings: What to draw.
        cells: As many rooms, all of the size `style.size`.
        style: Says how to fit, and how to colour.
        alone: Whether each is a picture of its own, and its scale no other's business.

    Returns:
        One picture a drawing.

    Raises:
        BadDrawingError: If coordinates are so far apart that they cannot be drawn.
    """
    if len(drawings) != len(cells):
        raise ValueError(f"{len(drawings)} drawings and {len(cells)} cells")
    strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
    if not strokes:
        return tuple(_picture(drawing, (), style) for drawing in drawings)
    ends = np.cumsum([len(stroke) for stroke in strokes])
    counts = np.array([drawing.num_points for drawing in drawings])
    points = np.concatenate([drawing.points for drawing in drawings])  # (N, 2)
    # the centre goes first: a tiny drawing far from the origin would lose its digits else
    with np.errstate(over="ignore", invalid="ignore"):
        centers, scales, middles = _fit(points, counts, drawings, cells, style, alone)
        points = (points - np.repeat(centers, counts, axis=0)) * np.repeat(scales, counts)[:, None]
        points = np.round(points + np.repeat(middles, counts, axis=0), style.precision)
        points += 0.0  # turns -0.0 into 0.0
    if not np.isfinite(points).all():
        raise _too_far_apart()
    points.flags.writeable = False
    starts = ends.tolist()
    placed = [points[a:b] for a, b in itertools.pairwise([0, *starts])]
    result = []
    first = 0
    for drawing in drawings:
        last = first + len(drawing.strokes)
        result.append(_picture(drawing, tuple(placed[first:last]), style))
        first = last
    return tuple(result)


def _fit(
    points: Points,
    counts: NDArray[np.int64],
    drawings: Sequence[Drawing],
    cells: Sequence[Cell],
    style: Style,
    alone: bool,
) -> tuple[Points, Points, Points]:
    """Return the centre (n, 2) of each drawing, its scale (n,), and where its centre goes (n, 2).

    Args:
        points: (N, 2) of all drawings.
        counts: (n,) how many of them each has.
        drawings: What to draw.
        cells: Their rooms.
        style: Says how to fit.
        alone: See `place`.

    Raises:
        BadDrawingError: If coordinates are too far apart.
    """
    rooms = np.array(cells, dtype=np.float64).reshape(-1, 4)
    if style.fit == "none":
        return np.zeros_like(rooms[:, :2]), np.ones(len(rooms)), rooms[:, :2]
    sizes = [_box(drawing) for drawing in drawings] if style.fit in ("box", "auto") else []
    if not sizes or (style.fit == "auto" and not alone and None in sizes):
        sizes = [None] * len(drawings)
    boxes = np.array([np.nan if side is None else side for side in sizes])
    boxed = ~np.isnan(boxes)
    low, high = _bounds(points, counts)
    sides = np.where(boxed[:, None], boxes[:, None], high - low)
    if not np.isfinite(sides.sum(axis=1)).all():
        raise _too_far_apart()
    # halves first: the sum of two huge coordinates may be infinite
    centers = np.where(boxed[:, None], sides / 2, low / 2 + high / 2)
    share = BOX_MARGIN if style.margin is None else 1.0
    inset = np.where(boxed, share, 1.0) * style.inset
    room = np.array(style.size) - 2 * inset[:, None]
    fitting = np.divide(room, sides, out=np.full_like(sides, np.inf), where=sides > 0)
    scales = fitting.min(axis=1)  # infinite for one without extent
    if style.fit != "each" and not alone:
        common = _common_scale(scales[~boxed & np.isfinite(scales)].tolist())
        scales = np.where(boxed, scales, np.minimum(scales, common))
    scales = np.where(np.isfinite(scales), scales, 1.0)  # a dot or nothing: any scale will do
    return centers, scales, rooms[:, :2] + rooms[:, 2:] / 2


def _bounds(points: Points, counts: NDArray[np.int64]) -> tuple[Points, Points]:
    """Return the least and the greatest coordinates of each drawing, (n, 2); 0 for one without."""
    low = np.zeros((len(counts), 2))
    high = low.copy()
    there = counts > 0
    starts = (np.cumsum(counts) - counts)[there]
    low[there] = np.minimum.reduceat(points, starts)
    high[there] = np.maximum.reduceat(points, starts)
    return low, high


def _too_far_apart() -> BadDrawingError:
    return BadDrawingError(
        "coordinates are too far apart to be drawn", hint="scale the drawing down first"
    )


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


def _picture(drawing: Drawing, strokes: tuple[Points, ...], style: Style) -> Picture:
    """Return strokes at their place, with their colours."""
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
