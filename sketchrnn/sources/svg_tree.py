"""An SVG file as a tree of elements, bounded, with its ids; and its views and lengths in px."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.content import MAX_POINTS, NUMBER, walk

MAX_ELEMENTS = 200_000

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: a point (x, y) goes to (a x + c y + e, b x + d y + f)."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
DEFAULT_VIEWPORT = (300.0, 150.0)
"""What browsers take where a file states neither size nor view."""

_PX = {
    "": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6,
    "pt": 96 / 72, "pc": 16.0, "em": 16.0, "rem": 16.0, "ex": 8.0,
}  # fmt: skip
_LENGTH = re.compile(rf"\s*+({NUMBER})\s*+([a-zA-Z]*+|%)\s*+")
_UNUSED = re.compile(r"data-|on|aria-|inkscape:|sodipodi:")


@dataclass
class Tree:
    """The root of a file, its elements by id, and its style sheets.

    Args:
        root: The root.
        by_id: Elements by their ids.
        css: The text of all `<style>` elements.
        has_other_sheet: Whether it names a style sheet in another file, which is not read.
    """

    root: Element
    by_id: dict[str, Element]
    css: str
    has_other_sheet: bool


def parse_tree(data: bytes, name: str) -> Tree:
    """Parse an SVG file.

    Raises:
        BadFileError: If it is not XML or not SVG, declares entities, nests too deeply, or has too
            many elements.
    """
    top: list[Element] = []
    open_elements: list[Element] = []
    by_id: dict[str, Element] = {}
    css: list[str] = []
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        local = tag.rpartition(":")[2]
        if not open_elements and local != "svg":
            raise BadFileError(
                f"is XML, but not SVG (its root is <{tag[:40]}>)",
                path=name,
                hint="choose an SVG file",
            )
        count += 1
        if count > MAX_ELEMENTS:
            raise BadFileError(
                f"has more than {MAX_ELEMENTS:,} elements", path=name, hint="split it"
            )
        kept = {key: value for key, value in attributes.items() if not _UNUSED.match(key)}
        element = Element(local, kept)
        (open_elements[-1] if open_elements else top).append(element)
        open_elements.append(element)
        if identifier := attributes.get("id"):
            by_id.setdefault(identifier, element)

    def end(tag: str) -> None:
        open_elements.pop()
        if tag.rpartition(":")[2] == "style":
            css.append("\n")

    def text(piece: str) -> None:
        if open_elements and open_elements[-1].tag == "style":
            css.append(piece)

    walk(data, name, start, end, text)
    return Tree(top[0], by_id, "".join(css), b"<?xml-stylesheet" in data)


def length(text: str, whole: float, otherwise: float = 0.0) -> float:
    """Return a length in px.

    Args:
        text: Such as "3", "3mm", "50%"; what is empty, malformed or of an unknown unit is
            `otherwise`.
        whole: What 100 % are.
        otherwise: What is returned where the text says nothing.

    >>> length("1in", 0), length("50%", 30), length("auto", 30, 7)
    (96.0, 15.0, 7)
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        return otherwise
    unit = match[2].lower()
    if unit == "%":
        return float(match[1]) / 100 * whole
    return float(match[1]) * _PX[unit] if unit in _PX else otherwise


def multiply(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first, then `outer`."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def view_box(element: Element) -> tuple[float, float, float, float] | None:
    """Return x, y, width and height of an element's viewBox, if it has one that can be used."""
    try:
        numbers = [float(part) for part in element.get("viewBox", "").replace(",", " ").split()]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or min(numbers[2:]) <= 0:
        return None
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def view_matrix(element: Element, width: float, height: float) -> Matrix:
    """Return how an element's viewBox goes into a width and height, by preserveAspectRatio."""
    box = view_box(element)
    if box is None:
        return IDENTITY
    x, y, box_width, box_height = box
    scale_x, scale_y = width / box_width, height / box_height
    align, _, how = element.get("preserveAspectRatio", "xMidYMid").strip().partition(" ")
    if align != "none":
        scale_x = scale_y = (max if how.strip() == "slice" else min)(scale_x, scale_y)
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    left = share.get(align[1:4], 0.5) * (width - box_width * scale_x)
    upper = share.get(align[5:8], 0.5) * (height - box_height * scale_y)
    return (scale_x, 0.0, 0.0, scale_y, left - x * scale_x, upper - y * scale_y)


MAX_CLOSES = 100  # of one subpath; svgelements takes quadratic time for many

SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}

Segment = tuple[complex, ...]
"""(start, end) of a line, or (start, control, control, end) of a cubic curve."""

# The library mirrors the control point of any curve before; the standard only that of its kind.
_NUMBERS = r"(?:[^A-Za-z]|[eE](?=[-+\d]))*+"
_OTHER_KIND = re.compile(rf"([QqTt]{_NUMBERS})(?=[Ss])|([CcSs]{_NUMBERS})(?=[Tt])")

_NUMBER = re.compile(NUMBER)


def subpaths(element: Element, viewport: tuple[float, float], name: str) -> list[list[Segment]]:
    """Return the segments of each subpath of a shape, in its own coordinates.

    Args:
        element: One of `SHAPES`.
        viewport: (width, height), for lengths in per cent.
        name: The file, for errors.

    Raises:
        BadFileError: If its data cannot be read, or make more than a million points.
    """
    text = element.get("d", "") if element.tag == "path" else _path_data(element, viewport)
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
        return length(element.get(name, ""), whole, otherwise)

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
    numbers = _NUMBER.findall(element.get("points", ""))
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
