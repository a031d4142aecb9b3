"""sketch-rnn's `.npz`: stroke-3 drawings in the splits train, valid and test.

Each split is an object array of int16 or float (N, 3) arrays, and an object array is a pickle;
it is read without being run. Drawings start at the origin: their place is not
part of the format.
"""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.source import Item, Skip, Source

SPLITS = ("train", "valid", "test")
MAX_BYTES = 2 << 30
"""The largest array that is unpacked; the largest file of Quick, Draw! has 0.2 GiB."""

MAX_ARRAYS = 1000
"""More arrays than any file of drawings has."""

MAX_RATIO = 100
"""How much smaller than its content a file may be; drawings shrink to a third."""

_ROW_BYTES = 64  # that a drawing takes at least once it is read
_HARMLESS = 16 << 20  # below this many bytes the ratio does not matter


def open_npz(path: Path) -> Source:
    """Open a sketch-rnn npz file.

    Args:
        path: The file. Its name up to the first dot is the category of its drawings.

    Returns:
        The source. Arrays named otherwise than train, valid and test have no split, and are left
        out with a word where they hold something else than drawings.

    Raises:
        BadFileError: If it is no npz, or holds no drawings that could be read.
    """
    counts: dict[str, int] = {}
    left_out: dict[str, BadFileError] = {}
    for key in _keys(path):
        try:
            counts[key] = _count(path, key)
        except BadFileError as error:
            if key in SPLITS:
                raise
            left_out[key] = error
    if not counts:
        raise next(iter(left_out.values()))
    smallest = min(counts, key=lambda key: counts[key])
    sample = _read_key(path, smallest)
    integer = all(_fits_int16(rows) for rows in sample)
    category = path.name.split(".")[0] or None

    def read(skip: Skip) -> Iterator[Item]:
        for key, error in left_out.items():
            skip(f"{path.name}:{key}", f"is no array of drawings: {error.problem}")
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
            members = archive.namelist()
    except Exception:  # zipfile lets through whatever it stumbles over
        raise BadFileError(
            "is not an npz file, or is damaged", path=path, hint="get the file again"
        ) from None
    names = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]
    if members and not names:
        raise BadFileError(
            "is a zip file without arrays of NumPy, not an npz",
            path=path,
            hint="unpack it, and name the folder",
        )
    keys = sorted(set(names), key=lambda key: (SPLITS.index(key) if key in SPLITS else 3, key))
    if len(keys) > MAX_ARRAYS:
        raise BadFileError(
            f"holds more than {MAX_ARRAYS:,} arrays", path=path, hint="do not trust this file"
        )
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
        if shape[0] * _ROW_BYTES > max(_HARMLESS, MAX_RATIO * len(rest)):
            raise BadFileError(
                f"holds {shape[0]:,} drawings in {len(rest):,} bytes", path=path, where=key
            )
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


# Object arrays without executing their pickle. A pickle is a program: it may import any name and
# call it. The files in question need six of the names and a third of the instructions. What follows
# knows those and refuses the rest, and even they run nothing of NumPy's: each stands for a small
# class of our own that notes what it was given. The notes become arrays afterwards, when shape and
# size have been checked.

# The unpickler in Python rather than in C: its instructions can be taken away one by one, and a
# memo index of 2^31 does not make it reserve the memory. 70,000 drawings take it seconds.
_INSTRUCTIONS = frozenset(
    code[0]
    for code in (
        pickle.PROTO,
        pickle.FRAME,
        pickle.STOP,
        pickle.MARK,
        pickle.POP,
        pickle.NONE,
        pickle.NEWTRUE,
        pickle.NEWFALSE,
        pickle.INT,
        pickle.BININT,
        pickle.BININT1,
        pickle.BININT2,
        pickle.LONG,
        pickle.LONG1,
        pickle.FLOAT,
        pickle.BINFLOAT,
        pickle.STRING,
        pickle.BINSTRING,
        pickle.SHORT_BINSTRING,
        pickle.UNICODE,
        pickle.BINUNICODE,
        pickle.SHORT_BINUNICODE,
        pickle.BINBYTES,
        pickle.SHORT_BINBYTES,
        pickle.BINBYTES8,
        pickle.EMPTY_TUPLE,
        pickle.TUPLE,
        pickle.TUPLE1,
        pickle.TUPLE2,
        pickle.TUPLE3,
        pickle.EMPTY_LIST,
        pickle.LIST,
        pickle.APPEND,
        pickle.APPENDS,
        pickle.PUT,
        pickle.BINPUT,
        pickle.LONG_BINPUT,
        pickle.GET,
        pickle.BINGET,
        pickle.LONG_BINGET,
        pickle.MEMOIZE,
        pickle.GLOBAL,
        pickle.STACK_GLOBAL,
        pickle.REDUCE,
        pickle.BUILD,
    )
)

_NUMBER_CODE = re.compile(r"[iu][1248]|f[248]|b1")
_OBJECT_CODE = re.compile(r"O[48]?")


class _RefusedError(Exception):
    """Something in the pickle that arrays do not need."""


class _Array:
    """Stands for an array; `__setstate__` notes its shape, type and bytes."""

    __slots__ = ("_state",)

    def __setstate__(self, state: Any) -> None:
        self._state = state

    def objects(self) -> list[Any]:
        """Return the elements of an object array, in C order."""
        _, shape, dtype, fortran, data = self._state
        if not (isinstance(dtype, _DType) and dtype.is_object and isinstance(data, list)):
            raise _RefusedError("the outer array does not hold objects")
        if fortran and len(shape) > 1:
            raise _RefusedError("an object array in Fortran order")
        return data

    def numbers(self) -> NDArray[Any]:
        """Return the array of numbers; a read-only view of the file's bytes."""
        _, shape, dtype, fortran, data = self._state
        if not isinstance(dtype, _DType) or dtype.is_object:
            raise _RefusedError("an element that is not an array of numbers")
        if isinstance(data, str):  # Python 2 wrote text where it meant bytes
            data = data.encode("latin1")
        if not isinstance(data, bytes) or not isinstance(shape, tuple):
            raise _RefusedError("an array without its bytes")
        if not all(type(side) is int and side >= 0 for side in shape):
            raise _RefusedError("an array of an impossible shape")
        array = np.frombuffer(data, dtype.numpy())
        return array.reshape(shape, order="F" if fortran else "C")


class _Reconstruct:
    """Stands for numpy's `_reconstruct`: makes an array that is still to be filled."""

    __slots__ = ()

    def __new__(cls, kind: Any, shape: Any, code: Any) -> Any:
        if kind is not _NdArray:
            raise _RefusedError("an array of another class")
        return _Array()

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a state where there is none")


class _NdArray:
    """Stands for `numpy.ndarray`, which the files name and never call."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> Any:
        raise _RefusedError("a call of numpy.ndarray")

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a state where there is none")


class _DType:
    """Stands for `numpy.dtype`; only plain numbers and "object" exist."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: Any, *_: Any) -> None:
        if isinstance(code, bytes):
            code = code.decode("latin1")
        if not isinstance(code, str) or not (
            _NUMBER_CODE.fullmatch(code) or _OBJECT_CODE.fullmatch(code)
        ):
            raise _RefusedError(f"the number type {str(code)[:20]!r}")
        self._code = code
        self._order = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if isinstance(order, bytes):
            order = order.decode("latin1")
        if order not in ("<", ">", "|", "="):
            raise _RefusedError("an unknown byte order")
        self._order = order

    @property
    def is_object(self) -> bool:
        return self._code.startswith("O")

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


class _Encode:
    """Stands for `_codecs.encode` and `bytes`, by which bytes get through old protocols."""

    __slots__ = ()

    def __new__(cls, text: Any = "", encoding: Any = "latin1") -> Any:
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise _RefusedError("another encoding than latin1")
        return text.encode("latin1")

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a state where there is none")


_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy", "ndarray"): _NdArray,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _Encode,
    ("__builtin__", "bytes"): _Encode,
}


class _ArrayUnpickler(pickle._Unpickler):
    dispatch = {  # noqa: RUF012 - the base class's own attribute
        code: action for code, action in pickle._Unpickler.dispatch.items() if code in _INSTRUCTIONS
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            raise _RefusedError(f"the name {module[:40]}.{name[:40]}") from None


def read_object_array(data: bytes, path: str, where: str) -> list[NDArray[Any] | Exception]:
    """Return the number arrays that a pickled object array holds, or what is wrong with each.

    Args:
        data: The pickle, written by Python 2 or 3.
        path: The file, for errors.
        where: The place in it, for errors.

    Returns:
        The elements in order: read-only arrays, or the error of one that is damaged. An outer
        array of more than one dimension, which NumPy makes of drawings of equal length, comes as
        one array.

    Raises:
        BadFileError: If the pickle holds anything but arrays, or is damaged. Nothing has run.
    """
    try:
        outer = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(outer, _Array):
            raise _RefusedError("no array at its outside")
        elements = outer.objects()
        shape = outer._state[1]
        if len(shape) > 1:  # its elements are plain numbers
            if not all(type(element) in (int, float, bool) for element in elements):
                raise _RefusedError("an object array that holds neither drawings nor numbers")
            return list(np.array(elements, dtype=np.float64).reshape(shape))
        if not all(isinstance(element, _Array) for element in elements):
            raise _RefusedError("an element that is not an array")
    except _RefusedError as refusal:
        raise BadFileError(
            f"its pickle holds {refusal}, and only arrays are read",
            path=path,
            where=where,
            hint="nothing was run; do not open it with anything else unless you trust its author",
        ) from None
    except Exception:
        # a damaged program fails in any way it likes, and none of it is a bug of ours
        raise BadFileError(
            "its pickle is damaged",
            path=path,
            where=where,
            hint="get the file again",
        ) from None
    return [_numbers(element) for element in elements]


def _numbers(element: _Array) -> NDArray[Any] | Exception:
    try:
        return element.numbers()
    except Exception as error:
        return error
