"""Quick, Draw! as `.bin`, packed records of simplified drawings: whole numbers from 0 to 255."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.quickdraw import ATTRIBUTION, EPSILON, LICENCE, MAX_POINTS
from sketchrnn.sources.source import Item, Skip, Source

RECORD_HEAD = struct.Struct("<Q2sbIH")  # key, country, recognized, seconds, strokes
_COUNT = struct.Struct("<H")
_BUFFER = 1 << 20


def open_bin(name: str, open_file: Callable[[], BinaryIO]) -> Source:
    """Open a file of packed records.

    Args:
        name: The file's name, for reports; up to its first dot it is the drawings' category.
        open_file: Opens it for reading bytes; called anew for every pass.

    Returns:
        The source.

    Raises:
        BadFileError: If the file is empty.
    """
    with open_file() as file:
        if not file.read(1):
            raise BadFileError("is empty", path=name, hint="choose another file")
    label = Path(name).name
    category = label.split(".")[0] or None

    def read(skip: Skip) -> Iterator[Item]:
        with open_file() as file:
            for number, (notes, x, y, counts) in enumerate(_records(file, name, skip)):
                points = np.frombuffer(x + y, np.uint8).reshape(2, len(x)).T
                where = f"record {number}"
                try:
                    drawing = Drawing.from_points(points, counts, category, notes)
                except BadDrawingError as error:
                    where = f"{where}, {error.where}"
                    skip(f"{label}:{number}", BadFileError(error.problem, path=name, where=where))
                else:
                    yield Item(drawing, f"{label}:{number}")

    return Source(name, "longer_side", EPSILON, read, licence=LICENCE, attribution=ATTRIBUTION)


def is_packed(head: bytes) -> bool:
    """Tell whether a file's first bytes can be a packed record, which has no mark of its own."""
    try:
        (notes, _, _, counts), _ = _record(head, 0)
    except (_CutOffError, BadFileError):
        return False
    return notes["countrycode"].isascii() and notes["countrycode"].isalpha() and 0 not in counts


def _records(
    file: BinaryIO, name: str, skip: Skip
) -> Iterator[tuple[dict[str, Any], bytes, bytes, list[int]]]:
    """Yield (notes, x, y, points of each stroke) of every record; a bad one ends the file.

    Nothing marks where a record begins, so that nothing after a damaged one can be found.
    """
    data = b""
    at = number = 0
    label = Path(name).name
    while True:
        try:
            record, at = _record(data, at)
        except _CutOffError:
            more = file.read(_BUFFER)
            data, at = data[at:] + more, 0
            if more:
                continue
            if data:
                problem = f"is cut off after {len(data):,} bytes"
                error = BadFileError(
                    problem, path=name, where=f"record {number}", hint="get the file again"
                )
                skip(f"{label}:{number}", error)
            return
        except BadFileError as error:
            where = f"record {number}"
            skip(f"{label}:{number}", BadFileError(error.problem, path=name, where=where))
            return
        yield record
        number += 1


class _CutOffError(Exception):
    """The buffer ends within a record."""


def _record(data: bytes, at: int) -> tuple[tuple[dict[str, Any], bytes, bytes, list[int]], int]:
    """Unpack the record at a place; return it and the place of the next."""
    try:
        key, country, recognized, seconds, strokes = RECORD_HEAD.unpack_from(data, at)
        at += RECORD_HEAD.size
        counts = []
        x = []
        y = []
        points = 0
        for _ in range(strokes):
            (count,) = _COUNT.unpack_from(data, at)
            middle = at + 2 + count
            x.append(data[at + 2 : middle])
            at = middle + count
            y.append(data[middle:at])
            counts.append(count)
            points += count
            if points > MAX_POINTS:
                raise BadFileError(f"has more than {MAX_POINTS:,} points: is no drawing")
        if at > len(data):
            raise _CutOffError
    except struct.error:
        raise _CutOffError from None
    notes = {
        "key_id": str(key),
        "countrycode": country.decode("latin-1"),
        "recognized": bool(recognized),
        "timestamp": f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC",
    }
    return (notes, b"".join(x), b"".join(y), counts), at
