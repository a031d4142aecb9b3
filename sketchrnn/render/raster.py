"""Pages as PNG by cairo, or by Pillow where cairo is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.page import Page
from sketchrnn.render.pdf import INSTALL_CAIRO
from sketchrnn.render.png import with_text
from sketchrnn.render.svg import page_to_svg, recipe_json

Note = Callable[[str], None]
"""Takes a line that the user should read."""

MAX_SIDE = 32_767
"""The longest side in pixels that cairo paints."""

MAX_PIXELS = 2**28
"""More than these, a gigabyte of memory, are asked for by mistake."""


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
    width, height = check_pixels(page, scale)
    painted = _by_cairo(page, width, height)
    if painted is None:
        painted = by_pillow(page, scale)
        if note is not None:
            note(pillow_note())
    if page.recipe is not None:
        painted = with_text(painted, "recipe", recipe_json(page))
    return painted


def _by_cairo(page: Page, width: int, height: int) -> bytes | None:
    """Paint a page without its recipe; None where libcairo is missing.

    What is but strokes goes straight to cairo; cairosvg sees to text, and to how it is laid out.
    """
    if not (page.labels or page.frames or page.movement):
        from sketchrnn.render.canvas import Painter
        from sketchrnn.render.pdf import load_cairo

        cairo = load_cairo()
        return None if cairo is None else Painter(cairo).to_png(page, (width, height))
    cairosvg = load_cairosvg()
    if cairosvg is None:
        return None
    png = cairosvg.svg2png(
        bytestring=page_to_svg(page).encode(), output_width=width, output_height=height
    )
    return bytes(png)


def by_pillow(page: Page, scale: float) -> bytes:
    """Paint a page by Pillow, without its recipe."""
    from sketchrnn.render.pillow import page_to_png_by_pillow

    return page_to_png_by_pillow(page, scale)


def pixel_size(page: Page, scale: float) -> tuple[int, int]:
    """Return (width, height) in pixels of a page."""
    return (max(1, round(page.width * scale)), max(1, round(page.height * scale)))


def check_pixels(page: Page, scale: float) -> tuple[int, int]:
    """Return (width, height) in pixels of a page that can be painted.

    Raises:
        BadSettingError: If it would be larger than cairo can paint.
    """
    width, height = pixel_size(page, scale)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadSettingError(
            f"a PNG of {width} x {height} pixels is too large",
            hint="draw fewer drawings, smaller ones, or at a smaller scale; or write SVG",
        )
    return width, height


def pillow_note() -> str:
    """Say that Pillow painted."""
    return f"libcairo is not there, so Pillow painted the PNG; for finer text {INSTALL_CAIRO}"


def load_cairosvg() -> Any:
    """Return the module cairosvg, or None where it or libcairo is missing."""
    try:
        import cairosvg
    except (ImportError, OSError):  # OSError: the package is there, the C library is not
        return None
    return cairosvg
