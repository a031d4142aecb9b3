"""`sketchrnn plot`: from a model, a file, a folder, a data file; the report, and mistakes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawings(tmp_path):
    lines = [{"word": "cat", "drawing": [[[0, k, 99], [0, 50, 99 - k]]]} for k in range(1, 9)]
    lines.append({"word": "dog", "drawing": [[[5], [5]], [[0, 9], [3, 7]]]})
    path = tmp_path / "many.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def recipe_of(path):
    return json.loads(ET.parse(path).getroot().findtext(f"{SVG}metadata"))


def request_of(page):
    """The recipe's request, with how it samples, beside who drew."""
    recipe = recipe_of(page)
    return {**recipe, **recipe["request"], **recipe["request"].get("sampling", {})}


def test_a_model_draws_a_sheet_that_is_the_same_again(sketchrnn, tiny_folder, tmp_path):
    out = tmp_path / "sheet.svg"
    done = sketchrnn("plot", tiny_folder, "-n", 5, "--seed", 3, "-o", out)
    assert done.status == 0, done.err
    assert "5 drawings" in done.err
    assert "(seed 3)" in done.err
    recipe = request_of(out)
    assert (recipe["seed"], recipe["n"], recipe["licence"]) == (3, 5, "CC0")
    again = sketchrnn("plot", tiny_folder, "-n", 5, "--seed", 3, "-o", "-")
    assert again.out == out.read_text()


def test_a_sheet_is_made_again_from_its_recipe(sketchrnn, tiny_folder, tmp_path):
    out = tmp_path / "sheet.svg"
    sketchrnn("plot", tiny_folder, "-n", 5, "--seed", 3, "-o", out, "--pens", "navy,red",
              "--pen-by", "stroke", "--keep-direction", "--smooth", "1%", "--columns", 3,
              "--landscape")  # fmt: skip
    again = tmp_path / "again.svg"
    done = sketchrnn("redraw", out, "--model", tiny_folder, "-o", again)
    assert done.status == 0, done.err
    assert "byte for byte" in done.err
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("was", "is_now"),
    [('"paper": "A4"', '"paper": 4'), ('"paper": "A4"', '"recipe": "A4"'), ('"A4"', '"A9"')],
)
def test_a_sheet_with_a_strange_recipe(sketchrnn, refused, tiny_folder, tmp_path, was, is_now):
    out = tmp_path / "sheet.svg"
    sketchrnn("plot", tiny_folder, "-n", 2, "--seed", 3, "-o", out)
    assert was in out.read_text()
    out.write_text(out.read_text().replace(was, is_now))
    said = refused("redraw", out, "--model", tiny_folder, "-o", tmp_path / "again.svg")
    assert "request.sheet" in said or "no paper is called 'A9'" in said


def test_blank_drawings_are_left_out_and_made_up_for(sketchrnn, tiny_folder, tmp_path, monkeypatch):
    import sketchrnn as sr

    real = sr.SketchRNN.generate

    def with_blanks(self, n, **request):
        drawn = real(self, n, **request)
        return [
            sr.Drawing([], metadata=d.metadata) if i in (1, 2) else d for i, d in enumerate(drawn)
        ]

    monkeypatch.setattr(sr.SketchRNN, "generate", with_blanks)
    out = tmp_path / "sheet.svg"
    done = sketchrnn("plot", tiny_folder, "-n", 4, "--seed", 3, "-o", out)
    assert "4 drawings" in done.err
    assert "left out: 2 blank drawings" in done.err
    assert request_of(out)["numbers"] == [0, 3, 4, 5]


def test_a_file_becomes_a_sheet(sketchrnn, drawings, tmp_path):
    out = tmp_path / "sheet.svg"
    done = sketchrnn("plot", drawings, "-o", out, "--paper", "A5", "--pen-by", "category",
                     "--pens", "navy, crimson", "--smooth", "0.2mm")  # fmt: skip
    assert done.status == 0, done.err
    assert re.search(r"A5 \(148 x 210 mm\): 9 drawings of .* mm, 10 strokes, 2 pens", done.err)
    assert re.search(r"pen down [\d.]+ m, pen up [\d.]+ m \([\d.]+ m in the order of", done.err)
    assert re.search(r"about (\d+ min )?\d+ s at 40 mm/s", done.err)
    assert recipe_of(out)["input"] == "many.ndjson"
    assert sketchrnn("plot", drawings, "-n", 2, "-o", out, "--force").status == 0
    assert recipe_of(out)["n"] == 2


def test_all_splits_of_a_data_file(sketchrnn, tiny_data, tmp_path):
    done = sketchrnn("plot", tiny_data, "-o", tmp_path / "sheet.svg")
    assert "20 drawings" in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--temperature", "0.4"], "--temperature is for models"),
        (["--seed", "1"], "--seed is for models"),
        (["--margin", "20cm"], "leave no room"),
        (["--size", "30cm"], "larger than A4"),
        (["--paper", "A0"], "no paper is called 'A0'"),
        (["--speed", "0"], "speed is 0.0"),
        (["--pens", "navy,,"], "'' is not a colour"),
    ],
)
def test_mistakes(refused, drawings, tmp_path, arguments, complaint):
    assert complaint in refused("plot", drawings, "-o", tmp_path / "sheet.svg", *arguments)


def test_outputs_that_will_not_do(refused, drawings, tmp_path):
    assert "written as .svg" in refused("plot", drawings, "-o", tmp_path / "sheet.pdf")
    (tmp_path / "there.svg").write_text("")
    assert "exists already" in refused("plot", drawings, "-o", tmp_path / "there.svg")
    assert "no such file" in refused("plot", tmp_path / "none.ndjson", "-o", tmp_path / "a.svg")


def test_a_file_of_blanks_is_named(refused, tmp_path):
    path = tmp_path / "blank.ndjson"
    path.write_text('{"word": "cat", "drawing": []}\n')
    assert str(path) in refused("plot", path, "-o", tmp_path / "a.svg")


def test_a_smooth_picture(sketchrnn, drawings, tiny_folder, tmp_path):
    out = tmp_path / "a.svg"
    assert sketchrnn("render", drawings, "-o", out, "--smooth", "3").status == 0
    assert "C" in out.read_text().partition('class="drawings"')[2]
    assert sketchrnn("render", drawings, "-o", tmp_path / "a.png", "--smooth", "3").status == 0
    page = tmp_path / "b.svg"
    assert sketchrnn("generate", tiny_folder, "-n", 4, "--smooth", 5, "-o", page).status == 0
    assert sketchrnn("render", page, "-o", tmp_path / "again.svg").status == 0
