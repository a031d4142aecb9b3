"""Temperatures by output and by step."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sketchrnn.drawing import BadSettingError
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings
from sketchrnn.sampling.temperature import plain, setting_rows, temperature_steps


@pytest.fixture(scope="module")
def decoder(free_config, make_weights):
    return NumpyDecoder(free_config, make_weights(free_config))


@pytest.mark.parametrize("rule", ["paper", "magenta", "js"])
def test_one_number_is_the_same_at_every_step(rule):
    assert temperature_steps(0.3, rule, 4, 9) == [temperature_rule(0.3, rule)] * 4
    each = {"pi": 0.3, "pen": 0.3, "sigma": 0.3}
    assert temperature_steps(each, rule, 2, 9) == [temperature_rule(0.3, rule)] * 2


def test_each_output_goes_by_the_rule_for_itself():
    (step,) = temperature_steps({"pi": 0.2, "pen": 0.4, "sigma": 0.09}, "js", 1, 9)
    assert (step.logits_divisor, step.pen_divisor) == (0.6, 0.7)
    assert step.sigma_factor == pytest.approx(0.3)


def test_a_schedule_reaches_its_end_and_stays():
    def divisors(course, steps, longest=5):
        return [t.logits_divisor for t in temperature_steps(course, "paper", steps, longest)]

    assert divisors((1, 0.2), 7) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    assert divisors([1, 0.2, 3], 4) == pytest.approx([1, 0.6, 0.2, 0.2])
    # a smaller limit changes nothing before
    assert divisors((1, 0.2), 3) == divisors((1, 0.2), 7)[:3]


@pytest.mark.parametrize(
    ("temperature", "message"),
    [
        ({"pi": 1, "sigma": 1}, "'pen' is missing"),
        ({"pi": 1, "pen": 1, "sigma": 1, "mu": 1}, "'mu' is unknown"),
        ((1,), r"must be a number, \(first, last\)"),
        ((1, 0, 0), "steps from 1"),
        ((1, 0, 2.5), "steps from 1"),
        ((1, 2, 3, 4), "must be a number"),
        ("hot", "must be a number"),
        (None, "must be a number"),
        ((1, -1), "from 0 to"),
        (float("nan"), "from 0 to"),
    ],
)
def test_what_is_no_temperature_is_refused(temperature, message):
    with pytest.raises(BadSettingError, match=message):
        temperature_steps(temperature, "paper", 5, 9)


def test_rows_for_the_loops():
    one = temperature_rule(0.25)
    assert setting_rows(one, 2).tolist() == [[0.25, 0.5, 0.25]] * 2
    assert setting_rows([one, temperature_rule(1)], 2).tolist()[1] == [1, 1, 1]
    assert setting_rows(one, 2).dtype == np.float32


def test_drawings_tell_their_temperature_as_json(decoder):
    asked = {"pi": np.float32(0.5), "pen": 0.1, "sigma": (0.8, 0.2)}
    (drawing,) = sample_drawings(decoder, 1, SamplingSettings(temperature=asked, seed=1))
    told = json.loads(json.dumps(drawing.metadata["temperature"]))
    assert told == {"pi": 0.5, "pen": 0.1, "sigma": [0.8, 0.2]}
    assert sample_drawings(decoder, 1, SamplingSettings(temperature=told, seed=1)) == [drawing]
    assert plain(0.4) == 0.4


def test_the_same_for_each_output_is_the_same_drawing(decoder):
    each = {"pi": 0.7, "pen": 0.7, "sigma": (0.7, 0.7)}
    wanted = sample_drawings(decoder, 9, SamplingSettings(temperature=0.7, seed=3))
    assert sample_drawings(decoder, 9, SamplingSettings(temperature=each, seed=3)) == wanted


@pytest.mark.parametrize("colder", ["pi", "pen", "sigma"])
def test_every_output_has_a_temperature_of_its_own(decoder, colder):
    warm = {"pi": 1.0, "pen": 1.0, "sigma": 1.0}
    a = sample_drawings(decoder, 9, SamplingSettings(temperature=warm, seed=3))
    b = sample_drawings(decoder, 9, SamplingSettings({**warm, colder: 0.1}, seed=3))
    assert a != b


def test_a_cold_pen_alone_takes_the_likeliest_pen(decoder):
    """By hand, the first step: the pen of temperature 0, the offset of temperature 1."""
    zeros = np.zeros((1, decoder.config.decoder_size), np.float32)
    start = np.array([[0, 0, 1, 0, 0]], np.float32)
    outputs = decoder.step(start, zeros, zeros, decoder.start(None, 1)[2])[0]
    from sketchrnn.sampling.mixture import pick_step

    for number in range(20):
        noise = sampling_noise(5, number, 1)
        (step,) = temperature_steps({"pi": 1, "pen": 0, "sigma": 1}, "paper", 1, 9)
        found = pick_step(outputs, noise, step)
        as_learned = pick_step(outputs, noise, temperature_rule(1))
        np.testing.assert_array_equal(found[:, :2], as_learned[:, :2])
        assert found[0, 2:].argmax() == outputs[0, :3].argmax()


def test_a_schedule_is_hot_before_it_is_cold(decoder):
    """Up to a step whose temperature is the same, a drawing is that of the constant one."""
    hot = sample_drawings(decoder, 30, SamplingSettings(temperature=1.0, seed=2))
    cooled = sample_drawings(decoder, 30, SamplingSettings((1.0, 0.0, 24), seed=2))
    assert sum(a != b for a, b in zip(hot, cooled, strict=True)) > 20
    same = [np.allclose(a.strokes[0][1], b.strokes[0][1]) for a, b in zip(hot, cooled, strict=True)
            if a.num_steps > 3 and len(a.strokes[0]) > 1 and len(b.strokes[0]) > 1]  # fmt: skip
    assert sum(same) == len(same) > 5
