"""The part of SketchRNN that finishes what somebody has begun."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import BadSettingError, Drawing, Drawings
from sketchrnn.sampling import categories, completion
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.mixture import Temperature
from sketchrnn.sampling.sampler import Progress
from sketchrnn.sampling.temperature import TemperatureSpec, plain, temperature_steps
from sketchrnn.sketch_rnn.held import Held

Array = NDArray[np.float32]

SOURCES_OF_Z = ("fitting", "prior", "own")

TRIES = 4
"""So often an ending is begun, at most, until it ends by itself."""

_TRY = 1 << 32  # tells the random numbers of tries apart; numbers of endings are smaller


class Completing:
    """Drawing on from a beginning."""

    def complete(
        self: Held,
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
        if n < 0:
            raise BadSettingError(f"the number of drawings is {n}, and must be 0 or more")
        number = self._check_seed(seed)
        limit = max_steps or self.config.max_seq_len
        if limit < 1:
            raise BadSettingError(f"max_steps is {max_steps}, and must be 1 or more")
        temperatures = temperature_steps(
            temperature, temperature_rule, limit, self.config.max_seq_len
        )
        named = _categories_of(partial, category, n, self.categories)
        vectors = _vectors(self, z, like, n, prepare, category)
        preparation = self.preparation
        if not prepare:
            preparation = type(preparation)(extent=preparation.extent, fit="keep", epsilon=0)
        size = _stated_scale(self, partial, scale, canvas, prepare)
        endings: list[tuple[completion.Beginning, completion.Ending, str | None]] = []
        for name in dict.fromkeys(named):
            numbers = [k for k, other in enumerate(named) if other == name]
            own = None if vectors is None else vectors[numbers]

            def tell(z: Array | None, name: str | None = name) -> Array | None:
                parts = [] if z is None else [z]
                if name is not None:
                    embedded = self._embedded([name])
                    parts.append(np.repeat(embedded, 1 if z is None else len(z), axis=0))
                return np.concatenate(parts, axis=1) if parts else None

            at = size or completion.likeliest_scale(
                self._decoder, partial, preparation, tell, own, open
            )
            begun = completion.begin(partial, preparation, self.config, at, open, limit)
            if own is None and isinstance(z, str) and z == "own" and self.config.conditional:
                sized = partial.with_metadata(extent=preparation.extent / at, box=None)
                own = np.repeat(self.encode(sized, True, name), len(numbers), axis=0)
            drawn = _until_they_end(
                self,
                begun,
                tell,
                own,
                isinstance(z, str) and z == "prior",
                numbers,
                temperatures,
                number,
            )
            endings += [(begun, ending, name) for ending in drawn]
        endings.sort(key=lambda each: (not each[1].ended, each[1].nats_per_step, each[1].number))
        return Drawings(
            Drawing(
                completion.join(begun, ending, self.config.scale_factor),
                category=partial.category if name is None else name,
                metadata={
                    **self._signature(),
                    "seed": number,
                    "number": ending.number,
                    "temperature": plain(temperature),
                    "temperature_rule": temperature_rule,
                    "nats": ending.nats,
                    "nats_per_step": ending.nats_per_step,
                    "steps": len(ending.rows),
                    "ended": ending.ended,
                    "tries": ending.tries,
                    "given": partial.num_points,
                    "scale": begun.scale,
                    **_units(partial, preparation.extent / begun.scale),
                },
            )
            for begun, ending, name in endings
        )


def _until_they_end(
    model: Held,
    begun: completion.Beginning,
    tell: completion.Tell,
    own: Array | None,
    from_prior: bool,
    numbers: Sequence[int],
    temperatures: Sequence[Temperature],
    seed: int,
) -> list[completion.Ending]:
    """Return an ending for each number, drawn anew while it does not end by itself.

    Args:
        model: What draws.
        begun: What is there.
        tell: From z to what the decoder is told.
        own: (n, z_size) vectors of the endings; None: each try has one of its own.
        from_prior: Whether that is from the prior as it is, not as probable as the beginning.
        numbers: Of the endings.
        temperatures: Of the steps of the whole drawing.
        seed: See `SketchRNN.generate`.
    """
    endings: dict[int, completion.Ending] = {}
    waiting = list(range(len(numbers)))
    progress, done = model.progress, 0
    for turn in range(TRIES):
        places = [numbers[k] + turn * _TRY for k in waiting]
        z = None if own is None else own[waiting]
        if z is None and model.config.conditional:
            if from_prior:
                z = np.stack([latent_noise(seed, place, model.config.z_size) for place in places])
            else:
                z = completion.fitting_z(model._decoder, begun, tell, seed, places)
        condition = tell(z)
        if condition is not None and len(condition) != len(waiting):
            condition = np.repeat(condition, len(waiting), axis=0)
        drawn = completion.draw_endings(
            model._choose_decoder(len(waiting)),
            model._decoder,
            begun,
            condition,
            numbers=places,
            temperatures=temperatures,
            seed=seed,
            tell=None if progress is None else partial(_tell, progress, done, len(numbers)),
        )
        for k, ending in zip(waiting, drawn, strict=True):
            kept = ending if ending.ended or k not in endings else endings[k]
            endings[k] = dataclasses.replace(kept, number=numbers[k], tries=turn + 1)
        waiting = [k for k in waiting if not endings[k].ended]
        done = len(numbers) - len(waiting)
        if not waiting:
            break
    if progress is not None:
        progress(len(numbers), len(numbers))
    return [endings[k] for k in range(len(numbers))]


def _tell(progress: Progress, before: int, count: int, ended: int) -> None:
    if before + ended < count:  # or else what has not ended is told as done
        progress(before + ended, count)


def _categories_of(
    partial: Drawing, category: Wanted, n: int, known: tuple[str, ...]
) -> list[str] | list[None]:
    """Return the category of each ending; None for a model that knows none."""
    if category is not None and n:
        return categories.share_out(category, n, known)
    one = categories.of_drawings([partial], category if n else None, known)
    return [None] * n if one is None else one * n


def _vectors(
    model: Held,
    z: ArrayLike | str,
    like: Drawing | Sequence[Drawing] | None,
    n: int,
    prepare: bool,
    category: Wanted,
) -> Array | None:
    """Return (n, z_size) vectors that are given; None where they must be drawn."""
    if like is not None:
        if not (isinstance(z, str) and z == "fitting"):
            raise BadSettingError("both z and like are given", hint="leave one of them away")
        models = [like] if isinstance(like, Drawing) else list(like)
        if not models:
            raise BadSettingError("like holds no drawing")
        named = None if category is None or not isinstance(category, str) else category
        return model.encode(models, prepare, named)[np.arange(n) % len(models)]
    if not isinstance(z, str):
        vectors = np.asarray(z, dtype=np.float32)
        if vectors.ndim == 1:
            vectors = np.repeat(vectors[None], n, axis=0)
        return model._check_z(vectors, "z", n)
    if z not in SOURCES_OF_Z:
        raise BadSettingError(f"z is {z!r}", hint=f"use {', '.join(SOURCES_OF_Z)} or vectors")
    return None


def _stated_scale(
    model: Held, partial: Drawing, scale: float | None, canvas: float | None, prepare: bool
) -> float | None:
    """Return data units for one of the partial's, if anything says."""
    if scale is not None and canvas is not None:
        raise BadSettingError("both scale and canvas are given", hint="leave one of them away")
    if scale is not None:
        return _above_0("scale", scale)
    if canvas is not None:
        return model.preparation.extent / _above_0("canvas", canvas)
    return completion.known_scale(partial, model.preparation) if prepare else 1.0


def _above_0(name: str, value: float) -> float:
    if not (np.isfinite(value) and value > 0):
        raise BadSettingError(f"{name} is {value}, and must be a number above 0")
    return float(value)


def _units(partial: Drawing, extent: float) -> dict[str, float]:
    """Return what tells how large a drawing in a partial's units is."""
    if "box" in partial.metadata:
        return {"box": partial.metadata["box"]}
    return {"extent": extent}
