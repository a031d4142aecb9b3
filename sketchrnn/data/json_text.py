"""Texts as a data file can hold them: JSON, in UTF-8."""

from __future__ import annotations

import json
from typing import Any

MOST_BYTES = 64 << 20
"""The longest JSON that is read; the index of 50 million drawings takes a hundredth of it."""

MOST_NOTES_BYTES = 1 << 20
"""The longest notes of one drawing."""

_DEEPEST = 64
_LEGIBLE = json.JSONEncoder(ensure_ascii=False)


def is_unicode(text: str) -> bool:
    r"""Tell whether a text can be written: half a surrogate pair, which JSON can name, cannot.

    Args:
        text: Any text.

    >>> is_unicode("木"), is_unicode("\ud800")
    (True, False)
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_json(values: Any) -> str:
    r"""Return values as JSON, legible but where there is something that cannot be written.

    Args:
        values: Whatever JSON can hold.

    >>> print(to_json({"a": "木"}), to_json({"a": "\ud800"}))
    {"a": "木"} {"a": "\ud800"}
    """
    text = _LEGIBLE.encode(values)
    return text if is_unicode(text) else json.dumps(values)


def from_json(text: str | bytes, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return the object that a text of others holds.

    Args:
        text: JSON, as UTF-8 where it is bytes.
        most_bytes: The longest text that is read.

    Raises:
        ValueError: If it is longer or deeper than any of ours, is no JSON, or is no object.

    >>> from_json('{"a": [1, 2]}')
    {'a': [1, 2]}
    """
    if len(text) > most_bytes:
        raise ValueError(f"{len(text):,} bytes of JSON")
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("the JSON is no object")
    if len(text) > _DEEPEST:  # a shorter one cannot be deeper
        _check_depth(values)
    return values


def _check_depth(values: Any) -> None:
    """Refuse what is nested deeper than `_DEEPEST`."""
    level = [values]
    for _ in range(_DEEPEST):
        inner = [v.values() if isinstance(v, dict) else v for v in level]
        level = [v for part in inner for v in part if isinstance(v, dict | list)]
        if not level:
            return
    raise ValueError("the JSON is nested too deeply")
