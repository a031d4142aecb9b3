"""Text on a page: how wide it is, and making it fit. Nobody's font metrics are needed."""

from __future__ import annotations

import itertools
import re
import unicodedata

_NARROW = frozenset("iljtfrI.,:;'|!()[]1 ")
_WIDE = frozenset("mwMW@%")

# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LATIN_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
CJK_FONTS = (
    "'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', 'Noto Sans JP', 'PingFang SC', "
    "'Microsoft YaHei', sans-serif"
)
_FIRST_CJK = "\u2e80"


def clean(text: str) -> str:
    r"""Return one line of text without what XML cannot hold.

    >>> clean("a\x00b\n c")
    'ab c'
    """
    return " ".join(_NOT_XML.sub("", text).split())


def fonts(text: str) -> str:
    """Return the CSS font list for a text.

    Some renderers look at the first family alone and never search another for a missing
    character: text with Chinese or Japanese in it must name a font that has them first.
    """
    return CJK_FONTS if any(char >= _FIRST_CJK for char in text) else LATIN_FONTS


BOLD = 1.17
"""How much wider bold letters run, DejaVu's, which are wide: their size is told as so much more."""


def text_width(text: str, size: float) -> float:
    """Estimate how wide a text runs in a sans-serif font, in px, rather too wide than too narrow.

    >>> text_width("猫", 10) > text_width("c", 10)
    True
    """
    return size * sum(_advance(char) for char in text)


def _advance(char: str) -> float:
    """Return the width of a character in units of the font size."""
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return 0.34
    if char in _WIDE or (char.isupper() and not char.isascii()):
        return 0.9
    return 0.7 if char.isupper() else 0.59


def shorten(text: str, size: float, width: float) -> str:
    """Cut a text with an ellipsis where it is wider than `width` px.

    >>> shorten("hippopotamus", 10, 40)
    'hippop…'
    """
    if text_width(text, size) <= width:
        return text
    room = width - text_width("…", size)
    running = itertools.accumulate(size * _advance(char) for char in text)
    kept = sum(1 for _ in itertools.takewhile(lambda end: end <= room, running))
    return text[:kept].rstrip() + "…"


def wrap(text: str, size: float, width: float) -> list[str]:
    """Break a text at its spaces into lines of at most `width` px; a longer word is shortened.

    >>> wrap("one two three", 10, 50)
    ['one two', 'three']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return [shorten(line, size, width) for line in lines]
