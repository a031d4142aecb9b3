"""sketch-rnn's `.npz`: stroke-3 drawings in the splits train, valid and test.

Each split is an object array of int16 or float (N, 3) arrays, and an object array is a pickle;
`pickled_arrays` reads it without running it. Drawings start at the origin: their place is not
part of the format.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.pickled_arrays import read_object_array
from sketchrnn.sources.source import Item, Skip, Source

SPLITS = ("train", "valid", "test")
MAX_BYTES = 2 << 30
"""The largest array that is unpacked; the largest file of Quick, Draw! has 0.2 GiB."""

MAX_RATIO = 100
"""How much smaller than its content a file may be; drawings shrink to a third."""

_HARMLESS = 16 << 20  # below this many bytes the ratio does not matter


def open_npz(path: Path) -> Source:
    """Open a sketch-rnn npz file.

    Args:
        path: The file. Its name up to the first dot is the category of its drawings.

    Returns:
        The source. Arrays named otherwise than train, valid and test have no split.

    Raises:
        BadFileError: If it is no npz, or holds no drawings that could be read.
    """
    counts = {key: _count(path, key) for key in _keys(path)}
    smallest = min(counts, key=lambda key: counts[key])
    sample = _read_key(path, smallest)
    integer = all(_fits_int16(rows) for rows in sample)
    category = path.name.split(".")[0] or None

    def read(skip: Skip) -> Iterator[Item]:
        for key in counts:
            for index, rows in enumerate(_read_key(path, key)):
                name = f"{path.name}:{key}[{index}]"
                if isinstance(rows, Exception):
                    skip(name, BadFileError(str(rows), path=path, where=f"{key}[{index}]"))
                    continue
                try:
                    if integer and not _fits_int16(rows):
                        raise BadDrawingError("its numbers are of another type than the others'")
                    drawing = Drawing.from_stroke3(rows, category, {"source": path.name})
                except BadDrawingError as error:
                    place = ", ".join(part for part in (f"{key}[{index}]", error.where) if part)
                    skip(name, BadFileError(error.problem, path=path, where=place))
                    continue
                yield Item(drawing, name, split=key if key in SPLITS else None)

    return Source(
        str(path), "keep", None, read, length=sum(counts.values()), integer=integer and bool(sample)
    )


def _keys(path: Path) -> list[str]:
    """Return the arrays of the file: train, valid, test, then others."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception:  # zipfile lets through whatever it stumbles over
        raise BadFileError(
            "is not an npz file, or is damaged", path=path, hint="get the file again"
        ) from None
    keys = sorted(set(names), key=lambda key: (SPLITS.index(key) if key in SPLITS else 3, key))
    if not keys:
        raise BadFileError("holds no arrays", path=path, hint="choose another file")
    return keys


def _count(path: Path, key: str) -> int:
    """Return how many drawings an array says that it has."""
    shape, _, _ = _header(_unpack(path, key, 1 << 14), path, key)
    return int(shape[0])


def _read_key(path: Path, key: str) -> list[NDArray[Any] | Exception]:
    """Return the stroke-3 rows of all drawings of an array, or what is wrong with them."""
    stream = _unpack(path, key)
    shape, fortran, dtype = _header(stream, path, key)
    rest = stream.read()
    if dtype.hasobject:
        result = read_object_array(rest, str(path), key)
    else:  # drawings of one length, all in one array
        try:
            numbers = np.frombuffer(rest, dtype).reshape(shape, order="F" if fortran else "C")
        except ValueError:
            raise BadFileError("an array is damaged", path=path, where=key) from None
        result = list(numbers)
    if len(result) != shape[0]:
        raise BadFileError(
            f"holds {len(result)} drawings where its header says {shape[0]}", path=path, where=key
        )
    return result


def _header(
    stream: io.BytesIO, path: Path, key: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an npy array: shape, Fortran order, dtype."""
    try:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = npy.read_array_header_2_0(stream)
    except Exception:  # NumPy lets through whatever its parser stumbles over
        raise BadFileError("is not an array of NumPy", path=path, where=key) from None
    plain = dtype.kind in "iuf" and len(shape) == 3
    if not (plain or dtype.kind == "O") or not shape:
        raise BadFileError(
            f"holds numbers of shape {shape} and type {dtype}, not drawings",
            path=path,
            where=key,
            hint="choose a file of stroke-3 drawings",
        )
    return shape, fortran, dtype


def _unpack(path: Path, key: str, limit: int = -1) -> io.BytesIO:
    """Return the content of one array of the file, or its first `limit` bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = key if key in archive.namelist() else f"{key}.npy"
            info = archive.getinfo(name)
            if info.file_size > MAX_BYTES or (
                info.file_size > max(_HARMLESS, MAX_RATIO * info.compress_size)
            ):
                raise BadFileError(
                    f"would unpack to {info.file_size >> 20} MiB, which no drawings need",
                    path=path,
                    where=key,
                    hint="do not trust this file",
                )
            with archive.open(info) as member:
                return io.BytesIO(member.read(limit))
    except BadFileError:
        raise
    except Exception:
        raise BadFileError(
            "cannot be unpacked: it is damaged or cut off",
            path=path,
            where=key,
            hint="get the file again",
        ) from None


def _fits_int16(rows: NDArray[Any] | Exception) -> bool:
    return not isinstance(rows, Exception) and rows.dtype.kind in "iu" and rows.dtype.itemsize <= 2
