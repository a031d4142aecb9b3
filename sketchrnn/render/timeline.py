"""When each stroke of a page is drawn: at pen speed, all drawings together or one by one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadSettingError
from sketchrnn.drawing.bezier_fit import fit_curve, flatten_curve
from sketchrnn.render.page import Movement, Page, Picture, is_dot
from sketchrnn.render.style import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDES_A_SECOND = 2.2
"""How fast the pen is, in longer sides of a cell: a character takes some three seconds."""

HOP = 0.09
"""Seconds that the pen stays in the air between strokes, beside the way it goes there."""

AIR = 3.0
"""How many times faster the pen goes in the air."""

DOT = 0.14
"""Seconds for a dot."""

REST = 0.5
"""Seconds that one drawing is shown before the next takes its place."""

SMALLEST_TURN = 320.0
"""px of the shorter side where drawings take turns: a cell of a gallery is small to be alone."""

MAX_SECONDS = 600.0
"""The longest movement."""

_FLATNESS = 0.1  # px within which a curve is drawn as lines


@dataclasses.dataclass(frozen=True, eq=False)
class Shot:
    """A stroke and its time.

    Attributes:
        stroke: (n, 2) points in px.
        color: Of the ink.
        start: Seconds from the beginning until the pen comes down.
        end: Seconds until it lifts.
        picture: The number of its drawing.
    """

    stroke: NDArray[np.float64]
    color: str
    start: float
    end: float
    picture: int


@dataclasses.dataclass(frozen=True, eq=False)
class Timeline:
    """A page in time.

    Attributes:
        page: What is there.
        shots: By their start.
        seconds: Until the last stroke is done.
        begins: When each drawing begins; where they take turns, the one before is gone then.
    """

    page: Page
    shots: tuple[Shot, ...]
    seconds: float
    begins: tuple[float, ...]


def make_movement(options: Mapping[str, Any]) -> Movement:
    """Check how a page is to move.

    Args:
        options: Names and values, as `Movement` has.

    Raises:
        BadSettingError: If a name is unknown or a value cannot be used.
    """
    known = {field.name for field in dataclasses.fields(Movement)}
    for name in options:
        if name not in known:
            raise BadSettingError(
                f"no movement is called {name!r}", hint=f"there are {', '.join(sorted(known))}"
            )
    made = Movement(**options)
    if made.seconds is not None and check_number("seconds", made.seconds, above=0) > MAX_SECONDS:
        raise BadSettingError(f"{made.seconds:g} seconds are more than {MAX_SECONDS:g}")
    if check_number("hold", made.hold, lowest=0) > MAX_SECONDS:
        raise BadSettingError(f"hold is {made.hold:g}, and {MAX_SECONDS:g} seconds are the most")
    if not isinstance(made.flip, bool):
        raise BadSettingError(f"flip is {made.flip!r}, and must be True or False")
    return made


def make_timeline(page: Page) -> Timeline:
    """Say when each stroke of a page is drawn; see `Movement`."""
    movement = page.movement or Movement()
    if movement.flip:
        page = one_place(page)
    shots: list[Shot] = []
    begins: list[float] = []
    clock = 0.0
    longest = 0.0
    for number, picture in enumerate(page.pictures):
        if movement.flip and number:
            clock = longest + REST
        begins.append(clock)
        drawn = _shots(page, picture, number, clock)
        shots += drawn
        longest = max(longest, clock, *(shot.end for shot in drawn))
    wanted = movement.seconds or min(longest, MAX_SECONDS)
    if longest > 0 and wanted != longest:
        pace = wanted / longest
        shots = [
            dataclasses.replace(shot, start=pace * shot.start, end=pace * shot.end)
            for shot in shots
        ]
        begins = [pace * begin for begin in begins]
        longest = wanted
    shots.sort(key=lambda shot: shot.start)
    return Timeline(page, tuple(shots), longest, tuple(begins))


def part_of(stroke: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the beginning of a stroke (n, 2), a share of its length long.

    >>> part_of(np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)]), 0.75).tolist()
    [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0]]
    """
    ways = np.hypot(*np.diff(stroke, axis=0).T)
    ends = np.concatenate([[0.0], np.cumsum(ways)])
    reach = min(1.0, max(0.0, share)) * ends[-1]
    whole = int(np.searchsorted(ends, reach, side="right"))
    if whole >= len(stroke):
        return stroke
    into = (reach - ends[whole - 1]) / (ends[whole] - ends[whole - 1])
    tip = stroke[whole - 1] + into * (stroke[whole] - stroke[whole - 1])
    return np.vstack([stroke[:whole], tip])


def one_place(page: Page) -> Page:
    """Return a page of a single cell, in which all drawings lie over one another."""
    cells = [picture.cell for picture in page.pictures]
    if not cells or any(cell is None for cell in cells):
        return page
    moved = []
    width = height = 0.0
    for picture, cell in zip(page.pictures, cells, strict=True):
        if cell is None:
            continue
        x, y, width, height = cell
        strokes = tuple(stroke - (x, y) for stroke in picture.strokes)
        moved.append(dataclasses.replace(picture, strokes=strokes, cell=(0.0, 0.0, width, height)))
    return dataclasses.replace(
        page, width=width, height=height, pictures=tuple(moved), labels=(), frames=()
    )


def _shots(page: Page, picture: Picture, number: int, clock: float) -> list[Shot]:
    """Return the strokes of one drawing, drawn one after the other by one pen."""
    width, height = picture.cell[2:] if picture.cell else (page.width, page.height)
    pace = SIDES_A_SECOND * max(width, height)  # px a second
    colors = picture.colors or (page.ink,) * len(picture.strokes)
    found: list[Shot] = []
    pen = None
    for stroke, color in zip(picture.strokes, colors, strict=True):
        line = stroke
        if page.smooth is not None and len(stroke) > 2:
            line = flatten_curve(fit_curve(stroke, page.smooth), _FLATNESS)
        if pen is not None:
            clock += HOP + math.dist(pen, line[0]) / pace / AIR
        pen = line[-1]
        length = float(np.hypot(*np.diff(line, axis=0).T).sum())
        end = clock + (DOT if is_dot(stroke) else length / pace)
        found.append(Shot(line, color, clock, end, number))
        clock = end
    return found
