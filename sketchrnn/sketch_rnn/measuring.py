"""The part of SketchRNN that measures: losses, likelihoods, and what a model makes up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data import DataFile, Split, opened
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, as_list
from sketchrnn.sampling import categories, mixture
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sketch_rnn.held import ENCODED_AT_ONCE, Held

if TYPE_CHECKING:
    from sketchrnn.training.evaluate import Evaluator
    from sketchrnn.training.samples import InMemory, SampleMetrics

Array = NDArray[np.float32]

EVALUATED_SAMPLES = 200
"""How many drawings `evaluate` has made up, unless it is told."""
EVALUATED_REAL = 500
"""How many real drawings at most it reconstructs, and compares what is made up with."""
RECONSTRUCTION_TEMPERATURE = 0.1


class Measuring:
    """Figures that can be compared with those of others."""

    def score(
        self: Held,
        drawings: Drawing | Iterable[Drawing],
        prepare: bool = True,
        category: Wanted = None,
    ) -> Array:
        """Return how surprising each drawing is, given its own z_mean.

        Args:
            drawings: One or several, of any unit.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            (n,) nats in model units: offset and pen over all points, and the pen of the end.

        Raises:
            BadDrawingError: See `encode`.
            MissingDependencyError: If Keras or its backend is not installed.
        """
        given = as_list(drawings)
        named = categories.of_drawings(given, category, self.categories)
        nats = [np.zeros(0, np.float32)]
        for first in range(0, len(given), ENCODED_AT_ONCE):
            part = slice(first, first + ENCODED_AT_ONCE)
            batch = self._batch(given[part], prepare, first)
            if named is not None:
                batch["category"] = self._places(named[part])
            figures = _get_evaluator(self)(batch)
            nats.append(figures["offset"] + figures["pen"])
        return np.concatenate(nats)

    def evaluate(
        self: Held,
        data: str | PathLike[str] | DataFile,
        split: str = "test",
        samples: int = EVALUATED_SAMPLES,
        temperature: float = 0.4,
        temperature_rule: str = "paper",
        seed: int = 0,
    ) -> dict[str, Any]:
        """Measure the model: what it predicts, what it keeps, and what it makes up.

        Args:
            data: The file, or its path.
            split: "train", "valid" or "test".
            samples: How many drawings it should make up to be measured; 0: none.
            temperature: Of those.
            temperature_rule: Of those.
            seed: Of those.

        Returns:
            Figures by name; see `training.evaluate`, `training.samples` and `drawing.distance`.
            None depends on the order of the drawings.

        Raises:
            BadFileError: If the file cannot be read, or has no such split.
            MissingDependencyError: If Keras or its backend is not installed.
        """
        with opened(data) as file:
            drawings: Split = file[split]
            network = self.network
            from sketchrnn.training.evaluate import evaluate
            from sketchrnn.training.samples import InMemory

            figures = {
                "split": split,
                "data": file.fingerprint,
                "scale_factor": self.config.scale_factor,
                **evaluate(_get_evaluator(self), network, drawings),
            }
            if self.config.conditional:
                figures |= _reconstruction_figures(self, InMemory(drawings))
            if samples:
                figures |= self.judge_samples(
                    file, split, samples, temperature, temperature_rule, seed
                ).figures
            return figures

    def judge_samples(
        self: Held,
        data: str | PathLike[str] | DataFile,
        split: str = "test",
        samples: int = EVALUATED_SAMPLES,
        temperature: float = 0.4,
        temperature_rule: str = "paper",
        seed: int = 0,
    ) -> SampleMetrics:
        """Let the model make drawings up, and tell whether they are valid, new and diverse.

        Args:
            data: The file that the model learned from, or its path.
            split: Whose drawings the samples are compared with.
            samples: How many, 1 or more.
            temperature: Of them.
            temperature_rule: Of them.
            seed: Of them.

        Returns:
            `figures` and `pairs`, the samples most like a training drawing; see
            `training.samples.judge`.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadFileError: If the file cannot be read, or has no such split.
        """
        if samples < 1:
            raise BadSettingError(f"samples is {samples}, and must be 1 or more")
        with opened(data) as file:
            from sketchrnn.training.samples import InMemory, evaluate_samples

            drawings = InMemory(file[split])
            training = file.splits.get("train")
            judged = evaluate_samples(
                _draw_all_finite(self, samples, temperature, temperature_rule, seed),
                InMemory(training) if training else None,
                drawings.choose(max(samples, EVALUATED_REAL)),
                max_steps=self.config.max_seq_len,
                unseen=split != "train",
            )
            learned = self.provenance.get("data")
            known = isinstance(learned, Mapping) and learned.get("fingerprint") == file.fingerprint
        request = {
            "temperature": temperature,
            "temperature_rule": temperature_rule,
            "seed": seed,
            "learned_from_this_data": known,
        }
        return dataclasses.replace(judged, figures={**judged.figures, **request})

    def mixture_params(
        self: Held, stroke5: ArrayLike, z: ArrayLike | None = None, category: str | None = None
    ) -> dict[str, Array]:
        """Return what the decoder predicts after each row of a drawing.

        Args:
            stroke5: (T, 5) rows in model units, the start token first.
            z: (z_size,) latent vector; None: the drawing's own z_mean, or nothing for a decoder
                alone.
            category: The drawing's, for a model that knows several.

        Returns:
            pi, mu_x, mu_y, sigma_x, sigma_y, rho (T, M) and pen_probs (T, 3), float32, model
            units. Row t is the distribution of the step after input row t.

        Raises:
            BadSettingError: If a shape is wrong, or the category missing or unknown.
        """
        rows = np.asarray(stroke5, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != 5 or len(rows) == 0:
            raise BadSettingError(f"stroke5 has shape {rows.shape}, and must be (T, 5), T >= 1")
        named = self._named(category, 1)
        told = None if named is None else self._embedded(named)
        vector = None
        if self._encoder is not None:
            if z is not None:
                vector = self._check_z(np.atleast_2d(np.asarray(z)), "z", 1)
            else:
                ended = np.append(rows[1:, 4], 1)
                length = np.array([int(np.argmax(ended == 1))], dtype=np.int32)
                vector = self._encoder(rows[None, 1:], length, told)[0]
        elif z is not None:
            self._check_z(z)  # which refuses
        parts = [part for part in (vector, told) if part is not None]
        condition = np.concatenate(parts, axis=1) if parts else None
        hidden, cell, constant = self._decoder.start(condition, 1)
        outputs = np.zeros((len(rows), self.config.output_size), dtype=np.float32)
        for step, row in enumerate(rows):
            out, hidden, cell = self._decoder.step(row[None], hidden, cell, constant)
            outputs[step] = out[0]
        return _activate(outputs)

    def losses(
        self: Held,
        stroke5_with_start: ArrayLike,
        lengths: ArrayLike,
        eps: ArrayLike | None = None,
        category: Wanted = None,
    ) -> dict[str, float]:
        """Return the losses of a batch, without dropout.

        Args:
            stroke5_with_start: (B, N_max + 1, 5) rows in model units, the start token first.
            lengths: (B,) true lengths N_s, at most N_max.
            eps: (B, z_size), z = z_mean + exp(z_log_var / 2) eps; None: z = z_mean.
            category: For a model that knows several categories: a name for all, or one for each.

        Returns:
            magenta_train, magenta_eval (the reference's reconstruction loss by its two
            conventions), kl_raw, kl_floored (nats, mean over z; 0 for a decoder alone),
            nats_per_drawing, nats_per_point.

        Raises:
            BadSettingError: If a shape is wrong, or the category missing or unknown.
        """
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
        if eps is not None and self.config.conditional:
            batch["eps"] = self._check_z(eps, "eps", len(rows))
        named = self._named(category, len(rows))
        if named is not None:
            batch["category"] = self._places(named)
        figures = _get_evaluator(self)(batch)
        nats = (figures["offset"] + figures["pen"]).astype(np.float64)
        kl = float(figures["kl"].mean()) if "kl" in figures else 0.0
        return {
            "magenta_train": float(figures["magenta_train"].mean() / n_max),
            "magenta_eval": float(figures["magenta_eval"].mean() / n_max),
            "kl_raw": kl,
            "kl_floored": max(kl, self.network.kl_min) if "kl" in figures else 0.0,
            "nats_per_drawing": float(nats.mean()),
            "nats_per_point": float(nats.sum() / counts.sum()),
        }


def _draw_all_finite(
    model: Held, count: int, temperature: float, rule: str, seed: int
) -> list[Drawing | None]:
    """Draw; None for what has a coordinate that is no finite number."""
    try:
        return list(model.generate(count, temperature, rule, seed=seed))
    except BadDrawingError:  # does not say which
        found: list[Drawing | None] = []
        for number in range(count):
            try:
                found += model._draw(1, None, temperature, rule, None, seed, numbers=[number])
            except BadDrawingError:
                found.append(None)
        return found


def _reconstruction_figures(model: Held, drawings: InMemory) -> dict[str, Any]:
    """Return how far reconstructions lie off; the noise of each depends on its rows alone."""
    from sketchrnn.training.samples import reconstruction_figures

    some = drawings.choose(EVALUATED_REAL, max_steps=model.config.max_seq_len)
    if not len(some):
        return {}
    originals = list(some)
    again = model._draw(
        len(some),
        model.encode(originals, prepare=False),
        RECONSTRUCTION_TEMPERATURE,
        "paper",
        None,
        0,
        numbers=[some.name(k) for k in range(len(some))],
        categories=categories.of_drawings(originals, None, model.categories),
    )
    return {
        **reconstruction_figures(originals, again),
        "reconstruction_temperature": RECONSTRUCTION_TEMPERATURE,
    }


def _get_evaluator(model: Held) -> Evaluator:
    network = model.network
    if model._evaluator is None:
        from sketchrnn.training.evaluate import Evaluator

        model._evaluator = Evaluator(network)
    return model._evaluator


def _activate(outputs: Array) -> dict[str, Array]:
    """Return the parameters of (T, 3 + 6M) outputs, as `model.mdn.activate` does.

    Deviations have no lower bound here: what a network says of them is told as it is, though what
    is drawn and scored keeps away from 0.
    """
    parts = mixture.split_outputs(outputs)
    size = parts.pi_logits.shape[1]
    log_sigmas = np.minimum(outputs[:, 3 + 3 * size : 3 + 5 * size], mixture.LOG_SIGMA_BOUND)
    sigma_x, sigma_y = np.split(np.exp(log_sigmas), 2, axis=1)

    def softmax(logits: Array) -> Array:
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    return {
        "pi": softmax(parts.pi_logits),
        "mu_x": parts.mu_x,
        "mu_y": parts.mu_y,
        "sigma_x": sigma_x,
        "sigma_y": sigma_y,
        "rho": np.tanh(parts.rho_logits),
        "pen_probs": softmax(parts.pen_logits),
    }
