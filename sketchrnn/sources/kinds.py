"""What a file is: by what it begins with, else by its suffix."""

from __future__ import annotations

import re
from pathlib import Path

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.compressed import open_plain
from sketchrnn.sources.quickdraw_packed import is_packed

HEAD_BYTES = 1 << 20
"""How much of a file is looked at: the keys of a first line of JSON may come late."""

SUFFIXES = {
    ".svg": "svg",
    ".inkml": "inkml",
    ".npz": "npz",
    ".ndjson": "quickdraw",
    ".bin": "packed",
    ".jsonl": "polylines",
    ".json": "polylines",
    ".png": "picture",
    ".jpg": "picture",
    ".jpeg": "picture",
}
"""What a suffix says where the content says nothing."""

TEXT_SUFFIXES = (".txt", ".json")
"""Suffixes of anything: in a folder, the content must show that such a file has drawings."""

_MAGIC = {b"PK\x03\x04": "npz", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture"}
_XML_ROOT = re.compile(r"<(?:[\w.-]+:)?(svg|ink)[\s/>]")
_OMNIGLOT = re.compile(rb"START\s")


def suffix_of(name: str) -> str:
    """Return a name's suffix in lower case, that before `.gz` where it ends so.

    >>> suffix_of("cat.NDJSON.gz"), suffix_of("cat.svgz")
    ('.ndjson', '.svg')
    """
    path = Path(name.lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
    return ".svg" if path.suffix == ".svgz" else path.suffix


def kind_of_file(path: Path, by_name: bool = True) -> str | None:
    """Return the kind of a file, None if nothing tells it.

    Args:
        path: The file, perhaps gzipped.
        by_name: Whether its suffix tells where its content does not.

    Raises:
        BadFileError: If it cannot be read.
    """
    suffix = suffix_of(path.name)
    with open_plain(path) as file:
        try:
            head = file.read(HEAD_BYTES)
        except OSError as error:
            problem = (error.strerror or "cannot be read").lower()
            raise BadFileError(problem, path=path, hint="check the file") from None
    return kind_of_content(head, suffix) or (SUFFIXES.get(suffix) if by_name else None)


def kind_of_content(head: bytes, suffix: str = "") -> str | None:
    """Return the kind that the beginning of a file tells, None if it tells none.

    Args:
        head: The first `HEAD_BYTES` of the file.
        suffix: Decides between kinds that begin alike.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf")[:65536].decode("utf-8", "replace")
    text = text.lstrip()
    if text.startswith("<"):
        root = _XML_ROOT.search(text)
        if root is not None:
            return "inkml" if root[1] == "ink" else "svg"
        return None if SUFFIXES.get(suffix) == "inkml" else "svg"  # which says what is wrong
    if text.startswith(("{", "[")):
        if b'"medians"' in head:
            return "hanzi"
        if b'"drawing"' in head:
            return "quickdraw"
        return "polylines" if text.startswith("[") or b'"strokes"' in head else None
    if _OMNIGLOT.match(head.lstrip()):
        return "omniglot"
    return "packed" if suffix not in SUFFIXES and is_packed(head) else None
