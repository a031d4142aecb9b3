"""Counting drawings that came before, in memory that does not grow with them."""

from __future__ import annotations

import hashlib

from sketchrnn.drawing import Drawing

MOST_KEYS = 1 << 20
"""How many keys are remembered, some 80 MB; up to so many different drawings the count is exact."""


class DuplicateCounter:
    """Counts exact copies: the same category, the same strokes, to the last number.

    A key is remembered for each different drawing. When there are too many, those of one half of
    all keys are forgotten and not looked at any more, and what the other half counts is doubled.

    Args:
        most: How many keys are remembered.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        """Begin with nothing seen."""
        self._most = most
        self._seen: set[int] = set()
        self._mask = 0
        self._counted = 0

    @property
    def exact(self) -> bool:
        """Whether every drawing was looked at."""
        return self._mask == 0

    @property
    def count(self) -> int:
        """How many drawings are copies of one before; an estimate where not `exact`."""
        return self._counted * (self._mask + 1)

    def add(self, drawing: Drawing) -> None:
        """Look at a drawing."""
        digest = hashlib.blake2b(repr(drawing.category).encode(), digest_size=8)
        for stroke in drawing.strokes:
            digest.update(len(stroke).to_bytes(4, "little"))
            digest.update((stroke + 0.0).tobytes())  # -0.0 is 0.0
        key = int.from_bytes(digest.digest(), "little")
        if key & self._mask:
            return
        if key in self._seen:
            self._counted += 1
            return
        self._seen.add(key)
        if len(self._seen) > self._most:
            self._mask = self._mask * 2 + 1
            before = len(self._seen)
            self._seen = {key for key in self._seen if not key & self._mask}
            self._counted = round(self._counted * len(self._seen) / before)
