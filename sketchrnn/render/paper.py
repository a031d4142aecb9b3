"""Paper: sizes by name, and lengths with their units; everything becomes millimetres."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass

from sketchrnn.drawing import BadSettingError

PAPERS = {
    "a2": (420.0, 594.0),
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "tabloid": (279.4, 431.8),
}
"""Width and height in mm, upright."""

MAX_SIDE = 10_000.0
"""mm: the longest side of a paper."""

_UNITS = {"": 1.0, "mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}
# possessive: a number is read once, whatever comes after it
_NUMBER = r"(\d++(?:\.\d*+)?|\.\d++)\s*+"
_LENGTH = re.compile(_NUMBER + r"([a-z]*+)")
_SIDES = re.compile(_NUMBER + r"([a-z]*?)\s*+[x×]\s*+" + _NUMBER + r"([a-z]*+)")


@dataclass(frozen=True)
class Paper:
    """A sheet of paper, lying as it will be drawn on.

    Attributes:
        name: What it is called.
        width: In mm.
        height: In mm.
    """

    name: str
    width: float
    height: float

    def __str__(self) -> str:
        """Say what it is: its name and its sides."""
        return f"{self.name} ({self.width:g} x {self.height:g} mm)"


def parse_length(name: str, value: str | float) -> float:
    """Return a length in mm.

    Args:
        name: What the length is, for the error.
        value: A number of mm, or text such as "10mm", "1 cm", "0.5in", "12pt".

    Raises:
        BadSettingError: If it is none, or negative, or infinite.

    >>> parse_length("margin", "1cm"), parse_length("margin", 2.5)
    (10.0, 2.5)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value >= 0 and math.isfinite(value):
            return float(value)
    elif isinstance(value, str):
        found = _LENGTH.fullmatch(value.strip().lower())
        if found and found[2] in _UNITS and math.isfinite(float(found[1])):
            return float(found[1]) * _UNITS[found[2]]
    raise BadSettingError(f"{name} is {value!r}", hint="write a length such as 10mm, 1cm or 0.5in")


def parse_sides(name: str, value: str | float | tuple[float, float]) -> tuple[float, float]:
    """Return (width, height) in mm of "25mm", "200x300mm", a number or a pair; both above 0.

    >>> parse_sides("size", "8x10in")
    (203.2, 254.0)
    """
    if isinstance(value, tuple):
        sides = tuple(parse_length(name, side) for side in value)
    elif isinstance(value, str) and (found := _SIDES.fullmatch(value.strip().lower())):
        sides = (
            parse_length(name, found[1] + (found[2] or found[4])),
            parse_length(name, found[3] + found[4]),
        )
    else:
        sides = (parse_length(name, value),) * 2
    if len(sides) != 2 or min(sides) <= 0:
        raise BadSettingError(
            f"{name} is {value!r}", hint="write it as 25mm, or width and height as 200x300mm"
        )
    return (sides[0], sides[1])


def parse_paper(value: str | tuple[float, float], landscape: bool = False) -> Paper:
    """Return a paper by its name or its sides.

    Args:
        value: One of `PAPERS`, in any case; or "200x300mm"; or (width, height) in mm.
        landscape: Whether it lies on its longer side.

    Raises:
        BadSettingError: If there is no such paper, or it is too large.

    >>> str(parse_paper("A5", landscape=True))
    'A5 (210 x 148 mm)'
    """
    if isinstance(value, str) and value.strip().lower() in PAPERS:
        name = value.strip().lower()
        sides = PAPERS[name]
        name = name.capitalize()
    else:
        if isinstance(value, str) and not _SIDES.fullmatch(value.strip().lower()):
            near = difflib.get_close_matches(value.lower(), PAPERS, n=1)
            names = ", ".join(name.capitalize() for name in PAPERS)
            raise BadSettingError(
                f"no paper is called {value!r}",
                hint=f"did you mean {near[0].capitalize()}?"
                if near
                else f"use one of {names}, or width and height as 200x300mm",
            )
        sides = parse_sides("paper", value)
        name = "paper"
    if max(sides) > MAX_SIDE:
        raise BadSettingError(
            f"a paper of {sides[0]:g} x {sides[1]:g} mm is too large",
            hint=f"the longest side is {MAX_SIDE:g} mm",
        )
    if landscape:
        sides = (max(sides), min(sides))
    return Paper(name, *sides)
