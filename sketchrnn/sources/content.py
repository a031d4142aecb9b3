"""The content of a file: bytes, lines, JSON and XML, each within bounds.

A file may be gzipped, which its first bytes tell; it is unpacked no further than is sane.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.source import OR_SKIP

MAX_LINE_BYTES = 16 << 20
MAX_WHOLE_BYTES = 32 << 20
"""The largest file that is held in memory as one JSON text."""

MAX_POINTS = 1_000_000
"""The most points of one drawing: a thousand times what a model can learn from."""

MAX_LENGTH = 1e100

NUMBER = r"[-+]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+"
"""A number in a text, for regular expressions. What is once taken for a digit stays one, so that
matching takes time in proportion to the text."""

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


GZIP_MAGIC = b"\x1f\x8b"
MAX_RATIO = 100
"""How much smaller than its content a file may be; lines of drawings shrink to a quarter."""

_HARMLESS = 16 << 20  # below this many bytes the ratio does not matter


def is_gzipped(path: Path) -> bool:
    """Tell whether a file begins as a gzipped one does; what cannot be read does not."""
    try:
        with open(path, "rb") as file:
            return file.read(2) == GZIP_MAGIC
    except OSError:
        return False


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading its content, unpacked where it is gzipped.

    Args:
        path: The file; its name does not matter.

    Raises:
        BadFileError: If it cannot be opened; when reading, if it is damaged, cut off, or unpacks
            to more than 100 times its size.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 -- whoever reads closes it
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise BadFileError(problem, path=path, hint="check the file") from None
    start = file.read(2)
    file.seek(0)
    if start != GZIP_MAGIC:
        return file
    return io.BufferedReader(_Inflated(file, path), 1 << 18)


class _Inflated(io.RawIOBase):
    """The content of a gzipped file, whose errors name the file."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._packed = file
        self._path = path
        self._stream = gzip.GzipFile(fileobj=file)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error):
            raise BadFileError(
                "is gzipped, and damaged or cut off",
                path=self._path,
                where=f"after {self._count:,} bytes of content",
                hint="get the file again",
            ) from None
        self._count += len(data)
        if self._count > max(_HARMLESS, MAX_RATIO * self._packed.tell()):
            raise BadFileError(
                f"unpacks to more than {MAX_RATIO} times its size, which no drawings do",
                path=self._path,
                hint="do not trust this file",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._packed.close()
        super().close()


MAX_XML_BYTES = 16 << 20
"""The largest XML file that is read: far beyond any drawing that could be learned from."""

MAX_DEPTH = 200
"""How deeply elements may nest; editors write a dozen levels."""

MAX_ENTITIES = 100
"""How many entities a file may declare; Illustrator declares a dozen."""

_MAX_EXPANDED = 1 << 16  # characters that entities may add to those of the file

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def read_bytes(path: str | Path, max_bytes: int = MAX_XML_BYTES) -> bytes:
    """Return the content of a file.

    Raises:
        BadFileError: If it is missing, a folder, empty or larger than `max_bytes`.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size  # 0 for what is no regular file
            data = file.read(min(size or max_bytes, max_bytes) + 1)  # the buffer is made at once
    except OSError as error:
        raise BadFileError(
            (error.strerror or "cannot be read").lower(), path=path, hint="check the name"
        ) from None
    if not data:
        raise BadFileError("is empty", path=path, hint="choose another file")
    if len(data) > max_bytes:
        raise BadFileError(
            f"is larger than {max_bytes >> 20} MiB", path=path, hint="split it into smaller files"
        )
    return data


def walk(
    data: bytes,
    path: str | Path,
    start: Start,
    end: End,
    text: Text | None = None,
    kind: str = "SVG",
) -> None:
    """Call `start(tag, attributes)` and `end(tag)` for every element of an XML text.

    A document type is allowed, for KanjiVG's files carry one with their attribute lists; external
    ones are not fetched. Entities that stand for a short text, as Illustrator declares them, are
    replaced; others are refused where they are declared, before anything could expand them.

    (defusedxml says no to the same things. It reads 3,600 of KanjiVG's files a second where this
    reads 13,000, and refuses either every entity or none.)

    Args:
        data: The XML text, in any encoding that it declares.
        path: The file's name, for errors.
        start: Called at every start tag, names as written, prefix included.
        end: Called at every end tag.
        text: Called with the text between the tags, in pieces of any length.
        kind: What the file should be, for errors.

    Raises:
        BadFileError: If it is not XML, declares an entity that is external, nested or long, nests
            too deeply; and whatever the callbacks raise.
    """
    depth = entities = expanded = 0
    hint = f"choose an {kind} file"

    def on_start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise BadFileError(f"nests more than {MAX_DEPTH} elements deep", path=path)
        start(tag, attributes)

    def on_end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag)

    def on_entity(name: str, is_parameter: bool, value: str | None, *_rest: object) -> None:
        nonlocal entities, expanded
        entities += 1
        if not is_parameter and value is not None and "&" not in value and b"\0" not in data[:64]:
            expanded += len(value) * data.count(f"&{name};".encode())
            if entities <= MAX_ENTITIES and expanded <= len(data) + _MAX_EXPANDED:
                return
        raise BadFileError(
            f"declares an XML entity ({name[:40]}) that is not a short text of its own",
            path=path,
            hint=f"save it as plain {kind} without entities",
        )

    parser = expat.ParserCreate()
    parser.specified_attributes = True  # a default of a megabyte is not handed out a million times
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    if text is not None:
        parser.CharacterDataHandler = text
    parser.EntityDeclHandler = on_entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadFileError(
            f"is not XML ({expat.errors.messages[error.code]})",
            path=path,
            where=f"line {error.lineno}",
            hint=hint,
        ) from None
    except (LookupError, UnicodeError, ValueError) as error:  # an encoding nobody knows
        raise BadFileError(f"is not XML ({error})", path=path, hint=hint) from None
