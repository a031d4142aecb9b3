"""The one type that everything passes through: a drawing made of strokes."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import geometry, stroke_formats
from sketchrnn.drawing.errors import BadDrawingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray


class Drawing:
    """A drawing: strokes of absolute points, x to the right and y down, as in SVG.

    A drawing never changes: its methods return new ones. Two drawings are equal when their strokes
    and categories are; metadata are notes about a drawing, not part of it.

    Args:
        strokes: Any number of strokes, each (n, 2) points with n >= 1, in any unit. A dot is a
            stroke whose points all coincide, most simply one point.
        category: What the drawing shows, such as "cat".
        metadata: Notes: source, label, seed. `box`, where present, is the side of the square
            canvas that the coordinates live in, from (0, 0); `extent` says that they are data
            units of that extent already, wherever the drawing lies.

    Raises:
        BadDrawingError: If a stroke has another shape, no points, or a coordinate that is NaN or
            infinite.

    >>> Drawing([[(0, 0), (10, 0)], [(5, 5)]])
    Drawing(2 strokes, 3 points, 10 x 5)
    """

    # points of all strokes, or the strokes: each is made of the other when it is asked for
    __slots__ = ("_counts", "_points", "_strokes", "category", "metadata")

    _counts: list[int]
    _points: NDArray[np.float64] | None
    _strokes: tuple[NDArray[np.float64], ...] | None
    category: str | None
    metadata: dict[str, Any]

    def __init__(
        self,
        strokes: Iterable[ArrayLike],
        category: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Copy and check the strokes; the copies are read-only."""
        checked = tuple(_check_stroke(stroke, i) for i, stroke in enumerate(strokes))
        self._fill([len(stroke) for stroke in checked], checked, None, category, metadata)

    @classmethod
    def from_points(
        cls,
        points: NDArray[Any],
        counts: Sequence[int],
        category: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Drawing:
        """Make a drawing of the points of all strokes in one array, checked at once.

        Several times as quick as a list of strokes, for readers of millions.

        Args:
            points: (N, 2) points of all strokes, end to end.
            counts: How many of them each stroke has; they add up to N.
            category: What the drawing shows.
            metadata: Notes.

        Raises:
            BadDrawingError: If the shape is wrong, a count is below 1, or a coordinate is NaN or
                infinite.

        >>> Drawing.from_points(np.array([(0, 0), (10, 0), (5, 5)]), [2, 1])
        Drawing(2 strokes, 3 points, 10 x 5)
        """
        array = np.array(points, dtype=np.float64, order="C")
        if array.ndim != 2 or array.shape[1] != 2 or sum(counts) != len(array):
            raise BadDrawingError(f"expected {sum(counts)} points (x, y), got {array.shape}")
        finite = np.isfinite(array)
        if not finite.all():
            bad = np.searchsorted(np.cumsum(counts), finite.all(axis=1).argmin(), side="right")
            raise BadDrawingError("a coordinate is NaN or infinite", where=f"stroke {bad}")
        if counts and min(counts) < 1:
            index = next(index for index, count in enumerate(counts) if count < 1)
            raise BadDrawingError("a stroke has no points", where=f"stroke {index}")
        return cls.of_finite(array, counts, category, metadata)

    @classmethod
    def of_finite(
        cls,
        points: NDArray[np.float64],
        counts: Sequence[int],
        category: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> Drawing:
        """Make a drawing as `from_points` does, but copy and check nothing.

        For who has seen to it that the points are finite, and changes them no more.
        """
        points.flags.writeable = False
        drawing = cls.__new__(cls)
        drawing._fill(list(counts), None, points, category, metadata)
        return drawing

    def _fill(
        self,
        counts: list[int],
        strokes: tuple[NDArray[np.float64], ...] | None,
        points: NDArray[np.float64] | None,
        category: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        object.__setattr__(self, "_counts", counts)
        object.__setattr__(self, "_strokes", strokes)
        object.__setattr__(self, "_points", points)
        object.__setattr__(self, "category", category)
        object.__setattr__(self, "metadata", dict(metadata) if metadata else {})

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a drawing is immutable."""
        raise AttributeError(f"a Drawing cannot be changed; make a new one with another {name}")

    def __delattr__(self, name: str) -> None:
        """Refuse: a drawing is immutable."""
        raise AttributeError("a Drawing cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by value."""
        return (Drawing, (self.strokes, self.category, self.metadata))

    def __eq__(self, other: object) -> bool:
        """Compare strokes and category by value."""
        if not isinstance(other, Drawing):
            return NotImplemented
        return (
            self.category == other.category
            and len(self.strokes) == len(other.strokes)
            and all(np.array_equal(a, b) for a, b in zip(self.strokes, other.strokes, strict=True))
        )

    def __hash__(self) -> int:
        """Hash what is compared; + 0.0 makes -0.0 and 0.0, which are equal, hash alike."""
        return hash((self.category, tuple((s + 0.0).tobytes() for s in self.strokes)))

    def __repr__(self) -> str:
        """Say what it is at a glance."""
        x_min, y_min, x_max, y_max = self.bounds
        name = "" if self.category is None else f"{self.category!r}, "
        return (
            f"Drawing({name}{len(self.strokes)} strokes, {self.num_points} points, "
            f"{x_max - x_min:g} x {y_max - y_min:g})"
        )

    def _repr_svg_(self) -> str:
        """Show as a picture in a notebook."""
        return str(_render().drawing_to_svg(self))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(x_min, y_min, x_max, y_max); four zeros for an empty drawing."""
        return geometry.bounds(self.points)

    @property
    def strokes(self) -> tuple[NDArray[np.float64], ...]:
        """The strokes, each a read-only (n, 2) array of points, n >= 1.

        >>> [stroke.tolist() for stroke in Drawing([[(0, 0), (10, 0)], [(5, 5)]]).strokes]
        [[[0.0, 0.0], [10.0, 0.0]], [[5.0, 5.0]]]
        """
        if self._strokes is None:
            points = self.points
            ends = [0, *itertools.accumulate(self._counts)]
            strokes = tuple([points[start:end] for start, end in itertools.pairwise(ends)])
            object.__setattr__(self, "_strokes", strokes)
            return strokes
        return self._strokes

    @property
    def counts(self) -> tuple[int, ...]:
        """How many points each stroke has.

        >>> Drawing([[(0, 0), (10, 0)], [(5, 5)]]).counts
        (2, 1)
        """
        return tuple(self._counts)

    @property
    def points(self) -> NDArray[np.float64]:
        """(N, 2) points of all strokes, end to end; read-only.

        >>> Drawing([[(0, 0), (10, 0)], [(5, 5)]]).points.tolist()
        [[0.0, 0.0], [10.0, 0.0], [5.0, 5.0]]
        """
        if self._points is None:
            points = np.concatenate(self.strokes) if self._counts else np.zeros((0, 2))
            points.flags.writeable = False
            object.__setattr__(self, "_points", points)
            return points
        return self._points

    @property
    def num_points(self) -> int:
        """How many points all strokes have together."""
        return len(self.points)

    @property
    def num_steps(self) -> int:
        """How many rows of stroke-3 the drawing makes (N_s)."""
        if not self._counts:
            return 0
        return self.num_points - (self._counts[0] > 1)

    def with_metadata(self, **notes: Any) -> Drawing:
        """Return the same drawing with notes added; a note of None is taken away."""
        merged = {**self.metadata, **notes}
        return self._with_strokes(
            self.strokes, {key: value for key, value in merged.items() if value is not None}
        )

    def with_category(self, category: str | None) -> Drawing:
        """Return the same drawing with another category."""
        return Drawing(self.strokes, category, self.metadata)

    def transform(self, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Drawing:
        """Return the drawing with every point p moved to scale * p + shift.

        Raises:
            BadDrawingError: If a coordinate becomes infinite.
        """
        metadata = {key: v for key, v in self.metadata.items() if key not in ("box", "extent")}
        if not self.strokes:
            return self._with_strokes((), metadata)
        points = scale * self.points + np.asarray(shift)
        return Drawing.from_points(points, self._counts, self.category, metadata)

    def fit(self, size: tuple[float, float], margin: float = 0.0) -> Drawing:
        """Scale without distortion, and centre, into a page from (0, 0) to `size`.

        Args:
            size: (width, height) of the page.
            margin: Left free on all sides, in the same unit.

        Raises:
            BadSettingError: If nothing is left between the margins.

        >>> Drawing([[(0, 0), (10, 5)]]).fit((100, 100), margin=10).bounds
        (10.0, 30.0, 90.0, 70.0)
        """
        scale, shift_x, shift_y = geometry.fit_transform(self.bounds, size, margin)
        return self.transform(scale, (shift_x, shift_y))

    def simplify(self, epsilon: float) -> Drawing:
        """Drop points that lie within `epsilon` of what remains (RDP); see `geometry.simplify`.

        >>> Drawing([[(0, 0), (5, 0.1), (10, 0)]]).simplify(1).num_points
        2
        """
        strokes = geometry.simplify(self.strokes, epsilon)  # points of ours, checked long ago
        for stroke in strokes:
            stroke.flags.writeable = False
        drawing = Drawing.__new__(Drawing)
        counts = [len(stroke) for stroke in strokes]
        drawing._fill(counts, tuple(strokes), None, self.category, self.metadata)
        return drawing

    def resample(self, spacing: float) -> Drawing:
        """Place the points of every stroke at equal distances; see `geometry.resample`."""
        strokes = [geometry.resample(stroke, spacing) for stroke in self.strokes]
        return self._with_strokes(strokes, self.metadata)

    def to_stroke3(self) -> NDArray[np.float64]:
        """Return (N_s, 3) rows dx, dy, pen_up, counted from the first point.

        >>> Drawing([[(1, 1), (4, 5)], [(4, 6)]]).to_stroke3().tolist()
        [[3.0, 4.0, 1.0], [0.0, 1.0, 1.0]]
        """
        return stroke_formats.points_to_stroke3(self.points, self._counts)

    def to_stroke5(self, max_seq_len: int | None = None) -> NDArray[np.float32]:
        """Return (max_seq_len, 5) rows, ended and padded with (0, 0, 0, 0, 1), no start token.

        Args:
            max_seq_len: N_max. A drawing of exactly this many steps has no end row. None: as many
                as are needed, with one end row.

        Raises:
            BadDrawingError: If the drawing has more steps.
        """
        return stroke_formats.stroke3_to_stroke5(self.to_stroke3(), max_seq_len)

    @classmethod
    def from_stroke3(
        cls,
        rows: ArrayLike,
        category: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Drawing:
        """Make a drawing of (N, 3) rows; it starts at the origin.

        Raises:
            BadDrawingError: If the rows are not stroke-3.

        >>> Drawing.from_stroke3([(3, 4, 1), (0, 0, 1)]).strokes[1].tolist()
        [[3.0, 4.0]]
        """
        return cls(stroke_formats.stroke3_to_points(rows), category, metadata)

    @classmethod
    def from_stroke5(
        cls,
        rows: ArrayLike,
        category: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Drawing:
        """Make a drawing of (N, 5) rows without start token, up to the first end row.

        Raises:
            BadDrawingError: If the rows are not stroke-5.
        """
        return cls.from_stroke3(stroke_formats.stroke5_to_stroke3(rows), category, metadata)

    def save(
        self, path: str | PathLike[str] | IO[Any], format: str | None = None, **style: Any
    ) -> Path | None:
        """Write the drawing as a picture: .svg, .png or .pdf.

        Args:
            path: The file to write, or a file object.
            format: Such as "svg"; None: the suffix of `path` says it. A file object needs it.
            **style: As `sketchrnn.render.Style` takes, and `overwrite=True` to replace a file.

        Returns:
            The path; None for a file object.

        Raises:
            BadSettingError: If the format or a style is unknown.
            OutputExistsError: If the file exists.
        """
        return _render().save_drawing(self, path, format, **style)

    def _with_strokes(
        self, strokes: Iterable[NDArray[np.float64]], metadata: Mapping[str, Any]
    ) -> Drawing:
        return Drawing(strokes, self.category, metadata)


def _check_stroke(stroke: ArrayLike, index: int) -> NDArray[np.float64]:
    try:
        points = np.array(stroke, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadDrawingError("points must be numbers", where=f"stroke {index}") from None
    if points.size == 0:
        raise BadDrawingError("a stroke has no points", where=f"stroke {index}")
    if points.ndim != 2 or points.shape[1:] != (2,):
        raise BadDrawingError(
            f"expected points of shape (n, 2), got {points.shape}",
            where=f"stroke {index}",
        )
    if not np.isfinite(points).all():
        raise BadDrawingError("a coordinate is NaN or infinite", where=f"stroke {index}")
    points.flags.writeable = False
    return points


def _render() -> Any:
    # The one look upward: a drawing knows how to show itself. By name, so that floor 0 stays
    # free of it until somebody asks for a picture.
    return importlib.import_module("sketchrnn.render")
