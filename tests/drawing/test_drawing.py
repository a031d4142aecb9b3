"""The type: frozen, checked, equal by value."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadDrawingError, Drawing, SketchRNNError


@given(st.from_type(Drawing), st.from_type(Drawing))
def test_equality_is_by_value(one, other):
    same = Drawing([stroke.tolist() for stroke in one.strokes], metadata={"note": 1})
    assert same == one
    assert hash(same) == hash(one)
    assert (one == other) == (
        [s.tolist() for s in one.strokes] == [s.tolist() for s in other.strokes]
    )
    assert one.with_category("cat") != one
    assert one != "a drawing"


def test_negative_zero_is_zero():
    one, other = Drawing([[(0.0, 1)]]), Drawing([[(-0.0, 1)]])
    assert one == other
    assert hash(one) == hash(other)


def test_nothing_can_be_changed():
    points = np.zeros((2, 2))
    drawing = Drawing([points], "cat", {"a": 1})
    points[0] = 9
    assert drawing.strokes[0][0].tolist() == [0, 0]
    with pytest.raises(ValueError, match="read-only"):
        drawing.strokes[0][0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        drawing.category = "dog"
    with pytest.raises(AttributeError, match="cannot be changed"):
        del drawing.strokes
    assert isinstance(drawing.strokes, tuple)


@given(st.from_type(Drawing))
def test_copies_are_equal(drawing):
    assert copy.deepcopy(drawing) == drawing
    again = pickle.loads(pickle.dumps(drawing.with_category("cat").with_metadata(a=1)))
    assert again == drawing.with_category("cat")
    assert again.metadata == {"a": 1}
    assert not again.strokes or not again.strokes[0].flags.writeable


@given(st.from_type(Drawing))
def test_counts(drawing):
    assert drawing.num_points == sum(len(stroke) for stroke in drawing.strokes)
    assert drawing.num_steps == len(drawing.to_stroke3())
    assert "strokes" in repr(drawing)


def test_bounds():
    assert Drawing([[(3, 4), (-1, 9)], [(0, 0)]]).bounds == (-1, 0, 3, 9)
    assert Drawing([]).bounds == (0, 0, 0, 0)
    assert Drawing([[(5, 6)]]).bounds == (5, 6, 5, 6)


def test_dots_are_kept():
    face = Drawing([[(0, 0)], [(5, 5), (5, 5)], [(1, 1), (2, 2)]])
    assert [len(s) for s in face.simplify(10).strokes] == [1, 2, 2]
    assert [len(s) for s in face.resample(10).strokes][:2] == [1, 2]
    assert [len(s) for s in face.fit((100, 100)).strokes] == [1, 2, 2]


def test_moving_forgets_the_canvas():
    drawing = Drawing([[(0, 0), (1, 1)]], metadata={"box": 109, "extent": 255, "seed": 3})
    assert drawing.transform(2).metadata == {"seed": 3}
    assert drawing.simplify(1).metadata == drawing.metadata
    assert drawing.with_metadata(box=None, kind="a").metadata == {
        "extent": 255,
        "seed": 3,
        "kind": "a",
    }


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ([[]], "stroke 0: a stroke has no points"),
        ([[(0, 0)], [(1, 2, 3)]], r"stroke 1: expected points of shape \(n, 2\)"),
        ([[(0, np.nan)]], "stroke 0: a coordinate is NaN or infinite"),
        ([[(0, 0)], [(0, -np.inf)]], "stroke 1: a coordinate is NaN or infinite"),
        ([[("a", "b")]], "stroke 0: points must be numbers"),
        ([[(0, 0), (1,)]], "stroke 0: points must be numbers"),
        ([5], "stroke 0: expected points"),
    ],
)
def test_what_is_no_drawing(strokes, message):
    with pytest.raises(BadDrawingError, match=message):
        Drawing(strokes)


def test_too_large_a_scale():
    with np.errstate(over="ignore"), pytest.raises(BadDrawingError, match="infinite"):
        Drawing([[(1e300, 0)]]).transform(1e300)


def test_an_error_is_one_line():
    error = SketchRNNError("is\nbad", path="a.svg", where="stroke 3", hint="mend  it")
    assert str(error) == "a.svg: stroke 3: is bad; mend it"
    assert str(SketchRNNError("is bad")) == "is bad"


def test_points_in_one_array_make_the_same_drawing_as_a_list_of_strokes():
    points = [(0, 0), (10, 0), (5, 5), (6, 7), (8, 9)]
    drawing = Drawing.from_points(np.array(points, np.uint8), [2, 1, 2], "cat", {"a": 1})
    assert drawing == Drawing([points[:2], points[2:3], points[3:]], "cat")
    assert drawing.metadata == {"a": 1}
    assert drawing.strokes[0].dtype == np.float64
    assert all(not stroke.flags.writeable for stroke in drawing.strokes)
    assert Drawing.from_points(np.zeros((0, 2)), []) == Drawing([])


def test_points_in_one_array_are_copied():
    points = np.zeros((3, 2))
    drawing = Drawing.from_points(points, [3])
    points[0] = 7
    assert drawing == Drawing([np.zeros((3, 2))])


@pytest.mark.parametrize(
    ("points", "counts", "problem"),
    [
        ([(0, 0), (1, 1)], [3], "expected 3 points"),
        ([(0, 0, 0)], [1], "expected 1 points"),
        ([(0, 0), (1, 1)], [2, 0], "stroke 1: a stroke has no points"),
        ([(0, 0), (1, 1)], [3, -1], "stroke 1: a stroke has no points"),
        ([(0, 0), (1, 1), (2, np.nan)], [1, 2], "stroke 1: a coordinate is NaN"),
        ([(0, np.inf), (1, 1), (2, 2)], [1, 2], "stroke 0: a coordinate is NaN"),
    ],
)
def test_points_in_one_array_are_checked(points, counts, problem):
    with pytest.raises(BadDrawingError, match=problem):
        Drawing.from_points(np.array(points, float), counts)


def test_what_others_write_reaches_no_terminal_raw():
    text = "a\x1b[31m\u202eb\ud800 \x9b木"
    error = BadDrawingError("is bad", path=f"{text}.h5", where=text, hint=text)
    shown = str(error)
    assert shown.encode() and shown.count("\\x1b[31m\\u202eb\\ud800 \\x9b木") == 3
