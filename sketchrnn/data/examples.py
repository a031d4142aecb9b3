"""A few drawings as they came and as they are kept, for whoever wants to see what was done."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sketchrnn.data.json_text import is_unicode
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadDrawingError, Drawing

MOST = 32
"""Examples of a data file."""

_MOST_POINTS = 5_000
_DECIMALS = 2  # of data units, of which 255 make a side


@dataclass(frozen=True)
class Example:
    """One drawing before and after.

    Attributes:
        name: Of the drawing in its source.
        before: As it came, every point of it, moved and scaled to data units.
        after: As the data file has it.
    """

    name: str
    before: Drawing
    after: Drawing

    def to_json(self) -> str:
        """Return it as a line of JSON."""
        values = {
            "name": self.name,
            "category": self.after.category,
            "before": _strokes(self.before),
            "after": _strokes(self.after),
        }
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        return text if is_unicode(text) else json.dumps(values)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read it back.

        Raises:
            ValueError: If it is none.
        """
        try:
            values = json.loads(text)
            before, after = (
                Drawing(values[key], category=values["category"]) for key in ("before", "after")
            )
            return cls(str(values["name"]), before, after)
        except (KeyError, TypeError, BadDrawingError) as error:
            raise ValueError(f"no example: {error}") from error


class Examples:
    """Keeps a few of many drawings: those whose names have the lowest digests.

    So the choice is spread over the whole input, depends on no order, and the examples of two
    parts of an input are among the examples of either.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._heap: list[tuple[int, str, Example]] = []

    def wants(self, name: str) -> bool:
        """Tell whether a drawing of this name would be kept, as things stand."""
        return len(self._heap) < MOST or _key(name) > self._heap[0][0]

    def consider(self, name: str, drawing: Drawing, after: Drawing, unit: Preparation) -> None:
        """Keep the drawing, or not.

        Args:
            name: Of the drawing in its source.
            drawing: As it came.
            after: As it is kept.
            unit: How it became data units.
        """
        if not self.wants(name) or drawing.num_points > _MOST_POINTS:
            return
        before = drawing if unit.fit == "keep" else unit.move(drawing)
        self._push(_key(name), name, Example(name, before, after))

    def merge(self, lines: Iterable[str | bytes]) -> None:
        """Consider the examples of a part of the input, as `lines` gave them."""
        for line in lines:
            example = Example.from_json(line)
            self._push(_key(example.name), example.name, example)

    def lines(self) -> list[str]:
        """Return the examples as lines of JSON, in an order that depends on nothing else."""
        return [example.to_json() for _, _, example in sorted(self._heap, reverse=True)]

    def _push(self, key: int, name: str, example: Example) -> None:
        if any((key, name) == kept[:2] for kept in self._heap):
            return
        heapq.heappush(self._heap, (key, name, example))
        if len(self._heap) > MOST:
            heapq.heappop(self._heap)


def _key(name: str) -> int:
    """Return the digest with its sign turned, as the first of a heap is the lowest."""
    digest = hashlib.blake2b(name.encode(errors="replace"), digest_size=8).digest()
    return -int.from_bytes(digest, "big")


def _strokes(drawing: Drawing) -> Sequence[Any]:
    return [np.round(stroke, _DECIMALS).tolist() for stroke in drawing.strokes]
