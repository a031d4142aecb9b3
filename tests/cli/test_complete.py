"""`sketchrnn complete`, and temperatures on the command line."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

import sketchrnn as sr

SVG = "{http://www.w3.org/2000/svg}"
PATH = '<svg xmlns="http://www.w3.org/2000/svg"><path d="{}"/></svg>'


@pytest.fixture
def begun(tmp_path):
    (tmp_path / "begun.svg").write_text(PATH.format("M10,10L90,20 40,80M50,50L60,60"))
    (tmp_path / "other.svg").write_text(PATH.format("M0,0L0,50 50,50 50,0"))
    zigzag = " ".join(f"{x},{90 * (x % 2)}" for x in range(99))
    (tmp_path / "long.svg").write_text(PATH.format(f"M{zigzag}"))
    return tmp_path / "begun.svg"


def recipe_of(svg):
    return json.loads(ET.fromstring(svg).find(f"{SVG}metadata").text)


def request_of(page):
    """The recipe's request, with how it samples, beside who drew."""
    recipe = recipe_of(page)
    return {**recipe, **recipe["request"], **recipe["request"].get("sampling", {})}


def test_a_page_of_endings(sketchrnn, tiny_folder, begun, tmp_path):
    page = tmp_path / "page.svg"
    words = ("complete", tiny_folder, begun, "-n", 4, "--seed", 3, "--canvas", 100, "--nats")
    done = sketchrnn(*words, "--ending-color", "crimson", "-o", page)
    assert done.status == 0, done.err
    assert "(seed 3)" in done.err
    text = page.read_text()
    recipe = request_of(text)
    assert (recipe["command"], recipe["n"], recipe["canvas"]) == ("complete", 4, 100)
    assert recipe["partial"]["name"] == "begun.svg"
    wanted = sr.load(tiny_folder).complete(sr.read(begun), 4, seed=3, canvas=100)
    for drawing in wanted:
        assert f">{drawing.metadata['nats_per_step']:.2f}<" in text
    assert text.count("crimson") >= 4


def test_one_file_an_ending(sketchrnn, tiny_folder, begun, tmp_path):
    done = sketchrnn(
        *("complete", tiny_folder, begun, "-n", 2, "--open", "--ending-color", "red"),
        *("--like", tmp_path / "other.svg", "-o", f"{tmp_path}/endings/"),
    )
    assert done.status == 0, done.err
    assert sorted(p.name for p in (tmp_path / "endings").iterdir()) == ["0001.svg", "0002.svg"]


def test_what_did_not_end_is_told(sketchrnn, tiny_folder, begun):
    words = ("complete", tiny_folder, begun, "-n", 5, "--seed", 1, "--max-steps", 6, "-o", "-")
    done = sketchrnn(*words)
    found = re.search(r"(\d) of 5 did not end by themselves within 6 steps", done.err)
    assert int(found[1]) > 0


def test_mistakes(refused, tiny_folder, begun, tmp_path):
    page = tmp_path / "page.svg"
    long = refused("complete", tiny_folder, tmp_path / "long.svg", "--scale", 3, "-o", page)
    assert re.search(r"long\.svg: it has 98 steps, and the whole drawing may have 24", long)
    both = refused("complete", tiny_folder, begun, "--scale", 1, "--canvas", 3, "-o", page)
    assert "both scale and canvas" in both
    bad = refused("complete", tiny_folder, begun, "-t", "warm", "-o", page)
    assert "'warm' is not a number" in bad
    assert "from 0 to" in refused("complete", tiny_folder, begun, "-t", "1:-1", "-o", page)


@pytest.mark.parametrize(
    "words",
    [
        ("generate", "{m}", "-n", 10**9),
        ("generate", "{m}", "--max-steps", 10**9),
        ("generate", "{m}", "--best-of", 10**9),
        ("complete", "{m}", "begun.svg", "-n", 10**9),
        ("complete", "{m}", "begun.svg", "--max-steps", 10**9),
        ("interpolate", "{m}", "begun.svg", "begun.svg", "--frames", 10**9),
        ("latent", "walk", "{m}", "--frames", 10**9),
        ("latent", "average", "{m}", "begun.svg", "-n", 10**9),
        ("plot", "{m}", "-n", 10**9),
        ("font", "{m}", "-n", 10**9),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_what_no_memory_holds_is_refused(refused, tiny_folder, begun, monkeypatch, words):
    monkeypatch.chdir(begun.parent)
    words = [str(word).format(m=tiny_folder) for word in words]
    assert "1000000000 " in refused(*words, "-o", "page.otf" if words[0] == "font" else "page.svg")


def test_temperatures_by_output_and_by_step(sketchrnn, tiny_folder, tmp_path):
    done = sketchrnn(
        *("generate", tiny_folder, "-n", 3, "--seed", 1, "-o", tmp_path / "page.svg"),
        *("-t", "0.8:0.2:10", "--temperature-pen", "0.1"),
    )
    assert done.status == 0, done.err
    asked = {"pi": [0.8, 0.2, 10], "pen": 0.1, "sigma": [0.8, 0.2, 10]}
    text = (tmp_path / "page.svg").read_text()
    assert request_of(text)["temperature"] == asked
    again = sketchrnn("redraw", tmp_path / "page.svg", "--model", tiny_folder)
    assert again.status == 0, again.err
    assert (tmp_path / "page-again.svg").read_text() == text


def test_choosing(sketchrnn, refused, tiny_folder, tiny_data, tmp_path):
    words = ("generate", tiny_folder, "-n", 4, "--seed", 1, "-t", 0.9)
    page = tmp_path / "page.svg"
    done = sketchrnn(*words, "--best-of", 3, "--no-blank", "--min-strokes", 1, "-o", page)
    assert done.status == 0, done.err
    assert re.search(r"4 of 4 found among \d+ drawn", done.err)
    text = page.read_text()
    assert request_of(text)["choice"] == {"best_of": 3, "blank": False, "min_strokes": 1}
    again = sketchrnn("redraw", page, "--model", tiny_folder)
    assert again.status == 0, again.err
    assert (tmp_path / "page-again.svg").read_text() == text
    done = sketchrnn(*words, "--novel-to", tiny_data, "--diverse", "-o", tmp_path / "new.svg")
    assert done.status == 0, done.err
    again = ("redraw", tmp_path / "new.svg", "--model", tiny_folder)
    gone = refused(*again)
    assert "was made from 'tiny.h5', which is neither here nor beside it" in gone
    assert "byte for byte" in sketchrnn(*again, "--data", tiny_data).err
    none = refused(*words, "--min-strokes", 99, "-o", "-")
    assert none.startswith("nothing is left: 0 of 4 found among 80 drawn: min_strokes removed 80")


def test_complete_says_how_large_it_takes_a_drawing_to_be(sketchrnn, tiny_folder, tmp_path):
    file = tmp_path / "begun.ndjson"
    file.write_text('{"drawing": [[[0, 40, 50], [0, 20, 60]]]}\n')
    words = ("complete", tiny_folder, file, "-n", 2, "--seed", 1, "-o")
    assert "--canvas says another" in sketchrnn(*words, tmp_path / "a.svg").err
    stated = sketchrnn(*words, tmp_path / "b.svg", "--canvas", 100)
    assert (stated.status, "--canvas" in stated.err) == (0, False)
