"""What a page is made from, as its recipe keeps it: drawings in full, data files by fingerprint.

A page travels, and must not tell where somebody keeps things: a file is named by its place below
the current folder, or else by its name alone. A page may also come from anybody: a file that it
names is looked for nowhere else, and counts only if it holds what the recipe says.
"""

from __future__ import annotations

import hashlib
import itertools
import stat
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing

MAX_POINTS_KEPT = 20_000
"""The most points of given drawings that a recipe holds: some 700 kB of text."""

MAX_POINTS = 1_000_000
MAX_DRAWINGS = 100_000
"""That a recipe may ask for, or hold."""

KANJIVG = "kanjivg:"
STANDARD_INPUT = "-"

Number = Annotated[float, Meta(ge=-1e300, le=1e300)]  # JSON's whole numbers may exceed all floats
Side = Annotated[float, Meta(gt=0, le=1e300)]
FileName = Annotated[str, Meta(min_length=1, max_length=10_000)]


class StoredDrawing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A drawing inside a recipe.

    Attributes:
        strokes: x, y, x, y, … of each stroke. JSON keeps every digit of a float.
        category: Its category.
        box: The side of the square that it was drawn in, if it is known.
        extent: The longer side of a whole drawing, if it is known.
    """

    strokes: list[list[Number]]
    category: str | None = None
    box: Side | None = None
    extent: Side | None = None

    @classmethod
    def of(cls, drawing: Drawing) -> StoredDrawing:
        """Return a drawing as a recipe holds it."""
        sizes: dict[str, Any] = {key: drawing.metadata.get(key) for key in ("box", "extent")}
        known = {
            key: float(value)
            for key, value in sizes.items()
            if type(value) in (int, float) and 0 < value < 1e300
        }
        strokes = [stroke.ravel().tolist() for stroke in drawing.strokes]
        return cls(strokes=strokes, category=drawing.category, **known)

    def to_drawing(self) -> Drawing:
        """Return the drawing.

        Raises:
            ValueError: If a stroke has half a point.
            BadDrawingError: If a stroke is empty.
        """
        sizes = {k: v for k, v in (("box", self.box), ("extent", self.extent)) if v is not None}
        strokes = [list(zip(s[::2], s[1::2], strict=True)) for s in self.strokes]
        return Drawing(strokes, self.category, sizes)


class StoredDrawings(Struct, frozen=True, kw_only=True, tag="drawings", tag_field="kind"):
    """Drawings that a recipe holds in full, and the name that they came by."""

    drawings: Annotated[list[StoredDrawing], Meta(min_length=1, max_length=MAX_DRAWINGS)]
    name: str | None = None

    @property
    def count(self) -> int:
        """How many drawings it stands for."""
        return len(self.drawings)

    def max_steps(self, longest: int) -> int:
        """Return the most steps of all drawings, `longest` at most in each."""
        points = (sum(len(stroke) // 2 for stroke in each.strokes) for each in self.drawings)
        return sum(min(count, longest) for count in points)


class DrawingFile(Struct, frozen=True, kw_only=True, tag="file", tag_field="kind"):
    """A file of drawings: its place, how many were read, and their fingerprint."""

    path: FileName
    drawn: str
    limit: Annotated[int, Meta(ge=1, le=MAX_DRAWINGS)] | None = None

    @property
    def count(self) -> int:
        """How many drawings it stands for, at the most."""
        return MAX_DRAWINGS if self.limit is None else self.limit

    def max_steps(self, longest: int) -> int:
        """Return the most steps of all drawings, `longest` at most in each."""
        return self.count * longest


class DataInput(Struct, frozen=True, kw_only=True, tag="data", tag_field="kind"):
    """A data file: its place and its fingerprint."""

    path: FileName
    data: str


Source = TypeVar("Source", "StoredDrawings | DrawingFile", "DataInput")
DrawingsInput = StoredDrawings | DrawingFile
AnyInput = StoredDrawings | DrawingFile | DataInput


def read_input(name: str, limit: int | None = None) -> list[Drawing]:
    """Read the drawings of an argument.

    Args:
        name: What `sources.read_all` reads, or a data file, of which it is the test drawings.
        limit: The most drawings; None for all.

    Raises:
        BadFileError: If there is nothing to read.
    """
    from sketchrnn.data import is_data, open_data
    from sketchrnn.sources import read_all

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


def serialize_drawings(
    drawings: Sequence[Drawing], most: int | None = None
) -> list[StoredDrawing] | None:
    """Return drawings as a recipe holds them; None if they have more points than `most`.

    Otherwise `MAX_POINTS_KEPT` is the most.
    """
    limit = MAX_POINTS_KEPT if most is None else most
    if sum(drawing.num_points for drawing in drawings) > limit:
        return None
    return [StoredDrawing.of(drawing) for drawing in drawings]


def restore_drawings(stored: Sequence[StoredDrawing]) -> list[Drawing]:
    """Return the drawings that a recipe holds, which may come from anybody.

    Raises:
        ValueError: If they are none, or too many.
    """
    if sum(len(stroke) // 2 for each in stored for stroke in each.strokes) > MAX_POINTS:
        raise ValueError("holds too many points")
    try:
        return [each.to_drawing() for each in stored]
    except (BadDrawingError, ValueError) as error:
        raise ValueError("does not hold drawings") from error


def describe_input(
    name: str, drawings: Sequence[Drawing], limit: int | None = None, most: int | None = None
) -> DrawingsInput:
    """Return drawings that were read as a recipe keeps them: in full, or by their file.

    Args:
        name: What `read_input` was given.
        drawings: What it returned.
        limit: As it was given.
        most: The most points that are kept in full; None: `MAX_POINTS_KEPT`.
    """
    stored = serialize_drawings(drawings, most)
    if stored is not None:
        return StoredDrawings(drawings=stored, name=name_of(name))
    return DrawingFile(path=portable_path(name), limit=limit, drawn=fingerprint_of(drawings))


def describe_data(name: str) -> DataInput:
    """Return a data file as a recipe keeps it: by its place and fingerprint."""
    from sketchrnn.data import open_data

    with open_data(name) as file:
        return DataInput(path=portable_path(name), data=file.fingerprint)


def fingerprint_of(drawings: Sequence[Drawing]) -> str:
    """Return 16 hexadecimal digits that tell drawings, their order and their sizes from others."""
    digest = hashlib.sha256()
    for drawing in drawings:
        stored = StoredDrawing.of(drawing)
        counts = [len(stroke) for stroke in drawing.strokes]
        digest.update(f"{stored.category!r} {counts} {stored.box} {stored.extent}".encode())
        for stroke in drawing.strokes:
            digest.update((stroke + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()[:16]


def name_of(name: str) -> str:
    """Return how a recipe names an input: without the folders that somebody keeps it in."""
    return name if name.startswith(KANJIVG) else Path(name).name


def portable_path(name: str) -> str:
    """Return how a recipe names a file: by its place below the current folder, or its name."""
    if name.startswith(KANJIVG) or name == STANDARD_INPUT:
        return name
    try:
        return Path(name).resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return Path(name).resolve().name


class InputResolver:
    """Returns the drawings that a request names.

    A command reads its arguments by `read` and `read_pool`, which remember the drawings; for a
    request out of a page they are taken from the recipe, or looked for beside the page.

    Args:
        page: The page that the request comes from, beside which files are looked for, too.
        given: Files that the caller names, in place of those that the recipe names.
    """

    def __init__(
        self, page: str | PathLike[str] = "", given: Sequence[str | PathLike[str]] = ()
    ) -> None:
        """Keep the names."""
        self._page = Path(page)
        self._given = [str(name) for name in given]
        self._used: set[str] = set()
        self._read: dict[int, tuple[AnyInput, list[Drawing] | str]] = {}

    def read(self, name: str, limit: int | None = None, most: int | None = None) -> DrawingsInput:
        """Read the drawings of an argument, and return them as a request names them.

        Raises:
            BadFileError: If there is nothing to read.
        """
        drawings = read_input(name, limit)
        return self._remember(describe_input(name, drawings, limit, most), drawings)

    def read_each(self, names: Sequence[str]) -> DrawingsInput:
        """Read the first drawing of each argument, and return all as a request names them."""
        drawings = [read_input(name, 1)[0] for name in names]
        stored = serialize_drawings(drawings, MAX_POINTS)
        if stored is None:
            raise BadFileError(f"has more than {MAX_POINTS:,} points", path=names[0])
        listed = ", ".join(name_of(name) for name in names)
        return self._remember(StoredDrawings(drawings=stored, name=listed), drawings)

    def read_data(self, name: str) -> DataInput:
        """Return a data file as a request names it."""
        return self._remember(describe_data(name), name)

    def read_pool(self, name: str) -> AnyInput:
        """Return a data file, or the drawings of another file, as a request names them."""
        from sketchrnn.data import is_data

        if is_data(name):
            return self._remember(describe_data(name), name)
        return self.read(name)

    def _remember(self, source: Source, found: list[Drawing] | str) -> Source:
        self._read[id(source)] = (source, found)  # the source is kept, so its id stays its own
        return source

    def drawings(self, source: AnyInput) -> list[Drawing]:
        """Return the drawings of an input.

        Raises:
            BadFileError: If it holds none, or their file is gone or holds others now.
        """
        found = self.pool(source)
        if isinstance(found, str):
            raise self._refuse("names a data file in place of drawings")
        return found

    def data(self, source: AnyInput) -> str:
        """Return the path of an input that is a data file.

        Raises:
            BadFileError: If it is none, or the file is gone or holds something else now.
        """
        found = self.pool(source)
        if not isinstance(found, str):
            raise self._refuse("names no data file")
        return found

    def pool(self, source: AnyInput) -> str | list[Drawing]:
        """Return the path of a data file, or drawings.

        Raises:
            BadFileError: If the file is gone, or holds something else now.
        """
        if id(source) in self._read:
            return self._read[id(source)][1]
        if isinstance(source, StoredDrawings):
            try:
                return restore_drawings(source.drawings)
            except ValueError as error:
                raise self._refuse(str(error)) from error
        if isinstance(source, DataInput):

            def data_fingerprint(name: str) -> str:
                from sketchrnn.data import open_data

                with open_data(name) as file:
                    return file.fingerprint

            return self._find(source.path, source.data, data_fingerprint)
        found: dict[str, list[Drawing]] = {}

        def drawings_fingerprint(name: str) -> str:
            found[name] = read_input(name, source.limit)
            return fingerprint_of(found[name])

        return found[self._find(source.path, source.drawn, drawings_fingerprint)]

    def only(self, source: AnyInput) -> Drawing:
        """Return the one drawing of an input.

        Raises:
            BadFileError: If it holds more than one.
        """
        drawings = self.drawings(source)
        if len(drawings) != 1:
            raise self._refuse(f"holds {len(drawings)} drawings, and one is needed")
        return drawings[0]

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
                    hint="omit it, or name the file as it was then",
                )

    def _refuse(self, problem: str) -> BadFileError:
        return BadFileError(problem, path=self._page, where="recipe, input")

    def _find(self, place: str, wanted: str, fingerprint: Callable[[str], str]) -> str:
        """Return the first file whose fingerprint is that of the recipe."""
        tried = None
        for name in self._given:
            if not Path(name).exists() and not name.startswith(KANJIVG):
                raise BadFileError("there is no such file", path=name)
            if self._matches(name, wanted, fingerprint):
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
            if fingerprint(name) == wanted:
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

    def _matches(self, name: str, wanted: str, fingerprint: Callable[[str], str]) -> bool:
        try:
            return fingerprint(name) == wanted
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
            raise self._refuse("names a file that is out of the way")
        folders = [Path(), self._page.parent]
        paths = [folder / part for part in (relative, relative.name) for folder in folders]
        return [str(path) for path in dict.fromkeys(paths) if _can_be_read(path)]


def _can_be_read(path: Path) -> bool:
    """Tell whether there is a file or a folder; a pipe or a device is not opened for a recipe."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # none there, or a name that can be no file's
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
