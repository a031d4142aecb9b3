"""KanjiVG: Chinese characters as brush-order strokes, from the PyPI package or a folder of SVGs.

Every file is a square box of side 109 with one path a stroke, in writing order, in nested groups
that name the components. Licence CC BY-SA 3.0, Ulrich Apel, https://kanjivg.tagaini.net.
"""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Collection, Iterator
from importlib import metadata
from pathlib import Path

from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, MissingDependencyError
from sketchrnn.sources.kanjivg_file import (
    NAME,
    SCRIPTS,
    is_kanjivg_name,
    read_kanjivg,
    read_together,
    script_of,
)
from sketchrnn.sources.source import Item, Skip, Source

PACKAGE = "kanjivg"
LICENCE = "CC BY-SA 3.0"
ATTRIBUTION = "KanjiVG by Ulrich Apel and contributors, https://kanjivg.tagaini.net"
EPSILON = 1.5
"""The simplification, in units of the extent 255, that keeps hooks and bends of a brush stroke."""

_TOGETHER = 32  # files; more are not read faster


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
