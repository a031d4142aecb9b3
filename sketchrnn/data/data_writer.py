"""Writing a data file, and what it measures of its training drawings on the way."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.data_file import FORMAT, FORMAT_VERSION, attributes_digest
from sketchrnn.data.json_text import MOST_NOTES_BYTES, from_json, is_unicode, to_json
from sketchrnn.data.normalize import Preparation
from sketchrnn.data.packed_drawings import PackedDrawings
from sketchrnn.data.schema import MOST_STEPS, NO_CATEGORY, digest_of
from sketchrnn.data.split import SPLITS
from sketchrnn.drawing import BadSettingError, Drawing

_SHORT_NOTES = 64  # which cannot be nested too deeply
_INT16 = np.iinfo(np.int16)
_BUFFERED_STEPS = 1 << 16
_CHUNK_STEPS = 1 << 14
_CHUNK_DRAWINGS = 1 << 10
_MOST_SIDES = 1 << 20


class TrainingStatistics:
    """The spread of all training offsets, and the median longer side of the drawings.

    Count, mean and sum of squared deviations are kept, in float64, and put together after Chan,
    Golub and LeVeque: nothing is lost where the mean is large beside the spread.

    Source:
        T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise algorithm for
        computing sample variances, 1979.
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0  # of the deviations from the mean, added up
        self.sides: list[float] = []
        self._stride = 1
        self._seen = 0

    def add_offsets(self, offsets: NDArray[np.float64]) -> None:
        """Measure offsets, of any shape."""
        if offsets.size:
            mean = float(offsets.mean())
            self._join(offsets.size, mean, float(np.square(offsets - mean).sum()))

    def add_sides(self, sides: list[float]) -> None:
        """Measure the longer sides of drawings: of every one, or of every 2nd, 4th, …."""
        for side in sides:
            if self._seen % self._stride == 0:
                self.sides.append(side)
                if len(self.sides) == _MOST_SIDES:
                    self.sides = self.sides[::2]
                    self._stride *= 2
            self._seen += 1

    def merge(self, count: int, mean: float, squares: float, sides: list[float]) -> None:
        """Measure what another has measured; the arguments are its attributes."""
        self._join(count, mean, squares)
        self.add_sides(sides)

    @property
    def scale_factor(self) -> float:
        """The standard deviation of all dx and dy pooled; 1 where there is none."""
        variance = self.squares / self.count if self.count else 0.0
        return float(np.sqrt(variance)) if variance > 0 else 1.0

    @property
    def median_side(self) -> float | None:
        """The median longer side, None where there is no drawing."""
        return float(np.median(self.sides)) if self.sides else None

    def _join(self, count: int, mean: float, squares: float) -> None:
        total = self.count + count
        if total:
            difference = mean - self.mean
            self.squares += squares + difference * difference * (self.count * count / total)
            self.mean += difference * (count / total)
            self.count = total


class _Target(io.FileIO):
    """The file that HDF5 writes to, and that never fails as far as HDF5 can see.

    HDF5 crashes where what it cannot write for want of room is written again when an object is
    closed, or the process ends. So the first error is kept for `check`, and nothing is written
    after it.

    Args:
        path: The file; one that exists is replaced.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view) and self._error is None:
                done += super().write(view[done:]) or 0
        except OSError as error:
            self._error = error
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def check(self) -> None:
        """Raise the first error of writing, if there was one."""
        if self._error is not None:
            raise self._error


class DataFileWriter:
    """Writes a data file, drawing by drawing, in memory that does not grow with it.

    Write to a path of `drawing.files.whole_file`, so that the file appears when it is whole.

    Args:
        path: The file to write; one that exists is replaced.
        preparation: How the drawings became data units. `close` fills in its median side.
        integer: Whether offsets are whole numbers and are stored as int16.
        info: Source, licence, attribution and whatever else a reader should know; JSON-able.

    Attributes:
        examples: Lines of JSON as `Example.to_json` makes them, which `close` writes.
        fingerprint: A digest of all steps, once the file is closed.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        preparation: Preparation,
        *,
        integer: bool = False,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        """Open the file and write nothing yet."""
        self.preparation = preparation
        self.info = dict(info or {})
        self.examples: list[str] = []
        self.fingerprint = ""
        # structures of HDF5 1.10, which carry checksums
        self._target = _Target(path)
        self._file = h5py.File(self._target, "w", driver="fileobj", libver=("v110", "v110"))
        self._dtype = np.dtype(np.int16 if integer else np.float32)
        self._splits: dict[str, _SplitWriter] = {}
        self._categories: dict[str, int] = {}
        self._statistics = TrainingStatistics()

    def append(self, split: str, drawing: Drawing) -> int:
        """Add a drawing, which is in data units, to a split.

        Args:
            split: "train", "valid" or "test".
            drawing: Its strokes, category and metadata (JSON-able) are kept.

        Returns:
            Its number of steps.

        Raises:
            BadSettingError: If the split is unknown, an offset does not fit the file's numbers,
                or there are more than 65,535 categories.
        """
        bundle = PackedDrawings.of([drawing])
        problems = self.append_all([split], bundle, [drawing.category], [drawing.metadata])
        if problems:
            raise BadSettingError(problems[0])
        return int(bundle.steps[0])

    def append_all(
        self,
        splits: Sequence[str],
        bundle: PackedDrawings,
        categories: Sequence[str | None],
        notes: Sequence[Mapping[str, Any]],
    ) -> dict[int, str]:
        """Add D drawings, which are in data units, to their splits, in a fraction of the time.

        Args:
            splits: Of each drawing, "train", "valid" or "test".
            bundle: Their strokes.
            categories: Of each.
            notes: The metadata of each.

        Returns:
            Why a drawing was not added, by its number; see `append`.

        Raises:
            BadSettingError: If a split is unknown.
        """
        for name in set(splits) - set(SPLITS):
            raise BadSettingError(f"unknown split {name!r}", hint=f"use {', '.join(SPLITS)}")
        steps, problems = self._stored(bundle)
        numbers = [
            NO_CATEGORY if k in problems else self._category_index(category, k, problems)
            for k, category in enumerate(categories)
        ]
        texts = [_text(of_one) for of_one in notes]
        problems |= {k: problem for k, text in enumerate(texts) if (problem := _unreadable(text))}
        low, high = bundle.bounds()
        origins = bundle.origins()
        for split in SPLITS:
            of_split = [k for k, name in enumerate(splits) if name == split and k not in problems]
            if not of_split:
                continue
            if split not in self._splits:
                measure = self._statistics.add_offsets if split == "train" else None
                group = self._file.create_group(split)
                self._splits[split] = _SplitWriter(group, self._dtype, measure)
            wanted = np.zeros(len(bundle), dtype=bool)
            wanted[of_split] = True
            rows = steps
            if len(of_split) < len(bundle):
                rows = steps[np.repeat(wanted, bundle.steps)]
            self._splits[split].append(
                rows,
                bundle.steps[wanted],
                origins[wanted],
                [numbers[k] for k in of_split],
                [texts[k] for k in of_split],
            )
            if split == "train":
                sides = (high[wanted] - low[wanted]).max(axis=1)
                self._statistics.add_sides(sides.tolist())
        self._target.check()
        return problems

    def _stored(self, bundle: PackedDrawings) -> tuple[NDArray[Any], dict[int, str]]:
        """Return the steps of drawings as the file has them, and which do not fit, and why."""
        rows = bundle.rows()
        whole = self._dtype == np.int16
        with np.errstate(over="ignore", invalid="ignore"):
            steps = rows.astype(self._dtype)
            origins = bundle.origins().astype(np.float32)
            fits = (steps == rows) & (rows > _INT16.min) if whole else np.isfinite(steps)
        long = dict.fromkeys(
            np.flatnonzero(bundle.steps > MOST_STEPS).tolist(),
            f"has more than {MOST_STEPS:,} steps",
        )
        if fits.all() and np.isfinite(origins).all():
            return steps, long
        owner = np.repeat(np.arange(len(bundle)), bundle.steps)
        far = np.flatnonzero(~np.isfinite(origins).all(axis=1))
        bad = sorted({*far.tolist(), *owner[~fits.all(axis=1)].tolist()})
        if whole:
            return steps, long | dict.fromkeys(bad, "an offset is not a whole number of 16 bits")
        return steps, long | dict.fromkeys(bad, "lies too far off for a data file")

    def close(self, **info: Any) -> None:
        """Write what is buffered, the scale factor and the attributes, and close the file."""
        statistics = self.statistics
        digest = hashlib.blake2b(digest_size=16)
        for name in SPLITS:
            if name in self._splits:
                digest.update(name.encode() + self._splits[name].digest.digest())
        for name, texts in (("categories", self.categories), ("examples", self.examples)):
            if texts:
                written = self._file.create_dataset(name, data=texts, dtype=h5py.string_dtype())
                written.attrs["digest"] = np.bytes_(digest_of(texts))
        values = {**self.preparation.to_dict(), "median_side": statistics.median_side}
        self._file.attrs["format"] = FORMAT
        self._file.attrs["format_version"] = FORMAT_VERSION
        self._file.attrs["preparation"] = json.dumps(values)
        self._file.attrs["scale_factor"] = statistics.scale_factor
        self._file.attrs["fingerprint"] = self.fingerprint = digest.hexdigest()
        self._file.attrs["info"] = to_json({**self.info, **info})
        self._file.attrs["digest"] = np.bytes_(attributes_digest(self._file))
        self._file.close()
        self._target.close()
        self._target.check()

    @property
    def statistics(self) -> TrainingStatistics:
        """What is measured of the training drawings so far."""
        for split in self._splits.values():
            split.flush()
        return self._statistics

    @property
    def categories(self) -> list[str]:
        """The names of the categories so far, in the order of their numbers."""
        return list(self._categories)

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; after an error without finishing it."""
        if not self._file:
            return
        if kind is None:
            self.close()
        self._file.close()
        self._target.close()

    def _category_index(self, category: str | None, place: int, problems: dict[int, str]) -> int:
        """Return the number of a category; what is wrong with it goes to `problems`."""
        if category is None:
            return NO_CATEGORY
        index = self._categories.get(category)
        if index is not None:
            return index
        if len(self._categories) >= NO_CATEGORY:
            problems[place] = "more than 65,535 categories in one data file"
        elif not is_unicode(category):
            problems[place] = "its category is not Unicode"
        else:
            return self._categories.setdefault(category, len(self._categories))
        return NO_CATEGORY


def _text(notes: Mapping[str, Any]) -> str:
    """Return notes as the file has them: without the box, which is the extent."""
    if "box" in notes:
        notes = {key: value for key, value in notes.items() if key != "box"}
    return to_json(notes) if notes else ""


def _unreadable(notes: str) -> str | None:
    """Return why notes could not be read again, None if they can be."""
    if len(notes) < _SHORT_NOTES:
        return None
    try:
        from_json(notes.encode(), MOST_NOTES_BYTES)
    except ValueError:
        return "has notes that are too long"
    return None


class _SplitWriter:
    """Buffers the drawings of one split and appends them to its datasets."""

    def __init__(
        self,
        group: h5py.Group,
        dtype: np.dtype[Any],
        measure: Callable[[NDArray[np.float64]], None] | None,
    ) -> None:
        self._measure = measure
        self.digest = hashlib.blake2b(digest_size=16)
        self._group = group
        text = h5py.string_dtype()
        self._steps = group.create_dataset(
            "steps",
            (0, 3),
            dtype,
            maxshape=(None, 3),
            chunks=(_CHUNK_STEPS, 3),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
            fletcher32=True,
        )

        # h5py's own guess for a data set that begins with one number is a chunk a number
        def column(name: str, dtype: Any, length: int = 0) -> h5py.Dataset:
            return group.create_dataset(
                name,
                (length,),
                dtype,
                maxshape=(None,),
                chunks=(_CHUNK_DRAWINGS,),
                fletcher32=dtype is not text,
            )

        self._offsets = column("offsets", np.int64, 1)
        self._origins = group.create_dataset(
            "origins",
            (0, 2),
            np.float32,
            maxshape=(None, 2),
            chunks=(_CHUNK_DRAWINGS, 2),
            fletcher32=True,
        )
        self._category = column("category", np.uint16)
        self._metadata = column("metadata", text)
        self._checksums = column("metadata_crc32", np.uint32)
        self._rows: list[NDArray[Any]] = []  # what is not written yet, of drawings end to end
        self._lengths: list[NDArray[np.int64]] = []
        self._starts: list[NDArray[np.float64]] = []
        self._numbers: list[int] = []
        self._texts: list[str] = []
        self._pending_steps = 0

    def append(
        self,
        rows: NDArray[Any],
        lengths: NDArray[np.int64],
        origins: NDArray[np.float64],
        categories: list[int],
        texts: list[str],
    ) -> None:
        """Take the rows of drawings, end to end, with what there is of each; (D,) or D long."""
        self._digest(rows, lengths)
        ends = np.cumsum(lengths)
        begin = first = 0
        while begin < len(lengths):
            # up to the drawing that fills the buffer, however many come at once
            room = _BUFFERED_STEPS - self._pending_steps
            stop = int(np.searchsorted(ends, first + room)) + 1
            stop = min(stop, begin + _BUFFERED_STEPS - len(self._numbers), len(lengths))
            last = int(ends[stop - 1])
            self._rows.append(rows[first:last])
            self._lengths.append(lengths[begin:stop])
            self._starts.append(origins[begin:stop])
            self._numbers += categories[begin:stop]
            self._texts += texts[begin:stop]
            self._pending_steps += last - first
            begin, first = stop, last
            if max(self._pending_steps, len(self._numbers)) >= _BUFFERED_STEPS:
                self.flush()

    def _digest(self, rows: NDArray[Any], lengths: NDArray[np.int64]) -> None:
        """Add to the digest of each drawing its length and its steps."""
        data = memoryview(rows.tobytes())
        heads = memoryview(lengths.astype("<i8").tobytes())
        ends = (np.cumsum(lengths) * (rows.itemsize * 3)).tolist()
        starts = [0, *ends[:-1]]
        for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
            self.digest.update(heads[8 * place : 8 * place + 8])
            self.digest.update(data[start:end])

    def flush(self) -> None:
        if not self._numbers:
            return
        ends = int(self._offsets[-1]) + np.cumsum(np.concatenate(self._lengths))
        steps = np.concatenate(self._rows)
        if self._measure is not None:
            self._measure(steps[:, :2].astype(np.float64))
        _extend(self._steps, steps)
        _extend(self._offsets, ends)
        _extend(self._origins, np.concatenate(self._starts))
        _extend(self._category, np.array(self._numbers))
        _extend(self._metadata, np.array(self._texts, dtype=object))
        checksums = [zlib.crc32(text.encode()) for text in self._texts]
        _extend(self._checksums, np.array(checksums, np.uint32))
        for pending in (self._rows, self._lengths, self._starts, self._numbers, self._texts):
            pending.clear()
        self._pending_steps = 0


def _extend(dataset: h5py.Dataset, values: NDArray[Any]) -> None:
    start = dataset.shape[0]
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values
