"""The loop from step to step, by whichever decoder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import START_TOKEN, PenState
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import threads
from sketchrnn.sampling.mixture import Temperature
from sketchrnn.sampling.temperature import setting_rows

Array = NDArray[np.float32]


class Decoder(Protocol):
    """What draws: `NumpyDecoder`, or `CompiledDecoder`, which takes several steps at once."""

    config: ModelConfig
    max_batch: int | None
    """So many drawings go together, and others beside them in other threads; None: all of them."""

    def chunk_steps(self, count: int, max_steps: int) -> int:
        """Return how many steps a call of `draw` shall go for so many drawings.

        Args:
            count: Of drawings.
            max_steps: The most that are wanted of each.
        """

    @property
    def embeddings(self) -> Array | None:
        """(categories, category_size), or None for one that knows no categories."""

    def start(self, condition: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell and what every step adds to the sums of the gates.

        The condition is (B, condition_size): z, then the vector of the category; None for a
        decoder that takes none.

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
            noise: (B, C, 4) with C as `chunk_steps` says.
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
    progress: Callable[[int], None] | None = None,
) -> list[Array]:
    """Let a decoder draw until each drawing has ended.

    Args:
        decoder: Predicts steps.
        condition: (n, condition_size), or None for a decoder that takes none.
        noise: (n, T, 4), see `sampling_noise`; T is the most steps.
        temperature: What it does to each step: the same to all, or T of them.
        progress: Is called with how many have ended, as often as that changes.

    Returns:
        n arrays (N_s, 3) of stroke-3 rows in model units. A drawing that does not end by itself
        has T rows, and the last lifts the pen.
    """
    if len(noise) == 0:
        return []
    row = np.tile(START_TOKEN, (len(noise), 1))
    start = (row, *decoder.start(condition, len(noise)))
    return [_to_stroke3(rows) for rows in draw_on(decoder, start, noise, temperature, progress)]


def draw_on(
    decoder: Decoder,
    start: tuple[Array, Array, Array, Array],
    noise: Array,
    temperature: Temperature | Sequence[Temperature],
    progress: Callable[[int], None] | None = None,
) -> list[Array]:
    """Let a decoder go on from where it is, until each drawing has ended.

    Args:
        decoder: Predicts steps.
        start: The last row (n, 5), hidden, cell and constant, as `Decoder.draw` takes them.
        noise: (n, T, 4), n >= 1.
        temperature: As `sample_steps` takes it.
        progress: As `sample_steps` takes it.

    Returns:
        n arrays (N, 5) of stroke-5 rows in model units; the last is the row of the end, but where
        a drawing did not end within T steps.
    """
    ended = _EndCounter(progress)
    if decoder.max_batch is None:
        return _draw_block(decoder, start, noise, temperature, ended)
    size = decoder.max_batch

    def draw(first: int) -> list[Array]:
        block = slice(first, first + size)
        row, hidden, cell, constant = (array[block] for array in start)
        own = (row, hidden, cell, constant)
        return _draw_block(decoder, own, noise[block], temperature, ended)

    drawn = threads.share_out(draw, range(0, len(noise), size))
    return [rows for block in drawn for rows in block]


class _EndCounter:
    """Adds up how many drawings have ended in all blocks, and reports it."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self._progress = progress
        self._ended = 0
        self._lock = threading.Lock()

    def more(self, ended: int) -> None:
        if self._progress is None or not ended:
            return
        with self._lock:
            self._ended += ended
            self._progress(self._ended)


def _draw_block(
    decoder: Decoder,
    start: tuple[Array, Array, Array, Array],
    noise: Array,
    temperature: Temperature | Sequence[Temperature],
    ended: _EndCounter,
) -> list[Array]:
    """Do what `draw_on` does with drawings that go together."""
    count, max_steps, _ = noise.shape
    chunk = decoder.chunk_steps(count, max_steps)
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
            ended.more(int((~going).sum()))
            alive, row = alive[going], row[going]
            hidden, cell, constant = hidden[going], cell[going], constant[going]
            if not len(alive):
                break
    ended.more(len(alive))  # which the limit of steps has ended
    result = []
    for rows in drawn[:, :max_steps]:
        ends = np.flatnonzero(rows[:, 2 + PenState.END] == 1)
        result.append(rows[: ends[0] + 1] if len(ends) else rows)
    return result


def _to_stroke3(rows: Array) -> Array:
    """Return (T, 5) rows as (N_s, 3), without the end."""
    ended = len(rows) and rows[-1, 2 + PenState.END] == 1
    result = rows[: -1 if ended else None, [0, 1, 2 + PenState.UP]].copy()
    if len(result):
        result[-1, 2] = 1
    return result
