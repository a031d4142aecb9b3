"""Simplifying, resampling, fitting, flattening: what they promise, for any strokes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError, Drawing, geometry, simplification

STROKES = st.lists(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=25),
    min_size=1,
    max_size=5,
).map(lambda strokes: [np.array(stroke, dtype=float) for stroke in strokes])


def distance(point, line):
    """The distance of a point from a polyline, by the definition."""
    best = np.inf
    ends = line[1:] if len(line) > 1 else line
    for a, b in zip(line, ends, strict=False):
        chord = b - a
        t = np.clip((point - a) @ chord / max(chord @ chord, 1e-300), 0, 1)
        best = min(best, np.hypot(*(point - a - t * chord)))
    return best


def recursive(points, epsilon):
    """Ramer-Douglas-Peucker as the textbook has it, distances to the segment."""
    if len(points) < 3:
        return points
    gaps = [distance(p, points[[0, -1]]) for p in points[1:-1]]
    peak = int(np.argmax(gaps)) + 1
    if gaps[peak - 1] <= epsilon:
        return points[[0, -1]]
    left, right = recursive(points[: peak + 1], epsilon), recursive(points[peak:], epsilon)
    return np.concatenate([left[:-1], right])


@settings(max_examples=40)
@given(STROKES, st.sampled_from([0.5, 2.0, 7.3]))
def test_simplify_equals_the_recursion(strokes, epsilon):
    for got, stroke in zip(geometry.simplify(strokes, epsilon), strokes, strict=True):
        assert np.array_equal(got, recursive(stroke, epsilon))


@settings(max_examples=40)
@given(STROKES, st.floats(0, 20))
def test_simplify_keeps_within_epsilon_and_is_idempotent(strokes, epsilon):
    simplified = geometry.simplify(strokes, epsilon)
    for got, stroke in zip(simplified, strokes, strict=True):
        assert np.array_equal(got[[0, -1]], stroke[[0, -1]])
        assert all(distance(point, got) <= epsilon + 1e-9 for point in stroke)
    again = geometry.simplify(simplified, epsilon)
    assert all(np.array_equal(a, b) for a, b in zip(simplified, again, strict=True))


def test_simplify_together_equals_one_by_one():
    rng = np.random.default_rng(0)
    strokes = [np.cumsum(rng.normal(size=(n, 2)), axis=0) for n in (1, 2, 3, 50, 400)]
    together = geometry.simplify(strokes, 0.8)
    for stroke, got in zip(strokes, together, strict=True):
        assert np.array_equal(geometry.simplify([stroke], 0.8)[0], got)
    assert len(together[-1]) < 200


def test_simplify_keeps_hooks_and_dots():
    hook = np.array([(0, 0), (10, 0), (5, 0)], dtype=float)  # beyond the end and back
    assert np.array_equal(geometry.simplify([hook], 2)[0], hook)
    for count in (1, 2, 3):
        dot = np.full((count, 2), 7.0)
        assert np.array_equal(geometry.simplify([dot], 5)[0][[0, -1]], dot[[0, -1]])
    assert geometry.simplify([], 1) == []


def test_simplify_does_not_recurse():
    zigzag = np.column_stack([np.arange(3001), np.arange(3001) % 2 * 100.0])
    assert len(geometry.simplify([zigzag], 0.1)[0]) == 3001


@pytest.mark.parametrize("epsilon", [-1, np.nan, np.inf])
def test_simplify_refuses(epsilon):
    with pytest.raises(BadSettingError, match="epsilon"):
        geometry.simplify([np.zeros((3, 2))], epsilon)


@settings(max_examples=40)
@given(STROKES, st.floats(0.3, 30))
def test_resample_spaces_points_evenly(strokes, spacing):
    for stroke in strokes:
        got = geometry.resample(stroke, spacing)
        length = np.hypot(*np.diff(stroke, axis=0).T).sum()
        assert np.array_equal(got[[0, -1]], stroke[[0, -1]])
        if length == 0:
            assert np.array_equal(got, stroke)
        else:
            assert len(got) == max(1, round(length / spacing)) + 1
            assert np.hypot(*np.diff(got, axis=0).T).max() <= length / (len(got) - 1) + 1e-9
            assert all(distance(point, stroke) < 1e-9 for point in got)


@pytest.mark.parametrize("spacing", [0, -1, np.nan, np.inf])
def test_resample_refuses(spacing):
    with pytest.raises(BadSettingError, match="spacing"):
        geometry.resample(np.zeros((3, 2)), spacing)


@given(STROKES, st.floats(1, 1000), st.floats(1, 1000), st.floats(0, 0.4))
def test_fit_fills_and_centres(strokes, width, height, share):
    margin = share * min(width, height)
    drawing = Drawing(strokes)
    x_min, y_min, x_max, y_max = drawing.fit((width, height), margin).bounds
    assert x_min + x_max == pytest.approx(width, abs=1e-6)
    assert y_min + y_max == pytest.approx(height, abs=1e-6)
    free_x, free_y = width - 2 * margin - (x_max - x_min), height - 2 * margin - (y_max - y_min)
    before = drawing.bounds
    if before[:2] != before[2:]:
        assert min(free_x, free_y) == pytest.approx(0, abs=1e-6)
        assert max(free_x, free_y) >= -1e-6


@pytest.mark.parametrize("size", [(0, 5), (-1, 5), (np.inf, 5), (np.nan, 5)])
def test_fit_refuses(size):
    with pytest.raises(BadSettingError, match="leaves no room"):
        Drawing([[(0, 0), (1, 1)]]).fit(size)
    with pytest.raises(BadSettingError, match="leaves no room"):
        Drawing([[(0, 0), (1, 1)]]).fit((10, 10), margin=5)


CONTROL = st.complex_numbers(max_magnitude=200, allow_nan=False, allow_infinity=False)


@settings(max_examples=40)
@given(CONTROL, CONTROL, CONTROL, CONTROL, st.sampled_from([0.05, 1.0]))
def test_flattened_curve_stays_within_tolerance(a, b, c, d, tolerance):
    line = geometry.flatten_cubic(a, b, c, d, tolerance)
    assert line[0].tolist() == [a.real, a.imag]
    assert line[-1].tolist() == [d.real, d.imag]
    t = np.linspace(0, 1, 60)
    curve = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    for z in curve:
        assert distance(np.array([z.real, z.imag]), line) <= tolerance * (1 + 1e-6) + 1e-9


def test_a_straight_curve_is_one_segment():
    assert len(geometry.flatten_cubic(0, 1, 2, 3, 0.01)) == 2
    assert len(geometry.flatten_cubic(5, 5, 5, 5, 0.01)) == 2


def test_walking_places_points_at_exact_steps_and_one_at_the_end():
    corner = np.array([(0.0, 0.0), (2.5, 0.0), (2.5, 1.0)])
    assert geometry.walk(corner, 1.0).tolist() == [[0, 0], [1, 0], [2, 0], [2.5, 0.5], [2.5, 1]]
    assert geometry.walk(corner, 50.0).tolist() == [[0, 0], [2.5, 1]]
    dot = np.array([(3.0, 4.0), (3.0, 4.0)])
    assert geometry.walk(dot, 1.0) is dot


def test_an_endless_line_loses_hooks_that_a_segment_keeps():
    hook = [np.array([(0.0, 0.0), (10.0, 0.0), (-5.0, 0.5), (4.0, 0.0)])]
    assert len(geometry.simplify(hook, 1.0)[0]) == 4
    assert len(geometry.simplify(hook, 1.0, endless=True)[0]) == 2
    loop = [np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 0.0)])]  # no line at all
    assert len(geometry.simplify(loop, 1.0, endless=True)[0]) == 4


def plain_simplify(points, epsilon):
    """Ramer, Douglas and Peucker as it is written down, point by point."""
    if len(points) < 3:
        return points
    (a_x, a_y), (b_x, b_y) = points[0], points[-1]
    chord_x, chord_y = b_x - a_x, b_y - a_y
    length = chord_x * chord_x + chord_y * chord_y
    distances = []
    for x, y in points[1:-1]:
        x, y = x - a_x, y - a_y
        along = (x * chord_x + y * chord_y) / length if length > 0 else 0.0
        along = min(max(along, 0.0), 1.0)
        x, y = x - along * chord_x, y - along * chord_y
        distances.append(x * x + y * y)
    if max(distances) <= epsilon * epsilon:
        return [points[0], points[-1]]
    middle = distances.index(max(distances)) + 1
    left = plain_simplify(points[: middle + 1], epsilon)
    return left[:-1] + plain_simplify(points[middle:], epsilon)


@pytest.mark.parametrize("size", [3, 10, 100, 129, 300, 1000])
def test_it_agrees_exactly_with_the_plain_algorithm(size):
    generator = np.random.default_rng(size)
    strokes = [np.cumsum(generator.normal(size=(size, 2)), axis=0) for _ in range(3)]
    strokes += [np.round(stroke) for stroke in strokes]  # with many points equally far
    for epsilon in (0.0, 0.3, 2.0):
        expected = [plain_simplify(stroke.tolist(), epsilon) for stroke in strokes]
        together = geometry.simplify(strokes, epsilon)
        alone = [geometry.simplify([stroke], epsilon)[0] for stroke in strokes]
        assert [stroke.tolist() for stroke in together] == expected
        assert [stroke.tolist() for stroke in alone] == expected


def test_both_ways_find_the_same_points_and_weights(monkeypatch):
    generator = np.random.default_rng(5)
    strokes = [np.cumsum(generator.normal(size=(n, 2)), axis=0) for n in (1, 2, 3, 40, 90)]
    strokes += [np.round(stroke) for stroke in strokes] + [np.full((7, 2), 3.0)]
    huge = [stroke * 1e300 for stroke in strokes]
    results = {}
    for few in (0, 10_000):  # arrays alone, loops alone
        monkeypatch.setattr(simplification, "_FEW_POINTS", few)
        for endless in (False, True):
            for scale, these in ((1.0, strokes), (1e300, huge)):
                together = geometry.simplify(these, 0.7 * scale, endless=endless)
                alone = [geometry.simplify([s], 0.7 * scale, endless=endless)[0] for s in these]
                assert all(map(np.array_equal, together, alone))
                results.setdefault((endless, scale), []).append([len(s) for s in together])
    assert all(one == other for one, other in results.values())


@pytest.mark.parametrize("few", [0, 10_000])
def test_strokes_of_length_zero_and_points_on_one_line(monkeypatch, few):
    monkeypatch.setattr(simplification, "_FEW_POINTS", few)
    loop = np.array([(0.0, 0.0), (3.0, 0.0), (0.0, 4.0), (0.0, 0.0)])
    line = np.column_stack([np.arange(400.0), np.arange(400.0)])
    assert geometry.simplify([loop, line], 1.0)[0].tolist() == loop.tolist()
    assert len(geometry.simplify([line], 0.0)[0]) == 2
    tiny = loop * 1e-170  # the squares of its lengths are 0
    assert len(geometry.simplify([tiny], 1.0)[0]) == 2


@given(STROKES)
def test_weights_tell_what_every_tolerance_keeps(strokes):
    points = np.concatenate(strokes)
    counts = [len(stroke) for stroke in strokes]
    weights = geometry.weights(points, counts)
    for epsilon in (0.0, 0.5, 3.0, 20.0):
        kept = np.concatenate(geometry.simplify(strokes, epsilon))
        assert np.array_equal(points[weights > epsilon], kept)


def test_a_zigzag_is_not_split_one_point_at_a_time(monkeypatch):
    """The deepest splits are made in the middle; what is dropped lies within the tolerance."""
    splits = []
    measure = simplification._distances
    monkeypatch.setattr(simplification, "_DEEPEST", 150)
    monkeypatch.setattr(
        simplification, "_distances", lambda *a: splits.append(a[0].shape[1]) or measure(*a)
    )
    index = np.arange(8000.0)
    stroke = np.column_stack([index, np.where(index % 2, 10_000 + index, 0)])
    stroke[4001:4300, 1] = 0.001  # a stretch that can be dropped
    [kept] = geometry.simplify([stroke], 2.0)
    assert sum(splits) < 8000 * 150 * 5  # the plain algorithm looks at 8000 * 4000 points
    assert kept[0].tolist() == stroke[0].tolist() and kept[-1].tolist() == stroke[-1].tolist()
    dropped = np.setdiff1d(index, kept[:, 0]).astype(int)
    assert 200 < len(dropped) < 400
    for point in stroke[dropped]:
        after = int(np.searchsorted(kept[:, 0], point[0]))
        one, two = kept[after - 1], kept[after]
        along = np.clip((point - one) @ (two - one) / ((two - one) @ (two - one)), 0, 1)
        assert np.linalg.norm(point - one - along * (two - one)) <= 2.0
