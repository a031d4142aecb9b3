"""`sketchrnn latent` and `atlas`, and loops and grids of `interpolate`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

import sketchrnn as sr

SVG = "{http://www.w3.org/2000/svg}"
PATH = '<svg xmlns="http://www.w3.org/2000/svg"><path d="{}"/></svg>'
SHAPES = ("M10,10L90,20 40,80", "M0,0L0,50 50,50 50,0", "M0,0L50,5M0,30L60,35", "M5,5L80,80 5,80")


@pytest.fixture
def four(tmp_path):
    files = [tmp_path / f"{name}.svg" for name in "abcd"]
    for file, shape in zip(files, SHAPES, strict=True):
        file.write_text(PATH.format(shape))
    return files


def recipe_of(svg):
    return json.loads(ET.fromstring(svg).find(f"{SVG}metadata").text)


def request_of(page):
    """The recipe's request, with how it samples, beside who drew."""
    recipe = recipe_of(page)
    return {**recipe, **recipe["request"], **recipe["request"].get("sampling", {})}


def test_loops_and_grids(sketchrnn, tiny_folder, four):
    given = [sr.read(file) for file in four]
    model = sr.load(tiny_folder)
    done = sketchrnn("interpolate", tiny_folder, *four[:3], "--loop", "--seed", 1, "-o", "-")
    assert done.status == 0, done.err
    recipe = recipe_of(done.out)
    request = request_of(done.out)
    assert (request["command"], request["frames"]) == ("loop", 18)
    page = sr.gallery(model.loop(given[:3], 18, seed=1), columns=12, recipe=recipe)
    assert page.encode(".svg").decode() == done.out
    done = sketchrnn("interpolate", tiny_folder, *four, "--grid", "2x3", "--seed", 1, "-o", "-")
    recipe = recipe_of(done.out)
    request = request_of(done.out)
    assert (request["command"], request["rows"], request["columns"]) == ("grid", 2, 3)
    page = sr.gallery(model.grid(given, 2, 3, seed=1), columns=10, recipe=recipe)
    assert page.encode(".svg").decode() == done.out


@pytest.mark.parametrize(
    ("count", "words", "message"),
    [
        (1, ["--loop"], "name two or more"),
        (1, ["--grid", "3x3"], "name two or more"),
        (1, [], "name two or more"),
        (3, [], "--loop or --grid"),
        (3, ["--grid", "2x2"], "four corners, and 3"),
        (4, ["--grid", "2x1"], "at least 2x2"),
        (4, ["--grid", "many"], "write it as 5x7"),
        (4, ["--grid", "999x999"], "more than 10,000"),
        (4, ["--grid", "2x2", "--loop"], "exclude each other"),
        (4, ["--grid", "2x2", "--frames", "4"], "--frames does not"),
        (3, ["--loop", "--frames", "2"], "frames is 2, and must be 3"),
    ],
)
def test_ways_that_there_are_not(refused, tiny_folder, four, count, words, message):
    found = refused("interpolate", tiny_folder, *four[:count], *words, "-o", "-")
    assert message in found


def test_shift_average_walk_and_neighbours(sketchrnn, tiny_folder, four, tiny_data, tmp_path):
    a, b, c, _ = four
    for words, command in (
        (("shift", a, "--away", b, "--towards", c, "--strength", 0, "--strength", 1), "shift"),
        (("average", a, b, c), "average"),
        (("walk", a, "--frames", 3), "walk"),
        (("walk", "--frames", 3), "walk"),
    ):
        verb, *rest = words
        done = sketchrnn("latent", verb, tiny_folder, *rest, "--seed", 1, "-o", "-")
        assert done.status == 0, done.err
        assert request_of(done.out)["command"] == command
        assert "(seed 1)" in done.err
    done = sketchrnn("latent", "neighbours", tiny_folder, a, tiny_data, "-n", 3, "-o", "-")
    assert done.status == 0, done.err
    assert request_of(done.out)["n"] == 3


def test_an_atlas_is_a_page(sketchrnn, refused, tiny_folder, tiny_data, four, tmp_path):
    page = tmp_path / "atlas.svg"
    done = sketchrnn("atlas", tiny_folder, tiny_data, "-n", 9, "-o", page)
    assert done.status == 0, done.err
    rows = sr.load(tiny_folder).atlas(tiny_data, 9)
    recipe = recipe_of(page.read_text())
    assert recipe["request"]["command"] == "atlas"
    made = sr.gallery(rows, columns=3, size=(30.0, 30.0), gap=2.0, recipe=recipe)
    assert made.encode(".svg") == page.read_bytes()
    other = refused("latent", "neighbours", tiny_folder, four[0], tiny_data, "-n", 99, "-o", "-")
    assert "99 neighbours are wanted, and there are 20 drawings" in other
