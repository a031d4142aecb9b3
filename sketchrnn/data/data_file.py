"""The data file: drawings in data units, in HDF5, split into train, valid and test.

Layout, format version 1:

    /                       attributes: format, format_version, preparation (JSON), scale_factor,
                            fingerprint, info (JSON: source, licence, attribution, report)
    /categories             (K,) UTF-8 names; absent where no drawing has one
    /examples               (k,) UTF-8 JSON: some drawings before and after, see `Example`
    /<split>/steps          (N, 3) int16 or float32: stroke-3 rows of all drawings, end to end
    /<split>/offsets        (n + 1,) int64: drawing i has rows offsets[i] to offsets[i + 1]
    /<split>/origins        (n, 2) float32: the first point of each drawing
    /<split>/category       (n,) uint16: index into /categories, 65535 for none
    /<split>/metadata       (n,) UTF-8 JSON of each drawing; absent where none has any
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Self, overload

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.examples import Example
from sketchrnn.data.json_text import MOST_NOTES_BYTES, from_json
from sketchrnn.data.normalize import Preparation
from sketchrnn.data.schema import (
    AGAIN,
    MOST_STEPS,
    NO_CATEGORY,
    attribute,
    check_digest,
    check_heaps,
    digest_of,
    reading,
    split_datasets,
    texts,
)
from sketchrnn.data.split import SPLITS
from sketchrnn.drawing import BadFileError, Drawing

FORMAT = "sketchrnn-data"
FORMAT_VERSION = 1
_MAKE = "make one with `sketchrnn data convert`"
_AT_ONCE = 1 << 20  # numbers of an index that are read at once
_STRIDE = 1 << 10  # drawings between two places in the steps that are kept in memory
_ITERATED = 256  # drawings that an iteration reads at once

Datasets = Mapping[str, h5py.Dataset]


class ShardSplit:
    """One split of one file.

    Args:
        path: The file, for errors.
        name: Of the split.
        count: Its number of drawings.
        datasets: Returns the split's data sets of the open file, as `split_datasets` checked them.
        numbers: Returns (K,) the file's number of a category -> the number in all files.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        count: int,
        datasets: Callable[[], Datasets],
        numbers: Callable[[], NDArray[np.uint16]],
    ) -> None:
        """Read nothing yet."""
        self.path = path
        self.name = name
        self.count = count
        self._datasets = datasets
        self._numbers = numbers
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._lengths: NDArray[np.int32] = np.zeros(0, np.int32)

    def read_index(self, lengths: NDArray[np.int32], category: NDArray[np.uint16]) -> None:
        """Read the steps and the categories of the drawings.

        Args:
            lengths: (n,) the steps of each drawing are filled in; the array is kept.
            category: (n,) the number of each one's category is filled in.

        Raises:
            BadFileError: If something is damaged, or does not match.
        """
        self._lengths = lengths
        with reading(self.path, self.name, "a data set is missing or damaged"):
            found = self._datasets()
            offsets = found["offsets"]
            if len(found["category"]) != self.count:
                raise self._unmatched()
            if int(offsets[0]) != 0 or int(offsets[-1]) != len(found["steps"]):
                raise self._unmatched()
            numbers = self._numbers()
            starts = []
            for first in range(0, self.count, _AT_ONCE):
                last = min(first + _AT_ONCE, self.count)
                places = offsets[first : last + 1]
                counts = np.diff(places)
                if int(counts.min()) < 0 or int(counts.max()) > MOST_STEPS:
                    raise self._unmatched()
                lengths[first:last] = counts
                starts.append(places[:-1:_STRIDE].astype(np.int64))
                category[first:last] = self._renumbered(found["category"][first:last], numbers)
        self._starts = np.concatenate(starts) if starts else np.zeros(1, np.int64)

    def _unmatched(self) -> BadFileError:
        return BadFileError(
            "the index does not match the steps", path=self.path, where=self.name, hint=AGAIN
        )

    def steps_of(self, first: int, last: int) -> NDArray[Any]:
        """Return the rows of neighbouring drawings.

        Args:
            first: The number of the first drawing.
            last: The number after that of the last.

        Returns:
            (N, 3) rows, end to end.

        Raises:
            BadFileError: If the file is damaged, or what it holds are no steps.
        """
        start = self._start(first)
        end = start + int(self._lengths[first:last].sum(dtype=np.int64))
        with reading(self.path, self.name, "the steps are damaged"):
            steps = np.asarray(self._datasets()["steps"][start:end])
        pen = steps[:, 2]
        bad = (pen != 0) & (pen != 1)
        if steps.dtype.kind == "f":
            bad |= ~np.isfinite(steps).all(axis=1)
        if bad.any():
            row = int(bad.argmax())
            drawing = first + int(
                np.searchsorted(np.cumsum(self._lengths[first:last]), row, side="right")
            )
            raise BadFileError(
                f"{steps[row].tolist()} is no step",
                path=self.path,
                where=f"{self.name}, drawing {drawing}",
                hint=AGAIN,
            )
        return steps

    def origins_and_notes(
        self, first: int, last: int
    ) -> Iterator[tuple[tuple[float, float], dict[str, Any]]]:
        """Yield the first point and the notes of neighbouring drawings.

        Args:
            first: The number of the first drawing.
            last: The number after that of the last.

        Raises:
            BadFileError: If they are damaged.
        """
        with reading(self.path, self.name, "the origins or notes are damaged"):
            found = self._datasets()
            origins = found["origins"][first:last].tolist()
            notes: Sequence[bytes] = [b""] * (last - first)
            if "metadata" in found:
                notes = found["metadata"][first:last]
            if "metadata_crc32" in found:
                written = found["metadata_crc32"][first:last].tolist()
                if [zlib.crc32(text) for text in notes] != written:
                    raise ValueError("a checksum of notes")
            values = [from_json(text, MOST_NOTES_BYTES) if text else {} for text in notes]
            if not np.isfinite(origins).all():
                raise ValueError("an origin is not finite")
        yield from zip(map(tuple, origins), values, strict=True)

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

    def __init__(self, data: DataFile, name: str, parts: Sequence[ShardSplit]) -> None:
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
            for origin, notes in part.origins_and_notes(low, high):
                rows, steps = steps[: lengths[first]], steps[lengths[first] :]
                number = category[first]
                name = None if number == NO_CATEGORY else self._data.categories[number]
                drawing = Drawing.from_stroke3(rows, name, notes).transform(1.0, origin)
                if preparation.fit == "box":
                    drawing = drawing.with_metadata(box=preparation.extent)
                yield drawing
                first += 1

    def _within(self, first: int, last: int) -> Iterator[tuple[ShardSplit, int, int]]:
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


class DataFile:
    """A data file opened for reading: `data["train"][0]`, `len(data)`, `data.scale_factor`.

    Args:
        path: The file.

    Attributes:
        splits: The splits that the file has, by name, in the order train, valid, test.
        categories: Names of categories.
        preparation: How the drawings became data units.
        scale_factor: The standard deviation of all training offsets; model units are data units
            divided by it.
        fingerprint: A digest of all steps, to tell data sets apart.
        info: Source, licence, attribution, report of the conversion.

    Raises:
        BadFileError: If it is missing, is no data file, is damaged, or is newer than this program.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Open the file, check it and read its index."""
        self.path = Path(path)
        if not self.path.is_file():
            raise BadFileError("no such data file", path=path, hint=_MAKE)
        self._file = open_hdf5(self.path)
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def _read(self) -> None:
        path, file = self.path, self._file
        with reading(path, problem="an attribute is missing or damaged"):
            self.preparation = Preparation.from_dict(from_json(attribute(file, "preparation", str)))
            self.scale_factor = checked_scale(attribute(file, "scale_factor", float))
            self.fingerprint: str = attribute(file, "fingerprint", str)
            self.info = checked_info(from_json(attribute(file, "info", str)))
            check_digest(file, attributes_digest(file))
        self.categories: list[str] = texts(file, "categories", path)
        check_categories(self.categories, path)
        self.splits: dict[str, Split] = {}
        numbers = np.arange(len(self.categories), dtype=np.uint16)
        for name in SPLITS:
            found = split_datasets(file, name, path)
            if found is not None:
                count = len(found["origins"])
                part = ShardSplit(path, name, count, partial(_same, found), lambda: numbers)
                self.splits[name] = Split(self, name, [part])
                self.splits[name].read_index()

    def __len__(self) -> int:
        """Return the number of drawings of all splits."""
        return sum(len(split) for split in self.splits.values())

    def __getitem__(self, key: str | int) -> Any:
        """Return a split by name, or a drawing by its number over all splits.

        Raises:
            BadFileError: If the file has no such split.
        """
        if isinstance(key, str):
            if key not in self.splits or not len(self.splits[key]):
                raise BadFileError(
                    f"has no drawings in split {key!r}",
                    path=self.path,
                    hint=f"choose one of {', '.join(n for n, s in self.splits.items() if len(s))}",
                )
            return self.splits[key]
        index = key + len(self) if key < 0 else key
        for split in self.splits.values():
            if 0 <= index < len(split):
                return split[index]
            index -= len(split)
        raise IndexError(f"drawing {key} of {len(self)}")

    def __repr__(self) -> str:
        """Say what it holds."""
        counts = ", ".join(f"{name} {len(split)}" for name, split in self.splits.items())
        return f"DataFile({self.path.name}: {counts})"

    @property
    def examples(self) -> list[Example]:
        """A few drawings before and after the conversion; none in files of older versions.

        Raises:
            BadFileError: If they are damaged.
        """
        with reading(self.path, "examples"):
            return [Example.from_json(line) for line in texts(self._file, "examples", self.path)]

    def close(self) -> None:
        """Close the file; its splits cannot be read afterwards."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()


def _same(datasets: Datasets) -> Datasets:
    return datasets


def open_hdf5(path: Path, **options: Any) -> h5py.File:
    """Open a data file of ours for reading.

    Args:
        path: The file.
        **options: Of `h5py.File`.

    Raises:
        BadFileError: If it is no data file, is damaged, or is newer than this program.
    """
    with reading(path, problem="is not a data file, or is damaged"):
        check_heaps(path)
        file = h5py.File(path, "r", **options)
    try:
        with reading(path):
            kind = file.attrs.get_id("format") if "format" in file.attrs else None
            if kind is None or kind.shape != () or file.attrs["format"] != FORMAT:
                raise BadFileError(
                    "is HDF5, but not a data file of sketchrnn", path=path, hint=_MAKE
                )
            check_version(attribute(file, "format_version", int), path)
    except BaseException:
        file.close()
        raise
    return file


def check_version(version: int, path: Path) -> None:
    """Refuse a file or folder that is newer than this program.

    Args:
        version: The version of its format.
        path: Where it is, for errors.

    Raises:
        BadFileError: If it is.
    """
    if version > FORMAT_VERSION:
        raise BadFileError(
            f"has format version {version}, and this program knows {FORMAT_VERSION}",
            path=path,
            hint="install a newer sketchrnn",
        )


def checked_scale(value: float) -> float:
    """Return a scale factor.

    Args:
        value: What a file gives as one.

    Raises:
        ValueError: If it is no number above 0.
    """
    if not (isinstance(value, int | float) and 0 < value < float("inf")):
        raise ValueError(f"the scale factor is {value}")
    return float(value)


def checked_info(info: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says of itself.

    Args:
        info: As it is read.

    Raises:
        ValueError: If its licence or attribution is no text, or its report no object.
    """
    kinds = {"licence": str, "attribution": str, "report": dict}
    for key, kind in kinds.items():
        if not isinstance(info.get(key), kind | None):
            raise ValueError(f"{key} is {info[key]!r}")
    return info


def check_categories(names: Sequence[str], path: Path) -> None:
    """Refuse names of categories that are not different from each other.

    Args:
        names: Of all categories.
        path: The file, for errors.

    Raises:
        BadFileError: If one is there twice, or there are too many.
    """
    if len(set(names)) != len(names) or len(names) > NO_CATEGORY:
        raise BadFileError("a category is there twice", path=path, where="categories", hint=AGAIN)


def attributes_digest(file: h5py.File) -> str:
    """Return a digest of the attributes of a data file.

    Args:
        file: The open file, of which all attributes are written.
    """
    names = ("preparation", "scale_factor", "fingerprint", "info")
    return digest_of(str(file.attrs[name]) for name in names)
