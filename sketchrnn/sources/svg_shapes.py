"""SVG's basic shapes as path data, and path data as lines and cubic curves."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.content import MAX_POINTS
from sketchrnn.sources.svg_tree import Element, length

MAX_CLOSES = 100  # of one subpath; svgelements takes quadratic time for many

SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}

Segment = tuple[complex, ...]
"""(start, end) of a line, or (start, control, control, end) of a cubic curve."""

# The library mirrors the control point of any curve before; the standard only that of its kind.
_NUMBERS = r"(?:[^A-Za-z]|[eE](?=[-+\d]))*"
_OTHER_KIND = re.compile(rf"([QqTt]{_NUMBERS})(?=[Ss])|([CcSs]{_NUMBERS})(?=[Tt])")

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def subpaths(element: Element, viewport: tuple[float, float], name: str) -> list[list[Segment]]:
    """Return the segments of each subpath of a shape, in its own coordinates.

    Args:
        element: One of `SHAPES`.
        viewport: (width, height), for lengths in per cent.
        name: The file, for errors.

    Raises:
        BadFileError: If its data cannot be read, or make more than a million points.
    """
    text = element.get("d") if element.tag == "path" else _path_data(element, viewport)
    if any(part.lower().count("z") > MAX_CLOSES for part in re.split("[mM]", text)):
        raise BadFileError(
            f"a subpath closes more than {MAX_CLOSES} times", path=name, hint="mend it"
        )
    if len(text) > 2 * MAX_POINTS and sum(1 for _ in _NUMBER.finditer(text)) > 2 * MAX_POINTS:
        raise BadFileError(
            f"has more than {MAX_POINTS:,} points", path=name, hint="split it into smaller files"
        )
    text = _OTHER_KIND.sub(r"\g<0>l0,0", text)  # a line between them, which `_segments` drops
    from svgelements import Path  # slow to import, and only SVG files need it

    return parse(lambda: list(_segments(Path(text))), text, "path data", name)


def parse(read: Any, text: str, what: str, name: str) -> Any:
    """Call `read` and turn whatever the library stumbles over into one line.

    Raises:
        BadFileError: If it stumbles.
    """
    try:
        return read()
    except Exception:
        raise BadFileError(
            f"{what} cannot be read: {text[:40]!r}",
            path=name,
            hint="mend or remove it",
        ) from None


def _path_data(element: Element, viewport: tuple[float, float]) -> str:
    """Write a basic shape as path data, in the order and direction of the standard."""
    width, height = viewport
    diagonal = math.hypot(width, height) / math.sqrt(2)

    def along(name: str, whole: float, otherwise: float = 0.0) -> float:
        return length(element.get(name), whole, otherwise)

    if element.tag == "rect":
        size = along("width", width), along("height", height)
        radii = along("rx", width, -1.0), along("ry", height, -1.0)
        return _rectangle(along("x", width), along("y", height), *size, *radii)
    if element.tag in ("circle", "ellipse"):
        if element.tag == "circle":
            rx = ry = along("r", diagonal)
        else:
            rx, ry = along("rx", width, -1.0), along("ry", height, -1.0)
            rx, ry = (ry if rx < 0 else rx), (rx if ry < 0 else ry)
        x, y = along("cx", width), along("cy", height)
        if not (rx > 0 and ry > 0):
            return ""
        quarters = [(x, y + ry), (x - rx, y), (x, y - ry), (x + rx, y)]
        return f"M{x + rx!r},{y!r}" + "".join(_arc(rx, ry, *end) for end in quarters) + "Z"
    if element.tag == "line":
        start = f"M{along('x1', width)!r},{along('y1', height)!r}"
        return f"{start}L{along('x2', width)!r},{along('y2', height)!r}"
    numbers = _NUMBER.findall(element.get("points"))
    pairs = [f"{x},{y}" for x, y in zip(numbers[::2], numbers[1::2], strict=False)]
    if not pairs:
        return ""
    end = "Z" if element.tag == "polygon" else ""
    return f"M{pairs[0]}L{' '.join(pairs[1:] or pairs)}{end}"


def _rectangle(x: float, y: float, width: float, height: float, rx: float, ry: float) -> str:
    if not (width > 0 and height > 0):
        return ""
    rx, ry = (ry if rx < 0 else rx), (rx if ry < 0 else ry)
    rx, ry = min(max(rx, 0.0), width / 2), min(max(ry, 0.0), height / 2)
    right, lower = x + width, y + height
    if not (rx > 0 and ry > 0):
        return f"M{x!r},{y!r}H{right!r}V{lower!r}H{x!r}Z"
    return (
        f"M{x + rx!r},{y!r}H{right - rx!r}{_arc(rx, ry, right, y + ry)}"
        f"V{lower - ry!r}{_arc(rx, ry, right - rx, lower)}"
        f"H{x + rx!r}{_arc(rx, ry, x, lower - ry)}"
        f"V{y + ry!r}{_arc(rx, ry, x + rx, y)}Z"
    )


def _arc(rx: float, ry: float, x: float, y: float) -> str:
    return f"A{rx!r},{ry!r} 0 0 1 {x!r},{y!r}"


def _segments(path: Any) -> Iterator[list[Segment]]:
    """Yield the segments of each subpath that draws something: lines and cubic curves."""
    segments: list[Segment] = []
    for segment in path:
        kind = type(segment).__name__
        if kind == "Move":
            if segments:
                yield segments
            segments = []
        elif kind == "Arc":
            segments += [
                _complex(c.start, c.control1, c.control2, c.end) for c in segment.as_cubic_curves()
            ]
        elif kind == "CubicBezier":
            ends = segment.start, segment.control1, segment.control2, segment.end
            segments.append(_complex(*ends))
        elif kind == "QuadraticBezier":
            start, middle, end = _complex(segment.start, segment.control, segment.end)
            segments.append((start, (start + 2 * middle) / 3, (end + 2 * middle) / 3, end))
        elif segment.start is not None and segment.end is not None:  # a line or a closing one
            line = _complex(segment.start, segment.end)
            after_curve = kind == "Line" and segments and len(segments[-1]) == 4
            adds_nothing = line[0] == line[1] and (after_curve or (kind == "Close" and segments))
            if not adds_nothing:
                segments.append(line)
    if segments:
        yield segments


def _complex(*points: Any) -> Segment:
    return tuple(complex(float(point[0]), float(point[1])) for point in points)
