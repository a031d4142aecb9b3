"""Stroke-3 and stroke-5 both ways, with the first-point convention of the published data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import END_ROW, START_TOKEN, BadDrawingError, Drawing, PenState

ROW = st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(0, 1))
ROWS = st.lists(ROW, max_size=20).map(lambda rows: [*rows[:-1], (*rows[-1][:2], 1)] if rows else [])


def at_origin(drawing):
    if not drawing.strokes:
        return drawing
    x, y = drawing.strokes[0][0]
    return drawing.transform(1.0, (-x, -y))


def first_is_two_coincident_points(drawing):
    first = drawing.strokes[0] if drawing.strokes else np.zeros((0, 2))
    return len(first) == 2 and (first[0] == first[1]).all()


@given(ROWS)
def test_rows_to_drawing_to_rows(rows):
    rows = np.array(rows, dtype=float).reshape(-1, 3)
    drawing = Drawing.from_stroke3(rows)
    assert np.array_equal(drawing.to_stroke3(), rows)
    assert drawing.num_steps == len(rows)
    stroke5 = drawing.to_stroke5(25)
    assert np.array_equal(Drawing.from_stroke5(stroke5).to_stroke5(25), stroke5)
    assert Drawing.from_stroke5(stroke5) == drawing


@given(st.from_type(Drawing))
def test_drawing_to_rows_to_drawing(drawing):
    if first_is_two_coincident_points(drawing):  # the one exception: it reads as one point
        expected = Drawing([drawing.strokes[0][:1], *drawing.strokes[1:]])
    else:
        expected = drawing
    assert Drawing.from_stroke3(drawing.to_stroke3()) == at_origin(expected)
    assert Drawing.from_stroke5(drawing.to_stroke5()) == at_origin(expected)


@pytest.mark.parametrize(
    ("rows", "strokes"),
    [
        ([], []),
        ([(0, 0, 1)], [[(0, 0)]]),
        ([(3, 4, 1)], [[(0, 0), (3, 4)]]),
        ([(0, 0, 0), (3, 4, 1)], [[(0, 0), (0, 0), (3, 4)]]),  # as omniglot begins
        ([(3, 4, 1), (1, 1, 1)], [[(0, 0), (3, 4)], [(4, 5)]]),
        ([(0, 0, 1), (1, 1, 0), (0, 0, 1)], [[(0, 0)], [(1, 1), (1, 1)]]),
        ([(1, 0, 0), (1, 0, 0)], [[(0, 0), (1, 0), (2, 0)]]),  # the pen never lifts
    ],
)
def test_first_point_convention(rows, strokes):
    assert Drawing.from_stroke3(rows) == Drawing(strokes)


def test_stroke5_layout():
    drawing = Drawing([[(5, 5), (6, 5)], [(9, 9)]])
    assert drawing.to_stroke5(4).tolist() == [
        [1, 0, 0, 1, 0],
        [3, 4, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ]
    assert drawing.to_stroke5().shape == (3, 5)  # one end row
    assert drawing.to_stroke5(2).shape == (2, 5)  # exactly N_max: none
    assert drawing.to_stroke5(2).dtype == np.float32
    with pytest.raises(BadDrawingError, match="has 2 steps, more than max_seq_len 1"):
        drawing.to_stroke5(1)
    assert START_TOKEN.tolist() == [0, 0, 1, 0, 0]
    assert END_ROW[2 + PenState.END] == 1


def test_what_follows_the_end_is_not_read():
    rows = np.vstack([END_ROW, [(1, 1, 1, 0, 0)]])
    assert Drawing.from_stroke5(rows) == Drawing([])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, 2)], r"shape \(N, 3\), got shape \(1, 2\)"),
        ([1, 2, 3], r"shape \(N, 3\)"),
        ([(1, 2, 0.5)], "row 0: pen_up is 0.5"),
        ([(1, 2, 0), (np.nan, 2, 1)], "row 1: a value is NaN or infinite"),
        ([(1, np.inf, 0)], "row 0: a value is NaN or infinite"),
        ([("1", "2", "0")], "got shape"),
    ],
)
def test_rows_that_are_not_stroke3(rows, message):
    with pytest.raises(BadDrawingError, match=message):
        Drawing.from_stroke3(rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, 2, 1)], r"shape \(N, 5\)"),
        ([(1, 2, 1, 1, 0)], "row 0: the pen state is not one-hot"),
        ([(1, 2, 0, 0, 0)], "row 0: the pen state is not one-hot"),
        ([(np.nan, 2, 1, 0, 0)], "row 0: a value is NaN"),
    ],
)
def test_rows_that_are_not_stroke5(rows, message):
    with pytest.raises(BadDrawingError, match=message):
        Drawing.from_stroke5(rows)


def test_published_files_are_read_and_written_without_a_change(shared_data):
    path = shared_data / "sketchrnn_npz" / "short_kanji.npz"
    from sketchrnn.sources import open_source

    count = 0
    for item in open_source(path).items():
        rows = item.drawing.to_stroke3()
        assert np.array_equal(Drawing.from_stroke3(rows).to_stroke3(), rows)
        count += 1
        if count == 500:
            break
    assert count == 500
