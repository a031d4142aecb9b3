"""The tables of a font: names, metrics, characters and outlines, put together by fontTools."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sketchrnn.drawing import BadSettingError, MissingDependencyError
from sketchrnn.render.pen_outline import INSTALL

EM = 1000
"""Units of the em, which is also the width and the height of every glyph."""

TOP, BOTTOM = 880, -120
"""Of the square that a glyph fills, as East Asian fonts have it; the baseline is at 0."""

MAX_NAME = 63
"""Characters of a font's name: the most that PostScript printers took."""

SPACES = (0x20, 0xA0, 0x3000)
"""The characters of the empty glyph."""

LICENCE_PAGES = {
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC BY-SA 3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC BY-NC 4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
}

_CREATED = 3_786_912_000  # 1 January 2024 in seconds since 1904: the same drawings, the same file
_WEIGHTS = ((22, 100), (30, 200), (40, 300), (60, 400), (75, 500), (90, 600), (110, 700))
_FRAME = (100, 40)  # of .notdef: the inset and the line, in units
_MAX_ERROR = 0.5  # units, of cubic outlines turned into quadratic ones


@dataclass(frozen=True)
class FontNames:
    """What a font says about itself.

    Attributes:
        family: Its name.
        licence: Under which it may be used.
        attribution: Whom to name.
        designer: Who drew.
        description: How the glyphs came about.
    """

    family: str
    licence: str | None = None
    attribution: str | None = None
    designer: str | None = None
    description: str | None = None

    @property
    def postscript(self) -> str:
        """The name in the letters that PostScript allows; others are spelt as uXXXX."""
        plain = unicodedata.normalize("NFKD", self.family)
        kept = "".join(
            char
            if re.match(r"[A-Za-z0-9-]", char)
            else ""
            if ord(char) < 128
            else f"u{ord(char):X}"
            for char in plain
            if not unicodedata.combining(char)
        )
        return f"{kept[: MAX_NAME - 8] or 'Font'}-Regular"


def check_name(name: str) -> str:
    """Return a font's name without spaces around it.

    Raises:
        BadSettingError: If it is empty, too long, or holds what no menu can show.
    """
    bare = name.strip()
    if not bare:
        raise BadSettingError("the font's name is empty", hint="give it one, such as 'Invented'")
    bad = [char for char in bare if unicodedata.category(char)[0] == "C" or char in "[](){}<>/%\\"]
    if bad:
        raise BadSettingError(
            f"the font's name holds {bad[0]!r}", hint="use letters, digits, spaces and hyphens"
        )
    if len(bare) > MAX_NAME:
        raise BadSettingError(
            f"the font's name has {len(bare)} characters", hint=f"use at most {MAX_NAME}"
        )
    return bare


def build_font(
    outlines: Iterable[Any],
    characters: Sequence[int],
    names: FontNames,
    pen_width: float,
    truetype: bool,
) -> Any:
    """Put a font together.

    Args:
        outlines: A path of skia's for each glyph.
        characters: The code point of each.
        names: What it says about itself.
        pen_width: Tells its weight.
        truetype: Quadratic outlines (glyf) in place of cubic ones (CFF).

    Returns:
        A `fontTools.ttLib.TTFont`.

    Raises:
        MissingDependencyError: If fontTools is not installed.
    """
    builder_of = _font_builder()
    from fontTools.ttLib import newTable

    glyph_names = [f"uni{point:04X}" if point < 0x10000 else f"u{point:X}" for point in characters]
    order = [".notdef", "space", *glyph_names]
    builder = builder_of(EM, isTTF=truetype)
    builder.font.recalcTimestamp = False
    builder.updateHead(created=_CREATED, modified=_CREATED, fontRevision=1.0, lowestRecPPEM=8)
    builder.setupGlyphOrder(order)
    spaces = {point: "space" for point in SPACES if point not in characters}
    builder.setupCharacterMap({**spaces, **dict(zip(characters, glyph_names, strict=True))})
    paths = [_draw_notdef, _draw_nothing, *(path.draw for path in outlines)]
    if truetype:
        boxes = _setup_truetype(builder, order, paths)
    else:
        boxes = _setup_postscript(builder, order, paths, names)
    builder.setupHorizontalMetrics({name: (EM, boxes[name][0]) for name in order})
    builder.setupHorizontalHeader(ascent=TOP, descent=BOTTOM, lineGap=0)
    builder.setupVerticalMetrics(
        {name: (EM, TOP - boxes[name][3] if any(boxes[name]) else 0) for name in order}
    )
    builder.setupVerticalHeader(ascent=EM // 2, descent=-EM // 2, lineGap=0)
    if not truetype:
        builder.setupVerticalOrigins({}, TOP)
    builder.setupNameTable(_name_records(names), mac=False)
    lowest, highest = min(box[1] for box in boxes.values()), max(box[3] for box in boxes.values())
    builder.setupOS2(
        version=4,
        fsType=0,  # may be embedded anywhere
        fsSelection=1 << 6 | 1 << 7,  # regular; typographic metrics count
        usWeightClass=next((weight for width, weight in _WEIGHTS if pen_width <= width), 800),
        usWidthClass=5,
        achVendID="NONE",
        sTypoAscender=TOP,
        sTypoDescender=BOTTOM,
        sTypoLineGap=0,
        usWinAscent=max(TOP, highest),
        usWinDescent=max(-BOTTOM, -lowest),
        sxHeight=500,
        sCapHeight=700,
        usDefaultChar=0,
        usBreakChar=32,
    )
    font = builder.font
    font["OS/2"].recalcAvgCharWidth(font)
    font["OS/2"].recalcUnicodeRanges(font)
    font["OS/2"].recalcCodePageRanges(font)
    if not any((font["OS/2"].ulCodePageRange1, font["OS/2"].ulCodePageRange2)):
        font["OS/2"].ulCodePageRange1 = 1  # Latin 1: Windows hides a font without any
    if truetype:
        font["gasp"] = gasp = newTable("gasp")
        gasp.gaspRange = {0xFFFF: 0x000A}  # smooth edges at every size, no hinting
    builder.setupPost(
        isFixedPitch=1, underlinePosition=-75, underlineThickness=50, keepGlyphNames=False
    )
    return font


def _setup_postscript(
    builder: Any, order: Sequence[str], paths: Sequence[Any], names: FontNames
) -> dict[str, tuple[int, int, int, int]]:
    """Add cubic outlines; return the bounds of each glyph."""
    from fontTools.misc.roundTools import otRound
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    strings = {}
    for name, draw in zip(order, paths, strict=True):
        pen = T2CharStringPen(EM, None)
        draw(pen)
        strings[name] = pen.getCharString()
    info = {"FullName": names.postscript, "version": "1.0", "Weight": "Regular"}
    if names.attribution:
        info["Notice"] = names.attribution.encode("ascii", "replace").decode()
    builder.setupCFF(names.postscript, info, strings, {})
    charset = builder.font["CFF "].cff.topDictIndex[0].CharStrings
    boxes = {}
    for name in order:
        bounds = charset[name].calcBounds(None)
        boxes[name] = tuple(map(otRound, bounds)) if bounds else (0, 0, 0, 0)
    return boxes


def _setup_truetype(
    builder: Any, order: Sequence[str], paths: Sequence[Any]
) -> dict[str, tuple[int, int, int, int]]:
    """Add quadratic outlines; return the bounds of each glyph."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    glyphs = {}
    for name, draw in zip(order, paths, strict=True):
        pen = TTGlyphPen(None)
        draw(Cu2QuPen(pen, _MAX_ERROR, reverse_direction=name == ".notdef"))
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    return {
        name: (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax)
        if glyph.numberOfContours
        else (0, 0, 0, 0)
        for name, glyph in glyphs.items()
    }


def _draw_nothing(pen: Any) -> None:
    """Draw the space."""


def _draw_notdef(pen: Any) -> None:
    """Draw an empty frame, the glyph of characters that the font lacks."""
    inset, line = _FRAME
    for low, turn in ((inset, 1), (inset + line, -1)):
        left, right, bottom, top = low, EM - low, BOTTOM + low, TOP - low
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)][::turn]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()


def _name_records(names: FontNames) -> dict[str, str]:
    records = {
        "copyright": names.attribution,
        "familyName": names.family,
        "styleName": "Regular",
        "uniqueFontIdentifier": f"1.000;NONE;{names.postscript}",
        "fullName": names.family,
        "version": "Version 1.000",
        "psName": names.postscript,
        "designer": names.designer,
        "description": names.description,
        "licenseDescription": names.licence
        and f"{names.licence}. {names.attribution or ''}".strip(),
        "licenseInfoURL": LICENCE_PAGES.get(names.licence or ""),
    }
    return {key: text for key, text in records.items() if text}


def _font_builder() -> Any:
    try:
        from fontTools.fontBuilder import FontBuilder
    except ImportError:
        raise MissingDependencyError(
            "fonts are put together by fontTools, which is not installed", hint=INSTALL
        ) from None
    return FontBuilder
