"""The figures of a model: what it predicts, what it keeps, and what it makes up."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data import DataFile
from sketchrnn.data.data_file import InMemory
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, as_list
from sketchrnn.sampling import categories
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.sampler import ENCODER_BATCH, Conditions, Sampler, SamplingSettings
from sketchrnn.training.samples import SampleMetrics, evaluate_samples, reconstruction_figures

if TYPE_CHECKING:
    from sketchrnn.training.evaluate import Evaluator

Array = NDArray[np.float32]

REAL_DRAWINGS = 500
"""How many real drawings at most are reconstructed, and compared with what is made up."""
RECONSTRUCTION_TEMPERATURE = 0.1


class ModelEvaluation:
    """Measures a model; what `judge_samples` does needs no framework.

    Args:
        sampler: The model.
    """

    def __init__(self, sampler: Sampler) -> None:
        """Compile nothing yet."""
        self._sampler = sampler

    @functools.cached_property
    def _evaluator(self) -> Evaluator:
        network = self._sampler.network
        from sketchrnn.training.evaluate import Evaluator

        return Evaluator(network)

    def score(
        self, drawings: Drawing | Iterable[Drawing], prepare: bool = True, category: Wanted = None
    ) -> Array:
        """Return the nats of each drawing, given its own z_mean; see `SketchRNN.score`.

        Args:
            drawings: One or several, of any unit.
            prepare: See `Sampler.encode`.
            category: See `Sampler.encode`.

        Raises:
            BadDrawingError: See `Sampler.encode`.
            MissingDependencyError: If Keras or its backend is not installed.
        """
        given = as_list(drawings)
        names = categories.of_drawings(given, category, self._sampler.config.categories)
        nats = [np.zeros(0, np.float32)]
        for first in range(0, len(given), ENCODER_BATCH):
            part = slice(first, first + ENCODER_BATCH)
            batch = self._sampler.batch(given[part], prepare, first)
            if names is not None:
                batch["category"] = self._sampler.category_numbers(names[part])
            figures = self._evaluator(batch)
            nats.append(figures["offset"] + figures["pen"])
        return np.concatenate(nats)

    def evaluate(
        self, file: DataFile, split: str, samples: int, settings: SamplingSettings
    ) -> dict[str, Any]:
        """Return figures by name; see `SketchRNN.evaluate`.

        Args:
            file: The data.
            split: "train", "valid" or "test".
            samples: How many drawings the model should make up to be measured; 0: none.
            settings: How those are sampled.

        Raises:
            BadFileError: If the file has no such split.
            MissingDependencyError: If Keras or its backend is not installed.
        """
        drawings = file[split]
        sampler = self._sampler
        network = sampler.network
        from sketchrnn.training.evaluate import evaluate

        figures = {
            "split": split,
            "data": file.fingerprint,
            "scale_factor": sampler.config.scale_factor,
            **evaluate(self._evaluator, network, drawings),
        }
        if sampler.config.conditional:
            figures |= self._reconstruct(InMemory(drawings))
        if samples:
            figures |= self.judge_samples(file, split, samples, settings).figures
        return figures

    def judge_samples(
        self, file: DataFile, split: str, samples: int, settings: SamplingSettings
    ) -> SampleMetrics:
        """Let the model make drawings up, and measure whether they are valid, new and diverse.

        Args:
            file: The data that the model learned from.
            split: Whose drawings the samples are compared with.
            samples: How many, 1 or more.
            settings: How they are sampled.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadFileError: If the file has no such split.
        """
        if samples < 1:
            raise BadSettingError(f"samples is {samples}, and must be 1 or more")
        drawings = InMemory(file[split])
        training = file.splits.get("train")
        judged = evaluate_samples(
            self._draw_all_finite(samples, settings),
            InMemory(training) if training else None,
            drawings.choose(max(samples, REAL_DRAWINGS)),
            max_steps=self._sampler.config.max_seq_len,
            unseen=split != "train",
        )
        learned = self._sampler.provenance.get("data")
        known = isinstance(learned, Mapping) and learned.get("fingerprint") == file.fingerprint
        request = {
            "temperature": settings.temperature,
            "temperature_rule": settings.rule,
            "seed": settings.seed,
            "learned_from_this_data": known,
        }
        return dataclasses.replace(judged, figures={**judged.figures, **request})

    def losses(
        self,
        stroke5_with_start: ArrayLike,
        lengths: ArrayLike,
        eps: ArrayLike | None = None,
        category: Wanted = None,
    ) -> dict[str, float]:
        """Return the losses of a batch, without dropout; see `SketchRNN.losses`.

        Args:
            stroke5_with_start: (B, N_max + 1, 5) rows in model units, the start token first.
            lengths: (B,) true lengths N_s, at most N_max.
            eps: (B, z_size), or None.
            category: For a model that knows several categories.

        Raises:
            BadSettingError: If a shape is wrong, or the category missing or unknown.
        """
        sampler, config = self._sampler, self._sampler.config
        rows = np.asarray(stroke5_with_start, dtype=np.float32)
        counts = np.asarray(lengths, dtype=np.int32)
        if rows.ndim != 3 or rows.shape[2] != 5 or counts.shape != rows.shape[:1]:
            raise BadSettingError(
                f"stroke5 has shape {rows.shape} and lengths {counts.shape}, and they must be "
                "(B, N_max + 1, 5) and (B,)"
            )
        n_max = rows.shape[1] - 1
        if len(counts) == 0 or counts.min() < 1 or counts.max() > n_max:
            raise BadSettingError(f"lengths must be from 1 to N_max = {n_max}")
        end = np.zeros((len(rows), 1, 5), dtype=np.float32)
        end[..., 4] = 1  # a drawing of exactly N_max steps has no end row of its own
        batch: dict[str, Any] = {"stroke5": np.concatenate([rows, end], axis=1), "lengths": counts}
        if eps is not None and config.conditional:
            batch["eps"] = sampler.check_z(eps, "eps", len(rows))
        names = categories.require(category, len(rows), config.categories)
        if names is not None:
            batch["category"] = sampler.category_numbers(names)
        figures = self._evaluator(batch)
        nats = (figures["offset"] + figures["pen"]).astype(np.float64)
        kl = float(figures["kl"].mean()) if "kl" in figures else 0.0
        return {
            "magenta_train": float(figures["magenta_train"].mean() / n_max),
            "magenta_eval": float(figures["magenta_eval"].mean() / n_max),
            "kl_raw": kl,
            "kl_floored": max(kl, sampler.network.kl_min) if "kl" in figures else 0.0,
            "nats_per_drawing": float(nats.mean()),
            "nats_per_point": float(nats.sum() / counts.sum()),
        }

    def _draw_all_finite(self, count: int, settings: SamplingSettings) -> list[Drawing | None]:
        """Draw; None for what has a coordinate that is no finite number."""
        try:
            return list(self._sampler.sample(count, settings))
        except BadDrawingError:  # does not say which
            found: list[Drawing | None] = []
            for number in range(count):
                try:
                    found += self._sampler.sample(1, settings, Conditions(numbers=[number]))
                except BadDrawingError:
                    found.append(None)
            return found

    def _reconstruct(self, drawings: InMemory) -> dict[str, Any]:
        """Return how far reconstructions lie off; the noise of each depends on its rows alone."""
        config = self._sampler.config
        some = drawings.choose(REAL_DRAWINGS, max_steps=config.max_seq_len)
        if not len(some):
            return {}
        originals = list(some)
        conditions = Conditions(
            z=self._sampler.encode(originals, prepare=False),
            categories=categories.of_drawings(originals, None, config.categories),
            numbers=[some.name(k) for k in range(len(some))],
        )
        settings = SamplingSettings(RECONSTRUCTION_TEMPERATURE, seed=0)
        again = self._sampler.sample(len(some), settings, conditions)
        return {
            **reconstruction_figures(originals, again),
            "reconstruction_temperature": RECONSTRUCTION_TEMPERATURE,
        }
