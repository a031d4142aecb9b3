"""Sheets for a pen plotter: millimetres, one layer a pen, single lines, short ways in the air.

A sheet is drawings laid out on paper. Nothing is filled, nothing is drawn twice, and there is no
background: a plotter would draw its outline. Each pen has a layer of its own, as Inkscape and
vpype understand it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing
from sketchrnn.drawing.bezier_fit import fit_curve, flatten_curve
from sketchrnn.drawing.files import whole_file
from sketchrnn.drawing.pen_order import join_strokes, order_strokes, way_between
from sketchrnn.render.color import parse_color
from sketchrnn.render.page import is_dot
from sketchrnn.render.paper import Paper, parse_length, parse_paper
from sketchrnn.render.placement import place
from sketchrnn.render.plotter_layout import lay_out
from sketchrnn.render.plotter_svg import sheet_to_svg
from sketchrnn.render.style import FITS, Style, check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

PEN_BY = ("sheet", "category", "drawing", "stroke")
"""What gets a pen of its own."""

ORDERS = ("short", "hand")

PENS = ("black", "crimson", "royalblue", "seagreen", "darkorange", "purple")
"""The pens where the caller names none."""

PRECISION = 3
"""Decimals of mm: finer than any plotter's step."""

DOT_SHARE = 0.5
"""The length of a dot in widths of the pen: the pen must touch the paper, and not travel."""

_LENGTH_TOLERANCE = 0.005  # mm, of curves when their length is measured


@dataclass(frozen=True, eq=False)
class PenLayer:
    """What one pen draws.

    Attributes:
        number: Of the pen, from 1.
        color: Of its ink.
        width: Of its line, in mm.
        name: What it stands for: the colour, or a category.
        strokes: (n, 2) points in mm, in the order of drawing; a dot is a tiny line.
        curves: The same as curves (k, 4, 2), or None where strokes are drawn as they are.
        up_by_hand: How far it would travel in the air in the order of the drawings, in mm.
    """

    number: int
    color: str
    width: float
    name: str
    strokes: tuple[Points, ...]
    curves: tuple[Points, ...] | None
    up_by_hand: float

    @property
    def down(self) -> float:
        """How far the pen travels on the paper, in mm."""
        return float(sum(np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in self.strokes))

    @property
    def up(self) -> float:
        """How far it travels in the air, from the paper's upper left corner on, in mm."""
        return way_between(self.strokes, (0.0, 0.0))


@dataclass(frozen=True, eq=False)
class PlotterSheet:
    """Drawings on paper, not yet written. Made by `plot`.

    Attributes:
        paper: What it is drawn on.
        layers: One a pen, those that draw something.
        columns: Drawings side by side.
        size: (width, height) of the room of a drawing, in mm.
        title: Names the document; it is not drawn.
        recipe: How the drawings came about; JSON types.
    """

    paper: Paper
    layers: tuple[PenLayer, ...]
    columns: int
    size: tuple[float, float]
    title: str | None = None
    recipe: Mapping[str, Any] | None = None

    @property
    def num_strokes(self) -> int:
        """How often a pen goes down."""
        return sum(len(layer.strokes) for layer in self.layers)

    @property
    def down(self) -> float:
        """How far the pens travel on the paper, in mm."""
        return sum(layer.down for layer in self.layers)

    @property
    def up(self) -> float:
        """How far the pens travel in the air, in mm."""
        return sum(layer.up for layer in self.layers)

    @property
    def up_by_hand(self) -> float:
        """How far they would travel in the air in the order of the drawings, in mm."""
        return sum(layer.up_by_hand for layer in self.layers)

    def seconds(
        self, speed: float, travel_speed: float, lift_time: float, *, by_hand: bool = False
    ) -> float:
        """Estimate how long it takes to draw, at constant speeds.

        Args:
            speed: On the paper, in mm a second.
            travel_speed: In the air, in mm a second.
            lift_time: Of a pen that goes up and down again, in seconds.
            by_hand: In the order of the drawings instead.

        Raises:
            BadSettingError: If a speed is not positive.
        """
        check_number("speed", speed, above=0)
        check_number("travel_speed", travel_speed, above=0)
        check_number("lift_time", lift_time, lowest=0)
        up = self.up_by_hand if by_hand else self.up
        return self.down / speed + up / travel_speed + lift_time * self.num_strokes

    def to_svg(self) -> str:
        """Return the sheet as an SVG document whose unit is the millimetre."""
        return sheet_to_svg(self)

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Write the sheet as .svg.

        Raises:
            BadSettingError: If the suffix is another.
            OutputExistsError: If the file exists.
        """
        check_suffix(path)
        text = self.to_svg()
        with whole_file(path, overwrite=overwrite) as beside:
            beside.write_text(text, encoding="utf-8")
        return Path(path)

    def _repr_svg_(self) -> str:
        """Show as a picture in a notebook."""
        return self.to_svg()


def check_suffix(path: str | PathLike[str]) -> None:
    """Refuse a path that does not end in .svg.

    Raises:
        BadSettingError: If it does not.
    """
    if Path(path).suffix.lower() != ".svg":
        raise BadSettingError(
            "plotter sheets are written as .svg",
            path=path,
            hint="vpype makes HPGL or G-code of it; `sketchrnn render` makes pictures",
        )


def plot(
    drawings: Iterable[Drawing],
    paper: str | tuple[float, float] = "A4",
    *,
    landscape: bool = False,
    margin: str | float = "10mm",
    columns: int | None = None,
    size: str | float | tuple[float, float] | None = None,
    gap: str | float | None = None,
    fit: str = "auto",
    pen: str | float = "0.3mm",
    pens: Sequence[str] | None = None,
    pen_by: str = "sheet",
    smooth: str | float | None = None,
    join: str | float | None = None,
    order: str = "short",
    turn_round: bool = True,
    title: str | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> PlotterSheet:
    """Lay drawings out on paper for a plotter. Lengths are numbers of mm, or text such as "1cm".

    Args:
        drawings: In reading order.
        paper: "A4" and the like, "200x300mm", or (width, height) in mm.
        landscape: Whether the paper lies on its longer side.
        margin: Left free on all sides.
        columns: How many drawings stand side by side; None: as makes them largest, or as many as
            there is room for where `size` is given.
        size: Of a drawing; None: as large as they all fit.
        gap: Between drawings; None: an eighth of their size.
        fit: How drawings get their scale, as `Style` has it; not "none".
        pen: The width of its line.
        pens: Their colours; None: black, then `PENS`, as many as are needed.
        pen_by: What gets a pen of its own: "sheet" (there is but one), "category", "drawing" or
            "stroke". Where there are fewer pens they are taken in turn.
        smooth: Draw curves that stay so close to the strokes, as a length, or as a share of a
            drawing's size, "1%"; None: strokes as they are.
        join: Join strokes of a drawing whose ends are so close; None: none.
        order: "short" for short ways in the air, "hand" as the drawings have it.
        turn_round: Whether a stroke may be drawn from its end.
        title: Names the document.
        recipe: How the drawings came about; written into the SVG's <metadata>.

    Returns:
        The sheet, to be looked at or saved.

    Raises:
        BadSettingError: If a setting cannot be used, or the drawings do not fit on the paper.
        BadDrawingError: If there is nothing to draw.

    >>> sheet = plot([Drawing([[(0, 0), (9, 9)]])], paper="A6", margin="1cm")
    >>> round(sheet.down)
    120
    """
    sheet = parse_paper(paper, landscape)
    width = parse_length("pen", pen)
    if width <= 0:
        raise BadSettingError(f"pen is {pen!r}, and must have a width")
    for name, value, known in (
        ("pen_by", pen_by, PEN_BY),
        ("order", order, ORDERS),
        ("fit", fit, FITS[:-1]),
    ):
        if value not in known:
            raise BadSettingError(f"{name} is {value!r}", hint=f"use one of {', '.join(known)}")
    if join is not None and pen_by == "stroke":
        raise BadSettingError(
            "strokes with pens of their own cannot be joined", hint="leave join away"
        )
    for color in pens or ():
        parse_color(color)
    share = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?%", smooth) if isinstance(smooth, str) else None
    tolerance = 0.0 if smooth is None or share else parse_length("smooth", smooth)
    within = None if join is None else parse_length("join", join)

    shown = [drawing for drawing in drawings if drawing.strokes]
    if not shown:
        raise BadDrawingError("there is nothing to plot", hint="give drawings that have strokes")
    cells, across = lay_out(len(shown), sheet, parse_length("margin", margin), columns, size, gap)
    if share:
        tolerance = float(share[1]) / 100 * min(cells[0].width, cells[0].height)
    style = Style(size=cells[0][2:], margin=0.0, fit=fit, precision=PRECISION + 3)
    pictures = place(shown, cells, style)
    if within is not None:
        pictures = tuple(
            replace(picture, strokes=tuple(join_strokes(picture.strokes, within)))
            for picture in pictures
        )
    layers = []
    for number, (name, color, strokes) in enumerate(
        _by_pen(shown, [picture.strokes for picture in pictures], pens, pen_by), 1
    ):
        if strokes:
            layers.append(_layer(number, color, width, name, strokes, tolerance, order, turn_round))
    return PlotterSheet(sheet, tuple(layers), across, cells[0][2:], title, recipe)


def _by_pen(
    drawings: Sequence[Drawing],
    pictures: Sequence[Sequence[Points]],
    pens: Sequence[str] | None,
    pen_by: str,
) -> list[tuple[str, str, list[Points]]]:
    """Return name, colour and strokes of each pen."""
    key: Callable[[int, int], Any] = {
        "sheet": lambda drawing, stroke: 0,
        "category": lambda drawing, stroke: drawings[drawing].category or "",
        "drawing": lambda drawing, stroke: drawing,
        "stroke": lambda drawing, stroke: stroke,
    }[pen_by]
    keys: dict[Any, int] = {}
    for drawing, strokes in enumerate(pictures):
        for stroke in range(len(strokes)):
            keys.setdefault(key(drawing, stroke), len(keys))
    colors = list(pens or PENS)
    if pen_by == "category" and pens is None:  # each has its own pen, colours may come again
        colors = list(itertools.islice(itertools.cycle(PENS), len(keys)))
    names: list[list[str]] = [[] for _ in colors]
    if pen_by == "category":
        for name, number in keys.items():
            names[number % len(colors)].append(str(name) or "no category")
    groups: list[list[Points]] = [[] for _ in colors]
    for drawing, strokes in enumerate(pictures):
        for stroke, points in enumerate(strokes):
            groups[keys[key(drawing, stroke)] % len(colors)].append(points)
    return [
        (", ".join(name), color, group)
        for name, color, group in zip(names, colors, groups, strict=True)
    ]


def _layer(
    number: int,
    color: str,
    width: float,
    name: str,
    strokes: Sequence[Points],
    tolerance: float,
    order: str,
    turn_round: bool,
) -> PenLayer:
    """Turn dots into tiny lines, smooth, put into order."""
    dot = DOT_SHARE * width
    lines = [_touch(stroke, dot) if is_dot(stroke) else stroke for stroke in strokes]
    by_hand = way_between(lines, (0.0, 0.0))
    if order == "short":
        turns = order_strokes(lines, turn_round=turn_round)
        lines = [lines[i][::-1] if back else lines[i] for i, back in turns]
    curves = None
    if tolerance > 0:
        curves = tuple(fit_curve(line, tolerance) for line in lines)
        lines = [flatten_curve(curve, _LENGTH_TOLERANCE) for curve in curves]
    return PenLayer(number, color, width, name, tuple(lines), curves, by_hand)


def _touch(dot: Points, length: float) -> Points:
    """Return a line of a length that a dot lies in the middle of."""
    return dot[0] + np.array([(-length / 2, 0.0), (length / 2, 0.0)])
