"""`sketchrnn generate`, `reconstruct` and `interpolate`: outputs, seeds, recipes, mistakes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import rich.console

import sketchrnn as sr
from sketchrnn.cli import main as front_door
from sketchrnn.data.normalize import Preparation
from sketchrnn.model import folder

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
BEGINNINGS = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".html": b"<!doctype html>"}


@pytest.fixture
def inputs(tmp_path):
    """Two drawings as files, and what cannot be drawn again."""
    path = '<svg xmlns="http://www.w3.org/2000/svg"><path d="{}"/></svg>'
    (tmp_path / "a.svg").write_text(path.format("M10,10L90,20 40,80M50,50L60,60"))
    (tmp_path / "b.svg").write_text(path.format("M0,0L0,50 50,50 50,0"))
    (tmp_path / "dot.svg").write_text(path.format("M5,5L5,5"))
    (tmp_path / "empty.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    zigzag = " ".join(f"{x},{90 * (x % 2)}" for x in range(99))
    (tmp_path / "long.svg").write_text(path.format(f"M{zigzag}"))
    (tmp_path / "photo.svg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    lines = [{"word": "cat", "drawing": [[[0, k, 99], [0, 50, 99 - k]]]} for k in range(1, 21)]
    (tmp_path / "many.ndjson").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


@pytest.fixture
def free_folder(tmp_path, free_config, make_weights):
    return folder.write(
        tmp_path / "free",
        free_config,
        make_weights(free_config),
        preparation=Preparation().to_dict(),
        provenance={"data": None},
    )


@pytest.fixture
def commands(tiny_folder, inputs):
    """The three commands, each with all that it needs but an output."""
    return {
        "generate": ["generate", tiny_folder, "-n", 5],
        "reconstruct": ["reconstruct", tiny_folder, inputs / "many.ndjson", "-n", 5],
        "interpolate": ["interpolate", tiny_folder, inputs / "a.svg", inputs / "b.svg"],
    }


@pytest.fixture
def pets_folder(tmp_path, tiny_config, make_weights):
    """A model that knows three categories."""
    config = dataclasses.replace(
        tiny_config, category_size=5, categories=("cat", "dog", "cat, sleeping")
    )
    return folder.write(
        tmp_path / "pets",
        config,
        make_weights(config),
        preparation=Preparation(fit="longer_side", epsilon=1.0).to_dict(),
        provenance={"data": None},
    )


VERBS = ("generate", "reconstruct", "interpolate")


def drawings_in(svg):
    root = ET.fromstring(svg)
    return [g for g in root.iter(f"{SVG}g") if g.get("class") == "drawing"]


def recipe_of(svg):
    found = ET.fromstring(svg).find(f"{SVG}metadata")
    assert found is not None
    return json.loads(found.text or "")


def request_of(page):
    """The recipe's request, with how it samples, beside who drew."""
    recipe = recipe_of(page)
    return {**recipe, **recipe["request"], **recipe["request"].get("sampling", {})}


@pytest.mark.parametrize("suffix", BEGINNINGS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_page_by_its_suffix(sketchrnn, commands, tmp_path, verb, suffix):
    if suffix in (".png", ".pdf"):
        pytest.importorskip("cairosvg", exc_type=(ImportError, OSError))
    out = tmp_path / "new" / f"page{suffix}"
    done = sketchrnn(*commands[verb], "--seed", 1, "-o", out)
    assert done == (0, "", f"{out}  (seed 1)\n")
    assert out.read_bytes().startswith(BEGINNINGS[suffix])
    assert [p.name for p in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(
    ("verb", "shown", "made"), [("generate", 5, 5), ("reconstruct", 10, 5), ("interpolate", 10, 10)]
)
def test_standard_output_is_the_page_and_a_folder_has_one_file_each(
    sketchrnn, commands, tmp_path, verb, shown, made
):
    page, out = tmp_path / "page.svg", tmp_path / "out"
    assert sketchrnn(*commands[verb], "--seed", 1, "-o", page).status == 0
    done = sketchrnn(*commands[verb], "--seed", 1, "-o", "-")
    assert (done.status, done.err) == (0, "standard output  (seed 1)\n")
    assert done.out == page.read_text()
    assert len(drawings_in(done.out)) == shown

    done = sketchrnn(*commands[verb], "--seed", 1, "-o", f"{out}/")
    assert done == (0, "", f"{made} drawings in {out}  (seed 1)\n")
    assert sorted(p.name for p in out.iterdir()) == [f"{k:04}.svg" for k in range(1, made + 1)]
    assert all(len(drawings_in(p.read_text())) == 1 for p in out.iterdir())
    assert request_of((out / "0002.svg").read_text())["seed"] == 1


def test_a_folder_of_png_is_asked_for_by_format(sketchrnn, refused, commands, tmp_path):
    out = tmp_path / "out"
    done = sketchrnn(*commands["generate"], "--seed", 1, "--format", "png", "-o", f"{out}/")
    assert done == (0, "", f"5 drawings in {out}  (seed 1)\n")
    assert sorted(path.name for path in out.iterdir()) == [f"{k:04}.png" for k in range(1, 6)]
    assert all(path.read_bytes().startswith(BEGINNINGS[".png"]) for path in out.iterdir())
    again = sketchrnn("redraw", out / "0002.png", "--model", commands["generate"][1])
    assert again.status == 0
    assert "same" in again.err
    for output in ("page.svg", "-"):
        told = refused(*commands["generate"], "--format", "png", "-o", output)
        assert "write -o folder/" in told
    assert sketchrnn(*commands["generate"], "--format", "svg", "-o", tmp_path / "p.svg").status == 0


def test_a_folder_that_exists_needs_no_slash(sketchrnn, commands, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert sketchrnn(*commands["generate"], "-o", out).status == 0
    assert len(list(out.iterdir())) == 5


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_seed_draws_the_same_bytes(sketchrnn, commands, verb):
    first, again, other = (
        sketchrnn(*commands[verb], "-t", 0.6, "--seed", seed, "-o", "-").out for seed in (3, 3, 4)
    )
    assert first == again
    assert drawings_in(first) != drawings_in(other)
    assert re.sub("<metadata>.*</metadata>", "", first) != re.sub(
        "<metadata>.*</metadata>", "", other
    )


def test_a_fresh_seed_is_told_and_draws_the_same_again(sketchrnn, commands, tmp_path):
    told = set()
    for name in ("one", "two"):
        done = sketchrnn(*commands["generate"], "-o", tmp_path / f"{name}.svg")
        assert done.status == 0, done.err
        seed = re.search(r"\(seed (\d+)\)", done.err)[1]
        told.add(seed)
        again = sketchrnn(*commands["generate"], "--seed", seed, "-o", "-").out
        assert again == (tmp_path / f"{name}.svg").read_text()
    assert len(told) == 2


def test_the_recipe_makes_the_page_again(sketchrnn, commands, tiny_folder):
    svg = sketchrnn(
        "generate", tiny_folder, "-n", 3, "-t", 0.7, "--temperature-rule", "js", "-o", "-",
        "--max-steps", 9, "--seed", 12,
    ).out  # fmt: skip
    recipe = recipe_of(svg)
    assert recipe == {
        "model": "tiny",
        "model_step": 3,
        "weights": sr.load(tiny_folder).fingerprint,
        "licence": "CC0",
        "attribution": "A. Nonymous",
        "sketchrnn": sr.__version__,
        "numpy": np.__version__,
        "recipe": 2,
        "request": {
            "command": "generate",
            "n": 3,
            "max_steps": 9,
            "sampling": {"temperature": 0.7, "temperature_rule": "js", "seed": 12},
        },
        "page": {"columns": 3},
    }
    request = recipe["request"]
    wanted = sr.load(tiny_folder).generate(
        request["n"], max_steps=request["max_steps"], **request["sampling"]
    )
    page = sr.gallery(wanted, columns=3, recipe=recipe).to_svg()
    assert page == svg


@pytest.mark.parametrize(
    ("verb", "keys"),
    [
        ("reconstruct", {"drawings", "temperature", "seed"}),
        ("interpolate", {"ends", "temperature", "seed"}),
    ],
)
def test_the_other_recipes(sketchrnn, commands, verb, keys):
    recipe = request_of(sketchrnn(*commands[verb], "-o", "-").out)
    assert recipe["command"] == verb
    assert keys < set(recipe)


def test_options_reach_the_model_and_the_page(sketchrnn, commands, inputs, tiny_folder):
    assert len(drawings_in(sketchrnn("generate", tiny_folder, "-o", "-").out)) == 64
    way = sketchrnn(*commands["interpolate"], "--frames", 4, "--method", "lerp", "-o", "-").out
    assert len(drawings_in(way)) == 4
    assert request_of(way)["method"] == "lerp"
    for options, text in (
        (["--title", "水の絵"], "水の絵"),
        (["--stroke-width", 7], 'stroke-width="7"'),
        (["--columns", 1], 'width="144px"'),
    ):
        for command in commands.values():
            assert text in sketchrnn(*command, *options, "-o", "-").out
    plain, coloured = (
        sketchrnn(*commands["reconstruct"], *more, "--seed", 1, "-o", "-").out
        for more in ([], ["--color-by-order"])
    )
    assert coloured.count("stroke=") > plain.count("stroke=")


def test_a_data_file_is_an_input_by_its_test_drawings(sketchrnn, tiny_folder, tiny_data):
    with sr.open_data(tiny_data) as file:
        count = len(file["test"])
    svg = sketchrnn("reconstruct", tiny_folder, tiny_data, "-o", "-").out
    assert len(drawings_in(svg)) == 2 * count
    svg = sketchrnn("reconstruct", tiny_folder, tiny_data, "-n", 2, "-o", "-").out
    assert len(drawings_in(svg)) == 4


def test_a_terminal_shows_how_far_it_is(sketchrnn, tiny_folder, tiny_data, tmp_path, monkeypatch):
    quiet = sketchrnn("generate", tiny_folder, "-n", 3, "--seed", 1, "-o", tmp_path / "a.svg")
    assert "drawing" not in quiet.err
    monkeypatch.setattr("sketchrnn.cli.progress.is_watched", lambda: True)
    monkeypatch.setattr(rich.console.Console, "is_terminal", True)
    shown = sketchrnn("generate", tiny_folder, "-n", 3, "--seed", 1, "-o", tmp_path / "b.svg")
    assert re.search(r"drawing .*3/3", shown.err)
    assert (tmp_path / "a.svg").read_text() == (tmp_path / "b.svg").read_text()
    shown = sketchrnn("atlas", tiny_folder, tiny_data, "-o", tmp_path / "c.svg")
    assert re.search(r"encoding .*20/20", shown.err)


def test_a_dot_is_drawn_again(sketchrnn, tiny_folder, inputs):
    done = sketchrnn("reconstruct", tiny_folder, inputs / "dot.svg", "-o", "-")
    assert done.status == 0
    assert len(drawings_in(done.out)) == 2


def test_a_decoder_alone_without_provenance_draws(sketchrnn, free_folder):
    done = sketchrnn("generate", free_folder, "-n", 2, "-o", "-")
    assert done.status == 0
    assert recipe_of(done.out)["licence"] is None


# Mistakes


@pytest.mark.parametrize("verb", VERBS)
def test_what_exists_is_kept_unless_forced(sketchrnn, refused, commands, tmp_path, verb):
    page, out = tmp_path / "page.svg", tmp_path / "out"
    page.write_text("precious")
    out.mkdir()
    (out / "0001.svg").write_text("precious")
    (out / "mine.txt").write_text("precious")
    for target in (page, out, f"{out}/"):
        assert "exists already; " in refused(*commands[verb], "-o", target)
    for target in (page, out):
        assert sketchrnn(*commands[verb], "-o", target, "--force").status == 0
    assert page.read_text().startswith("<svg")
    assert (out / "0001.svg").read_text().startswith("<svg")
    assert (out / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "page.bmp"], "page.bmp: pictures are not written as '.bmp'; use one of .svg"),
        (["-o", "page"], "has no suffix"),
        (["-o", ""], "the name of the output is empty"),
        (["-o", "", "--force"], "the name of the output is empty"),
        (["-o", "{inputs}/a.svg/"], "a.svg: is a file, not a folder"),
        (["-o", "{inputs}/a.svg/page.svg"], "a.svg: is a file, not a folder"),
        (["-t", "nan", "-o", "-"], "temperature is nan"),
        (["-t", "-1", "-o", "-"], "temperature is -1.0"),
        (["-t", "inf", "-o", "-"], "temperature is inf"),
        (["-t", "hot", "-o", "-"], "'hot' is not a number"),
        (["--temperature-rule", "x", "-o", "-"], "'x' is not one of 'paper', 'magenta', 'js'"),
        (["--seed", "-1", "-o", "-"], "-1 is not in the range x>=0"),
        (["--seed", "1.5", "-o", "-"], "'1.5' is not a valid integer"),
        (["--seed", str(2**70), "-o", "-"], "must be a whole number from 0 to 2^63"),
        (["--stroke-width", "nan", "-o", "-"], "stroke_width is nan"),
        (["--columns", "0", "-o", "-"], "0 is not in the range x>=1"),
        ([], "Missing option '-o' / '--output'"),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_options_that_cannot_be_used(
    refused, commands, inputs, monkeypatch, verb, options, message
):
    monkeypatch.chdir(inputs)
    assert message in refused(*commands[verb], *[o.format(inputs=inputs) for o in options])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("generate {m} -n 0 -o p.svg", "0 is not in the range 1<=x<="),
        ("generate {m} --max-steps 0 -o p.svg", "0 is not in the range 1<=x<="),
        ("generate {m} --category cat -o p.svg", "this model knows no categories"),
        ("generate nobody -o p.svg", "nobody: no such model folder; shipped models: "),
        ("generate a.svg -o p.svg", "a.svg: is a file, and no model folder"),
        ("generate {m}/.. -o p.svg", "is no model folder: it has no config.json"),
        ("interpolate {m} a.svg b.svg --frames 1 -o p.svg", "1 is not in the range 2<=x<="),
        ("interpolate {m} a.svg b.svg --method x -o p.svg", "'x' is not one of 'slerp', 'lerp'"),
        ("interpolate {m} a.svg long.svg -o p.svg", "long.svg: drawing 0: has 98 steps"),
        ("interpolate {m} long.svg a.svg -o p.svg", "long.svg: drawing 0: has 98 steps"),
        ("interpolate {m} a.svg empty.svg -o p.svg", "empty.svg: has no strokes"),
        ("interpolate {m} a.svg -o p.svg", "One drawing makes no way"),
        ("reconstruct {m} long.svg -o p.svg", "long.svg: drawing 0: has 98 steps, and the model"),
        ("reconstruct {m} empty.svg -o p.svg", "empty.svg: has no strokes"),
        ("reconstruct {m} photo.svg -o p.svg", "photo.svg: "),
        ("reconstruct {m} none.svg -o p.svg", "none.svg: no such file or folder"),
        ("reconstruct {m} none.h5 -o p.svg", "none.h5: no such data file"),
        ("reconstruct {m} {m} -o p.svg", "is a folder without"),
        ("reconstruct free a.svg -o p.svg", "this model has no encoder; use a model with one"),
        ("interpolate free a.svg b.svg -o p.svg", "this model has no encoder"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    refused, inputs, tiny_folder, free_folder, monkeypatch, words, message
):
    monkeypatch.chdir(inputs)
    assert message in refused(*words.format(m=tiny_folder).split())


def test_a_damaged_model_is_one_line(refused, tiny_folder, tmp_path):
    weights = tiny_folder / folder.WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:500])
    line = refused("generate", tiny_folder, "-o", tmp_path / "p.svg")
    assert line == f"{weights}: is truncated or damaged; restore it, or save the model again"


def test_an_output_is_checked_before_the_model_is_looked_for(refused, tmp_path):
    (tmp_path / "p.svg").write_text("precious")
    assert "exists already" in refused("generate", "nobody", "-o", tmp_path / "p.svg")


def test_an_error_in_the_midst_of_a_folder_leaves_none(sketchrnn, commands, tmp_path, monkeypatch):
    written = []

    def full(path, content):
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(path, content)

    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    before = sorted(tmp_path.iterdir())
    done = sketchrnn(*commands["generate"], "-o", f"{tmp_path}/out/")
    assert done.status == 2
    assert "cannot be written (no space left on device)" in done.err
    assert len(written) == 3
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "names", "noted"),
    [
        (["--category", "cat"], ["cat"] * 6, "cat"),
        (["-C", "cat,dog"], ["cat"] * 3 + ["dog"] * 3, ["cat", "dog"]),
        (["-C", "dog", "-C", "cat"], ["dog"] * 3 + ["cat"] * 3, ["dog", "cat"]),
        (["-C", "cat, sleeping"], ["cat, sleeping"] * 6, "cat, sleeping"),
    ],
)
def test_generate_by_category(sketchrnn, pets_folder, words, names, noted):
    done = sketchrnn("generate", pets_folder, "-n", 6, "--seed", 1, "-o", "-", *words)
    assert request_of(done.out).get("category") == noted
    model = sr.load(pets_folder)
    drawn = model.generate(6, category=names, seed=1)
    assert [d.category for d in drawn] == names
    page = sr.gallery(drawn, columns=5, recipe=recipe_of(done.out)).encode(".svg")
    assert drawings_in(done.out) and page.decode() == done.out


def test_other_commands_by_category(sketchrnn, pets_folder, inputs, refused):
    lines = inputs / "many.ndjson"
    own = sketchrnn("reconstruct", pets_folder, lines, "-n", 2, "--seed", 1, "-o", "-").out
    other = sketchrnn(
        *("reconstruct", pets_folder, lines, "-n", 2, "--seed", 1, "-o", "-", "-C", "dog")
    ).out
    assert request_of(own).get("category") is None and request_of(other).get("category") == "dog"
    a, b = inputs / "a.svg", inputs / "b.svg"
    way = ("interpolate", pets_folder, a, b, "-o", "-")
    assert request_of(sketchrnn(*way, "-C", "cat").out).get("category") == "cat"
    assert request_of(sketchrnn(*way, "-C", "cat,dog").out).get("category") == ["cat", "dog"]
    assert re.search(r"a\.svg: drawing 0: has no category; say which", refused(*way))
    wrong = refused("generate", pets_folder, "-C", "cta", "-o", "-")
    assert wrong == "unknown category 'cta'; did you mean 'cat'?"
    said = sketchrnn("model", "info", pets_folder).out
    assert "categories      3, vectors of 5: 'cat', 'dog', 'cat, sleeping'" in said


# As processes


def test_drawing_loads_no_framework(commands, tmp_path):
    script = (
        "import sys\n"
        "from sketchrnn.cli.main import _run\n"
        f"for words in {[[str(w) for w in c] + ['-o', '-'] for c in commands.values()]!r}:\n"
        "    assert _run(words) == 0\n"
        "print(sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_process_writes_utf_8_whatever_the_locale(commands, sketchrnn, tiny_folder):
    config = tiny_folder / folder.CONFIG_FILE
    config.write_text(config.read_text("utf-8").replace("A. Nonymous", "水 Ångström"), "utf-8")
    words = [*map(str, commands["generate"]), "--seed", "1", "-o", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "sketchrnn", *words],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == sketchrnn(*words).out
    assert recipe_of(done.stdout)["attribution"] == "水 Ångström"


def test_a_reader_who_leaves_early(commands):
    words = [str(w) for w in commands["generate"]]
    with subprocess.Popen(
        [sys.executable, "-m", "sketchrnn", *words, "-n", "64", "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == front_door.EXIT_READER_GONE
    assert "Traceback" not in said
