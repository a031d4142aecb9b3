"""Batches of drawings of like length, each a function of (seed, step) alone."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data import augment
from sketchrnn.data.categories import category_indices
from sketchrnn.drawing import END_ROW, START_TOKEN

if TYPE_CHECKING:
    from sketchrnn.data.data_file import Split

OFFSET_LIMIT = 1000.0
"""Offsets are clipped to this, in data units, as the reference does."""

MEMORY = 256 << 20
"""Rows that take more, as float32, stay on disk: 22 million steps, some 600,000 drawings."""

BLOCK = 256
"""Neighbours in the file that are read together: about a chunk of the file."""

_ROW_BYTES = 12
_WINDOW_SHARE = 0.25  # of the memory: room for what reading and shuffling take besides
_COUNTED_AT_ONCE = 1 << 20

Batch = dict[str, NDArray[Any]]


class Batches:
    """The training batches of a split: `batches[step]` for any step, in any order.

    Drawings of like length share a batch, so that little is padding. Within an epoch each drawing
    comes once, but for the few that fill no last batch; they differ from epoch to epoch. Nothing
    is drawn from a generator that has a history, so a resumed run sees what an undisturbed one
    would have seen.

    Rows beyond `memory` stay on disk. Then an epoch is a random order of blocks, neighbours in the
    file, which are read and shuffled a window of some thousand drawings at a time.

    Args:
        split: The drawings.
        scale_factor: Data units in a model unit.
        batch_size: B, at most the number of drawings.
        num_buckets: How many padded lengths there are at most.
        random_scale: See `augment.scale_at_random`.
        point_drop: See `augment.drop_points`.
        z_size: Length of the noise `eps`; 0 for none.
        seed: Of order, augmentation and noise.
        memory: Bytes; what takes more is read window by window.
        categories: The names of those that the network is told of; none: it is told of none.
        share: (number, count): of several processes that share every batch out among them this is
            the one of that number, from 0, and gets as many neighbouring drawings as each of the
            others. What is random is that of a drawing's place in the whole batch.
        joined: For processes that each read shards of their own: takes an array of which this
            process has filled in a part, the rest zeros, and returns what all have filled in. None:
            this process reads whatever it needs.

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
        memory: int = MEMORY,
        categories: Sequence[str] = (),
        share: tuple[int, int] = (0, 1),
        joined: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    ) -> None:
        """Choose the buckets; rows are read when they are asked for."""
        self._split = split
        self._scale_factor = scale_factor
        self._lengths = split.lengths
        self._category_indices = category_indices(split, categories) if categories else None
        self._random_scale = random_scale
        self._point_drop = point_drop
        self._z_size = z_size
        self._seed = seed
        self._share = share
        self._joined = joined
        self.batch_size = min(batch_size, len(split))
        self.boundaries = bucket_boundaries(self._lengths, num_buckets)
        values, counts = _counted(self._lengths)
        padded = self.boundaries[np.searchsorted(self.boundaries, values)]
        self.waste = 1 - float((values * counts).sum() / max(1, (padded * counts).sum()))
        # a window is whole batches, so that only the last one of an epoch leaves drawings over
        self._window = len(split)
        row_bytes = _ROW_BYTES * int((values * counts).sum())
        if row_bytes > memory:
            wanted = int(memory * _WINDOW_SHARE / row_bytes * len(split))
            self._window = max(1, wanted // self.batch_size) * self.batch_size
        full, rest = divmod(len(split), self._window)
        self._per_window = self._window // self.batch_size
        self.per_epoch = full * self._per_window + rest // self.batch_size
        self._place = (-1, -1)  # epoch and window of what is in memory
        self._order: list[tuple[int, NDArray[np.int64]]] = []
        self._category: NDArray[np.int32] | None = None
        self._rows = np.zeros((0, 3), np.float32)
        self._offsets = np.zeros(1, np.int64)

    def __getitem__(self, step: int) -> Batch:
        """Return the batch of a step.

        Returns:
            `stroke5` (B, T + 2, 5) float32 in model units, start token first and at least one end
            row last, where T is the bucket's length; `lengths` (B,) int32; `eps` (B, z_size)
            float32; `dropout_keys` (B,) int32; `category` (B,) int32, if the network is told.
        """
        place = self.prepare(step)
        length, everyone = self._order[place]
        generator = np.random.Generator(np.random.Philox(key=np.array([self._seed, step], "u8")))
        # random numbers are drawn for the whole batch, so that a share is a slice of them
        size = len(everyone)
        number, count = self._share
        own = slice(number * size // count, (number + 1) * size // count)
        before, taken = (int(self._row_counts(everyone[part]).sum()) for part in _before(own))
        scaling = generator.random((size, 2))[own]
        dropping = generator.random(int(self._row_counts(everyone).sum()))[before : before + taken]
        rows, lengths = _gather(self._rows, self._offsets, everyone[own])
        rows = augment.scale_at_random(rows, lengths, self._random_scale, scaling)
        rows, lengths = augment.drop_points(rows, lengths, self._point_drop, dropping)
        batch = pad(rows, lengths, length)
        if self._category is not None:
            batch["category"] = self._category[everyone[own]]
        if self._z_size:
            noise = generator.standard_normal((size, self._z_size), dtype=np.float32)
            batch["eps"] = noise[own]
        batch["dropout_keys"] = generator.integers(0, 2**31, size, dtype=np.int32)[own]
        return batch

    def prepare(self, step: int) -> int:
        """Read what the batch of a step needs; return its place in what was read.

        Where shards are shared out, all processes call this in the same order.
        """
        epoch, place = divmod(step, self.per_epoch)
        window, place = divmod(place, self._per_window)
        self._enter(epoch, window)
        return place

    def _row_counts(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._offsets[indices + 1] - self._offsets[indices]

    def _enter(self, epoch: int, window: int) -> None:
        """Read a window and shuffle it, if it is not the one at hand."""
        if (epoch, window) == self._place:
            return
        whole = self._window == len(self._split)
        stretches = [(0, len(self._split))] if whole else self._stretches(epoch, window)
        lengths = np.concatenate([self._lengths[first:last] for first, last in stretches])
        if not (whole and len(self._rows)):
            self._rows = np.zeros((0, 3), np.float32)  # two windows would be twice the memory
            self._rows = self._read(stretches)
            self._offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
            if self._category_indices is not None:
                numbers = [self._split.categories[first:last] for first, last in stretches]
                self._category = self._category_indices[np.concatenate(numbers)]
        self._order = self._shuffled(epoch, window, lengths)
        self._place = (epoch, window)

    def _read(self, stretches: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
        """Return the (N, 3) rows of stretches of drawings, in model units."""
        if self._joined is None:
            return np.concatenate(
                [_model_units(self._split.rows_of(*s), self._scale_factor) for s in stretches]
            )
        steps = [int(self._lengths[a:b].sum(dtype=np.int64)) for a, b in stretches]
        rows = np.zeros((sum(steps), 3), np.float32)
        number, count = self._share
        at = 0
        for first, last in stretches:
            for shard, low, high in self._split.shards_of(first, last):
                end = at + int(self._lengths[low:high].sum(dtype=np.int64))
                if shard % count == number:
                    rows[at:end] = _model_units(self._split.rows_of(low, high), self._scale_factor)
                at = end
        return self._joined(rows)

    def _stretches(self, epoch: int, window: int) -> list[tuple[int, int]]:
        """Return the (first, last) of the neighbours that make up a window of an epoch."""
        count = len(self._split)
        key = np.array([self._seed ^ 0xB10C, epoch], "u8")
        generator = np.random.Generator(np.random.Philox(key=key))
        blocks = generator.permutation(-(-count // BLOCK))
        ends = np.cumsum(np.minimum(BLOCK, count - blocks * BLOCK))
        begin, end = window * self._window, min((window + 1) * self._window, count)
        result = []
        for k in range(int(np.searchsorted(ends, begin, side="right")), len(blocks)):
            first = int(blocks[k]) * BLOCK
            size = min(BLOCK, count - first)
            start = int(ends[k]) - size  # where the block begins in the order of the epoch
            if start >= end:
                break
            result.append((first + max(0, begin - start), first + min(size, end - start)))
        return result

    def _shuffled(
        self, epoch: int, window: int, lengths: NDArray[np.int32]
    ) -> list[tuple[int, NDArray[np.int64]]]:
        """Return the (padded length, indices) of every batch of a window, in order."""
        key = np.array([self._seed ^ 0x5EED, epoch], "u8")
        generator = np.random.Generator(np.random.Philox(key=key).jumped(window))
        bucket_of = np.searchsorted(self.boundaries, lengths)
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
    split: Split,
    *,
    scale_factor: float,
    max_seq_len: int,
    batch_size: int,
    z_size: int,
    seed: int,
    categories: Sequence[str] = (),
    share: tuple[int, int] = (0, 1),
) -> Iterator[tuple[NDArray[np.int64], Batch]]:
    """Yield all drawings of a split in order, padded to N_max, nothing augmented.

    The noise of a drawing depends on the seed and on its rows alone, so that no figure depends on
    the batch size or on the order. The last batch is filled up with the first drawings. Of several
    processes that share the work, `share` is (number, count), each gets every count-th batch.

    Yields:
        The (b,) numbers of the drawings that count, b <= B, and a batch as `Batches` gives, B
        drawings with T = max_seq_len.
    """
    lengths = split.lengths
    table = category_indices(split, categories) if categories else None

    def drawings(first: int, last: int) -> list[NDArray[np.float32]]:
        rows = _model_units(split.rows_of(first, last), scale_factor)
        return np.split(rows, np.cumsum(lengths[first:last])[:-1])

    fill = drawings(0, min(batch_size, len(split)))
    of_fill = None if table is None else table[split.categories[: len(fill)]]
    number, count = share
    for first in range(number * batch_size, len(split), count * batch_size):
        counted = np.arange(first, min(first + batch_size, len(split)))
        chosen = itertools.cycle([*drawings(first, first + len(counted)), *fill])
        parts = list(itertools.islice(chosen, batch_size))
        batch = pad(np.concatenate(parts), np.array([len(part) for part in parts]), max_seq_len)
        if table is not None:
            own = table[split.categories[counted]]
            batch["category"] = np.resize(np.concatenate([own, of_fill]), batch_size)
        if z_size:
            noise = [latent_noise(seed, _name(part), z_size) for part in parts]
            batch["eps"] = np.stack(noise)
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


def bucket_boundaries(lengths: NDArray[Any], num_buckets: int) -> NDArray[np.int64]:
    """Choose the padded lengths that waste the least.

    Args:
        lengths: (n,) steps of the drawings.
        num_buckets: How many at most.

    Returns:
        Ascending lengths; the last is the longest drawing's. Exact up to 256 candidates, which
        are spread over the sorted lengths.
    """
    values, counts = _counted(lengths)
    if len(values) > 256:
        ranks = np.linspace(0, len(lengths) - 1, 256).round().astype(int)
        edges = np.unique(values[np.searchsorted(np.cumsum(counts), ranks, side="right")])
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


def _counted(lengths: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lengths that there are, at least 1, and how many drawings have each."""
    counts = np.zeros(int(lengths.max(initial=1)) + 1, np.int64)
    for first in range(0, len(lengths), _COUNTED_AT_ONCE):
        part = lengths[first : first + _COUNTED_AT_ONCE]
        counts += np.bincount(part, minlength=len(counts))
    counts[1] += counts[0]
    counts[0] = 0
    values = np.flatnonzero(counts)
    return values, counts[values]


def _model_units(rows: NDArray[Any], scale_factor: float) -> NDArray[np.float32]:
    result = rows.astype(np.float32)
    result[:, :2] = np.clip(result[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT) / scale_factor
    return result


def _before(own: slice) -> tuple[slice, slice]:
    """Return what comes before a slice, and the slice."""
    return slice(0, own.start), own


def _gather(
    rows: NDArray[np.float32], offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the rows of some drawings, end to end, and their lengths."""
    lengths = offsets[indices + 1] - offsets[indices]
    ends = np.cumsum(lengths)
    place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    return rows[np.repeat(offsets[indices], lengths) + place], lengths
