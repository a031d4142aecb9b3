"""Distances of drawings: against an oracle that samples densely, and what they do not see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError, Drawing, distance, geometry

COORDINATES = st.tuples(st.integers(-200, 200), st.integers(-200, 200))
DRAWINGS = st.lists(st.lists(COORDINATES, min_size=1, max_size=6), min_size=1, max_size=4).map(
    Drawing
)


def scattered(seed, count, spread=1.0):
    generator = np.random.default_rng(seed)
    return [
        Drawing([generator.normal(0, spread, (generator.integers(1, 7), 2)) for _ in range(4)])
        for _ in range(count)
    ]


def in_place(drawing):
    """The oracle's own way to the standard place, for drawings without dots."""
    x_min, y_min, x_max, y_max = drawing.bounds
    drawing = drawing.transform(1 / max(x_max - x_min, y_max - y_min))
    points = np.concatenate([geometry.resample(s, 1e-3)[:-1] for s in drawing.strokes])
    return points - points.mean(axis=0)


def test_the_distance_is_what_points_without_number_say():
    # drawn as closed outlines, so that every sampled point stands for the same length
    generator = np.random.default_rng(3)
    for _ in range(4):
        pair = []
        for _ in range(2):
            corners = generator.uniform(0, 90, (5, 2))
            pair.append(Drawing([np.vstack([corners, corners[:1]])]))
        a, b = map(in_place, pair)
        apart = np.hypot(*(a[:, None] - b).transpose(2, 0, 1))
        expected = (apart.min(axis=1).mean() + apart.min(axis=0).mean()) / 2
        assert distance.chamfer(*pair) == pytest.approx(expected, abs=5e-4)
        assert expected > 0.02


def test_known_distances():
    line = Drawing([[(0, 0), (10, 0)]])
    assert distance.chamfer(line, Drawing([[(0, 0)]])) == pytest.approx(0.125, abs=1e-4)
    assert distance.chamfer(line, Drawing([])) == pytest.approx(0.125, abs=1e-4)
    ladder = Drawing([[(0, 0), (10, 0)], [(0, 2), (10, 2)]])
    assert distance.chamfer(line, ladder) == pytest.approx(0.1, abs=1e-6)
    half = Drawing([[(0, 0), (5, 0)]])
    assert distance.chamfer(line, half) == pytest.approx(0, abs=1e-12)
    # the half of the ink that sticks out is 1/8 away on average; back it is 0
    assert distance.chamfer(line, half, same_scale=True) == pytest.approx(1 / 32, abs=1e-4)


@given(DRAWINGS, DRAWINGS)
@settings(max_examples=25)
def test_symmetric_never_negative_and_zero_for_itself(a, b):
    there = distance.chamfer(a, b)
    assert there == pytest.approx(distance.chamfer(b, a), abs=1e-12)
    assert 0 <= there < 2
    assert distance.chamfer(a, a) == pytest.approx(0, abs=1e-12)


@given(DRAWINGS, DRAWINGS, st.floats(1e-3, 1e3), COORDINATES)
@settings(max_examples=25)
def test_size_place_order_and_direction_do_not_matter(a, b, scale, shift):
    expected = distance.chamfer(a, b)
    assert distance.chamfer(a.transform(scale, shift), b) == pytest.approx(expected, abs=1e-6)
    turned = Drawing([stroke[::-1] for stroke in a.strokes[::-1]])
    assert distance.chamfer(turned, b) == pytest.approx(expected, abs=1e-9)
    together = distance.chamfer(a, b, same_scale=True)
    moved = [d.transform(scale, shift) for d in (a, b)]
    assert distance.chamfer(*moved, same_scale=True) == pytest.approx(together, abs=1e-6)


def test_a_dot_has_no_size_to_measure_in():
    dot, line = Drawing([[(0, 0)]]), Drawing([[(0, 0), (1, 0)]])
    large = line.transform(500.0)
    expected = distance.chamfer(dot, line, same_scale=True)
    assert distance.chamfer(dot, large, same_scale=True) == pytest.approx(expected)
    assert distance.chamfer(line, dot, same_scale=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    "strokes",
    [[], [[(5, 5)]], [[(3, 3)] * 4], [[(1e300, 0), (-1e300, 5)]], [[(1e-320, 0), (0, 0)]]],
    ids=["empty", "dot", "dot of four", "huge", "tiny"],
)
def test_degenerate_drawings_have_finite_distances(strokes):
    odd, other = Drawing(strokes), Drawing([[(0, 0), (10, 5)], [(2, 2)]])
    for value in (distance.chamfer(odd, other), distance.chamfer(other, odd)):
        assert np.isfinite(value)
    assert distance.chamfer(odd, odd) == pytest.approx(0, abs=1e-12)
    found = distance.nearest([odd, other], [other, odd])
    assert found.indices.tolist() == [[1], [0]]


def test_nearest_finds_what_measuring_all_finds():
    drawings, references = scattered(1, 6), scattered(2, 200)
    all_of_them = np.array([[distance.chamfer(a, b) for b in references] for a in drawings])
    found = distance.nearest(drawings, references, k=3)
    order = np.argsort(all_of_them, axis=1)[:, :3]
    assert (found.indices == order).all()
    np.testing.assert_allclose(
        found.distances, np.take_along_axis(all_of_them, order, axis=1), atol=1e-12
    )


def test_nearest_looks_beyond_the_first_block_and_takes_the_first_of_equals():
    references = scattered(4, distance._AT_ONCE + 40)
    last = distance._AT_ONCE + 33
    found = distance.nearest([references[last], references[5]], references)
    assert found.indices[:, 0].tolist() == [last, 5]
    assert found.distances[:, 0] == pytest.approx([0, 0], abs=1e-12)
    twins = [*references[:3], references[1], references[1]]
    assert distance.nearest([references[1]], twins).indices.tolist() == [[1]]


def test_nearest_does_not_depend_on_who_else_asks():
    drawings, references = scattered(5, 9), scattered(6, 90)
    together = distance.nearest(drawings, references).distances
    alone = [distance.nearest([d], references[::-1]).distances[0] for d in drawings]
    np.testing.assert_allclose(together, alone, atol=1e-12)


@pytest.mark.parametrize("k", [0, 3])
def test_nearest_refuses(k):
    with pytest.raises(BadSettingError, match="k is"):
        distance.nearest(scattered(1, 1), scattered(2, 2), k=k)


def test_nothing_is_nearest_to_nothing():
    assert distance.nearest([], scattered(2, 2)).indices.shape == (0, 1)


def test_the_estimate_is_close_and_stays_within_its_bound():
    drawings = scattered(7, 16)
    true = np.array([[distance.chamfer(a, b) for b in drawings] for a in drawings])
    error = distance.estimate(drawings, drawings) - true
    assert np.abs(error).max() < 0.025
    assert np.abs(error[~np.eye(16, dtype=bool)]).mean() < 0.004


def test_the_mean_of_all_pairs_is_that_of_the_estimates():
    drawings = scattered(8, 40)
    all_of_them = distance.estimate(drawings, drawings).astype(np.float64)
    expected = all_of_them[~np.eye(40, dtype=bool)].mean()
    assert distance.mean_distance(drawings) == pytest.approx(expected, rel=1e-6)
    assert distance.mean_distance(drawings[::-1]) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(BadSettingError, match="no two"):
        distance.mean_distance(drawings[:1])


def test_pairs_are_pairs():
    with pytest.raises(BadSettingError, match="1 and 2 drawings"):
        distance.paired(scattered(1, 1), scattered(2, 2))
