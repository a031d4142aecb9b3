"""Quick, Draw! lines: good ones, bad ones, and where the bad ones are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources import open_source, quickdraw, read, read_all
from sketchrnn.sources.quickdraw import read_line

CAT = {
    "word": "cat",
    "countrycode": "VE",
    "timestamp": "2017-03-02 23:25:10.07453 UTC",
    "recognized": True,
    "key_id": "5201136883597312",
    "drawing": [[[0, 255], [0, 10]], [[5, 5], [7, 7]]],
}


def write(path, *records):
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_line_has_its_word_for_category_and_its_notes(tmp_path):
    path = write(tmp_path / "cat.ndjson", CAT)
    drawing = read(path)
    assert drawing == Drawing([[(0, 0), (255, 10)], [(5, 7), (5, 7)]], "cat")  # a dot of two
    assert drawing.metadata == {key: CAT[key] for key in CAT if key not in ("word", "drawing")}
    source = open_source(path)
    assert (source.fit, source.epsilon, source.licence) == ("longer_side", 2.0, "CC BY 4.0")
    assert "Google" in source.attribution


def test_whose_lines_they_are_is_not_guessed(tmp_path):
    path = write(tmp_path / "own.ndjson", {"drawing": [[[0, 1], [0, 1]]]})
    source = open_source(path)
    assert source.licence is None and source.attribution is None
    assert read(path) == Drawing([[(0, 0), (1, 1)]])


def test_raw_lines_lose_their_times(tmp_path):
    raw = {**CAT, "drawing": [[[0.5, 700.25], [1, 2], [0, 130]]]}
    assert read(write(tmp_path / "raw.ndjson", raw)).strokes[0].tolist() == [[0.5, 1], [700.25, 2]]


def test_blank_lines_are_nothing(tmp_path):
    assert len(list(read_all(write(tmp_path / "a.ndjson", CAT, "", "  ", CAT)))) == 2


coordinates = st.integers(0, 255) | st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
stroke = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8)


@given(st.lists(stroke, max_size=4), st.none() | st.text(max_size=8))
def test_drawings_round_trip(strokes, word):
    record = {"drawing": [[list(axis) for axis in zip(*s, strict=True)] for s in strokes]}
    if word is not None:
        record["word"] = word
    assert read_line(json.dumps(record).encode()) == Drawing(strokes, word)


BAD = [
    ("no json", "not JSON"),
    ("[]", "no field `drawing`"),
    ("{}", "no field `drawing`"),
    ('{"drawing": 5}', "no field `drawing`"),
    ('{"drawing": [5]}', "not [[x"),
    ('{"drawing": [[[1]]]}', "not [[x"),
    ('{"drawing": [[[1, 2], [1]]]}', "differ in length"),
    ('{"drawing": [[[], []]]}', "n >= 1"),
    ('{"drawing": [[["1"], ["2"]]]}', "must be numbers"),
    ('{"drawing": [[["1"], [2]]]}', "must be numbers"),
    ('{"drawing": [[[true], [false]]]}', "must be numbers"),
    ('{"drawing": [[[null], [1]]]}', "must be numbers"),
    ('{"drawing": [[[[1]], [[1]]]]}', "differ in length"),
    ('{"drawing": [[[[1], 2], [1, 2]]]}', "must be numbers"),
    ('{"drawing": [[[NaN], [1]]]}', "NaN or infinite"),
    ('{"drawing": [[[1e999], [1]]]}', "NaN or infinite"),
    ('{"drawing": [[[-Infinity], [1]]]}', "NaN or infinite"),
    ('{"word": 5, "drawing": []}', "word is not a text"),
    ('{"drawing": [[[%s], [1]]]}' % ("9" * 400), "must be numbers"),
    ("[" * 100_000, "not JSON"),
]


@pytest.mark.parametrize(("line", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_a_bad_line_is_an_error_with_its_place_or_skipped(tmp_path, line, problem):
    path = write(tmp_path / "a.ndjson", CAT, line, CAT)
    with pytest.raises(BadFileError) as caught:
        list(read_all(path))
    message = str(caught.value)
    assert problem in message and "a.ndjson: line 2" in message and "\n" not in message
    skipped = []
    kept = list(open_source(path).items(lambda name, reason: skipped.append((name, reason))))
    assert len(kept) == 2
    assert skipped[0][0].endswith("a.ndjson:2") and problem in skipped[0][1]


def test_a_file_with_no_good_line_is_an_error(tmp_path):
    path = write(tmp_path / "a.ndjson", "no", "json")
    with pytest.raises(BadFileError, match=r"line 1"):
        list(open_source(path).items(lambda name, reason: None))
    (tmp_path / "b.ndjson").write_bytes(b"")
    with pytest.raises(BadFileError, match=r"b\.ndjson: is empty"):
        open_source(tmp_path / "b.ndjson")
    (tmp_path / "c.ndjson").write_bytes(b"\n\n")
    with pytest.raises(BadFileError, match=r"no drawings"):
        list(read_all(tmp_path / "c.ndjson"))


def test_lines_and_drawings_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(quickdraw, "MAX_LINE_BYTES", 300)
    long = {**CAT, "drawing": [[[0] * 500, [1] * 500]]}
    path = write(tmp_path / "a.ndjson", CAT, long, CAT)
    skipped = []
    kept = list(open_source(path).items(lambda name, reason: skipped.append(name)))
    assert len(kept) == 2
    assert [name.rsplit(":", 1)[1] for name in skipped] == ["2"]
    monkeypatch.setattr(quickdraw, "MAX_LINE_BYTES", 1 << 20)
    monkeypatch.setattr(quickdraw, "MAX_POINTS", 100)
    with pytest.raises(BadFileError, match="more than 100 points"):
        list(read_all(path))


@given(st.binary(max_size=80))
def test_any_bytes_make_a_drawing_or_one_error(line):
    try:
        read_line(line)
    except (BadFileError, BadDrawingError) as error:
        assert isinstance(error, SketchRNNError)


def test_real_files(shared_data):
    simplified = shared_data / "quickdraw" / "simplified_345"
    counts = [sum(1 for _ in read_all(path)) for path in sorted(simplified.glob("*.ndjson"))[:20]]
    assert counts == [25] * 20
    sun = shared_data / "quickdraw" / "simplified" / "sun.ndjson"
    drawings = list(read_all(sun))
    assert len(drawings) == 8117
    assert {drawing.category for drawing in drawings} == {"sun"}
    assert max(drawing.bounds[2] for drawing in drawings) == 255
