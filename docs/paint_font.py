"""Paint text with fonts that sketchrnn made: docs/font.png.

sketchrnn font kanji -n 500 --seed 7 -o invented.otf
sketchrnn font kanji -n 500 --seed 7 --pen-width 85 --contrast 0.75 --cap flat -o broad.otf
python docs/paint_font.py invented.otf broad.otf -o docs/font.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

WIDTH, MARGIN = 1200, 36
LARGE, SMALL = 188, 47
LINES = 3  # of small text below a large one
GREYS = 16


def drawn_characters(path: Path) -> str:
    """Return what a font can write, but for spaces."""
    with TTFont(path) as font:
        points = sorted(font.getBestCmap())
    return "".join(char for char in map(chr, points) if not char.isspace())


def paint(paths: list[Path]) -> Image.Image:
    """Paint a large line and some small ones with each font."""
    room = WIDTH - 2 * MARGIN
    height = LARGE + LINES * SMALL * 5 // 4 + MARGIN
    page = Image.new("L", (WIDTH, len(paths) * height + MARGIN), 255)
    draw = ImageDraw.Draw(page)
    for number, path in enumerate(paths):
        text = drawn_characters(path)
        y = MARGIN + number * height
        large = room // LARGE
        face = ImageFont.truetype(str(path), LARGE)
        draw.text((MARGIN, y), text[:large], font=face, fill=0)
        y += LARGE + MARGIN // 2
        small = room // SMALL
        face = ImageFont.truetype(str(path), SMALL)
        for line in range(LINES):
            start = large + line * small
            draw.text((MARGIN, y), text[start : start + small], font=face, fill=0)
            y += SMALL * 5 // 4
    return page.quantize(GREYS)


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("fonts", nargs="+", type=Path)
    parser.add_argument("-o", "--output", required=True, type=Path)
    arguments = parser.parse_args()
    paint(arguments.fonts).save(arguments.output, optimize=True)


if __name__ == "__main__":
    main()
