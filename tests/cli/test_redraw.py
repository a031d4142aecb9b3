"""`sketchrnn redraw`: a page again from its recipe, whoever wrote it."""

from __future__ import annotations

import json

import pytest

import sketchrnn as sr
from sketchrnn.drawing import BadFileError
from sketchrnn.model import folder
from sketchrnn.render.recipe import read_recipe

SUFFIXES = ("svg", "png", "pdf", "html")


def same(done) -> bool:
    assert done.status == 0, done.err
    return "byte for byte" in done.err


def rewrite(file, /, **changes) -> None:
    """Change an SVG's recipe; ... takes a value away."""
    recipe, _ = read_recipe(file)
    text = file.read_text()
    start, end = text.index("<metadata>") + 10, text.index("</metadata>")
    request = dict(recipe.get("request", {}))
    sampling = dict(request.get("sampling", {}))
    for key, value in changes.items():
        if key in ("temperature", "temperature_rule", "seed"):
            sampling[key] = value
        elif key in (
            "n",
            "max_steps",
            "numbers",
            "category",
            "command",
            "given",
            "drawings",
            "ends",
        ):
            request[key] = value
        else:
            recipe[key] = value
    request["sampling"] = {k: v for k, v in sampling.items() if v is not ...}
    recipe["request"] = {k: v for k, v in request.items() if v is not ...}
    changed = {k: v for k, v in recipe.items() if v is not ...}
    file.write_text(text[:start] + json.dumps(changed).replace("<", "&lt;") + text[end:])


def given(*strokes) -> dict:
    return {"kind": "drawings", "drawings": [{"strokes": list(strokes)}]}


@pytest.fixture
def two(tmp_path):
    path = '<svg xmlns="http://www.w3.org/2000/svg"><path d="{}"/></svg>'
    (tmp_path / "a.svg").write_text(path.format("M10,10L90,20 40,80M50,50L60,60"))
    (tmp_path / "b.svg").write_text(path.format("M0,0L0,50.1 50,50.3 50,0"))
    return tmp_path


@pytest.fixture
def page(sketchrnn, tiny_folder, tmp_path):
    out = tmp_path / "page.svg"
    arguments = ["-n", 5, "-t", 0.7, "--seed", 3, "--title", '<Five> & "more"', "--columns", 2]
    assert sketchrnn("generate", tiny_folder, *arguments, "-o", out).status == 0
    return out


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_shipped_model_draws_the_same_bytes_again(sketchrnn, tmp_path, suffix):
    if suffix in ("png", "pdf"):
        pytest.importorskip("cairosvg", exc_type=(ImportError, OSError))
    out, again = tmp_path / f"page.{suffix}", tmp_path / f"page-again.{suffix}"
    arguments = ["-n", 2, "--seed", 7, "--title", "水 & <b>", "--max-steps", 20]
    assert sketchrnn("generate", "kanji", *arguments, "-o", out).status == 0
    done = sketchrnn("redraw", out)
    assert done.err == f"{again}  (the same as {out}, byte for byte)\n"
    assert again.read_bytes() == out.read_bytes()


def test_the_other_commands_need_no_inputs_to_do_it_again(sketchrnn, tiny_folder, two):
    for verb, inputs in (("reconstruct", ["a.svg"]), ("interpolate", ["a.svg", "b.svg"])):
        out = two / f"{verb}.svg"
        inputs = [two / name for name in inputs]
        look = ["--columns", 2, "--color-by-order"]
        assert sketchrnn(verb, tiny_folder, *inputs, "--seed", 1, *look, "-o", out).status == 0
        assert str(two) not in out.read_text()
    for name in ("a.svg", "b.svg"):
        (two / name).unlink()
    for verb in ("reconstruct", "interpolate"):
        assert same(sketchrnn("redraw", two / f"{verb}.svg", "--model", tiny_folder))


@pytest.mark.parametrize("verb", ["generate", "reconstruct", "interpolate"])
def test_each_file_of_a_folder_knows_which_one_it_is(sketchrnn, tiny_folder, two, verb):
    inputs = {"generate": ["-n", 3], "reconstruct": [two / "a.svg"]}.get(
        verb, [two / "a.svg", two / "b.svg"]
    )
    arguments = ["--seed", 1, "--stroke-width", 4, "-o", f"{two}/out/"]
    assert sketchrnn(verb, tiny_folder, *inputs, *arguments).status == 0
    for file in sorted((two / "out").iterdir()):
        assert same(sketchrnn("redraw", file, "--model", tiny_folder))


def test_another_suffix_and_another_place(sketchrnn, page, tiny_folder, tmp_path):
    out = tmp_path / "other.html"
    done = sketchrnn("redraw", page, "-o", out, "--model", tiny_folder)
    assert (done.status, done.err) == (0, f"{out}  ({page} made again)\n")
    assert same(sketchrnn("redraw", out, "--model", tiny_folder))
    printed = sketchrnn("redraw", out, "-o", "-", "--model", tiny_folder)
    assert (printed.out, printed.err) == (page.read_text(), "")
    held = sketchrnn("redraw", page, "-o", page, "--model", tiny_folder)
    assert held.status == 2
    assert "exists already" in held.err
    assert same(sketchrnn("redraw", page, "-o", page, "--model", tiny_folder, "--force"))


def test_a_script_s_gallery_is_drawn_again_with_its_layout(sketchrnn, tiny_folder, tmp_path):
    drawings = sr.load(tiny_folder).generate(6, seed=4, temperature=0.6, max_steps=9)
    out = tmp_path / "mine.svg"
    chosen = [drawings[4], drawings[1]]
    captions = (name for name in ("four & more", None))
    page = sr.gallery(chosen, columns=1, captions=captions, background=None, size=(50, 60), gap=1)
    page.save(out)
    recipe, _ = read_recipe(out)
    assert recipe["request"]["numbers"] == [4, 1]
    assert recipe["licence"] == "CC0"
    assert same(sketchrnn("redraw", out, "--model", tiny_folder))


def test_drawings_that_no_recipe_draws_again_say_what_they_share(refused, tiny_folder, tmp_path):
    model = sr.load(tiny_folder)
    one, two = model.generate(1, seed=1), model.generate(1, seed=2)
    assert sr.gallery(one).page.recipe["request"]["sampling"]["seed"] == 1
    assert sr.gallery([*one, sr.Drawing([])]).page.recipe is None
    both = sr.gallery(one + two).page.recipe
    assert both == {
        key: one[0].metadata[key]
        for key in ("model", "weights", "licence", "attribution", "sketchrnn", "numpy")
    } | {"temperature": 0.4, "temperature_rule": "paper"}
    begun = sr.Drawing([[(0, 0), (50, 9)]])
    page = sr.gallery(model.complete(begun, 2, seed=1), columns=1)
    assert page.page.recipe == {**both, "temperature": 0.25, "seed": 1}
    page.save(tmp_path / "page.svg")
    line = refused("redraw", tmp_path / "page.svg", "--model", tiny_folder)
    assert "was made by a script, which is not made again" in line
    other = one[0].with_metadata(weights="others")
    assert sr.gallery([one[0], other]).page.recipe is None


def test_favourites_of_an_html_page_are_found_again(sketchrnn, page, tiny_folder, tmp_path):
    everything = sr.load(tiny_folder).generate(5, temperature=0.7, seed=3)
    rewrite(page, picked=[4, 0])
    out = tmp_path / "again.svg"
    assert sketchrnn("redraw", page, "--model", tiny_folder, "-o", out).status == 0
    wanted = sr.gallery([everything[4], everything[0]], columns=2, title='<Five> & "more"')
    assert (
        out.read_text().partition("</metadata>")[2] == wanted.to_svg().partition("</metadata>")[2]
    )


def test_what_is_not_as_it_was_is_told(sketchrnn, page, tiny_folder, tiny_config, make_weights):
    rewrite(page, sketchrnn="0.0.1", numpy="1.0")
    done = sketchrnn("redraw", page, "--model", tiny_folder)
    assert done.status == 0
    assert "made by sketchrnn 0.0.1, this is" in done.err
    assert "NumPy 1.0" in done.err
    assert "weights" not in done.err
    other = folder.write(
        tiny_folder.with_name("other"),
        tiny_config,
        make_weights(tiny_config, seed=8),
        preparation=json.loads((tiny_folder / "config.json").read_text())["preparation"],
        provenance={},
    )
    done = sketchrnn("redraw", page, "--model", other, "-o", "-")
    assert "the model's weights are others" in done.err
    assert '"model": "other"' in done.out


def test_a_model_that_a_page_names_is_not_opened_unless_asked(sketchrnn, page, tiny_folder):
    done = sketchrnn("redraw", page)
    assert done.status == 2
    assert "was drawn by the model 'tiny'" in done.err
    assert "--model" in done.err
    for name in (str(tiny_folder), "../../etc", ["kanji"], 7, None, "x" * 5000):
        rewrite(page, model=name)
        assert sketchrnn("redraw", page).status == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1},
        {"seed": "7"},
        {"seed": 10**30},
        {"temperature": "hot"},
        {"temperature": True},
        {"temperature": 10**400},
        {"temperature": -1},
        {"temperature_rule": "none"},
        {"n": 10**9},
        {"n": 2.5},
        {"max_steps": 10**9},
        {"numbers": [7]},
        {"numbers": ["a"]},
        {"picked": [5]},
        {"picked": {"a": 1}},
        {"position": 99},
        {"page": []},
        {"page": {"columns": "x"}},
        {"page": {"columns": -1}},
        {"page": {"color": "javascript:1"}},
        {"page": {"drawings": []}},
        {"page": {"title": 7}},
        {"page": {"captions": 7}},
        {"page": {"row_labels": "ab"}},
        {"page": {"grid": {}, "gap": "x"}},
        {"page": {"alone": True}},
        {"page": {"stroke_width": [1]}},
        {"page": {"captions": ["one"]}},
        {"page": {"size": [1e308, 1]}},
        {"command": "render"},
        {"command": ["generate"]},
        {"command": ...},
        {"command": "interpolate"},
        {"command": "interpolate", "ends": given([0, 0, 1, 1])},
        {"command": "reconstruct", "drawings": given([0, 0, 1])},
        {"command": "reconstruct", "drawings": given(["a", "b"])},
        {"command": "reconstruct", "drawings": given([1e999, 0, 1, 1])},
        {"command": "reconstruct", "drawings": given([0, 0, 1, 1]), "category": {}},
        {"command": "reconstruct", "drawings": 7},
        {"command": "reconstruct", "drawings": {}},
        {"category": "cat"},
        {"category": ["cat", 7]},
    ],
    ids=str,
)
def test_a_recipe_from_anybody_is_checked(page, tiny_folder, refused, changes):
    rewrite(page, **changes)
    refused("redraw", page, "--model", tiny_folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<svg><metadata>[1]</metadata></svg>",
        b"<svg><metadata>{</metadata></svg>",
        b"<svg><metadata>" + b"[" * 100_000 + b"</metadata></svg>",
        b'<svg><metadata>{"seed": ' + b"9" * 9999 + b"}</metadata></svg>",
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"GIF89a\x21\xfe\xff",
        b"GIF89a\x21\xfe\x11sketchrnn-recipe {",
        b"%PDF-1.5\n%sketchrnn-recipe ",
        b'<!doctype html><script type="application/json" id="recipe">{}</script>',
    ],
    ids=lambda content: repr(content[:30]),
)
def test_what_is_no_page_of_ours_is_refused(refused, tmp_path, content):
    file = tmp_path / "page.svg"
    file.write_bytes(content)
    with pytest.raises(BadFileError):
        read_recipe(file)
    refused("redraw", file)


@pytest.mark.parametrize(
    ("verb", "options", "movement"),
    [
        ("generate", ["-n", 2, "-o", "out.gif"], None),
        ("generate", ["-n", 2, "--seconds", 0.5, "-o", "out.gif"], {"seconds": 0.5}),
        ("generate", ["-n", 2, "--animate", "-o", "out.svg"], {}),
        ("interpolate", ["--seconds", 1, "-o", "out.gif"], {"seconds": 1, "flip": True}),
        ("interpolate", ["--frames", 3, "--animate", "-o", "out.svg"], {"flip": True}),
        ("interpolate", ["--frames", 3, "--no-flip", "--animate", "-o", "out.svg"], {}),
    ],
    ids=str,
)  # fmt: skip
def test_what_moves_is_made_again(
    sketchrnn, tiny_folder, two, monkeypatch, verb, options, movement
):
    pytest.importorskip("PIL")
    monkeypatch.chdir(two)
    out = two / options[-1]
    inputs = ["a.svg", "b.svg"] if verb == "interpolate" else []
    assert sketchrnn(verb, tiny_folder, *inputs, "--seed", 1, *options).status == 0
    assert read_recipe(out)[0].get("movement") == movement
    assert same(sketchrnn("redraw", out, "--model", tiny_folder))


@pytest.mark.parametrize(
    "options",
    [
        ["--seconds", 3, "-o", "a.svg"],
        ["--flip", "-o", "a.png"],
        ["--animate", "-o", "a.html"],
        ["--seconds", -1, "-o", "a.gif"],
        ["--seconds", "nan", "-o", "a.gif"],
    ],
)
def test_what_stands_still_is_not_timed(refused, tiny_folder, two, monkeypatch, options):
    monkeypatch.chdir(two)
    refused("generate", tiny_folder, "-n", 1, *options)
    refused("render", "a.svg", *options[:-1], "b" + options[-1][1:], "--force")


def test_a_file_of_drawings_becomes_a_movie(sketchrnn, two):
    pytest.importorskip("PIL")
    assert sketchrnn("render", two / "a.svg", "--seconds", 0.5, "-o", two / "a.gif").status == 0
    assert (two / "a.gif").read_bytes().startswith(b"GIF89a")
    done = sketchrnn("render", two / "a.svg", "--animate", "-o", "-")
    assert "@keyframes" in done.out
    assert sketchrnn("render", two / "a.svg", "--animate", "-o", f"{two}/each/").status == 0
    assert "@keyframes" in (two / "each/0001.svg").read_text()


def test_the_pdf_tells_other_programs_too(sketchrnn, tiny_folder, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("cairosvg", exc_type=(ImportError, OSError))
    out = tmp_path / "page.pdf"
    assert sketchrnn("generate", tiny_folder, "-n", 2, "--title", "Zwei 水", "-o", out).status == 0
    reader = pypdf.PdfReader(out, strict=True)
    assert reader.metadata.title == "Zwei 水"
    assert reader.metadata.author == "A. Nonymous"
    assert json.loads(reader.metadata["/Keywords"]) == read_recipe(out)[0]
    assert "Zwei" in reader.pages[0].extract_text()


def test_a_recipe_of_another_version_is_not_read(refused, page, tiny_folder):
    for version in (..., 1, 3, "2"):
        rewrite(page, recipe=version)
        line = refused("redraw", page, "--model", tiny_folder)
        assert "another version of sketchrnn" in line


def test_what_takes_long_is_drawn_only_if_that_is_wanted(page, refused):
    rewrite(page, model="kanji", n=100_000)
    assert "--yes" in refused("redraw", page)


def test_there_is_no_page(refused, tmp_path):
    assert "cannot be read" in refused("redraw", tmp_path / "none.svg")


def test_sheets_of_paper_are_made_again(sketchrnn, tiny_folder, tmp_path, refused):
    pytest.importorskip("cairocffi", exc_type=(ImportError, OSError))
    out = tmp_path / "sheets.pdf"
    look = ["--paper", "A6", "--landscape", "--columns", 3, "--title", "On paper"]
    assert sketchrnn("generate", tiny_folder, "-n", 9, *look, "-o", out).status == 0
    assert same(sketchrnn("redraw", out, "--model", tiny_folder))
    line = refused("redraw", out, "--model", tiny_folder, "-o", tmp_path / "a.svg")
    assert "sheets of paper do not go into one .svg" in line
    for paper in ({}, [1], [1, 2, 3], True, "A9", ["a", "b"]):
        page = tmp_path / "page.svg"
        assert sketchrnn("generate", tiny_folder, "-n", 1, "-o", page, "--force").status == 0
        rewrite(page, page={"paper": paper})
        refused("redraw", page, "--model", tiny_folder)
