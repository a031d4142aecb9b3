"""A page cut into sheets of paper, between its rows."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.page import Page
from sketchrnn.render.paper import Paper

PX_A_MM = 96 / 25.4

_SLACK = 0.01  # px: what rounding may leave over


def cell_side(paper: Paper, columns: int, gap: float, margin: float, beside: float) -> float:
    """Return the side in px of a square cell that makes rows as wide as a paper.

    Args:
        paper: What is drawn on.
        columns: Cells side by side.
        gap: Between them, in px.
        margin: On both sides, in px.
        beside: Room for labels of rows, in px.

    Raises:
        BadSettingError: If nothing is left.
    """
    room = paper.width * PX_A_MM - 2 * margin - beside - (columns - 1) * gap
    if room / columns < 1:
        raise BadSettingError(
            f"{columns} columns leave no room on {paper}",
            hint="take fewer columns, a smaller gap, or a larger paper",
        )
    return math.floor(100 * room / columns) / 100


def cut(page: Page, paper: Paper, margin: float) -> tuple[Page, ...]:
    """Return a long page as sheets, as many as its rows need; the title stands on the first.

    Args:
        page: Pictures with cells and places, in rows of equal height.
        paper: Of the sheets.
        margin: Left free above and below, in px.

    Raises:
        BadSettingError: If a row is wider or higher than a sheet.
    """
    width, height = paper.width * PX_A_MM, paper.height * PX_A_MM
    tops: dict[int, float] = {}
    for picture in page.pictures:
        if picture.cell is not None and picture.place is not None:
            tops.setdefault(picture.place[0], picture.cell[1])
    rows = sorted(tops.values())
    bottom = page.height - margin
    row_height = bottom - rows[-1] if rows else 0.0
    first_top = rows[0] if rows else margin
    if page.width > width + _SLACK or first_top + row_height + margin > height + _SLACK:
        raise BadSettingError(
            f"a row of {page.width / PX_A_MM:.0f} mm, {row_height / PX_A_MM:.0f} mm high, does not "
            f"fit on {paper}",
            hint="take smaller cells, more columns, or a larger paper",
        )
    sheets: list[list[float]] = []
    for top in rows:
        begin = margin if len(sheets) > 1 else first_top  # the title is on the first alone
        if sheets and begin + (top - sheets[-1][0]) + row_height + margin <= height + _SLACK:
            sheets[-1].append(top)
        else:
            sheets.append([top])
    cuts = [sheet[0] for sheet in sheets[1:]]
    made = []
    for number in range(max(1, len(sheets))):
        low = cuts[number - 1] if number else -math.inf
        high = cuts[number] if number < len(cuts) else math.inf
        shift = margin - low if number else 0.0
        made.append(_sheet(page, low, high, shift, (width, height)))
    return tuple(made)


def _sheet(page: Page, low: float, high: float, shift: float, size: tuple[float, float]) -> Page:
    """Return what stands from `low` to `high`, moved down by `shift` onto a sheet."""
    move = np.array((0.0, shift))
    return dataclasses.replace(
        page,
        width=size[0],
        height=size[1],
        in_mm=True,
        pictures=tuple(
            dataclasses.replace(
                picture,
                strokes=tuple(stroke + move for stroke in picture.strokes),
                cell=(
                    picture.cell[0], picture.cell[1] + shift, picture.cell[2], picture.cell[3]
                ),
            )
            for picture in page.pictures
            if picture.cell is not None and low <= picture.cell[1] < high
        ),
        labels=tuple(
            dataclasses.replace(label, y=label.y + shift)
            for label in page.labels
            if low <= label.y < high
        ),
        frames=tuple(
            dataclasses.replace(frame, y=frame.y + shift)
            for frame in page.frames
            if low <= frame.y < high
        ),
    )  # fmt: skip
