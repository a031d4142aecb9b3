"""What a run shows for itself: the best model, and pages of drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sketchrnn.drawing import Drawing
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings

SAMPLES_FOLDER = "samples"
RUN_FILE = "run.json"
"""What makes a folder one of a run, which can be resumed."""
_SAMPLES = 32
_SAMPLE_TEMPERATURE = 0.4

SavePage = Callable[[list[Drawing], Path, str], None]
"""Writes drawings as a picture: (drawings, path, title)."""


class Results:
    """Writes into a run's folder.

    Args:
        out: The folder.
        config: The network.
        preparation: How drawings become data units.
        provenance: What the model folder should say of data and settings.
        seed: Of the pages' drawings, which are the same draws at every step.
        save_page: None: no pages.
    """

    def __init__(
        self,
        out: Path,
        config: ModelConfig,
        *,
        preparation: Mapping[str, Any],
        provenance: Mapping[str, Any],
        seed: int,
        save_page: SavePage | None = None,
    ) -> None:
        """Keep what every model and page says."""
        self._out = out
        self._config = config
        self._preparation = preparation
        self._provenance = dict(provenance)
        self._seed = seed
        self._save_page = save_page

    def save_model(
        self, weights: Mapping[str, Any], step: int, seconds: float, figures: Mapping[str, Any]
    ) -> None:
        """Write weights as the run's model.

        Args:
            weights: Arrays by name.
            step: Steps done.
            seconds: Of training so far.
            figures: Of the validation, if there was one.
        """
        folder.write_into(
            self._out,
            self._config,
            weights,
            preparation=self._preparation,
            provenance={
                **self._provenance,
                "step": step,
                "training_seconds": round(seconds, 1),
                "validation": dict(figures),
                "versions": backend.versions(),
                "backend": backend.load_backend(),
            },
        )

    def save_page(self, weights: Mapping[str, Any], step: int) -> Path | None:
        """Write a page of drawings as the network makes them now; return where, if at all."""
        if self._save_page is None:
            return None
        drawings = sample_drawings(
            NumpyDecoder(self._config, weights),
            _SAMPLES,
            SamplingSettings(_SAMPLE_TEMPERATURE, seed=self._seed),
        )
        path = self._out / SAMPLES_FOLDER / f"step-{step:08d}.png"
        self._save_page(drawings, path, f"step {step:,}, temperature {_SAMPLE_TEMPERATURE}")
        return path
