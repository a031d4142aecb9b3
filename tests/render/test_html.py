"""The HTML gallery as a document: what stands in it, what it may load, what cannot get out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import Drawing
from sketchrnn.render import gallery
from sketchrnn.render.html import compact_path, page_to_html
from sketchrnn.render.save import drawing_to_page
from sketchrnn.render.style import Style

VOID = {"meta", "link", "br", "img", "input", "hr"}
TICK = Drawing([[(0, 0), (40, 60), (100, -50)], [(20, -30)]])


class Document(HTMLParser):
    """Elements in document order, as (name, attributes, text); every element must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[list] = []
        self.open: list[list] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag: str) -> list[list]:
        return [element for element in self.elements if element[0] == tag]


def document(*arguments, **options) -> Document:
    return Document(gallery(*arguments, **options).encode(".html").decode())


def test_each_drawing_is_a_figure_with_its_strokes_and_a_name():
    page = document([TICK] * 3, title="Ticks", captions=["one", None, "three"])
    assert [e[2] for e in page.all("h1")] == ["Ticks"]
    assert len(page.all("figure")) == 3
    assert [e[1]["aria-label"] for e in page.all("svg")] == [
        "Drawing 1, one",
        "Drawing 2",
        "Drawing 3, three",
    ]
    assert [e[2] for e in page.all("figcaption")] == ["one", "three"]
    paths = [e[1]["d"] for e in page.all("path")]
    assert len(paths) == 6  # a line and a dot each
    assert paths[1].endswith("h0")


def test_nothing_comes_from_outside_and_the_policy_allows_what_is_there():
    text = gallery([TICK] * 2, title="Ticks", recipe={"model": "m"}).encode(".html").decode()
    page = Document(text)
    for _, attributes, _ in page.elements:
        assert not {"src", "style"} & set(attributes)
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "data:,") == "data:,"
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = [e[1]["content"] for e in page.all("meta") if "http-equiv" in e[1]]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    scripts = [e[2] for e in page.all("script") if "type" not in e[1]]
    for rule, (content,) in (
        ("script-src", scripts),
        ("style-src", [e[2] for e in page.all("style")]),
    ):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


@pytest.mark.parametrize(
    "evil",
    [
        "</script><img src=x onerror=alert(1)>",
        "</title></style><script>alert(1)</script>",
        '"><svg onload=alert(1)>',
        "<!--<script>",
        "]]></svg>",
        "&lt;b&gt;",
    ],
)
def test_words_stay_words_wherever_they_stand(evil):
    harmless = {"model": "m", "licence": "l", "k": "v"}
    tame = document([TICK], title="t", captions=["c"], recipe=harmless, row_labels=["r"])
    page = document(
        [TICK],
        title=evil,
        captions=[evil],
        row_labels=[evil],
        recipe={"model": evil, "licence": evil, evil: evil},
    )
    assert [(e[0], sorted(e[1])) for e in page.elements] == [
        (e[0], sorted(e[1])) for e in tame.elements
    ]
    assert page.all("title")[0][2] == page.all("h1")[0][2] == evil
    assert page.all("figcaption")[0][2] == evil
    (recipe,) = [e[2] for e in page.all("script") if e[1].get("id") == "recipe"]
    assert json.loads(recipe)[evil] == evil
    assert "<" not in recipe


@given(
    st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=1, max_size=9)
)
def test_compact_paths_keep_every_point(points):
    text = compact_path(np.array(points))
    start, x, y = re.match(r"(M(-?\d+) (-?\d+))", text).groups()
    numbers = [int(n) for n in re.findall(r"-?\d+", text[len(start) :])]
    ways = np.array(numbers if "l" in text else []).reshape(-1, 2)
    read = np.cumsum(np.vstack([[int(x), int(y)], ways]), axis=0).tolist()
    distinct = [list(p) for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    assert read == distinct


def test_pixels_come_out_where_the_page_has_them():
    page = gallery([TICK, TICK], size=100, gap=10, page_margin=20)
    text = page_to_html(page.page)
    x, y = map(int, re.findall(r'd="M(\d+) (\d+)l', text)[1])
    first = page.page.pictures[1].strokes[0][0]
    assert (x / 20 + 130, y / 20 + 20) == pytest.approx(tuple(first), abs=0.03)


def test_smooth_strokes_are_curves():
    arc = Drawing([[(0, 0), (5, 4), (9, 9), (11, 16), (12, 24)], [(3, 3)], [(0, 9), (4, 9)]])
    kinds = [re.findall("[a-zA-Z]", e[1]["d"]) for e in document([arc], smooth=1.0).all("path")]
    assert kinds == [["M", "C"], ["M", "h"], ["M", "l"]]


def test_rows_are_kept_with_their_labels_and_holes():
    page = document([[TICK, None, TICK], [TICK]], row_labels=["given", "drawn"])
    assert "rows labelled" in page.all("main")[0][1]["class"]
    cells = [e[0] for e in page.elements if e[0] in ("figure", "div", "p")]
    start = cells.index("figure") - 1
    assert cells[start : start + 8] == ["p", "figure", "div", "figure", "p", "figure", "div", "div"]
    assert "--columns:3" in page.all("style")[0][2]


def test_chosen_colours_stay_and_usual_ones_follow_the_reader():
    assert "--ink:#1d1d1f!important" not in document([TICK]).all("style")[0][2]
    assert "--ink:#aa0000!important" in document([TICK], color="#aa0000").all("style")[0][2]
    assert "--card:#000000!important" in document([TICK], background="#000000").all("style")[0][2]
    ramp = document([TICK], color_by_order=True)
    assert "--card:#ffffff!important" in ramp.all("style")[0][2]
    assert [e[1]["stroke"] for e in ramp.all("path")] == ["#112f92", "#f49411"]


def test_the_page_tells_its_recipe_and_whose_work_it_is():
    recipe = {"model": "kanji", "temperature": 0.4, "seed": 7, "licence": "CC0", "attribution": "A"}
    page = document([TICK] * 2, recipe=recipe)
    assert page.all("header")[0][2].endswith(
        "2 drawings · by the model kanji · temperature 0.4 · seed 7"
    )
    assert "A, CC0" in page.all("footer")[0][2]
    assert json.loads(page.all("pre")[0][2]) == recipe


def test_one_drawing_none_and_the_degenerate(degenerate):
    page = Document(page_to_html(drawing_to_page(degenerate, Style())))
    assert len(page.all("figure")) == 1
    assert page.all("main")[0][1]["class"] == "one"
    assert len(document([]).all("figure")) == 0
    assert len(document([degenerate] * 2).all("figure")) == 2


def test_hundreds_of_drawings_are_small():
    generator = np.random.default_rng(1)
    strokes = [generator.uniform(0, 200, (6, 2)) for _ in range(8)]
    text = gallery([Drawing(strokes)] * 500).encode(".html")
    assert len(text) < 500 * 700
    assert text == gallery([Drawing(strokes)] * 500).encode(".html")
