"""The path data of KanjiVG's strokes: one move, then curves or lines, made into points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing import BadDrawingError
from sketchrnn.drawing.geometry import Segment, flatten_strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1 / 2500
"""How far points may stray from a curve, in boxes: 0.1 of an extent of 255."""

MAX_BOXES = 4.0
"""How far from the origin a coordinate may lie, in boxes; it bounds the work a curve can make."""

_NUMBER_TEXT = r"[-+]?(?>\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BETWEEN = " ,\t\r\n"
_LETTER = "A-DF-Za-df-z"  # e is part of numbers
_WELL_FORMED = re.compile(rf"(?>[{_BETWEEN}]*(?:[{_LETTER}]|{_NUMBER_TEXT}))*+")
_COMMAND = re.compile(rf"([{_LETTER}])([^{_LETTER}]*)")
_NUMBER = re.compile(_NUMBER_TEXT)
_NUMBERS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "z": 0}


def flatten_path(data: str, box: float) -> NDArray[np.float64]:
    """Turn the path data of one stroke into points.

    Args:
        data: SVG path data: M, L, H, V, C, S, Z, absolute or relative. KanjiVG writes M, C and S.
        box: The side of the canvas, in the units of the data.

    Returns:
        (n, 2) points, n >= 1, within `TOLERANCE` boxes of the curves.

    Raises:
        BadDrawingError: If the data is empty or malformed, lifts the pen within the stroke, has
            another command, or a coordinate far outside the box.
    """
    points, _ = flatten_strokes([read_path(data, box)], TOLERANCE * box)
    return points


def read_path(data: str, box: float) -> list[Segment]:
    """Turn the path data of one stroke into its first point, lines and curves.

    Args:
        data: As for `flatten_path`.
        box: The side of the canvas, in the units of the data.

    Raises:
        BadDrawingError: As `flatten_path` does.
    """
    commands = _split(data)
    if not commands or commands[0][0] not in "mM":
        raise BadDrawingError("path data must begin with a move")
    segments: list[Segment] = []
    start = here = 0j
    control: complex | None = None  # of the curve before, which S mirrors
    reach = 0.0
    for letter, numbers in commands:
        kind = letter.lower()
        base = here if letter == kind else 0j
        points: list[complex] = []
        if kind == "c":
            a, b, c, d, e, f = numbers
            points = [base + complex(a, b), base + complex(c, d), base + complex(e, f)]
        elif kind == "s":
            a, b, c, d = numbers
            mirrored = here if control is None else 2 * here - control
            points = [mirrored, base + complex(a, b), base + complex(c, d)]
        elif kind == "m":
            if segments:
                raise BadDrawingError("path data lifts the pen within a stroke")
            start = complex(*numbers)
            points = [start]
        elif kind == "l":
            points = [base + complex(*numbers)]
        elif kind == "h":
            points = [complex(base.real + numbers[0], here.imag)]
        elif kind == "v":
            points = [complex(here.real, base.imag + numbers[0])]
        else:
            points = [start]
        for point in points:
            reach = max(reach, abs(point.real), abs(point.imag))
        if not reach <= MAX_BOXES * box:
            raise BadDrawingError("a coordinate lies far outside the box")
        if len(points) == 3:
            segments.append((here, *points))
            control = points[1]
        else:
            segments.append((points[0],))
            control = None
        here = points[-1]
    return segments


def _split(data: str) -> list[tuple[str, list[float]]]:
    """Return (command, its numbers) of path data, repeated commands written out."""
    data = data.strip(_BETWEEN)
    good = _WELL_FORMED.match(data)
    end = good.end() if good else 0
    if end < len(data):
        raise BadDrawingError(f"path data is malformed at {data[end : end + 20]!r}")
    if data and not data[0].isalpha():
        raise BadDrawingError("path data has a number without a command")
    commands: list[tuple[str, list[float]]] = []
    for letter, text in _COMMAND.findall(data):
        if letter.lower() not in _NUMBERS:
            raise BadDrawingError(f"path command {letter} is not one of KanjiVG's")
        size = _NUMBERS[letter.lower()]
        numbers = list(map(float, _NUMBER.findall(text)))
        if not size:
            if numbers:
                raise BadDrawingError("path data has a number without a command")
            commands.append((letter, []))
            continue
        if not numbers or len(numbers) % size:
            raise BadDrawingError(f"path command {letter} lacks a number")
        for at in range(0, len(numbers), size):
            commands.append((letter, numbers[at : at + size]))
            letter = {"m": "l", "M": "L"}.get(letter, letter)  # more pairs are lines
    return commands
