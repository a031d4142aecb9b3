"""KanjiVG: Chinese characters as brush-order strokes, from the PyPI package or a folder of SVGs.

Every file is a square box of side 109 with one path a stroke, in writing order, in nested groups
that name the components. Licence CC BY-SA 3.0, Ulrich Apel, https://kanjivg.tagaini.net.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sketchrnn.drawing import (
    BadDrawingError,
    BadFileError,
    BadSettingError,
    Drawing,
    MissingDependencyError,
    SketchRNNError,
)
from sketchrnn.sources.content import MAX_POINTS, read_bytes, walk
from sketchrnn.sources.kanjivg_path import flatten_paths
from sketchrnn.sources.source import Item, Skip, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "kanjivg"
LICENCE = "CC BY-SA 3.0"
ATTRIBUTION = "KanjiVG by Ulrich Apel and contributors, https://kanjivg.tagaini.net"
EPSILON = 1.5
"""The simplification, in units of the extent 255, that keeps hooks and bends of a brush stroke."""

_TOGETHER = 32  # files; more are not read faster

Flattened = tuple["NDArray[np.float64]", list[int]]
Result = TypeVar("Result")

BOX = 109.0
MAX_FILE_BYTES = 1 << 20  # the largest file of the package has 15 KiB

SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "kanji": (
        (0x3400, 0x4DBF),  # CJK ideographs, extension A
        (0x4E00, 0x9FFF),  # CJK ideographs
    ),
    "extended": (
        (0xF900, 0xFAFF),  # compatibility ideographs, second forms of others
        (0x20000, 0x3FFFF),  # the supplementary planes
    ),
    "hiragana": ((0x3040, 0x309F),),
    "katakana": ((0x30A0, 0x30FF), (0x31F0, 0x31FF)),
    "latin": ((0x41, 0x5A), (0x61, 0x7A), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A)),
    "digits": ((0x30, 0x39), (0xFF10, 0xFF19)),
    "radicals": ((0x2E80, 0x2FDF),),
}
"""The scripts that can be asked for, with their ranges of code points; "other" is the rest."""

_LABELS = tuple(
    (name, f"kvg:{name}")
    for name in (
        "element", "original", "position", "radical", "phon", "part", "number", "variant",
        "partial", "tradForm", "radicalForm",
    )
)  # fmt: skip
MAX_GROUPS = 200  # with labels; the most in the package are some thirty

NAME = re.compile(r"([0-9a-f]{5}|10[0-9a-f]{4})(-\w+)?\.svg")


def check_scripts(scripts: Collection[str]) -> frozenset[str]:
    """Return the scripts as a set; "all" stands for every one.

    Raises:
        BadSettingError: If one is unknown or there is none.
    """
    known = {*SCRIPTS, "other"}
    unknown = [script for script in scripts if script not in known | {"all"}]
    if unknown or not scripts:
        raise BadSettingError(
            f"unknown script {unknown[0]!r}" if unknown else "no script is asked for",
            hint=f"choose from {', '.join([*SCRIPTS, 'other', 'all'])}",
        )
    return frozenset(known if "all" in scripts else scripts)


def installed_folder() -> Path:
    """Return the folder of the installed PyPI package, found without importing it.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    hint = "pip install 'sketchrnn[kanjivg]'"
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise MissingDependencyError("KanjiVG is not installed", hint=hint) from None
    folder = Path(str(distribution.locate_file("kanji")))
    if not folder.is_dir():
        raise MissingDependencyError("the kanjivg package has no folder kanji", hint=hint)
    return folder


def open_kanjivg(
    folder: Path | None = None,
    *,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
) -> Source:
    """Open the installed package, or a folder of its files.

    Args:
        folder: A folder of KanjiVG's SVG files; None: the installed package.
        variants: Whether to keep variants, the files with a hyphen in their name.
        scripts: What to keep: keys of `SCRIPTS`, "other", "all".

    Returns:
        The source. The group of a drawing is its code point, so that variants stay together.

    Raises:
        BadFileError: If the folder holds none of KanjiVG's files.
        MissingDependencyError: If the package is asked for and not installed.
        BadSettingError: If a script is unknown.
    """
    wanted = check_scripts(scripts)
    place = installed_folder() if folder is None else folder
    paths = _files_below(place)
    if not paths:
        raise BadFileError(
            "holds no files of KanjiVG, such as 06f22.svg",
            path=place,
            hint="choose the folder `kanji` of KanjiVG",
        )

    def is_wanted(name: str, skip: Skip) -> bool:
        match = NAME.fullmatch(name)
        assert match is not None  # only such names were taken
        script = script_of(int(match[1], 16))
        if match[2] and not variants:
            skip(name, "a variant of a character (asked for by --variants)")
        elif script not in wanted:
            skip(name, f"script {script} (asked for by --scripts)")
        else:
            return True
        return False

    def read(skip: Skip, start: int = 0, end: int | None = None) -> Iterator[Item]:
        chosen = (parts for parts in paths[start:end] if is_wanted(parts[-1], skip))
        while some := list(itertools.islice(chosen, _TOGETHER)):
            paths_of_some = [os.path.join(*parts) for parts in some]  # noqa: PTH118, it is faster
            drawings = read_together(paths_of_some)
            for (*_, name), drawing in zip(some, drawings, strict=True):
                if isinstance(drawing, Drawing):
                    yield Item(drawing, name, group=_group_of(name))
                else:
                    skip(name, drawing)

    return Source(
        PACKAGE if folder is None else str(folder),
        "box",
        EPSILON,
        read,
        licence=LICENCE,
        attribution=ATTRIBUTION,
        length=len(paths),
        num_files=len(paths),
        read_files=read,
        version=metadata.version(PACKAGE) if folder is None else None,
    )


def _files_below(folder: Path) -> list[tuple[str, ...]]:
    """Return the parts of the paths of KanjiVG's files, in order: paths themselves are slow."""
    return sorted(
        (*parts, name)
        for parts, names in ((Path(place).parts, names) for place, _, names in os.walk(folder))
        for name in names
        if is_kanjivg_name(name)
    )


def open_characters(characters: str) -> Source:
    """Open some characters of the installed package, in the order they are named in.

    Args:
        characters: Such as "山水"; of any script, without variants.

    Raises:
        BadFileError: If KanjiVG does not have one of them, or none is named.
        MissingDependencyError: If the package is not installed.
    """
    folder = installed_folder()
    paths = [folder / f"{ord(character):05x}.svg" for character in characters]
    name = f"{PACKAGE}:{characters}"
    if not paths:
        raise BadFileError("names no character", path=name, hint="write, say, kanjivg:山水")
    for character, path in zip(characters, paths, strict=True):
        if not path.is_file():
            raise BadFileError(f"KanjiVG has no {character!r}", path=name, hint="choose another")

    def read(skip: Skip) -> Iterator[Item]:
        for path in paths:
            yield Item(read_kanjivg(path), path.name, group=_group_of(path.name))

    return Source(
        name,
        "box",
        EPSILON,
        read,
        licence=LICENCE,
        attribution=ATTRIBUTION,
        length=len(paths),
        version=metadata.version(PACKAGE),
    )


def _group_of(name: str) -> str:
    """Return the code point whose shape a character shares: compatibility forms are folded."""
    code_point = int(name[: -len(".svg")].partition("-")[0], 16)
    folded = unicodedata.normalize("NFKC", chr(code_point))
    return f"{ord(folded) if len(folded) == 1 else code_point:05x}"


def script_of(code_point: int) -> str:
    """Return the script of a character: a key of `SCRIPTS`, or "other"."""
    for script, ranges in SCRIPTS.items():
        if any(first <= code_point <= last for first, last in ranges):
            return script
    return "other"


def is_kanjivg_name(name: str) -> bool:
    """Say whether a file is named as KanjiVG names its own: a code point, perhaps a variant."""
    return NAME.fullmatch(name) is not None


def read_kanjivg(path: str | PathLike[str], data: bytes | None = None) -> Drawing:
    """Read one file of KanjiVG.

    Args:
        path: The file; its name tells the character.
        data: Its content, where it has been read already.

    Returns:
        A drawing with one stroke a path, in writing order, in units of the box (109). Category:
        the script. Metadata: box, character, code_point, variant, source; components, the names
        of the parts; radical, by its kind; groups, all labels of all groups, outer ones first, each
        with `strokes`, the number of its first stroke and that after its last; stroke_types.

    Raises:
        BadFileError: If it is not XML, declares entities, or has no strokes.
    """
    return _drawing(_parsed(os.fspath(path), data))


def read_together(paths: Sequence[str]) -> list[Drawing | SketchRNNError]:
    """Read some dozens of files: as `read_kanjivg` does, in less time.

    Returns:
        The drawing of each, or what is wrong with it.
    """
    results: list[Drawing | SketchRNNError] = []
    readers = [_attempted(_parsed, path) for path in paths]
    good = [reader for reader in readers if isinstance(reader, _Reader)]
    flattened = iter(_flattened(good))
    for reader in readers:
        if isinstance(reader, SketchRNNError):
            results.append(reader)
        else:
            results.append(_attempted(_drawing, reader, next(flattened)))
    return results


def _flattened(readers: Sequence[_Reader]) -> list[Flattened | None]:
    """Return the points of files of one box, together no more than one may have, else None."""
    if len({reader.box for reader in readers}) != 1:
        return [None] * len(readers)
    strokes = [stroke for reader in readers for stroke in reader.strokes]
    try:
        points, counts = flatten_paths(strokes, readers[0].box, MAX_POINTS)
    except BadDrawingError:
        return [None] * len(readers)
    result: list[Flattened | None] = []
    stroke = point = 0
    for reader in readers:
        its_counts = counts[stroke : stroke + len(reader.strokes)]
        end = point + sum(its_counts)
        result.append((points[point:end], its_counts))
        stroke, point = stroke + len(its_counts), end
    return result


def _attempted(work: Callable[..., Result], *arguments: object) -> Result | SketchRNNError:
    try:
        return work(*arguments)
    except SketchRNNError as error:
        return error


def _parsed(path: str, data: bytes | None = None) -> _Reader:
    content = read_bytes(path, MAX_FILE_BYTES) if data is None else data
    reader = _Reader(path)
    walk(content, path, reader.start, reader.end)
    if not reader.strokes:
        raise BadFileError("has no strokes", path=path, hint="choose a file of KanjiVG")
    return reader


def _drawing(reader: _Reader, flattened: Flattened | None = None) -> Drawing:
    name = os.path.basename(reader.path)  # noqa: PTH119, a Path takes as long as the drawing
    notes: dict[str, Any] = {"box": reader.box, "source": name}
    script = None
    if match := NAME.fullmatch(name):
        code_point = int(match[1], 16)
        script = script_of(code_point).replace("extended", "kanji")
        notes |= {"character": chr(code_point), "code_point": match[1]}
        if match[2]:
            notes["variant"] = match[2][1:]
    if reader.components:
        notes["components"] = reader.components
    if reader.radical:
        notes["radical"] = reader.radical
    if reader.groups:
        notes["groups"] = reader.groups
    if any(reader.types):
        notes["stroke_types"] = reader.types
    try:
        points, counts = flattened or flatten_paths(reader.strokes, reader.box, MAX_POINTS)
        return Drawing.from_points(points, counts, script, notes)
    except BadDrawingError as error:
        raise BadFileError(error.problem, path=reader.path, where=error.where) from None


class _Reader:
    """Collects strokes and labels while the elements of one file go by."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.box = BOX
        self.strokes: list[str] = []  # their path data
        self.components: list[str] = []
        self.radical: dict[str, str] = {}
        self.groups: list[dict[str, Any]] = []
        self.types: list[str] = []  # of each stroke, as KanjiVG classifies them
        self._open: list[dict[str, Any] | None] = []  # the labels of the groups that are open
        self._depth = 0  # of groups
        self._numbers_depth: int | None = None  # where the group of stroke numbers began

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "g":
            self._depth += 1
            if "StrokeNumbers" in attributes.get("id", "") and self._numbers_depth is None:
                self._numbers_depth = self._depth
            self._note_labels(attributes)
            labels = {name: attributes[key] for name, key in _LABELS if key in attributes}
            entry = {**labels, "strokes": [len(self.strokes)]} if labels else None
            if entry is not None and len(self.groups) < MAX_GROUPS:
                self.groups.append(entry)
            self._open.append(entry)
        elif tag == "svg" and "viewBox" in attributes:
            self.box = self._side(attributes["viewBox"])
        elif tag == "path" and self._numbers_depth is None:
            self.strokes.append(attributes.get("d", ""))
            self.types.append(attributes.get("kvg:type", ""))

    def end(self, tag: str) -> None:
        if tag == "g":
            if (entry := self._open.pop()) is not None:
                entry["strokes"].append(len(self.strokes))
            if self._numbers_depth == self._depth:
                self._numbers_depth = None
            self._depth -= 1

    def _note_labels(self, attributes: dict[str, str]) -> None:
        element = attributes.get("kvg:element")
        if element is None:
            return
        # level 1 holds all strokes, level 2 is the character itself; a component in several
        # parts is named at each of them and counted at the first
        if self._depth > 2 and attributes.get("kvg:part", "1") == "1":
            self.components.append(element)
        if "kvg:radical" in attributes:
            self.radical.setdefault(attributes["kvg:radical"], element)

    def _side(self, view_box: str) -> float:
        try:
            left, top, width, height = (float(n) for n in view_box.replace(",", " ").split())
        except ValueError:
            left = top = width = height = float("nan")
        if not (left == top == 0 and width == height and 1 <= width <= 1e6):
            raise BadFileError(
                f"has the view box {view_box[:60]!r}, not a square at the origin", path=self.path
            )
        return width
