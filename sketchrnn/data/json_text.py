"""Texts as a data file can hold them: JSON, in UTF-8."""

from __future__ import annotations

import json
from typing import Any

_LEGIBLE = json.JSONEncoder(ensure_ascii=False)


def is_unicode(text: str) -> bool:
    r"""Tell whether a text can be written: half a surrogate pair, which JSON can name, cannot.

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

    >>> print(to_json({"a": "木"}), to_json({"a": "\ud800"}))
    {"a": "木"} {"a": "\ud800"}
    """
    text = _LEGIBLE.encode(values)
    return text if is_unicode(text) else json.dumps(values)
