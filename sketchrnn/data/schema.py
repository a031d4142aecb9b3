"""What is checked of an HDF5 file of others before anything of it is read.

A data file is its groups and data sets, nothing more: what leads out of the file (soft and
external links, external storage, virtual data sets) is refused before it is followed, and what
claims more than the file can hold before room is made for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sketchrnn.drawing import BadFileError, SketchRNNError

AGAIN = "convert the drawings again"
NO_CATEGORY = 65535
"""The number of a drawing that has no category."""

MOST_STEPS = 1 << 24
"""The longest drawing, in steps: 100 MB of them."""

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_DEFLATED = 1100  # times smaller than what it was is the most that deflate makes of anything
_CHUNK_BYTES = 64 << 20
_HEAP = b"GCOL\x01"
_OBJECT = 16  # bytes of the head of a heap, and of each object in it
_TEXT_BYTES = 16  # of a text's place in the file: its length and where it is


@contextlib.contextmanager
def reading(path: Path, where: str | None = None, problem: str = "is damaged") -> Iterator[None]:
    """Turn whatever HDF5 says of a damaged file into one line of ours.

    Args:
        path: The file.
        where: The place in it.
        problem: What is wrong, in our words.

    Raises:
        BadFileError: If the block raises anything else than an error of ours.
    """
    try:
        yield
    except SketchRNNError as error:
        if error.path is not None:
            raise
        raise BadFileError(error.problem[:200], path=path, where=where, hint=AGAIN) from error
    # damage reaches h5py as OSError, RuntimeError, KeyError, TypeError, UnicodeDecodeError, …
    except Exception as error:
        raise BadFileError(problem, path=path, where=where, hint=AGAIN) from error


def check_heaps(path: Path) -> None:
    """Refuse a file whose texts HDF5 would look for without an end.

    Texts lie in global heaps. HDF5 walks through their objects by the sizes that these state, and
    goes in a circle where one states none.

    Args:
        path: The file, which is read once from end to end, in constant memory.

    Raises:
        ValueError: If the sizes of objects do not fit their heap.

    Source:
        HDF5 File Format Specification 3.0, III.E, "Global Heap".
    """
    if not path.stat().st_size:
        return
    unpack = struct.Struct("<H6xQ").unpack_from  # called for every text
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(_HEAP)
        while start >= 0:
            (size,) = struct.unpack_from("<Q", data[start : start + 16].ljust(16, b"\0"), 8)
            at, end = start + _OBJECT, start + size
            last = min(end, len(data)) - _OBJECT
            while at <= last:
                index, stated = unpack(data, at)
                step = _OBJECT + (stated + 7) // 8 * 8 if index else stated
                if not 0 < step <= end - at:
                    raise ValueError("an object of a heap does not fit")
                at += step
            start = data.find(_HEAP, start + 1)


def member(group: h5py.Group, name: str, path: Path) -> Any:
    """Return a group or data set of a group, None where there is none; links are not followed.

    Args:
        group: The group.
        name: Of the member, without a slash.
        path: The file, for errors.

    Raises:
        BadFileError: If it is a link, or keeps its data elsewhere.
    """
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise BadFileError("is a link to elsewhere", path=path, where=name, hint=AGAIN)
    found = group[name]
    if isinstance(found, h5py.Dataset):
        plan = found.id.get_create_plist()
        if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
            raise BadFileError("keeps its data elsewhere", path=path, where=name, hint=AGAIN)
    return found


def dataset(
    group: h5py.Group,
    name: str,
    path: Path,
    *,
    types: Iterable[str] = (),
    columns: tuple[int, ...] = (),
    length: int | None = None,
) -> h5py.Dataset | None:
    """Return a data set whose shape, type and size are what a data file has.

    Args:
        group: The group it is in.
        name: Of the data set.
        path: The file, for errors.
        types: The types of number that it may have; none: it has texts.
        columns: Its shape after the first axis.
        length: Of the first axis; None for any.

    Returns:
        None where there is none.

    Raises:
        BadFileError: If it is something else.
    """
    found = member(group, name, path)
    if found is None:
        return None

    def bad(problem: str) -> BadFileError:
        return BadFileError(problem, path=path, where=where, hint=AGAIN)

    where = "/".join(part for part in (group.name.strip("/"), name) if part)
    if not isinstance(found, h5py.Dataset):
        raise bad("is no data set")
    plan = found.id.get_create_plist()
    filters = {plan.get_filter(k)[0] for k in range(plan.get_nfilters())}
    if not filters <= _FILTERS:
        raise bad("is compressed in an unknown way")
    text = h5py.check_string_dtype(found.dtype)
    if (text is None or text.length is not None) if not types else found.dtype not in types:
        raise bad(f"holds {found.dtype}, not {' or '.join(types) or 'text'}")
    if found.shape is None or not found.shape or found.shape[1:] != columns:
        raise bad(f"has the shape {found.shape}")
    if length is not None and len(found) != length:
        raise bad("the index does not match the steps")
    each = _TEXT_BYTES if not types else found.dtype.itemsize
    if found.chunks is not None and int(np.prod(found.chunks, dtype=object)) * each > _CHUNK_BYTES:
        raise bad("has chunks that are too large")
    stored = found.id.get_storage_size()
    most = stored * (_DEFLATED if h5py.h5z.FILTER_DEFLATE in filters else 1)
    if stored > path.stat().st_size or int(np.prod(found.shape, dtype=object)) * each > most:
        raise bad("claims more than the file holds")
    return found


def split_datasets(file: h5py.File, name: str, path: Path) -> dict[str, h5py.Dataset] | None:
    """Return the data sets of a split, checked against each other; None where there is no split.

    Args:
        file: The open file.
        name: Of the split.
        path: The file, for errors.

    Raises:
        BadFileError: If one is missing, or is not what it should be.
    """
    with reading(path, name):
        group = member(file, name, path)
        if group is None:
            return None
        if not isinstance(group, h5py.Group):
            raise BadFileError("is no group", path=path, where=name, hint=AGAIN)
        if not {"steps", "offsets", "origins", "category"} <= set(group):
            raise BadFileError(
                "a data set is missing or damaged", path=path, where=name, hint=AGAIN
            )
        origins = dataset(group, "origins", path, types=("float32",), columns=(2,))
        assert origins is not None
        count = len(origins)
        found = {
            "steps": dataset(group, "steps", path, types=("int16", "float32"), columns=(3,)),
            "origins": origins,
            "offsets": dataset(group, "offsets", path, types=("int64",), length=count + 1),
            "category": dataset(group, "category", path, types=("uint16",), length=count),
            "metadata": dataset(group, "metadata", path, length=count),
            "metadata_crc32": dataset(
                group, "metadata_crc32", path, types=("uint32",), length=count
            ),
        }
        return {key: value for key, value in found.items() if value is not None}


def texts(file: h5py.File, name: str, path: Path) -> list[str]:
    """Return the texts of a data set, as a data file has few of them; none where it is missing.

    Args:
        file: The open file.
        name: Of the data set.
        path: The file, for errors.

    Raises:
        BadFileError: If they are damaged.
    """
    with reading(path, name):
        found = dataset(file, name, path)
        if found is None:
            return []
        if len(found) > NO_CATEGORY:
            raise BadFileError("has more texts than a data file can", path=path, where=name)
        values = [text.decode() for text in found[:]]
        check_digest(found, digest_of(values))
        return values


def digest_of(values: Iterable[str]) -> str:
    """Return a digest of texts, which tells whether one of them is not as it was written."""
    digest = hashlib.blake2b(digest_size=16)
    for text in values:
        content = text.encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def check_digest(owner: h5py.File | h5py.Dataset, digest: str) -> None:
    """Compare a digest with the one that was written; files of older versions have none.

    Args:
        owner: What has it as an attribute.
        digest: What it should be.

    Raises:
        ValueError: If they differ.
    """
    if "digest" in owner.attrs and owner.attrs["digest"] != digest.encode():
        raise ValueError("the digest is another one")


def attribute(file: h5py.File, name: str, kind: type) -> Any:
    """Return an attribute of a file.

    Args:
        file: The open file.
        name: Of the attribute.
        kind: str, int or float.

    Raises:
        KeyError: If there is none.
        ValueError: If it is something else.
    """
    place = file.attrs.get_id(name)
    numbers = {int: "iu", float: "f", str: "O"}[kind]
    if place.shape != () or place.dtype.kind not in numbers:
        raise ValueError(f"the attribute {name} is {place.dtype}, {place.shape}")
    value = file.attrs[name]
    if kind is str and not isinstance(value, str):
        raise ValueError(f"the attribute {name} is no text")
    return kind(value)
