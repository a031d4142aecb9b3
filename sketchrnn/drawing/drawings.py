"""A list of drawings that a notebook shows as a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeVar, overload

from sketchrnn.drawing.drawing import Drawing, _render
from sketchrnn.drawing.errors import BadDrawingError, SketchRNNError

T = TypeVar("T")


class Drawings(list[T]):
    """Drawings, or rows of them: a list in every way, which notebooks show as a page.

    >>> from sketchrnn.drawing import Drawing
    >>> line = Drawing([[(0, 0), (9, 0)]])
    >>> Drawings([line]) == [line]
    True
    """

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Drawings[T]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        """Return one, or some of them, which show as a page as well."""
        found: Any = super().__getitem__(index)
        return type(self)(found) if isinstance(index, slice) else found

    def __add__(self, others: Iterable[Any]) -> Drawings[Any]:
        """Return both together."""
        return type(self)([*self, *others]) if isinstance(others, list) else NotImplemented

    def _repr_svg_(self) -> str | None:
        """Show as a page in a notebook, unless there is none, or it would be huge."""
        if not self:
            return None
        try:
            page = _render().gallery(self)
        except SketchRNNError:  # a list holds whatever is put into it
            return None
        shown: str | None = page._repr_svg_()
        return shown


def as_list(drawings: Drawing | Iterable[Drawing]) -> list[Drawing]:
    """Return one drawing or several as a list.

    Raises:
        BadDrawingError: If something else is among them; it says where.
    """
    listed: list[Any] = [drawings] if isinstance(drawings, Drawing) else list(drawings)
    for number, drawing in enumerate(listed):
        if not isinstance(drawing, Drawing):
            raise BadDrawingError(
                f"expected a Drawing, got {type(drawing).__name__}", where=f"drawing {number}"
            )
    return listed
