"""Batches of drawings of like length, each a function of (seed, step) alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data import augment
from sketchrnn.data.store import Split
from sketchrnn.drawing import END_ROW, START_TOKEN

OFFSET_LIMIT = 1000.0
"""Offsets are clipped to this, in data units, as the reference does."""

Batch = dict[str, NDArray[Any]]


class Batches:
    """The training batches of a split: `batches[step]` for any step, in any order.

    Drawings of like length share a batch, so that little is padding. Within an epoch each drawing
    comes once, but for the few that fill no last batch; they differ from epoch to epoch. Nothing
    is drawn from a generator that has a history, so a resumed run sees what an undisturbed one
    would have seen.

    Args:
        split: The drawings; their rows are kept in memory.
        scale_factor: Data units in a model unit.
        batch_size: B, at most the number of drawings.
        num_buckets: How many padded lengths there are at most.
        random_scale: See `augment.scale_at_random`.
        point_drop: See `augment.drop_points`.
        z_size: Length of the noise `eps`; 0 for none.
        seed: Of order, augmentation and noise.

    Attributes:
        boundaries: The length that each bucket is padded to, ascending.
        waste: The share of steps that is padding.
    """

    def __init__(
        self,
        split: Split,
        *,
        scale_factor: float,
        batch_size: int,
        num_buckets: int = 5,
        random_scale: float = 0.0,
        point_drop: float = 0.0,
        z_size: int = 0,
        seed: int = 0,
    ) -> None:
        """Read the rows and choose the buckets."""
        rows, self._offsets = split.all_rows()
        self._rows = _model_units(rows, scale_factor)
        self._lengths = split.lengths
        self._random_scale = random_scale
        self._point_drop = point_drop
        self._z_size = z_size
        self._seed = seed
        self.batch_size = min(batch_size, len(split))
        self.boundaries = bucket_boundaries(self._lengths, num_buckets)
        self.per_epoch = len(split) // self.batch_size
        self._epoch = -1
        self._order: list[tuple[int, NDArray[np.int64]]] = []
        padded = self.boundaries[np.searchsorted(self.boundaries, self._lengths)]
        self.waste = 1 - float(self._lengths.sum() / max(1, padded.sum()))

    def __getitem__(self, step: int) -> Batch:
        """Return the batch of a step.

        Returns:
            `stroke5` (B, T + 2, 5) float32 in model units, start token first and at least one end
            row last, where T is the bucket's length; `lengths` (B,) int32; `eps` (B, z_size)
            float32; `dropout_keys` (B,) int32.
        """
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._order = self._shuffled(epoch)
            self._epoch = epoch
        length, indices = self._order[place]
        generator = np.random.Generator(np.random.Philox(key=np.array([self._seed, step], "u8")))
        rows, lengths = _gather(self._rows, self._offsets, indices)
        rows = augment.scale_at_random(rows, lengths, self._random_scale, generator)
        rows, lengths = augment.drop_points(rows, lengths, self._point_drop, generator)
        batch = pad(rows, lengths, length)
        size = len(indices)
        if self._z_size:
            batch["eps"] = generator.standard_normal((size, self._z_size), dtype=np.float32)
        batch["dropout_keys"] = generator.integers(0, 2**31, size, dtype=np.int32)
        return batch

    def _shuffled(self, epoch: int) -> list[tuple[int, NDArray[np.int64]]]:
        """Return the (padded length, indices) of every batch of an epoch, in order."""
        key = np.array([self._seed ^ 0x5EED, epoch], "u8")
        generator = np.random.Generator(np.random.Philox(key=key))
        bucket_of = np.searchsorted(self.boundaries, self._lengths)
        rest = np.zeros(0, dtype=np.int64)
        batches = []
        for bucket, length in enumerate(self.boundaries):
            members = generator.permutation(np.flatnonzero(bucket_of == bucket))
            # what fills no batch goes up into the next bucket, first of all there
            members = np.concatenate([rest, members])
            full = len(members) // self.batch_size * self.batch_size
            batches += [
                (int(length), members[k : k + self.batch_size])
                for k in range(0, full, self.batch_size)
            ]
            rest = members[full:]
        return [batches[k] for k in generator.permutation(len(batches))]


def evaluation_batches(
    split: Split, *, scale_factor: float, max_seq_len: int, batch_size: int, z_size: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], Batch]]:
    """Yield all drawings of a split in order, padded to N_max, nothing augmented.

    The noise of a drawing depends on the seed and on its rows alone, so that no figure depends on
    the batch size or on the order. The last batch is filled up with the first drawings.

    Yields:
        The (b,) numbers of the drawings that count, b <= B, and a batch as `Batches` gives, B
        drawings with T = max_seq_len.
    """
    all_rows, offsets = split.all_rows()
    all_rows = _model_units(all_rows, scale_factor)
    numbers = np.arange(len(split))
    for first in range(0, len(split), batch_size):
        counted = numbers[first : first + batch_size]
        indices = np.resize(np.concatenate([counted, numbers]), batch_size)
        batch = pad(*_gather(all_rows, offsets, indices), max_seq_len)
        if z_size:
            names = [_name(all_rows[offsets[i] : offsets[i + 1]]) for i in indices]
            batch["eps"] = np.stack([latent_noise(seed, name, z_size) for name in names])
        yield counted, batch


def latent_noise(seed: int, number: int, z_size: int) -> NDArray[np.float32]:
    """Return the (z_size,) standard normal numbers of one drawing."""
    key = np.array([seed, number], "u8")
    generator = np.random.Generator(np.random.Philox(key=key))
    return generator.standard_normal(z_size, dtype=np.float32)


def _name(rows: NDArray[np.float32]) -> int:
    """Return a number of 64 bits that stands for a drawing."""
    return int.from_bytes(hashlib.blake2b(rows.tobytes(), digest_size=8).digest(), "little")


def pad(rows: NDArray[np.float32], lengths: NDArray[np.int64], max_seq_len: int) -> Batch:
    """Lay drawings side by side as stroke-5.

    Args:
        rows: (N, 3) stroke-3 rows of all drawings, end to end, in model units.
        lengths: (B,) rows of each.
        max_seq_len: T, at least the longest.

    Returns:
        `stroke5` (B, T + 2, 5) float32: start token, rows, at least one end row; `lengths` int32.
    """
    count = len(lengths)
    stroke5 = np.empty((count, max_seq_len + 2, 5), dtype=np.float32)
    stroke5[:] = END_ROW
    stroke5[:, 0] = START_TOKEN
    drawing = np.repeat(np.arange(count), lengths)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    stroke5[drawing, step, :2] = rows[:, :2]
    stroke5[drawing, step, 2] = 1 - rows[:, 2]
    stroke5[drawing, step, 3] = rows[:, 2]
    stroke5[drawing, step, 4] = 0
    return {"stroke5": stroke5, "lengths": lengths.astype(np.int32)}


def bucket_boundaries(lengths: NDArray[np.int64], num_buckets: int) -> NDArray[np.int64]:
    """Choose the padded lengths that waste the least.

    Args:
        lengths: (n,) steps of the drawings.
        num_buckets: How many at most.

    Returns:
        Ascending lengths; the last is the longest drawing's. Exact up to 256 candidates, which
        are spread over the sorted lengths.
    """
    values, counts = np.unique(np.maximum(lengths, 1), return_counts=True)
    if len(values) > 256:
        ranks = np.linspace(0, len(lengths) - 1, 256).round().astype(int)
        edges = np.unique(np.sort(np.maximum(lengths, 1))[ranks])
        edges[-1] = values[-1]
        bins = np.searchsorted(edges, values)
        values, counts = edges, np.bincount(bins, weights=counts, minlength=len(edges))
    total = np.concatenate([[0], np.cumsum(counts)])
    size = len(values)
    # cost[j]: padded steps of all drawings up to values[j - 1] in the buckets chosen so far
    cost = np.where(np.arange(size + 1) == 0, 0.0, np.inf)
    came_from = []
    for _ in range(min(num_buckets, size)):
        through = cost[None, :size] + (total[1:, None] - total[None, :size]) * values[:, None]
        through[np.triu_indices(size, 1)] = np.inf  # a bucket holds at least its own length
        came_from.append(through.argmin(axis=1))
        cost = np.concatenate([[np.inf], through.min(axis=1)])
    chosen = []
    end = size
    for step in reversed(came_from):
        chosen.append(values[end - 1])
        end = int(step[end - 1])
    return np.array(sorted(chosen))


def _model_units(rows: NDArray[Any], scale_factor: float) -> NDArray[np.float32]:
    result = rows.astype(np.float32)
    result[:, :2] = np.clip(result[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT) / scale_factor
    return result


def _gather(
    rows: NDArray[np.float32], offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the rows of some drawings, end to end, and their lengths."""
    lengths = offsets[indices + 1] - offsets[indices]
    ends = np.cumsum(lengths)
    place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    return rows[np.repeat(offsets[indices], lengths) + place], lengths
