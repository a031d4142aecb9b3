"""Paths of any SVG: subpaths, curves, transforms, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.render import drawing_to_svg
from sketchrnn.sources import open_source, read, read_all, svg_style
from sketchrnn.sources.svg import read_svg


def svg(body: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>'.encode()


def strokes(body: str) -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in read_svg(svg(body), "x.svg").strokes]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<path d="M0 0 L4 0 5 5"/>', [[[0, 0], [4, 0], [5, 5]]]),
        ('<path d="M0 0h1M2 2v3"/>', [[[0, 0], [1, 0]], [[2, 2], [2, 5]]]),
        ('<path d="M0 0h1v1z"/>', [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        ('<path d="M0 0h1v1L0 0z"/>', [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        ('<path d="M3 4z"/><path d="M0 0h9"/>', [[[3, 4]], [[0, 0], [9, 0]]]),  # a dot
        ('<path d="M3 4h0"/><path d="M0 0h9"/>', [[[3, 4]], [[0, 0], [9, 0]]]),
        ('<path d="M1 1"/><path d="M0 0h9"/>', [[[0, 0], [9, 0]]]),  # a move draws nothing
        ('<path/><path d=""/><path d="M0 0h9"/>', [[[0, 0], [9, 0]]]),
        ('<g transform="translate(1,2)"><path d="M0 0h9"/></g>', [[[1, 2], [10, 2]]]),
        (
            '<g transform="translate(10,0)"><g transform="scale(2)">'
            '<path transform="translate(1 1)" d="M0 0h1"/></g></g><path d="M0 0h1"/>',
            [[[12, 2], [14, 2]], [[0, 0], [1, 0]]],
        ),
        (
            '<defs><g><path d="M0 0h5"/></g></defs><g style="display: none"><path d="M1 0h5"/></g>'
            '<path display="none" d="M2 0h5"/><path d="M3 0h5"/>',
            [[[3, 0], [8, 0]]],
        ),
    ],
)
def test_strokes(body, expected):
    assert strokes(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<line x1="1" y1="2" x2="3" y2="2"/>', [[[1, 2], [3, 2]]]),
        ('<polyline points="0,0 4,0 4,4"/>', [[[0, 0], [4, 0], [4, 4]]]),
        ('<polygon points="0 0 4 0 4 4"/>', [[[0, 0], [4, 0], [4, 4], [0, 0]]]),
        ('<rect x="1" width="4" height="2"/>', [[[1, 0], [5, 0], [5, 2], [1, 2], [1, 0]]]),
        ('<rect width="0" height="2"/><path d="M0 0h1"/>', [[[0, 0], [1, 0]]]),
        ('<rect width="1in" height="2.54cm"/>', [[[0, 0], [96, 0], [96, 96], [0, 96], [0, 0]]]),
        # every command, absolute and relative, on straight lines
        ("<path d='M1 1L2 1H3V2m1 0l1 0h1v1z'/>", [
            [[1, 1], [2, 1], [3, 1], [3, 2]], [[4, 2], [5, 2], [6, 2], [6, 3], [4, 2]],
        ]),
        # use: before its definition, moved, nested, a symbol with a view of its own
        (
            '<use href="#a" x="10"/><defs><g id="a"><use xlink:href="#b" y="5"/></g>'
            '<path id="b" d="M0 0h1"/></defs>',
            [[[10, 5], [11, 5]]],
        ),
        (
            '<symbol id="s" viewBox="0 0 10 10"><path d="M0 0h10"/></symbol>'
            '<use href="#s" x="1" width="20" height="20"/>',
            [[[1, 0], [21, 0]]],
        ),
        ('<use href="#nothing"/><path d="M0 0h1"/>', [[[0, 0], [1, 0]]]),
        (
            '<svg x="5" y="5" width="20" height="10" viewBox="0 0 10 10"><path d="M0 0h10"/></svg>',
            [[[10, 5], [20, 5]]],
        ),
        (
            '<svg width="20" height="10" viewBox="0 0 10 10" preserveAspectRatio="none">'
            '<path d="M0 0h10"/></svg>',
            [[[0, 0], [20, 0]]],
        ),
        ('<g transform="rotate(90) scale(2 3)"><path d="M0 0h1"/></g>', [[[0, 0], [0, 2]]]),
        (
            '<g transform="rotate(90)"><path transform="scale(2 3)" d="M0 0h1v1"/></g>',
            [[[0, 0], [0, 2], [-3, 2]]],
        ),
        ('<clipPath><path d="M0 0h1"/></clipPath><path d="M2 0h1"/>', [[[2, 0], [3, 0]]]),
        # what nobody sees is no stroke, where there is something to see
        ('<path d="M0 0h24v24H0z" fill="none"/><path d="M2 0h1"/>', [[[2, 0], [3, 0]]]),
        ('<g visibility="hidden"><path d="M0 0h9"/></g><path d="M2 0h1"/>', [[[2, 0], [3, 0]]]),
        ('<g opacity="0"><path d="M0 0h9"/></g><path d="M2 0h1"/>', [[[2, 0], [3, 0]]]),
        ('<path d="M0 0h9" style="fill:none"/>', [[[0, 0], [9, 0]]]),
        ('<rect width="300" height="150"/><path d="M2 0h1"/>', [[[2, 0], [3, 0]]]),  # paper
        (
            '<style>.a{stroke:red}</style><path class="a" fill="none" d="M0 0h9"/>'
            '<path d="M2 0h1"/>',
            [[[0, 0], [9, 0]], [[2, 0], [3, 0]]],
        ),
    ],
)  # fmt: skip
def test_shapes_views_and_uses(body, expected):
    found = strokes(body)
    assert len(found) == len(expected)
    for ours, wanted in zip(found, expected, strict=True):
        assert np.allclose(ours, wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("css", "body", "seen"),
    [
        (".a{display:none}", '<path class="b a" d="M1 0h9"/>', []),
        (".a{display:none}", '<g class="a"><path d="M1 0h9"/></g>', []),
        ("#a { visibility: hidden }", '<path id="a" d="M1 0h9"/>', []),
        ("path.a.b{opacity:0}", '<path class="b a" d="M1 0h9"/>', []),
        ("path.a.b{opacity:0}", '<path class="a" d="M1 0h9"/>', [1]),
        ("/* .a{display:none} */ .b{}", '<path class="a" d="M1 0h9"/>', [1]),
        (".a{fill:none}", '<path class="a" d="M1 0h9"/>', []),
        (".a{fill:none;stroke:#123}", '<path class="a" d="M1 0h9"/>', [1]),
        # the more particular rule wins, then the later; the element's own style; !important
        ("#a{display:inline}.b{display:none}", '<path id="a" class="b" d="M1 0h9"/>', [1]),
        ("path{visibility:visible}*{visibility:hidden}", '<path d="M1 0h9"/>', [1]),
        (".a{display:none}.a{display:inline}", '<path class="a" d="M1 0h9"/>', [1]),
        (".a{display:none}", '<path class="a" style="display:inline" d="M1 0h9"/>', [1]),
        (".a{display:none!important}", '<path class="a" style="display:inline" d="M1 0h9"/>', []),
        (".a{display:inline}", '<path class="a" display="none" d="M1 0h9"/>', [1]),
        # where and how
        (".a{transform: translate(4px, 0)}", '<path class="a" d="M1 0h9"/>', [5]),
        (".a{transform:translate(4)}", '<path class="a" transform="scale(9)" d="M1 0h9"/>', [5]),
        (".a{transform:scale(2);transform-origin:3px 0}", '<path class="a" d="M1 0h9"/>', [-1]),
        ("@media screen{.a{display:none}}", '<path class="a" d="M1 0h9"/>', []),
        ("@media print{.a{display:none}}", '<path class="a" d="M1 0h9"/>', [1]),
        # combinators and attributes
        ("g > .a{display:none}", '<g><path class="a" d="M1 0h9"/></g>', []),
        ("g > .a{display:none}", '<g><a><path class="a" d="M1 0h9"/></a></g>', [1]),
        ("g .a{display:none}", '<g><a><path class="a" d="M1 0h9"/></a></g>', []),
        ("rect ~ g path{display:none}", '<rect/><a/><g><path d="M1 0h9"/></g>', []),
        ('[d^="M1 "]{display:none}', '<path d="M1 0h9"/>', []),
        # what is not understood takes nothing away
        (".a:foo(1){display:none}", '<path class="a" fill="none" d="M1 0h9"/>', [1]),
        ("{{{((", '<path class="a" d="M1 0h9"/>', [1]),
        ("(" * 5000, '<path class="a" d="M1 0h9"/>', [1]),
    ],
)  # fmt: skip
def test_style_sheets(css, body, seen):
    for style in (
        f"<style>{css.replace('>', '&gt;')}</style>",
        f"<style><![CDATA[{css}]]></style>",
    ):
        found = strokes(f'{style}{body}<path style="" d="M100 0h1"/>')
        assert [stroke[0][0] for stroke in found if stroke[0][0] < 100] == seen


def test_style_sheets_are_bounded(monkeypatch):
    body = f"<style>{'*{display:none}' * 20}</style>" + '<path d="M1 0h9"/>' * 5
    with pytest.raises(BadFileError, match="no strokes"):
        strokes(body)
    monkeypatch.setattr(svg_style, "MAX_MATCHES", 50)
    assert len(strokes(body)) == 5
    monkeypatch.undo()
    monkeypatch.setattr(svg_style, "MAX_RULES", 19)
    assert len(strokes(body)) == 5


def test_round_shapes_are_followed():
    for body, radii in (
        ('<circle cx="3" cy="4" r="10"/>', (10, 10)),
        ('<ellipse cx="3" cy="4" rx="10" ry="5"/>', (10, 5)),
        ('<rect x="-7" y="-1" width="20" height="10" rx="10" ry="5"/>', (10, 5)),
    ):
        (stroke,) = read_svg(svg(body), "x.svg").strokes
        assert np.abs(np.hypot(*((stroke - (3, 4)) / radii).T) - 1).max() < 0.01
        assert np.allclose(stroke[0], stroke[-1])
    (smooth,) = read_svg(svg('<path d="M0 0q5 10 10 0t10 0"/>'), "x.svg").strokes
    assert smooth[:, 1].max() == pytest.approx(5, abs=0.01) == -smooth[:, 1].min()
    (smooth,) = read_svg(svg('<path d="M0 0c0 4 4 4 4 0s4 -4 4 0"/>'), "x.svg").strokes
    assert smooth[:, 1].max() == pytest.approx(3, abs=0.02) == -smooth[:, 1].min()


@pytest.mark.parametrize(
    ("smooth", "plain"),
    [
        ("Q5 10 10 0T20 0", "Q5 10 10 0Q15 -10 20 0"),
        ("C1 5 5 10 10 0S20 5 30 0", "C1 5 5 10 10 0C15 -10 20 5 30 0"),
        ("q5 10 10 0s10 5 20 0", "q5 10 10 0c0 0 10 5 20 0"),  # no mirror of another kind
        ("q5 1e1 10 0t1e1 0s10 5 20 0", "q5 10 10 0q5 -10 10 0c0 0 10 5 20 0"),
        ("c1 5 5 10 10 0t10 5s1 2 9 9", "c1 5 5 10 10 0q0 0 10 5c0 0 1 2 9 9"),
        ("a5 5 0 0110 0s10 5 20 0", "a5 5 0 0 1 10 0c0 0 10 5 20 0"),
    ],
)
def test_smooth_curves_mirror_the_control_of_their_own_kind(smooth, plain):
    (ours,), (wanted,) = (strokes(f'<path d="M0 0{data}"/>') for data in (smooth, plain))
    assert np.allclose(ours, wanted)


def test_units_are_those_of_the_screen():
    data = (
        b'<svg width="10mm" height="20mm" viewBox="5 5 100 200"><path d="M5 5h100"/>'
        b"<text>hello</text></svg>"
    )
    drawing = read_svg(data, "x.svg")
    assert drawing.bounds == pytest.approx((0, 0, 960 / 25.4, 0))
    assert drawing.metadata == {
        "source": "x.svg",
        "box": pytest.approx(1920 / 25.4),
        "ignored": "text",
    }


def test_work_is_bounded():
    lines = "".join(
        f'<g id="a{n}"><use href="#a{n + 1}"/><use href="#a{n + 1}"/></g>' for n in range(40)
    )
    with pytest.raises(BadFileError, match="more than 200,000 elements"):
        read_svg(svg(lines + '<path id="a40" d="M0 0h1"/>'), "x.svg")
    for cycle in (
        '<g id="a"><use href="#a"/></g>',
        '<use id="a" href="#b"/><use id="b" href="#a"/>',
        '<symbol id="a"><use href="#a"/></symbol><use href="#a"/>',
    ):
        with pytest.raises(BadFileError, match="uses itself"):
            read_svg(svg(cycle), "x.svg")
    with pytest.raises(BadFileError, match="deep"):
        read_svg(svg("<g>" * 1000 + "</g>" * 1000), "x.svg")
    with pytest.raises(BadFileError, match="uses another file"):
        read_svg(svg('<use href="other.svg#a"/><path d="M0 0h1"/>'), "x.svg")


def test_a_million_points_are_too_many(monkeypatch):
    for module in ("svg", "svg_tree"):
        monkeypatch.setattr(f"sketchrnn.sources.{module}.MAX_POINTS", 500)
    assert strokes('<path d="M0 0' + "h1" * 400 + '"/>')
    for body in (
        '<path d="M0 0' + "h1" * 1100 + '"/>',
        '<path d="M0 0h1v1h1v1"/>' * 200,
        '<path id="a" d="M0 0' + "h1" * 300 + '"/><use href="#a"/>',
        '<circle r="9"/>' * 20,
    ):
        with pytest.raises(BadFileError, match="more than 500 points"):
            strokes(body)


def test_prefixed_names_are_the_same_elements():
    data = b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:path d="M0 0h9"/></s:svg>'
    assert read_svg(data, "x.svg").bounds == (0, 0, 9, 0)


def test_arcs_and_quadratic_curves_are_followed():
    circle = read_svg(svg('<path d="M10 0A10 10 0 0 1 -10 0A10 10 0 0 1 10 0"/>'), "x.svg")
    radius = np.hypot(*circle.strokes[0].T)
    assert np.abs(radius - 10).max() < 20 / 1000
    assert math.isclose(circle.bounds[3], 10, abs_tol=0.02)
    (parabola,) = read_svg(svg('<path d="M0 0Q5 10 10 0"/>'), "x.svg").strokes
    expected = parabola[:, 0] * (10 - parabola[:, 0]) / 5
    assert np.allclose(parabola[:, 1], expected)


def test_size_in_units_does_not_change_the_number_of_points():
    one = read_svg(svg('<path d="M0 0C0 1 1 1 1 0"/>'), "x.svg")
    huge = read_svg(svg('<path d="M0 0C0 1e9 1e9 1e9 1e9 0"/>'), "x.svg")
    tiny = read_svg(svg('<path d="M0 0C0 1e-9 1e-9 1e-9 1e-9 0"/>'), "x.svg")
    assert one.num_points == huge.num_points == tiny.num_points > 10


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "no strokes"),
        ('<text>hello</text><image href="a.png"/>', "has no strokes, only pictures, text"),
        ('<rect width="3"/><use href="#a"/>', "has no strokes"),
        ('<path d="M0 0L nan 3"/>', "cannot be read"),
        ('<path d="M0 0L 1e999 3"/>', "NaN or infinite"),
        ('<path d="M0 0C 1e300 0 5 5 6 1e308L -1e308 4"/>', "too large"),
        ('<path d="hello"/>', "cannot be read"),
        (f'<path d="M0 0h1{"z" * 200}"/>', "closes more than"),
    ],
)
def test_what_draws_nothing_readable(body, problem):
    with pytest.raises(BadFileError, match=problem) as caught:
        read_svg(svg(body), "x.svg")
    assert str(caught.value).startswith("x.svg: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"hello", "is not XML"),
        (b"<html/>", "not SVG"),
        (b'<!DOCTYPE svg [<!ENTITY a SYSTEM "x.txt">]><svg><path d="M0 0h1"/></svg>', "entity"),
    ],
)
def test_what_is_no_svg(data, problem):
    with pytest.raises(BadFileError, match=problem):
        read_svg(data, "x.svg")


points = st.lists(
    st.tuples(*[st.integers(-1000, 1000).map(lambda n: n / 4)] * 2), min_size=1, max_size=6
)


@given(st.lists(points, min_size=1, max_size=4))
def test_polylines_round_trip(lines):
    body = "".join(
        '<path d="M'
        + " L".join(f"{x} {y}" for x, y in line)
        + ("z" if len(line) == 1 else "")
        + '"/>'
        for line in lines
    )
    drawing = read_svg(svg(body), "x.svg")
    expected = [line if any(point != line[0] for point in line) else line[:1] for line in lines]
    assert drawing == Drawing(expected)


def test_a_file_a_folder_and_standard_input(tmp_path, monkeypatch):
    (tmp_path / "b.svg").write_bytes(svg('<path d="M0 0h2"/>'))
    (tmp_path / "a.svg").write_bytes(svg('<path d="M0 0h1"/>'))
    assert read(tmp_path / "a.svg") == Drawing([[(0, 0), (1, 0)]])
    assert [drawing.bounds[2] for drawing in read_all(tmp_path)] == [1, 2]
    assert open_source(tmp_path).fit == "longer_side"
    (tmp_path / "c.svg").write_bytes(b"<svg/>")
    with pytest.raises(BadFileError, match=r"c\.svg: has no strokes"):
        list(read_all(tmp_path))


@given(
    st.lists(
        st.lists(
            st.tuples(*[st.floats(0, 256).map(lambda n: round(n, 3))] * 2), min_size=1, max_size=6
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
    st.sampled_from([None, "#ffffff", "#123456"]),
)
def test_a_drawing_written_as_svg_by_us_and_read_again_is_the_same(lines, by_order, background):
    lines = [line if len(set(line)) > 1 else line[:1] for line in lines]  # dots come as one point
    drawing = Drawing(lines)
    text = drawing_to_svg(
        drawing, fit="none", precision=12, color_by_order=by_order, background=background
    )
    assert read_svg(text.encode(), "own.svg") == drawing


def test_our_own_pictures_are_read_back(tmp_path):
    drawing = Drawing([[(0, 0), (200, 0), (100, 100)], [(50, 50)], [(10, 90), (20, 90)]])
    path = drawing.save(tmp_path / "own.svg", fit="none")
    back = read(path)
    assert len(back.strokes) == 3
    for ours, read_back in zip(drawing.strokes, back.strokes, strict=True):
        assert np.allclose(ours[[0, -1]], read_back[[0, -1]], atol=0.1)


PAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="60" {}>{}</svg>'


@pytest.mark.parametrize(
    "unseen",
    [
        '<polygon fill="#FFFFFF" points="0 0 100 0 100 60 0 60"/>',
        '<path fill="white" d="M0 0H100V60H0Z"/>',
        '<path fill="rgb(255, 255, 255)" d="M5 5h9v9z"/>',
        '<path stroke="#fff" fill="none" d="M5 5h9v9z"/>',
        '<path stroke="red" fill="none" stroke-width="0" d="M5 5h9v9z"/>',
        '<path stroke="red" fill="none" stroke-opacity="0%" d="M5 5h9v9z"/>',
        '<path stroke="transparent" fill="none" d="M5 5h9v9z"/>',
        '<path style="fill:rgba(0,0,0,0)" d="M5 5h9v9z"/>',
        '<g opacity=".05"><path opacity=".1" d="M5 5h9v9z"/></g>',
        '<g style="display : none  ! important"><path d="M5 5h9v9z"/></g>',
        '<rect width="100" height="60" fill="#123"/><path stroke="#123" fill="none" d="M5 5h9"/>',
    ],
)
def test_what_has_no_paint_of_its_own_is_not_seen(unseen):
    body = unseen + '<path d="M20 30H80" fill="none" stroke="#f0f"/>'
    (stroke,) = read_svg(PAGE.format("", body).encode(), "x.svg").strokes
    assert stroke.tolist() == [[20, 30], [80, 30]]


def test_white_on_a_dark_area_is_seen():
    body = '<rect width="50" height="50" fill="#000"/><path d="M5 5h9" fill="none" stroke="#fff"/>'
    assert len(read_svg(PAGE.format("", body).encode(), "x.svg").strokes) == 2


def test_a_page_is_kept_and_what_lies_outside_it_is_cut():
    body = '<path d="M-10 10H110M200 5h9M90 30H110V40H90" stroke="red" fill="none"/>'
    drawing = read_svg(PAGE.format("", body).encode(), "x.svg")
    found = [stroke.round(3).tolist() for stroke in drawing.strokes]
    assert found == [[[0, 10], [100, 10]], [[90, 30], [100, 30]], [[100, 40], [90, 40]]]
    assert drawing.metadata["box"] == 100
    assert drawing.metadata["ignored"] == "what lies outside the page"
    with pytest.raises(BadFileError, match="on its page"):
        read_svg(PAGE.format("", '<path d="M200 5h9"/>').encode(), "x.svg")


def test_masks_outlines_and_fonts_are_named():
    body = '<path d="M10 20C10 14 90 14 90 20C90 26 10 26 10 20Z" clip-path="url(#a)"/>'
    notes = read_svg(PAGE.format("", body).encode(), "x.svg").metadata
    assert notes["outlines"] == 1 and notes["ignored"] == "clip paths"
    font = '<defs><font><glyph unicode="L" d="M1 7L1 0"/><glyph d="M1 7"/></font></defs>'
    with pytest.raises(BadFileError, match="SVG font of 2 glyphs"):
        read_svg(svg(font), "x.svg")
