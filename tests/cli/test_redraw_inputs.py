"""`sketchrnn redraw` of pages that were made from something: kept in full, or found again."""

from __future__ import annotations

import json
import os
import shutil

import msgspec
import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn import recipe_inputs
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError
from sketchrnn.render.recipe import read_recipe
from sketchrnn.requests import Pairs, Sampling, page_recipe

ONE = {"kind": "drawings", "drawings": [{"strokes": [[0, 0, 1, 1]]}]}
ENDS = {"kind": "drawings", "drawings": [{"strokes": [[0, 0, 1, 1]]}] * 4}
SETS = dict.fromkeys(("drawings", "away", "towards"), ONE)
DATA = {"kind": "data", "path": "data.h5", "data": "0"}

PATH = '<svg xmlns="http://www.w3.org/2000/svg"><path d="{}"/></svg>'
SHAPES = ("M10,10L90,20 40,80", "M0,0L0,50.1 50,50 50,0", "M0,0L50,5M0,30L60,35", "M5,5L80,80 5,80")


@pytest.fixture
def four(tmp_path, monkeypatch):
    """Four files a.svg to d.svg, in the current folder."""
    for name, shape in zip("abcd", SHAPES, strict=True):
        (tmp_path / f"{name}.svg").write_text(PATH.format(shape))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(four, tiny_data):
    return shutil.copy(tiny_data, four / "data.h5")


def other_data(path):
    with DataFileWriter(path, Preparation(fit="longer_side", epsilon=0.0)) as writer:
        for split in ("train", "test"):
            writer.append(split, sr.Drawing([np.arange(6.0).reshape(3, 2)]))


def same(done) -> bool:
    assert done.status == 0, done.err
    return "byte for byte" in done.err


FROM_DRAWINGS = [
    "complete {m} a.svg -n 3 --nats --ending-color red",
    "complete {m} a.svg -n 2 --open --canvas 100 --like b.svg --max-steps 20 -t 0.8:0.2",
    "complete {m} a.svg -n 2 --z own --scale 2",
    "complete {m} a.svg -n 2 --animate",
    "interpolate {m} a.svg b.svg c.svg --loop --method lerp",
    "interpolate {m} a.svg b.svg c.svg d.svg --grid 2x3",
    "latent shift {m} a.svg --away b.svg --towards c.svg",
    "latent shift {m} a.svg --away b.svg --towards c.svg --strength 0 --strength 1.5",
    "latent average {m} a.svg b.svg c.svg -n 2 --title Mean",
    "latent walk {m} a.svg --frames 3 --stride 0.2",
    "latent walk {m} --frames 3",
    "latent neighbours {m} a.svg b.svg -n 1",
    "atlas {m} b.svg",
]


@pytest.mark.parametrize("words", FROM_DRAWINGS)
def test_small_drawings_are_in_the_recipe(sketchrnn, four, tiny_folder, words):
    words = words.format(m=tiny_folder).split()
    seed = [] if "neighbours" in words else ["--seed", 1]
    done = sketchrnn(*words, *seed, "-o", "page.svg")
    assert done.status == 0, done.err
    for name in "abcd":
        (four / f"{name}.svg").unlink()
    assert str(four) not in (four / "page.svg").read_text()
    assert same(sketchrnn("redraw", "page.svg", "--model", tiny_folder))


FROM_DATA = [
    "data show data.h5 -n 4 --split all --seed 3 --title Some",
    "latent neighbours {m} a.svg data.h5 -n 3 --columns 2",
    "atlas {m} data.h5 -n 7 --split train --columns 3 --cell 20",
    "generate {m} -n 2 -t 0.9 --novel-to data.h5",
]


@pytest.mark.parametrize("words", FROM_DATA)
def test_a_data_file_must_be_as_it_was(sketchrnn, refused, four, tiny_folder, data, words):
    words = words.format(m=tiny_folder).split()
    seed = ["--seed", 1] if words[0] == "generate" else []
    done = sketchrnn(*words, *seed, "-o", "page.svg")
    assert done.status == 0, done.err
    assert str(four) not in (four / "page.svg").read_text()
    again = ["redraw", "page.svg", *(["--model", tiny_folder] if "data" not in words else [])]
    assert same(sketchrnn(*again))
    (four / "page-again.svg").unlink()
    shutil.move(data, four / "tiny")  # into a folder where it is not looked for
    gone = refused(*again)
    assert "page.svg: was made from 'data.h5', which is neither here nor beside it" in gone
    assert same(sketchrnn(*again, "--data", "tiny/data.h5", "-o", "by-name.svg"))
    other_data(four / "data.h5")
    assert "data.h5: is not as it was when page.svg was made from it" in refused(*again)
    assert "is not as it was" in refused(*again, "--data", "data.h5")
    assert "there is no such file" in refused(*again, "--data", "none.h5")


def test_it_is_found_beside_the_page(sketchrnn, four, data, tmp_path, monkeypatch):
    (four / "pages").mkdir()
    assert sketchrnn("data", "show", data, "-n", 2, "-o", "pages/page.svg").status == 0
    shutil.move(data, four / "pages/data.h5")
    assert same(sketchrnn("redraw", "pages/page.svg"))
    monkeypatch.chdir("/")
    assert same(sketchrnn("redraw", four / "pages/page.svg", "--force"))


def test_examples_before_and_after(sketchrnn, four, tmp_path):
    done = sketchrnn("data", "convert", "a.svg", "b.svg", "-o", "mine.h5", "--licence", "CC0")
    assert done.status == 0, done.err
    assert sketchrnn("data", "show", "mine.h5", "--before-after", "-o", "page.svg").status == 0
    assert same(sketchrnn("redraw", "page.svg"))


def test_what_is_too_long_is_named_by_its_file(
    sketchrnn, refused, four, tiny_folder, data, monkeypatch
):
    monkeypatch.setattr(recipe_inputs, "MAX_POINTS_KEPT", 2)
    pages = {
        "one.svg": ("reconstruct", tiny_folder, "data.h5", "-n", 3),
        "two.svg": ("latent", "shift", tiny_folder, "a.svg", "--away", "data.h5"),
    }
    pages["two.svg"] += ("--towards", "b.svg")
    for page, words in pages.items():
        done = sketchrnn(*words, "--seed", 1, "-o", page)
        assert done.status == 0, done.err
        assert "strokes" not in json.dumps(read_recipe(page)[0])
        assert same(sketchrnn("redraw", page, "--model", tiny_folder))
    for name in ("data.h5", "a.svg", "b.svg"):
        shutil.move(name, f"tiny/{name}")
    names = [word for name in ("b.svg", "data.h5", "a.svg") for word in ("--data", f"tiny/{name}")]
    again = ("redraw", "two.svg", "--model", tiny_folder)
    assert same(sketchrnn(*again, *names, "--force"))
    more = refused(*again, *names, "--data", "c.svg", "--force")
    assert "c.svg: holds nothing that two.svg was made from" in more


def test_what_a_model_made_up_beside_what_it_learned_from(sketchrnn, four, tiny_folder, data):
    from sketchrnn.cli.evaluate import _write_pairs

    model = sr.load(tiny_folder)
    judged = model.judge_samples(data, "test", 9, 0.5, "paper", 1)
    request = Pairs(
        data=recipe_inputs.describe_data("data.h5"),
        samples=9,
        sampling=Sampling(temperature=0.5, seed=1),
    )
    recipe = page_recipe(request, model, "tiny")
    _write_pairs(judged, "page.svg", False, recipe)
    assert same(sketchrnn("redraw", "page.svg", "--model", tiny_folder))


def test_a_script_redraws_too(four, tiny_folder, data, sketchrnn):
    model = sr.load(tiny_folder)
    assert sketchrnn("atlas", tiny_folder, "data.h5", "-n", 5, "-o", "page.svg").status == 0
    made = sr.redraw("page.svg", model)
    assert made.to_svg() == (four / "page.svg").read_text()
    shutil.move(data, four / "tiny")
    with pytest.raises(BadFileError, match="neither here nor beside it"):
        sr.redraw("page.svg", model)
    assert sr.redraw("page.svg", model, data="tiny/data.h5").to_svg() == made.to_svg()
    told = []
    sr.redraw("page.svg", "kanji", "tiny/data.h5", told.append)
    assert "the model's weights are others" in told[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"data": ...},
        {"data": []},
        {"data": 7},
        {"data": {}},
        {"data": {"kind": "magic"}},
        {"data": {"kind": "data", "path": "../../etc/passwd", "data": "0"}},
        {"data": {"kind": "file", "path": "/etc/passwd", "drawn": "0", "limit": 1}},
        {"data": {"kind": "data", "path": "a\0b", "data": "0"}},
        {"data": {"kind": "data", "path": "x" * 5000, "data": "0"}},
        {"data": {"kind": "data", "path": "x" * 20_000, "data": "0"}},
        {"data": {"kind": "data", "path": "", "data": "0"}},
        {"data": {"kind": "file", "path": "-", "drawn": "0"}},
        {"data": {"kind": "data", "path": 7, "data": "0"}},
        {"data": {"kind": "data", "path": "data.h5", "data": 7}},
        {"data": {"kind": "file", "path": "data.h5", "drawn": "0", "limit": -1}},
        {"data": {"kind": "file", "path": "data.h5", "drawn": "0", "limit": "all"}},
        {"data": {"kind": "data", "path": "a.svg", "data": "0"}},
        {"data": {"kind": "data", "path": "tiny", "data": "0"}},
        {"data": {"kind": "data", "path": "pipe", "data": "0"}},
        {"data": {"kind": "file", "path": "kanjivg:林", "drawn": "0"}},
        {"data": {"kind": "drawings", "drawings": []}},
        {"data": {"kind": "drawings", "drawings": [{"strokes": [[0, 0]]}] * 100_001}},
        {"data": {"kind": "drawings", "drawings": [{"strokes": [7]}]}},
        {"data": {"kind": "drawings", "drawings": [{"strokes": [[0, 0, 1]]}]}},
        {"n": 10**9},
        {"columns": 10**9},
        {"columns": "x"},
        {"method": "magic"},
        {"split": "none"},
        {"seed": None},
        {"unknown": 1},
        {"request": "none"},
        {"request": {"command": "grid", "ends": ENDS, "rows": 20_000, "columns": 20_000}},
        {"request": {"command": "shift", "strength": [1e999]}},
        {"request": {"command": "shift", **SETS, "strength": [1e999]}},
        {"request": {"command": "shift", **SETS, "strength": [1] * 100_001}},
        {"request": {"command": "complete", "partial": ONE, "canvas": "x"}},
        {"request": {"command": "complete", "partial": ONE, "open": "yes"}},
        {"request": {"command": "complete", "partial": ONE, "z": "none"}},
        {"request": {"command": "complete", "partial": ENDS}},
        {"request": {"command": "complete", "partial": ONE, "n": 10_000, "max_steps": 10_000}},
        {"request": {"command": "generate", "n": 100_000, "choice": {"best_of": 100}}},
        {"request": {"command": "walk", "stride": 2}},
        {"request": {"command": "walk", "stride": True}},
        {"request": {"command": "data show", "data": DATA, "category": "cat", "n": 1}},
        {"request": {"command": "data show", "data": DATA, "split": "none"}},
        {"request": {"command": "data show", "data": DATA, "before_after": "x"}},
        {"request": {"command": "evaluate --pairs", "data": DATA,
                     "sampling": {"temperature": [1, 0]}, "samples": 3}},
    ],
    ids=lambda changes: str(changes)[:60],
)  # fmt: skip
def test_a_recipe_from_anybody_is_checked(sketchrnn, refused, four, tiny_folder, data, changes):
    assert sketchrnn("atlas", tiny_folder, "data.h5", "-n", 2, "-o", "page.svg").status == 0
    os.mkfifo("pipe")
    recipe, _ = read_recipe("page.svg")
    request = changes.get("request", {**recipe["request"], **changes})
    if isinstance(request, dict):
        request = {k: v for k, v in request.items() if v is not ...}
    changed = {**recipe, "request": request}
    text = (four / "page.svg").read_text()
    start, end = text.index("<metadata>") + 10, text.index("</metadata>")
    new = text[:start] + json.dumps(changed).replace("<", "&lt;") + text[end:]
    (four / "page.svg").write_text(new)
    refused("redraw", "page.svg", "--model", tiny_folder)


def test_drawings_come_back_as_they_went():
    strokes = [[(0.1, 1 / 3), (7, 8)], [(5, 5)]]
    sized = sr.Drawing(strokes, "cat", {"box": 109, "extent": 255.0, "seed": 3})
    stored = recipe_inputs.serialize_drawings([sized])
    text = json.dumps(msgspec.to_builtins(stored))
    read = msgspec.json.decode(text, type=list[recipe_inputs.StoredDrawing])
    (again,) = recipe_inputs.restore_drawings(read)
    assert again == sized
    assert again.metadata == {"box": 109, "extent": 255.0}
    assert recipe_inputs.fingerprint_of([again]) == recipe_inputs.fingerprint_of([sized])
    others = [sized.with_category("dog"), sized.with_metadata(box=1), sized.transform(2)]
    assert len({recipe_inputs.fingerprint_of([one]) for one in [sized, *others]}) == 4
    assert recipe_inputs.StoredDrawing.of(sized.with_metadata(box=10**400)).box is None
