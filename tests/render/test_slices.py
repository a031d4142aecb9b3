"""The picture of trials: what stands where."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.sweep_chart import Axis, Shown, slices

AXES = [Axis("size", ("64", "128")), Axis("rate", low=1e-4, high=1e-2, log=True)]


def dots(svg, radius="4"):
    """Centre of each dot of a trial."""
    found = re.findall(rf'<circle cx="([\d.]+)" cy="([\d.]+)" r="{radius}" fill="\S+" opacity', svg)
    return [(float(x), float(y)) for x, y in found]


def test_values_stand_at_their_places_and_the_best_has_a_ring():
    svg = slices(AXES, [Shown("a", (0, 1e-4), 0.0), Shown("b", (1, 1e-3), 2.0)], score="loss")
    ElementTree.fromstring(svg)
    (b_size, a_size, b_rate, a_rate) = dots(svg)  # the best of each panel on top
    assert a_size[0] < b_size[0] and a_size[1] > b_size[1]
    assert b_rate[0] - a_rate[0] == pytest.approx((330 - 24) / 2, abs=0.11)
    assert svg.count('r="8"') == 2
    assert "the best, a: 0.0000" in svg


def test_who_failed_is_a_cross_and_who_is_far_off_an_arrow():
    usual = [Shown(f"t{k}", (k % 2, 1e-3), k / 100) for k in range(40)]
    svg = slices(
        AXES, [*usual, Shown("far", (0, 1e-3), 9e9), Shown("x", (1, 1e-2), None)], score="l"
    )
    ElementTree.fromstring(svg)
    assert svg.count("failed</title>") == 2
    assert svg.count("9l5 -9l5 9z") == 2
    assert all(0 <= y <= 200 for _, y in dots(svg))


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [Shown("a", (0, 1e-3, 0.1), None)],
        [Shown("a & <b>", (0, 1e-3, 0.1), 1.0, ((5.0, 1.0),))],
        [Shown("a", (0, 1e-3, 0.1), 1.0, ((5.0, float("nan")), (6.0, 1e300)))],
    ],
)
def test_little_and_odd_is_a_picture_too(trials):
    ElementTree.fromstring(slices([*AXES, Axis("scale", high=0.3)], trials, score="loss"))


def test_labels_that_do_not_fit_are_left_out():
    axis = Axis("seed", tuple(str(10**8 + k) for k in range(50)))
    svg = slices([axis], [], score="loss")
    assert 2 < len(re.findall(r">1000000\d\d<", svg)) <= 6


def test_without_settings_there_is_nothing_to_plot():
    with pytest.raises(BadSettingError, match="nothing to plot"):
        slices([], [], score="loss")
