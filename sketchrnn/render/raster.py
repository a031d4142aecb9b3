"""Pages as PNG by cairo, or by Pillow where cairo is missing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.page import Page
from sketchrnn.render.svg import page_to_svg, recipe_json

Note = Callable[[str], None]
"""Takes a line that the user should read."""

MAX_SIDE = 32_767
"""The longest side in pixels that cairo paints."""

MAX_PIXELS = 2**28
"""More than these, a gigabyte of memory, are asked for by mistake."""

INSTALL_CAIRO = (
    "install it with `apt install libcairo2`, `brew install cairo` or `conda install cairo`, "
    "and `pip install cairosvg`"
)


def page_to_png(page: Page, scale: float = 1.0, note: Note | None = None) -> bytes:
    """Paint a page as PNG. The recipe goes along as a text chunk.

    Args:
        page: What to paint.
        scale: Pixels for each px.
        note: Told when Pillow paints because libcairo is missing.

    Raises:
        BadSettingError: If the picture would be larger than cairo can paint.
        MissingDependencyError: If neither libcairo nor Pillow is there.
    """
    width, height = pixel_size(page, scale)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadSettingError(
            f"a PNG of {width} x {height} pixels is too large",
            hint="draw fewer drawings, smaller ones, or at a smaller scale; or write SVG",
        )
    cairosvg = load_cairosvg()
    if cairosvg is not None:
        png = cairosvg.svg2png(
            bytestring=page_to_svg(page).encode(), output_width=width, output_height=height
        )
    else:
        from sketchrnn.render.pillow import page_to_png_by_pillow

        png = page_to_png_by_pillow(page, scale)
        if note is not None:
            note(
                f"libcairo is not there, so Pillow painted the PNG; for finer text {INSTALL_CAIRO}"
            )
    if page.recipe is not None:
        png = _with_text(png, "recipe", recipe_json(page))
    return bytes(png)


def pixel_size(page: Page, scale: float) -> tuple[int, int]:
    """Return (width, height) in pixels of a page."""
    return (max(1, round(page.width * scale)), max(1, round(page.height * scale)))


def load_cairosvg() -> Any:
    """Return the module cairosvg, or None where it or libcairo is missing."""
    try:
        import cairosvg
    except (ImportError, OSError):  # OSError: the package is there, the C library is not
        return None
    return cairosvg


def _with_text(png: bytes, key: str, text: str) -> bytes:
    """Add a tEXt chunk after the header of a PNG."""
    header = 8 + 25  # the signature; length, name, 13 bytes and checksum of IHDR
    content = b"tEXt" + key.encode("latin-1") + b"\0" + text.encode("latin-1")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:header] + chunk + png[header:]
