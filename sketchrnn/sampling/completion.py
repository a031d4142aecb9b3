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
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.batches import OFFSET_LIMIT, latent_noise
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import START_TOKEN, BadDrawingError, BadSettingError, Drawing, PenState
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import threads
from sketchrnn.sampling.likelihood import log_sum_exp, nats_of_rows
from sketchrnn.sampling.mixture import Temperature, sampling_noise
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import Decoder, draw_on

Array = NDArray[np.float32]
Tell = Callable[[Array | None], Array | None]
"""From z to what the decoder is told: z and the vector of a category."""

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
    tell: Tell,
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
        tell: From z to what the decoder is told.
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
    told = tell(z)
    count = 1 if told is None else len(told)
    share = _TYPICAL_SHARE
    for _ in range(2):  # the second time simplified as it should be
        begun = begin(partial, preparation, decoder.config, share * usual / side, is_open)
        if not len(begun.rows):
            break
        sums = np.zeros(len(_SHARES))
        for place, factor in enumerate(_SHARES / share):
            rows = begun.rows * np.array([factor, factor, 1, 1, 1], dtype=np.float32)
            nats = nats_of_rows(decoder, told, [rows] * count, [False] * count).totals()
            sums[place] = log_sum_exp(-nats[None])[0] + 2 * len(rows) * math.log(factor)
        share = _peak(np.log(_SHARES), sums)
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
    decoder: NumpyDecoder, beginning: Beginning, tell: Tell, seed: int, numbers: Sequence[int]
) -> Array:
    """Draw latent vectors from the prior, as probable as a beginning makes them.

    Args:
        decoder: The model's, which takes z.
        beginning: What is there.
        tell: From z to what the decoder is told.
        seed: Of the choice.
        numbers: Of the endings; each one's z depends on (seed, number) and the beginning alone.

    Returns:
        (n, z_size) float32.
    """
    vectors = pool(decoder.config)
    rows = [beginning.rows] * len(vectors)
    nats = nats_of_rows(decoder, tell(vectors), rows, [False] * len(vectors)).totals()
    shares = np.cumsum(np.exp(nats.min() - nats))
    chosen = []
    for number in numbers:
        key = np.array([seed, number], dtype="u8")
        generator = np.random.Generator(np.random.Philox(key=key, counter=_CHOICE_STREAM << 128))
        place = np.searchsorted(shares, generator.random() * shares[-1], side="right")
        chosen.append(min(int(place), len(vectors) - 1))
    return vectors[chosen]


def draw_endings(
    decoder: Decoder,
    plain: NumpyDecoder,
    beginning: Beginning,
    condition: Array | None,
    *,
    numbers: Sequence[int],
    temperatures: Sequence[Temperature],
    seed: int,
    tell: Callable[[int], None] | None = None,
) -> list[Ending]:
    """Let a decoder go on from a beginning, and say how likely it finds each ending.

    Args:
        decoder: Draws the rest.
        plain: The same model in NumPy, which reads the beginning.
        beginning: What is there.
        condition: (n, condition_size), or None for a decoder that is told nothing.
        numbers: Of the endings; the noise of each depends on (seed, number) alone.
        temperatures: Of the steps of the whole drawing, as many as it may have.
        seed: Of the noise.
        tell: Is told how many have ended, as often as that changes.

    Returns:
        n Endings, in the order of their numbers.
    """
    count, given = len(numbers), beginning.rows
    row = np.tile(START_TOKEN, (count, 1))
    hidden, cell, constant = plain.start(condition, count)
    with threads.one_thread():
        for step in given:
            _, hidden, cell = plain.step(row, hidden, cell, constant)
            row = np.tile(step, (count, 1))
    noise = np.stack([sampling_noise(seed, number, len(temperatures)) for number in numbers])
    rest = temperatures[len(given) :]
    drawn = draw_on(decoder, (row, hidden, cell, constant), noise[:, len(given) :], rest, tell)
    ended = [bool(len(rows) and rows[-1, 2 + PenState.END] == 1) for rows in drawn]
    endings = [rows[:-1] if end else rows for rows, end in zip(drawn, ended, strict=True)]
    whole = [np.concatenate([given, rows]) for rows in endings]
    nats = nats_of_rows(plain, condition, whole, ended)
    costs = (nats.offset + nats.pen)[:, len(given) :].sum(axis=1, dtype=np.float64)
    return [
        Ending(rows, end, float(cost), number)
        for rows, end, cost, number in zip(endings, ended, costs, numbers, strict=True)
    ]


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
