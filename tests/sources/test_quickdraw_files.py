"""The names of the categories, the addresses of their files, and a look into what was fetched."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.sources.quickdraw_files import (
    BASE,
    CATEGORIES,
    FORMATS,
    check_category,
    check_content,
    requests,
)


def test_there_are_345_names():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 345
    assert all(name == name.strip() and name.isascii() for name in CATEGORIES)
    assert {"cat", "hot dog", "The Mona Lisa", "t-shirt", "zigzag"} <= set(CATEGORIES)


def test_the_names_are_those_of_the_files(shared_data):
    folder = shared_data / "quickdraw" / "simplified_345"
    assert {path.stem for path in folder.glob("*.ndjson")} == set(CATEGORIES) - {"zigzag"}


@pytest.mark.parametrize(
    ("name", "category"),
    [("cat", "cat"), ("Hot  Dog", "hot dog"), ("hot_dog", "hot dog"),
     ("the mona lisa", "The Mona Lisa")],
)  # fmt: skip
def test_names_are_forgiven_their_capitals_and_spaces(name, category):
    assert check_category(name) == category


@pytest.mark.parametrize(("name", "guess"), [("catt", "'cat'"), ("eifel tower", "Eiffel Tower")])
def test_a_name_that_is_none_meets_those_like_it(name, guess):
    with pytest.raises(BadSettingError, match="did you mean") as caught:
        check_category(name)
    assert guess in str(caught.value)
    with pytest.raises(BadSettingError, match="see all 345"):
        check_category("xxxxxxxx")


def test_addresses(tmp_path):
    urls = {
        format: requests(["hot dog", "cat", "Cat"], format, tmp_path)[0].url for format in FORMATS
    }
    assert urls == {
        "npz": f"{BASE}/sketchrnn/hot%20dog.npz",
        "full-npz": f"{BASE}/sketchrnn/hot%20dog.full.npz",
        "simplified": f"{BASE}/full/simplified/hot%20dog.ndjson",
        "raw": f"{BASE}/full/raw/hot%20dog.ndjson",
        "binary": f"{BASE}/full/binary/hot%20dog.bin",
    }
    assert BASE == "https://storage.googleapis.com/quickdraw_dataset"
    found = requests(["hot dog", "cat", "Cat"], "binary", tmp_path, "http://here/")
    assert [request.target.name for request in found] == ["hot dog.bin", "cat.bin"]
    assert found[1].url == "http://here/full/binary/cat.bin"


@pytest.mark.parametrize(
    ("names", "format", "base", "problem"),
    [
        (["cat"], "tar", BASE, "npz, full-npz"),
        (["cat"], "npz", "file:///etc", "https://"),
        ([], "npz", BASE, "no category"),
        (["catt"], "npz", BASE, "cat"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path, names, format, base, problem):
    with pytest.raises(BadSettingError, match=problem):
        requests(names, format, tmp_path, base)


LINE = json.dumps({"word": "cat", "drawing": [[[0, 9], [0, 9]]]}).encode() + b"\n"
RECORD = struct.pack("<Q2sbIHH", 7, b"DE", 1, 0, 1, 2) + bytes([0, 9, 0, 9])


def test_a_look_into_whole_files_and_cut_ones(tmp_path):
    npz = tmp_path / "a.npz"
    np.savez(npz, train=np.zeros((1, 4, 3)))
    for suffix, content in (
        (".ndjson", LINE * 3),
        (".bin", RECORD * 3),
        (".npz", npz.read_bytes()),
    ):
        path = tmp_path / f"cat{suffix}.part"
        path.write_bytes(content)
        check_content(path, suffix)
        for wrong in (b"", content[:-5], b"<html>" + content):
            path.write_bytes(wrong)
            if suffix == ".npz" and wrong.startswith(b"<"):
                continue  # a zip may have anything in front
            with pytest.raises(BadFileError):
                check_content(path, suffix)


def test_the_last_line_is_found_in_a_long_file(tmp_path, monkeypatch):
    monkeypatch.setattr("sketchrnn.sources.quickdraw_files._LONGEST_LINE", len(LINE) + 2)
    path = tmp_path / "cat.ndjson.part"
    path.write_bytes(LINE * 50)
    check_content(path, ".ndjson")
    path.write_bytes(LINE * 50 + LINE[:20])
    with pytest.raises(BadFileError, match="not JSON"):
        check_content(path, ".ndjson")
