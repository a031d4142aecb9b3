"""Augmentation of training drawings, over a whole batch of stroke-3 rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_DROPPABLE = 3
"""The first three rows of a stroke are never dropped."""


def drop_points(
    rows: NDArray[np.float32],
    lengths: NDArray[np.int64],
    rate: float,
    chance: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Drop interior points at random and add their offsets to the point kept before.

    A row can be dropped if the pen stays down after it and at least three rows of its stroke come
    before it. Stroke ends stay.

    Args:
        rows: (N, 3) stroke-3 rows of all drawings, end to end.
        lengths: (B,) rows of each drawing.
        rate: The probability of dropping a row that can be dropped.
        chance: (N,) random numbers from [0, 1), one a row.

    Returns:
        The rows that stay and the (B,) new lengths. The end of every stroke is where it was.

    Source:
        The reference's `augment_strokes`.
    """
    if not rate or not len(rows):
        return rows, lengths
    place = place_in_stroke(rows, lengths)
    kept = ~((rows[:, 2] == 0) & (place >= _FIRST_DROPPABLE) & (chance < rate))
    starts = np.flatnonzero(kept)
    result = rows[starts]
    result[:, :2] = np.add.reduceat(rows[:, :2], starts)
    ends = np.cumsum(lengths)
    counts = np.concatenate([[0], np.cumsum(kept)])
    return result, counts[ends] - counts[ends - lengths]


def place_in_stroke(rows: NDArray[Any], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of (N, 3) rows how many rows of its stroke come before it."""
    first = np.zeros(len(rows), dtype=bool)
    starts = np.cumsum(lengths) - lengths
    first[starts[lengths > 0]] = True
    first[1:] |= rows[:-1, 2] == 1
    index = np.arange(len(rows))
    return index - np.maximum.accumulate(np.where(first, index, 0))


def scale_at_random(
    rows: NDArray[np.float32],
    lengths: NDArray[np.int64],
    amount: float,
    chance: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Stretch each drawing in x and in y by factors from [1 - amount, 1 + amount].

    Args:
        rows: (N, 3) stroke-3 rows of all drawings, end to end.
        lengths: (B,) rows of each drawing.
        amount: 0 for none.
        chance: (B, 2) random numbers from [0, 1), for x and y of each drawing.

    Returns:
        (N, 3) rows.
    """
    factors = 1 + amount * (2 * chance - 1)
    result = rows.copy()
    result[:, :2] *= np.repeat(factors, lengths, axis=0).astype(np.float32)
    return result
