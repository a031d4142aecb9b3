"""The drawings of one split, in one data file or in several: numbered in memory, read from disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, Drawing

if TYPE_CHECKING:
    from sketchrnn.data.data_file import DataFile

NO_CATEGORY = 65535
"""The number of a drawing that has no category."""

_AT_ONCE = 1 << 20  # numbers of an index that are read at once
_STRIDE = 1 << 10  # drawings between two places in the steps that are kept in memory
_ITERATED = 256  # drawings that an iteration reads at once


class Part:
    """One split of one file.

    Args:
        path: The file, for errors.
        name: Of the split.
        count: Its number of drawings.
        group: Gives the split's group of the open file.
        numbers: Gives (K,) the file's number of a category -> the number in all files.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        count: int,
        group: Callable[[], h5py.Group],
        numbers: Callable[[], NDArray[np.uint16]],
    ) -> None:
        """Read nothing yet."""
        self.path = path
        self.name = name
        self.count = count
        self.group = group
        self._numbers = numbers
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._lengths: NDArray[np.int32] = np.zeros(0, np.int32)

    def read_index(self, lengths: NDArray[np.int32], category: NDArray[np.uint16]) -> None:
        """Fill in the (n,) steps and category numbers of the drawings, which the part keeps.

        Raises:
            BadFileError: If something is missing, or does not match.
        """
        self._lengths = lengths
        try:
            group = self.group()
            offsets = group["offsets"]
            steps = len(group["steps"])
            whole = (
                len(offsets) == self.count + 1
                and len(group["category"]) == len(group["origins"]) == self.count
                and int(offsets[0]) == 0
                and int(offsets[-1]) == steps
            )
            numbers = self._numbers()
            starts = []
            for first in range(0, self.count if whole else 0, _AT_ONCE):
                last = min(first + _AT_ONCE, self.count)
                places = offsets[first : last + 1]
                counts = np.diff(places)
                whole = whole and bool((counts >= 0).all()) and int(counts.max()) < 1 << 31
                lengths[first:last] = counts if whole else 0
                starts.append(places[:-1:_STRIDE].astype(np.int64))
                category[first:last] = self._renumbered(group["category"][first:last], numbers)
        except (KeyError, OSError) as error:
            raise BadFileError(
                "a data set is missing or damaged", path=self.path, where=self.name
            ) from error
        if not whole:
            raise BadFileError(
                "the index does not match the steps",
                path=self.path,
                where=self.name,
                hint="convert the drawings again",
            )
        self._starts = np.concatenate(starts) if starts else np.zeros(1, np.int64)

    def steps_of(self, first: int, last: int) -> NDArray[Any]:
        """Return the (N, 3) rows of drawings `first` to `last`, without the last, end to end."""
        start = self._start(first)
        end = start + int(self._lengths[first:last].sum(dtype=np.int64))
        try:
            return np.asarray(self.group()["steps"][start:end])
        except OSError as error:
            raise BadFileError("the steps are damaged", path=self.path, where=self.name) from error

    def _start(self, index: int) -> int:
        stop = index // _STRIDE
        if stop == len(self._starts):  # the end of the last drawing
            stop -= 1
        between = self._lengths[stop * _STRIDE : index].sum(dtype=np.int64)
        return int(self._starts[stop] + between)

    def _renumbered(
        self, category: NDArray[np.uint16], numbers: NDArray[np.uint16]
    ) -> NDArray[np.uint16]:
        named = category != NO_CATEGORY
        result = np.full_like(category, NO_CATEGORY)
        try:
            result[named] = numbers[category[named]]
        except IndexError:
            raise BadFileError("a category has no name", path=self.path, where=self.name) from None
        return result


class Split(Sequence[Drawing]):
    """The drawings of one split, in data units, read when they are asked for.

    `len(split)`, `split[i]` (a Drawing), iteration. `rows(i)` gives the bare stroke-3 rows. Six
    bytes a drawing are in memory: its length and its category.
    """

    def __init__(self, data: DataFile, name: str, parts: Sequence[Part]) -> None:
        """Join the parts; nothing is read yet."""
        self.name = name
        self._data = data
        self._parts = parts
        self._ends = np.cumsum([part.count for part in parts])
        self._index: tuple[NDArray[np.int32], NDArray[np.uint16]] | None = None

    def __len__(self) -> int:
        """Return the number of drawings."""
        return int(self._ends[-1])

    def __repr__(self) -> str:
        """Say what it holds."""
        return f"Split({self.name!r}, {len(self)} drawings)"

    def read_index(self) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Read lengths and category numbers, if that was not done yet, and return them.

        Raises:
            BadFileError: If they are missing or damaged.
        """
        if self._index is None:
            lengths = np.zeros(len(self), np.int32)
            category = np.zeros(len(self), np.uint16)
            for part, end in zip(self._parts, self._ends, strict=True):
                here = slice(end - part.count, end)
                part.read_index(lengths[here], category[here])
            lengths.flags.writeable = category.flags.writeable = False
            self._index = (lengths, category)
        return self._index

    @property
    def lengths(self) -> NDArray[np.int32]:
        """(n,) number of steps of each drawing (N_s)."""
        return self.read_index()[0]

    @property
    def categories(self) -> NDArray[np.uint16]:
        """(n,) index of each drawing's category in the file's `categories`; 65535 for none."""
        return self.read_index()[1]

    @property
    def category_names(self) -> list[str]:
        """The names that those numbers stand for."""
        return self._data.categories

    @property
    def path(self) -> Path:
        """The file that the drawings are in."""
        return self._data.path

    def rows(self, index: int) -> NDArray[Any]:
        """Return (N_s, 3) stroke-3 rows of a drawing, int16 or float32, in data units."""
        return self.rows_of(index, index + 1)

    def rows_of(self, first: int, last: int) -> NDArray[Any]:
        """Return the (N, 3) rows of drawings `first` to `last`, without the last, end to end."""
        self.read_index()
        found = [part.steps_of(low, high) for part, low, high in self._within(first, last)]
        return found[0] if len(found) == 1 else np.concatenate(found or [np.zeros((0, 3))])

    @property
    def num_shards(self) -> int:
        """In how many files the drawings are."""
        return len(self._parts)

    def shards_of(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Yield the numbers of the files that drawings `first` to `last` are in.

        Yields:
            (file, first, last): which of the drawings are in it, as the split counts them.
        """
        for part, low, high in self._within(first, last):
            number = self._parts.index(part)
            begin = int(self._ends[number]) - part.count
            yield number, begin + low, begin + high

    def all_rows(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the (N, 3) rows of all drawings and their (n + 1,) offsets, in memory."""
        offsets = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])
        return self.rows_of(0, len(self)), offsets

    @overload
    def __getitem__(self, index: int) -> Drawing: ...
    @overload
    def __getitem__(self, index: slice) -> list[Drawing]: ...
    def __getitem__(self, index: int | slice) -> Drawing | list[Drawing]:
        """Return a drawing, or a list of them, in place and with category and metadata."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"drawing {index} of {len(self)}")
        return next(self._drawings(index, index + 1))

    def __iter__(self) -> Iterator[Drawing]:
        """Iterate over the drawings in order."""
        for first in range(0, len(self), _ITERATED):
            yield from self._drawings(first, min(first + _ITERATED, len(self)))

    def _drawings(self, first: int, last: int) -> Iterator[Drawing]:
        lengths, category = self.read_index()
        preparation = self._data.preparation
        for part, low, high in self._within(first, last):
            steps = part.steps_of(low, high)
            origins = part.group()["origins"][low:high].tolist()
            notes = _notes(part.group(), low, high)
            for origin, text in zip(origins, notes, strict=True):
                rows, steps = steps[: lengths[first]], steps[lengths[first] :]
                drawing = Drawing.from_stroke3(rows, metadata=json.loads(text) if text else {})
                number = category[first]
                name = None if number == NO_CATEGORY else self._data.categories[number]
                drawing = drawing.transform(1.0, tuple(origin)).with_category(name)
                if preparation.fit == "box":
                    drawing = drawing.with_metadata(box=preparation.extent)
                yield drawing
                first += 1

    def _within(self, first: int, last: int) -> Iterator[tuple[Part, int, int]]:
        """Yield the parts that drawings `first` to `last` are in, with their numbers there."""
        at = int(np.searchsorted(self._ends, first, side="right"))
        while first < last:
            part = self._parts[at]
            begin = int(self._ends[at]) - part.count
            high = min(last - begin, part.count)
            if high > first - begin:
                yield part, first - begin, high
            first = begin + high
            at += 1


def _notes(group: h5py.Group, low: int, high: int) -> Sequence[bytes]:
    if "metadata" not in group:
        return [b""] * (high - low)
    notes: Sequence[bytes] = group["metadata"][low:high]
    return notes


class InMemory(Sequence[Drawing]):
    """A split's drawings in data units, from (0, 0), read once and made when they are asked for.

    Args:
        split: The drawings.
        places: Which of them; None: all.
    """

    def __init__(self, split: Split, places: Sequence[int] | None = None) -> None:
        """Read the rows of all drawings."""
        self._split = split
        self._rows, self._offsets = split.all_rows()
        self._places = range(len(split)) if places is None else places

    def __len__(self) -> int:
        """Return the number of drawings."""
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Drawing: ...
    @overload
    def __getitem__(self, index: slice) -> list[Drawing]: ...
    def __getitem__(self, index: int | slice) -> Drawing | list[Drawing]:
        """Return a drawing, or a list of them."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = self._split.categories[self._places[index]]
        name = None if number == NO_CATEGORY else self._split.category_names[number]
        return Drawing.from_stroke3(self.rows(index), category=name)

    def rows(self, index: int) -> NDArray[Any]:
        """Return (N_s, 3) stroke-3 rows of a drawing."""
        place = self._places[index]
        return self._rows[self._offsets[place] : self._offsets[place + 1]]

    @property
    def one_stroke_share(self) -> float:
        """The share of drawings that have one stroke or none."""
        lifts = np.concatenate([[0], np.cumsum(self._rows[:, 2] == 1)])
        strokes = np.diff(lifts[self._offsets])[np.asarray(self._places, dtype=np.int64)]
        return float((strokes <= 1).mean()) if len(strokes) else 0.0

    def choose(self, count: int, max_steps: int | None = None) -> InMemory:
        """Return at most so many of the drawings, by their content and not by their order.

        Args:
            count: How many.
            max_steps: Leave out what is longer, and what has no steps.
        """
        fit = [
            (self.name(k), place)
            for k, place in enumerate(self._places)
            if max_steps is None or 0 < len(self.rows(k)) <= max_steps
        ]
        return InMemory(self._split, [place for _, place in sorted(fit)[:count]])

    def name(self, index: int) -> int:
        """Return a number below 2^63 that stands for a drawing's rows."""
        rows = np.ascontiguousarray(self.rows(index), dtype=np.float32)
        digest = hashlib.blake2b(rows.tobytes(), digest_size=8).digest()
        return int.from_bytes(digest, "little") >> 1
