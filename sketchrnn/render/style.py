"""How a picture looks: size, margin, pen, colours, number precision."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.color import DARK_INK, LIGHT_INK, is_dark, parse_color

FITS = ("auto", "common", "each", "box", "none")

MAX_PRECISION = 12
"""Decimals beyond which a float64 of some hundred pixels has nothing to say."""


@dataclass(frozen=True)
class Style:
    """How drawings look on a page. Lengths are in px, of which 96 make an inch.

    Attributes:
        size: (width, height) of the picture, or of one cell of a gallery; one number is a square.
        margin: Left free around the drawing, inside `size`. None: a sixteenth of the shorter side,
            and half of that around a box.
        stroke_width: Of the pen. None: in keeping with the size, 2.7 at 256 and 1.6 at 96.
        color: Of the pen, as #rgb, #rrggbb or a CSS name. None: near black, or near white on a
            dark background.
        background: Of the whole page; None: transparent.
        color_by_order: Colour strokes from dark blue, the first, to orange, the last.
        ending_color: Of what a model drew after the points that it was `given` (metadata); None:
            the pen's.
        points: Mark each point of a stroke, so that one sees how many there are.
        precision: Decimals of the coordinates written, 0 to 12.
        fit: How drawings get their scale, which is the same for x and y.
            "each": every drawing fills its cell;
            "common": all drawings of a gallery share one scale, so that small ones stay small,
            and only what is larger than its cell is made smaller; one drawing fills its cell;
            "box": the canvas that a drawing comes from (metadata `box`) fills its cell, so that
            size and place stay true; what has no box is drawn as under "common";
            "none": coordinates are px from the upper left corner;
            "auto": "box" where every drawing has a box, else "common".
        smooth: Draw smooth curves that stray so far from the strokes at the most, in px, with
            corners kept; None: strokes as they are.
        scale: Pixels of a PNG for each px. None: 1, and 2 for a gallery.

    Raises:
        BadSettingError: If a value cannot be used.
    """

    size: tuple[float, float] = (256, 256)
    margin: float | None = None
    stroke_width: float | None = None
    color: str | None = None
    background: str | None = "#ffffff"
    color_by_order: bool = False
    ending_color: str | None = None
    points: bool = False
    precision: int = 2
    fit: str = "auto"
    smooth: float | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        """Check every value, and make a square of a single size."""
        object.__setattr__(self, "size", _check_size(self.size))
        width, height = self.size
        if self.margin is not None:
            check_number("margin", self.margin, lowest=0)
        if min(width, height) <= 2 * self.inset:
            raise BadSettingError(
                f"a size of {width:g} x {height:g} with a margin of {self.inset:g} leaves no room",
                hint="enlarge the size or make the margin smaller",
            )
        for name in ("stroke_width", "scale", "smooth"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), above=0)
        for name in ("color", "background", "ending_color"):
            if getattr(self, name) is not None:
                parse_color(getattr(self, name))
        precision = self.precision
        whole = isinstance(precision, int) and not isinstance(precision, bool)
        if not (whole and 0 <= precision <= MAX_PRECISION):
            raise BadSettingError(
                f"precision is {precision!r}, and must be a whole number from 0 to {MAX_PRECISION}"
            )
        if self.fit not in FITS:
            raise BadSettingError(f"fit is {self.fit!r}", hint=f"use one of {', '.join(FITS)}")

    @classmethod
    def of(cls, options: Mapping[str, Any], **defaults: Any) -> Style:
        """Make a style of options as a caller gave them.

        Args:
            options: Names and values; no others than this class has.
            **defaults: Values for names that `options` lacks.

        Raises:
            BadSettingError: If a name is unknown, naming the closest, or a value cannot be used.

        >>> Style.of({"stroke": 2})
        Traceback (most recent call last):
        sketchrnn.drawing.errors.BadSettingError: no style is called 'stroke'; did you mean ...?
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                raise BadSettingError(
                    f"no style is called {name!r}",
                    hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}",
                )
        return cls(**{**defaults, **options})

    @property
    def inset(self) -> float:
        """The margin in px, given or by default."""
        return min(self.size) / 16 if self.margin is None else self.margin

    @property
    def pen(self) -> float:
        """The stroke width in px, given or by default.

        The square root lets a large picture have a finer pen, and a small cell a bolder one,
        than a mere enlargement would: as type designers do.
        """
        if self.stroke_width is not None:
            return self.stroke_width
        return round(math.sqrt(min(self.size)) / 6, 2) or 0.01

    @property
    def ink(self) -> str:
        """The colour of the pen, given or by default."""
        if self.color is not None:
            return self.color
        return LIGHT_INK if is_dark(self.background) else DARK_INK


def check_number(
    name: str, value: Any, lowest: float | None = None, above: float | None = None
) -> float:
    """Return `value` as a float.

    Raises:
        BadSettingError: If it is no finite number, lower than `lowest`, or not above `above`.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    good = math.isfinite(number) and not isinstance(value, (str, bool))
    if lowest is not None and not (good and number >= lowest):
        raise BadSettingError(f"{name} is {value!r}, and must be a number of {lowest:g} or more")
    if above is not None and not (good and number > above):
        raise BadSettingError(f"{name} is {value!r}, and must be a number above {above:g}")
    return number


def _check_size(size: Any) -> tuple[float, float]:
    if isinstance(size, (int, float)):
        size = (size, size)
    try:
        width, height = size
    except (TypeError, ValueError):
        raise BadSettingError(f"size is {size!r}, and must be (width, height)") from None
    return (check_number("width", width, above=0), check_number("height", height, above=0))
