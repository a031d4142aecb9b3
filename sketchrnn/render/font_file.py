"""Drawings as a font: every drawing a glyph of the same size, outlined with a pen."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing
from sketchrnn.drawing.files import whole_file
from sketchrnn.render.font_characters import (
    PRIVATE_AREAS,
    check_characters,
    check_count,
    private_use,
)
from sketchrnn.render.font_tables import EM, TOP, FontNames, build_font, check_name
from sketchrnn.render.pen_outline import Nib, load_pathops, outline
from sketchrnn.render.placement import Cell, place
from sketchrnn.render.style import FITS, Style, check_number
from sketchrnn.render.text_metrics import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

FORMATS = {".otf": None, ".ttf": None, ".woff": "woff", ".woff2": "woff2"}
"""Suffix -> how fontTools packs it."""

SMOOTH = 8.0
"""The usual tolerance of curves, in units of the em: somewhat more than kanji are simplified by."""

Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Font:
    """Glyphs ready to be written. Made by `font`.

    Attributes:
        outlines: (y-up strokes in units of the em) of each glyph.
        characters: The code point of each.
        nib: The pen.
        smooth: The tolerance of curves, 0 for none.
        names: What the font calls itself.
    """

    outlines: tuple[tuple[Points, ...], ...]
    characters: tuple[int, ...]
    nib: Nib
    smooth: float
    names: FontNames

    @property
    def text(self) -> str:
        """All characters of the font, in the order of the drawings."""
        return "".join(map(chr, self.characters))

    def encode(self, suffix: str, progress: Progress | None = None) -> bytes:
        """Return the font as the bytes of a file; the same drawings make the same bytes.

        Args:
            suffix: .otf and .woff2 have cubic outlines (CFF), .ttf quadratic ones.
            progress: Told how many glyphs are done.

        Raises:
            BadSettingError: If the suffix is unknown.
            MissingDependencyError: If fontTools, skia-pathops or, for WOFF2, brotli is missing.
        """
        if suffix not in FORMATS:
            raise _unknown(suffix, None)
        load_pathops()
        truetype = suffix == ".ttf"

        def outlines() -> Iterator[Any]:
            for count, strokes in enumerate(self.outlines, 1):
                yield outline(strokes, self.nib, self.smooth, clockwise=truetype)
                if progress is not None:
                    progress(count)

        made = build_font(outlines(), self.characters, self.names, self.nib.width, truetype)
        made.flavor = FORMATS[suffix]
        written = io.BytesIO()
        made.save(written)
        return written.getvalue()

    def save(
        self,
        path: str | PathLike[str],
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Write the font as .otf, .ttf, .woff or .woff2, by the suffix of `path`.

        Raises:
            BadSettingError: If the suffix is unknown.
            OutputExistsError: If the file exists.
            MissingDependencyError: If fontTools, skia-pathops or, for WOFF2, brotli is missing.
        """
        suffix = check_suffix(path)
        with whole_file(path, overwrite=overwrite) as beside:
            beside.write_bytes(self.encode(suffix, progress))
        return Path(path)


def font(
    drawings: Iterable[Drawing],
    name: str = "Invented",
    *,
    characters: str | Iterable[str | int] | None = None,
    start: int = PRIVATE_AREAS[0][0],
    pen_width: float = 40.0,
    contrast: float = 0.0,
    angle: float = 30.0,
    cap: str = "round",
    smooth: float = SMOOTH,
    fit: str = "auto",
    margin: float | None = None,
    licence: str | None = None,
    attribution: str | None = None,
    designer: str | None = None,
    description: str | None = None,
) -> Font:
    """Make a font of drawings. The em has 1000 units; every glyph is a square of that side.

    Args:
        drawings: One a glyph; a drawing without strokes makes an empty glyph.
        name: Of the font family.
        characters: What the glyphs stand for, one each; None: the private use area from `start` on.
        start: The code point of the first glyph, in a private use area; where one is full, the
            next is taken.
        pen_width: Of the line at its widest, in units of the em.
        contrast: Of a broad nib: 0 for lines of one width, to 0.95.
        angle: Of the nib, in degrees.
        cap: How strokes end: "round" or "flat".
        smooth: Draw curves that stay so close to the strokes; 0: strokes as they are.
        fit: How drawings get their scale, as `Style` has it; not "none".
        margin: Left free around a drawing, in units of the em; None: half the pen's width, so
            that ink stays within the glyph.
        licence: Of the drawings and so of the font, such as "CC BY-SA 3.0".
        attribution: Whom the licence wants to be named.
        designer: Who drew.
        description: How the glyphs came about.

    Returns:
        The font, to be saved.

    Raises:
        BadSettingError: If a setting cannot be used, or there are too many glyphs or characters.
        BadDrawingError: If there is no drawing.

    >>> font([Drawing([[(0, 0), (9, 9)]])] * 3, "Dashes").text == "\ue000\ue001\ue002"
    True
    """
    told = (licence, attribution, designer, description)
    licence, attribution, designer, description = (text and clean(text) for text in told)
    names = FontNames(
        check_name(name), licence, attribution, designer=designer, description=description
    )
    nib = Nib(pen_width, contrast, angle, cap)
    check_number("smooth", smooth, lowest=0)
    if fit not in FITS[:-1]:
        raise BadSettingError(f"fit is {fit!r}", hint=f"use one of {', '.join(FITS[:-1])}")
    glyphs = list(drawings)
    if not any(drawing.strokes for drawing in glyphs):
        raise BadDrawingError("there are no glyphs", hint="give drawings that have strokes")
    check_count(len(glyphs))
    if characters is None:
        points = private_use(len(glyphs), start)
    else:
        points = check_characters(characters)
        if len(points) != len(glyphs):
            raise BadSettingError(
                f"there are {len(points)} characters for {len(glyphs)} drawings",
                hint="give as many characters as drawings",
            )
    style = Style(
        size=(EM, EM), margin=pen_width / 2 if margin is None else margin, fit=fit, precision=3
    )
    cells = [Cell(0.0, 0.0, EM, EM)] * len(glyphs)
    flip, shift = np.array([1.0, -1.0]), np.array([0.0, TOP])
    outlines = tuple(
        tuple(stroke * flip + shift for stroke in picture.strokes)
        for picture in place(glyphs, cells, style)
    )
    return Font(outlines, points, nib, float(smooth), names)


def check_suffix(path: str | PathLike[str]) -> str:
    """Return the suffix of a path in lower case.

    Raises:
        BadSettingError: If fonts are not written so.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise _unknown(suffix, path)
    return suffix


def _unknown(suffix: str, path: str | PathLike[str] | None) -> BadSettingError:
    return BadSettingError(
        f"fonts are not written as {suffix!r}" if suffix else "has no suffix to tell the format",
        path=path,
        hint=f"use one of {', '.join(FORMATS)}",
    )
