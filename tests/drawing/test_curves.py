"""Smooth curves: within the tolerance everywhere, smooth where they should be, corners kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.drawing.bezier_fit import corners, fit_curve, flatten_curve

ANGLES = np.linspace(0, 2 * np.pi, 17)
CIRCLE = np.column_stack([50 * np.cos(ANGLES), 50 * np.sin(ANGLES)])
CIRCLE[-1] = CIRCLE[0]
BULGE = 50 * (1 - np.cos(np.pi / 16))  # of the circle beyond its polygon


def distances(points, polyline):
    """The distance of each point (n, 2) from a polyline, the plain way."""
    start, along = polyline[:-1], np.diff(polyline, axis=0)
    lengths = np.maximum((along * along).sum(axis=1), 1e-300)
    away = points[:, None] - start
    t = np.clip((away * along).sum(axis=2) / lengths, 0, 1)[..., None]
    return np.hypot(*np.moveaxis(away - t * along, 2, 0)).min(axis=1)


def dense(polyline, count=40):
    t = np.linspace(0, 1, count)[:, None, None]
    return (polyline[:-1] * (1 - t) + polyline[1:] * t).reshape(-1, 2)


def on_curve(curve, count=40):
    """Points of a curve (k, 4, 2), the plain way."""
    t = np.linspace(0, 1, count)[:, None, None]
    a, b, c, d = (curve[:, i] for i in range(4))
    points = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
    return np.moveaxis(points, 0, 1).reshape(-1, 2)


def check(stroke, tolerance):
    curve = fit_curve(stroke, tolerance)
    assert curve.shape[1:] == (4, 2)
    assert np.isfinite(curve).all()
    assert (curve[0, 0] == stroke[0]).all()
    assert (curve[-1, 3] == stroke[-1]).all()
    assert (curve[1:, 0] == curve[:-1, 3]).all()
    size = np.abs(stroke).max() + 1e-300
    slack = tolerance * 1e-9 + size * 1e-9
    assert distances(on_curve(curve), stroke).max() <= tolerance + slack
    # the other way round a polyline through the curve stands for it, and cuts its bends a little
    fine = on_curve(curve, 24)
    cut = np.hypot(*np.diff(fine, axis=0).T).max() / 2
    assert distances(dense(stroke, 8), fine).max() <= tolerance + slack + min(cut, 0.02 * tolerance)
    return curve


coordinate = st.floats(-300, 300, allow_nan=False, width=32)
stroke = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=12)


@settings(max_examples=60)
@given(stroke, st.sampled_from([0.05, 0.5, 2.0, 20.0, 500.0]))
@example([(0.0, 3.0), (1.0, 0.0), (1.0, 2.220446049250313e-16), (0.0, 0.0)], 0.05)
def test_curve_and_stroke_stay_within_the_tolerance_of_one_another(points, tolerance):
    check(np.array(points), tolerance)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 1.0, 3.0]))
def test_the_same_for_strokes_as_hands_draw_them(seed, tolerance):
    generator = np.random.default_rng(seed)
    turns = np.cumsum(generator.normal(0, 0.6, 14))
    steps = generator.uniform(1, 30, 14)
    walk = np.cumsum(np.column_stack([steps * np.cos(turns), steps * np.sin(turns)]), axis=0)
    check(walk, tolerance)


def test_the_check_can_fail():
    curve = fit_curve(CIRCLE, 1.0)
    assert distances(on_curve(curve), CIRCLE).max() > 0.3


def test_a_polygon_of_a_circle_becomes_round():
    curve = check(CIRCLE, 1.01 * BULGE)
    assert len(curve) <= 6
    radius = np.hypot(*on_curve(curve).T)
    assert 50 - BULGE < radius.min() < radius.max() < 50 + BULGE
    # smooth at every joint, the seam included
    leave = curve[:, 3] - curve[:, 2]
    arrive = np.roll(curve[:, 1] - curve[:, 0], -1, axis=0)
    cross = leave[:, 0] * arrive[:, 1] - leave[:, 1] * arrive[:, 0]
    assert np.abs(cross / np.hypot(*leave.T) / np.hypot(*arrive.T)).max() < 1e-6


def test_corners_stay_corners():
    square = np.array([(0, 0), (60, 0), (60, 60), (0, 60.0)])
    curve = check(square, 2)
    assert curve[:, 3].tolist() == square[1:].tolist()
    assert distances(on_curve(curve), square).max() < 1e-9
    assert corners(square, 2).tolist() == [False, True, True, False]


def test_a_sharp_bend_within_the_tolerance_is_no_corner():
    hook = np.array([(0, 0), (60, 0), (60.4, 0.4), (60, 0.8), (0, 20.0)])
    assert not corners(hook, 2).any()
    assert corners(hook * 100, 2).any()


def test_fewer_segments_with_a_larger_tolerance():
    t = np.linspace(0, 4 * np.pi, 60)
    wave = np.column_stack([20 * t, 30 * np.sin(t)])
    few, some, many = (len(check(wave, tolerance)) for tolerance in (5, 0.5, 0.05))
    assert few < some < many


def test_straight_strokes_stay_straight():
    line = np.array([(0, 0), (3, 4), (6, 8), (30, 40.0)])
    expected = [[(0, 0), (10, 40 / 3), (20, 80 / 3), (30, 40)]]
    assert np.allclose(fit_curve(line, 0.5), expected, rtol=1e-12)


@pytest.mark.parametrize("dot", [[(3, 4)], [(3, 4), (3, 4)]])
def test_a_dot_is_a_segment_that_goes_nowhere(dot):
    assert fit_curve(np.array(dot, dtype=float), 1).tolist() == [[[3, 4]] * 4]


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e150])
def test_the_unit_does_not_matter(scale):
    curve = fit_curve(CIRCLE * scale, 2 * scale)
    assert np.allclose(curve / scale, fit_curve(CIRCLE, 2), atol=1e-4)


def test_repeated_points_are_nothing_new():
    assert np.array_equal(fit_curve(np.repeat(CIRCLE, 2, axis=0), 2), fit_curve(CIRCLE, 2))


def test_a_flat_curve_follows_it():
    curve = fit_curve(CIRCLE, 2)
    assert distances(on_curve(curve), flatten_curve(curve, 0.01)).max() <= 0.01


@pytest.mark.parametrize("tolerance", [0, -1, float("nan"), float("inf")])
def test_a_tolerance_is_above_0(tolerance):
    with pytest.raises(BadSettingError, match="tolerance"):
        fit_curve(CIRCLE, tolerance)


def test_the_strokes_of_real_hands(shared_data):
    import sketchrnn as sr

    drawings = sr.read_all(shared_data / "quickdraw/simplified/shoe.ndjson")
    for drawing, _ in zip(drawings, range(12), strict=False):
        assert isinstance(drawing, Drawing)
        for points in drawing.strokes:
            check(points, 2.0)
