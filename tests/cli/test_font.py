"""`sketchrnn font`: from a model, a folder of one's own drawings, a data file; and mistakes."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import Drawing

pytest.importorskip("pathops", reason="needs skia-pathops")
ttlib = pytest.importorskip("fontTools.ttLib", reason="needs fontTools")


@pytest.fixture
def own(tmp_path):
    """A folder of drawings, named by the characters that they are."""
    folder = tmp_path / "own"
    folder.mkdir()
    for number, name in enumerate(("A", "b", "U+5C71")):
        Drawing([[(0, 0), (50, 90 + number)], [(20, 20)]]).save(folder / f"{name}.svg")
    return folder


def names_of(path):
    with ttlib.TTFont(path) as font:
        return {record.nameID: record.toUnicode() for record in font["name"].names}


def characters_of(path):
    with ttlib.TTFont(path) as font:
        return "".join(map(chr, sorted(set(font.getBestCmap()) - {0x20, 0xA0, 0x3000})))


def test_a_model_draws_a_font_that_is_the_same_again(sketchrnn, tiny_folder, tmp_path):
    paths = [tmp_path / "invented.otf", tmp_path / "again.otf"]
    for path in paths:
        done = sketchrnn("font", tiny_folder, "-n", 4, "--seed", 3, "--name", "Dice", "-o", path)
        assert done.status == 0, done.err
        assert "4 glyphs, U+E000 to U+E003" in done.err
        assert "(seed 3)" in done.err
    assert paths[0].read_bytes() == paths[1].read_bytes()
    said = names_of(paths[0])
    assert (said[0], said[1]) == ("A. Nonymous", "Dice")
    assert said[13] == "CC0. A. Nonymous"
    assert "seed 3" in said[10]


def test_it_says_a_temperature_that_changes(sketchrnn, tiny_folder, tmp_path):
    words = ("-n", 2, "--seed", 3, "-t", "0.8:0.2:9", "--temperature-pen", 0.1)
    done = sketchrnn("font", tiny_folder, *words, "-o", tmp_path / "a.otf")
    assert done.status == 0, done.err
    said = names_of(tmp_path / "a.otf")[10]
    assert "temperature pi 0.8:0.2:9 pen 0.1 sigma 0.8:0.2:9 (paper)" in said


def test_as_many_glyphs_as_characters(sketchrnn, tiny_folder, tmp_path):
    (tmp_path / "some.txt").write_text("山 水\n火\n", encoding="utf-8")
    out = tmp_path / "a.woff2"
    done = sketchrnn("font", tiny_folder, "--characters", tmp_path / "some.txt", "-o", out)
    assert done.status == 0, done.err
    assert characters_of(out) == "山水火"
    done = sketchrnn("font", tiny_folder, "--characters", "xyz", "-o", out, "--force")
    assert "3 glyphs, U+0078 to U+007A" in done.err


def test_a_font_of_ones_own_hand(sketchrnn, own, tmp_path):
    out = tmp_path / "mine.ttf"
    done = sketchrnn("font", own, "--own-characters", "-o", out, "--licence", "CC0",
                     "--designer", "Me", "--contrast", 0.5, "--cap", "flat")  # fmt: skip
    assert done.status == 0, done.err
    assert characters_of(out) == "Ab山"
    said = names_of(out)
    assert (said[1], said[9], said[13]) == ("mine", "Me", "CC0.")
    assert "3 drawings of own" in said[10]


def test_a_data_file(sketchrnn, tiny_data, tmp_path):
    out = tmp_path / "a.otf"
    done = sketchrnn("font", tiny_data, "-o", out, "--start", "U+F0000")
    assert "20 glyphs, U+F0000 to U+F0013" in done.err
    assert names_of(out)[0] == "A. Nonymous"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-n", "70000"], "70000 drawings are too many for a font"),
        (["--start", "U+41"], "U+0041 is in no private use area"),
        (["--start", "here"], "write a code point such as U+E000"),
        (["--start", "U+10FFFC"], "hold 2 of 3 glyphs"),
        (["--characters", "AB", "-n", "3"], "2 characters for 3 drawings"),
        (["--characters", "ABA"], "named twice"),
        (["--characters", "ABC", "--own-characters"], "exclude one another"),
        (["--name", "a\tb"], "the font's name holds"),
        (["--pen-width", "-1"], "pen width is -1.0"),
        (["--seed", "1"], "--seed is for models"),
    ],
)
def test_mistakes(refused, own, tmp_path, arguments, complaint):
    assert complaint in refused("font", own, "-o", tmp_path / "a.otf", *arguments)


def test_outputs_and_inputs_that_will_not_do(refused, own, tmp_path):
    assert "use one of .otf" in refused("font", own, "-o", tmp_path / "a.svg")
    (tmp_path / "there.otf").write_text("")
    assert "exists already" in refused("font", own, "-o", tmp_path / "there.otf")
    (tmp_path / "blank.ndjson").write_text('{"word": "cat", "drawing": []}\n')
    assert "holds no drawing that has strokes" in refused(
        "font", tmp_path / "blank.ndjson", "-o", tmp_path / "a.otf"
    )
    Drawing([[(0, 0), (5, 5)]]).save(own / "cat.svg")
    said = refused("font", own, "--own-characters", "-o", tmp_path / "a.otf")
    assert said.startswith("cat.svg: a drawing does not say which character it is")


def test_what_is_missing_is_named(refused, own, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pathops", None)
    said = refused("font", own, "-o", tmp_path / "a.otf")
    assert "pip install 'sketchrnn[font]'" in said
