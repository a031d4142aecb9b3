"""XML that may come from anywhere: parsed by events, bounded, its entities never expanded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from sketchrnn.drawing import BadFileError

MAX_BYTES = 16 << 20
"""The largest SVG file that is read: far beyond any drawing that could be learned from."""

MAX_DEPTH = 200
"""How deeply elements may nest; editors write a dozen levels."""

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def read_bytes(path: str | Path, max_bytes: int = MAX_BYTES) -> bytes:
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
    ones are not fetched. An entity declaration is refused before anything could expand it.

    Args:
        data: The XML text, in any encoding that it declares.
        path: The file's name, for errors.
        start: Called at every start tag, names as written, prefix included.
        end: Called at every end tag.
        text: Called with the text between the tags, in pieces of any length.
        kind: What the file should be, for errors.

    Raises:
        BadFileError: If it is not XML, declares an entity or nests too deeply; and whatever the
            callbacks raise.
    """
    depth = 0
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

    def on_entity(name: str, *_rest: object) -> None:
        raise BadFileError(
            f"declares an XML entity ({name[:40]}), which is not read",
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
