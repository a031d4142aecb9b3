"""What is on a page, ready to be written as SVG or painted as pixels; lengths in px.

Layout happens once, here and in its neighbours; the writers only know marks. So all formats
show the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOT_WIDTH = 1.5
"""The diameter of a dot, in stroke widths: an eye must not be taken for a speck."""

HAIRLINE = 0.75
"""The width of a frame."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawing at its place.

    Attributes:
        strokes: (n, 2) points each, already rounded to the page's precision.
        colors: One a stroke, or None where all have the page's ink.
        cell: (x, y, width, height) of its room; None: the whole page.
        caption: What stands under it, whole.
        place: (row, column) of its cell.
        number: Of the drawing among those that its recipe makes.
    """

    strokes: tuple[NDArray[np.float64], ...]
    colors: tuple[str, ...] | None = None
    cell: tuple[float, float, float, float] | None = None
    caption: str | None = None
    place: tuple[int, int] | None = None
    number: int | None = None


@dataclass(frozen=True)
class Label:
    """A line of text.

    Attributes:
        text: What it says.
        x: Of its anchor.
        y: Of its baseline.
        size: Of the font.
        color: Of the text.
        anchor: "start", "middle" or "end".
        bold: Whether it stands out.
        whole: The whole text, where `text` had to be shortened.
    """

    text: str
    x: float
    y: float
    size: float
    color: str
    anchor: str = "start"
    bold: bool = False
    whole: str | None = None


@dataclass(frozen=True)
class Frame:
    """A hairline around a cell, or a bar of a plot.

    Attributes:
        x: Of its left side.
        y: Of its upper side.
        width: To the right; 0 makes a line.
        height: Down; 0 makes a line.
        color: Of the hairline; "none" for no line.
        fill: Of what is inside; None for nothing.
    """

    x: float
    y: float
    width: float
    height: float
    color: str
    fill: str | None = None


@dataclass(frozen=True)
class Movement:
    """How a page is drawn in time. Checked by `movement.make_movement`.

    Attributes:
        seconds: From the first stroke to the last; None: as long as a pen takes.
        hold: Seconds that a movie rests on the finished page before it begins again.
        flip: Whether drawings take turns in one place, as the frames of an interpolation, rather
            than each being drawn in its cell, all at once.
    """

    seconds: float | None = None
    hold: float = 2.0
    flip: bool = False


@dataclass(frozen=True)
class Page:
    """A picture ready to be written.

    Attributes:
        width: Of the page.
        height: Of the page.
        ink: Colour of strokes that have no own.
        stroke_width: Of the pen.
        precision: Decimals of coordinates.
        background: A colour, or None: transparent.
        pictures: Drawings in reading order.
        labels: Lines of text.
        frames: Hairlines.
        title: What the document is called.
        recipe: How the drawings came about; JSON types.
        columns: Of the grid, where rows mean something and must be kept; else 0.
        row_labels: One a row, whole.
        in_mm: Whether it is a sheet of paper, whose SVG says its sides in mm.
        movement: How an SVG draws itself; None: it stands still.
        smooth: How far a smooth curve may stray from a stroke; None: strokes as they are.
    """

    width: float
    height: float
    ink: str
    stroke_width: float
    precision: int
    background: str | None = None
    pictures: tuple[Picture, ...] = ()
    labels: tuple[Label, ...] = ()
    frames: tuple[Frame, ...] = ()
    title: str | None = None
    recipe: Mapping[str, Any] | None = None
    columns: int = 0
    row_labels: tuple[str, ...] = ()
    movement: Movement | None = None
    in_mm: bool = False
    smooth: float | None = None

    def with_(self, **changes: Any) -> Page:
        """Return the same page with some things other; quicker than `dataclasses.replace`."""
        page = object.__new__(Page)
        page.__dict__.update(self.__dict__, **changes)
        return page


def is_dot(stroke: NDArray[np.float64]) -> bool:
    """Say whether all points of a stroke (n, 2) coincide."""
    return bool((stroke == stroke[0]).all())
