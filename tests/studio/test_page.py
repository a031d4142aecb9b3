"""The studio in a real browser: draw, take, undo, save, reload, look inside; nothing is fetched."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.drawing import BadSettingError
from sketchrnn.studio_page import studio


@pytest.fixture(scope="module")
def page_file(tmp_path_factory, free_config, tiny_config, make_weights):
    made = studio(
        [
            sr.SketchRNN(tiny_config, make_weights(tiny_config)),
            sr.SketchRNN(free_config, make_weights(free_config)),
        ],
        title="Mine </script><b>",
    )
    return made.save(tmp_path_factory.mktemp("studio") / "studio.html")


@pytest.fixture
def open_page(chromium, page_file):
    """Open the page; a complaint of the browser or a request for anything else fails the test."""
    contexts, complaints = [], []

    def opened(**options):
        context = chromium.new_context(accept_downloads=True, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith("blob:") or complaints.append(request.url),
        )
        page.goto(page_file.as_uri())
        page.wait_for_function("() => window.sketchrnnStudio.ready")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in complaints if not line.endswith("studio.html")] == []


def draw(page, *points):
    """Draw a stroke with the mouse; points are shares of the paper."""
    box = page.locator("#paper").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def wait_for_answers(page):
    page.wait_for_function("() => document.getElementById('status').textContent.includes('sugg')")


def count(page, what="strokes"):
    return page.evaluate(f"() => window.sketchrnnStudio.{what}.length")


def test_one_draws_and_the_model_answers(open_page):
    page = open_page()
    draw(page, (0.2, 0.2), (0.8, 0.25))
    draw(page, (0.5, 0.1), (0.5, 0.9))
    assert count(page) == 2
    wait_for_answers(page)
    assert count(page, "ghosts") == 9
    page.keyboard.press("ArrowRight")
    assert page.locator("#ghosts [aria-selected=true]").count() == 1
    page.keyboard.press(".")
    assert count(page) == 3
    wait_for_answers(page)
    page.keyboard.press("Enter")
    assert count(page) >= 4
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert count(page) == 2
    page.keyboard.press("Control+y")
    assert count(page) == 3
    page.keyboard.press("Tab")
    wait_for_answers(page)
    page.keyboard.press("Escape")
    assert count(page, "ghosts") == 0


def test_an_answer_begins_where_the_hand_stopped(open_page):
    page = open_page()
    draw(page, (0.2, 0.2), (0.7, 0.6))
    page.get_by_role("button", name="Go on").click()
    wait_for_answers(page)
    page.keyboard.press("Tab")
    wait_for_answers(page)
    before = page.evaluate("() => window.sketchrnnStudio.strokes[0].points.length")
    page.locator("#paper").focus()
    page.keyboard.press("Enter")
    after = page.evaluate("() => window.sketchrnnStudio.strokes[0].points.length")
    assert after > before  # the stroke itself goes on


def test_strokes_can_be_erased_and_mirrored(open_page):
    page = open_page()
    draw(page, (0.2, 0.2), (0.2, 0.8))
    draw(page, (0.8, 0.2), (0.8, 0.8))
    page.keyboard.press("e")
    draw(page, (0.2, 0.5), (0.21, 0.5))
    assert count(page) == 1
    page.keyboard.press("m")
    x = page.evaluate("() => window.sketchrnnStudio.strokes[0].points[0][0]")
    assert x == pytest.approx(0.2 * 255, abs=2)


def test_what_is_drawn_is_saved_and_read_again(open_page, tmp_path):
    page = open_page()
    draw(page, (0.2, 0.2), (0.8, 0.25), (0.3, 0.9))
    draw(page, (0.5, 0.5))
    page.keyboard.press("k")
    for name in ("svg", "png", "moving", "sheet", "lines"):
        page.locator("#format").select_option(name)
        with page.expect_download() as coming:
            page.get_by_role("button", name="Save", exact=True).click()
        coming.value.save_as(tmp_path / f"{name}.{coming.value.suggested_filename.split('.')[-1]}")
    for file in ("svg.svg", "sheet.svg", "lines.ndjson"):
        drawing = sr.read(tmp_path / file)
        assert len(drawing.strokes) == 2, file
    assert 'width="100mm"' in (tmp_path / "sheet.svg").read_text()
    assert "@keyframes" in (tmp_path / "moving.svg").read_text()
    assert (tmp_path / "png.png").read_bytes().startswith(b"\x89PNG")
    line = json.loads((tmp_path / "lines.ndjson").read_text())
    assert len(line["drawing"][0]) == 3  # x, y and milliseconds


def test_what_goes_beyond_the_paper_is_shown_and_saved(open_page, tmp_path):
    page = open_page()
    draw(page, (0.9, 0.5), (0.95, 0.5))
    stored = {"strokes": [{"points": [[250, 100], [600, 100]], "by": "model"}], "kept": []}
    page.evaluate("(text) => localStorage.setItem('sketchrnn-studio', text)", json.dumps(stored))
    page.reload()
    page.wait_for_function("() => window.sketchrnnStudio.ready")
    page.locator("#format").select_option("svg")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save", exact=True).click()
    coming.value.save_as(tmp_path / "beyond.svg")
    drawing = sr.read(tmp_path / "beyond.svg")
    # nothing is cut off: 350 of 600 units and their margins
    share = np.ptp(drawing.strokes[0][:, 0]) / drawing.metadata["box"]
    assert share == pytest.approx(350 / 630, rel=1e-3)
    before = count(page)
    draw(page, (0.98, 0.5), (0.99, 0.9))  # the paper shows it, and the hand draws where it sees
    assert count(page) == before + 1
    last = page.evaluate("() => window.sketchrnnStudio.strokes.at(-1).points[0][0]")
    assert last > 500


def test_it_survives_a_reload(open_page):
    page = open_page()
    draw(page, (0.2, 0.2), (0.8, 0.25))
    page.keyboard.press("k")
    page.reload()
    page.wait_for_function("() => window.sketchrnnStudio.ready")
    assert count(page) == 1
    assert page.locator("#kept button").count() == 1


def test_one_looks_inside(open_page):
    page = open_page()
    draw(page, (0.2, 0.2), (0.8, 0.25), (0.3, 0.9))
    page.keyboard.press("l")
    page.wait_for_function("() => document.querySelectorAll('#pens i').length === 3")
    shares = page.locator("#pens span").all_inner_texts()[1::2]
    assert sum(int(share.split()[0]) for share in shares) == pytest.approx(100, abs=2)
    assert re.fullmatch(r"\d+ of \d+", page.locator("#moment-of").inner_text())


def test_a_model_without_encoder_draws_too(open_page):
    page = open_page()
    page.locator("#model").select_option("1")
    page.wait_for_function("() => window.sketchrnnStudio.ready")
    draw(page, (0.2, 0.2), (0.8, 0.25))
    wait_for_answers(page)
    assert page.locator("#again").is_disabled()


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 360, "height": 780}, "has_touch": True},
        {"viewport": {"width": 1100, "height": 700}, "color_scheme": "dark"},
    ],
)
def test_nothing_is_wider_than_the_screen(open_page, options):
    page = open_page(**options)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_what_cannot_become_a_page(tiny_config, make_weights, monkeypatch, tmp_path):
    model = sr.SketchRNN(tiny_config, make_weights(tiny_config))
    for arguments in (([],), (model, 7)):
        with pytest.raises(BadSettingError):
            studio(*arguments)
    monkeypatch.setattr("sketchrnn.studio_page.page.LARGEST_PAGE", 1000)
    with pytest.raises(BadSettingError, match="its largest model has"):
        studio(model)
    monkeypatch.undo()
    with pytest.raises(BadSettingError, match="HTML"):
        studio(model).save(tmp_path / "x.svg")


def test_the_command_writes_the_page_and_tells_its_cost(tiny_folder, tmp_path, capsys):
    from sketchrnn.cli.main import main

    out = tmp_path / "s.html"
    with pytest.raises(SystemExit) as left:
        main(["studio", str(tiny_folder), "-o", str(out)])
    assert left.value.code == 0
    assert "nats a point" in capsys.readouterr().err
    assert "<title>sketchrnn studio</title>" in out.read_text()
