"""sketchrnn: teach a machine to draw with a pen.

The names below load what they need when they are first used; importing the package loads nothing
heavier than NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN, from_pretrained, load, train
    from sketchrnn.data import convert, open_data
    from sketchrnn.drawing import Drawing, SketchRNNError
    from sketchrnn.render.font_file import font
    from sketchrnn.render.gallery import gallery
    from sketchrnn.render.plotter import plot
    from sketchrnn.requests import redraw
    from sketchrnn.sources import read, read_all
    from sketchrnn.studio_page import studio
    from sketchrnn.training.run_report import report

__version__ = "0.1.0"

_HOMES = {
    "Drawing": "sketchrnn.drawing",
    "SketchRNNError": "sketchrnn.drawing",
    "SketchRNN": "sketchrnn.api",
    "convert": "sketchrnn.data",
    "from_pretrained": "sketchrnn.api",
    "font": "sketchrnn.render",
    "gallery": "sketchrnn.render",
    "load": "sketchrnn.api",
    "plot": "sketchrnn.render",
    "open_data": "sketchrnn.data",
    "read": "sketchrnn.sources",
    "read_all": "sketchrnn.sources",
    "redraw": "sketchrnn.requests",
    "report": "sketchrnn.training.run_report",
    "studio": "sketchrnn.studio_page",
    "train": "sketchrnn.api",
}

__all__ = [
    "Drawing",
    "SketchRNN",
    "SketchRNNError",
    "convert",
    "font",
    "from_pretrained",
    "gallery",
    "load",
    "open_data",
    "plot",
    "read",
    "read_all",
    "redraw",
    "report",
    "studio",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import the home of a public name when it is first asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names for completion, loaded or not."""
    return sorted({*globals(), *_HOMES})
