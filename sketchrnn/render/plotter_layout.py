"""Where drawings stand on paper: a grid in the middle of what the margins leave, in mm."""

from __future__ import annotations

import math

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.paper import Paper, parse_length, parse_sides
from sketchrnn.render.placement import Cell

_GAP_SHARE = 1 / 8  # of a drawing's side, left free between drawings


def lay_out(
    count: int,
    paper: Paper,
    margin: float,
    columns: int | None,
    size: str | float | tuple[float, float] | None,
    gap: str | float | None,
) -> tuple[list[Cell], int]:
    """Find a cell for each drawing, in the middle of what the margins leave.

    Returns:
        The cells in mm, and how many stand side by side.

    Raises:
        BadSettingError: If there is no room.
    """
    if columns is not None and columns < 1:
        raise BadSettingError(f"columns is {columns!r}, and must be a whole number above 0")
    width, height = paper.width - 2 * margin, paper.height - 2 * margin
    if min(width, height) <= 0:
        raise BadSettingError(
            f"margins of {margin:g} mm leave no room on {paper}",
            hint="make the margin smaller or the paper larger",
        )
    between = None if gap is None else parse_length("gap", gap)
    if size is not None:
        sides = parse_sides("size", size)
        space = min(sides) * _GAP_SHARE if between is None else between
        # a hair more than there is: 4 x 25 mm and gaps are to fit where they just do
        most = [
            math.floor((room + space) / (side + space) + 1e-9)
            for room, side in zip((width, height), sides, strict=True)
        ]
        if min(most) < 1 or (columns or 1) > most[0]:
            wide = f"{columns} drawings" if (columns or 1) > most[0] and most[0] else "a drawing"
            raise BadSettingError(
                f"{wide} of {sides[0]:g} x {sides[1]:g} mm and margins of {margin:g} mm are larger "
                f"than {paper}",
                hint="make it smaller, or take a larger paper",
            )
        across = min(columns or most[0], count)
        if across * most[1] < count:
            raise BadSettingError(
                f"{count} drawings of {sides[0]:g} x {sides[1]:g} mm do not fit on {paper}, "
                f"{across * most[1]} do",
                hint="plot fewer or smaller ones, or take a larger paper",
            )
    else:
        across, sides, space = _largest(count, width, height, columns, between, paper)
    down = -(-count // across)
    left = (paper.width - across * sides[0] - (across - 1) * space) / 2
    top = (paper.height - down * sides[1] - (down - 1) * space) / 2
    return [
        Cell(
            left + (i % across) * (sides[0] + space),
            top + (i // across) * (sides[1] + space),
            *sides,
        )
        for i in range(count)
    ], across


def _largest(
    count: int,
    width: float,
    height: float,
    columns: int | None,
    gap: float | None,
    paper: Paper,
) -> tuple[int, tuple[float, float], float]:
    """Return columns, sides and gap of the largest cells: squares, or all the room for one."""
    if count == 1:
        return 1, (width, height), 0.0
    best = (0.0, 1)
    for across in range(1, count + 1) if columns is None else [min(columns, count)]:
        down = -(-count // across)
        if gap is None:
            shares = [n + (n - 1) * _GAP_SHARE for n in (across, down)]
            side = min(width / shares[0], height / shares[1])
        else:
            side = min(
                (width - (across - 1) * gap) / across,
                (height - (down - 1) * gap) / down,
            )
        best = max(best, (side, across))
    side, across = best
    if side <= 0:
        raise BadSettingError(
            f"{count} drawings and gaps of {gap:g} mm do not fit on {paper}",
            hint="make the gap smaller, or plot fewer drawings",
        )
    return across, (side, side), side * _GAP_SHARE if gap is None else gap
