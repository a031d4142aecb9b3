"""PNG files of pictures that have one ink, on paper or none: eight bits a pixel, quickly.

Nine tenths of a line drawing's pixels are paper, in long runs. Compression that looks for runs
alone makes smaller files of them than the usual kind, in less time: measured on cars of 256 x 256
pixels, 3.3 kB and 230 µs against 4.0 kB and 260 µs at level 1, 3.5 kB and 700 µs at level 6.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.render.color import parse_color

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB, _PALETTE, _RGBA = 2, 3, 6
"""PNG's numbers for what a pixel is: a colour, a place in a table, a colour and alpha."""

_HEADER_END = len(_SIGNATURE) + 25
"""Where the first chunk, IHDR, ends: length, name, 13 bytes and checksum."""


class Shades:
    """The colours between paper and an ink.

    A pixel's number in the file is 255 for paper and 0 for a dark ink, so that who takes it for a
    grey sees the drawing.

    Args:
        ink: A colour.
        background: A colour; None: transparent.
    """

    def __init__(self, ink: str, background: str | None) -> None:
        """Make the table."""
        self._made_of = (ink, background)
        inked = np.array(parse_color(ink), dtype=np.float64)
        paper = inked if background is None else np.array(parse_color(background), np.float64)
        share = np.arange(256)[:, None] / 255  # of the ink
        colors = np.rint(paper * (1 - share) + inked * share).astype(np.uint8)  # (256, 3)
        self.inverted = background is None or paper.sum() > inked.sum()
        self.greys = to_grey(colors)
        order = slice(None, None, -1 if self.inverted else 1)
        self.chunks = _chunk(b"PLTE", colors[order].tobytes())
        if background is None:
            alpha = np.arange(256, dtype=np.uint8)
            self.chunks += _chunk(b"tRNS", alpha[order].tobytes())

    def suit(self, ink: str, background: str | None) -> bool:
        """Tell whether they are those between these two."""
        return self._made_of == (ink, background)


def to_grey(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return greys (...) of red, green and blue (..., 3): ITU-R 601, as Pillow computes them."""
    weighed = colors.astype(np.int64) @ np.array([19595, 38470, 7471])
    return ((weighed + 0x8000) >> 16).astype(np.uint8)


def mask_to_png(mask: Mask, shades: Shades) -> bytes:
    """Return a picture as a PNG file.

    Args:
        mask: (height, width) how much of each pixel is ink, 0 to 255.
        shades: Its colours.
    """
    height, width = mask.shape
    lines = np.zeros((height, 1 + width), np.uint8)  # each begins with its filter: none
    if shades.inverted:
        np.invert(mask, out=lines[:, 1:])
    else:
        lines[:, 1:] = mask
    return _file(lines, width, _PALETTE, shades.chunks)


def pixels_to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return (height, width, 3 or 4) red, green, blue and alpha as a PNG file."""
    height, width, parts = pixels.shape
    lines = np.zeros((height, 1 + width * parts), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    return _file(lines, width, _RGB if parts == 3 else _RGBA, b"")


def _file(lines: NDArray[np.uint8], width: int, kind: int, chunks: bytes) -> bytes:
    press = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, len(lines), 8, kind, 0, 0, 0)
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", header),
            chunks,
            _chunk(b"IDAT", press.compress(lines.data) + press.flush()),
            _chunk(b"IEND", b""),
        ]
    )


def with_text(png: bytes, key: str, text: str) -> bytes:
    """Add a tEXt chunk after the header of a PNG."""
    content = key.encode("latin-1") + b"\0" + text.encode("latin-1")
    return png[:_HEADER_END] + _chunk(b"tEXt", content) + png[_HEADER_END:]


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return b"".join([struct.pack(">I", len(content)), name, content, struct.pack(">I", checksum)])
