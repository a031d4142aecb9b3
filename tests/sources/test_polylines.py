"""Polylines as JSON: the forms that people write, round trips, and what is none of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sources import open_source, read, read_all
from sketchrnn.sources.polylines import read_polylines

CROSS = [[[0, 0], [9, 9]], [[0, 9], [9, 0]]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(CROSS), [CROSS]),
        (json.dumps(CROSS, indent=2), [CROSS]),
        (f"{json.dumps(CROSS)}\n\n{json.dumps(CROSS[:1])}\n", [CROSS, CROSS[:1]]),
        (json.dumps(CROSS[0]), [CROSS[:1]]),
        (json.dumps([CROSS, CROSS[:1]]), [CROSS, CROSS[:1]]),
        (json.dumps([{"strokes": CROSS}, {"strokes": CROSS[1:]}]), [CROSS, CROSS[1:]]),
        ('{"strokes": [[[1, 2, 0.5, 17]]]}', [[[[1, 2]]]]),
        ("\ufeff[[[1, 2]]]", [[[[1, 2]]]]),
    ],
)
def test_forms(tmp_path, text, expected):
    for name in ("a.json", "a.jsonl", "a"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert list(read_all(path)) == [Drawing(strokes) for strokes in expected]


def test_category_and_notes(tmp_path):
    path = tmp_path / "a.jsonl"
    record = {"word": "cat", "strokes": CROSS, "id": 7, "tags": [1], "box": "large", "x": 1e999}
    path.write_text(json.dumps(record))
    drawing = read(path)
    assert (drawing.category, drawing.metadata) == ("cat", {"id": 7})


coordinate = st.floats(-1e6, 1e6).map(lambda number: number + 0.0)
strokes = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=5)


@given(st.lists(strokes, min_size=1, max_size=4), st.none() | st.text(max_size=9))
def test_our_own_form_round_trips(strokes, category):
    drawing = Drawing(strokes, category, {"seed": 3})
    record = {
        "category": drawing.category,
        "strokes": [stroke.tolist() for stroke in drawing.strokes],
        "metadata": drawing.metadata,
    }
    back = read_polylines(json.loads(json.dumps(record)))
    assert back == drawing and back.metadata == drawing.metadata


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[", "is not JSON"),
        ("5", "neither a list"),
        ('{"lines": []}', "the name `strokes` is missing"),
        (
            "[[[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]]",
            r"stroke 0: its points are not all \[x, y\]",
        ),
        ("[[[0, 1], [2]]]", r"stroke 0: its points are not all"),
        ("[[[0, 1]], []]", "stroke 1: a stroke has no points"),
        ('[[["a", "b"]]]', "points must be numbers"),
        ("[[[NaN, 1]]]", "NaN"),
        ("[[[1, Infinity]]]", "infinite"),
        ("[[[1, " + "9" * 400 + "]]]", "must be numbers|NaN or infinite"),
        ("[" * 50_000 + "]" * 50_000, "nests too deeply|not JSON|points"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path, line, problem):
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(CROSS)}\n{line}\n{json.dumps(CROSS)}\n")
    with pytest.raises(BadFileError, match=problem) as caught:
        list(read_all(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: line 2") and "\n" not in message and len(message) < 400
    skipped = []
    kept = list(open_source(path).items(lambda *what: skipped.append(what)))
    assert len(kept) == 2 and skipped[0][0] == "a.jsonl:2"


def test_too_many_points(monkeypatch):
    monkeypatch.setattr("sketchrnn.sources.polylines.MAX_POINTS", 100)
    assert read_polylines([np.zeros((100, 2)).tolist()]).num_points == 100
    with pytest.raises(BadFileError, match="more than 100 points"):
        read_polylines([np.zeros((101, 2)).tolist()])
