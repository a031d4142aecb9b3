"""Temperature, noise, and the picking of a step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import BadSettingError
from sketchrnn.sampling.mixture import (
    Temperature,
    pick_index,
    pick_step,
    sampling_noise,
    temperature_rule,
)

AS_LEARNED = Temperature(1.0, 1.0)
LARGEST_UNIFORM = np.float32(1 - 2**-24)  # of float32 below 1


def outputs(pi, mu_x, mu_y, sigma_x, sigma_y, rho, pen):
    """The decoder's numbers (1, 3 + 6M) for parameters after activation."""
    parts = [np.log(pen), np.log(pi), mu_x, mu_y, np.log(sigma_x), np.log(sigma_y), np.arctanh(rho)]
    return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts])[None]


@pytest.mark.parametrize(
    ("rule", "tau", "divisor", "factor"),
    [
        ("paper", 0.25, 0.25, 0.5),
        ("paper", 1, 1, 1),
        ("paper", 4, 4, 2),
        ("magenta", 0.25, 0.25, 0.25),
        ("magenta", 1, 1, 1),
        ("js", 0.25, 0.625, 0.5),
        ("js", 0.64, 0.82, 0.8),
        ("js", 1, 1, 1),
        ("js", 0, 0.5, 0),
    ],
)
def test_the_three_rules_by_hand(rule, tau, divisor, factor):
    result = temperature_rule(tau, rule)
    assert result.logits_divisor == pytest.approx(divisor)
    assert result.sigma_factor == pytest.approx(factor)


@pytest.mark.parametrize("rule", ["paper", "magenta"])
def test_at_zero_the_divisor_is_tiny_but_not_zero(rule):
    result = temperature_rule(0, rule)
    assert 0 < result.logits_divisor < 1e-20
    assert result.sigma_factor == 0


@pytest.mark.parametrize("tau", [-0.1, -math.inf, math.inf, math.nan, 1e300])
def test_absurd_temperatures_are_refused(tau):
    with pytest.raises(BadSettingError, match="temperature is"):
        temperature_rule(tau)


def test_an_unknown_rule_is_refused_and_the_known_ones_named():
    with pytest.raises(BadSettingError, match=r"'hot'.*paper, magenta, js"):
        temperature_rule(0.5, "hot")


def test_the_hottest_temperature_stays_finite():
    setting = temperature_rule(1e6, "magenta")
    row = outputs([1], [0], [0], [np.e**10], [np.e**10], [0.5], [0.8, 0.1, 0.1])
    assert np.isfinite(pick_step(row, np.array([[0, 0, 6, 6]], np.float32), setting)).all()


# Noise


def test_noise_depends_on_seed_and_number():
    first = sampling_noise(3, 5, 20)
    assert first.shape == (20, 4)
    assert first.dtype == np.float32
    assert np.array_equal(first, sampling_noise(3, 5, 20))
    for other in (sampling_noise(3, 6, 20), sampling_noise(4, 5, 20), sampling_noise(5, 3, 20)):
        assert not (first == other).any()


def test_a_smaller_limit_gives_the_first_rows():
    assert np.array_equal(sampling_noise(3, 5, 250)[:7], sampling_noise(3, 5, 7))


def test_noise_is_uniform_and_normal_and_independent():
    noise = sampling_noise(0, 0, 100_000).astype(np.float64)
    assert noise[:, :2].min() >= 0
    assert noise[:, :2].max() < 1
    np.testing.assert_allclose(noise[:, :2].mean(0), 0.5, atol=0.005)
    np.testing.assert_allclose(noise[:, :2].var(0), 1 / 12, rtol=0.02)
    np.testing.assert_allclose(noise[:, 2:].mean(0), 0, atol=0.015)
    np.testing.assert_allclose(noise[:, 2:].std(0), 1, rtol=0.01)
    apart = np.corrcoef(noise.T) - np.eye(4)
    assert np.abs(apart).max() < 0.015


def test_the_noise_of_steps_is_not_that_of_z():
    z = latent_noise(3, 5, 40)
    assert not np.isin(z, sampling_noise(3, 5, 200)).any()


def test_the_largest_seeds_are_seeds():
    assert np.isfinite(sampling_noise(2**63 - 1, 2**31, 3)).all()


# Picking


@pytest.mark.parametrize(
    ("uniform", "index"),
    [(0.0, 0), (0.0999, 0), (0.1001, 1), (0.2999, 1), (0.3001, 2), (0.9999, 2)],
)
def test_pick_index_by_hand(uniform, index):
    logits = np.log(np.array([[0.1, 0.2, 0.7]], np.float32)) + 3
    assert pick_index(logits, np.array([uniform], np.float32)).tolist() == [index]


@given(
    logits=arrays(np.float32, (3, 5), elements=st.floats(-60, 60, width=32)),
    uniform=st.sampled_from([np.float32(0), np.float32(0.5), LARGEST_UNIFORM]),
    divisor=st.sampled_from([1.0, 0.1, 1e-30]),
)
def test_pick_index_never_leaves_the_range_nor_picks_the_impossible(logits, uniform, divisor):
    divided = logits / np.float32(divisor)
    picked = pick_index(divided, np.full(3, uniform))
    assert ((picked >= 0) & (picked < 5)).all()
    shares = np.exp(divided - divided.max(axis=1, keepdims=True))
    assert (shares[np.arange(3), picked] > 0).all()


def test_pick_index_skips_what_has_no_probability():
    logits = np.array([[-1000, 0, -1000, 0, -1000]], np.float32)
    assert pick_index(logits, np.zeros(1, np.float32)).tolist() == [1]
    assert pick_index(logits, np.array([LARGEST_UNIFORM])).tolist() == [3]


def test_pick_index_respects_probabilities():
    shares = np.array([0.05, 0.5, 0.15, 0.3])
    count = 100_000
    logits = np.tile(np.log(shares).astype(np.float32), (count, 1))
    uniform = sampling_noise(1, 0, count)[:, 0]
    found = np.bincount(pick_index(logits, uniform), minlength=4) / count
    np.testing.assert_allclose(found, shares, atol=0.006)


# Steps


def draw_many(row, setting, count=200_000):
    steps = pick_step(np.repeat(row, count, axis=0), sampling_noise(2, 0, count), setting)
    return steps.astype(np.float64)


def test_one_component_has_its_mean_deviations_and_correlation():
    row = outputs([1], [2.0], [-3.0], [0.5], [4.0], [-0.6], [0.2, 0.5, 0.3])
    steps = draw_many(row, AS_LEARNED)
    np.testing.assert_allclose(steps[:, :2].mean(0), [2, -3], atol=0.04)
    np.testing.assert_allclose(steps[:, :2].std(0), [0.5, 4.0], rtol=0.01)
    assert np.corrcoef(steps[:, 0], steps[:, 1])[0, 1] == pytest.approx(-0.6, abs=0.01)
    np.testing.assert_allclose(steps[:, 2:].mean(0), [0.2, 0.5, 0.3], atol=0.005)


def test_every_step_has_one_pen_state():
    row = outputs([1], [0], [0], [1], [1], [0], [0.3, 0.3, 0.4])
    pens = draw_many(row, AS_LEARNED, 1000)[:, 2:]
    assert set(np.unique(pens)) == {0.0, 1.0}
    assert (pens.sum(axis=1) == 1).all()


def test_a_mixture_is_drawn_component_by_component():
    pi, mu_x, mu_y = [0.2, 0.5, 0.3], [-100, 0, 100], [50, 0, -50]
    sigma_x, sigma_y, rho = [1, 2, 3], [3, 1, 2], [0.9, 0.0, -0.9]
    steps = draw_many(outputs(pi, mu_x, mu_y, sigma_x, sigma_y, rho, [0.5, 0.4, 0.1]), AS_LEARNED)
    component = np.round(steps[:, 0] / 100).astype(int) + 1
    for k in range(3):
        own = steps[component == k]
        assert len(own) / len(steps) == pytest.approx(pi[k], abs=0.005)
        np.testing.assert_allclose(own[:, :2].mean(0), [mu_x[k], mu_y[k]], atol=0.06)
        np.testing.assert_allclose(own[:, :2].std(0), [sigma_x[k], sigma_y[k]], rtol=0.015)
        assert np.corrcoef(own[:, 0], own[:, 1])[0, 1] == pytest.approx(rho[k], abs=0.015)
        # whichever component it is, the pen does as it would
        np.testing.assert_allclose(own[:, 2:].mean(0), [0.5, 0.4, 0.1], atol=0.01)


@pytest.mark.parametrize("rule", ["paper", "magenta", "js"])
def test_temperature_sharpens_shares_and_narrows_deviations(rule):
    tau = 0.49
    divisor = {"paper": tau, "magenta": tau, "js": 0.745}[rule]
    factor = {"paper": 0.7, "magenta": 0.49, "js": 0.7}[rule]
    pi, pen = np.array([0.3, 0.7]), np.array([0.2, 0.5, 0.3])
    row = outputs(pi, [-100, 100], [0, 0], [1, 1], [2, 2], [0.5, 0.5], pen)
    steps = draw_many(row, temperature_rule(tau, rule))
    sharper = pi ** (1 / divisor) / (pi ** (1 / divisor)).sum()
    assert (steps[:, 0] > 0).mean() == pytest.approx(sharper[1], abs=0.005)
    right = steps[steps[:, 0] > 0]
    np.testing.assert_allclose(right[:, :2].std(0), [factor, 2 * factor], rtol=0.015)
    assert np.corrcoef(right[:, 0], right[:, 1])[0, 1] == pytest.approx(0.5, abs=0.01)
    pens = pen ** (1 / divisor) / (pen ** (1 / divisor)).sum()
    np.testing.assert_allclose(steps[:, 2:].mean(0), pens, atol=0.005)


@pytest.mark.parametrize("rule", ["paper", "magenta"])
def test_at_zero_the_likeliest_is_taken_whatever_the_noise(rule):
    # the runner-up is behind by the last bit
    pi_logits = np.array([0.5, np.nextafter(np.float32(1), np.float32(2)), 1.0], np.float32)
    row = np.concatenate([[0.1, 0.3, 0.2], pi_logits, [1, 2, 3], [4, 5, 6], np.zeros(9)])
    noise = sampling_noise(0, 0, 500)
    steps = pick_step(
        np.repeat(row[None].astype(np.float32), 500, axis=0), noise, temperature_rule(0, rule)
    )
    assert (steps == np.array([2, 5, 0, 1, 0], np.float32)).all()


def test_deviations_and_correlation_stay_in_bounds():
    row = np.zeros((1, 9), np.float32)
    row[0, 6:] = 1e4  # log sigma, log sigma, rho
    step = pick_step(row, np.array([[0, 0, 1, -1]], np.float32), AS_LEARNED)[0]
    assert step[0] == pytest.approx(np.exp(10), rel=1e-5)
    assert step[1] == pytest.approx(np.exp(10), rel=1e-2)  # rho is all but 1
    row[0, 6:8] = -1e4
    step = pick_step(row, np.array([[0, 0, 1, 1]], np.float32), AS_LEARNED)[0]
    assert step[0] == pytest.approx(np.exp(-10), rel=1e-5)
