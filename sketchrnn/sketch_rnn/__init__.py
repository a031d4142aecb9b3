"""The model as a script meets it: load or train one, then draw with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sketchrnn.sketch_rnn.face import SketchRNN, from_pretrained, load, train

if TYPE_CHECKING:
    from sketchrnn.sketch_rnn.reporting import report

__all__ = ["SketchRNN", "from_pretrained", "load", "report", "train"]


def __getattr__(name: str) -> Any:
    """Import what brings all renderers when it is first asked for (PEP 562)."""
    if name == "report":
        from sketchrnn.sketch_rnn.reporting import report

        return report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
