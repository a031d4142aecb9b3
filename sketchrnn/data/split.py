"""Which split a drawing belongs to: by a hash, the same on every machine and in any order."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import math
from collections.abc import Sequence

from sketchrnn.drawing import BadSettingError, Drawing

SPLITS = ("train", "valid", "test")
SHARES = (90.0, 5.0, 5.0)
"""The default shares of train, valid and test."""

_GRID = 8
_POINTS = 4


def check_shares(shares: Sequence[float]) -> tuple[float, float, float]:
    """Return the shares of train, valid and test, which need not add up to 100.

    Raises:
        BadSettingError: If there are not three, one is negative, or train has none.
    """
    values = tuple(float(share) for share in shares)
    if (
        len(values) != 3
        or not all(math.isfinite(share) and share >= 0 for share in values)
        or values[0] == 0
    ):
        raise BadSettingError(
            f"splits are {','.join(f'{share:g}' for share in values)}",
            hint="give three shares for train, valid and test, such as 90,5,5",
        )
    return values


def split_of(group: str, seed: int, shares: tuple[float, float, float]) -> str:
    """Return the split of all drawings of a group.

    Args:
        group: What must stay together.
        seed: Another seed, another division.
        shares: Of train, valid and test.
    """
    digest = hashlib.blake2b(f"{seed}\n{group}".encode(), digest_size=8).digest()
    at = int.from_bytes(digest, "little") / 2**64 * sum(shares)
    for name, share in zip(SPLITS, shares, strict=True):
        if at < share:
            return name
        at -= share
    return SPLITS[0]  # rounding at the very end


def content_key(drawing: Drawing) -> str:
    """Return a key that near-copies of a drawing share: its strokes on a coarse grid.

    Four points of each stroke, evenly along it, on a grid of 8 across the longer side. Copies that
    differ by a transport's rounding, a scale or a shift have the same key but for those that fall
    on a line of the grid.
    """
    digest = hashlib.blake2b(digest_size=12)
    x_min, y_min, x_max, y_max = drawing.bounds
    side = max(x_max - x_min, y_max - y_min) or 1.0
    for stroke in drawing.strokes:
        cells = []
        for x, y in _evenly(stroke.tolist()):
            # the offset of 0.25 keeps the bounds, which many drawings touch, off the grid's lines
            cells.append(math.floor((x - x_min) / side * _GRID + 0.25) & 0xFF)
            cells.append(math.floor((y - y_min) / side * _GRID + 0.25) & 0xFF)
        digest.update(bytes(cells))
    return digest.hexdigest()


def _evenly(stroke: list[list[float]]) -> list[tuple[float, float]]:
    """Return `_POINTS` points evenly along a stroke, the first and the last among them."""
    travelled = [0.0]
    for (x, y), (next_x, next_y) in itertools.pairwise(stroke):
        travelled.append(travelled[-1] + math.hypot(next_x - x, next_y - y))
    total = travelled[-1]
    result = []
    for part in range(_POINTS):
        at = part * (total / (_POINTS - 1)) if part < _POINTS - 1 else total
        index = bisect.bisect_right(travelled, at) - 1
        x, y = stroke[index]
        if index < len(stroke) - 1:
            (next_x, next_y), length = stroke[index + 1], travelled[index + 1] - travelled[index]
            x += (next_x - x) / length * (at - travelled[index])
            y += (next_y - y) / length * (at - travelled[index])
        result.append((x, y))
    return result
