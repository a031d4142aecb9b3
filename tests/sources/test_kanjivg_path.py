"""Path data of KanjiVG's strokes, against svgelements as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadDrawingError
from sketchrnn.drawing.geometry import flatten_strokes
from sketchrnn.sources import kanjivg_path
from sketchrnn.sources.kanjivg_path import MAX_BOXES, TOLERANCE, flatten_paths

BOX = 109.0
TOL = TOLERANCE * BOX
NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4}


@st.composite
def path_data(draw, letters="LlHhVvCcSs"):
    """A move and a few commands, absolute and relative, numbers written as KanjiVG writes them."""

    def numbers(count, spread=20):
        values = st.decimals(-spread, spread, places=2)
        text = ""
        for number in draw(st.lists(values, min_size=count, max_size=count)):
            word = str(number)
            glue = "" if word.startswith("-") and draw(st.booleans()) else ","
            text += glue + word if text else word
        return text

    text = draw(st.sampled_from("Mm")) + numbers(2)
    for letter in draw(st.lists(st.sampled_from(letters), min_size=1, max_size=5)):
        count = NUMBERS[letter.upper()] * draw(st.integers(1, 2))
        text += draw(st.sampled_from(["", " "])) + letter + numbers(count)
    return text


def oracle(text: str) -> np.ndarray:
    """Many points along the same path, by svgelements."""
    from svgelements import Path

    points = []
    for segment in list(Path(text))[1:]:
        t = np.linspace(0, 1, 60)
        if type(segment).__name__ == "Line":
            ends = np.array([[p.x, p.y] for p in (segment.start, segment.end)])
            points.append(ends[0] + t[:, None] * (ends[1] - ends[0]))
        else:
            points.append(np.array([[p.x, p.y] for p in (segment.point(at) for at in t)]))
    return np.concatenate(points)


def distance(points: np.ndarray, line: np.ndarray) -> float:
    """The greatest distance of the points from a polyline."""
    start, end = line[:-1], line[1:]
    chord = end - start
    squared = np.maximum((chord**2).sum(1), 1e-30)
    away = points[:, None] - start[None]
    along = np.clip((away * chord).sum(2) / squared, 0, 1)
    return float(np.linalg.norm(away - along[..., None] * chord, axis=2).min(1).max())


def flatten_path(text):
    points, counts = flatten_paths([text], BOX)
    assert counts == [len(points)]
    return points


@given(path_data())
def test_points_follow_the_path(text):
    points = flatten_path(text)
    expected = oracle(text)
    assert np.allclose(points[0], expected[0])
    assert np.allclose(points[-1], expected[-1])
    assert distance(expected, points) <= TOLERANCE * BOX + 1e-9
    # the other way round the oracle's own chords are what strays
    assert distance(points, expected) <= 0.05


@given(st.lists(path_data("CcSs"), min_size=1, max_size=5))
def test_strokes_read_together_are_as_strokes_read_one_by_one(texts):
    points, counts = flatten_paths(texts, BOX)
    slowly, expected = flatten_strokes([kanjivg_path._read_path(t, BOX) for t in texts], TOL)
    assert counts == expected
    np.testing.assert_allclose(points, slowly, rtol=0, atol=1e-9)


def test_plain_strokes_are_read_together(monkeypatch):
    monkeypatch.delattr(kanjivg_path, "_read_path")
    flatten_paths(["M1-1c0,0,1-.5,3,4s1,1 2,2C9 9,8 8,7,7", "m2,2S1,1 3.5-3"], BOX)


@pytest.mark.parametrize("text", ["5M1,1c0,0,1,1,2,2", " 5M1,1c0,0,1,1,2,2"])
@pytest.mark.parametrize("before", [[], ["M1,1s0,0,1,1"]])
def test_a_number_belongs_to_no_other_stroke(before, text):
    with pytest.raises(BadDrawingError, match=r"must begin with a move|a number without a command"):
        flatten_paths([*before, text], BOX)


def test_the_bad_stroke_is_named():
    with pytest.raises(BadDrawingError) as caught:
        flatten_paths(["M1,1c0,0,1,1,2,2", "M1,1c0,0,1,1,2"], BOX)
    assert caught.value.where == "stroke 1"


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("M1,2L3,4", [[1, 2], [3, 4]]),
        ("M1,2 3,4", [[1, 2], [3, 4]]),
        ("m1,2 3,4", [[1, 2], [4, 6]]),
        ("M1 2h3v4H0V0", [[1, 2], [4, 2], [4, 6], [0, 6], [0, 0]]),
        ("M1,1l2,0l0,2z", [[1, 1], [3, 1], [3, 3], [1, 1]]),
        ("M1,1", [[1, 1]]),
        ("M1-1l.5.5-.5.5", [[1, -1], [1.5, -0.5], [1, 0]]),
        ("M1e1,1", [[10, 1]]),
    ],
)
def test_lines(text, points):
    assert flatten_path(text).tolist() == points


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "L1,1",
        "1,1",
        "M",
        "M1",
        "M1,1L",
        "M1,1C1,1,2,2",
        "M1,1 Lx",
        "M1,1A1,1,0,0,0,2,2",
        "M1,1L2,2M3,3L4,4",
        "M1,1z3",
        "M1,1L1;2",
        f"M{MAX_BOXES * BOX + 1},0",
        "M1,1L1e300,0",
        "M1,1L1e999,0",
        "M1,1C0,0,1e9,0,1,1",
        "M1,1Lnan,0",
    ],
)
def test_what_is_no_stroke_is_refused(text):
    with pytest.raises(BadDrawingError):
        flatten_path(text)


@given(st.text(alphabet="MmLlCcSsHhVvZz0123456789.,- e", max_size=60))
def test_any_text_makes_points_or_one_error(text):
    try:
        points = flatten_path(text)
    except BadDrawingError:
        return
    assert points.ndim == 2 and points.shape[1] == 2
    assert np.isfinite(points).all()
