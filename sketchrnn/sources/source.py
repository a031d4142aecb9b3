"""What every reader gives: a source of drawings, with its licence and what was skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sketchrnn.drawing import BadFileError, Drawing, SketchRNNError

Fit = Literal["box", "longer_side", "keep"]
"""How coordinates become data units: by the canvas they live in (`metadata["box"]`), by the
longer side of each drawing, or not at all."""

OnSkip = Callable[[str, str], None]
"""Called with the name of what is skipped and the reason."""

Skip = Callable[[str, "str | SketchRNNError"], None]
"""What readers call: a text for what the options leave out, an error for what cannot be read."""


OR_SKIP = ", or let `convert` skip it"
"""The end of a hint, which is left out where it is `convert` that gives it."""


@dataclass(frozen=True)
class Item:
    """One drawing and where it belongs.

    Args:
        drawing: The drawing, in the units of its file.
        name: Where it comes from, for reports: a file, a file and line, a key and index; without
            folders, for reports travel with the data.
        split: "train", "valid" or "test" where the source says so.
        group: What must not be torn apart by a split, such as the variants of one character.
    """

    drawing: Drawing
    name: str
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Source:
    """A file or folder of drawings, not yet read.

    Args:
        name: What was opened, as the user would say it.
        fit: How its coordinates become data units.
        epsilon: The simplification, in data units, that suits it; None: none.
        read: Makes the iterator of drawings, given the function to call for what is skipped.
        licence: The licence of the drawings, where it is known.
        attribution: Whom to name, where it is known.
        length: How many items there are to look at, skipped ones included, where that is known.
        version: The version of the data set, where it is known.
        integer: Whether all coordinates are whole numbers of at most 16 bits.
        simplify: The data set's own simplification, for drawings that have not been through it.
        num_files: Of how many files it is made; 0 where it cannot be read in parts.
        read_files: As `read`, for the files from one number to another.
    """

    name: str
    fit: Fit
    epsilon: float | None
    read: Callable[[Skip], Iterator[Item]]
    licence: str | None = None
    attribution: str | None = None
    length: int | None = None
    version: str | None = None
    integer: bool = False
    simplify: Callable[[Drawing], Drawing] | None = None
    num_files: int = 0
    read_files: Callable[[Skip, int, int], Iterator[Item]] | None = None

    def items(self, on_skip: OnSkip | None = None) -> Iterator[Item]:
        """Iterate over the drawings.

        Args:
            on_skip: Called for everything skipped. Without it, what cannot be read raises.

        Yields:
            One `Item` a drawing.

        Raises:
            BadFileError: If nothing could be read, or, without `on_skip`, if something could not.
        """
        found = False
        first: SketchRNNError | None = None

        def skip(name: str, why: str | SketchRNNError) -> None:
            nonlocal first
            if isinstance(why, SketchRNNError):
                first = first or why
                if on_skip is None:
                    raise why
                why = why.problem
            if on_skip is not None:
                on_skip(name, why)

        for item in self.read(skip):
            found = True
            yield item
        if not found:
            if first is not None:
                first.hint = (first.hint or "").removesuffix(OR_SKIP) or None
                raise first
            raise BadFileError(
                "holds no drawings that the options keep",
                path=self.name,
                hint="choose another input, or let more in",
            )
