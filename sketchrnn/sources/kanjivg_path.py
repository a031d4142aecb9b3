"""The path data of KanjiVG's strokes: one move, then curves or lines, made into points."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing import BadDrawingError
from sketchrnn.drawing.geometry import Segment, flatten_segments, flatten_strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Segments = tuple[
        NDArray[np.bool_], NDArray[np.complex128], NDArray[np.complex128], NDArray[np.int64]
    ]

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

_SEPARATOR = b"|"
_PLAIN = re.compile(rb"(?:[Mm][CcSs]+\|)+")
"""The letters of what all of KanjiVG is written in: a move and curves; no exponents."""
_NO_LETTERS = b"0123456789.-" + _BETWEEN.encode()
_SPACED = bytes.maketrans(b"MmCcSs," + _SEPARATOR, b" " * 8)
_DIGIT, _MINUS, _COMMANDED, _SEPARATED = 1, 2, 3, 4
_CLASSES = np.zeros(256, np.uint8)
_CLASSES[list(b"0123456789.")] = _DIGIT
_CLASSES[list(b"-")] = _MINUS
_CLASSES[list(b"MmCcSs")] = _COMMANDED
_CLASSES[list(_SEPARATOR)] = _SEPARATED
_SIZES = np.zeros(256, np.int64)
_SIZES[list(b"MmCcSs")] = (1, 1, 3, 3, 2, 2)  # pairs of numbers of one move or curve


def flatten_paths(
    texts: Sequence[str], box: float, most: int | None = None
) -> tuple[NDArray[np.float64], list[int]]:
    """Turn the path data of strokes into points, all at once.

    Args:
        texts: SVG path data of each: M, L, H, V, C, S, Z, absolute or relative. KanjiVG writes M,
            C and S.
        box: The side of the canvas, in the units of the data.
        most: How many points there may be.

    Returns:
        (N, 2) points of all strokes, end to end, within `TOLERANCE` boxes of the curves, and how
        many each stroke has, 1 or more.

    Raises:
        BadDrawingError: If the data of a stroke is empty or malformed, lifts the pen within it, has
            another command, or a coordinate far outside the box; it says which stroke. Or if there
            are more points than `most`.
    """
    segments = _read_plain(texts, box)
    if segments is not None:
        return flatten_segments(*segments, TOLERANCE * box, most)
    strokes = []
    for number, text in enumerate(texts):
        try:
            strokes.append(_read_path(text, box))
        except BadDrawingError as error:
            raise BadDrawingError(error.problem, where=f"stroke {number}") from None
    return flatten_strokes(strokes, TOLERANCE * box, most)


def _read_plain(texts: Sequence[str], box: float) -> Segments | None:
    """Read path data as `_read_path` does, in arrays; None where something is out of the ordinary.

    Returns:
        What `flatten_segments` takes: which segments are curves, their corners, where each segment
        ends, and how many there are in each stroke.
    """
    try:
        data = "".join(text + "|" for text in texts).encode("ascii")
    except UnicodeEncodeError:
        return None
    if not _PLAIN.fullmatch(letters := data.translate(None, _NO_LETTERS)):
        return None
    if letters.count(_SEPARATOR) != len(texts):
        return None
    classes = _CLASSES[np.frombuffer(data, np.uint8)]
    digits = classes == _DIGIT
    begins = classes == _MINUS  # a number goes on in digits, and begins with one after all else
    begins[1:] |= digits[1:] & ~(digits | begins)[:-1]
    places = np.cumsum(begins)
    at_command = classes >= _COMMANDED
    counts = np.diff(places[at_command], append=0)  # of numbers, after each
    letter = np.frombuffer(letters, np.uint8)
    moves = (letter | 32) == ord("m")
    try:
        numbers = np.array(list(map(float, data.replace(b"-", b" -").translate(_SPACED).split())))
    except ValueError:  # such as 1.5.5, two numbers without anything between
        return None
    is_command = letter != ord(_SEPARATOR)
    counts, letter, moves, silent = (
        counts[is_command], letter[is_command], moves[is_command], counts[~is_command],
    )  # fmt: skip
    pairs, sizes = counts // 2, _SIZES[letter]
    curves = pairs // sizes
    if (
        silent[:-1].any()  # a number before the first command of a stroke
        or places[at_command][0]
        or len(numbers) != places[-1]
        or (curves * sizes * 2 != counts).any()
        or not curves.all()
        or (curves[moves] != 1).any()
    ):
        return None

    # one entry a segment: moves, which are a stroke's first point, and curves
    point = numbers.view(np.complex128)
    last = np.cumsum(np.repeat(sizes, curves)) - 1  # of its points
    kind = np.repeat(letter, curves)
    relative, curved, smooth = kind & 32 > 0, np.repeat(~moves, curves), kind | 32 == ord("s")
    relative &= curved  # a relative move that begins a path is absolute
    there = np.flatnonzero(~relative)
    travelled = np.cumsum(np.where(relative, point[last], 0))
    anchor = there[np.cumsum(~relative) - 1]  # the last absolute segment, this one perhaps
    ends = point[last[anchor]] + (travelled - travelled[anchor])
    start = ends[np.flatnonzero(curved) - 1]
    base = np.where(relative[curved], start, 0)
    two = base + point[last[curved] - 1]
    one = base + point[last[curved] - 2]  # of a smooth curve this is not its own
    mirrored = np.where(curved[np.flatnonzero(curved) - 1], 2 * start - np.roll(two, 1), start)
    one = np.where(smooth[curved], mirrored, one)
    corners = np.stack([start, one, two, ends[curved]])
    if not max(np.abs(corners.view(np.float64)).max(), np.abs(ends.view(np.float64)).max()) <= (
        MAX_BOXES * box
    ):
        return None
    first = np.flatnonzero(~curved)
    return curved, corners, ends, np.diff(first, append=len(kind))


def _read_path(data: str, box: float) -> list[Segment]:
    """Turn the path data of one stroke into its first point, lines and curves.

    Raises:
        BadDrawingError: As `flatten_paths` does.
    """
    data = data.strip(_BETWEEN)
    _check_form(data)
    if data[:1] not in ("m", "M"):
        raise BadDrawingError("path data must begin with a move")
    segments: list[Segment] = []
    start = here = 0j
    control: complex | None = None  # of the curve before, which S mirrors
    for letter, text in _COMMAND.findall(data):
        kind = letter.lower()
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
    for point in itertools.chain.from_iterable(segments):
        if not max(abs(point.real), abs(point.imag)) <= MAX_BOXES * box:
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
