"""Which split a drawing belongs to: by a hash, the same on every machine and in any order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

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
        steps = np.hypot(*np.diff(stroke, axis=0).T)
        travelled = np.concatenate([[0.0], np.cumsum(steps)])
        at = np.linspace(0.0, travelled[-1], _POINTS)
        points = np.column_stack([np.interp(at, travelled, stroke[:, axis]) for axis in (0, 1)])
        # the offset of 0.25 keeps the bounds, which many drawings touch, off the grid's lines
        cells = np.floor((points - (x_min, y_min)) / side * _GRID + 0.25).astype(np.int8)
        digest.update(cells.tobytes())
    return digest.hexdigest()
