"""Histograms: bars stand for the counts, whoever paints them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.histogram import Panel, histograms, ticks

BAR = "#3565b0"


def bars(svg: str) -> list[float]:
    """The heights of the bars, from left to right."""
    return [
        float(element.get("height", 0))
        for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
        if element.get("fill") == BAR
    ]


def test_heights_are_in_proportion():
    svg = histograms([Panel("lengths", {1: 10, 2: 20, 4: 40})], "steps").to_svg()
    heights = bars(svg)
    assert len(heights) == 3
    np.testing.assert_allclose(np.array(heights) / heights[0], [1, 2, 4], atol=0.01)


def test_the_few_that_are_far_longer_are_told_not_drawn():
    counts = {10: 500, 20: 500, 9000: 2}
    svg = histograms([Panel("lengths", counts, mark=(15, "limit 15"))], "steps").to_svg()
    assert "2 of 1,002 are longer, up to 9,000" in svg
    assert "limit 15" in svg
    assert len(bars(svg)) == 2


def test_nothing_and_a_single_zero_have_plots():
    assert "nothing to show" in histograms([Panel("none", {})], "steps").to_svg()
    assert len(bars(histograms([Panel("dots", {0: 3})], "steps").to_svg())) == 1
    with pytest.raises(BadSettingError):
        histograms([], "steps")


@given(st.dictionaries(st.integers(0, 5000), st.integers(1, 10**6), max_size=30))
def test_every_bar_lies_within_its_panel(counts):
    svg = histograms([Panel("any", counts)], "steps").to_svg()
    assert all(0 < height <= 150.01 for height in bars(svg))
    assert not re.search(r"nan|inf", svg.split("</style>")[-1].lower().replace("finite", ""))


@given(st.floats(0.001, 1e9))
def test_ticks_are_few_and_round(highest):
    marks = ticks(highest)
    assert marks[0] == 0
    assert marks[-1] >= highest
    assert len(marks) <= 8


def test_pillow_paints_bars_too(pixels, no_cairo):
    page = histograms([Panel("lengths", {1: 10, 2: 20})], "steps")
    image = pixels(page.to_png(note=lambda line: None))
    blue = (np.abs(image[..., :3] - np.array([0x35, 0x65, 0xB0])) < 3).all(axis=-1)
    assert blue.mean() > 0.1
