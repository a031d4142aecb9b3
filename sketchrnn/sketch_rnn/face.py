"""The class that scripts meet, and the two ways to get one: `load` and `train`."""

from __future__ import annotations

import hashlib
import operator
import secrets
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data import DataFile, opened
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
    as_list,
)
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import Decoder, Progress, sample_drawings
from sketchrnn.sampling.temperature import TemperatureSpec
from sketchrnn.sketch_rnn import hub
from sketchrnn.sketch_rnn.choosing import Choice, generate_chosen
from sketchrnn.sketch_rnn.completing import Completing
from sketchrnn.sketch_rnn.held import ENCODED_AT_ONCE
from sketchrnn.sketch_rnn.latent_space import LatentSpace
from sketchrnn.sketch_rnn.measuring import Measuring
from sketchrnn.sketch_rnn.neighbourhood import Neighbourhood

if TYPE_CHECKING:
    from sketchrnn.model.vae import SketchVAE
    from sketchrnn.training.evaluate import Evaluator
    from sketchrnn.training.progress import Watcher
    from sketchrnn.training.team import Team

Array = NDArray[np.float32]

TEMPERATURE = 0.4
"""Of a model that does not say what suits it."""

COMPILED_FROM = 16_384
"""Requests of so many drawings are drawn by the compiled loop, where a framework is installed. On a
CPU both loops spend their time in the same matrix products, and the compiled one takes some 10 s to
import and to compile; see `benchmarks/sampling.py`."""


class SketchRNN(Completing, LatentSpace, Measuring, Neighbourhood):
    """A model: network, preparation and provenance.

    Drawing, encoding and reconstructing need no framework; `score`, `evaluate`, `losses` and
    large requests load Keras.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
        preparation: How drawings become data units.
        provenance: Where the weights come from.

    Attributes:
        progress: A function that is told, while the model draws, how many drawings are done and of
            how many; None for nobody.

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
        self.progress: Progress | None = None
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
    def temperature(self) -> TemperatureSpec:
        """The temperature that suits the model, by what its provenance says; else 0.4."""
        own: TemperatureSpec = self.provenance.get("temperature", TEMPERATURE)
        return own

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
            backend.load_backend()
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
        temperature: TemperatureSpec | None = None,
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
                for, it may be so too. None: the model's own, `temperature`.
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
        if temperature is None:
            temperature = self.temperature
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
        given = as_list(drawings)
        named = categories.of_drawings(given, category, self.categories)
        means = [np.zeros((0, self.config.z_size), np.float32)]
        for first in range(0, len(given), ENCODED_AT_ONCE):
            part = slice(first, first + ENCODED_AT_ONCE)
            batch = self._batch(given[part], prepare, first)
            told = None if named is None else self._embedded(named[part])
            means.append(self._encoder(batch["stroke5"][:, 1:], batch["lengths"], told)[0])
        return np.concatenate(means).astype(np.float32)

    def decode(
        self,
        z: ArrayLike,
        temperature: TemperatureSpec = 0.1,
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
        temperature: TemperatureSpec = 0.1,
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
        given = as_list(drawings)
        z = self.encode(given, prepare, category)
        named = categories.of_drawings(given, category, self.categories)
        return self._draw(len(z), z, temperature, temperature_rule, None, seed, categories=named)

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
        temperature: TemperatureSpec,
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
            progress=self.progress,
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
            from sketchrnn.sampling.compiled_decoder import CompiledDecoder

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
    team: Team | None = None,
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
            weights. Without a preset the training is that of `training.finetune.FINETUNE_DEFAULTS`.
        watcher: Is told of every step, validation, page and checkpoint.
        team: The processes that train together, as `training.team.join` gives it; each of them
            calls this, and the first writes `out`, which all must see.
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
    with opened(data) as file:
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
            team=team,
        )
    return load(out)
