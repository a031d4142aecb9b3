"""Cutting a large file where one drawing ends and the next begins, and reading such a stretch."""

from __future__ import annotations

import io
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from sketchrnn.sources.quickdraw import MAX_POINTS
from sketchrnn.sources.quickdraw_packed import RECORD_HEAD

_READ_AT_ONCE = 1 << 20
_COUNT = struct.Struct("<H")


class Stretch(NamedTuple):
    """Bytes of a file: whole lines, or whole records.

    Args:
        start: The first byte.
        end: The byte after the last.
        before: How many lines or records come before.
    """

    start: int
    end: int
    before: int


def cut_lines(path: Path, size: int) -> Iterator[Stretch]:
    """Cut a file of lines into stretches of about so many bytes."""
    length = path.stat().st_size
    start = before = 0
    with open(path, "rb") as file:
        while start < length:
            file.seek(start + size - 1)
            file.readline()
            end = min(file.tell(), length)
            yield Stretch(start, end, before)
            file.seek(start)
            left = end - start
            while left > 0 and (data := file.read(min(left, _READ_AT_ONCE))):
                before += data.count(b"\n")
                left -= len(data)
            start = end


def cut_records(path: Path, size: int) -> Iterator[Stretch]:
    """Cut a file of packed records into stretches of about so many bytes.

    What comes after a record that cannot be one stays together, as its reader would go no
    further.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        length = len(data)
        start = before = number = at = 0
        while at < length:
            try:
                *_, strokes = RECORD_HEAD.unpack_from(data, at)
                at += RECORD_HEAD.size
                points = 0
                for _ in range(strokes):
                    (count,) = _COUNT.unpack_from(data, at)
                    at += _COUNT.size + 2 * count
                    points += count
            except struct.error:
                break
            if at > length or points > MAX_POINTS:
                break
            number += 1
            if at - start >= size:
                yield Stretch(start, at, before)
                start, before = at, number
        if start < length:
            yield Stretch(start, length, before)


def open_stretch(path: Path, stretch: Stretch) -> BinaryIO:
    """Open a stretch of a file as if it were all of it."""
    return cast(BinaryIO, io.BufferedReader(_Stretch(path, stretch), _READ_AT_ONCE))


class _Stretch(io.RawIOBase):
    def __init__(self, path: Path, stretch: Stretch) -> None:
        super().__init__()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by close
        self._file.seek(stretch.start)
        self._left = stretch.end - stretch.start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
