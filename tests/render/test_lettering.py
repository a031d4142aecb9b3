"""Text: estimates that hold for real fonts, cutting, breaking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.render.text_metrics import (
    CJK_FONTS,
    LATIN_FONTS,
    clean,
    fonts,
    shorten,
    text_width,
    wrap,
)


@pytest.mark.parametrize(
    "text",
    ["temperature 0.4", "A HIPPOPOTAMUS", "reconstruction", "0123456789", "Österreich"],
)
def test_estimates_are_near_a_real_font(text):
    from PIL import ImageFont

    font = ImageFont.load_default(100)
    assert 0.9 < text_width(text, 100) / font.getlength(text) < 1.35


@given(st.text(), st.floats(5, 200))
def test_shortened_text_fits(text, width):
    short = shorten(text, 10, width)
    assert short == text or text_width(short, 10) <= max(width, text_width("…", 10))


@given(st.text(), st.floats(20, 200))
def test_wrapped_lines_fit_and_keep_the_words(text, width):
    lines = wrap(text, 10, width)
    assert all(text_width(line, 10) <= width for line in lines)
    if not any("…" in line for line in lines):
        assert " ".join(lines).split() == text.split()


@given(st.text(st.characters()))
def test_cleaned_text_is_one_line_of_xml(text):
    from xml.etree import ElementTree as ET

    element = ET.Element("a")
    element.text = clean(text)
    assert (ET.fromstring(ET.tostring(element, "unicode")).text or "") == clean(text)
    assert "\n" not in clean(text)


def test_chinese_asks_for_a_font_that_has_it():
    assert fonts("cat") == LATIN_FONTS
    assert fonts("猫 cat") == CJK_FONTS
