"""Any SVG file as a drawing: each subpath and shape a stroke, curves made into points.

Read are paths and basic shapes, `use`, nested views and transforms, as a viewer would show them
in px. Left out is what a viewer does not show: `defs`, what is hidden, has no paint or the paint
of the paper, and what lies outside the page; text, pictures, masks and clip paths are named in the
metadata. Nothing in a file can make the program fetch another, expand a large entity, or draw a
symbol a billion times.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.drawing.geometry import flatten_strokes
from sketchrnn.sources.content import MAX_POINTS
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.svg_style import RGBA, Styles, number, paint
from sketchrnn.sources.svg_tree import (
    DEFAULT_VIEWPORT,
    IDENTITY,
    SHAPES,
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

FAINT = 0.01
"""An opacity below which nothing is seen."""

ALIKE = 0.02
"""How far two colours may lie apart, in each of red, green and blue, and still look the same."""

_GROUPS = {"svg", "g", "a", "switch"}
_IGNORED = {"text": "text", "image": "pictures", "foreignObject": "foreign objects"}
_PLACES = {"left": "0", "top": "0", "center": "50%", "right": "100%", "bottom": "100%"}
_WHITE: RGBA = (1.0, 1.0, 1.0, 1.0)
_CLIPPING = (("clip-path", "clip paths"), ("mask", "masks"))

Box = tuple[float, float, float, float]  # left, upper, right and lower edge


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
        source; box, the longer side of the page, where the file states one; `ignored`, what it
        has besides strokes; `outlines`, how many of its shapes are filled and have no line, as
        brushes leave them: their strokes go around them.

    Raises:
        BadFileError: If it is not XML or not SVG, declares entities of size, uses other files,
            has nothing that draws a stroke, a coordinate that is not finite, or more than a
            million points.
    """
    painter = _Painter(name, data)
    strokes = painter.paint()
    if not strokes and painter.glyphs:
        raise BadFileError(
            f"is an SVG font of {painter.glyphs} glyphs, not a drawing",
            path=name,
            hint="save its glyphs as SVG files of their own",
        )
    ignored = painter.ignored
    if not strokes:
        listed = ", ".join(sorted(ignored))
        raise BadFileError(
            "has no strokes" + (f", only {listed}" if ignored else ""),
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
    if painter.page is not None:
        inside = [part for piece in pieces for part in cut_to_box(piece, painter.page)]
        if sum(map(len, inside)) != len(points):
            ignored.add("what lies outside the page")
        pieces = inside
        if not pieces:
            raise BadFileError(
                "has no strokes on its page", path=name, hint="mend its viewBox, or move them"
            )
    dots = [piece[:1] if (piece == piece[0]).all() else piece for piece in pieces]
    notes: dict[str, Any] = {"source": Path(name).name}
    if painter.page is not None:
        notes["box"] = max(painter.page[2:])
    if ignored:
        notes["ignored"] = ", ".join(sorted(ignored))
    if painter.outlines:
        notes["outlines"] = painter.outlines
    return Drawing(dots, metadata=notes)


def cut_to_box(stroke: Any, box: Box) -> list[Any]:
    """Cut a stroke at the edges of a box.

    Args:
        stroke: (n, 2) points.
        box: Left, upper, right and lower edge; points on an edge lie inside.

    Returns:
        The parts that lie inside, in their order; the stroke itself where all of it does.
    """
    low, high = np.array(box[:2]), np.array(box[2:])
    slack = 1e-6 * float((high - low).max())
    low, high = low - slack, high + slack
    inside = ((stroke >= low) & (stroke <= high)).all(axis=1)
    if inside.all():
        return [stroke]
    start, step = stroke[:-1], np.diff(stroke, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the share of each segment at which it meets each edge (Liang and Barsky)
        to_low, to_high = (low - start) / step, (high - start) / step
    flat = step == 0
    outside = flat & ((start < low) | (start > high))
    enter = np.where(flat, 0.0, np.minimum(to_low, to_high)).max(axis=1, initial=0.0)
    leave = np.where(flat, 1.0, np.maximum(to_low, to_high)).min(axis=1, initial=1.0)
    seen = (enter <= leave) & ~outside.any(axis=1)
    parts: list[Any] = []
    part: list[Any] = []
    for index in np.flatnonzero(seen).tolist():
        if part and enter[index] > 0:
            parts.append(np.array(part))
            part = []
        if not part:
            part = [start[index] + enter[index] * step[index]]
        leaves = bool(leave[index] < 1)
        part.append(start[index] + leave[index] * step[index] if leaves else stroke[index + 1])
        if leaves or index + 1 == len(seen) or not seen[index + 1]:
            parts.append(np.array(part))
            part = []
    return [part for part in parts if len(part) > 1]


@dataclasses.dataclass(frozen=True)
class _Look:
    """What an element inherits: paints as they are written, and opacities."""

    fill: str = ""  # "": nothing is said, which is black
    stroke: str = "none"
    color: str = ""
    width: str = "1"
    shown: bool = True
    opacity: float = 1.0
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    styled: bool = False  # a style sheet that was not understood may say otherwise

    def of(self, declared: Any, styled: bool) -> _Look:
        """Return the look of a child with these declarations."""
        if not declared and not styled:
            return self

        def value(name: str, inherited: str) -> str:
            text: str = declared.get(name, "inherit")
            return inherited if text == "inherit" else text

        visibility = value("visibility", "visible" if self.shown else "hidden")
        return _Look(
            value("fill", self.fill),
            value("stroke", self.stroke),
            value("color", self.color),
            value("stroke-width", self.width),
            visibility == "visible",
            self.opacity * number(declared.get("opacity", "1")),
            number(value("fill-opacity", ""), self.fill_opacity),
            number(value("stroke-opacity", ""), self.stroke_opacity),
            self.styled or styled,
        )

    @property
    def fill_paint(self) -> RGBA | None:
        """The colour of the area; None where it is not painted."""
        return self._seen(paint(self.fill or "black", self.color), self.fill_opacity)

    @property
    def stroke_paint(self) -> RGBA | None:
        """The colour of the line; None where it is not painted."""
        if self.stroke == "none" or length(self.width, 1.0, 1.0) <= 0:
            return None
        return self._seen(paint(self.stroke, self.color), self.stroke_opacity)

    def _seen(self, color: RGBA | None, opacity: float) -> RGBA | None:
        faint = color is None or color[3] * opacity * self.opacity < FAINT
        return None if faint else color


class _Painter:
    """Draws the tree of a file, as far as strokes are concerned."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.tree = parse_tree(data, name)
        self._styles = Styles(self.tree.root, self.tree.css)
        self._has_style_sheet = self.tree.has_other_sheet or not self._styles.understood
        self.ignored: set[str] = set()
        self.outlines = 0
        self.page: Box | None = None
        self._strokes: list[list[Segment]] = []
        self._unseen: list[list[Segment]] = []  # drawn only where there is nothing else
        self._shapes: dict[Element, list[list[Segment]]] = {}
        self._matrices: dict[str, Matrix] = {}  # by the text of the transform
        self._drawn = 0
        self._segments = 0
        self._paper = DEFAULT_VIEWPORT
        self._ground = _WHITE
        self._covered: Box | None = None  # around everything that is not of the ground's colour

    @property
    def glyphs(self) -> int:
        """How many glyphs the file defines, if it is a font."""
        return sum(1 for _ in self.tree.root.iter("glyph"))

    def paint(self) -> list[list[Segment]]:
        root = self.tree.root
        box = view_box(root)
        size = DEFAULT_VIEWPORT if box is None else box[2:]
        width = length(_absolute(root.get("width", "")), 0, -1.0)
        height = length(_absolute(root.get("height", "")), 0, -1.0)
        if box is not None and width > 0 > height:  # the other side follows the view
            height = width * box[3] / box[2]
        elif box is not None and height > 0 > width:
            width = height * box[2] / box[3]
        self._paper = (width if width > 0 else size[0], height if height > 0 else size[1])
        if box is not None or min(width, height) > 0:
            self.page = (0.0, 0.0, *self._paper)
        self._view(root, IDENTITY, _Look(), self._paper, 0)
        if not self._strokes:
            self.outlines = 0
        return self._strokes or self._unseen

    def _view(
        self, element: Element, matrix: Matrix, look: _Look, size: tuple[float, float], depth: int
    ) -> None:
        """Draw the children of an svg or symbol in a width and height of its own."""
        box = view_box(element)
        viewport = size if box is None else (box[2], box[3])
        inner = multiply(matrix, view_matrix(element, *size))
        look = self._look(element, look)
        if self._is_hidden(element, look):
            return
        for child in element:
            self._draw(child, inner, look, viewport, depth + 1)

    def _look(self, element: Element, inherited: _Look) -> _Look:
        styled = self._has_style_sheet and bool(element.get("class") or element.get("id"))
        return inherited.of(self._styles.of(element), styled)

    def _is_hidden(self, element: Element, look: _Look) -> bool:
        declared = self._styles.of(element)
        for name, what in _CLIPPING:
            if declared.get(name, "none") != "none":
                self.ignored.add(what)
        return declared.get("display") == "none" or look.opacity < FAINT

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
        if not (tag in SHAPES or tag in _GROUPS or tag == "use"):
            return
        own = self._look(element, look)
        if self._is_hidden(element, own):
            return
        matrix = multiply(matrix, self._own_matrix(element, viewport))
        if tag in ("svg", "use"):
            x, y = (
                length(element.get(key, ""), side) for key, side in zip("xy", viewport, strict=True)
            )
            matrix = multiply(matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        if tag == "svg":
            self._view(element, matrix, look, _size(element, viewport), depth)
        elif tag == "use":
            self._use(element, matrix, own, viewport, depth)
        elif tag in SHAPES:
            self._add(element, matrix, own, viewport)
        else:
            for child in element:
                self._draw(child, matrix, own, viewport, depth + 1)

    def _use(
        self,
        element: Element,
        matrix: Matrix,
        look: _Look,
        viewport: tuple[float, float],
        depth: int,
    ) -> None:
        target = (element.get("href") or element.get("xlink:href") or "").strip()
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
            given = {key: element.attrib[key] for key in ("width", "height") if element.get(key)}
            size = _size(Element(used.tag, {**used.attrib, **given}), viewport)
            self._view(used, matrix, look, size, depth + 1)
        else:
            self._draw(used, matrix, look, viewport, depth + 1)

    def _add(
        self, element: Element, matrix: Matrix, look: _Look, viewport: tuple[float, float]
    ) -> None:
        if not look.shown:
            return
        if element not in self._shapes:
            self._shapes[element] = subpaths(element, viewport, self.name)
        a, b, c, d, e, f = matrix
        moved = [
            [
                tuple(
                    complex(a * p.real + c * p.imag + e, b * p.real + d * p.imag + f)
                    for p in segment
                )
                for segment in subpath
            ]
            for subpath in self._shapes[element]
        ]
        self._segments += sum(map(len, moved))
        if self._segments > MAX_POINTS:
            raise _too_many(self.name)
        if not moved:
            return
        fill, stroke = look.fill_paint, look.stroke_paint
        box = _box_of(moved)
        if look.styled:
            self._strokes += moved
        elif stroke is None and fill is not None and self._is_paper(moved, box):
            if not _are_alike(fill, self._ground):
                self._unseen += moved
            if look.fill and fill[3] * look.opacity * look.fill_opacity > 1 - ALIKE:
                self._ground, self._covered = fill, None
        elif self._shows(fill, look.fill, box) or self._shows(stroke, look.stroke, box):
            self._strokes += moved
            if self._shows(fill, look.fill, box):
                self._covered = box if self._covered is None else _around(self._covered, box)
                self.outlines += stroke is None and bool(box[2] > box[0] and box[3] > box[1])
        else:
            self._unseen += moved

    def _shows(self, color: RGBA | None, said: str, box: Box) -> bool:
        """Say whether a paint differs from what lies under it."""
        if color is None:
            return False
        if not said or not _are_alike(color, self._ground):
            return True
        under = self._covered
        return (
            under is not None
            and box[0] <= under[2]
            and under[0] <= box[2]
            and box[1] <= under[3]
            and under[1] <= box[3]
        )

    def _is_paper(self, strokes: list[list[Segment]], box: Box) -> bool:
        """Say whether a shape is a rectangle that covers the page."""
        slack = 0.01 * max(self._paper)
        if not (
            box[0] <= slack
            and box[1] <= slack
            and box[2] >= self._paper[0] - slack
            and box[3] >= self._paper[1] - slack
        ):
            return False
        points = [point for stroke in strokes for segment in stroke for point in segment]
        return all(
            min(abs(p.real - box[0]), abs(p.real - box[2])) <= slack
            or min(abs(p.imag - box[1]), abs(p.imag - box[3])) <= slack
            for p in points
        )

    def _own_matrix(self, element: Element, viewport: tuple[float, float]) -> Matrix:
        """Return what an element's transform does, that of its style before the attribute."""
        declared = self._styles.of(element)
        text = declared.get("transform", "none")
        if text == "none":
            return IDENTITY
        if text not in self._matrices:
            self._matrices[text] = self._transform(text)
        matrix = self._matrices[text]
        origin = declared.get("transform-origin", "").split(maxsplit=2)
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


def _box_of(strokes: list[list[Segment]]) -> Box:
    xs = [point.real for stroke in strokes for segment in stroke for point in segment]
    ys = [point.imag for stroke in strokes for segment in stroke for point in segment]
    return min(xs), min(ys), max(xs), max(ys)


def _around(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]),
    )  # fmt: skip


def _are_alike(one: RGBA, other: RGBA) -> bool:
    return all(abs(a - b) <= ALIKE for a, b in zip(one[:3], other[:3], strict=True))


def _size(element: Element, viewport: tuple[float, float]) -> tuple[float, float]:
    """Return the width and height of an svg or symbol; all of the viewport if it states none."""
    width, height = viewport
    return (
        length(element.get("width", ""), width, width),
        length(element.get("height", ""), height, height),
    )


def _absolute(text: str) -> str:
    return "" if "%" in text else text
