"""Make Me a Hanzi: lines, files, the y axis, and what is damaged."""

from __future__ import annotations

import json

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources import open_source, read, read_all

SUN = {"character": "日", "strokes": ["M 1 2 Z"], "medians": [[[200, 700], [200, -124]]]}
ONE = {"strokes": ["M 1 2 Z"], "medians": [[[0, 900], [512, 400], [1024, 388]]]}


def lines(*records: object) -> str:
    return "".join(
        (record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)) + "\n"
        for record in records
    )


def test_a_line_a_character_with_y_turned(tmp_path):
    path = tmp_path / "graphics.txt"
    path.write_text(lines(SUN, {**ONE, "character": "一"}), encoding="utf-8")
    source = open_source(path)
    items = list(source.items())
    assert [item.drawing.metadata["character"] for item in items] == ["日", "一"]
    assert items[0].drawing.strokes[0].tolist() == [[200, 200], [200, 1024]]
    assert items[1].drawing.strokes[0].tolist() == [[0, 0], [512, 500], [1024, 512]]
    assert items[0].drawing.metadata == {"box": 1024, "character": "日", "code_point": "065e5"}
    assert (source.fit, source.licence) == ("box", "Arphic Public License")
    assert "Make Me a Hanzi" in source.attribution
    assert [item.group for item in items] == ["065e5", "04e00"]


def test_a_file_a_character_named_by_it(tmp_path):
    path = tmp_path / "一.json"
    path.write_text(json.dumps(ONE), encoding="utf-8")
    assert read(path).metadata["character"] == "一"
    path.write_text(json.dumps(ONE, indent=1), encoding="utf-8")  # over several lines
    assert read(path).bounds == (0, 0, 1024, 512)


def test_a_folder_is_a_data_set_of_its_files(tmp_path):
    for name, record in (("一", ONE), ("日", SUN)):
        (tmp_path / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"name": "hanzi-writer-data"}')
    (tmp_path / "LICENCE.txt").write_text("Arphic Public License\n")
    source = open_source(tmp_path)
    skipped = []
    items = list(source.items(lambda *what: skipped.append(what)))
    assert [item.drawing.metadata["character"] for item in items] == ["一", "日"]
    assert skipped == [(name, "holds no drawings") for name in ("LICENCE.txt", "package.json")]
    assert (source.fit, source.licence) == ("box", "Arphic Public License")


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ("{", "is not JSON"),
        ({"medians": 5}, "the name `medians` is missing"),
        ({"medians": []}, "no strokes"),
        ({"medians": [[]]}, "not a list of points"),
        ({"medians": [[[1, 2], [3]]]}, "not a list of points"),
        ({"medians": [[["1", "2"]]]}, "not a list of points"),
        ({"medians": [[[1e300, 2]]]}, "outside the box"),
        ('{"medians": [[[NaN, 2]]]}', "outside the box"),
        ('{"medians": ' + "[" * 100_000, "is not JSON|nests too deeply"),
    ],
)
def test_a_damaged_line_is_named_and_the_others_are_read(tmp_path, record, problem):
    path = tmp_path / "graphics.txt"
    path.write_text(lines(SUN, record, SUN), encoding="utf-8")
    with pytest.raises(BadFileError, match=rf"graphics\.txt: line 2.*({problem})") as caught:
        list(read_all(path))
    assert "\n" not in str(caught.value)
    skipped = []
    kept = list(open_source(path).items(lambda *what: skipped.append(what)))
    assert len(kept) == 2 and skipped[0][0] == "graphics.txt:2"
