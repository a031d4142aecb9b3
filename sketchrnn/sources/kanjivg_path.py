"""The path data of KanjiVG's strokes: one move, then curves or lines, made into points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing import BadDrawingError
from sketchrnn.drawing.geometry import flatten_cubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1 / 2500
"""How far points may stray from a curve, in boxes: 0.1 of an extent of 255."""

MAX_BOXES = 4.0
"""How far from the origin a coordinate may lie, in boxes; it bounds the work a curve can make."""

_TOKEN = re.compile(r"[ ,\t\r\n]*(?:([A-Za-z])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))")
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
    commands = _split(data)
    if not commands or commands[0][0] not in "mM":
        raise BadDrawingError("path data must begin with a move")
    pieces: list[NDArray[np.float64]] = []
    start = here = 0j
    control: complex | None = None  # of the curve before, which S mirrors
    for at, (letter, numbers) in enumerate(commands):
        base = here if letter.islower() else 0j
        kind = letter.lower()
        if kind == "m":
            if at:
                raise BadDrawingError("path data lifts the pen within a stroke")
            start = here = complex(*numbers)
            pieces.append(np.array([[here.real, here.imag]]))
            continue
        end, one, two = here, None, None
        if kind == "c" or kind == "s":
            points = [base + complex(*numbers[i : i + 2]) for i in range(0, len(numbers), 2)]
            two, end = points[-2:]
            mirrored = here if control is None else 2 * here - control
            one = points[0] if kind == "c" else mirrored
        elif kind == "l":
            end = base + complex(*numbers)
        elif kind == "h":
            end = complex(base.real + numbers[0], here.imag)
        elif kind == "v":
            end = complex(here.real, base.imag + numbers[0])
        else:
            end = start
        reach = max(abs(n) for p in (one, two, end) if p is not None for n in (p.real, p.imag))
        if not reach <= MAX_BOXES * box:
            raise BadDrawingError("a coordinate lies far outside the box")
        if one is None or two is None:
            pieces.append(np.array([[end.real, end.imag]]))
        else:
            pieces.append(flatten_cubic(here, one, two, end, TOLERANCE * box)[1:])
        here, control = end, two
    result = np.concatenate(pieces)
    if not np.abs(result[0]).max() <= MAX_BOXES * box:
        raise BadDrawingError("a coordinate lies far outside the box")
    return result


def _split(data: str) -> list[tuple[str, list[float]]]:
    """Return (command, its numbers) of path data, repeated commands written out."""
    commands: list[tuple[str, list[float]]] = []
    letter = ""
    numbers: list[float] = []
    wanting = False  # whether the letter still lacks its first full set of numbers
    position = 0
    data = data.rstrip(" ,\t\r\n")
    while position < len(data):
        token = _TOKEN.match(data, position)
        if token is None:
            raise BadDrawingError(f"path data is malformed at {data[position : position + 20]!r}")
        position = token.end()
        text = token[1]
        if text:
            if wanting or numbers:
                raise BadDrawingError(f"path command {letter} lacks a number")
            if text.lower() not in _NUMBERS:
                raise BadDrawingError(f"path command {text} is not one of KanjiVG's")
            letter = text
            wanting = letter not in "zZ"
            if not wanting:
                commands.append((letter, []))
        elif letter in ("", "z", "Z"):
            raise BadDrawingError("path data has a number without a command")
        else:
            numbers.append(float(token[2]))
            if len(numbers) == _NUMBERS[letter.lower()]:
                commands.append((letter, numbers))
                numbers, wanting = [], False
                letter = {"m": "l", "M": "L"}.get(letter, letter)  # more pairs are lines
    if wanting or numbers:
        raise BadDrawingError(f"path command {letter} lacks a number")
    return commands
