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

from sketchrnn.data.data_file import FORMAT_VERSION, SPLITS, DataFile
from sketchrnn.data.examples import Example
from sketchrnn.data.normalize import Preparation
from sketchrnn.data.stored_split import Part, Split
from sketchrnn.drawing import BadFileError

INDEX = "index.json"
FORMAT = "sketchrnn-data-folder"
MOST_OPEN = 128
"""How many shards are open at once."""

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
        try:
            values = json.loads(place.read_text(encoding="utf-8"))
            known = isinstance(values, dict) and values["format"] == FORMAT
            version = int(values["format_version"]) if known else 0
        except (ValueError, KeyError, TypeError, RecursionError, OSError):
            known = False
        if not known:
            raise BadFileError(
                "is no index of a data folder", path=place, hint="build the folder again"
            )
        if version > FORMAT_VERSION:
            raise BadFileError(
                f"has format version {version}, and this program knows {FORMAT_VERSION}",
                path=path,
                hint="install a newer sketchrnn",
            )
        try:
            self.preparation = Preparation.from_dict(values["preparation"])
            self.scale_factor = float(values["scale_factor"])
            self.fingerprint = str(values["fingerprint"])
            self.categories = [str(name) for name in values["categories"]]
            self.info = dict(values["info"])
            self._examples = [str(line) for line in values["examples"]]
            shards = [
                (Path(s["file"]).name, str(s["fingerprint"]), _counts(s["splits"]))
                for s in values["shards"]
            ]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadFileError(
                "a value is missing or damaged", path=place, hint="build the folder again"
            ) from error
        if self.fingerprint != _joined(fingerprint for _, fingerprint, _ in shards):
            raise BadFileError(
                "the fingerprint does not match", path=place, hint="build the folder again"
            )
        for file, _, _ in shards:
            if not (self.path / file).is_file():
                raise BadFileError(
                    f"lacks its shard {file}", path=path, hint="build the folder again"
                )
        self._shards = _OpenShards(self.path, [shard[:2] for shard in shards], self.categories)
        self.splits = {}
        for name in SPLITS:
            parts = [
                Part(
                    self.path / file,
                    name,
                    counts[name],
                    partial(self._shards.group, number, name),
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
        try:
            return [Example.from_json(line) for line in self._examples]
        except ValueError as error:
            raise BadFileError(
                "is damaged", path=self.path / INDEX, where="examples", hint="build it again"
            ) from error

    def close(self) -> None:
        """Close all shards; they are opened again where they are needed."""
        self._shards.close()


def _counts(splits: Mapping[str, Any]) -> dict[str, int]:
    counts = {name: int(count) for name, count in splits.items()}
    if not set(counts) <= set(SPLITS) or min(counts.values(), default=0) < 0:
        raise ValueError("a split is unknown, or its count is negative")
    return counts


class _OpenShards:
    """Opens shards when they are asked for, and closes those not used for longest."""

    def __init__(self, folder: Path, shards: list[tuple[str, str]], categories: list[str]) -> None:
        self._folder = folder
        self._shards = shards
        self._categories = {name: number for number, name in enumerate(categories)}
        self._open: OrderedDict[int, h5py.File] = OrderedDict()

    def group(self, number: int, split: str) -> h5py.Group:
        file = self._file(number)
        try:
            return file[split]
        except KeyError:
            path = self._folder / self._shards[number][0]
            raise BadFileError("a split is missing", path=path, where=split) from None

    def numbers(self, number: int) -> NDArray[np.uint16]:
        """Return the number in all files for each number that a shard gives a category."""
        file = self._file(number)
        names = file["categories"][:] if "categories" in file else []
        try:
            return np.array([self._categories[name.decode()] for name in names], np.uint16)
        except (KeyError, UnicodeDecodeError):
            path = self._folder / self._shards[number][0]
            raise BadFileError(
                "a category is not in the index", path=path, hint="build the folder again"
            ) from None

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _file(self, number: int) -> h5py.File:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        name, fingerprint = self._shards[number]
        path = self._folder / name
        try:
            file = h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES)
        except OSError as error:
            raise BadFileError(
                "is not a data file, or is damaged", path=path, hint="build the folder again"
            ) from error
        if file.attrs.get("fingerprint") != fingerprint:
            file.close()
            raise BadFileError(
                "is not the shard that the index means", path=path, hint="build the folder again"
            )
        self._open[number] = file
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return file


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
