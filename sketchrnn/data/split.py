"""Which split a drawing belongs to: by a hash, the same on every machine and in any order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from sketchrnn.data.packed_drawings import PackedDrawings
from sketchrnn.drawing import BadSettingError, Drawing

SPLITS = ("train", "valid", "test")
SHARES = (90.0, 5.0, 5.0)
"""The default shares of train, valid and test."""

_GRID = 8
_POINTS = 4
_LENGTH_UNITS = 1 << 24  # in a cell of the grid; a million points across it still fit 64 bits


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
    return splits_of([group], seed, shares)[0]


def splits_of(groups: Sequence[str], seed: int, shares: tuple[float, float, float]) -> list[str]:
    """Return the `split_of` of each group."""
    digests = [hashlib.blake2b(f"{seed}\n{group}".encode(), digest_size=8) for group in groups]
    numbers = np.frombuffer(b"".join([digest.digest() for digest in digests]), "<u8")
    at = numbers.astype(np.float64) / 2**64 * sum(shares)
    found = np.zeros(len(groups), np.int64)  # the first, for rounding at the very end
    unsettled = np.ones(len(groups), dtype=bool)
    for number, share in enumerate(shares):
        here = unsettled & (at < share)
        found[here] = number
        unsettled &= ~here
        at -= share
    return [SPLITS[number] for number in found.tolist()]


def content_key(drawing: Drawing) -> str:
    """Return a key that near-copies of a drawing share: its strokes on a coarse grid.

    Four points of each stroke, evenly along it, on a grid of 8 across the longer side. Copies that
    differ by a transport's rounding, a scale or a shift have the same key but for those that fall
    on a line of the grid.
    """
    return content_keys([drawing])[0]


def content_keys(drawings: Sequence[Drawing]) -> list[str]:
    """Return the `content_key` of each drawing; of many at once in a fraction of the time."""
    return bundle_keys(PackedDrawings.of(drawings))


def bundle_keys(bundle: PackedDrawings) -> list[str]:
    """Return the `content_key` of each drawing."""
    cells = memoryview(_cells(bundle) if len(bundle.counts) else b"")
    ends = np.cumsum(bundle.strokes) * (2 * _POINTS)
    starts = ends - bundle.strokes * (2 * _POINTS)
    return [
        hashlib.blake2b(cells[start:end], digest_size=12).hexdigest()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _cells(bundle: PackedDrawings) -> bytes:
    """Return the grid's column and row, modulo 256, of the points evenly along each stroke.

    Every number depends on its own drawing alone: lengths are added up as whole numbers, which
    round alike whatever stands before them.
    """
    ends = np.cumsum(bundle.counts)
    starts = ends - bundle.counts
    size = bundle.sizes
    points = bundle.points  # (N, 2)
    low, high = bundle.bounds()
    with np.errstate(all="ignore"):  # what is too large to be subtracted has some key or other
        side = (high - low).max(axis=1)
        side[side == 0] = 1.0
        points = (points - np.repeat(low, size, axis=0)) / np.repeat(side, size)[:, None] * _GRID
        points = np.nan_to_num(points, posinf=_GRID, neginf=0.0)
    steps = np.sqrt(np.square(np.diff(points, axis=0, prepend=points[:1])).sum(axis=1))
    steps[starts] = 0  # the way to the next stroke is not drawn
    travelled = np.cumsum(np.rint(steps * _LENGTH_UNITS).astype(np.int64))
    total = travelled[ends - 1] - travelled[starts]
    part = np.arange(_POINTS)
    at = travelled[starts][:, None] + total[:, None] * part // (_POINTS - 1)  # (S, 4)
    index = np.searchsorted(travelled, at, side="right") - 1
    index = np.clip(index, starts[:, None], ends[:, None] - 1)
    after = np.minimum(index + 1, ends[:, None] - 1)
    between = np.maximum(travelled[after] - travelled[index], 1)
    share = ((at - travelled[index]) / between)[..., None]
    places = points[index] + (points[after] - points[index]) * share  # (S, 4, 2)
    # the offset of 0.25 keeps the bounds, which many drawings touch, off the grid's lines
    cells: bytes = np.floor(places + 0.25).astype(np.int64).astype(np.uint8).tobytes()
    return cells
