"""Pens that make outlines of strokes: round or broad, held at an angle, with round or flat ends.

A broad nib is an ellipse. Seen in a plane that is squeezed so that the ellipse becomes a circle,
it draws lines of constant width, which is what skia outlines; the plane is stretched again after.
Coordinates are those of a font: x to the right, y up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadSettingError, MissingDependencyError
from sketchrnn.drawing.bezier_fit import fit_curve
from sketchrnn.render.page import DOT_WIDTH, is_dot
from sketchrnn.render.style import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

CAPS = ("round", "flat")

MAX_CONTRAST = 0.95
"""A thinner nib would leave nothing of strokes along it."""

INSTALL = "pip install 'sketchrnn[font]'"

_MITER = 2.0  # of a flat pen's corners, in widths: those of 60 degrees and more are sharp
_CONIC_TOLERANCE = 0.1  # units of the em, of round ends and corners
_ARC = 4 / 3 * math.tan(math.pi / 8)  # of the control points of a quarter of a circle
_SLACK = 0.02  # of areas, before an outline is taken for damaged


@dataclass(frozen=True)
class Nib:
    """A pen. Lengths are in units of the em.

    Attributes:
        width: Of the line at its widest.
        contrast: 0 draws lines of one width; 0.7 thins them to 0.3 of it along the nib.
        angle: Of the nib against the line of writing, in degrees, counterclockwise.
        cap: How strokes end: "round" or "flat".

    Raises:
        BadSettingError: If a value cannot be used.
    """

    width: float = 40.0
    contrast: float = 0.0
    angle: float = 30.0
    cap: str = "round"

    def __post_init__(self) -> None:
        """Check every value."""
        check_number("pen width", self.width, above=0)
        check_number("angle", self.angle, lowest=-360)
        if self.width > 500:
            raise BadSettingError(
                f"pen width is {self.width:g}, and must be at most 500, half of a glyph"
            )
        if not check_number("contrast", self.contrast, lowest=0) <= MAX_CONTRAST:
            raise BadSettingError(
                f"contrast is {self.contrast:g}, and must be from 0 to {MAX_CONTRAST:g}"
            )
        if self.cap not in CAPS:
            raise BadSettingError(f"cap is {self.cap!r}", hint=f"use one of {', '.join(CAPS)}")

    @property
    def stretch(self) -> Points:
        """The (2, 2) matrix that makes the nib of a circle of its width."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        turn = np.array([(cos, -sin), (sin, cos)])
        result: Points = turn @ np.diag([1.0, 1.0 - self.contrast]) @ turn.T
        return result


MOST_CROSSINGS = 20_000
"""So many crossings of segments are united in about a second, and twice as many in eight times as
long: a scribble of more keeps outlines that overlap, which a filled glyph does not show."""

MOST_SEGMENTS = 5_000
"""Of a glyph whose crossings are counted."""


def outline(strokes: Sequence[Points], nib: Nib, smooth: float, clockwise: bool = False) -> Any:
    """Return the outline of what a pen draws, as a path of skia's without overlaps.

    A scribble of more than `MOST_CROSSINGS` crossings keeps its overlaps.

    Args:
        strokes: (n, 2) points each, in units of the em, y up.
        nib: The pen.
        smooth: Draw curves that stay so close to the strokes; 0: strokes as they are.
        clockwise: Whether outer contours run clockwise, as TrueType has them.

    Returns:
        A `pathops.Path` of lines, quadratic and cubic curves.

    Raises:
        MissingDependencyError: If skia-pathops is not installed.
    """
    pathops = load_pathops()
    stretch = nib.stretch
    squeeze: Points = np.linalg.inv(stretch).astype(np.float64)
    parts = []
    tangled = count_crossings(strokes, MOST_CROSSINGS) > MOST_CROSSINGS
    for stroke in strokes:
        if is_dot(stroke):
            part = _dot(pathops, squeeze @ stroke[0], nib)
        else:
            part = _line(pathops, stroke @ squeeze.T, stroke, squeeze, nib, smooth)
        part = part.transform(*stretch.T.ravel().tolist())
        if not tangled:
            part.simplify(fix_winding=True, clockwise=clockwise)
        parts.append(part)
    if tangled:
        together = pathops.Path()
        for part in parts:
            together.addPath(part)
        return together
    return _union(pathops, parts, clockwise)


def count_crossings(strokes: Sequence[Points], enough: int) -> int:
    """Count the pairs of segments that cross, up to about `enough`.

    Args:
        strokes: (n, 2) points each.
        enough: More than this need not be counted.

    Returns:
        The count; something larger than `enough` for more than `MOST_SEGMENTS` segments.
    """
    starts = np.concatenate([stroke[:-1] for stroke in strokes] or [np.zeros((0, 2))])
    ends = np.concatenate([stroke[1:] for stroke in strokes] or [np.zeros((0, 2))])
    if len(starts) > MOST_SEGMENTS:
        return enough + 1
    count = 0
    for k in range(len(starts) - 1):
        a, b, c, d = starts[k], ends[k], starts[k + 1 :], ends[k + 1 :]
        apart = _side(a, b, c) * _side(a, b, d) < 0
        count += int((apart & (_side(c, d, a) * _side(c, d, b) < 0)).sum())
        if count > enough:
            break
    return count


def _side(a: Points, b: Points, point: Points) -> Points:
    """Return on which side of the line from a to b a point lies, as the sign of a number."""
    along, across = b - a, point - a
    side: Points = along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]
    return side


def load_pathops() -> Any:
    """Return the module pathops.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import pathops
    except ImportError:
        raise MissingDependencyError(
            "outlines of strokes are made by skia-pathops, which is not installed", hint=INSTALL
        ) from None
    return pathops


def _line(
    pathops: Any, squeezed: Points, stroke: Points, squeeze: Points, nib: Nib, smooth: float
) -> Any:
    """Return the raw outline of a stroke in the squeezed plane; it may overlap itself."""
    path = pathops.Path()
    if smooth > 0 and len(stroke) > 2:
        curve = fit_curve(stroke, smooth) @ squeeze.T
        path.moveTo(*curve[0, 0].tolist())
        for _, one, two, end in curve.tolist():
            path.cubicTo(*one, *two, *end)
    else:
        path.moveTo(*squeezed[0].tolist())
        for point in squeezed[1:].tolist():
            path.lineTo(*point)
    flat = nib.cap == "flat"
    path.stroke(
        nib.width,
        pathops.LineCap.BUTT_CAP if flat else pathops.LineCap.ROUND_CAP,
        pathops.LineJoin.MITER_JOIN if flat else pathops.LineJoin.ROUND_JOIN,
        _MITER,
    )
    path.convertConicsToQuads(_CONIC_TOLERANCE)
    return path


def _dot(pathops: Any, center: Points, nib: Nib) -> Any:
    """Return a dot in the squeezed plane: a disc, or for flat ends a square along the nib."""
    x, y = center.tolist()
    radius = DOT_WIDTH * nib.width / 2
    path = pathops.Path()
    if nib.cap == "flat":
        angle = math.radians(nib.angle)
        corners = [
            (radius * math.cos(angle + turn), radius * math.sin(angle + turn))
            for turn in (k * math.pi / 2 + math.pi / 4 for k in range(4))
        ]
        path.moveTo(x + corners[0][0], y + corners[0][1])
        for corner_x, corner_y in corners[1:]:
            path.lineTo(x + corner_x, y + corner_y)
        path.close()
        return path
    arc = _ARC * radius
    path.moveTo(x + radius, y)
    for cos, sin in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        start_x, start_y, end_x, end_y = radius * cos, radius * sin, -radius * sin, radius * cos
        path.cubicTo(
            x + start_x - arc * sin,
            y + start_y + arc * cos,
            x + end_x + arc * cos,
            y + end_y + arc * sin,
            x + end_x,
            y + end_y,
        )
    path.close()
    return path


def _union(pathops: Any, parts: list[Any], clockwise: bool) -> Any:
    """Unite the outlines of strokes.

    skia sometimes loses a contour where edges almost coincide. The area tells: it is at least
    that of the largest part, and at most the sum. What is damaged is united step by step, and what
    cannot be united stays as parts that overlap, which a filled glyph does not show.
    """
    if not parts:
        return pathops.Path()
    together = pathops.Path()
    for part in parts:
        together.addPath(part)
    areas = [abs(part.area) for part in parts]
    least, most = max(areas) * (1 - _SLACK), sum(areas) * (1 + _SLACK)
    for attempt in (_at_once, _step_by_step):
        try:
            united = attempt(pathops, together, parts, clockwise)
        except pathops.PathOpsError:
            continue
        if least <= abs(united.area) <= most:
            return united
    return together


def _at_once(pathops: Any, together: Any, parts: list[Any], clockwise: bool) -> Any:
    united = pathops.Path(together)
    united.simplify(fix_winding=True, clockwise=clockwise)
    return united


def _step_by_step(pathops: Any, together: Any, parts: list[Any], clockwise: bool) -> Any:
    united = parts[0]
    for part in parts[1:]:
        before = abs(united.area)
        united = pathops.op(
            united, part, pathops.PathOp.UNION, fix_winding=True, clockwise=clockwise
        )
        if abs(united.area) < before * (1 - _SLACK):
            raise pathops.PathOpsError("a contour was lost")
    return united
