"""The class that scripts meet, and the two ways to get one: `load` and `train`."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadSettingError, Drawing, Drawings, OutputExistsError
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.sampler import (
    Conditions,
    Progress,
    Sampler,
    SamplingSettings,
    make_condition,
)
from sketchrnn.sampling.temperature import TemperatureSpec

if TYPE_CHECKING:
    from sketchrnn.data import DataFile
    from sketchrnn.model.vae import SketchVAE
    from sketchrnn.sampling.retrieval import Data
    from sketchrnn.sampling.selection import Choice
    from sketchrnn.training.evaluation import ModelEvaluation
    from sketchrnn.training.progress import Watcher
    from sketchrnn.training.samples import SampleMetrics

Array = NDArray[np.float32]

TEMPERATURE = 0.4
"""The default temperature."""

EVALUATED_SAMPLES = 200
"""How many drawings `evaluate` has made up by default."""
ATLAS_DRAWINGS = 1000


class SketchRNN:
    """A model: network, preparation and provenance.

    Drawing, encoding and reconstructing need no framework; `score`, `evaluate`, `losses` and
    large requests load Keras.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
        preparation: How drawings become data units.
        provenance: Where the weights come from.

    Attributes:
        config: The network's shape.
        preparation: How drawings become data units.
        provenance: Where the weights come from.
        sampler: What draws and encodes.

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
        self.sampler = Sampler(config, weights, preparation, provenance)
        self.config = self.sampler.config
        self.preparation = self.sampler.preparation
        self.provenance = self.sampler.provenance

    def __repr__(self) -> str:
        """Say what it is."""
        kind = f"z {self.config.z_size}" if self.config.conditional else "decoder only"
        size = sum(array.size for array in self.sampler.weights.values())
        return f"SketchRNN({kind}, {self.config.decoder_size} units, {size:,} parameters)"

    @property
    def weights(self) -> dict[str, Array]:
        """The weights by name."""
        return dict(self.sampler.weights)

    @property
    def name(self) -> str | None:
        """The name of the folder that it was loaded from."""
        return self.sampler.name

    @name.setter
    def name(self, name: str | None) -> None:
        self.sampler.name = name

    @property
    def progress(self) -> Progress | None:
        """Is called, while the model draws, with how many drawings are done, and of how many."""
        return self.sampler.progress

    @progress.setter
    def progress(self, progress: Progress | None) -> None:
        self.sampler.progress = progress

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of the categories that it knows; none for a model of one kind."""
        return self.config.categories

    @property
    def temperature(self) -> TemperatureSpec:
        """The temperature that suits the model, by what its provenance says; else 0.4."""
        own: TemperatureSpec = self.provenance.get("temperature", TEMPERATURE)
        return own

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell these weights from others."""
        return self.sampler.fingerprint

    @property
    def network(self) -> SketchVAE:
        """The Keras model with these weights, made when it is first asked for.

        Raises:
            MissingDependencyError: If Keras or its backend is not installed.
        """
        return self.sampler.network

    @functools.cached_property
    def _evaluation(self) -> ModelEvaluation:
        from sketchrnn.training.evaluation import ModelEvaluation

        return ModelEvaluation(self.sampler)

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
                novel_to="kanji.h5" or diverse=True; see `sampling.selection.Choice`.

        Returns:
            n Drawings in data units, the first point at (0, 0). What the methods return is a list
            in every way, and a notebook shows it as a page. With a choice there are fewer where
            not enough were found; drawing k of a choice that removes none is drawing k without it.

        Raises:
            BadSettingError: If an argument cannot be used, or the choice leaves nothing; the
                message says how many each filter removed.
        """
        settings = SamplingSettings(
            self.temperature if temperature is None else temperature,
            temperature_rule,
            max_steps,
            seed,
        )
        names = None
        if category is not None:
            names = categories.share_out(category, n, self.categories)
        vectors = None if z is None else self.sampler.check_z(z)
        if vectors is not None and len(vectors) != n:
            raise BadSettingError(f"z has {len(vectors)} rows, and {n} drawings are wanted")
        conditions = Conditions(z=vectors, categories=names)
        if choice:
            from sketchrnn.sampling.selection import generate_chosen

            return Drawings(generate_chosen(self.sampler, n, settings, conditions, choice))
        if vectors is not None:
            return self.sampler.sample(n, settings, conditions)
        several = None if category is None or isinstance(category, str) else list(category)
        notes = {  # what a recipe needs to know
            "command": "generate",
            "n": n,
            "category": several or category,
            "max_steps": max_steps,
        }
        return self.sampler.sample(n, settings, conditions, notes)

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
        return self.sampler.encode(drawings, prepare, category)

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
        vectors = self.sampler.check_z(z)
        names = categories.require(category, len(vectors), self.categories)
        settings = SamplingSettings(temperature, temperature_rule, max_steps, seed)
        return self.sampler.sample(len(vectors), settings, Conditions(vectors, names))

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
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return self.sampler.reconstruct(drawings, settings, prepare, category)

    # Going on from a beginning

    def complete(
        self,
        partial: Drawing,
        n: int = 9,
        temperature: TemperatureSpec = 0.25,
        temperature_rule: str = "paper",
        seed: int | None = None,
        *,
        open: bool = False,
        z: ArrayLike | str = "fitting",
        like: Drawing | Sequence[Drawing] | None = None,
        category: Wanted = None,
        scale: float | None = None,
        canvas: float | None = None,
        prepare: bool = True,
        max_steps: int | None = None,
    ) -> list[Drawing]:
        """Finish a drawing that is only begun, in several ways, the likeliest first.

        What has not ended by itself by the limit of steps, a pen that scribbles on, is drawn anew,
        three times at most, and comes last if that is in vain.

        Args:
            partial: What is there, of any unit.
            n: How many endings.
            temperature: tau; see `generate`. A schedule counts the steps that are there.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`. Ending k depends on (seed, k) and the partial alone.
            open: The last stroke goes on from its last point; else the pen has been lifted.
            z: Of a model with an encoder: "fitting": from the prior, as probable as the partial
                makes it; "prior": from the prior as it is; "own": the partial's encoding, which
                takes it for nearly finished; or (z_size,) or (n, z_size) vectors.
            like: Drawings whose encodings the endings take in turn, in place of `z`.
            category: See `encode`; or several, which share the endings out.
            scale: Data units for one of the partial's.
            canvas: The side of the canvas that it was drawn on, in its own units: the canvas that
                a whole drawing fills. In place of `scale`.
            prepare: False: it is in data units already, neither scaled nor simplified.
            max_steps: The most steps that the whole may have; None for the network's N_max.

            Without scale and canvas, `extent` or `box` of its metadata tell how large it is, and
            else it is read at the scale at which the model finds it likeliest.

        Returns:
            n Drawings in the partial's units and place. Each begins with the partial's own strokes,
            untouched (of an open one the last goes on), and says in its metadata: `nats` of the
            ending, its end included, in model units, `nats_per_step`, by which they are ranked (the
            sum would prefer what has more steps), its `steps`, whether it `ended` by itself or by
            the limit of steps, in how many `tries`, how many points were `given`, and the `scale`.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadDrawingError: If the partial has no strokes, or leaves no room for another step.
        """
        from sketchrnn.sampling import completion

        settings = SamplingSettings(temperature, temperature_rule, max_steps, seed)
        given = completion.Given(open, z, like, category, scale, canvas, prepare)
        return completion.complete(self.sampler, partial, n, settings, given)

    # Travelling in the latent space. The vectors of categories go the same ways as z, straight, and
    # a drawing says the category whose vector is nearest.

    def interpolate(
        self,
        a: Drawing,
        b: Drawing,
        frames: int = 8,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
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
        from sketchrnn.sampling import latent

        points = latent.encode(self.sampler, [a, b], prepare, category)
        way = points.along(lambda ends, m: latent.interpolate(ends[0], ends[1], frames, m), method)
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return latent.draw(self.sampler, way, settings, together=True)

    def loop(
        self,
        drawings: Iterable[Drawing],
        frames: int = 24,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw a way through drawings that comes back to the first.

        Args:
            drawings: Two or more, in the order of the way.
            frames: How many to draw, as many as drawings or more; the first is not drawn again at
                the end, so that a film of them goes round.
            method: "slerp" or "lerp".
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            `frames` Drawings in data units.

        Raises:
            BadSettingError: If there are fewer than two drawings, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        points = latent.encode(self.sampler, list(drawings), prepare, category)
        way = points.along(lambda stops, m: latent.loop(stops, frames, m), method)
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return latent.draw(self.sampler, way, settings, together=True)

    def grid(
        self,
        corners: Iterable[Drawing],
        rows: int = 5,
        columns: int = 5,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[list[Drawing]]:
        """Draw what lies between four drawings.

        Args:
            corners: Top left, top right, bottom left, bottom right.
            rows: 2 or more.
            columns: 2 or more.
            method: "slerp" or "lerp".
            temperature: tau. All drawings share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            Rows of Drawings in data units, as `gallery` takes them.

        Raises:
            BadSettingError: If there are not four corners, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        points = latent.encode(self.sampler, list(corners), prepare, category)
        count = rows * columns
        between = points.along(
            lambda ends, m: latent.grid(ends, rows, columns, m).reshape(count, -1), method
        )
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        flat = latent.draw(self.sampler, between, settings, together=True)
        return Drawings(flat[first : first + columns] for first in range(0, len(flat), columns))

    def shift(
        self,
        drawings: Drawing | Iterable[Drawing],
        away: Drawing | Iterable[Drawing],
        towards: Drawing | Iterable[Drawing],
        strength: float = 1.0,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw drawings again, moved by the difference of two sets' means.

        Args:
            drawings: What is moved.
            away: One or several that they are moved away from, such as plain ones.
            towards: One or several that they are moved towards, such as bold ones.
            strength: 1 for the whole difference, 0 for none; negative for the other way.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`. With the same seed, drawings of several strengths can be compared.
            prepare: See `encode`.
            category: A name for all; None: what each drawing says.

        Returns:
            As many Drawings as are moved, in data units.

        Raises:
            BadSettingError: If a set is empty, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        points, origin, target = (
            latent.encode(self.sampler, some, prepare, category)
            for some in (drawings, away, towards)
        )
        moved = points.shifted(origin, target, strength)
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return latent.draw(self.sampler, moved, settings)

    def analogy(
        self,
        a: Drawing,
        b: Drawing,
        c: Drawing,
        n: int = 1,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw a - b + c: what stands to c as a stands to b.

        Args:
            a: A drawing.
            b: What it is without something.
            c: What should have that instead.
            n: How many drawings of it.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            n Drawings in data units.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        points = latent.encode(self.sampler, [a, b, c], prepare, category)
        found = points.along(lambda three, _: np.repeat(latent.analogy(*three)[None], n, axis=0))
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return latent.draw(self.sampler, found, settings)

    def average(
        self,
        drawings: Iterable[Drawing],
        n: int = 1,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw what several drawings have in common: the mean of their z.

        Args:
            drawings: One or more.
            n: How many drawings of it.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            n Drawings in data units.

        Raises:
            BadSettingError: If there is no drawing, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        points = latent.encode(self.sampler, drawings, prepare, category)
        mean = points.along(lambda some, _: np.repeat(latent.average(some)[None], n, axis=0))
        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        return latent.draw(self.sampler, mean, settings)

    def walk(
        self,
        start: Drawing | ArrayLike | None = None,
        frames: int = 16,
        stride: float = 0.3,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: str | None = None,
    ) -> list[Drawing]:
        """Draw a random walk, which never leaves the region where drawings are.

        Args:
            start: A drawing, or its z (z_size,); None: a random one.
            frames: How many drawings, the start among them.
            stride: How far a step goes: from 0, which stands still, to 1, all of the way.
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: Of the walk and of the drawings; see `generate`.
            prepare: See `encode`.
            category: See `encode`; without a drawing it must be named.

        Returns:
            `frames` Drawings in data units.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import latent

        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        settings, number = settings.with_seed()
        first = latent.start_of_walk(self.sampler, start, number, prepare, category)
        way = latent.Points(
            latent.walk(first.z[0], frames, stride, number),
            None if first.embeddings is None else np.repeat(first.embeddings, frames, axis=0),
        )
        return latent.draw(self.sampler, way, settings, together=True)

    # Neighbours and maps, by z

    def neighbours(
        self,
        drawing: Drawing,
        data: Data,
        k: int = 8,
        split: str = "all",
        prepare: bool = True,
        progress: Progress | None = None,
    ) -> list[Drawing]:
        """Find the drawings of a data file that are most like one, by z.

        Args:
            drawing: Of any unit.
            data: Where to look.
            k: How many.
            split: "train", "valid", "test" or "all", of a data file.
            prepare: See `encode`; for `drawing`.
            progress: Is called with how many drawings have been encoded, and of how many.

        Returns:
            k Drawings of the data, the nearest first, with `place` among those looked at and
            `distance` in z in their metadata.

        Raises:
            BadSettingError: If the model has no encoder, or there are not so many drawings.
            BadFileError: If the file cannot be read, or has no such split.
            BadDrawingError: See `encode`.
        """
        from sketchrnn.sampling import retrieval

        (z,) = self.encode(drawing, prepare)
        with retrieval.Pool(data, split) as pool:
            others = pool.encode(self.sampler, range(len(pool)), progress)
            places, distances = retrieval.neighbours(z, others, k)
            return Drawings(
                pool[int(place)].with_metadata(place=int(place), distance=float(distance))
                for place, distance in zip(places, distances, strict=True)
            )

    def atlas(
        self,
        data: Data,
        n: int = ATLAS_DRAWINGS,
        split: str = "all",
        columns: int | None = None,
        method: str = "pca",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[list[Drawing | None]]:
        """Lay drawings out so that neighbours are alike, by z.

        Args:
            data: A data file, its path, or drawings.
            n: How many at the most, chosen at random.
            split: "train", "valid", "test" or "all", of a data file.
            columns: Of the grid; None: as many as make it a square.
            method: "pca", or "tsne", which takes longer and needs scikit-learn; see
                `sampling.retrieval`.
            seed: Of the choice.
            progress: Is called with how many drawings have been encoded, and of how many.

        Returns:
            Rows of Drawings, as `gallery` takes them, with their `place` in the data; None in the
            cells that are left over.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadFileError: If the file cannot be read, or has no such split.
            BadDrawingError: See `encode`.
            MissingDependencyError: If t-SNE is asked for and scikit-learn is not there.
        """
        from sketchrnn.sampling import retrieval

        if n < 1:
            raise BadSettingError(f"n is {n}, and must be 1 or more")
        with retrieval.Pool(data, split) as pool:
            chosen = pool.choose(n, seed)
            z = pool.encode(self.sampler, chosen, progress)
            return Drawings(
                [None if k < 0 else pool[chosen[k]].with_metadata(place=chosen[k]) for k in row]
                for row in retrieval.lay_out(z, columns, method)
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
        return self._evaluation.score(drawings, prepare, category)

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
        from sketchrnn.data import opened

        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        with opened(data) as file:
            return self._evaluation.evaluate(file, split, samples, settings)

    def judge_samples(
        self,
        data: str | PathLike[str] | DataFile,
        split: str = "test",
        samples: int = EVALUATED_SAMPLES,
        temperature: float = 0.4,
        temperature_rule: str = "paper",
        seed: int = 0,
    ) -> SampleMetrics:
        """Let the model make drawings up, and measure whether they are valid, new and diverse.

        Args:
            data: The file that the model learned from, or its path.
            split: Whose drawings the samples are compared with.
            samples: How many, 1 or more.
            temperature: Of them.
            temperature_rule: Of them.
            seed: Of them.

        Returns:
            `figures` and `pairs`, the samples most like a training drawing; see
            `training.samples.evaluate_samples`.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadFileError: If the file cannot be read, or has no such split.
        """
        from sketchrnn.data import opened

        settings = SamplingSettings(temperature, temperature_rule, seed=seed)
        with opened(data) as file:
            return self._evaluation.judge_samples(file, split, samples, settings)

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
        from sketchrnn.sampling.likelihood import mixture_params

        rows = np.asarray(stroke5, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != 5 or len(rows) == 0:
            raise BadSettingError(f"stroke5 has shape {rows.shape}, and must be (T, 5), T >= 1")
        names = categories.require(category, 1, self.categories)
        embedding = None if names is None else self.sampler.embed_categories(names)
        vector = None if z is None else self.sampler.check_z(np.atleast_2d(np.asarray(z)), "z", 1)
        if z is None and self.sampler.encoder is not None:
            ended = np.append(rows[1:, 4], 1)
            length = np.array([int(np.argmax(ended == 1))], dtype=np.int32)
            vector = self.sampler.encoder(rows[None, 1:], length, embedding)[0]
        return mixture_params(self.sampler.decoder, make_condition(vector, embedding), rows)

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
        return self._evaluation.losses(stroke5_with_start, lengths, eps, category)

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
        target, weights = Path(path), self.sampler.weights
        notes: dict[str, Any] = {
            "preparation": self.preparation.to_dict(),
            "provenance": self.provenance,
            "safetensors": safetensors,
        }
        if not overwrite or not target.exists() or (target.is_dir() and not any(target.iterdir())):
            return folder.write(
                target, self.config, self.sampler.weights, **notes, overwrite=overwrite
            )
        if not (target / folder.CONFIG_FILE).is_file():
            raise OutputExistsError(
                "exists and is no model folder", path=target, hint="choose another name"
            )
        folder.write_into(target, self.config, weights, **notes)
        return target

    save_pretrained = save

    @classmethod
    def load(cls, model: str | PathLike[str]) -> Self:
        """Read a model folder, or a shipped model by its name; see `load`."""
        read = Sampler.load(model)
        loaded = cls(read.config, read.weights, read.preparation, read.provenance)
        loaded.name = read.name
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
        from sketchrnn.model import hub

        loaded = cls.load(hub.find(model, revision, cache_dir))
        loaded.name = Path(model).resolve().name
        return loaded


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
            weights. Without a preset the training is that of `training.finetune.FINETUNE_DEFAULTS`.
        watcher: Is notified of every step, validation, page and checkpoint.
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
    from sketchrnn.data import opened

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
        )
    return load(out)
