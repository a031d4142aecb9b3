"""Ways through the latent space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchrnn.drawing import BadSettingError
from sketchrnn.sampling import latent
from sketchrnn.sampling.latent import METHODS, interpolate

A = np.array([3.0, 0.0, 0.0], np.float32)
B = np.array([0.0, 1.0, 0.0], np.float32)

vectors = arrays(np.float32, 4, elements=st.floats(-1e3, 1e3, width=32))


@given(vectors, vectors, st.integers(2, 9), st.sampled_from(METHODS))
def test_the_ends_are_exact_and_nothing_is_nan(a, b, frames, method):
    path = interpolate(a, b, frames, method)
    assert path.shape == (frames, 4)
    assert path.dtype == np.float32
    assert np.array_equal(path[0], a)
    assert np.array_equal(path[-1], b)
    assert np.isfinite(path).all()


@given(vectors, vectors, st.sampled_from(METHODS))
def test_back_is_the_way_there_reversed(a, b, method):
    there, back = interpolate(a, b, 5, method), interpolate(b, a, 5, method)
    np.testing.assert_allclose(there, back[::-1], atol=1e-3)


def test_lerp_goes_straight():
    expected = [[3, 0, 0], [2, 1 / 3, 0], [1, 2 / 3, 0], [0, 1, 0]]
    np.testing.assert_allclose(interpolate(A, B, 4, "lerp"), expected, atol=1e-6)


def test_slerp_turns_evenly_and_changes_its_length_evenly():
    path = interpolate(A, B, 4, "slerp").astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), [3, 7 / 3, 5 / 3, 1], rtol=1e-6)
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, [0, 30, 60, 90], atol=1e-4)


def test_slerp_keeps_the_norm_of_vectors_of_one_length():
    generator = np.random.default_rng(0)
    a, b = generator.standard_normal((2, 64))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    norms = np.linalg.norm(interpolate(a, b, 7, "slerp"), axis=1)
    np.testing.assert_allclose(norms, np.linalg.norm(a), rtol=1e-6)
    assert np.linalg.norm(interpolate(a, b, 7, "lerp"), axis=1).min() < 0.9 * norms.min()


@pytest.mark.parametrize(
    ("a", "b"),
    [(A, A), (A, 2 * A), (A, -A), (A, 0 * A), (0 * A, A), (0 * A, 0 * A)],
    ids=["same", "parallel", "opposite", "to zero", "from zero", "zero"],
)
def test_where_there_is_no_one_way_to_turn_slerp_goes_straight(a, b):
    np.testing.assert_allclose(interpolate(a, b, 5, "slerp"), interpolate(a, b, 5, "lerp"))


@pytest.mark.parametrize("degrees", [0.1, 5, 90, 175, 179.9])
def test_slerp_turns_whatever_the_angle(degrees):
    last = np.radians(degrees)
    path = interpolate(np.array([1.0, 0.0]), np.array([np.cos(last), np.sin(last)]), 7, "slerp")
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1, rtol=1e-5)
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, np.linspace(0, degrees, 7), rtol=1e-3, atol=1e-4)


def test_slerp_is_continuous_where_it_stops_turning():
    for tilt in (0.9e-4, 1.1e-4):
        b = np.array([np.cos(tilt), np.sin(tilt), 0])
        path = interpolate(A / 3, b, 3, "slerp")
        np.testing.assert_allclose(path[1], [1, tilt / 2, 0], atol=1e-7)


@pytest.mark.parametrize("frames", [1, 0, -3])
def test_fewer_than_two_frames_are_refused(frames):
    with pytest.raises(BadSettingError, match=f"frames is {frames}"):
        interpolate(A, B, frames)


def test_an_unknown_method_is_refused_and_the_known_ones_named():
    with pytest.raises(BadSettingError, match="'cubic'; use slerp or lerp"):
        interpolate(A, B, 3, "cubic")


# Loops, grids, arithmetic, walks


@given(st.integers(2, 5), st.integers(1, 4), st.sampled_from(METHODS))
def test_a_loop_meets_every_vector_and_closes(count, legs, method):
    stops = np.random.default_rng(count).standard_normal((count, 4)).astype(np.float32)
    path = latent.loop(stops, count * legs, method)
    np.testing.assert_array_equal(path[::legs], stops)
    if legs > 1:  # the last leads to the first
        ends = latent.interpolate(stops[-1], stops[0], legs + 1, method)
        np.testing.assert_allclose(path[-legs:], ends[:-1], atol=1e-6)


@pytest.mark.parametrize(
    ("count", "frames", "message"), [(1, 5, "a loop needs 2"), (0, 5, "are 0"), (3, 2, "3 or more")]
)
def test_a_loop_of_one_is_refused(count, frames, message):
    with pytest.raises(BadSettingError, match=message):
        latent.loop(np.ones((count, 3)), frames)


@pytest.mark.parametrize("method", METHODS)
def test_the_edges_of_a_grid_are_the_ways_between_its_corners(method):
    corners = np.random.default_rng(1).standard_normal((4, 5)).astype(np.float32)
    found = latent.grid(corners, 3, 4, method)
    assert found.shape == (3, 4, 5)
    np.testing.assert_array_equal(found[0], latent.interpolate(corners[0], corners[1], 4, method))
    np.testing.assert_array_equal(found[2], latent.interpolate(corners[2], corners[3], 4, method))
    np.testing.assert_array_equal(
        found[:, 3], latent.interpolate(corners[1], corners[3], 3, method)
    )
    for bad in ((3, 3, 3), (4, 1, 3), (4, 3, 1)):
        with pytest.raises(BadSettingError):
            latent.grid(np.ones((bad[0], 2)), *bad[1:])


def test_arithmetic():
    a, b, c = np.eye(3)
    np.testing.assert_array_equal(latent.analogy(a, b, c), [1, -1, 1])
    np.testing.assert_array_equal(latent.analogy(a, a, c), c.astype(np.float32))
    moved = latent.shift([a, b], [a, c], [b], -2)
    np.testing.assert_array_equal(moved, [[2, -2, 1], [1, -1, 1]])
    with pytest.raises(BadSettingError, match="no drawing"):
        latent.shift([a], np.zeros((0, 3)), [b])
    with pytest.raises(BadSettingError, match="strength"):
        latent.shift([a], [b], [c], float("nan"))


def test_a_walk_stays_where_drawings_are():
    path = latent.walk(np.zeros(200), 400, stride=0.5, seed=3)
    assert path.shape == (400, 200)
    np.testing.assert_array_equal(path[0], 0)
    assert 0.95 < path[50:].std() < 1.05
    steps = np.diff(path[50:], axis=0)
    # of x' = sqrt(1 - s^2) x + s n the step has variance 2 (1 - sqrt(1 - s^2))
    assert steps.std() == pytest.approx(np.sqrt(2 * (1 - np.sqrt(0.75))), rel=0.02)
    np.testing.assert_array_equal(latent.walk(A, 3, stride=0), [A] * 3)
    np.testing.assert_array_equal(path[:5], latent.walk(np.zeros(200), 5, stride=0.5, seed=3))
    assert not np.array_equal(path[1], latent.walk(np.zeros(200), 2, stride=0.5, seed=4)[1])
    for frames, stride in ((0, 0.5), (3, 1.5), (3, float("nan"))):
        with pytest.raises(BadSettingError):
            latent.walk(A, frames, stride)
