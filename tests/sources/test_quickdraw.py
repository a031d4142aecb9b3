"""Quick, Draw! lines: good ones, bad ones, and where the bad ones are."""

from __future__ import annotations

import gzip
import io
import json
import struct
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, SketchRNNError
from sketchrnn.sources import (
    content,
    open_source,
    quickdraw,
    read,
    read_all,
)
from sketchrnn.sources.content import open_plain
from sketchrnn.sources.quickdraw import open_bin, open_ndjson, read_line, read_lines

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
    assert read(path) == Drawing([[(0, 0), (1, 1)]], "own")


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
    ("[]", "the name `drawing` is missing"),
    ("{}", "the name `drawing` is missing"),
    ('{"drawing": 5}', "not a list of strokes"),
    ('{"drawing": [5]}', "a list of all x"),
    ('{"drawing": [[[1]]]}', "a list of all x"),
    ('{"drawing": [[[1, 2], [1]]]}', "differ in length"),
    ('{"drawing": [[[], []]]}', "has no points"),
    ('{"drawing": [[["1"], ["2"]]]}', "must be numbers"),
    ('{"drawing": [[["1"], [2]]]}', "must be numbers"),
    ('{"drawing": [[[true], [false]]]}', "must be numbers"),
    ('{"drawing": [[[1, true], [2, 3]]]}', "must be numbers"),
    ('{"recognized": true, "drawing": [[[1, 2], [2, false]]]}', "must be numbers"),
    ('{"drawing": [[[null], [1]]]}', "must be numbers"),
    ('{"drawing": [[[[1]], [[1]]]]}', "differ in length"),
    ('{"drawing": [[[[1], 2], [1, 2]]]}', "must be numbers"),
    ('{"drawing": [[[NaN], [1]]]}', "NaN or infinite"),
    ('{"drawing": [[[1e999], [1]]]}', "NaN or infinite"),
    ('{"drawing": [[[-Infinity], [1]]]}', "NaN or infinite"),
    ('{"word": 5, "drawing": []}', "word is not a text"),
    ('{"drawing": [[[%s], [1]]]}' % ("9" * 400), "must be numbers"),
    ("[" * 100_000, "nests too deeply"),
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


ODD = (
    b'{"drawing": [[[1, 2], [3, 4]], [[5], [6]]]}',
    b'{"drawing": [[[1.5, 2], [-0.0, 4]]], "word": "cat", "recognized": true}',
    b'{"recognized": false, "drawing": [[[9007199254740993], [4]]]}',
    b'{"drawing": [[[1, true], [3, 4]]]}',
    b'{"drawing": [[["12", 2], [3, 4]]]}',
    b'{"drawing": [["12", "34"]]}',
    b'{"drawing": [[{"1": 1}, {"2": 2}]]}',
    b'{"drawing": [[[null], [2]]]}',
    b'{"drawing": [[[[1]], [[2]]]]}',
    b'{"drawing": [[[1, 2], [3]]]}',
    b'{"drawing": [[[1, 2], [3]], [[1], [3, 4]]]}',
    b'{"drawing": [[[], []]]}',
    b'{"drawing": []}',
    b'{"drawing": {"a": 1}}',
    b'{"drawing": [[[NaN], [2]]]}',
    b'{"drawing": [[[1e999], [2]]]}',
    b'{"drawing": [[[123456789012345678901234567890], [2]]]}',
    b'{"drawing": [[[18446744073709551615, -1], [2, 3]]]}',
    b'{"drawing": [[[1], [2], [3], [4]]]}',
    b'{"drawing": [[[1], [2], [3]]]}',
    b'{"drawing": [[[1], [2]]]}, {"drawing": []}',
    b'\xef\xbb\xbf{"drawing": [[[1], [2]]]}',
    b'{"word": 3, "drawing": [[[1], [2]]]}',
    b'{"a": [1',
    b'2], "drawing": [[[1], [2]]]}',
    b"[]",
    b"{",
)


def outcome(work):
    try:
        drawing = work() if callable(work) else work
        if isinstance(drawing, Drawing):
            bits = [stroke.tobytes() for stroke in drawing.strokes]
            return bits, drawing.category, drawing.metadata
        raise drawing
    except SketchRNNError as error:
        return type(error), str(error)


@given(st.lists(st.sampled_from(ODD) | st.binary(max_size=20), max_size=6))
@example(list(ODD))
def test_lines_together_are_as_each_by_itself(lines):
    together = [outcome(found) for found in read_lines(lines)]
    assert together == [outcome(partial(read_line, line)) for line in lines]


def test_real_files(shared_data):
    simplified = shared_data / "quickdraw" / "simplified_345"
    counts = [sum(1 for _ in read_all(path)) for path in sorted(simplified.glob("*.ndjson"))[:20]]
    assert counts == [25] * 20
    sun = shared_data / "quickdraw" / "simplified" / "sun.ndjson"
    drawings = list(read_all(sun))
    assert len(drawings) == 8117
    assert {drawing.category for drawing in drawings} == {"sun"}
    assert max(drawing.bounds[2] for drawing in drawings) == 255


def opened(path):
    """The source of a file of Quick, Draw!, whatever its name."""
    opening = open_bin if path.suffix == ".bin" else open_ndjson
    return opening(str(path), partial(open_plain, path))


def drawings(path):
    return (item.drawing for item in opened(path).items())


def test_a_gzipped_file_is_known_by_its_content_and_cut_off_it_is_one_error(tmp_path):
    plain = write(tmp_path / "cat.ndjson", *[CAT] * 50).read_bytes()
    for name in ("cat.ndjson.gz", "cat.ndjson", "cat"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(plain))
        assert list(drawings(path)) == [read_line(json.dumps(CAT).encode())] * 50
        assert opened(path).licence == "CC BY 4.0"
    packed = gzip.compress(plain)
    for length in range(2, len(packed)):
        path.write_bytes(packed[:length])
        with pytest.raises(BadFileError) as caught:
            list(drawings(path))
        message = str(caught.value)
        assert "cut off" in message and str(path) in message and "\n" not in message


def test_a_gzipped_file_is_not_unpacked_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "_HARMLESS", 1 << 16)
    path = tmp_path / "bomb.ndjson.gz"
    path.write_bytes(gzip.compress(b"\n" * (32 << 20)))
    with pytest.raises(BadFileError, match="100 times its size"):
        list(drawings(path))


def pack(strokes, key=7, country=b"DE", recognized=1, seconds=1_488_497_110):
    """One record of `.bin`, written from the format's description."""
    data = struct.pack("<Q", key) + country + struct.pack("<bI", recognized, seconds)
    data += struct.pack("<H", len(strokes))
    for x, y in strokes:
        data += struct.pack("<H", len(x)) + bytes(x) + bytes(y)
    return data


TWO = pack([([0, 255, 9], [1, 2, 3]), ([5], [6])]) + pack([([7, 8], [9, 10])], 2**64 - 1, b"US", 0)


def test_packed_records(tmp_path):
    path = tmp_path / "hot dog.bin"
    path.write_bytes(TWO)
    first, second = drawings(path)
    assert first == Drawing([[(0, 1), (255, 2), (9, 3)], [(5, 6)]], "hot dog")
    assert first.metadata == {
        "key_id": "7",
        "countrycode": "DE",
        "recognized": True,
        "timestamp": "2017-03-02 23:25:10 UTC",
    }
    assert second.strokes[0].tolist() == [[7, 9], [8, 10]]
    assert second.metadata["key_id"] == "18446744073709551615"
    assert second.metadata["recognized"] is False
    source = opened(path)
    assert (source.fit, source.licence) == ("longer_side", "CC BY 4.0")


def test_packed_records_cut_off_anywhere_name_the_record(tmp_path):
    path = tmp_path / "cat.bin"
    first = len(pack([([0, 255, 9], [1, 2, 3]), ([5], [6])]))
    skipped = []
    for length in range(len(TWO)):
        path.write_bytes(TWO[:length])
        whole = length >= first
        if length == first:
            assert len(list(drawings(path))) == 1
            continue
        with pytest.raises(BadFileError) as caught:
            list(drawings(path))
        message = str(caught.value)
        assert "\n" not in message and str(path) in message
        assert ("is empty" in message) if not length else f"record {int(whole)}: is cut" in message
        if whole:  # a conversion keeps what is there
            skipped.clear()
            kept = list(opened(path).items(lambda *what: skipped.append(what)))
            assert len(kept) == 1
            assert skipped[0][0] == "cat.bin:1"


def test_packed_records_longer_than_the_buffer_are_found(tmp_path, monkeypatch):
    path = tmp_path / "cat.bin"
    path.write_bytes(TWO * 20)
    expected = list(drawings(path))
    monkeypatch.setattr(quickdraw, "_BUFFER", 3)
    assert list(drawings(path)) == expected
    assert len(expected) == 40


def test_packed_records_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "cat.bin"
    path.write_bytes(pack([([], [])]) + TWO)
    skipped = []
    assert len(list(opened(path).items(lambda *what: skipped.append(what)))) == 2
    assert skipped == [("cat.bin:0", "a stroke has no points")]
    monkeypatch.setattr(quickdraw, "MAX_POINTS", 3)
    path.write_bytes(TWO[len(TWO) // 2 :] + TWO)
    with pytest.raises(BadFileError, match="record 0"):
        list(drawings(path))
    assert quickdraw.is_packed(pack([([7, 8], [9, 10])]))
    assert not quickdraw.is_packed(b"\x00" * 500) and not quickdraw.is_packed(b"{" * 500)


@given(st.binary(max_size=120))
def test_any_bytes_are_records_or_one_error(data):
    def skip(name, why):
        raise why

    try:
        for record in quickdraw._records(io.BytesIO(data), "a.bin", skip):
            assert len(record[1]) == len(record[2]) == sum(record[3])
    except BadFileError as error:
        assert error.where.startswith("record")


def test_raw_drawings_are_simplified_as_quick_draw_did():
    raw = Drawing([[(100, 100), (610, 100), (610, 355)], [(200, 300)]], "cat", {"key_id": "1"})
    drawing = quickdraw.simplify_raw(raw)
    assert drawing == Drawing([[(0, 0), (255, 0), (255, 128)], [(50, 100), (50, 100)]], "cat")
    assert drawing.metadata == {"key_id": "1"}
    assert quickdraw.simplify_raw(Drawing([])) == Drawing([])
    assert quickdraw.simplify_raw(Drawing([[(9, 9)]])) == Drawing([[(0, 0), (0, 0)]])
    for points in ([(0, 0), (1e-320, 0)], [(-1e308, 0), (1e308, 0)]):
        with pytest.raises(BadDrawingError):
            quickdraw.simplify_raw(Drawing([points]))
    with pytest.raises(BadDrawingError, match="pixels"):
        quickdraw.simplify_raw(Drawing([[(0, 0), (1, 1)] * 5000]))


def test_raw_lines_are_given_as_they_are_with_the_way_to_simplify_them(tmp_path):
    raw = {**CAT, "drawing": [[[0.5, 700.25], [1, 2], [0, 130]]]}
    assert open_source(write(tmp_path / "raw.ndjson", raw)).simplify is quickdraw.simplify_raw
    assert open_source(write(tmp_path / "cat.ndjson", CAT)).simplify is None
    assert open_source(write(tmp_path / "bad.ndjson", '{"drawing": 5}')).simplify is None


def test_raw_and_simplified_pairs_agree(shared_data):
    """98.6 % of strokes are equal to the last number; the others differ by rounding in the raw."""
    folder = shared_data / "quickdraw"
    simplified = {
        drawing.metadata["key_id"]: drawing
        for path in (folder / "raw").glob("*.ndjson")
        for drawing in read_all(folder / "simplified_345" / path.name)
    }
    pairs = equal = strokes = 0
    for path in (folder / "raw").glob("*.ndjson"):
        for raw in read_all(path):
            wanted = simplified.get(raw.metadata["key_id"])
            if wanted is None:
                continue
            got = quickdraw.simplify_raw(raw)
            assert len(got.strokes) == len(wanted.strokes)
            pairs += 1
            strokes += len(got.strokes)
            equal += sum(map(np.array_equal, got.strokes, wanted.strokes))
    assert pairs == 902
    assert equal / strokes > 0.985
