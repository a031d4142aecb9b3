"""Omniglot's stroke files: y turned, the folders as category, damaged lines named."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources import open_source, read, read_all

FILE = "START\n20,-30,0\n40.5,-30,35\nBREAK\n60,-80,900\nBREAK\n"


@pytest.fixture
def folder(tmp_path):
    for alphabet, character in (("Greek", "character01"), ("Latin", "character02")):
        place = tmp_path / alphabet / character
        place.mkdir(parents=True)
        (place / "0001_01.txt").write_text(FILE)
    (tmp_path / "README.txt").write_text("Strokes of characters\n")
    return tmp_path


def test_strokes_and_category(folder):
    drawing = read(folder / "Greek/character01/0001_01.txt")
    assert [stroke.tolist() for stroke in drawing.strokes] == [[[20, 30], [40.5, 30]], [[60, 80]]]
    assert drawing.category == "Greek/character01"
    assert drawing.metadata == {"box": 105, "source": "0001_01.txt"}


def test_a_folder(folder):
    source = open_source(folder)
    items = list(source.items())
    assert [item.name for item in items] == [
        "Greek/character01/0001_01.txt",
        "Latin/character02/0001_01.txt",
    ]
    assert [item.drawing.category for item in items] == ["Greek/character01", "Latin/character02"]
    assert (source.fit, source.licence) == ("box", "MIT") and "Lake" in source.attribution


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("START\n", "START\n\nSTOP\n", "line 3: 'STOP' is not x,y,t"),
        ("40.5", "nan", "line 3: .*not x,y,t"),
        ("40.5", "1e300", "line 3: .*outside the image"),
        ("40.5,-30,35", "40.5", "line 3: .*not x,y,t"),
        ("60,-80,900\nBREAK\n", "60,-80,900\n", "line 5: .*cut off"),
        (FILE[6:], "", "no strokes"),
    ],
)
def test_a_damaged_file_is_named_and_the_others_are_read(folder, old, new, problem):
    path = folder / "Greek/character01/0001_01.txt"
    path.write_text(FILE.replace(old, new))
    with pytest.raises(BadFileError, match=problem) as caught:
        list(read_all(path))
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    skipped = []
    kept = list(open_source(folder).items(lambda *what: skipped.append(what)))
    assert len(kept) == 1 and skipped[-1][0] == "Greek/character01/0001_01.txt"
