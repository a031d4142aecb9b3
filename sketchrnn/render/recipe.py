"""Recipes: what a page says of how it came about, read back from any kind of file."""

from __future__ import annotations

import html
import json
import struct
from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.drawing import BadFileError
from sketchrnn.render.pdf import RECIPE_MARK

LARGEST_PAGE = 256 << 20
"""Bytes of a file that are read in search of a recipe."""

LARGEST_RECIPE = 16 << 20

RECIPE_VERSION = 2
"""Of the recipe in a page; pages of other versions are not made again."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GIF_MARK = b"sketchrnn-recipe "
"""Begins the comment of a GIF."""

_HTML_RECIPE = b'<script type="application/json" id="recipe">'


def read_recipe(path: str | PathLike[str]) -> tuple[dict[str, Any], str]:
    """Find the recipe in a page of ours.

    The file may come from anybody: nothing in it is run or looked up, and sizes are bounded. What
    the recipe says still has to be checked by whoever follows it.

    Args:
        path: An SVG, PNG, PDF, HTML or GIF file.

    Returns:
        The recipe, and the suffix that the file's content asks for.

    Raises:
        BadFileError: If there is no such file, or no recipe in it.
    """
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_PAGE:
            raise BadFileError("is too large for a page of ours", path=path)
        content = file.read_bytes()
    except OSError as error:
        raise BadFileError(f"cannot be read ({error.strerror})", path=path) from error
    suffix = _kind(content)
    if suffix is None:
        raise BadFileError(
            "is none of SVG, PNG, PDF, HTML and GIF", path=path, hint="name a page of sketchrnn's"
        )
    text = _FINDERS[suffix](content)
    if text is None:
        raise BadFileError(
            "carries no recipe", path=path, hint="only pages that a model drew for carry one"
        )
    return _parse(text, path), suffix


def _kind(content: bytes) -> str | None:
    beginning = content[:1024].lstrip().lower()
    if content.startswith(PNG_SIGNATURE):
        return ".png"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return ".gif"
    if content.startswith(b"%PDF-"):
        return ".pdf"
    if beginning.startswith((b"<!doctype html", b"<html")):
        return ".html"
    return ".svg" if b"<svg" in beginning else None


def _parse(text: str, path: str | PathLike[str]) -> dict[str, Any]:
    try:
        recipe = json.loads(text[: LARGEST_RECIPE + 1]) if len(text) <= LARGEST_RECIPE else None
    except (ValueError, RecursionError):
        recipe = None
    if not isinstance(recipe, dict):
        raise BadFileError("has a recipe that cannot be read", path=path, where="recipe")
    return recipe


def _in_svg(content: bytes) -> str | None:
    found = _between(content, b"<metadata>", b"</metadata>")
    try:
        return None if found is None else html.unescape(found)
    except ValueError:  # a character reference of thousands of digits
        return "unreadable"


def _in_html(content: bytes) -> str | None:
    text = (_between(content, _HTML_RECIPE, b"</script>") or "").strip()
    return text if text not in ("", "{}") else None


def _between(content: bytes, begin: bytes, end: bytes) -> str | None:
    """Return what stands between two marks: each is sought once, whatever the file holds."""
    first = content.find(begin)
    last = content.find(end, first) if first >= 0 else -1
    return None if last < 0 else content[first + len(begin) : last].decode("utf-8", "replace")


def _in_pdf(content: bytes) -> str | None:
    start = content.rfind(RECIPE_MARK)
    if start < 0:
        return None
    return content[start + len(RECIPE_MARK) :].partition(b"\n")[0].decode("utf-8", "replace")


def _in_png(content: bytes) -> str | None:
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        if content[at + 4 : at + 8] == b"tEXt":
            key, _, text = content[at + 8 : at + 8 + length].partition(b"\0")
            if key == b"recipe":
                return text.decode("latin-1")
        at += length + 12
    return None


def _in_gif(content: bytes) -> str | None:
    """Read the comment that begins with our mark: blocks of up to 255 bytes, each with its length.

    Its beginning is sought, rather than walked to: compressed pixels that spell it are no worse
    than a comment that lies.
    """
    head = b"\x21\xfe"
    at = content.find(head)
    while at >= 0:
        where, parts = at + len(head), []
        while where < len(content) and content[where]:
            parts.append(content[where + 1 : where + 1 + content[where]])
            where += 1 + content[where]
            if not parts[0].startswith(GIF_MARK):
                break
        else:
            comment = b"".join(parts)
            if comment.startswith(GIF_MARK):
                return comment.removeprefix(GIF_MARK).decode("utf-8", "replace")
        at = content.find(head, at + 1)
    return None


_FINDERS = {
    ".svg": _in_svg,
    ".html": _in_html,
    ".pdf": _in_pdf,
    ".png": _in_png,
    ".gif": _in_gif,
}
