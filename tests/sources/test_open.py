"""Which reader an input gets, and what an input that has none is told."""

from __future__ import annotations

import io
import json
import types

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sources import open as opening
from sketchrnn.sources import open_source, read, read_all

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>'
LINE = json.dumps({"word": "cat", "drawing": [[[0, 9], [0, 0]]]}).encode() + b"\n"


@pytest.fixture
def standard_input(monkeypatch):
    def give(data: bytes):
        monkeypatch.setattr(opening.sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))

    return give


@pytest.mark.parametrize(
    ("data", "category"),
    [
        (SVG, None),
        (b"\xef\xbb\xbf\n " + SVG, None),
        (LINE, "cat"),
        (b"\n  " + LINE, "cat"),
    ],
)
def test_standard_input_is_known_by_what_it_begins_with(standard_input, data, category):
    standard_input(data)
    drawing = read("-")
    assert drawing == Drawing([[(0, 0), (9, 0)]], category)


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"", "is empty"), (b"PK\x03\x04", "neither SVG nor"), (b"<svg/>", "no strokes")],
)
def test_other_standard_input_is_refused(standard_input, data, problem):
    standard_input(data)
    with pytest.raises(BadFileError, match=f"standard input: .*{problem}"):
        read("-")


def test_standard_input_is_bounded(standard_input, monkeypatch):
    monkeypatch.setattr(opening, "MAX_INPUT_BYTES", 20)
    standard_input(SVG)
    with pytest.raises(BadFileError, match="give it as a file"):
        read("-")


def test_one_drawing_or_all(tmp_path):
    path = tmp_path / "cats.ndjson"
    path.write_bytes(LINE)
    assert read(path).category == "cat"
    assert len(list(read_all(str(path)))) == 1
    path.write_bytes(LINE * 2)
    with pytest.raises(BadFileError, match="read_all"):
        read(path)
    assert len(list(read_all(path))) == 2


def test_suffixes_in_capitals(tmp_path):
    (tmp_path / "A.SVG").write_bytes(SVG)
    (tmp_path / "B.JSONL").write_bytes(LINE)
    np.savez(tmp_path / "c.npz", train=np.zeros((1, 1, 3)))
    (tmp_path / "c.npz").rename(tmp_path / "C.NPZ")
    assert len([read(tmp_path / name) for name in ("A.SVG", "B.JSONL", "C.NPZ")]) == 3


def test_inputs_of_no_known_kind(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "cat.doc").write_bytes(b"x")
    for path, problem in (
        (tmp_path / "missing", "no such file"),
        (tmp_path / "missing.svg", "no such file"),
        (empty, "empty folder"),
        (other, "without files of drawings"),
        (other / "cat.doc", "no known kind"),
    ):
        with pytest.raises(BadFileError, match=problem) as caught:
            open_source(path)
        message = str(caught.value)
        assert message.startswith(str(path)) and "kanjivg" in message and "\n" not in message


def test_empty_files(tmp_path):
    for suffix in (".svg", ".ndjson", ".npz"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"")
        with pytest.raises(BadFileError) as caught:
            list(read_all(path))
        assert str(path) in str(caught.value)


def test_a_folder_is_judged_by_what_its_files_hold(tmp_path):
    plain = b'<svg width="9" height="9"><path d="M1 1h5" fill="none" stroke="red"/></svg>'
    for name in ("00001.svg", "00002.svg", "cat.svg"):
        (tmp_path / name).write_bytes(plain)
    source = opening.open_source(tmp_path)
    assert source.licence is None and source.attribution is None
    items = list(source.items())
    assert [item.name for item in items] == ["00001.svg", "00002.svg", "cat.svg"]
    assert "character" not in items[0].drawing.metadata
    path = '<g id="kvg:StrokePaths_1"><path d="M1 1c1,1 2,2 3,3"/></g>'
    kanji = f'<svg viewBox="0 0 109 109">{path}</svg>'.encode()
    (tmp_path / "04e00.svg").write_bytes(kanji)
    skipped = []
    names = [i.name for i in opening.open_source(tmp_path).items(lambda *w: skipped.append(w))]
    assert names == ["00001.svg", "00002.svg", "cat.svg"]
    assert skipped[0][0] == "04e00.svg" and "other units" in skipped[0][1]


def test_ink_in_a_file_named_xml_is_found_in_a_folder(tmp_path):
    (tmp_path / "a.svg").write_bytes(b'<svg><path d="M1 1h5"/></svg>')
    (tmp_path / "b.xml").write_bytes(b"<i:ink><i:trace>0 0, 9 9</i:trace></i:ink>")
    (tmp_path / "c.xml").write_bytes(b"<project/>")
    skipped = []
    items = list(opening.open_source(tmp_path).items(lambda *w: skipped.append(w)))
    assert [item.name for item in items] == ["a.svg", "b.xml"]
    assert skipped == [("c.xml", "holds no drawings")]


def test_a_zip_that_is_no_npz_says_so(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.svg", "<svg/>")
    with pytest.raises(BadFileError, match="zip file without arrays"):
        opening.open_source(tmp_path / "a.npz")


def test_an_array_of_something_else_is_left_out_with_a_word(tmp_path):
    import numpy as np

    np.savez(tmp_path / "a.npz", train=np.zeros((1, 2, 3), np.int16), labels=np.arange(3))
    skipped = []
    items = list(opening.open_source(tmp_path / "a.npz").items(lambda *w: skipped.append(w)))
    assert len(items) == 1 and skipped[0][0] == "a.npz:labels"
