"""The content of a file: bounded where it is held whole, line by line where it is long."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.source import OR_SKIP

MAX_LINE_BYTES = 16 << 20
MAX_WHOLE_BYTES = 64 << 20
"""The largest file that is held in memory as one JSON text."""

MAX_POINTS = 1_000_000
"""The most points of one drawing: a thousand times what a model can learn from."""

MAX_LENGTH = 1e100

OpenFile = Callable[[], BinaryIO]


def read_whole(name: str, open_file: OpenFile, max_bytes: int) -> bytes:
    """Return everything that a file holds.

    Raises:
        BadFileError: If it is empty, larger than `max_bytes`, or cannot be read.
    """
    with open_file() as file:
        try:
            data = file.read(max_bytes + 1)
        except OSError as error:
            problem = (error.strerror or "cannot be read").lower()
            raise BadFileError(problem, path=name, hint="check the name") from None
    if not data:
        raise BadFileError("is empty", path=name, hint="choose another file")
    if len(data) > max_bytes:
        raise BadFileError(
            f"is larger than {max_bytes >> 20} MiB", path=name, hint="split it into smaller files"
        )
    return data


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line) of lines that hold anything.

    A line beyond `MAX_LINE_BYTES` is cut to one byte more than that.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)  # the line's tail, to find the next one
        if line.strip():
            yield number, line


def parse_json(text: bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        BadFileError: If it is not JSON, nests too deeply, or is too long.
    """
    if len(text) > MAX_WHOLE_BYTES:
        raise BadFileError(f"is longer than {MAX_WHOLE_BYTES >> 20} MiB")
    try:
        return json.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise BadFileError("nests too deeply") from None
    except ValueError:
        raise BadFileError("is not JSON") from None


def json_records(name: str, open_file: OpenFile) -> Iterator[tuple[str, Any]]:
    """Yield (place, value or error) of JSON lines, or of one JSON text over several lines.

    Args:
        name: The file, for errors.
        open_file: Opens it; called once or twice.

    Yields:
        The place, such as "line 3", or "" for a text as a whole; and what stands there, or the
        BadFileError that says why it cannot be read.

    Raises:
        BadFileError: If the file is empty.
    """
    if (whole := _one_text(open_file)) is not None:
        yield "", whole[0]
        return
    found = False
    with open_file() as file:
        for number, line in numbered_lines(file):
            found = True
            try:
                if len(line) > MAX_LINE_BYTES:
                    raise BadFileError(f"is longer than {MAX_LINE_BYTES >> 20} MiB")
                value = parse_json(line)
            except BadFileError as error:
                value = BadFileError(error.problem, path=name, where=f"line {number}", hint=_MEND)
            yield f"line {number}", value
    if not found:
        raise BadFileError("is empty", path=name, hint="choose another file")


_MEND = f"mend the line{OR_SKIP}"


def _one_text(open_file: OpenFile) -> tuple[Any] | None:
    """Return the value of a file that is one JSON text over several lines, in a tuple."""
    with open_file() as file:
        _, first = next(numbered_lines(file), (0, b""))
        try:
            parse_json(first)
        except BadFileError:
            rest = file.read(MAX_WHOLE_BYTES)
        else:
            return None
    if not rest:
        return None
    try:
        return (parse_json(first + rest),)
    except BadFileError:
        return None  # lines, and the first is damaged


def plain_notes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what can be kept as notes: texts, finite numbers, truth values.

    `box` and `extent` have a meaning to those who read them, and are kept if they are a length.
    """
    notes: dict[str, Any] = {}
    for key, value in record.items():
        if key in ("box", "extent"):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            kept = number and 0 < value < MAX_LENGTH
        elif isinstance(value, float):
            kept = math.isfinite(value)
        else:
            kept = isinstance(value, str | int)
        if kept:
            notes[str(key)] = value
    return notes
