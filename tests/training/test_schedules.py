"""Schedules at steps that can be computed by hand (FACTS.md, section 2)."""

from __future__ import annotations

import pytest

from sketchrnn.training.config import kl_weight_at, learning_rate_at


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 1e-3), (1, 9.9e-4 * 0.9999 + 1e-5), (10**6, 1e-5)]
)
def test_learning_rate(step, expected):
    assert learning_rate_at(step, 1e-3, 1e-5, 0.9999) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.01), (1, 0.5 - 0.49 * 0.99995), (10**6, 0.5)])
def test_kl_weight_is_the_references(step, expected):
    assert kl_weight_at(step, 0.5, 0.02, 0.99995) == pytest.approx(expected, rel=1e-9)


def test_kl_weight_without_annealing():
    assert kl_weight_at(0, 0.7, 1.0, 0.5) == pytest.approx(0.7)
