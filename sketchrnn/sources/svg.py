"""The paths of any SVG file: each subpath a stroke, curves made into points.

Groups' and paths' transforms are applied; shapes such as `<rect>`, `<use>` and text are not read.
Paths are read one by one out of our own walk over the file, so that nothing in it can make the
program fetch a file, expand an entity, or draw a symbol a billion times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.drawing.geometry import flatten_cubic
from sketchrnn.sources.markup import walk
from sketchrnn.sources.source import Item, Skip, Source

EPSILON = 2.0
TOLERANCE = 1 / 2500
"""How far points may stray from a curve, in longer sides of the drawing."""

MAX_POINTS = 1_000_000
MAX_COORDINATE = 1e100  # beyond it, curves and their lengths overflow
MAX_CLOSES = 100  # of one subpath; svgelements takes quadratic time for many

_NOT_DRAWN = {"defs", "clipPath", "mask", "marker", "pattern", "symbol", "metadata"}
_SHAPES = {"rect", "circle", "ellipse", "line", "polyline", "polygon", "use"}
_HIDDEN = re.compile(r"display\s*:\s*none")

Segment = tuple[complex, ...]
"""(start, end) of a line, or (start, control, control, end) of a cubic curve."""


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
    """Make a drawing of the paths of an SVG file.

    Args:
        data: The file's content.
        name: Its name, for errors and for the metadata.

    Returns:
        A drawing in the units of the file, in the order of the paths.

    Raises:
        BadFileError: If it is not XML or not SVG, declares entities, has no path that draws
            anything, a coordinate that is not finite, or more than a million points.
    """
    collector = _Collector(name)
    walk(data, name, collector.start, collector.end)
    strokes = collector.strokes
    if not strokes:
        shapes = ", ".join(sorted(collector.shapes))
        raise BadFileError(
            "has no strokes" + (f", only shapes ({shapes})" if shapes else ""),
            path=name,
            hint="turn its objects into paths" if shapes else "choose a file with paths",
        )
    corners = np.array([point for stroke in strokes for segment in stroke for point in segment])
    if not np.isfinite(corners).all():
        raise BadFileError("a coordinate is NaN or infinite", path=name, hint="mend the path")
    side = max(np.ptp(corners.real), np.ptp(corners.imag))
    if max(abs(corners.real).max(), abs(corners.imag).max()) > MAX_COORDINATE:
        raise BadFileError("its coordinates are too large", path=name, hint="scale it down")
    points: list[NDArray[np.float64]] = []
    count = 0
    for stroke in strokes:
        points.append(_flatten(stroke, side * TOLERANCE))
        count += len(points[-1])
        if count > MAX_POINTS:
            raise BadFileError(
                f"has more than {MAX_POINTS:,} points",
                path=name,
                hint="split it into smaller files",
            )
    return Drawing(points, metadata={"source": Path(name).name})


class _Collector:
    """Collects the segments of all paths while the elements of a file go by."""

    def __init__(self, name: str) -> None:
        from svgelements import Matrix  # slow to import, and only SVG files need it

        self.name = name
        self.strokes: list[list[Segment]] = []
        self.shapes: set[str] = set()
        self._matrices: list[Any] = []
        self._matrix_of_text = Matrix
        self._hidden = 0  # elements open since one that is not drawn
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if self._depth == 0 and local != "svg":
            raise BadFileError(
                f"is XML, but not SVG (its root is <{tag[:40]}>)",
                path=self.name,
                hint="choose an SVG file",
            )
        self._depth += 1
        if self._hidden or local in _NOT_DRAWN or _is_hidden(attributes):
            self._hidden += 1
            return
        matrix = self._matrices[-1] if self._matrices else self._matrix_of_text()
        if text := attributes.get("transform"):
            # the element's own transform comes first, then those around it
            matrix = self._parse(self._matrix_of_text, text, "a transform") * matrix
        self._matrices.append(matrix)
        if local == "path":
            self._add_path(attributes.get("d", ""), matrix)
        elif local in _SHAPES:
            self.shapes.add(local)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._hidden:
            self._hidden -= 1
        else:
            self._matrices.pop()

    def _add_path(self, text: str, matrix: Any) -> None:
        from svgelements import Path as SvgPath

        if any(part.lower().count("z") > MAX_CLOSES for part in re.split("[mM]", text)):
            raise BadFileError(
                f"a subpath closes more than {MAX_CLOSES} times", path=self.name, hint="mend it"
            )
        for segments in _subpaths(self._parse(SvgPath, text, "path data")):
            self.strokes.append([tuple(_transform(p, matrix) for p in s) for s in segments])

    def _parse(self, kind: Any, text: str, what: str) -> Any:
        try:
            return kind(text)
        except Exception as error:
            # the library stumbles over bad text in any way it likes
            raise BadFileError(
                f"{what} cannot be read: {text[:40]!r} ({type(error).__name__})",
                path=self.name,
                hint="mend or remove it",
            ) from None


def _is_hidden(attributes: dict[str, str]) -> bool:
    style = attributes.get("style", "")
    return attributes.get("display", "").strip() == "none" or bool(_HIDDEN.search(style))


def _transform(point: Any, matrix: Any) -> complex:
    x, y = float(point[0]), float(point[1])
    return complex(
        matrix.a * x + matrix.c * y + matrix.e,
        matrix.b * x + matrix.d * y + matrix.f,
    )


def _subpaths(path: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the segments of each subpath that draws something: lines and cubic curves."""
    segments: list[tuple[Any, ...]] = []
    for segment in path:
        kind = type(segment).__name__
        if kind == "Move":
            if segments:
                yield segments
            segments = []
        elif kind == "Arc":
            segments += [
                (c.start, c.control1, c.control2, c.end) for c in segment.as_cubic_curves()
            ]
        elif kind == "CubicBezier":
            segments.append((segment.start, segment.control1, segment.control2, segment.end))
        elif kind == "QuadraticBezier":
            start, middle, end = (_pair(segment[i]) for i in range(3))
            segments.append((start, (start + 2 * middle) / 3, (end + 2 * middle) / 3, end))
        elif segment.start is not None and segment.end is not None:  # a line or a closing one
            segments.append((segment.start, segment.end))
    if segments:
        yield segments


def _pair(point: Any) -> NDArray[np.float64]:
    return np.array([float(point[0]), float(point[1])])


def _flatten(segments: list[Segment], tolerance: float) -> NDArray[np.float64]:
    """Return (n, 2) points along the segments of one stroke; a dot comes as one point."""
    start = segments[0][0]
    pieces = [np.array([[start.real, start.imag]])]
    for segment in segments:
        if len(segment) == 2:
            pieces.append(np.array([[segment[1].real, segment[1].imag]]))
        else:
            first, one, two, last = segment
            pieces.append(flatten_cubic(first, one, two, last, tolerance or 1.0)[1:])
    points = np.concatenate(pieces)
    apart = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))  # a close that adds nothing
    return points[apart]
