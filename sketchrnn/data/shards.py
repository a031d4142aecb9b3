"""A folder of data files with an index, which reads like one data file.

index.json      format, format_version, preparation, scale_factor, fingerprint, categories,
                info and examples, as a data file has them, for all shards together; shards:
                of each its file, its fingerprint, its number of drawings in each split
part-00000.h5   a data file of its own; its drawings come before those of the next
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.data_file import (
    FORMAT_VERSION,
    DataFile,
    Datasets,
    ShardSplit,
    Split,
    check_categories,
    check_version,
    checked_info,
    checked_scale,
    open_hdf5,
)
from sketchrnn.data.examples import Example
from sketchrnn.data.json_text import MOST_BYTES, from_json
from sketchrnn.data.normalize import Preparation
from sketchrnn.data.schema import attribute, reading, split_datasets, texts
from sketchrnn.data.split import SPLITS
from sketchrnn.drawing import BadFileError

INDEX = "index.json"
FORMAT = "sketchrnn-data-folder"
MOST_OPEN = 128
"""How many shards are open at once."""

_AGAIN = "build the folder again"
_DRAWING_BYTES = 18  # of a drawing in a file at least: its offset, origin and category
_CACHE_BYTES = 1 << 18  # of a data set that is open; a chunk of steps has 100 to 200 KB


def write_index(
    folder: Path,
    shards: Iterable[Mapping[str, Any]],
    *,
    preparation: Preparation,
    scale_factor: float,
    categories: Iterable[str],
    info: Mapping[str, Any],
    examples: Iterable[str],
) -> None:
    """Write the index of a folder that has all its shards.

    Args:
        folder: The folder.
        shards: Of each `file`, `fingerprint`, and `splits`, the drawings of each split.
        preparation: With the median side of all.
        scale_factor: Of all.
        categories: Names, in the order of their numbers.
        info: Source, licence, attribution, report.
        examples: Lines of JSON.
    """
    listed = [dict(shard) for shard in shards]
    values = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "preparation": preparation.to_dict(),
        "scale_factor": scale_factor,
        "fingerprint": _joined(shard["fingerprint"] for shard in listed),
        "categories": list(categories),
        "info": dict(info),
        "examples": list(examples),
        "shards": listed,
    }
    text = json.dumps(values, ensure_ascii=False, indent=1)
    (folder / INDEX).write_text(text + "\n", encoding="utf-8")


def _joined(fingerprints: Iterable[str]) -> str:
    """Return the fingerprint of shards in order: a digest of theirs."""
    digest = hashlib.blake2b(digest_size=16)
    for fingerprint in fingerprints:
        digest.update(fingerprint.encode())
    return digest.hexdigest()


class DataFolder(DataFile):
    """A folder of shards opened for reading, with everything that a `DataFile` has.

    A shard is opened when one of its drawings is asked for. The drawings of a split are in the
    order of the shards, so in that of the inputs.

    Args:
        path: The folder.

    Raises:
        BadFileError: If it has no index, or the index is damaged, newer than this program, or
            names a shard that is not there.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Read the index and open nothing else."""
        self.path = Path(path)
        place = self.path / INDEX
        if not place.is_file():
            raise BadFileError(
                f"is a folder without {INDEX}, not one of data",
                path=path,
                hint="make one with `sketchrnn data build`",
            )
        with reading(place, problem="is no index of a data folder"):
            if place.stat().st_size > MOST_BYTES:
                raise ValueError("it is too long")
            values = from_json(place.read_bytes())
            if values["format"] != FORMAT:
                raise ValueError("it has another format")
            version = int(values["format_version"])
        check_version(version, self.path)
        with reading(place, problem="a value is missing or damaged"):
            self.preparation = Preparation.from_dict(values["preparation"])
            self.scale_factor = checked_scale(values["scale_factor"])
            self.fingerprint = str(values["fingerprint"])
            self.categories = [str(name) for name in values["categories"]]
            check_categories(self.categories, place)
            self.info = checked_info(dict(values["info"]))
            self._examples = [str(line) for line in values["examples"]]
            shards = [(s["file"], str(s["fingerprint"]), s["splits"]) for s in values["shards"]]
        if self.fingerprint != _joined(fingerprint for _, fingerprint, _ in shards):
            raise BadFileError("the fingerprint does not match", path=place, hint=_AGAIN)
        seen: set[str] = set()
        for file, _, counts in shards:
            if not isinstance(file, str) or Path(file).name != file or file in seen:
                problem = f"names {file!r}, which is no shard of its own"
                raise BadFileError(problem, path=place, hint=_AGAIN)
            seen.add(file)
            shard = self.path / file
            if not shard.is_file():
                raise BadFileError(f"lacks its shard {file}", path=path, hint=_AGAIN)
            _check_counts(counts, shard, place)
        self._shards = _OpenShards(self.path, [shard[:2] for shard in shards], self.categories)
        self.splits = {}
        for name in SPLITS:
            parts = [
                ShardSplit(
                    self.path / file,
                    name,
                    counts[name],
                    partial(self._shards.datasets, number, name),
                    partial(self._shards.numbers, number),
                )
                for number, (file, _, counts) in enumerate(shards)
                if counts.get(name)
            ]
            if parts:
                self.splits[name] = Split(self, name, parts)

    @property
    def examples(self) -> list[Example]:
        """A few drawings before and after the conversion.

        Raises:
            BadFileError: If they are damaged.
        """
        with reading(self.path / INDEX, "examples"):
            return [Example.from_json(line) for line in self._examples]

    def close(self) -> None:
        """Close all shards; they are opened again where they are needed."""
        self._shards.close()


def _check_counts(counts: Any, shard: Path, index: Path) -> None:
    """Refuse numbers of drawings that a shard cannot have, before there is room made for them."""
    if not (
        isinstance(counts, dict)
        and set(counts) <= set(SPLITS)
        and all(type(count) is int and count >= 0 for count in counts.values())
        and sum(counts.values()) * _DRAWING_BYTES <= shard.stat().st_size
    ):
        problem = "says what the shard does not hold"
        raise BadFileError(problem, path=index, where=shard.name, hint=_AGAIN)


class _OpenShards:
    """Opens shards when they are asked for, and closes those not used for longest."""

    def __init__(self, folder: Path, shards: list[tuple[str, str]], categories: list[str]) -> None:
        self._folder = folder
        self._shards = shards
        self._categories = {name: number for number, name in enumerate(categories)}
        self._open: OrderedDict[int, tuple[h5py.File, dict[str, Datasets]]] = OrderedDict()

    def datasets(self, number: int, split: str) -> Datasets:
        """Return the data sets of a split of a shard."""
        _, splits = self._opened(number)
        if split not in splits:
            path = self._folder / self._shards[number][0]
            raise BadFileError("a split is missing", path=path, where=split)
        return splits[split]

    def numbers(self, number: int) -> NDArray[np.uint16]:
        """Return the number in all files for each number that a shard gives a category."""
        path = self._folder / self._shards[number][0]
        file, _ = self._opened(number)
        try:
            names = texts(file, "categories", path)
            return np.array([self._categories[name] for name in names], np.uint16)
        except KeyError:
            raise BadFileError("a category is not in the index", path=path, hint=_AGAIN) from None

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1][0].close()

    def _opened(self, number: int) -> tuple[h5py.File, dict[str, Datasets]]:
        """Return an open shard, and the data sets of its splits."""
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        name, fingerprint = self._shards[number]
        path = self._folder / name
        file = open_hdf5(path, rdcc_nbytes=_CACHE_BYTES)
        try:
            with reading(path):
                if attribute(file, "fingerprint", str) != fingerprint:
                    raise BadFileError(
                        "is not the shard that the index means", path=path, hint=_AGAIN
                    )
            found = {split: split_datasets(file, split, path) for split in SPLITS}
        except BaseException:
            file.close()
            raise
        self._open[number] = file, {key: value for key, value in found.items() if value}
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)[1][0].close()
        return self._open[number]


def open_data(path: str | PathLike[str]) -> DataFile:
    """Open a data file, or a folder of them, for reading; see `DataFile` and `DataFolder`.

    Raises:
        BadFileError: If it is missing, is no data file, is damaged, or is newer than this program.
    """
    return DataFolder(path) if Path(path).is_dir() else DataFile(path)


def opened(
    data: str | PathLike[str] | DataFile,
) -> contextlib.AbstractContextManager[DataFile]:
    """Open a path and close it in the end; leave what is open as it is.

    Raises:
        BadFileError: As `open_data` does.
    """
    return contextlib.nullcontext(data) if isinstance(data, DataFile) else open_data(data)


def is_data(path: str | PathLike[str]) -> bool:
    """Say whether a path is meant as data, by its suffix, or is a folder of them."""
    place = Path(path)
    return place.suffix.lower() in (".h5", ".hdf5") or (place / INDEX).is_file()
