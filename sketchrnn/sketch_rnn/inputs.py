"""What a page is made from, as its recipe keeps it: drawings in full, data files by fingerprint.

A page travels, and must not tell where somebody keeps things: a file is named by its place below
the current folder, or else by its name alone. A page may also come from anybody: a file that it
names is looked for nowhere else, and counts only if it holds what the recipe says.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.data import is_data, open_data
from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources import read_all

NOTED_POINTS = 20_000
"""The most points of given drawings that a recipe holds: some 700 kB of text."""

MOST_DRAWINGS = 100_000
"""That a recipe may ask for, or hold."""

MOST_POINTS = 1_000_000

KANJIVG = "kanjivg:"
STANDARD_INPUT = "-"

_SIZES = ("box", "extent")  # notes that tell how large a drawing is
_LARGEST_SIZE = 1e300  # a whole number may be beyond all floats


def read_input(name: str, limit: int | None = None) -> list[Drawing]:
    """Read the drawings of an argument.

    Args:
        name: What `sources.read_all` reads, or a data file, of which it is the test drawings.
        limit: The most drawings; None for all.

    Raises:
        BadFileError: If there is nothing to read.
    """
    if is_data(name):
        with open_data(name) as file:
            extent = file.preparation.extent
            found = itertools.islice(file["test"], limit)
            drawings = [drawing.with_metadata(extent=extent) for drawing in found]
    else:
        drawings = list(itertools.islice(read_all(name), limit))
    if not drawings:
        raise BadFileError("holds no drawing", path=name)
    return drawings


def noted(
    drawings: Sequence[Drawing], sized: bool = False, most: int = NOTED_POINTS
) -> list[Any] | None:
    """Return drawings as a recipe holds them: x, y, x, y, … of each stroke; None if too long.

    JSON keeps every digit of a float, so what is read is what was written.

    Args:
        drawings: Any.
        sized: Whether to hold what tells how large they are, too: not in data units yet.
        most: The most points.
    """
    if sum(drawing.num_points for drawing in drawings) > most:
        return None
    return [
        {
            "category": drawing.category,
            "strokes": [stroke.ravel().tolist() for stroke in drawing.strokes],
            **(_sizes(drawing) if sized else {}),
        }
        for drawing in drawings
    ]


def kept(name: str, drawings: Sequence[Drawing], limit: int | None = None) -> dict[str, Any]:
    """Return drawings that were read as a recipe keeps them: in full, or by their file.

    Args:
        name: What `read_input` was given.
        drawings: What it returned.
        limit: As it was given.
    """
    listed = noted(drawings, sized=True)
    if listed is not None:
        return {"drawings": listed}
    return {"path": place_of(name), "limit": limit, "drawn": fingerprint_of(drawings)}


def kept_data(name: str) -> dict[str, Any]:
    """Return a data file as a recipe keeps it: by its place and fingerprint."""
    with open_data(name) as file:
        return {"path": place_of(name), "data": file.fingerprint}


def fingerprint_of(drawings: Sequence[Drawing]) -> str:
    """Return 16 hexadecimal digits that tell drawings, their order and their sizes from others."""
    digest = hashlib.sha256()
    for drawing in drawings:
        counts = [len(stroke) for stroke in drawing.strokes]
        digest.update(f"{drawing.category!r} {counts} {_sizes(drawing)}".encode())
        for stroke in drawing.strokes:
            digest.update((stroke + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()[:16]


def place_of(name: str) -> str:
    """Return how a recipe names a file: by its place below the current folder, or its name."""
    if name.startswith(KANJIVG) or name == STANDARD_INPUT:
        return name
    try:
        return Path(name).resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return Path(name).resolve().name


def read_noted(listed: Any) -> list[Drawing]:
    """Return drawings that a recipe holds, which may come from anybody.

    Raises:
        ValueError: If they are none, or too many.
    """
    if not isinstance(listed, list) or not listed:
        raise ValueError("holds no drawings")
    try:
        count = sum(len(stroke) // 2 for each in listed for stroke in each["strokes"])
        if len(listed) > MOST_DRAWINGS or count > MOST_POINTS:
            raise ValueError("holds too much")
        return [
            Drawing(
                [list(zip(s[::2], s[1::2], strict=True)) for s in each["strokes"]],
                None if each["category"] is None else str(each["category"]),
                _sizes(each),
            )
            for each in listed
        ]
    except (BadDrawingError, KeyError, TypeError, AttributeError, ValueError) as error:
        holds_too_much = str(error) == "holds too much"
        raise ValueError(str(error) if holds_too_much else "does not hold drawings") from error


class Finder:
    """Finds what a recipe says that a page was made from.

    Args:
        page: The page, beside which files are looked for, too.
        given: Files that the caller names, in place of those that the recipe names.
    """

    def __init__(
        self, page: str | PathLike[str], given: Sequence[str | PathLike[str]] = ()
    ) -> None:
        """Keep the names."""
        self._page = Path(page)
        self._given = [str(name) for name in given]
        self._used: set[str] = set()

    def drawings(self, source: Any) -> list[Drawing]:
        """Return the drawings of what `kept` returned.

        Raises:
            ValueError: If it is something else.
            BadFileError: If their file is gone, or holds others now.
        """
        if not isinstance(source, dict):
            raise ValueError("does not say what the page was made from")
        if "drawings" in source:
            return read_noted(source["drawings"])
        limit = source.get("limit")
        if not (limit is None or (type(limit) is int and 0 < limit <= MOST_DRAWINGS)):
            raise ValueError("has a limit that is none")
        found: dict[str, list[Drawing]] = {}

        def measure(name: str) -> str:
            found[name] = read_input(name, limit)
            return fingerprint_of(found[name])

        return found[self._find(source, "drawn", measure)]

    def data(self, source: Any) -> str | list[Drawing]:
        """Return the path of a data file, or drawings, as `kept_data` or `kept` said.

        Raises:
            ValueError: If it is neither.
            BadFileError: If the file is gone, or holds something else now.
        """
        if not (isinstance(source, dict) and "data" in source):
            return self.drawings(source)

        def measure(name: str) -> str:
            with open_data(name) as file:
                return file.fingerprint

        return self._find(source, "data", measure)

    def check_used(self) -> None:
        """Refuse files that the caller names, and that the page was not made from.

        Raises:
            BadFileError: If there is one.
        """
        for name in self._given:
            if name not in self._used:
                raise BadFileError(
                    f"holds nothing that {self._page} was made from",
                    path=name,
                    hint="leave it away, or name the file as it was then",
                )

    def _find(self, source: Mapping[str, Any], key: str, measure: Any) -> str:
        """Return the first file whose fingerprint is that of the recipe."""
        wanted, place = source.get(key), source.get("path")
        if not (isinstance(wanted, str) and isinstance(place, str) and 0 < len(place) <= 10_000):
            raise ValueError("names no file")
        tried = None
        for name in self._given:
            if not Path(name).exists() and not name.startswith(KANJIVG):
                raise BadFileError("there is no such file", path=name)
            if self._matches(name, wanted, measure):
                self._used.add(name)
                return name
            tried = name
        shown = place if len(place) <= 80 else f"{place[:80]}…"
        if place == STANDARD_INPUT:
            raise BadFileError(
                "was made from standard input, which is gone",
                path=self._page,
                hint="name a file of the same drawings with --data",
            )
        for name in self._candidates(place):
            tried = name
            if measure(name) == wanted:
                return name
        if tried is None:
            raise BadFileError(
                f"was made from {shown!r}, which is neither here nor beside it",
                path=self._page,
                hint="name it with --data",
            )
        raise BadFileError(
            f"is not as it was when {self._page} was made from it",
            path=tried,
            hint="name the file as it was then with --data",
        )

    def _matches(self, name: str, wanted: str, measure: Any) -> bool:
        try:
            return bool(measure(name) == wanted)
        except BadFileError:
            if len(self._given) == 1:
                raise
            return False  # of another kind: it may be for another part of the page

    def _candidates(self, place: str) -> list[str]:
        """Return where a file that a recipe names may be: below here, or beside the page."""
        if place.startswith(KANJIVG):
            return [place]
        relative = Path(place)
        if relative.is_absolute() or ".." in relative.parts or "\0" in place:
            raise ValueError("names a file that is out of the way")
        folders = [Path(), self._page.parent]
        paths = [folder / part for part in (relative, relative.name) for folder in folders]
        return [str(path) for path in dict.fromkeys(paths) if _exists(path)]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for a file
        return False


def _sizes(notes: Drawing | Mapping[str, Any]) -> dict[str, float]:
    """Return what a drawing, or a recipe, tells of its size, as far as it is a number above 0."""
    told = notes.metadata if isinstance(notes, Drawing) else notes
    return {
        key: told[key]
        for key in _SIZES
        if type(told.get(key)) in (int, float) and 0 < told[key] < _LARGEST_SIZE
    }
