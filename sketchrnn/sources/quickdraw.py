"""Quick, Draw! as `.ndjson`, a JSON object a line, and as `.bin`, packed records.

The simplified files have whole numbers from 0 to 255; the raw ones have pixels of any scale and a
third list of times in each stroke, which is not kept. CC BY 4.0, Google.
"""

from __future__ import annotations

import io
import json
import mmap
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.drawing.geometry import simplify, walk
from sketchrnn.sources.content import MAX_LINE_BYTES, numbered_lines
from sketchrnn.sources.source import OR_SKIP, Item, Skip, Source

LICENCE = "CC BY 4.0"
ATTRIBUTION = (
    "The Quick, Draw! Dataset by Google, https://github.com/googlecreativelab/quickdraw-dataset"
)
EPSILON = 2.0
SIDE = 255.0
"""The longer side of a simplified drawing."""

SPACING = 1.0
"""The distance at which strokes are sampled before they are simplified."""

MAX_POINTS = 100_000
"""The most points of one drawing; raw drawings have a few thousand at most."""

_NOTES = ("key_id", "countrycode", "recognized", "timestamp")
_NOTE_TYPES = (str, int, float, bool)
_PLAIN = 2.0**63
"""From here on, and where there is none, a number is looked at by itself."""

_PARSE = json.JSONDecoder().raw_decode
_LINES = 64
_LINES_BYTES = 1 << 18
"""So many lines, or bytes of lines, are made drawings at once."""


def open_ndjson(name: str, open_file: Callable[[], BinaryIO]) -> Source:
    """Open a file of a drawing a line.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes; called anew for every pass.

    Returns:
        The source. A drawing without a word has the file's name, up to its first dot, as its
        category. Its licence is Quick, Draw!'s where the first line names a country, as only
        that data set does. Where the first line has times, so is raw, drawings are still given as
        they are, and `Source.simplify` is Quick, Draw!'s own.

    Raises:
        BadFileError: If the file is empty.
    """
    with open_file() as file:
        start = file.readline(MAX_LINE_BYTES)
    if not start:
        raise BadFileError("is empty", path=name, hint="choose another file")
    quickdraw = b'"countrycode"' in start
    label = Path(name).name
    category = label.split(".")[0] or None

    def read(skip: Skip) -> Iterator[Item]:
        with open_file() as file:
            for numbers, lines in _some_lines(file):
                for number, drawing in zip(numbers, read_lines(lines), strict=True):
                    if isinstance(drawing, Drawing):
                        if drawing.category is None:
                            drawing = drawing.with_category(category)
                        yield Item(drawing, f"{label}:{number}")
                        continue
                    where = ", ".join(part for part in (f"line {number}", drawing.where) if part)
                    hint = drawing.hint or f"mend the line{OR_SKIP}"
                    skip(
                        f"{label}:{number}",
                        BadFileError(drawing.problem, path=name, where=where, hint=hint),
                    )

    return Source(
        name,
        "longer_side",
        EPSILON,
        read,
        licence=LICENCE if quickdraw else None,
        attribution=ATTRIBUTION if quickdraw else None,
        simplify=simplify_raw if _has_times(start) else None,
    )


def read_line(line: bytes) -> Drawing:
    """Make a drawing of one line.

    Args:
        line: A JSON object with `drawing`, a list of strokes `[[x…], [y…]]` or `[[x…], [y…],
            [t…]]`, and, where known, `word` and other notes.

    Returns:
        The drawing, with `word` as its category; key_id, countrycode, recognized and timestamp
        are metadata where the line has them.

    Raises:
        BadFileError: If the line is no such object.
        BadDrawingError: If its numbers make no drawing.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadFileError(f"is longer than {MAX_LINE_BYTES >> 20} MiB")
    try:
        record = json.loads(line)
    except RecursionError:
        raise BadFileError("nests too deeply") from None
    except ValueError:
        raise BadFileError("is not JSON") from None
    if not isinstance(record, dict) or "drawing" not in record:
        raise BadFileError("holds no drawing: the name `drawing` is missing")
    if not isinstance(record["drawing"], list):
        raise BadFileError("its field `drawing` is not a list of strokes")
    word = record.get("word")
    if word is not None and not isinstance(word, str):
        raise BadFileError("its word is not a text")
    notes = _notes(record)
    strokes = record["drawing"]
    x: list[Any] = []
    y: list[Any] = []
    counts: list[int] = []
    try:
        for stroke in strokes:
            x += stroke[0]
            y += stroke[1]
            counts.append(len(stroke[0]))
            # the whole is checked below; a stroke that is short of one axis would shift the others
            if len(x) != len(y) or len(stroke) > 3 or not isinstance(stroke, list):
                raise ValueError
        points = np.array((x, y)).T
        whole = points.dtype.kind in "iuf" and points.ndim == 2 and 0 not in counts
    except (TypeError, ValueError, IndexError, KeyError):
        whole = False
    after = line.find(b'"drawing"')
    if line.find(b"true", after) >= 0 or line.find(b"false", after) >= 0:
        whole = False  # true among numbers counts as 1; most lines have theirs before the drawing
    if not whole and strokes:  # one by one, to tell which it is
        checked = [_points(stroke, index) for index, stroke in enumerate(strokes)]
        return Drawing(checked, word, notes)
    if len(x) > MAX_POINTS:
        raise BadFileError(f"has more than {MAX_POINTS:,} points")
    return Drawing.from_points(points if strokes else np.zeros((0, 2)), counts, word, notes)


def read_lines(lines: Sequence[bytes]) -> list[Drawing | SketchRNNError]:
    """Make a drawing of each of some lines as `read_line` does, together in less time.

    Returns:
        The drawings; what is wrong with a line stands in its place.
    """
    x: list[Any] = []  # of all plain lines, end to end
    y: list[Any] = []
    plain: list[tuple[list[int], int, str | None, dict[str, Any]] | None] = []
    for line in lines:
        start = len(x)
        found = _add_plain(line, x, y)
        plain.append(found)
        if found is None:
            del x[start:], y[start:]
    points = np.empty((len(x), 2))
    try:
        for axis, values in enumerate((x, y)):
            points[:, axis] = array("d", values)  # takes numbers alone
        if not np.abs(points).max(initial=0.0) < _PLAIN:
            raise ValueError
    except (TypeError, ValueError, OverflowError):  # one of them is not plain, and will say so
        return [_read_or_error(line) for line in lines]
    drawings: list[Drawing | SketchRNNError] = []
    start = 0
    for line, found in zip(lines, plain, strict=True):
        if found is None:
            drawings.append(_read_or_error(line))
        else:
            counts, end, word, notes = found
            # a copy, for who keeps one drawing would keep all of them
            drawings.append(Drawing.of_finite(points[start:end].copy(), counts, word, notes))
            start = end
    return drawings


def _add_plain(
    line: bytes, x: list[Any], y: list[Any]
) -> tuple[list[int], int, str | None, dict[str, Any]] | None:
    """Add the points of a line to others where all of it is as expected but, maybe, the numbers.

    Returns:
        How many points each stroke has, how many there are now, the word and the notes; None where
        the line is to be looked at by itself, whatever was added.
    """
    try:
        text = line.decode()
        record, end = _PARSE(text)
        strokes, word = record["drawing"], record.get("word")
        start = len(x)
        counts = []
        for stroke in strokes:
            x += stroke[0]
            y += stroke[1]
            counts.append(len(stroke[0]))
            if len(x) != len(y) or len(stroke) > 3 or type(stroke) is not list:
                return None
        after = line.find(b'"drawing"')
        if (
            text[end:].strip(" \t\r\n")
            or not strokes
            or type(strokes) is not list
            or 0 in counts
            or len(x) - start > MAX_POINTS
            or len(line) > MAX_LINE_BYTES
            or not (word is None or type(word) is str)
            or line.find(b"true", after) >= 0  # true among numbers counts as 1
            or line.find(b"false", after) >= 0
        ):
            return None
        return counts, len(x), word, _notes(record)
    except (RecursionError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _read_or_error(line: bytes) -> Drawing | SketchRNNError:
    try:
        return read_line(line)
    except SketchRNNError as error:
        return error


def _notes(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in _NOTES if isinstance(record.get(key), _NOTE_TYPES)}


def simplify_raw(drawing: Drawing) -> Drawing:
    """Simplify a raw drawing as Quick, Draw! made its simplified files.

    Moved to the origin, scaled uniformly to 255 at most, sampled every pixel, simplified after
    Ramer, Douglas and Peucker with epsilon 2 (by the distance to endless lines), and rounded. A
    stroke of one point becomes two that coincide.

    Args:
        drawing: In any unit.

    Returns:
        The drawing with whole numbers from 0 to 255. What has no size stays a dot at the origin.

    Source:
        The data set's own description; which distance, which sampling and which rounding were
        found by comparing pairs of raw and simplified drawings.
    """
    x_min, y_min, x_max, y_max = drawing.bounds
    side = max(x_max - x_min, y_max - y_min)
    scale = SIDE / side if side > 0 else 1.0
    if not np.isfinite(scale * side):
        raise BadDrawingError("is too large or too small to be scaled")
    sampled = []
    for stroke in drawing.strokes:
        points = (stroke - (x_min, y_min)) * scale
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        if length > SPACING * MAX_LENGTH:
            raise BadDrawingError(f"has a stroke longer than {MAX_LENGTH:,} pixels")
        sampled.append(walk(points, SPACING) if length else points[[0, -1]])
    strokes = simplify(sampled, EPSILON, endless=True)
    return Drawing([np.rint(s) for s in strokes], drawing.category, drawing.metadata)


MAX_LENGTH = 1_000_000
"""The longest stroke that is sampled; in 902 real drawings the longest has 36,000."""


def _has_times(line: bytes) -> bool:
    try:
        stroke = json.loads(line)["drawing"][0]
        return isinstance(stroke, list) and len(stroke) == 3
    except (ValueError, RecursionError, TypeError, LookupError):
        return False


def _points(stroke: Any, index: int) -> Any:
    where = f"stroke {index}"
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        problem = "a stroke must be a list of all x and a list of all y, such as [[0, 9], [5, 7]]"
        raise BadDrawingError(problem, where=where)
    try:
        x, y = (np.array(axis) for axis in stroke[:2])
    except ValueError:  # lists within lists, of unequal lengths
        raise BadDrawingError("points must be numbers", where=where) from None
    if x.ndim != 1 or x.shape != y.shape:
        raise BadDrawingError("x and y of a stroke differ in length", where=where)
    if x.size == 0:
        raise BadDrawingError("a stroke has no points", where=where)
    numbers = x.dtype.kind in "iuf" and y.dtype.kind in "iuf"
    if not numbers or any(isinstance(value, bool) for axis in stroke[:2] for value in axis):
        raise BadDrawingError("points must be numbers", where=where)
    return np.column_stack([x, y])


def _some_lines(file: BinaryIO) -> Iterator[tuple[list[int], list[bytes]]]:
    """Yield the numbers of some lines, and the lines."""
    numbers: list[int] = []
    lines: list[bytes] = []
    size = 0
    for number, line in numbered_lines(file):
        numbers.append(number)
        lines.append(line)
        size += len(line)
        if len(lines) == _LINES or size > _LINES_BYTES:
            yield numbers, lines
            numbers, lines, size = [], [], 0
    yield numbers, lines


# Packed records: simplified drawings, whole numbers from 0 to 255.

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


# Cutting a large file where one drawing ends and the next begins, and reading such a stretch.


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
            while left > 0 and (data := file.read(min(left, _BUFFER))):
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
    return cast(BinaryIO, io.BufferedReader(_Stretch(path, stretch), _BUFFER))


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
