"""Where drawings come from, as a recipe says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sketchrnn.sketch_rnn.face import SketchRNN


def origin_of(model: SketchRNN) -> dict[str, Any]:
    """Return who draws: the model, whose data it learned from, and the versions."""
    data = model.provenance.get("data") or {}
    return {
        "model": model.name,
        "model_step": model.provenance.get("step"),
        "weights": model.fingerprint,
        "licence": data.get("licence"),
        "attribution": data.get("attribution"),
        **versions(),
    }


def versions() -> dict[str, Any]:
    """Return the versions that decide about the last digit."""
    import numpy as np

    from sketchrnn import __version__

    return {"sketchrnn": __version__, "numpy": np.__version__}
