"""What the glyphs of a font stand for: given characters, or code points for private use."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from sketchrnn.drawing import BadSettingError, Drawing

PRIVATE_AREAS = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
"""Code points that mean nothing by themselves, first and last: 6,400, then twice 65,534."""

MAX_DRAWINGS = 65_535 - 2
"""Glyphs are numbered with 16 bits; two are .notdef and the space."""


def check_count(count: int) -> None:
    """Refuse more drawings than a font can hold.

    Raises:
        BadSettingError: If there are.
    """
    if count > MAX_DRAWINGS:
        raise BadSettingError(
            f"{count} drawings are too many for a font, which holds {MAX_DRAWINGS}",
            hint="take fewer, or make several fonts",
        )


def private_use(count: int, start: int = PRIVATE_AREAS[0][0]) -> tuple[int, ...]:
    """Return so many code points of the private use areas, from `start` on.

    Raises:
        BadSettingError: If `start` lies elsewhere, or the areas end before.
    """
    if not any(first <= start <= last for first, last in PRIVATE_AREAS):
        raise BadSettingError(
            f"U+{start:04X} is in no private use area",
            hint="begin at U+E000, U+F0000 or U+100000, or name characters",
        )
    areas = (range(max(first, start), last + 1) for first, last in PRIVATE_AREAS)
    points = tuple(itertools.islice(itertools.chain.from_iterable(areas), count))
    if len(points) < count:
        raise BadSettingError(
            f"from U+{start:04X} on the private use areas hold {len(points)} of {count} glyphs",
            hint="begin earlier",
        )
    return points


def check_characters(characters: str | Iterable[str | int]) -> tuple[int, ...]:
    """Return the code points of characters; white space between them does not count.

    Raises:
        BadSettingError: If one comes twice, or stands for nothing that can be seen.
    """
    points = []
    for text in characters:
        if isinstance(text, str) and not text.strip():
            continue
        try:
            point = text if isinstance(text, int) else ord(text)
            kind = unicodedata.category(chr(point))
        except (TypeError, ValueError, OverflowError):
            raise BadSettingError(f"{text!r} is not one character") from None
        if kind in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"):
            raise BadSettingError(
                f"U+{point:04X} cannot have a glyph", hint="give characters that can be seen"
            )
        points.append(point)
    if len(set(points)) < len(points):
        twice = next(p for i, p in enumerate(points) if p in points[:i])
        raise BadSettingError(
            f"{chr(twice)!r} (U+{twice:04X}) is named twice", hint="name every character once"
        )
    return tuple(points)


def own_character(drawing: Drawing) -> str | None:
    """Return the character that a drawing says it is: by label, category or the name of its file.

    >>> own_character(Drawing([], metadata={"source": "A.svg"}))
    'A'
    """
    for said in (drawing.metadata.get("character"), drawing.category):
        if isinstance(said, str) and len(said) == 1:
            return said
    stem = Path(str(drawing.metadata.get("source") or "")).stem
    if len(stem) == 1:
        return stem
    digits = stem.lower().removeprefix("uni").removeprefix("u+").removeprefix("u")
    if digits != stem.lower() and 4 <= len(digits) <= 6:
        try:
            return chr(int(digits, 16))
        except ValueError:
            return None
    return None
