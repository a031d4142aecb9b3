"""Ways through the latent space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchrnn.drawing import BadSettingError
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
