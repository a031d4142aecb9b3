"""The class that scripts meet, and the two ways to get one: `load` and `train`."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import operator
import secrets
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data import DataFile, Split, open_data
from sketchrnn.data.batches import OFFSET_LIMIT, pad
from sketchrnn.data.categories import listed, place_of
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import (
    BadDrawingError,
    BadFileError,
    BadSettingError,
    Drawing,
    Drawings,
    OutputExistsError,
)
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories, latent, mixture
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.numpy_loop import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import Decoder, sample_drawings
from sketchrnn.sampling.tempering import Tempering
from sketchrnn.sketch_rnn import hub
from sketchrnn.sketch_rnn.choosing import Choice, generate_chosen
from sketchrnn.sketch_rnn.completing import Completing
from sketchrnn.sketch_rnn.latent_space import LatentSpace

if TYPE_CHECKING:
    from sketchrnn.model.vae import SketchVAE
    from sketchrnn.training.evaluate import Evaluator
    from sketchrnn.training.progress import Watcher
    from sketchrnn.training.samples import InMemory, Judged

Array = NDArray[np.float32]

COMPILED_FROM = 4096
"""Requests of so many drawings are drawn by the compiled loop, where a framework is installed.
Importing and compiling take some 12 s of computing on a CPU; after that the loop saves some 2 ms
a drawing of a decoder of 512 units."""
_ENCODED_AT_ONCE = 256

EVALUATED_SAMPLES = 200
"""How many drawings `evaluate` has made up, unless it is told."""
EVALUATED_REAL = 500
"""How many real drawings at most it reconstructs, and compares what is made up with."""
RECONSTRUCTION_TEMPERATURE = 0.1


class SketchRNN(Completing, LatentSpace):
    """A model: network, preparation and provenance.

    Drawing, encoding and reconstructing need no framework; `score`, `evaluate`, `losses` and
    large requests load Keras.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
        preparation: How drawings become data units.
        provenance: Where the weights come from.

    Raises:
        BadSettingError: If a weight is missing, unknown or of another shape.
    """

    def __init__(
        self,
        config: ModelConfig,
        weights: Mapping[str, Array],
        preparation: Preparation | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """Check the weights against the configuration."""
        shapes = folder.weight_shapes(config)
        for name in sorted(set(shapes) ^ set(weights)):
            raise BadSettingError(
                f"weight {name!r} is {'missing' if name in shapes else 'unknown'}"
            )
        self._weights = {name: np.asarray(weights[name], dtype=np.float32) for name in shapes}
        for name, shape in shapes.items():
            got = self._weights[name].shape
            if got != shape:
                raise BadSettingError(f"weight {name!r} is {got}, not {shape}")
        self.config = config
        self.preparation = preparation or Preparation()
        self.provenance = dict(provenance or {})
        self.name: str | None = None  # of the folder that it was loaded from
        self._decoder = NumpyDecoder(config, self._weights)
        self._encoder = NumpyEncoder(config, self._weights) if config.conditional else None
        self._fingerprint: str | None = None
        self._network: SketchVAE | None = None
        self._evaluator: Evaluator | None = None
        self._compiled: Decoder | None = None

    def __repr__(self) -> str:
        """Say what it is."""
        kind = f"z {self.config.z_size}" if self.config.conditional else "decoder only"
        size = sum(array.size for array in self._weights.values())
        return f"SketchRNN({kind}, {self.config.decoder_size} units, {size:,} parameters)"

    @property
    def weights(self) -> dict[str, Array]:
        """The weights by name."""
        return dict(self._weights)

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of the categories that it was told of; none for a model of one kind."""
        return self.config.categories

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell these weights from others."""
        if self._fingerprint is None:
            digest = hashlib.sha256()
            for name, array in sorted(self._weights.items()):
                digest.update(f"{name} {array.shape} ".encode())
                digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    @property
    def network(self) -> SketchVAE:
        """The Keras model with these weights, made when it is first asked for.

        Raises:
            MissingDependencyError: If Keras or its backend is not installed.
        """
        if self._network is None:
            backend.require()
            from sketchrnn.model.vae import SketchVAE

            kl_min = (self.provenance.get("settings") or {}).get("kl_min", 0.2)
            self._network = SketchVAE(self.config, kl_min=kl_min)
            for name, variable in self._network.named_weights().items():
                variable.assign(self._weights[name])
        return self._network

    # Drawing

    def generate(
        self,
        n: int = 1,
        temperature: Tempering = 0.4,
        temperature_rule: str = "paper",
        category: Wanted = None,
        z: ArrayLike | None = None,
        max_steps: int | None = None,
        seed: int | None = None,
        **choice: Unpack[Choice],
    ) -> list[Drawing]:
        """Draw something new.

        Args:
            n: How many drawings.
            temperature: tau: 0 draws the likeliest, 1 as varied as the data. Or a schedule, from
                (first, last) within N_max steps or (first, last, steps); or one of either for
                each output, {"pi": …, "pen": …, "sigma": …}. Wherever else a temperature is asked
                for, it may be so too.
            temperature_rule: "paper", "magenta" or "js"; see `sampling.mixture`.
            category: What to draw, for a model that knows several categories: a name, or several,
                which share the drawings out in their order; None: all as often as may be, in an
                order that depends on the seed. Each drawing says its own.
            z: (n, z_size) latent vectors; None: drawn from the prior.
            max_steps: The most steps of a drawing; None for the network's N_max.
            seed: Of everything random; None: a fresh one, which `metadata` records.
            **choice: What to keep of what is drawn, such as best_of=4, min_strokes=3,
                novel_to="kanji.h5" or diverse=True; see `choosing.Choice`.

        Returns:
            n Drawings in data units, the first point at (0, 0). What the methods return is a list
            in every way, and a notebook shows it as a page. With a choice there are fewer where
            not enough were found; drawing k of a choice that removes none is drawing k without it.

        Raises:
            BadSettingError: If an argument cannot be used, or the choice leaves nothing; the
                message says how many each filter removed.
        """
        named = None
        if category is not None:
            named = categories.share_out(category, n, self.categories)
        vectors = None if z is None else self._check_z(z)
        if vectors is not None and len(vectors) != n:
            raise BadSettingError(f"z has {len(vectors)} rows, and {n} drawings are wanted")
        if choice:
            chosen = generate_chosen(
                self, n, vectors, named, temperature, temperature_rule, max_steps, seed, choice
            )
            return Drawings(chosen)
        asked = None
        if vectors is None:  # what a recipe needs to know
            several = None if category is None or isinstance(category, str) else list(category)
            asked = {
                "command": "generate",
                "n": n,
                "category": several or category,
                "max_steps": max_steps,
            }
        return self._draw(
            n, vectors, temperature, temperature_rule, max_steps, seed, asked, categories=named
        )

    def encode(
        self,
        drawings: Drawing | Iterable[Drawing],
        prepare: bool = True,
        category: Wanted = None,
    ) -> Array:
        """Return the mean of each drawing's latent distribution.

        Args:
            drawings: One or several, of any unit.
            prepare: Whether to scale and simplify them as the training data were; False: they
                are in data units already.
            category: For a model that knows several categories, what they are: a name for all,
                or one for each; None: what each drawing says.

        Returns:
            (n, z_size) float32.

        Raises:
            BadSettingError: If the model has no encoder, or does not know the category.
            BadDrawingError: If a drawing is empty, has more steps than the model takes, or lacks
                a category that the model knows.
        """
        if self._encoder is None:
            raise BadSettingError("this model has no encoder", hint="use a model with one (a VAE)")
        given = _as_list(drawings)
        named = categories.of_drawings(given, category, self.categories)
        means = [np.zeros((0, self.config.z_size), np.float32)]
        for first in range(0, len(given), _ENCODED_AT_ONCE):
            part = slice(first, first + _ENCODED_AT_ONCE)
            batch = self._batch(given[part], prepare, first)
            told = None if named is None else self._embedded(named[part])
            means.append(self._encoder(batch["stroke5"][:, 1:], batch["lengths"], told)[0])
        return np.concatenate(means).astype(np.float32)

    def decode(
        self,
        z: ArrayLike,
        temperature: Tempering = 0.1,
        temperature_rule: str = "paper",
        max_steps: int | None = None,
        seed: int | None = None,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw what latent vectors stand for.

        Args:
            z: (n, z_size).
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            max_steps: The most steps of a drawing.
            seed: See `generate`.
            category: For a model that knows several categories, what they stand for: a name for
                all, or one for each.

        Returns:
            n Drawings in data units, the first point at (0, 0).

        Raises:
            BadSettingError: If z has another shape, or the model takes none, or the category is
                missing or unknown.
        """
        vectors = self._check_z(z)
        named = self._named(category, len(vectors))
        return self._draw(
            len(vectors), vectors, temperature, temperature_rule, max_steps, seed, categories=named
        )

    def reconstruct(
        self,
        drawings: Drawing | Iterable[Drawing],
        temperature: Tempering = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw drawings again from what the encoder keeps of them.

        Args:
            drawings: One or several, of any unit.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            As many Drawings, in data units.

        Raises:
            BadSettingError: If the model has no encoder.
            BadDrawingError: See `encode`.
        """
        given = _as_list(drawings)
        z = self.encode(given, prepare, category)
        named = categories.of_drawings(given, category, self.categories)
        return self._draw(len(z), z, temperature, temperature_rule, None, seed, categories=named)

    def interpolate(
        self,
        a: Drawing,
        b: Drawing,
        frames: int = 8,
        method: str = "slerp",
        temperature: Tempering = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw the way from one drawing to another.

        Args:
            a: Where it begins.
            b: Where it ends.
            frames: How many drawings, both ends among them.
            method: "slerp" or "lerp"; see `sampling.latent`.
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`. Between two categories their vectors are mixed evenly, and a
                drawing says the nearer one.

        Returns:
            `frames` Drawings in data units; the first and last are reconstructions of a and b.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        first, last = self.encode([a, b], prepare, category)
        z = latent.interpolate(first, last, frames, method)
        named = categories.of_drawings([a, b], category, self.categories)
        embeddings = None
        if named is not None:
            ends = self._embedded(named)
            embeddings = latent.interpolate(ends[0], ends[1], frames, "lerp")
            named = [named[2 * k >= frames] for k in range(frames)]
        return self._draw(
            frames,
            z,
            temperature,
            temperature_rule,
            None,
            seed,
            numbers=[0] * frames,
            categories=named,
            embeddings=embeddings,
        )

    # Measuring

    def score(
        self,
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
        given = _as_list(drawings)
        named = categories.of_drawings(given, category, self.categories)
        nats = [np.zeros(0, np.float32)]
        for first in range(0, len(given), _ENCODED_AT_ONCE):
            part = slice(first, first + _ENCODED_AT_ONCE)
            batch = self._batch(given[part], prepare, first)
            if named is not None:
                batch["category"] = self._places(named[part])
            figures = self._evaluate_batch(batch)
            nats.append(figures["offset"] + figures["pen"])
        return np.concatenate(nats)

    def evaluate(
        self,
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
        with _opened(data) as file:
            drawings: Split = file[split]
            network = self.network
            from sketchrnn.training.evaluate import evaluate
            from sketchrnn.training.samples import InMemory

            figures = {
                "split": split,
                "data": file.fingerprint,
                "scale_factor": self.config.scale_factor,
                **evaluate(self._get_evaluator(), network, drawings),
            }
            if self.config.conditional:
                figures |= self._reconstruction_figures(InMemory(drawings))
            if samples:
                figures |= self.judge_samples(
                    file, split, samples, temperature, temperature_rule, seed
                ).figures
            return figures

    def judge_samples(
        self,
        data: str | PathLike[str] | DataFile,
        split: str = "test",
        samples: int = EVALUATED_SAMPLES,
        temperature: float = 0.4,
        temperature_rule: str = "paper",
        seed: int = 0,
    ) -> Judged:
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
        with _opened(data) as file:
            from sketchrnn.training.samples import InMemory, judge

            drawings = InMemory(file[split])
            training = file.splits.get("train")
            judged = judge(
                self._draw_all_finite(samples, temperature, temperature_rule, seed),
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

    def _draw_all_finite(
        self, count: int, temperature: float, rule: str, seed: int
    ) -> list[Drawing | None]:
        """Draw; None for what has a coordinate that is no finite number."""
        try:
            return list(self.generate(count, temperature, rule, seed=seed))
        except BadDrawingError:  # does not say which
            found: list[Drawing | None] = []
            for number in range(count):
                try:
                    found += self._draw(1, None, temperature, rule, None, seed, numbers=[number])
                except BadDrawingError:
                    found.append(None)
            return found

    def _reconstruction_figures(self, drawings: InMemory) -> dict[str, Any]:
        """Return how far reconstructions lie off; the noise of each depends on its rows alone."""
        from sketchrnn.training.samples import reconstruction_figures

        some = drawings.choose(EVALUATED_REAL, max_steps=self.config.max_seq_len)
        if not len(some):
            return {}
        originals = list(some)
        again = self._draw(
            len(some),
            self.encode(originals, prepare=False),
            RECONSTRUCTION_TEMPERATURE,
            "paper",
            None,
            0,
            numbers=[some.name(k) for k in range(len(some))],
            categories=categories.of_drawings(originals, None, self.categories),
        )
        return {
            **reconstruction_figures(originals, again),
            "reconstruction_temperature": RECONSTRUCTION_TEMPERATURE,
        }

    def mixture_params(
        self, stroke5: ArrayLike, z: ArrayLike | None = None, category: str | None = None
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
        self,
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
        figures = self._evaluate_batch(batch)
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

    # Keeping

    def save(
        self, path: str | PathLike[str], overwrite: bool = False, safetensors: bool = False
    ) -> Path:
        """Write a model folder.

        Args:
            path: The folder.
            overwrite: Whether the model in a folder that exists may be replaced; whatever else is
                in the folder stays.
            safetensors: Whether the weights are written as model.safetensors, not as HDF5.

        Returns:
            The path.

        Raises:
            OutputExistsError: If it exists and may not be replaced, or is no model folder.
            MissingDependencyError: If `safetensors` is wanted and not installed.
        """
        target = Path(path)
        notes: dict[str, Any] = {
            "preparation": self.preparation.to_dict(),
            "provenance": self.provenance,
            "safetensors": safetensors,
        }
        if not overwrite or not target.exists() or (target.is_dir() and not any(target.iterdir())):
            return folder.write(target, self.config, self._weights, **notes, overwrite=overwrite)
        if not (target / folder.CONFIG_FILE).is_file():
            raise OutputExistsError(
                "exists and is no model folder", path=target, hint="choose another name"
            )
        folder.write_into(target, self.config, self._weights, **notes)
        return target

    save_pretrained = save

    @classmethod
    def load(cls, model: str | PathLike[str]) -> Self:
        """Read a model folder, or a shipped model by its name; see `load`."""
        found = folder.read(model)
        weights = folder.read_weights(found)
        try:
            preparation = Preparation.from_dict(found.preparation)
        except (BadSettingError, TypeError) as error:
            raise BadFileError(str(error), path=found.path / folder.CONFIG_FILE) from error
        loaded = cls(found.config, weights, preparation, found.provenance)
        # the folder's name alone: a page that travels must not tell where somebody keeps things
        loaded.name = found.path.resolve().name
        return loaded

    @classmethod
    def from_pretrained(
        cls,
        model: str | PathLike[str],
        revision: str | None = None,
        cache_dir: str | PathLike[str] | None = None,
    ) -> Self:
        """Do what `load` does, and also read USER/NAME of the Hugging Face hub.

        Args:
            model: A model folder, the name of a shipped model, or USER/NAME on the hub.
            revision: A branch, tag or commit there.
            cache_dir: Where the hub's files are kept; None: where `huggingface_hub` keeps them.

        Raises:
            BadFileError: See `load`; or if the hub has no such model, or does not answer.
            MissingDependencyError: If it is on the hub, and `huggingface_hub` is not installed.
        """
        loaded = cls.load(hub.find(model, revision, cache_dir))
        loaded.name = Path(model).resolve().name
        return loaded

    def _draw(
        self,
        count: int,
        z: Array | None,
        temperature: Tempering,
        rule: str,
        max_steps: int | None,
        seed: int | None,
        notes: Mapping[str, Any] | None = None,
        *,
        numbers: Sequence[int] | None = None,
        categories: Sequence[str] | None = None,
        embeddings: Array | None = None,
    ) -> list[Drawing]:
        number = self._check_seed(seed)
        drawn = sample_drawings(
            self._choose_decoder(count),
            count,
            z=z,
            categories=categories,
            embeddings=embeddings,
            numbers=numbers,
            temperature=temperature,
            rule=rule,
            max_steps=max_steps,
            seed=number,
            extent=self.preparation.extent,
            notes={**self._signature(), **(notes or {})},
        )
        return Drawings(drawn)

    def _check_seed(self, seed: int | None) -> int:
        """Return the seed as a number, or make a fresh one."""
        if seed is None:
            return secrets.randbits(32)
        try:
            number = operator.index(seed)
        except TypeError:
            number = -1
        if not 0 <= number < 1 << 63:
            raise BadSettingError(f"seed is {seed!r}, and must be a whole number from 0 to 2^63")
        return number

    def _signature(self) -> dict[str, Any]:
        """Return what every drawing of this model says of it."""
        from sketchrnn import __version__

        data = self.provenance.get("data") or {}
        return {
            "model": self.name,
            "weights": self.fingerprint,
            "sketchrnn": __version__,
            "numpy": np.__version__,
            **{key: data[key] for key in ("licence", "attribution") if data.get(key)},
        }

    def _choose_decoder(self, count: int) -> Decoder:
        if count < COMPILED_FROM or not backend.available():
            return self._decoder
        if self._compiled is None:
            network = self.network
            from sketchrnn.sampling.compiled_loop import CompiledDecoder

            self._compiled = CompiledDecoder(network)
        return self._compiled

    def _named(self, category: Wanted, count: int) -> list[str] | None:
        """Return a category for each of what no Drawing describes; None if there are none."""
        if category is None and self.categories:
            raise BadSettingError(
                "this model must be told the category", hint=f"known: {listed(self.categories)}"
            )
        return categories.of_drawings([Drawing([])] * count, category, self.categories)

    def _places(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return categories as the network counts them."""
        return np.array([place_of(name, self.categories) for name in names], dtype=np.int32)

    def _embedded(self, names: Sequence[str]) -> Array:
        """Return the vectors of categories, (n, category_size)."""
        return self._weights["categories/embedding"][self._places(names)]

    def _check_z(self, z: ArrayLike, name: str = "z", count: int | None = None) -> Array:
        """Return latent vectors, or their noise, (count, z_size); any count where it is None."""
        if not self.config.conditional:
            raise BadSettingError("this model takes no z: it is a decoder alone")
        vectors = np.asarray(z, dtype=np.float32)
        wanted = (len(vectors) if count is None and vectors.ndim else count, self.config.z_size)
        if vectors.shape != wanted:
            size = f"({'n' if count is None else count}, {self.config.z_size})"
            raise BadSettingError(f"{name} has shape {vectors.shape}, and must be {size}")
        if not np.isfinite(vectors).all():
            raise BadSettingError(f"{name} holds NaN or infinite numbers")
        return vectors

    def _batch(
        self, drawings: Sequence[Drawing], prepare: bool, first: int
    ) -> dict[str, NDArray[Any]]:
        """Return drawings as a batch in model units, all padded to N_max; `first` is their place.

        Offsets are clipped as those of the training data are.
        """
        parts = []
        limit = self.config.max_seq_len
        for number, drawing in enumerate(drawings, first):
            rows = (self.preparation.apply(drawing) if prepare else drawing).to_stroke3()
            if not 0 < len(rows) <= limit:
                problem = f"has {len(rows)} steps, and the model takes 1 to {limit}"
                hint = "simplify it first" if len(rows) else "leave it out"
                raise BadDrawingError(problem, where=f"drawing {number}", hint=hint)
            parts.append(rows)
        lengths = np.array([len(rows) for rows in parts], dtype=np.int64)
        flat = np.concatenate(parts)
        flat[:, :2] = np.clip(flat[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT) / self.config.scale_factor
        return pad(flat.astype(np.float32), lengths, limit)

    def _get_evaluator(self) -> Evaluator:
        network = self.network
        if self._evaluator is None:
            from sketchrnn.training.evaluate import Evaluator

            self._evaluator = Evaluator(network)
        return self._evaluator

    def _evaluate_batch(self, batch: dict[str, NDArray[Any]]) -> dict[str, Array]:
        return self._get_evaluator()(batch)


def load(model: str | PathLike[str]) -> SketchRNN:
    """Load a model.

    Args:
        model: A model folder, or the name of a model that comes with the package.

    Raises:
        BadFileError: If there is none, or a file of it is missing, damaged or does not match.
    """
    return SketchRNN.load(model)


def from_pretrained(
    model: str | PathLike[str],
    revision: str | None = None,
    cache_dir: str | PathLike[str] | None = None,
) -> SketchRNN:
    """Do what `load` does, and also read USER/NAME of the Hugging Face hub.

    See `SketchRNN.from_pretrained`.
    """
    return SketchRNN.from_pretrained(model, revision, cache_dir)


def train(
    data: str | PathLike[str] | DataFile,
    out: str | PathLike[str],
    preset: str | None = None,
    steps: int | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    init_from: str | PathLike[str] | None = None,
    watcher: Watcher | None = None,
    **settings: Any,
) -> SketchRNN:
    """Teach a model to draw.

    Args:
        data: A data file, or its path.
        out: The run's folder: a model folder of the best validation, with checkpoints, pages of
            drawings and figures beside it.
        preset: "magenta" (the default), "paper", "kanji" or "small"; see `training.presets`.
        steps: Steps in all; None for the preset's.
        resume: Go on with the run in `out`, with its settings; steps and minutes may be new.
        overwrite: Replace the run in `out`.
        init_from: A model folder, or the name of a shipped model: begin with its network, units and
            weights. Without a preset the training is that of `training.parent.GOING_ON`.
        watcher: Is told of every step, validation, page and checkpoint.
        **settings: Settings that differ from the preset, such as batch_size=50.

    Returns:
        The best model.

    Raises:
        BadSettingError: If a setting is unknown or cannot be used.
        BadFileError: If the data cannot be read, or there is nothing to resume.
        OutputExistsError: If `out` exists.
        MissingDependencyError: If Keras or its backend is not installed.
    """
    if steps is not None:
        settings["steps"] = steps
    with _opened(data) as file:
        from sketchrnn.training.run import train_run

        train_run(
            file,
            Path(out),
            preset=preset,
            changes=settings,
            resume=resume,
            overwrite=overwrite,
            init_from=None if init_from is None else str(init_from),
            watcher=watcher,
        )
    return load(out)


def _opened(
    data: str | PathLike[str] | DataFile,
) -> contextlib.AbstractContextManager[DataFile]:
    """Open a path and close it in the end; leave a file that is open as it is."""
    return contextlib.nullcontext(data) if isinstance(data, DataFile) else open_data(data)


def _as_list(drawings: Drawing | Iterable[Drawing]) -> list[Drawing]:
    listed: list[Any] = [drawings] if isinstance(drawings, Drawing) else list(drawings)
    for number, drawing in enumerate(listed):
        if not isinstance(drawing, Drawing):
            raise BadDrawingError(
                f"expected a Drawing, got {type(drawing).__name__}", where=f"drawing {number}"
            )
    return listed


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
