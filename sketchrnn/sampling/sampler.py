"""Drawing: the loop from step to step, and the Drawings that come of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.batches import latent_noise
from sketchrnn.data.categories import place_of
from sketchrnn.drawing import START_TOKEN, BadSettingError, Drawing, PenState
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import threads
from sketchrnn.sampling.categories import spread
from sketchrnn.sampling.mixture import Temperature, sampling_noise
from sketchrnn.sampling.temperature import TemperatureSpec, plain, setting_rows, temperature_steps

Array = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Is told how many drawings are done, and of how many."""

_DRAWN_AT_ONCE = 1024
"""The largest batch: memory stays bounded, and larger ones are no faster."""


class Decoder(Protocol):
    """What draws: `NumpyDecoder`, or `CompiledDecoder`, which takes several steps at once."""

    config: ModelConfig
    at_once: int | None
    """So many drawings go together, and others beside them in other threads; None: all of them."""

    def steps_at_once(self, count: int, max_steps: int) -> int:
        """Return how many steps a call of `draw` shall go for so many drawings.

        Args:
            count: Of drawings.
            max_steps: The most that are wanted of each.
        """

    @property
    def embeddings(self) -> Array | None:
        """(categories, category_size), or None for one that is told of no categories."""

    def start(self, condition: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell and what every step adds to the sums of the gates.

        The condition is (B, condition_size): z, then the vector of the category; None for a
        decoder that is told nothing.

        For an LSTM of H units (B, H), (B, H) and (B, 4H); see the cells in `model`.
        """

    def draw(
        self,
        row: Array,
        hidden: Array,
        cell: Array,
        constant: Array,
        noise: Array,
        settings: Array,
    ) -> tuple[Array, Array, Array]:
        """Draw some steps.

        Args:
            row: (B, 5) the last step drawn, at first the start token.
            hidden: As `start` gives it.
            cell: As `start` gives it.
            constant: As `start` gives it.
            noise: (B, C, 4) with C as `steps_at_once` says.
            settings: (C, 3) what the temperature does to each step; see `setting_rows`.

        Returns:
            (B, C, 5) stroke-5 rows, hidden, cell. Once all drawings have ended, what comes after
            in them may be anything.
        """


def sample_steps(
    decoder: Decoder,
    condition: Array | None,
    noise: Array,
    temperature: Temperature | Sequence[Temperature],
    tell: Callable[[int], None] | None = None,
) -> list[Array]:
    """Let a decoder draw until each drawing has ended.

    Args:
        decoder: Predicts steps.
        condition: (n, condition_size), or None for a decoder that is told nothing.
        noise: (n, T, 4), see `sampling_noise`; T is the most steps.
        temperature: What it does to each step: the same to all, or T of them.
        tell: Is told how many have ended, as often as that changes.

    Returns:
        n arrays (N_s, 3) of stroke-3 rows in model units. A drawing that does not end by itself
        has T rows, and the last lifts the pen.
    """
    if len(noise) == 0:
        return []
    row = np.tile(START_TOKEN, (len(noise), 1))
    start = (row, *decoder.start(condition, len(noise)))
    return [_to_stroke3(rows) for rows in draw_on(decoder, start, noise, temperature, tell)]


def draw_on(
    decoder: Decoder,
    start: tuple[Array, Array, Array, Array],
    noise: Array,
    temperature: Temperature | Sequence[Temperature],
    tell: Callable[[int], None] | None = None,
) -> list[Array]:
    """Let a decoder go on from where it is, until each drawing has ended.

    Args:
        decoder: Predicts steps.
        start: The last row (n, 5), hidden, cell and constant, as `Decoder.draw` takes them.
        noise: (n, T, 4), n >= 1.
        temperature: As `sample_steps` takes it.
        tell: As `sample_steps` takes it.

    Returns:
        n arrays (N, 5) of stroke-5 rows in model units; the last is the row of the end, but where
        a drawing did not end within T steps.
    """
    told = _Told(tell)
    if decoder.at_once is None:
        return _draw_block(decoder, start, noise, temperature, told)
    size = decoder.at_once

    def draw(first: int) -> list[Array]:
        block = slice(first, first + size)
        row, hidden, cell, constant = (array[block] for array in start)
        own = (row, hidden, cell, constant)
        return _draw_block(decoder, own, noise[block], temperature, told)

    drawn = threads.share_out(draw, range(0, len(noise), size))
    return [rows for block in drawn for rows in block]


class _Told:
    """Adds up how many drawings have ended in all blocks, and tells it."""

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self._tell = tell
        self._ended = 0
        self._lock = threading.Lock()

    def more(self, ended: int) -> None:
        if self._tell is None or not ended:
            return
        with self._lock:
            self._ended += ended
            self._tell(self._ended)


def _draw_block(
    decoder: Decoder,
    start: tuple[Array, Array, Array, Array],
    noise: Array,
    temperature: Temperature | Sequence[Temperature],
    told: _Told,
) -> list[Array]:
    """Do what `draw_on` does with drawings that go together."""
    count, max_steps, _ = noise.shape
    chunk = decoder.steps_at_once(count, max_steps)
    room = -max_steps % chunk
    settings = setting_rows(temperature, max_steps)
    settings = np.concatenate([settings, np.repeat(settings[-1:], room, axis=0)])
    noise = np.pad(noise, ((0, 0), (0, room), (0, 0)))
    drawn = np.zeros((count, noise.shape[1], 5), dtype=np.float32)
    alive = np.arange(count)
    row, hidden, cell, constant = start
    for first in range(0, max_steps, chunk):
        some = slice(first, first + chunk)
        rows, hidden, cell = decoder.draw(
            row, hidden, cell, constant, noise[alive, some], settings[some]
        )
        drawn[alive, some] = rows
        row = rows[:, -1]
        going = ~(rows[:, :, 2 + PenState.END] == 1).any(axis=1)
        if not going.all():  # those that ended leave the batch
            told.more(int((~going).sum()))
            alive, row = alive[going], row[going]
            hidden, cell, constant = hidden[going], cell[going], constant[going]
            if not len(alive):
                break
    told.more(len(alive))  # which the limit of steps has ended
    result = []
    for rows in drawn[:, :max_steps]:
        ends = np.flatnonzero(rows[:, 2 + PenState.END] == 1)
        result.append(rows[: ends[0] + 1] if len(ends) else rows)
    return result


def sample_drawings(
    decoder: Decoder,
    count: int,
    *,
    z: Array | None = None,
    categories: Sequence[str] | None = None,
    embeddings: Array | None = None,
    numbers: Sequence[int] | None = None,
    temperature: TemperatureSpec,
    rule: str = "paper",
    max_steps: int | None = None,
    seed: int,
    extent: float | None = None,
    notes: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Drawing]:
    """Let a decoder make drawings in data units, the first point at (0, 0).

    Args:
        decoder: Predicts steps.
        count: n.
        z: (n, z_size); None: drawn from the prior, if the decoder takes one.
        categories: The name of each drawing's; None: all as often, in an order of the seed's, if
            the decoder is told of categories.
        embeddings: (n, category_size) vectors; None: those of the categories.
        numbers: What number each drawing has; None: 0 to n - 1. Equal numbers share their noise.
        temperature: tau, or one for each output, or a schedule; see `tempering`.
        rule: "paper", "magenta" or "js".
        max_steps: The most steps of a drawing; None for the network's N_max.
        seed: Of z and of every step. Drawing k depends on (seed, k) alone.
        extent: Of the data units, so that a drawing prepared again keeps its size.
        notes: Metadata for every drawing, beside seed, number, temperature and rule.
        progress: Is told how many drawings are done, and of how many.

    Raises:
        BadSettingError: If temperature, rule, max_steps, count or a category cannot be used.
    """
    config = decoder.config
    if max_steps is not None and max_steps < 1:
        raise BadSettingError(f"max_steps is {max_steps}, and must be 1 or more")
    if count < 0:
        raise BadSettingError(f"the number of drawings is {count}, and must be 0 or more")
    numbers = range(count) if numbers is None else numbers
    if categories is None and config.categories:
        categories = spread(config.categories, seed, numbers)
    steps = max_steps or config.max_seq_len
    settings = temperature_steps(temperature, rule, steps, config.max_seq_len)
    drawings = []
    for first in range(0, count, _DRAWN_AT_ONCE):
        part = numbers[first : first + _DRAWN_AT_ONCE]
        told = []  # z, then the category's vector
        if z is not None:
            told.append(z[first : first + _DRAWN_AT_ONCE])
        elif config.conditional:
            told.append(np.stack([latent_noise(seed, k, config.z_size) for k in part]))
        if embeddings is not None:
            told.append(embeddings[first : first + _DRAWN_AT_ONCE])
        elif categories is not None and decoder.embeddings is not None:
            own = categories[first : first + _DRAWN_AT_ONCE]
            told.append(decoder.embeddings[[place_of(name, config.categories) for name in own]])
        condition = np.concatenate(told, axis=1) if told else None
        noise = np.stack([sampling_noise(seed, k, steps) for k in part])
        tell = None if progress is None else partial(_tell, progress, first, count)
        drawn = sample_steps(decoder, condition, noise, settings, tell)
        for place, (number, rows) in enumerate(zip(part, drawn, strict=True), first):
            rows = rows.astype(np.float64)
            rows[:, :2] *= config.scale_factor
            drawings.append(
                Drawing.from_stroke3(
                    rows,
                    category=None if categories is None else categories[place],
                    metadata={
                        "seed": seed,
                        "number": number,
                        "temperature": plain(temperature),
                        "temperature_rule": rule,
                        **({"extent": extent} if extent else {}),
                        **(notes or {}),
                    },
                )
            )
    return drawings


def _tell(progress: Progress, before: int, count: int, ended: int) -> None:
    progress(before + ended, count)


def _to_stroke3(rows: Array) -> Array:
    """Return (T, 5) rows as (N_s, 3), without the end."""
    ended = len(rows) and rows[-1, 2 + PenState.END] == 1
    result = rows[: -1 if ended else None, [0, 1, 2 + PenState.UP]].copy()
    if len(result):
        result[-1, 2] = 1
    return result
