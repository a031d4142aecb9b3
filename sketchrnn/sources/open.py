"""Finding the reader of an input: by its name, its suffix, and what it begins with."""

from __future__ import annotations

from collections.abc import Collection
from os import PathLike
from pathlib import Path

from sketchrnn.sources import kanjivg
from sketchrnn.sources.source import Source


def open_source(
    input: str | PathLike[str],
    *,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
) -> Source:
    """Find the reader of an input, without reading more than its beginning.

    Args:
        input: A file or a folder, "kanjivg" for the installed package, "-" for standard input.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.

    Returns:
        The source; its `items()` are the drawings.

    Raises:
        BadFileError: If the input is missing, empty, or of no known kind.
        MissingDependencyError: If "kanjivg" is asked for and not installed.
        BadSettingError: If a script is unknown.
    """
    path = Path(input)
    if str(input) == kanjivg.PACKAGE and not path.exists():
        return kanjivg.open_kanjivg(variants=variants, scripts=scripts)
    return kanjivg.open_kanjivg(path, variants=variants, scripts=scripts)
