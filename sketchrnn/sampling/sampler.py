"""What draws: a network with its preparation, and the Drawings that come of it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import operator
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.batches import OFFSET_LIMIT, latent_noise, pad
from sketchrnn.data.categories import category_index
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import (
    BadDrawingError,
    BadFileError,
    BadSettingError,
    Drawing,
    Drawings,
    as_list,
)
from sketchrnn.model import backend, folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories, threads
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.mixture import sampling_noise
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.steps import Decoder, sample_steps
from sketchrnn.sampling.temperature import TemperatureSpec, plain, temperature_steps

if TYPE_CHECKING:
    from sketchrnn.model.vae import SketchVAE

Array = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Is called with how many drawings are done, and of how many."""

COMPILED_FROM = 16_384
"""Requests of so many drawings are drawn by the compiled decoder, where a framework is installed.
On a CPU both decoders spend their time in the same matrix products, and the compiled one takes some
10 s to import and to compile; see `benchmarks/sampling.py`."""

ENCODER_BATCH = 256
"""Drawings in a batch of the encoder or of the evaluation."""

_DRAWN_AT_ONCE = 1024
"""The largest batch: memory stays bounded, and larger ones are no faster."""


@dataclasses.dataclass(frozen=True)
class SamplingSettings:
    """How steps are sampled.

    Attributes:
        temperature: tau, or one for each output, or a schedule; see `sampling.temperature`.
        rule: "paper", "magenta" or "js"; see `sampling.mixture`.
        max_steps: The most steps of a drawing; None for the network's N_max.
        seed: Of z and of every step; None: a fresh one.
    """

    temperature: TemperatureSpec
    rule: str = "paper"
    max_steps: int | None = None
    seed: int | None = None

    def with_seed(self) -> tuple[SamplingSettings, int]:
        """Return settings that have a seed, and the seed.

        Raises:
            BadSettingError: If the seed is no whole number from 0 to 2^63.
        """
        seed = check_seed(self.seed)
        return dataclasses.replace(self, seed=seed), seed


@dataclasses.dataclass(frozen=True, eq=False)
class Conditions:
    """What the decoder draws n drawings under.

    Attributes:
        z: (n, z_size); None: drawn from the prior, if the decoder takes one.
        categories: The name of each drawing's; None: all equally often, in an order that depends on
            the seed, if the decoder knows categories.
        embeddings: (n, category_size) vectors; None: those of the categories.
        numbers: What number each drawing has; None: 0 to n - 1. Equal numbers share their noise.
    """

    z: Array | None = None
    categories: Sequence[str] | None = None
    embeddings: Array | None = None
    numbers: Sequence[int] | None = None


def check_seed(seed: int | None) -> int:
    """Return a seed as a number, or make a fresh one.

    Args:
        seed: A whole number, or None.

    Raises:
        BadSettingError: If it is no whole number from 0 to 2^63.
    """
    if seed is None:
        return secrets.randbits(32)
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 1 << 63:
        raise BadSettingError(f"seed is {seed!r}, and must be a whole number from 0 to 2^63")
    return number


def make_condition(z: Array | None, embedding: Array | None) -> Array | None:
    """Return what the decoder gets at every step: z, then the vector of the category.

    Args:
        z: (n, z_size), or None for a decoder that takes no z.
        embedding: (n, category_size), or (1, category_size) for all, or None for a decoder that
            knows no categories.

    Returns:
        (n, condition_size); None for a decoder that takes neither.
    """
    if z is None or embedding is None:
        return embedding if z is None else z
    if len(embedding) != len(z):
        embedding = np.repeat(embedding, len(z), axis=0)
    return np.concatenate([z, embedding], axis=1)


def sample_drawings(
    decoder: Decoder,
    count: int,
    settings: SamplingSettings,
    conditions: Conditions | None = None,
    notes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Drawing]:
    """Let a decoder make drawings in data units, the first point at (0, 0).

    Args:
        decoder: Predicts steps.
        count: n.
        settings: How they are sampled. Drawing k depends on (seed, k) alone.
        conditions: Of each drawing; None: all from the prior.
        notes: Metadata for every drawing, beside seed, number, temperature and rule.
        progress: Is called with how many drawings are done, and of how many.

    Raises:
        BadSettingError: If a setting, the count or a category cannot be used.
    """
    config = decoder.config
    given = conditions or Conditions()
    settings, seed = settings.with_seed()
    max_steps = settings.max_steps
    if max_steps is not None and max_steps < 1:
        raise BadSettingError(f"max_steps is {max_steps}, and must be 1 or more")
    if count < 0:
        raise BadSettingError(f"the number of drawings is {count}, and must be 0 or more")
    numbers = range(count) if given.numbers is None else given.numbers
    names = given.categories
    if names is None and config.categories:
        names = categories.spread(config.categories, seed, numbers)
    steps = max_steps or config.max_seq_len
    temperatures = temperature_steps(settings.temperature, settings.rule, steps, config.max_seq_len)
    drawings = []
    for first in range(0, count, _DRAWN_AT_ONCE):
        some = slice(first, first + _DRAWN_AT_ONCE)
        part = numbers[some]
        z = embedding = None
        if given.z is not None:
            z = given.z[some]
        elif config.conditional:
            z = np.stack([latent_noise(seed, k, config.z_size) for k in part])
        if given.embeddings is not None:
            embedding = given.embeddings[some]
        elif names is not None and decoder.embeddings is not None:
            places = [category_index(name, config.categories) for name in names[some]]
            embedding = decoder.embeddings[places]
        noise = np.stack([sampling_noise(seed, k, steps) for k in part])
        watch = None if progress is None else partial(_report, progress, first, count)
        condition = make_condition(z, embedding)
        drawn = sample_steps(decoder, condition, noise, temperatures, watch)
        for place, (number, rows) in enumerate(zip(part, drawn, strict=True), first):
            rows = rows.astype(np.float64)
            rows[:, :2] *= config.scale_factor
            drawings.append(
                Drawing.from_stroke3(
                    rows,
                    category=None if names is None else names[place],
                    metadata={
                        "seed": seed,
                        "number": number,
                        "temperature": plain(settings.temperature),
                        "temperature_rule": settings.rule,
                        **(notes or {}),
                    },
                )
            )
    return drawings


def _report(progress: Progress, before: int, count: int, ended: int) -> None:
    progress(before + ended, count)


class Sampler:
    """A network's weights with what turns drawings into its steps and back; needs no framework.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
        preparation: How drawings become data units.
        provenance: Where the weights come from.

    Attributes:
        config: The network's shape.
        weights: The float32 arrays by name.
        preparation: How drawings become data units.
        provenance: Where the weights come from.
        name: Of the folder that it was loaded from.
        progress: Is called, while drawings are made, with how many are done and of how many.

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
        self.weights = {name: np.asarray(weights[name], dtype=np.float32) for name in shapes}
        for name, shape in shapes.items():
            got = self.weights[name].shape
            if got != shape:
                raise BadSettingError(f"weight {name!r} is {got}, not {shape}")
        self.config = config
        self.preparation = preparation or Preparation()
        self.provenance = dict(provenance or {})
        self.name: str | None = None
        self.progress: Progress | None = None

    @classmethod
    def load(cls, model: str | PathLike[str]) -> Self:
        """Read a model folder, or a shipped model by its name.

        Args:
            model: The folder or the name.

        Raises:
            BadFileError: If there is none, or a file of it is missing, damaged or does not match.
        """
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

    @functools.cached_property
    def decoder(self) -> NumpyDecoder:
        """The decoder in NumPy, which also rates what is there already."""
        return NumpyDecoder(self.config, self.weights)

    @functools.cached_property
    def encoder(self) -> NumpyEncoder | None:
        """The encoder in NumPy; None for a decoder alone."""
        return NumpyEncoder(self.config, self.weights) if self.config.conditional else None

    @functools.cached_property
    def network(self) -> SketchVAE:
        """The Keras model with these weights, made when it is first asked for.

        Raises:
            MissingDependencyError: If Keras or its backend is not installed.
        """
        backend.load_backend()
        from sketchrnn.model.vae import SketchVAE

        kl_min = (self.provenance.get("settings") or {}).get("kl_min", 0.2)
        network = SketchVAE(self.config, kl_min=kl_min)
        for name, variable in network.named_weights().items():
            variable.assign(self.weights[name])
        return network

    @functools.cached_property
    def compiled_decoder(self) -> Decoder:
        """The decoder as the backend compiles it."""
        network = self.network
        from sketchrnn.sampling.compiled_decoder import CompiledDecoder

        return CompiledDecoder(network)

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell these weights from others."""
        digest = hashlib.sha256()
        for name, array in sorted(self.weights.items()):
            digest.update(f"{name} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return digest.hexdigest()[:16]

    @property
    def signature(self) -> dict[str, Any]:
        """What every drawing of this model says of it."""
        from sketchrnn import __version__

        data = self.provenance.get("data") or {}
        return {
            "model": self.name,
            "weights": self.fingerprint,
            "sketchrnn": __version__,
            "numpy": np.__version__,
            **{key: data[key] for key in ("licence", "attribution") if data.get(key)},
        }

    def decoder_for(self, count: int) -> Decoder:
        """Return what draws so many drawings soonest.

        Args:
            count: How many.
        """
        if count < COMPILED_FROM or not backend.available():
            return self.decoder
        return self.compiled_decoder

    def sample(
        self,
        count: int,
        settings: SamplingSettings,
        conditions: Conditions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> list[Drawing]:
        """Draw; see `sample_drawings`.

        Args:
            count: n.
            settings: How the drawings are sampled.
            conditions: Of each drawing; None: all from the prior.
            notes: More metadata for every drawing.

        Returns:
            n Drawings in data units that say which model drew them.

        Raises:
            BadSettingError: If a setting, the count or a category cannot be used.
        """
        # with the extent, a drawing that is prepared again keeps its size
        notes = {"extent": self.preparation.extent, **self.signature, **(notes or {})}
        decoder = self.decoder_for(count)
        with threads.one_thread():
            return Drawings(
                sample_drawings(decoder, count, settings, conditions, notes, self.progress)
            )

    def encode(
        self, drawings: Drawing | Iterable[Drawing], prepare: bool = True, category: Wanted = None
    ) -> Array:
        """Return the mean of each drawing's latent distribution, (n, z_size).

        Args:
            drawings: One or several, of any unit.
            prepare: Whether to scale and simplify them as the training data were; False: they
                are in data units already.
            category: For a model that knows several categories, what they are: a name for all,
                or one for each; None: what each drawing says.

        Raises:
            BadSettingError: If the model has no encoder, or does not know the category.
            BadDrawingError: If a drawing is empty, has more steps than the model takes, or lacks
                a category that the model knows.
        """
        if self.encoder is None:
            raise BadSettingError("this model has no encoder", hint="use a model with one (a VAE)")
        given = as_list(drawings)
        names = categories.of_drawings(given, category, self.config.categories)
        means = [np.zeros((0, self.config.z_size), np.float32)]
        for first in range(0, len(given), ENCODER_BATCH):
            part = slice(first, first + ENCODER_BATCH)
            batch = self.batch(given[part], prepare, first)
            embedding = None if names is None else self.embed_categories(names[part])
            means.append(self.encoder(batch["stroke5"][:, 1:], batch["lengths"], embedding)[0])
        return np.concatenate(means).astype(np.float32)

    def reconstruct(
        self,
        drawings: Drawing | Iterable[Drawing],
        settings: SamplingSettings,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw drawings again from what the encoder keeps of them.

        Args:
            drawings: One or several, of any unit.
            settings: How they are sampled.
            prepare: See `encode`.
            category: See `encode`.

        Raises:
            BadSettingError: See `encode`.
            BadDrawingError: See `encode`.
        """
        given = as_list(drawings)
        z = self.encode(given, prepare, category)
        names = categories.of_drawings(given, category, self.config.categories)
        return self.sample(len(z), settings, Conditions(z=z, categories=names))

    def batch(
        self, drawings: Sequence[Drawing], prepare: bool, first: int = 0
    ) -> dict[str, NDArray[Any]]:
        """Return drawings as a batch in model units, all padded to N_max.

        Offsets are clipped as those of the training data are.

        Args:
            drawings: One or more.
            prepare: See `encode`.
            first: The number of the first, for messages.

        Raises:
            BadDrawingError: If a drawing is empty or has more steps than the model takes.
        """
        parts = []
        limit = self.config.max_seq_len
        for number, drawing in enumerate(drawings, first):
            rows = (self.preparation.apply(drawing) if prepare else drawing).to_stroke3()
            if not 0 < len(rows) <= limit:
                problem = f"has {len(rows)} steps, and the model takes 1 to {limit}"
                hint = "simplify it first" if len(rows) else "omit it"
                raise BadDrawingError(problem, where=f"drawing {number}", hint=hint)
            parts.append(rows)
        lengths = np.array([len(rows) for rows in parts], dtype=np.int64)
        flat = np.concatenate(parts)
        flat[:, :2] = np.clip(flat[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT) / self.config.scale_factor
        return pad(flat.astype(np.float32), lengths, limit)

    def category_numbers(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return categories as the network counts them.

        Args:
            names: n categories.

        Raises:
            BadSettingError: If the model does not know one.
        """
        return np.array(
            [category_index(name, self.config.categories) for name in names], dtype=np.int32
        )

    def embed_categories(self, names: Sequence[str]) -> Array:
        """Return the vectors of categories, (n, category_size).

        Args:
            names: n categories.

        Raises:
            BadSettingError: If the model does not know one.
        """
        return self.weights["categories/embedding"][self.category_numbers(names)]

    def check_z(self, z: ArrayLike, name: str = "z", count: int | None = None) -> Array:
        """Return latent vectors, or their noise, as (count, z_size) float32.

        Args:
            z: What is to be checked.
            name: Of the argument, for messages.
            count: How many there must be; None: any number.

        Raises:
            BadSettingError: If the model takes no z, or the shape or a number cannot be used.
        """
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
