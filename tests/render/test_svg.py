"""SVG: golden pictures, numbers, escaping, and reading back what was written."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing
from sketchrnn.drawing.geometry import fit_transform
from sketchrnn.render import drawing_to_svg, gallery
from sketchrnn.render.svg import format_number, path_data

SVG = "{http://www.w3.org/2000/svg}"


def test_one_drawing_is_as_it_was(face, golden):
    golden("render-face.svg", drawing_to_svg(face))


def test_colour_by_order_is_as_it_was(face, golden):
    golden(
        "render-face-by-order.svg",
        drawing_to_svg(face, color_by_order=True, size=(120, 80), background=None, precision=1),
    )


def test_a_gallery_is_as_it_was(face, golden):
    dash = Drawing([[(0, 0), (20, 0)]], category="dash")
    page = gallery(
        [[face, dash], [dash, None, face]],
        title='Faces & dashes <at "0.4">',
        captions=["face", "dash", "一", None, "a caption that is far too long"],
        row_labels=["original", "reconstruction"],
        grid=True,
        recipe={"model": "kanji", "seed": 7, "temperature": 0.4},
    )
    golden("render-gallery.svg", page.to_svg())


def test_the_comparison_can_fail(face, golden):
    nudged = [stroke + 0.01 * (i == 3) for i, stroke in enumerate(face.strokes)]
    with pytest.raises(AssertionError, match=r"render-face\.svg"):
        golden("render-face.svg", drawing_to_svg(Drawing(nudged, "face"), precision=3))
    with pytest.raises(AssertionError, match=r"render-face\.svg"):
        golden("render-face.svg", drawing_to_svg(Drawing(face.strokes[:-1], "face")))
    with pytest.raises(AssertionError, match=r"render-face\.svg"):
        golden("render-face.svg", drawing_to_svg(face, stroke_width=2))


def test_the_same_drawing_gives_the_same_text(face):
    assert drawing_to_svg(face) == drawing_to_svg(face)
    assert drawing_to_svg(face) == face._repr_svg_()


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (-0.001, 2, "0"),
        (-0.0, 0, "0"),
        (12.50, 2, "12.5"),
        (12.999, 2, "13"),
        (100, 0, "100"),
        (1234567.125, 3, "1234567.125"),
        (0.1 + 0.2, 12, "0.3"),
    ],
)
def test_numbers_are_short_and_never_minus_zero(value, precision, text):
    assert format_number(value, precision) == text


@pytest.mark.parametrize("precision", [0, 1, 5])
def test_precision_is_the_callers(face, strokes_of, precision):
    svg = drawing_to_svg(face, precision=precision)
    numbers = np.concatenate(strokes_of(svg)).ravel()
    assert (np.round(numbers, precision) == numbers).all()
    if precision:
        assert (np.round(numbers, precision - 1) != numbers).any()


def test_minus_zero_is_never_printed(strokes_of):
    svg = drawing_to_svg(Drawing([[(-0.001, -0.0), (5, -0.004)]]), fit="none")
    assert "-0" not in svg
    assert strokes_of(svg)[0].tolist() == [[0, 0], [5, 0]]


def test_a_point_alone_gets_a_line_to_itself():
    assert path_data([(1.5, 2.0)]) == "M1.5,2L1.5,2"


def test_strokes_stay_subpaths_in_writing_order_and_dots_are_wider(face):
    root = ET.fromstring(drawing_to_svg(face, stroke_width=2))
    (drawing,) = (g for g in root.iter(f"{SVG}g") if g.attrib["class"] == "drawing")
    runs = [(path.attrib["d"].count("M"), path.get("stroke-width")) for path in drawing]
    assert runs == [(1, None), (2, "3"), (2, None)]
    (pen,) = (g for g in root.iter(f"{SVG}g") if g.attrib["class"] == "drawings")
    assert pen.attrib["stroke-width"] == "2"
    assert pen.attrib["stroke-linecap"] == pen.attrib["stroke-linejoin"] == "round"


def test_what_rounding_makes_a_dot_is_drawn_as_one(strokes_of):
    speck = Drawing([[(0, 0), (100, 0)], [(50, 50), (50, 50.001)]])
    svg = drawing_to_svg(speck, stroke_width=2)
    assert 'stroke-width="3"' in svg
    assert [len(stroke) for stroke in strokes_of(svg)] == [2, 2]


def test_colours_by_order_are_one_a_stroke_and_never_the_same(face):
    root = ET.fromstring(drawing_to_svg(face, color_by_order=True))
    colors = [path.attrib["stroke"] for path in root.iter(f"{SVG}path")]
    assert len(set(colors)) == len(face.strokes)


def test_degenerate_drawings_are_valid_and_on_the_page(degenerate, strokes_of):
    strokes = strokes_of(drawing_to_svg(degenerate))
    assert len(strokes) == len(degenerate.strokes)
    for stroke in strokes:
        assert (stroke >= 16).all()
        assert (stroke <= 240).all()


def test_tiny_drawings_far_away_fill_the_page_too(strokes_of):
    for far, side in ((1e6, 1e-3), (1e15, 0.5)):
        (stroke,) = strokes_of(drawing_to_svg(Drawing([[(far, far), (far + side, far)]])))
        assert stroke.tolist() == [[16, 128], [240, 128]]


def test_coordinates_that_no_float_can_hold_are_refused():
    with pytest.raises(BadDrawingError, match="too far apart"):
        drawing_to_svg(Drawing([[(-1e308, 0), (1e308, 0)]]))


def test_titles_are_escaped():
    title = "Tom & Jerry <cat> \"0.4\" 'é' 猫"
    root = ET.fromstring(gallery([], title=title).to_svg())
    assert root.find(f"{SVG}title").text == title
    assert [text.text for text in root.iter(f"{SVG}text")] == [title]
    named = ET.fromstring(drawing_to_svg(Drawing([], category="<&>")))
    assert named.find(f"{SVG}title").text == "<&>"


def test_what_xml_cannot_hold_is_left_out():
    root = ET.fromstring(gallery([], title="a\x00b\ud800c\n d").to_svg())
    assert root.find(f"{SVG}title").text == "abc d"


def test_the_recipe_is_json_in_the_metadata():
    recipe = {"model": "<kanji>", "seed": np.int64(7), "tau": 0.4, "classes": ["猫"]}
    root = ET.fromstring(gallery([], recipe=recipe).to_svg())
    assert json.loads(root.find(f"{SVG}metadata").text) == {**recipe, "seed": 7}


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_a_recipe_that_is_not_json_is_refused(value):
    with pytest.raises(BadSettingError, match="JSON"):
        gallery([], recipe={"model": value}).to_svg()


points = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.just(2)),
    elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 6)),
)


@given(st.lists(points, max_size=5), st.integers(0, 6), st.booleans())
def test_what_is_written_is_read_back_up_to_transform_and_precision(strokes, precision, by_order):
    from svgelements import SVG as READER
    from svgelements import Line, Move, Path

    svg = drawing_to_svg(Drawing(strokes), precision=precision, color_by_order=by_order)
    read: list[list[tuple[float, float]]] = []
    for path in READER.parse(io.StringIO(svg)).elements(lambda element: isinstance(element, Path)):
        if path.values.get("tag") != "path":
            continue  # the background
        for piece in path:
            if isinstance(piece, Move):
                read.append([(piece.end.x, piece.end.y)])
            else:
                assert isinstance(piece, Line)
                read[-1].append((piece.end.x, piece.end.y))
    assert len(read) == len(strokes)
    if not strokes:
        return
    box = Drawing(strokes).bounds
    scale, shift_x, shift_y = fit_transform(box, (256, 256), 16)
    # half of the last decimal, and what a float loses of a number as large as the coordinates
    tolerance = 0.5 * 10.0**-precision + 1e-9 + 1e-14 * scale * max(map(abs, box))
    for stroke, back in zip(strokes, read, strict=True):
        expected = stroke * scale + (shift_x, shift_y)
        if len(stroke) == 1:
            expected = np.repeat(expected, 2, axis=0)
        np.testing.assert_allclose(np.array(back), expected, rtol=0, atol=tolerance)
