"""Any SVG file as a drawing: each subpath and shape a stroke, curves made into points.

Read are paths and basic shapes, `use`, nested views and transforms, as a viewer would show them
in px. Not read are text and pictures (the metadata say so), and what a viewer does not draw:
`defs`, `display: none`, shapes without fill and stroke, and the paper, a filled rectangle as
large as the page. Nothing in a file can make the program fetch another, expand an entity, or draw
a symbol a billion times.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.drawing.geometry import flatten_strokes
from sketchrnn.sources.content import MAX_POINTS
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.svg_style import apply_style_sheets
from sketchrnn.sources.svg_tree import (
    DEFAULT_VIEWPORT,
    IDENTITY,
    SHAPES,
    Element,
    Matrix,
    Segment,
    length,
    multiply,
    parse,
    parse_tree,
    subpaths,
    view_box,
    view_matrix,
)

EPSILON = 2.0
TOLERANCE = 1 / 2500
"""How far points may stray from a curve, in longer sides of the drawing."""

MAX_COORDINATE = 1e100  # beyond it, curves and their lengths overflow
MAX_NESTING = 256  # of elements, those that `use` brings included
MAX_DRAWN = 200_000  # elements, each counted as often as it is used

_GROUPS = {"svg", "g", "a", "switch"}
_IGNORED = {"text": "text", "image": "pictures", "foreignObject": "foreign objects"}
_PLACES = {"left": "0", "top": "0", "center": "50%", "right": "100%", "bottom": "100%"}
_WHITE = {"white", "#fff", "#ffffff"}


def open_svg(name: str, contents: list[tuple[str, Callable[[], bytes]]]) -> Source:
    """Open SVG files, each a drawing.

    Args:
        name: What they are called together.
        contents: (name, function that reads it) of each file.
    """

    def read(skip: Skip) -> Iterator[Item]:
        for file, content in contents:
            try:
                drawing = read_svg(content(), file)
            except BadFileError as error:
                skip(Path(file).name, error)
            else:
                yield Item(drawing, Path(file).name)

    return Source(name, "longer_side", EPSILON, read, length=len(contents))


def read_svg(data: bytes, name: str) -> Drawing:
    """Make a drawing of the paths and shapes of an SVG file.

    Args:
        data: The file's content.
        name: Its name, for errors and for the metadata.

    Returns:
        A drawing in px, as a viewer shows the file, in the order of its elements. Metadata:
        source, and `ignored`, what it has besides strokes.

    Raises:
        BadFileError: If it is not XML or not SVG, declares entities, uses other files, has
            nothing that draws a stroke, a coordinate that is not finite, or more than a million
            points.
    """
    painter = _Painter(name, data)
    strokes = painter.paint()
    ignored = sorted(painter.ignored)
    if not strokes:
        raise BadFileError(
            "has no strokes" + (f", only {', '.join(ignored)}" if ignored else ""),
            path=name,
            hint="turn its objects into paths" if ignored else "choose a file with paths",
        )
    corners = np.array([point for stroke in strokes for segment in stroke for point in segment])
    if not np.isfinite(corners).all():
        raise BadFileError("a coordinate is NaN or infinite", path=name, hint="mend the path")
    if max(abs(corners.real).max(), abs(corners.imag).max()) > MAX_COORDINATE:
        raise BadFileError("its coordinates are too large", path=name, hint="scale it down")
    side = max(np.ptp(corners.real), np.ptp(corners.imag))
    paths = [[stroke[0][:1], *stroke] for stroke in strokes]
    try:
        points, counts = flatten_strokes(paths, side * TOLERANCE or 1.0, MAX_POINTS)
    except BadDrawingError:
        raise _too_many(name) from None
    pieces = np.split(points, np.cumsum(counts)[:-1])
    dots = [piece[:1] if (piece == piece[0]).all() else piece for piece in pieces]
    notes: dict[str, Any] = {"source": Path(name).name}
    if ignored:
        notes["ignored"] = ", ".join(ignored)
    return Drawing(dots, metadata=notes)


@dataclasses.dataclass(frozen=True)
class _Look:
    """What an element inherits."""

    fill: str = "black"
    stroke: str = "none"
    shown: bool = True
    styled: bool = False  # a style sheet that was not understood may say otherwise

    def of(self, element: Element, has_style_sheet: bool) -> _Look:
        """Return the look of a child."""
        declared = dict(_declarations(element.get("style")))

        def value(name: str, inherited: str) -> str:
            text = declared.get(name) or element.get(name).strip()
            return text if text and text != "inherit" else inherited

        visibility = value("visibility", "visible" if self.shown else "hidden")
        return _Look(
            value("fill", self.fill),
            value("stroke", self.stroke),
            visibility == "visible",
            self.styled or (has_style_sheet and bool(element.get("class") or element.get("id"))),
        )


class _Painter:
    """Draws the tree of a file, as far as strokes are concerned."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.tree = parse_tree(data, name)
        css = self.tree.css
        understood = not css.strip() or apply_style_sheets(self.tree.root, css)
        self._has_style_sheet = self.tree.has_other_sheet or not understood
        self.ignored: set[str] = set()
        self._strokes: list[list[Segment]] = []
        self._unseen: list[list[Segment]] = []  # drawn only where there is nothing else
        self._shapes: dict[int, list[list[Segment]]] = {}  # by the id() of their elements
        self._drawn = 0
        self._segments = 0
        self._paper = DEFAULT_VIEWPORT

    def paint(self) -> list[list[Segment]]:
        root = self.tree.root
        box = view_box(root)
        size = DEFAULT_VIEWPORT if box is None else box[2:]
        width = length(_absolute(root.get("width")), 0, -1.0)
        height = length(_absolute(root.get("height")), 0, -1.0)
        if box is not None and width > 0 > height:  # the other side follows the view
            height = width * box[3] / box[2]
        elif box is not None and height > 0 > width:
            width = height * box[2] / box[3]
        self._paper = (width if width > 0 else size[0], height if height > 0 else size[1])
        self._view(root, IDENTITY, _Look(), self._paper, 0)
        return self._strokes or self._unseen

    def _view(
        self, element: Element, matrix: Matrix, look: _Look, size: tuple[float, float], depth: int
    ) -> None:
        """Draw the children of an svg or symbol in a width and height of its own."""
        box = view_box(element)
        viewport = size if box is None else (box[2], box[3])
        inner = multiply(matrix, view_matrix(element, *size))
        look = look.of(element, self._has_style_sheet)
        if _is_hidden(element):
            return
        for child in element.children:
            self._draw(child, inner, look, viewport, depth + 1)

    def _draw(
        self,
        element: Element,
        matrix: Matrix,
        look: _Look,
        viewport: tuple[float, float],
        depth: int,
    ) -> None:
        self._drawn += 1
        if self._drawn > MAX_DRAWN:
            raise self._bad(f"draws more than {MAX_DRAWN:,} elements")
        if depth > MAX_NESTING:
            raise self._bad(f"nests more than {MAX_NESTING} elements deep, or uses itself")
        tag = element.tag
        if tag in _IGNORED:
            self.ignored.add(_IGNORED[tag])
        if not (tag in SHAPES or tag in _GROUPS or tag == "use") or _is_hidden(element):
            return
        matrix = multiply(matrix, self._own_matrix(element, viewport))
        if tag in ("svg", "use"):
            x, y = (length(element.get(k), side) for k, side in zip("xy", viewport, strict=True))
            matrix = multiply(matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        if tag == "svg":
            self._view(element, matrix, look, _size(element, viewport), depth)
            return
        look = look.of(element, self._has_style_sheet)
        if tag == "use":
            self._use(element, matrix, look, viewport, depth)
        elif tag in SHAPES:
            self._add(element, matrix, look, viewport)
        else:
            for child in element.children:
                self._draw(child, matrix, look, viewport, depth + 1)

    def _use(
        self,
        element: Element,
        matrix: Matrix,
        look: _Look,
        viewport: tuple[float, float],
        depth: int,
    ) -> None:
        target = (element.get("href") or element.get("xlink:href")).strip()
        if target and not target.startswith("#"):
            raise BadFileError(
                f"uses another file ({target[:40]!r}), which is not read",
                path=self.name,
                hint="save it with everything inside",
            )
        used = self.tree.by_id.get(target[1:])
        if used is None:
            return
        if used.tag in ("symbol", "svg"):
            own = Element(used.tag, {**used.attributes, **_given(element)})
            size = _size(own, viewport)
            self._view(used, matrix, look, size, depth + 1)
        else:
            self._draw(used, matrix, look, viewport, depth + 1)

    def _add(
        self, element: Element, matrix: Matrix, look: _Look, viewport: tuple[float, float]
    ) -> None:
        if not look.shown:
            return
        if id(element) not in self._shapes:
            self._shapes[id(element)] = subpaths(element, viewport, self.name)
        a, b, c, d, e, f = matrix
        moved = [
            [
                tuple(
                    complex(a * p.real + c * p.imag + e, b * p.real + d * p.imag + f)
                    for p in segment
                )
                for segment in subpath
            ]
            for subpath in self._shapes[id(element)]
        ]
        self._segments += sum(map(len, moved))
        if self._segments > MAX_POINTS:
            raise _too_many(self.name)
        bare = look.stroke == "none" and not look.styled
        if bare and look.fill == "none":
            self._unseen += moved
        elif bare and element.tag == "rect" and self._is_paper(moved):
            if look.fill.lower() not in _WHITE:
                self._unseen += moved
        else:
            self._strokes += moved

    def _is_paper(self, strokes: list[list[Segment]]) -> bool:
        """Say whether a rectangle covers the page."""
        points = np.array([point for stroke in strokes for segment in stroke for point in segment])
        if not points.size:
            return False
        slack = 0.01 * max(self._paper)
        return bool(
            points.real.min() <= slack
            and points.imag.min() <= slack
            and points.real.max() >= self._paper[0] - slack
            and points.imag.max() >= self._paper[1] - slack
        )

    def _own_matrix(self, element: Element, viewport: tuple[float, float]) -> Matrix:
        """Return what an element's transform does, that of its style before the attribute."""
        declared = dict(_declarations(element.get("style")))
        text = declared.get("transform") or element.get("transform")
        if not text.strip() or text.strip() == "none":
            return IDENTITY
        matrix = self._transform(text)
        origin = (declared.get("transform-origin") or element.get("transform-origin")).split()
        if not origin:
            return matrix
        sides = [length(_PLACES.get(t, t), side) for t, side in zip(origin, viewport, strict=False)]
        x, y = sides if len(sides) == 2 else (sides[0], viewport[1] / 2)
        shifted = multiply((1.0, 0.0, 0.0, 1.0, x, y), matrix)
        return multiply(shifted, (1.0, 0.0, 0.0, 1.0, -x, -y))

    def _transform(self, text: str) -> Matrix:
        from svgelements import Matrix as SvgMatrix  # slow to import

        def read() -> Matrix:
            m = SvgMatrix(text)
            return tuple(float(getattr(m, key)) for key in "abcdef")  # type: ignore[return-value]

        result: Matrix = parse(read, text, "a transform", self.name)
        return result

    def _bad(self, problem: str) -> BadFileError:
        return BadFileError(problem, path=self.name, hint="save it in a simpler form")


def _too_many(name: str) -> BadFileError:
    return BadFileError(
        f"has more than {MAX_POINTS:,} points", path=name, hint="split it into smaller files"
    )


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            yield name.strip(), re.sub(r"\s*!important\s*$", "", value).strip()


def _is_hidden(element: Element) -> bool:
    style = dict(_declarations(element.get("style")))
    return (style.get("display") or element.get("display").strip()) == "none" or (
        style.get("opacity") or element.get("opacity").strip()
    ) in ("0", "0.0", "0%")


def _given(element: Element) -> dict[str, str]:
    return {key: element.get(key) for key in ("width", "height") if element.get(key)}


def _size(element: Element, viewport: tuple[float, float]) -> tuple[float, float]:
    """Return the width and height of an svg or symbol; all of the viewport if it states none."""
    width, height = viewport
    return (
        length(element.get("width"), width, width),
        length(element.get("height"), height, height),
    )


def _absolute(text: str) -> str:
    return "" if "%" in text else text
