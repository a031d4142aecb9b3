"""Stroke-3 and stroke-5: a drawing as rows of pen offsets.

Both count from the origin (0, 0), which is itself the first point of the first stroke. Row 0
leads from it to the second point. `pen_up = 1` says that the pen lifts *after* the row's point.
A first row (0, 0, 1) therefore reads as a dot.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchrnn.drawing.errors import BadDrawingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class PenState(enum.IntEnum):
    """What the pen does after a step: the column of stroke-5 that is 1, less two."""

    DOWN = 0
    UP = 1
    END = 2


START_TOKEN = np.array([0, 0, 1, 0, 0], dtype=np.float32)
"""The row put in front of the decoder's input (S0): at the origin, pen down."""
START_TOKEN.flags.writeable = False

END_ROW = np.array([0, 0, 0, 0, 1], dtype=np.float32)
"""The row that ends a drawing, and that pads it."""
END_ROW.flags.writeable = False


def check_stroke3(rows: ArrayLike) -> NDArray[np.float64]:
    """Return `rows` as a (N, 3) float64 array after checking them.

    Args:
        rows: (N, 3) offsets and pen: dx, dy, pen_up.

    Returns:
        (N, 3) float64.

    Raises:
        BadDrawingError: If the shape is wrong, a value is not finite, or a pen is not 0 or 1.
    """
    array = np.asarray(rows)
    if array.size == 0 and array.ndim <= 2:
        return np.zeros((0, 3))
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iuf":
        raise BadDrawingError(
            f"expected stroke-3 rows of shape (N, 3), got shape {array.shape} of {array.dtype}"
        )
    array = array.astype(np.float64)
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise BadDrawingError("a value is NaN or infinite", where=f"row {int(bad.argmax())}")
    bad = (array[:, 2] != 0) & (array[:, 2] != 1)
    if bad.any():
        row = int(bad.argmax())
        raise BadDrawingError(f"pen_up is {array[row, 2]:g}, not 0 or 1", where=f"row {row}")
    return array


def stroke3_to_points(rows: ArrayLike) -> list[NDArray[np.float64]]:
    """Turn stroke-3 rows into strokes of absolute points.

    Args:
        rows: (N, 3) offsets and pen: dx, dy, pen_up. A last stroke whose pen never lifts ends
            with the rows.

    Returns:
        A list of (n, 2) arrays; the first point of the first is (0, 0). No rows, no strokes.

    Raises:
        BadDrawingError: As `check_stroke3`.
    """
    array = check_stroke3(rows)
    if len(array) == 0:
        return []
    with np.errstate(over="ignore", invalid="ignore"):  # the drawing says what is wrong
        points = np.concatenate([np.zeros((1, 2)), np.cumsum(array[:, :2], axis=0)])  # (N + 1, 2)
    if array[0].tolist() == [0, 0, 1]:
        points = points[1:]  # a dot of one point; there is no second point to lead to
        lifts = array[:, 2]
    else:
        lifts = np.concatenate([[0.0], array[:, 2]])
    ends = np.flatnonzero(lifts) + 1
    return [stroke for stroke in np.split(points, ends) if len(stroke)]


def points_to_stroke3(points: NDArray[np.float64], counts: Sequence[int]) -> NDArray[np.float64]:
    """Turn strokes of absolute points into stroke-3 rows.

    Args:
        points: (n, 2) points of all strokes, end to end.
        counts: How many of them each stroke has, 1 or more.

    Returns:
        (N, 3) float64. The position of the first point is not part of it.
    """
    if not counts:
        return np.zeros((0, 3))
    rows = np.zeros((len(points), 3))
    rows[1:, :2] = points[1:] - points[:-1]
    rows[[end - 1 for end in itertools.accumulate(counts)], 2] = 1
    # row 0 leads from the first point to the second, but where the first stroke is the dot
    # (0, 0, 1)
    return rows if counts[0] == 1 else rows[1:]


def stroke3_to_stroke5(
    rows: NDArray[np.floating], max_seq_len: int | None = None
) -> NDArray[np.float32]:
    """Turn stroke-3 rows into stroke-5, ended and padded with (0, 0, 0, 0, 1).

    Args:
        rows: (N, 3) offsets and pen.
        max_seq_len: Rows of the result. A drawing of exactly this length has no end row.
            None: N + 1, so that it has one.

    Returns:
        (max_seq_len, 5) float32, without the start token.

    Raises:
        BadDrawingError: If the drawing has more rows than `max_seq_len`.
    """
    length = len(rows)
    total = length + 1 if max_seq_len is None else max_seq_len
    if length > total:
        raise BadDrawingError(
            f"the drawing has {length} steps, more than max_seq_len {total}",
            hint="simplify it, or allow more steps",
        )
    result = np.tile(END_ROW, (total, 1))
    result[:length, :2] = rows[:, :2]
    result[:length, 2] = 1 - rows[:, 2]
    result[:length, 3] = rows[:, 2]
    result[:length, 4] = 0
    return result


def stroke5_to_stroke3(rows: ArrayLike) -> NDArray[np.float64]:
    """Turn stroke-5 rows into stroke-3, up to and without the first end row.

    Args:
        rows: (N, 5) offsets and a one-hot pen state, without the start token.

    Returns:
        (N_s, 3) float64.

    Raises:
        BadDrawingError: If the shape is wrong, a value is not finite, or a pen is not one-hot.
    """
    array = np.asarray(rows)
    if array.size == 0 and array.ndim <= 2:
        return np.zeros((0, 3))
    if array.ndim != 2 or array.shape[1] != 5 or array.dtype.kind not in "iuf":
        raise BadDrawingError(
            f"expected stroke-5 rows of shape (N, 5), got shape {array.shape} of {array.dtype}"
        )
    array = array.astype(np.float64)
    bad = ~((array[:, 2:] == 1).sum(axis=1) == 1) | ~((array[:, 2:] == 0).sum(axis=1) == 2)
    if bad.any():
        raise BadDrawingError("the pen state is not one-hot", where=f"row {int(bad.argmax())}")
    ended = np.flatnonzero(array[:, 2 + PenState.END])
    length = int(ended[0]) if len(ended) else len(array)
    return check_stroke3(np.column_stack([array[:length, :2], array[:length, 2 + PenState.UP]]))
