"""Drawings to pictures: SVG, PNG, PDF, HTML; one drawing or a gallery.

svgwrite, cairosvg and Pillow are loaded when they are first needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# not lazily: it is called as its module, and whoever came first would be found
from sketchrnn.render.gallery import Gallery, gallery
from sketchrnn.render.save import SUFFIXES, drawing_to_png, drawing_to_svg, save_drawing
from sketchrnn.render.style import FITS, Style

if TYPE_CHECKING:
    from sketchrnn.render.bulk import drawings_to_array, drawings_to_png, drawings_to_svg
    from sketchrnn.render.folder import save_drawings
    from sketchrnn.render.font_file import Font, font
    from sketchrnn.render.plotter import PlotterSheet, plot

_HOMES = {
    "Font": "font_file",
    "PlotterSheet": "plotter",
    "drawings_to_array": "bulk",
    "drawings_to_png": "bulk",
    "drawings_to_svg": "bulk",
    "font": "font_file",
    "plot": "plotter",
    "save_drawings": "folder",
}

__all__ = [
    "FITS",
    "SUFFIXES",
    "Font",
    "Gallery",
    "PlotterSheet",
    "Style",
    "drawing_to_png",
    "drawing_to_svg",
    "drawings_to_array",
    "drawings_to_png",
    "drawings_to_svg",
    "font",
    "gallery",
    "plot",
    "save_drawing",
    "save_drawings",
]


def __getattr__(name: str) -> Any:
    """Import what few need when it is first asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f"sketchrnn.render.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names for completion, loaded or not."""
    return sorted({*globals(), *_HOMES})
