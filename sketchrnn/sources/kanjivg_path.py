"""The path data of KanjiVG's strokes: one move, then curves or lines, made into points."""

from __future__ import annotations

import itertools
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
_PLAIN = re.compile(rf"[a-zA-Z][{_LETTER}0-9.{_BETWEEN}-]*")
"""Of what nearly all of KanjiVG is written: no exponents, no plus signs."""

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
    data = data.strip(_BETWEEN)
    plain = _PLAIN.fullmatch(data) is not None
    if not plain:
        _check_form(data)
    if data[:1] not in ("m", "M"):
        raise BadDrawingError("path data must begin with a move")
    segments: list[Segment] = []
    start = here = 0j
    control: complex | None = None  # of the curve before, which S mirrors
    spaced = data.replace("-", " -").replace(",", " ") if plain else data
    for letter, text in _COMMAND.findall(spaced):
        kind = letter.lower()
        try:
            if not plain:
                raise ValueError
            numbers = list(map(float, text.split()))
        except ValueError:  # such as 1.5.5, two numbers without anything between
            _check_form(data)
            numbers = list(map(float, _NUMBER.findall(text)))
        if len(numbers) != _NUMBERS.get(kind):
            _check_count(letter, kind, numbers)
        at = iter(numbers)
        if kind == "c":
            for a, b, c, d, e, f in zip(at, at, at, at, at, at, strict=True):
                base = here if letter == "c" else 0j
                control, end_point = base + complex(c, d), base + complex(e, f)
                segments.append((here, base + complex(a, b), control, end_point))
                here = end_point
            continue
        if kind == "s":
            for a, b, c, d in zip(at, at, at, at, strict=True):
                base = here if letter == "s" else 0j
                mirrored = here if control is None else 2 * here - control
                control, end_point = base + complex(a, b), base + complex(c, d)
                segments.append((here, mirrored, control, end_point))
                here = end_point
            continue
        control = None
        if kind == "m":
            if segments:
                raise BadDrawingError("path data lifts the pen within a stroke")
            start = here = complex(next(at), next(at))
            segments.append((here,))
        if kind in "ml":  # more pairs after a move are lines
            for x, y in zip(at, at, strict=True):
                here = (here if letter == kind else 0j) + complex(x, y)
                segments.append((here,))
        elif kind in "hv":
            for number in at:
                base = here if letter == kind else 0j
                if kind == "h":
                    here = complex(base.real + number, here.imag)
                else:
                    here = complex(here.real, base.imag + number)
                segments.append((here,))
        else:
            here = start
            segments.append((here,))
    limit = MAX_BOXES * box
    # a point's distance is quick to know, and bounds its coordinates
    if not max(map(abs, itertools.chain.from_iterable(segments))) <= limit:
        for point in itertools.chain.from_iterable(segments):
            if not max(abs(point.real), abs(point.imag)) <= limit:
                raise BadDrawingError("a coordinate lies far outside the box")
    return segments


def _check_form(data: str) -> None:
    """Refuse what does not consist of commands and numbers, or does not begin with a command."""
    good = _WELL_FORMED.match(data)
    if (end := good.end() if good else 0) < len(data):
        raise BadDrawingError(f"path data is malformed at {data[end : end + 20]!r}")
    if data and not data[0].isalpha():
        raise BadDrawingError("path data has a number without a command")


def _check_count(letter: str, kind: str, numbers: list[float]) -> None:
    """Refuse a command that is not known, or lacks a number."""
    size = _NUMBERS.get(kind)
    if size is None:
        raise BadDrawingError(f"path command {letter} is not one of KanjiVG's")
    if size == 0 and numbers:
        raise BadDrawingError("path data has a number without a command")
    if size and (not numbers or len(numbers) % size):
        raise BadDrawingError(f"path command {letter} lacks a number")
