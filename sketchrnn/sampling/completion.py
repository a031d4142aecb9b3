"""Going on from a drawing that somebody has begun.

The steps that are there are fed to the decoder, which then draws the rest. Two things about a
drawing that is only begun must be guessed, and the model itself guesses them best.

- How large it is. Its bounds tell little: a wheel is smaller than a car. Where it does not say
  what canvas it lives in, it is read at the scale at which the model finds it likeliest.
- What it will become, z. Its own encoding is that of a drawing that is finished, which has little
  more to come. Instead z is drawn from the prior, each with the probability that the beginning
  gives it: of `POOL` vectors, by how likely the decoder finds the beginning under each.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.batches import OFFSET_LIMIT, latent_noise
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import (
    START_TOKEN,
    BadDrawingError,
    BadSettingError,
    Drawing,
    Drawings,
    PenState,
)
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories, threads
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.likelihood import log_sum_exp, nats_of_rows
from sketchrnn.sampling.mixture import Temperature, sampling_noise
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import Sampler, SamplingSettings, make_condition
from sketchrnn.sampling.steps import draw_on
from sketchrnn.sampling.temperature import plain, temperature_steps

Array = NDArray[np.float32]
MakeCondition = Callable[[Array | None], Array | None]
"""From z to the decoder's condition: z and the vector of a category."""

SOURCES_OF_Z = ("fitting", "prior", "own")

TRIES = 4
"""So often an ending is begun, at most, until it ends by itself."""

POOL = 256
"""So many vectors of the prior stand for what a drawing may become; more changed nothing seen."""

_GUESSES = 48
"""So many of them judge the scale."""
_SHARES = np.geomspace(0.2, 1.25, 12)
"""Of the usual longer side: what share of it a drawing that is begun may have."""
_TYPICAL_SHARE = 0.6
_POOL_STREAM = 0x9001
"""Told apart by this, the pool shares no random numbers with what `generate` draws."""
_CHOICE_STREAM = 3
_TRY = 1 << 32
"""Tells the random numbers of tries apart; numbers of endings are smaller."""


@dataclasses.dataclass(frozen=True, eq=False)
class Given:
    """What is said of a drawing that is begun; see `SketchRNN.complete`.

    Attributes:
        is_open: Whether its last stroke goes on.
        z: One of `SOURCES_OF_Z`, or (z_size,) or (n, z_size) vectors.
        like: Drawings whose encodings the endings take in turn.
        category: One, or several that share the endings out; None: its own.
        scale: Data units for one of its own.
        canvas: The side of the canvas that it was drawn on, in its own units.
        prepare: Whether it is scaled and simplified.
    """

    is_open: bool = False
    z: ArrayLike | str = "fitting"
    like: Drawing | Sequence[Drawing] | None = None
    category: Wanted = None
    scale: float | None = None
    canvas: float | None = None
    prepare: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Beginning:
    """A drawing that somebody has begun, as a model takes it.

    Attributes:
        drawing: As it came.
        rows: (N, 5) its steps, stroke-5 in model units; the last lifts the pen, unless the stroke
            goes on.
        scale: Data units for one of the caller's.
        is_open: Whether its last stroke goes on.
    """

    drawing: Drawing
    rows: Array
    scale: float
    is_open: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Ending:
    """What a decoder drew after a beginning.

    Attributes:
        rows: (N, 5) its steps, stroke-5 in model units, without the end.
        ended: Whether it ended by itself, not by the limit of steps.
        nats: Negative log-likelihood of its steps, and of the end if it has one, in model units.
        number: Of the ending, which its random numbers depend on.
        tries: How often it was begun.
    """

    rows: Array
    ended: bool
    nats: float
    number: int
    tries: int = 1

    @property
    def nats_per_step(self) -> float:
        """The nats of a step on average, the end counted as a step."""
        return self.nats / max(1, len(self.rows) + self.ended)


def complete(
    sampler: Sampler, partial: Drawing, n: int, settings: SamplingSettings, given: Given
) -> list[Drawing]:
    """Finish a drawing that is only begun, in several ways, the likeliest first.

    Args:
        sampler: The model.
        partial: What is there, of any unit.
        n: How many endings.
        settings: How they are sampled; `max_steps` counts the steps that are there.
        given: What is said of the drawing.

    Returns:
        n Drawings in the partial's units and place; see `SketchRNN.complete`.

    Raises:
        BadSettingError: If an argument cannot be used.
        BadDrawingError: If the partial has no strokes, or leaves no room for another step.
    """
    config = sampler.config
    if n < 0:
        raise BadSettingError(f"the number of drawings is {n}, and must be 0 or more")
    settings, seed = settings.with_seed()
    limit = settings.max_steps or config.max_seq_len
    if limit < 1:
        raise BadSettingError(f"max_steps is {settings.max_steps}, and must be 1 or more")
    temperatures = temperature_steps(settings.temperature, settings.rule, limit, config.max_seq_len)
    names = _categories_of(partial, given.category, n, config.categories)
    vectors = _given_vectors(sampler, given, n)
    preparation = sampler.preparation
    if not given.prepare:
        preparation = Preparation(extent=preparation.extent, fit="keep", epsilon=0)
    stated = _stated_scale(partial, sampler.preparation, given)
    endings: list[tuple[Beginning, Ending, str | None]] = []
    for name in dict.fromkeys(names):
        numbers = [k for k, other in enumerate(names) if other == name]
        embedding = None if name is None else sampler.embed_categories([name])
        condition_of = functools.partial(make_condition, embedding=embedding)
        z = None if vectors is None else vectors[numbers]
        scale = stated or likeliest_scale(
            sampler.decoder, partial, preparation, condition_of, z, given.is_open
        )
        begun = begin(partial, preparation, config, scale, given.is_open, limit)
        if z is None and isinstance(given.z, str) and given.z == "own" and config.conditional:
            sized = partial.with_metadata(extent=preparation.extent / scale, box=None)
            z = np.repeat(sampler.encode(sized, True, name), len(numbers), axis=0)
        from_prior = isinstance(given.z, str) and given.z == "prior"
        continuation = _Continuation(
            sampler, begun, condition_of, z, from_prior, temperatures, seed
        )
        endings += [(begun, ending, name) for ending in continuation.draw(numbers)]
    endings.sort(key=lambda each: (not each[1].ended, each[1].nats_per_step, each[1].number))
    return Drawings(
        Drawing(
            join(begun, ending, config.scale_factor),
            category=partial.category if name is None else name,
            metadata={
                **sampler.signature,
                "seed": seed,
                "number": ending.number,
                "temperature": plain(settings.temperature),
                "temperature_rule": settings.rule,
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


@dataclasses.dataclass(frozen=True, eq=False)
class _Continuation:
    """A beginning, with all that its endings depend on.

    Attributes:
        sampler: What draws.
        begun: What is there.
        condition_of: From z to the decoder's condition.
        z: (n, z_size) vectors of the endings; None: each try has one of its own.
        from_prior: Whether that is from the prior as it is, not as probable as the beginning.
        temperatures: Of the steps of the whole drawing, as many as it may have.
        seed: Of the noise.
    """

    sampler: Sampler
    begun: Beginning
    condition_of: MakeCondition
    z: Array | None
    from_prior: bool
    temperatures: Sequence[Temperature]
    seed: int

    def draw(self, numbers: Sequence[int]) -> list[Ending]:
        """Return an ending for each number, drawn anew while it does not end by itself."""
        endings: dict[int, Ending] = {}
        waiting = list(range(len(numbers)))
        progress, count = self.sampler.progress, len(numbers)
        for turn in range(TRIES):
            done = count - len(waiting)

            def report(ended: int, done: int = done) -> None:
                # what has not ended by itself is counted as done at the end
                if progress is not None and done + ended < count:
                    progress(done + ended, count)

            drawn = self._draw_once(waiting, [numbers[k] + turn * _TRY for k in waiting], report)
            for k, ending in zip(waiting, drawn, strict=True):
                kept = ending if ending.ended or k not in endings else endings[k]
                endings[k] = dataclasses.replace(kept, number=numbers[k], tries=turn + 1)
            waiting = [k for k in waiting if not endings[k].ended]
            if not waiting:
                break
        if progress is not None:
            progress(count, count)
        return [endings[k] for k in range(count)]

    def _draw_once(
        self, places: Sequence[int], numbers: Sequence[int], report: Callable[[int], None]
    ) -> list[Ending]:
        """Let the decoder go on from the beginning, and say how likely it finds each ending.

        Args:
            places: Of the endings, among those that have vectors.
            numbers: Of the endings; the noise of each depends on (seed, number) alone.
            report: Is called with how many have ended, as often as that changes.
        """
        count, given, plain_decoder = len(numbers), self.begun.rows, self.sampler.decoder
        condition = self.condition_of(self._choose_z(places, numbers))
        if condition is not None and len(condition) != count:
            condition = np.repeat(condition, count, axis=0)
        row = np.tile(START_TOKEN, (count, 1))
        hidden, cell, constant = plain_decoder.start(condition, count)
        with threads.one_thread():
            for step in given:
                _, hidden, cell = plain_decoder.step(row, hidden, cell, constant)
                row = np.tile(step, (count, 1))
        steps = len(self.temperatures)
        noise = np.stack([sampling_noise(self.seed, number, steps) for number in numbers])
        decoder = self.sampler.decoder_for(count)
        start = (row, hidden, cell, constant)
        rest = self.temperatures[len(given) :]
        drawn = draw_on(decoder, start, noise[:, len(given) :], rest, report)
        ended = [bool(len(rows) and rows[-1, 2 + PenState.END] == 1) for rows in drawn]
        endings = [rows[:-1] if end else rows for rows, end in zip(drawn, ended, strict=True)]
        whole = [np.concatenate([given, rows]) for rows in endings]
        nats = nats_of_rows(plain_decoder, condition, whole, ended)
        costs = (nats.offset + nats.pen)[:, len(given) :].sum(axis=1, dtype=np.float64)
        return [
            Ending(rows, end, float(cost), number)
            for rows, end, cost, number in zip(endings, ended, costs, numbers, strict=True)
        ]

    def _choose_z(self, places: Sequence[int], numbers: Sequence[int]) -> Array | None:
        config = self.sampler.config
        if self.z is not None:
            return self.z[list(places)]
        if not config.conditional:
            return None
        if self.from_prior:
            return np.stack([latent_noise(self.seed, k, config.z_size) for k in numbers])
        return fitting_z(self.sampler.decoder, self.begun, self.condition_of, self.seed, numbers)


def _categories_of(
    partial: Drawing, category: Wanted, n: int, known: tuple[str, ...]
) -> list[str] | list[None]:
    """Return the category of each ending; None for a model that knows none."""
    if category is not None and n:
        return categories.share_out(category, n, known)
    one = categories.of_drawings([partial], category if n else None, known)
    return [None] * n if one is None else one * n


def _given_vectors(sampler: Sampler, given: Given, n: int) -> Array | None:
    """Return (n, z_size) vectors that are given; None where they must be drawn."""
    z = given.z
    if given.like is not None:
        if not (isinstance(z, str) and z == "fitting"):
            raise BadSettingError("both z and like are given", hint="omit one of them")
        models = [given.like] if isinstance(given.like, Drawing) else list(given.like)
        if not models:
            raise BadSettingError("like holds no drawing")
        name = given.category if isinstance(given.category, str) else None
        return sampler.encode(models, given.prepare, name)[np.arange(n) % len(models)]
    if not isinstance(z, str):
        vectors = np.asarray(z, dtype=np.float32)
        if vectors.ndim == 1:
            vectors = np.repeat(vectors[None], n, axis=0)
        return sampler.check_z(vectors, "z", n)
    if z not in SOURCES_OF_Z:
        raise BadSettingError(f"z is {z!r}", hint=f"use {', '.join(SOURCES_OF_Z)} or vectors")
    return None


def _stated_scale(partial: Drawing, preparation: Preparation, given: Given) -> float | None:
    """Return data units for one of the partial's, if anything says."""
    if given.scale is not None and given.canvas is not None:
        raise BadSettingError("both scale and canvas are given", hint="omit one of them")
    if given.scale is not None:
        return _above_0("scale", given.scale)
    if given.canvas is not None:
        return preparation.extent / _above_0("canvas", given.canvas)
    return known_scale(partial, preparation) if given.prepare else 1.0


def _above_0(name: str, value: float) -> float:
    if not (np.isfinite(value) and value > 0):
        raise BadSettingError(f"{name} is {value}, and must be a number above 0")
    return float(value)


def _units(partial: Drawing, extent: float) -> dict[str, float]:
    """Return what tells how large a drawing in a partial's units is."""
    if "box" in partial.metadata:
        return {"box": partial.metadata["box"]}
    return {"extent": extent}


def begin(
    partial: Drawing,
    preparation: Preparation,
    config: ModelConfig,
    scale: float,
    is_open: bool = False,
    max_steps: int | None = None,
) -> Beginning:
    """Turn a drawing that is begun into steps in model units.

    Args:
        partial: Of any unit.
        preparation: How densely the model is used to see points.
        config: The model's.
        scale: Data units for one of the partial's.
        is_open: Whether the last stroke goes on from its last point.
        max_steps: The most steps that the whole drawing may have; None for the network's N_max.

    Raises:
        BadDrawingError: If there is no stroke, or no room for another step.
        BadSettingError: If the scale is not a number above 0.
    """
    if not partial.strokes:
        raise BadDrawingError(
            "there is nothing to go on from: the drawing has no strokes",
            hint="draw a stroke, or use generate",
        )
    if not (math.isfinite(scale) and scale > 0):
        raise BadSettingError(f"scale is {scale}, and must be a number above 0")
    moved = partial.transform(scale)
    if preparation.epsilon > 0:
        moved = moved.simplify(preparation.epsilon)
    rows = moved.to_stroke3()
    if is_open and len(rows) == 1 and moved.num_points == 1:
        rows = rows[:0]  # the pen is down at the origin, which the start token says
    limit = max_steps or config.max_seq_len
    if len(rows) >= limit:
        raise BadDrawingError(
            f"it has {len(rows)} steps, and the whole drawing may have {limit} at the most",
            hint="begin with less, or simplify it",
        )
    steps = np.zeros((len(rows), 5), dtype=np.float32)
    offsets = np.clip(rows[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT)
    steps[:, :2] = offsets / config.scale_factor
    steps[:, 2 + PenState.UP] = rows[:, 2]
    if is_open and len(rows):
        steps[-1, 2 + PenState.UP] = 0
    steps[:, 2 + PenState.DOWN] = 1 - steps[:, 2 + PenState.UP]
    return Beginning(partial, steps, scale, is_open)


def known_scale(partial: Drawing, preparation: Preparation) -> float | None:
    """Return data units for one of a partial drawing's, if its metadata tell; None if not."""
    for note in ("extent", "box"):
        side = partial.metadata.get(note)
        if isinstance(side, (int, float)) and math.isfinite(side) and side > 0:
            return preparation.extent / float(side)
    return None


def likeliest_scale(
    decoder: NumpyDecoder,
    partial: Drawing,
    preparation: Preparation,
    condition_of: MakeCondition,
    z: Array | None,
    is_open: bool = False,
) -> float:
    """Return the scale at which a model finds a partial drawing likeliest.

    Densities are compared in the caller's units: a step of model units is 1 / s^2 as dense in
    units that are s times as large. For that, all scales are given the same points: simplified
    for a typical scale at first, then for the likeliest of those.

    Args:
        decoder: The model's.
        partial: Of any unit.
        preparation: The model's.
        condition_of: From z to the decoder's condition.
        z: (k, z_size) vectors that the drawing may have, alike probable; None: some of the prior.
        is_open: See `begin`.

    Returns:
        Data units for one of the partial's. What has no size, a dot, is in data units already.

    Raises:
        BadDrawingError: See `begin`.
    """
    x_min, y_min, x_max, y_max = partial.bounds
    side = max(x_max - x_min, y_max - y_min)
    usual = preparation.extent
    if preparation.fit != "longer_side" and preparation.median_side:
        usual = preparation.median_side
    if not (side > 0 and math.isfinite(usual / side)):
        return 1.0
    if z is None and decoder.config.conditional:
        z = pool(decoder.config, _GUESSES)
    condition = condition_of(z)
    count = 1 if condition is None else len(condition)
    if condition is not None:
        condition = np.tile(condition, (len(_SHARES), 1))
    share = _TYPICAL_SHARE
    for _ in range(2):  # the second time simplified as it should be
        begun = begin(partial, preparation, decoder.config, share * usual / side, is_open)
        if not len(begun.rows):
            break
        factors = _SHARES / share
        sized = [begun.rows * np.array([f, f, 1, 1, 1], dtype=np.float32) for f in factors]
        rows = [steps for steps in sized for _ in range(count)]
        nats = nats_of_rows(decoder, condition, rows, [False] * len(rows)).totals()
        sums = log_sum_exp(-nats.reshape(len(factors), count))
        share = _peak(np.log(_SHARES), sums + 2 * len(begun.rows) * np.log(factors))
    return float(share * usual / side)


def _peak(x: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    """Return exp of where a parabola through the highest of some points and its neighbours tops."""
    best = int(heights.argmax())
    if not 0 < best < len(x) - 1:
        return float(np.exp(x[best]))
    before, top, after = heights[best - 1 : best + 2]
    bend = before - 2 * top + after
    step = x[1] - x[0]
    return float(np.exp(x[best] + (0.5 * step * (before - after) / bend if bend < 0 else 0.0)))


def pool(config: ModelConfig, count: int = POOL) -> Array:
    """Return (count, z_size) vectors of the prior, always the same."""
    return np.stack([latent_noise(_POOL_STREAM, k, config.z_size) for k in range(count)])


def fitting_z(
    decoder: NumpyDecoder,
    beginning: Beginning,
    condition_of: MakeCondition,
    seed: int,
    numbers: Sequence[int],
) -> Array:
    """Draw latent vectors from the prior, as probable as a beginning makes them.

    Args:
        decoder: The model's, which takes z.
        beginning: What is there.
        condition_of: From z to the decoder's condition.
        seed: Of the choice.
        numbers: Of the endings; each one's z depends on (seed, number) and the beginning alone.

    Returns:
        (n, z_size) float32.
    """
    vectors = pool(decoder.config)
    rows = [beginning.rows] * len(vectors)
    nats = nats_of_rows(decoder, condition_of(vectors), rows, [False] * len(rows)).totals()
    shares = np.cumsum(np.exp(nats.min() - nats))
    chosen = []
    for number in numbers:
        key = np.array([seed, number], dtype="u8")
        generator = np.random.Generator(np.random.Philox(key=key, counter=_CHOICE_STREAM << 128))
        place = np.searchsorted(shares, generator.random() * shares[-1], side="right")
        chosen.append(min(int(place), len(vectors) - 1))
    return vectors[chosen]


def join(beginning: Beginning, ending: Ending, scale_factor: float) -> list[NDArray[np.float64]]:
    """Return the strokes of a beginning, untouched, and of an ending in its units and place.

    Args:
        beginning: What was there.
        ending: What was drawn.
        scale_factor: Data units for one of the model's.
    """
    strokes = list(beginning.drawing.strokes)
    offsets = ending.rows[:, :2].astype(np.float64) * (scale_factor / beginning.scale)
    points = strokes[-1][-1] + np.cumsum(offsets, axis=0)  # (N, 2)
    lifts = np.flatnonzero(ending.rows[:, 2 + PenState.UP] == 1) + 1
    parts = [part for part in np.split(points, lifts) if len(part)]
    if beginning.is_open and parts:
        strokes[-1] = np.concatenate([strokes[-1], parts.pop(0)])
    return strokes + parts
