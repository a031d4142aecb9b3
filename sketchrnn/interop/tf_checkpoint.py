"""TensorFlow's checkpoints, read without TensorFlow: an index of names, and files of numbers.

`PREFIX.index` is a sorted table of blocks (the format of LevelDB), from a variable's name to a
protocol buffer that says its type, its shape and where it stands in `PREFIX.data-00000-of-00001`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_LARGEST_INDEX = 1 << 24
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class Variable:
    """Where a variable stands.

    Attributes:
        dtype: Its type as NumPy spells it; None for one that is not read.
        shape: Its shape.
        shard: The number of the file.
        offset: In it, in bytes.
        size: In bytes.
        whole: Whether it stands in one piece.
    """

    dtype: str | None
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    whole: bool


class Checkpoint:
    """A checkpoint; its variables by name.

    Args:
        prefix: What stands before `.index`.

    Raises:
        BadFileError: If a file is missing, truncated or damaged.
    """

    def __init__(self, prefix: str | PathLike[str]) -> None:
        """Read the index."""
        self.prefix = Path(prefix)
        self.index = self.prefix.with_name(self.prefix.name + ".index")
        if not self.index.is_file():
            raise BadFileError("no such file", path=self.index, hint="it belongs to a checkpoint")
        if self.index.stat().st_size > _LARGEST_INDEX:
            raise BadFileError("is too large for the index of a checkpoint", path=self.index)
        self.variables: dict[str, Variable] = {}
        self._shards = 1
        try:
            for key, value in _table(self.index.read_bytes()):
                if key:
                    self.variables[key.decode("utf-8")] = _variable(value)
                else:
                    self._shards = int(dict(_fields(value)).get(1, 1))
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise BadFileError(
                "is no index of a TensorFlow checkpoint, or is damaged",
                path=self.index,
                hint="get it again",
            ) from error

    def read(self, name: str) -> NDArray[np.generic]:
        """Return the numbers of a variable.

        Raises:
            BadFileError: If they are missing, or of a type that is not read.
        """
        variable = self.variables[name]
        file = self.prefix.with_name(
            f"{self.prefix.name}.data-{variable.shard:05d}-of-{self._shards:05d}"
        )
        if variable.dtype is None or not variable.whole:
            raise BadFileError("is of a type that is not read", path=self.index, where=name)
        kind = np.dtype(variable.dtype)
        if math.prod(variable.shape) * kind.itemsize != variable.size:
            raise BadFileError("has another size than its shape", path=self.index, where=name)
        if not file.is_file():
            raise BadFileError("is missing", path=file, hint="put it beside the index")
        if file.stat().st_size < variable.offset + variable.size:
            raise BadFileError("is truncated", path=file, where=name, hint="get it again")
        with open(file, "rb") as opened:
            opened.seek(variable.offset)
            content = opened.read(variable.size)
        return np.frombuffer(content, dtype=kind).reshape(variable.shape)


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a sorted table."""
    if len(content) < _FOOTER or int.from_bytes(content[-8:], "little") != _MAGIC:
        raise ValueError("no table")
    place = len(content) - _FOOTER
    for _ in range(2):  # the handle of the table's own notes, which is passed over
        _, place = _varint(content, place)
    handle = content[place:-8]
    for _, block in _entries(content, handle):
        yield from _entries(content, block)


def _entries(content: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of the block at a handle; a key shares its beginning with the last."""
    first, place = _varint(handle, 0)
    size, _ = _varint(handle, place)
    block = content[first : first + size]
    if len(block) != size or content[first + size] != 0:
        raise ValueError("a block is cut off, or compressed")
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise ValueError("a block without entries")
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        own, place = _varint(block, place)
        length, place = _varint(block, place)
        if shared > len(key) or place + own + length > end:
            raise ValueError("an entry is cut off")
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + length]
        place += length


def _variable(message: bytes) -> Variable:
    """Read the protocol buffer BundleEntryProto."""
    found: dict[int, int] = {}
    shape: list[int] = []
    whole = True
    for number, value in _fields(message):
        if isinstance(value, int):
            found[number] = value
        elif number == 2:
            dimensions = [part for field, part in _fields(value) if field == 2]
            shape = [int(dict(_fields(part)).get(1, 0)) for part in dimensions]  # type: ignore[arg-type]
        elif number == 7:
            whole = False
    return Variable(
        _TYPES.get(found.get(1, 0)),
        tuple(shape),
        found.get(3, 0),
        found.get(4, 0),
        found.get(5, 0),
        whole,
    )


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("no protocol buffer")
        content = message[place : place + length]
        if len(content) != length:
            raise ValueError("a field is cut off")
        yield tag >> 3, content if kind == _BYTES else int.from_bytes(content, "little")
        place += length


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and the place after it."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")
