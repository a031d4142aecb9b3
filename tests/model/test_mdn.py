"""The mixture density against its definition in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from keras import ops

from sketchrnn.model import mdn

M = 4


def definition(outputs: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """ln sum_k pi_k N(dx, dy), as Graves (2013) writes it, in float64."""
    pi, mu_x, mu_y, log_x, log_y, r = np.split(outputs[..., 3:].astype(float), 6, axis=-1)
    pi = np.exp(pi) / np.exp(pi).sum(-1, keepdims=True)
    s_x, s_y, rho = np.exp(log_x), np.exp(log_y), np.tanh(r)
    x, y = (dx[..., None] - mu_x) / s_x, (dy[..., None] - mu_y) / s_y
    z = x**2 + y**2 - 2 * rho * x * y
    normal = np.exp(-z / (2 * (1 - rho**2))) / (2 * np.pi * s_x * s_y * np.sqrt(1 - rho**2))
    return np.log((pi * normal).sum(-1))


def density(outputs, dx, dy):
    mixture = mdn.split_outputs(ops.convert_to_tensor(outputs))
    tensors = (ops.convert_to_tensor(np.asarray(v, np.float32)) for v in (dx, dy))
    return np.asarray(mdn.log_density(mixture, *tensors))


def test_equals_definition():
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(6, 5, 3 + 6 * M)).astype(np.float32)
    dx, dy = rng.normal(size=(2, 6, 5)).astype(np.float32)
    got = density(outputs, dx, dy)
    assert got.shape == (6, 5)
    np.testing.assert_allclose(got, definition(outputs, dx, dy), rtol=1e-5, atol=1e-5)


def test_integrates_to_one():
    outputs = np.random.default_rng(1).normal(size=(1, 1, 3 + 6 * M)).astype(np.float32) * 0.7
    grid = np.linspace(-25, 25, 801, dtype=np.float32)
    x, y = np.meshgrid(grid, grid)
    tiled = np.broadcast_to(outputs[0], (801, 801, outputs.shape[-1]))
    volume = np.exp(density(tiled, x, y)).sum() * (grid[1] - grid[0]) ** 2
    assert volume == pytest.approx(1, abs=1e-3)


def test_extremes_stay_finite(gradients):
    cases = itertools.product((-1000, -9, 9, 1000), (-1000, -7, 7, 1000), (0, 1e-6, 50))
    log_sigma, rho_logit, offset = np.array(list(cases), np.float32).T
    outputs = np.zeros((len(offset), 3 + 6 * M), np.float32)
    outputs[:, 3 + 3 * M : 3 + 5 * M] = log_sigma[:, None]
    outputs[:, 3 + 5 * M :] = rho_logit[:, None]

    def loss(tensor):
        point = ops.convert_to_tensor(offset)
        return ops.sum(mdn.log_density(mdn.split_outputs(tensor), point, -point))

    assert np.isfinite(density(outputs, offset, -offset)).all()
    (gradient,) = gradients(loss, [outputs])
    assert np.isfinite(gradient).all()


def test_far_point_has_a_gradient(gradients):
    """Where the density underflows, its logarithm still leads back: no epsilon tricks."""
    outputs = np.zeros((1, 3 + 6 * M), np.float32)

    def loss(tensor):
        far = ops.convert_to_tensor(np.array([100.0], np.float32))
        return ops.sum(mdn.log_density(mdn.split_outputs(tensor), far, far))

    (gradient,) = gradients(loss, [outputs])
    np.testing.assert_allclose(gradient[0, 3 + M : 3 + 2 * M].sum(), 100, rtol=1e-5)


def test_activate():
    outputs = np.random.default_rng(2).normal(size=(3, 3 + 6 * M)).astype(np.float32)
    params = {
        k: np.asarray(v)
        for k, v in mdn.activate(mdn.split_outputs(ops.convert_to_tensor(outputs))).items()
    }
    assert set(params) == {"pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho", "pen_probs"}
    np.testing.assert_allclose(params["pi"].sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(params["pen_probs"].sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(params["mu_y"], outputs[:, 3 + 2 * M : 3 + 3 * M])
    np.testing.assert_allclose(params["sigma_x"], np.exp(outputs[:, 15:19]), rtol=1e-6)
    np.testing.assert_allclose(params["rho"], np.tanh(outputs[:, 23:]), atol=1e-6)
