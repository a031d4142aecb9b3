"""The model as a script meets it: load or train one, then draw with it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sketchrnn.sketch_rnn.face import SketchRNN, from_pretrained, load, train

if TYPE_CHECKING:
    from sketchrnn.sketch_rnn.redrawing import redraw
    from sketchrnn.sketch_rnn.reporting import report

_HOMES = {"redraw": "redrawing", "report": "reporting"}

__all__ = ["SketchRNN", "from_pretrained", "load", "redraw", "report", "train"]


def __getattr__(name: str) -> Any:
    """Import what brings all renderers and readers when it is first asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f"sketchrnn.sketch_rnn.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
