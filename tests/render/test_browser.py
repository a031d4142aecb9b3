"""The HTML gallery in a real browser: it draws, favourites stay, files come down."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from sketchrnn import read
from sketchrnn.drawing import Drawing
from sketchrnn.render import gallery

SVG = "{http://www.w3.org/2000/svg}"
LONG = [(0, 0), (200, 0), (200, 200), (0, 200), (0, 20)]
DRAWINGS = [
    Drawing([LONG, [(10 * k, 100), (100, 100)], [(50, 50)]], metadata={"number": 100 + k})
    for k in range(1, 7)
]
EVIL = "</script><img src=x onerror=window.broken=1>"


def finish(page) -> None:
    """End what moves, as if its time had passed."""
    page.evaluate("document.getAnimations().forEach((move) => move.finish())")


def expect(locator):
    from playwright import sync_api

    return sync_api.expect(locator)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    captions = [EVIL, *"bcdef"]
    recipe = {"model": "none", "seed": 7}
    gallery(DRAWINGS, title=f"Squares {EVIL}", captions=captions, recipe=recipe).save(path)
    return path


@pytest.fixture
def open_page(chromium, page_file):
    """Open the page; a complaint of the browser or a request for anything else fails the test."""
    contexts, complaints = [], []

    def opened(**options):
        context = chromium.new_context(accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(page_file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    strange = [text for text in complaints if not text.startswith((page_file.as_uri(), "blob:"))]
    assert strange == []


def test_it_draws_stroke_by_stroke_and_then_stands_still(open_page):
    page = open_page()
    first = page.locator("figure svg.drawing").first
    assert first.locator("path").count() == 3  # taken apart: two lines and a dot
    finish(page)
    expect(first.locator("path")).to_have_count(2)  # lines are one path again
    assert page.locator("figure.waiting").count() == 0
    page.get_by_role("button", name="Drawing 1", exact=False).first.click()
    assert first.locator("path").count() == 3
    assert page.evaluate("window.broken") is None


def test_the_pen_is_as_quick_as_asked(open_page):
    page = open_page()

    def duration():
        return page.evaluate("document.getAnimations()[0].effect.getComputedTiming().duration")

    usual = duration()
    page.get_by_label("Speed of the pen").select_option("4")
    assert duration() == pytest.approx(usual / 4)


def test_nothing_moves_by_itself_for_whoever_wants_stillness(open_page):
    page = open_page(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.locator("figure.waiting").count() == 0
    page.locator("figure .play").first.click()
    assert page.evaluate("document.getAnimations().length") == 3


def test_favourites_stay_and_come_down_as_svg(open_page, tmp_path):
    page = open_page(reduced_motion="reduce")
    saving = page.get_by_role("button", name="Save sheet")
    assert saving.is_disabled()
    for index in (4, 1):
        page.locator("figure .keep").nth(index).click()
    assert page.get_by_role("status").inner_text() == "2 favourites"
    for _ in range(20):  # a browser that is busy writes down later what a page keeps
        page.reload()
        if page.get_by_role("status").inner_text() != "0 favourites":
            break
    assert page.get_by_role("status").inner_text() == "2 favourites"
    pressed = page.locator('.keep[aria-pressed="true"]')
    assert pressed.count() == 2
    assert pressed.first.get_attribute("aria-label") == "Drawing 2, b: favourite"

    with page.expect_download() as download:
        saving.click()
    sheet = tmp_path / download.value.suggested_filename
    download.value.save_as(sheet)
    root = ET.parse(sheet).getroot()
    assert len(root.findall(f".//{SVG}path")) == 4
    assert json.loads(root.find(f"{SVG}metadata").text)["picked"] == [102, 105]
    assert root.find(f"{SVG}title").text == f"Squares {EVIL}"
    assert len(read(sheet).strokes) == 6

    got = []
    page.on("download", lambda file: got.append(file))
    with page.expect_event("download", lambda file: file.suggested_filename.endswith("-0005.svg")):
        page.get_by_role("button", name="Save each").click()
    assert len(got) == 2
    one = tmp_path / got[0].suggested_filename
    got[0].save_as(one)
    assert one.name.startswith("Squares-script-img")
    assert one.name.endswith("-0002.svg")
    again, wanted = read(one), DRAWINGS[1]
    assert [len(s) for s in again.strokes] == [len(s) for s in wanted.strokes]
    scaled = again.fit((400, 400)).strokes[1]
    assert scaled == pytest.approx(wanted.fit((400, 400)).strokes[1], abs=0.5)

    page.get_by_role("button", name="Only favourites").click()
    assert page.locator("figure:visible").count() == 2
    page.get_by_role("button", name="None").click()
    assert page.locator("figure:visible").count() == 6
    page.get_by_role("button", name="All", exact=True).click()
    assert page.locator(".kept").count() == 6


def test_the_keyboard_reaches_everything(open_page):
    page = open_page(reduced_motion="reduce")
    page.locator("figure .play").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("f")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    labels = page.evaluate(
        "[...document.querySelectorAll('.kept svg.drawing')].map(s => s.ariaLabel)"
    )
    assert labels == ["Drawing 2, b"]
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.ariaLabel")
    assert focused.endswith(": download as SVG")
    with page.expect_download():
        page.keyboard.press("Enter")
    names = page.evaluate(
        "[...document.querySelectorAll('button')].map(b => b.ariaLabel || b.textContent)"
    )
    assert len(names) > 18
    assert all(names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out_and_a_thumb_finds_the_buttons(open_page, scheme):
    page = open_page(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator("figure .keep").first.bounding_box()
    assert min(box["width"], box["height"]) >= 40
    page.locator("figure .keep").first.tap()
    assert page.get_by_role("status").inner_text() == "1 favourite"
    ink = page.evaluate("getComputedStyle(document.querySelector('svg.drawing')).stroke")
    assert ink == {"light": "rgb(29, 29, 31)", "dark": "rgb(236, 236, 234)"}[scheme]


def test_an_animated_svg_draws_itself_and_then_is_whole(chromium, tmp_path):
    file = gallery(DRAWINGS[:2]).animate(flip=True).save(tmp_path / "a.svg")
    page = chromium.new_page()
    page.goto(file.as_uri())
    moves = "document.getAnimations().filter((move) => move.animationName === {!r})"
    at = "document.getAnimations().forEach((m) => {{ m.pause(); m.currentTime = {} }})"
    shown = "[...document.querySelectorAll('g g')].map((g) => getComputedStyle(g).visibility)"
    assert page.evaluate(f"{moves.format('pen')}.length") == 4
    assert page.evaluate(f"{moves.format('dot')}.length") == 2
    page.evaluate(at.format(100))
    assert page.evaluate(shown) == ["visible", "hidden"]
    drawn = "[...document.querySelectorAll('g g path')].map((p) => getComputedStyle(p).opacity)"
    assert page.evaluate(drawn)[:3] == ["1", "0", "0"]
    finish(page)
    assert page.evaluate(shown) == ["hidden", "visible"]
    assert page.evaluate(drawn) == ["1"] * 6
    page.close()
