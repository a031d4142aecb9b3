"""Counting drawings that came before, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.packed_drawings import PackedDrawings
from sketchrnn.drawing import Drawing

MOST_KEYS = 1 << 20
"""How many keys are remembered, some 80 MB; up to so many different drawings the count is exact."""


class DuplicateCounter:
    """Counts exact copies: the same category, the same strokes, to the last number.

    A key is remembered for each different drawing. When there are too many, those of one half of
    all keys are forgotten and not looked at any more, and what the other half counts is doubled.
    The count depends on no order: counting the parts of an input and merging gives the same.

    Args:
        most: How many keys are remembered.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        """Begin with nothing seen."""
        self._most = most
        self._seen: set[int] = set()
        self._copies: Counter[int] = Counter()  # of those that have any
        self._mask = 0

    @property
    def exact(self) -> bool:
        """Whether every drawing was looked at."""
        return self._mask == 0

    @property
    def count(self) -> int:
        """How many drawings are copies of one before; an estimate where not `exact`."""
        return self._copies.total() * (self._mask + 1)

    def add(self, drawing: Drawing) -> None:
        """Look at a drawing."""
        self.add_all([drawing.category], PackedDrawings.of([drawing]))

    def add_all(self, categories: Sequence[str | None], bundle: PackedDrawings) -> None:
        """Look at drawings in one array, of which the categories are given."""
        data = memoryview((bundle.points + 0.0).tobytes())  # -0.0 is 0.0
        size = bundle.points.itemsize * 2
        starts, ends = (bundle.starts * size).tolist(), (bundle.ends * size).tolist()
        counts = bundle.counts_of_each()
        for category, of_one, start, end in zip(categories, counts, starts, ends, strict=True):
            digest = hashlib.blake2b(repr((category, of_one)).encode(), digest_size=8)
            digest.update(data[start:end])
            self._count(int.from_bytes(digest.digest(), "little"))

    def state(self) -> dict[str, NDArray[np.uint64]]:
        """Return what is remembered, as arrays: which keys, how many copies, of which half."""
        return {
            "seen": np.array(list(self._seen), np.uint64),
            "copied": np.array(list(self._copies), np.uint64),
            "copies": np.array(list(self._copies.values()), np.uint64),
            "mask": np.array(self._mask, np.uint64),
        }

    def merge(self, state: Mapping[str, NDArray[np.uint64]]) -> None:
        """Count what another counter has seen; its `state`."""
        self._narrow(int(state["mask"]))
        here = np.uint64(self._mask)
        for key in state["seen"][state["seen"] & here == 0].tolist():
            self._count(key)
        for key, copies in zip(state["copied"].tolist(), state["copies"].tolist(), strict=True):
            if not key & self._mask:
                self._copies[key] += copies

    def _count(self, key: int) -> None:
        if key & self._mask:
            return
        if key in self._seen:
            self._copies[key] += 1
            return
        self._seen.add(key)
        while len(self._seen) > self._most:
            self._narrow(self._mask * 2 + 1)

    def _narrow(self, mask: int) -> None:
        """Forget the keys that a mask leaves out."""
        if mask > self._mask:
            self._mask = mask
            self._seen = {key for key in self._seen if not key & mask}
            self._copies = Counter({k: n for k, n in self._copies.items() if not k & mask})
