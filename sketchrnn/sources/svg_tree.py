"""An SVG file as a tree of elements, bounded, with its ids; and its views and lengths in px."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.markup import walk

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
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Z]*|%)\s*")
_UNUSED = re.compile(r"data-|on|aria-|inkscape:|sodipodi:")


@dataclass
class Element:
    """One element, without its namespace prefix."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)

    def get(self, name: str, otherwise: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, otherwise)


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
        (open_elements[-1].children if open_elements else top).append(element)
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
        numbers = [float(part) for part in element.get("viewBox").replace(",", " ").split()]
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
