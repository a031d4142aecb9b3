"""Styles: what is accepted, what is refused, and what holds by default."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.render import Style, drawing_to_svg, gallery
from sketchrnn.render.color import is_dark, mix, order_ramp, parse_color


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stroke_widht": 2}, "did you mean stroke_width"),
        ({"colour": "red"}, "did you mean color"),
        ({"zzz": 1}, "there are size, margin"),
        ({"size": 0}, "width is 0"),
        ({"size": (10, -1)}, "height is -1"),
        ({"size": (10, 10, 10)}, "must be .width, height."),
        ({"size": "256x256"}, "must be .width, height."),
        ({"size": (float("inf"), 10)}, "width is inf"),
        ({"margin": 128}, "leaves no room"),
        ({"margin": -1}, "margin is -1"),
        ({"stroke_width": 0}, "stroke_width is 0"),
        ({"scale": "2"}, "scale is '2'"),
        ({"precision": 1.5}, "precision is 1.5"),
        ({"precision": -1}, "precision is -1"),
        ({"precision": True}, "precision is True"),
        ({"fit": "cover"}, "use one of auto"),
        ({"color": "#12345"}, "not a colour"),
        ({"color": "bluu"}, "not a colour"),
        ({"background": 'red"/><script>'}, "not a colour"),
        ({"color": 7}, "not a colour"),
    ],
)
def test_bad_styles_are_named(options, message):
    with pytest.raises(BadSettingError, match=message):
        Style.of(options)


def test_a_single_size_is_a_square_and_two_are_taken_in_any_sequence():
    assert Style(size=64).size == (64, 64)
    assert Style(size=[64, 32]).size == (64, 32)


def test_the_ink_contrasts_with_the_paper():
    assert is_dark(Style(background="white").ink)
    assert is_dark(Style(background=None).ink)
    assert not is_dark(Style(background="#202020").ink)
    assert Style(background="#202020", color="navy").ink == "navy"


def test_a_style_reaches_the_page():
    svg = drawing_to_svg(
        Drawing([[(0, 0), (1, 1)]]), size=(300, 200), color="tomato", background="#ffe", margin=20
    )
    assert 'width="300px"' in svg
    assert 'height="200px"' in svg
    assert 'stroke="tomato"' in svg
    assert 'fill="#ffe"' in svg
    assert "M70,20L230,180" in svg
    assert "<rect" not in drawing_to_svg(Drawing([]), background=None)


def test_a_gallery_takes_the_same_styles():
    assert gallery([], size=50, columns=3).to_svg()
    with pytest.raises(BadSettingError, match="did you mean margin"):
        gallery([], margins=3)


def test_the_ramp_grows_lighter_step_by_step():
    def lightness(color: str) -> float:
        red, green, blue = parse_color(color)
        return 0.299 * red + 0.587 * green + 0.114 * blue

    for on_dark in (False, True):
        steps = [lightness(color) for color in order_ramp(12, on_dark)]
        assert steps == sorted(steps)
        assert steps[-1] - steps[0] > 80
    assert max(lightness(color) for color in order_ramp(12)) < 190  # to be seen on white
    assert min(lightness(color) for color in order_ramp(12, True)) > 90  # and on black
    assert order_ramp(0) == []
    assert len(order_ramp(1)) == 1


def test_colours_are_read_and_mixed():
    assert parse_color(" #FFF ") == (255, 255, 255)
    assert parse_color("Navy") == (0, 0, 128)
    assert mix("black", "white", 1) == "#000000"


def test_what_a_model_drew_has_a_colour_of_its_own():
    from sketchrnn.render.placement import Cell, place

    look = Style.of({"ending_color": "red", "color": "black"})
    drawing = Drawing([[(0, 0), (1, 1)], [(2, 0), (3, 3), (4, 4)], [(5, 5), (6, 6)]])

    def colors(given):
        (picture,) = place([drawing.with_metadata(given=given)], [Cell(0, 0, 256, 256)], look)
        return list(picture.colors or ()), [len(stroke) for stroke in picture.strokes]

    assert colors(None) == ([], [2, 3, 2])
    assert colors(2) == (["black", "red", "red"], [2, 3, 2])
    assert colors(4) == (["black", "black", "red", "red"], [2, 2, 2, 2])
    assert colors(7) == (["black"] * 3, [2, 3, 2])
    assert colors(99) == (["black"] * 3, [2, 3, 2])
