"""The text of an InkML trace: numbers by channel, absolute or as differences, made into points."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing import BadDrawingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ABSOLUTE, _FIRST, _SECOND = "!", "'", '"'
_VALUE = re.compile(
    r"\s*([!'\"])?\s*"
    r"(?:([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(-?#[0-9A-Fa-f]+)|([TF*?]))"
)
_MAX_HEX = 16  # digits; a coordinate of a tablet has four


@dataclass(frozen=True)
class Channel:
    """One of the numbers that make a point.

    Args:
        name: X, Y, F for force, T for time, and others.
        type: "decimal", "integer", "double" or "boolean".
        reversed: Whether it grows the other way: X to the left, Y upwards.
    """

    name: str
    type: str = "decimal"
    reversed: bool = False


@dataclass(frozen=True)
class TraceFormat:
    """The regular channels of a point, in the order they are written in."""

    channels: tuple[Channel, ...]

    @cached_property
    def x(self) -> int | None:
        """The place of X."""
        return self._place("X")

    @cached_property
    def y(self) -> int | None:
        """The place of Y."""
        return self._place("Y")

    def _place(self, name: str) -> int | None:
        return next((i for i, channel in enumerate(self.channels) if channel.name == name), None)


DEFAULT_FORMAT = TraceFormat((Channel("X"), Channel("Y")))
"""What holds where a file states none: X to the right and Y downwards."""


def decode_trace(
    text: str, format_: TraceFormat, max_points: int = 1_000_000
) -> NDArray[np.float64]:
    """Turn the text of a trace into points.

    Args:
        text: Points divided by commas, each of numbers: of the regular channels, then perhaps of
            intermittent ones. A number after ' is a first difference, after " a second one, and
            so are those of the channel after it until another mark; ! makes them absolute again.
            * repeats the value before, ? stands for one that is not known.
        format_: The channels.
        max_points: Where to stop.

    Returns:
        (n, 2) points x, y, y down; n is 0 where the text holds nothing.

    Raises:
        BadDrawingError: If a point has too few numbers, a value is malformed, the first one is a
            difference, or there are too many points.
    """
    if text.count(",") >= max_points:
        raise BadDrawingError("the traces have more than a million points")
    wanted = len(format_.channels)
    states = [_State() for _ in format_.channels]
    assert format_.x is not None and format_.y is not None  # the reader saw to it
    points = []
    parts = text.split(",")
    if not parts[-1].strip():
        parts.pop()
    for number, part in enumerate(parts):
        position = 0
        for state in states:
            match = _VALUE.match(part, position)
            if match is None:
                rest = part[position:].strip()
                raise BadDrawingError(
                    f"point {number} has {rest[:20]!r} for a number"
                    if rest
                    else f"point {number} has fewer than {wanted} numbers"
                )
            position = match.end()
            state.take(match, number)
        points.append((states[format_.x].value, states[format_.y].value))
    result = np.array(points, dtype=np.float64).reshape(-1, 2)
    signs = [-1.0 if format_.channels[i].reversed else 1.0 for i in (format_.x, format_.y)]
    return result * signs


class _State:
    """The value of one channel, and how the next is told from it."""

    def __init__(self) -> None:
        self.value = 0.0
        self._speed = 0.0
        self._mark = _ABSOLUTE
        self._known = False

    def take(self, match: re.Match[str], number: int) -> None:
        mark, decimal, hexadecimal, letter = match.groups()
        self._mark = mark or self._mark
        if letter in ("*", "?"):
            # of a coordinate that is not known, the last is the best guess
            if letter == "*" and not self._known:
                raise BadDrawingError(f"point {number} repeats a value before the first")
            return
        if letter:
            value = float(letter == "T")
        elif hexadecimal:
            if len(hexadecimal) > _MAX_HEX:
                raise BadDrawingError(f"point {number} has a number of too many digits")
            value = float(int(hexadecimal.replace("#", ""), 16))
        else:
            value = float(decimal)
        if self._mark != _ABSOLUTE and not self._known:
            raise BadDrawingError(f"point {number} has a difference before any value")
        before = self.value
        if self._mark == _SECOND:
            self._speed += value
            self.value += self._speed
        elif self._mark == _FIRST:
            self._speed = value
            self.value += value
        else:
            self.value = value
            self._speed = value - before if self._known else 0.0
        self._known = True
        if not math.isfinite(self.value):
            raise BadDrawingError(f"point {number} has a number that is infinite")
