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
        ("[[[0, 1, 2], [3, 4, 5]]]", "two points, or all x and all y"),
        ("[[0, 1, 0], [3, 4, 0]]", "offsets and a pen"),
        ('{"strokes": [{"x": [1, 2], "y": [3]}]}', "stroke 0: a stroke is not a list"),
        ('[{"dx": 1, "dy": 2, "pen": "sideways"}]', "step 0: its pen"),
        ("[", "is not JSON"),
        ("5", "neither a list"),
        ('{"curves": []}', "the name `strokes` is missing"),
        (
            "[[[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]]",
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


L = [[[0, 0], [0, 9], [5, 9]], [[7, 7]]]


@pytest.mark.parametrize(
    "value",
    [
        [{"drawMode": True, "paths": [{"x": x, "y": y} for x, y in stroke]} for stroke in L],
        [{"x": [x for x, _ in stroke], "y": [y for _, y in stroke]} for stroke in L],
        [{"dotSize": 0, "points": [{"time": 5, "x": x, "y": y} for x, y in s]} for s in L],
        {"lines": [{"points": [{"x": x, "y": y} for x, y in s]} for s in L], "width": 400},
        {"strokes": [[{"x": x, "y": y, "t": 3} for x, y in stroke] for stroke in L]},
        [{"drawing": [[[x for x, _ in s], [y for _, y in s]] for s in L], "word": "l"}],
        {
            "type": "excalidraw",
            "elements": [
                {"type": "freedraw", "x": 1, "y": 2, "points": [[x - 1, y - 2] for x, y in s]}
                for s in L
            ]
            + [{"type": "rectangle", "x": 0, "y": 0}, {"type": "line", "isDeleted": True}],
        },
        [[0, 0, 0], [0, 9, 0], [5, 0, 1], [2, -2, 1]],
        [[0, 0, 1, 0, 0], [0, 9, 1, 0, 0], [5, 0, 0, 1, 0], [2, -2, 0, 1, 0], [0, 0, 0, 0, 1]],
        [
            {"dx": 0, "dy": 0, "pen": "down"},
            {"dx": 0, "dy": 9, "pen": "down"},
            {"dx": 5, "dy": 0, "pen": "up"},
            {"dx": 2, "dy": -2, "pen": "up"},
            {"dx": 0, "dy": 0, "pen": "end"},
        ],
    ],
)
def test_forms_of_widgets_and_networks(tmp_path, value):
    path = tmp_path / "a.json"
    for indent in (None, 1):
        path.write_text(json.dumps(value, indent=indent))
        (drawing,) = read_all(path)
        found = [stroke.tolist() for stroke in drawing.strokes]
        if found[0][:2] == [[0, 0], [0, 0]]:  # offsets begin with a step to the first point
            found[0] = found[0][1:]
        assert found == L


def test_what_is_left_out_is_named():
    assert read_polylines([[[1, 2, 0.5], [3, 4, 0.5], [5, 6, 1], [7, 8, 1]]]).metadata == {
        "ignored": "more numbers of a point than x and y"
    }
    scene = {
        "type": "excalidraw",
        "elements": [
            {"type": "line", "x": 0, "y": 0, "points": [[0, 0], [1, 1]]},
            {"type": "text"},
        ],
    }
    assert read_polylines(scene).metadata["ignored"] == "text"
