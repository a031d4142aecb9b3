"""The loop from step to step, with a decoder of the test's own, and what comes of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchrnn.drawing import START_TOKEN, BadSettingError, Drawing
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import sampler
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import Conditions, SamplingSettings, sample_drawings
from sketchrnn.sampling.steps import sample_steps

WARM = temperature_rule(1)
WARM_SETTINGS = SamplingSettings(1, seed=0)


class Scripted:
    """Draws what z says: z = (name, length). Every number shows where it comes from.

    Step t of a drawing is (1000 * name + t + noise, dx before it); every third lifts the pen.
    The hidden state counts the steps, the cell is the name, the constant is the length.
    """

    def __init__(self, chunk_steps=1, max_seq_len=40):
        self.config = ModelConfig(z_size=2, max_seq_len=max_seq_len, scale_factor=2.0)
        self._steps = chunk_steps
        self.max_batch = None
        self.batches = []

    def chunk_steps(self, count, max_steps):
        return self._steps

    def start(self, z, batch_size):
        assert z.shape == (batch_size, 2)
        return np.zeros((batch_size, 1), np.float32), z[:, :1], z[:, 1:]

    def draw(self, row, hidden, cell, constant, noise, temperature):
        count = len(row)
        assert noise.shape == (count, self._steps, 4)
        assert len(hidden) == len(cell) == len(constant) == count
        self.batches.append(cell[:, 0].astype(int).tolist())
        rows = []
        for chunk in range(self._steps):
            new = np.zeros((count, 5), np.float32)
            new[:, 0] = 1000 * cell[:, 0] + hidden[:, 0] + noise[:, chunk, 0]
            new[:, 1] = row[:, 0]
            ended = hidden[:, 0] >= constant[:, 0]
            lifted = hidden[:, 0] % 3 == 2
            new[:, 2], new[:, 3], new[:, 4] = ~ended & ~lifted, ~ended & lifted, ended
            rows.append(new)
            row, hidden = new, hidden + 1
        return np.stack(rows, axis=1), hidden, cell


def expected(name, length, noise):
    """What `Scripted` draws, by hand."""
    rows = []
    before = START_TOKEN[0]
    for t in range(min(length, len(noise))):
        dx = np.float32(1000 * name + t) + noise[t, 0]
        rows.append((dx, before, float(t % 3 == 2)))
        before = dx
    if rows:
        rows[-1] = (*rows[-1][:2], 1.0)  # the last row lifts the pen
    return np.array(rows, np.float32).reshape(-1, 3)


def noise_of(count, steps):
    return np.stack([sampling_noise(0, k, steps) for k in range(count)])


@pytest.mark.parametrize("chunk_steps", [1, 4, 16])
@pytest.mark.parametrize("limit", [1, 15, 16, 17, 33, 40])
def test_every_drawing_is_its_own_however_many_steps_a_call_takes(chunk_steps, limit):
    lengths = [5, 0, 40, 15, 16, 17, 1, 99, 32, 31, 33]
    z = np.array([[k + 1, n] for k, n in enumerate(lengths)], np.float32)
    noise = noise_of(len(z), limit)
    found = sample_steps(Scripted(chunk_steps), z, noise, WARM)
    assert len(found) == len(z)
    for k, length in enumerate(lengths):
        np.testing.assert_array_equal(found[k], expected(k + 1, length, noise[k]))


def test_those_that_end_leave_the_batch():
    decoder = Scripted()
    z = np.array([[1, 2], [2, 0], [3, 5], [4, 2]], np.float32)
    sample_steps(decoder, z, noise_of(4, 40), WARM)
    assert decoder.batches == [[1, 2, 3, 4], [1, 3, 4], [1, 3, 4], [3], [3], [3]]


def test_no_step_is_drawn_after_the_last_has_ended():
    decoder = Scripted(chunk_steps=16)
    sample_steps(decoder, np.array([[1, 20], [2, 3]], np.float32), noise_of(2, 40), WARM)
    assert decoder.batches == [[1, 2], [1]]


def test_no_drawings_ask_nothing_of_the_decoder():
    assert sample_steps(None, None, np.zeros((0, 9, 4), np.float32), WARM) == []
    assert sample_drawings(Scripted(), 0, WARM_SETTINGS) == []


def test_one_that_ends_at_once_is_the_empty_drawing():
    z = np.array([[1, 0], [2, 1]], np.float32)
    empty, other = sample_drawings(Scripted(), 2, WARM_SETTINGS, Conditions(z))
    assert empty == Drawing([])
    assert other.num_points == 2


def test_drawings_are_in_data_units_from_the_origin_and_say_where_they_come_from():
    z = np.array([[1, 3]], np.float32)
    (drawing,) = sample_drawings(
        Scripted(),
        1,
        SamplingSettings(0.5, "js", seed=9),
        Conditions(z),
        {"extent": 255.0, "a": "b"},
    )
    rows = expected(1, 3, sampling_noise(9, 0, 40)).astype(np.float64)
    rows[:, :2] *= 2.0  # the scale factor
    assert drawing == Drawing.from_stroke3(rows)
    assert drawing.strokes[0][0].tolist() == [0, 0]
    assert drawing.metadata == {
        "seed": 9,
        "number": 0,
        "temperature": 0.5,
        "temperature_rule": "js",
        "extent": 255.0,
        "a": "b",
    }


def test_equal_numbers_share_their_noise():
    z = np.array([[1, 9], [1, 9], [1, 9]], np.float32)
    a, b, c = sample_drawings(Scripted(), 3, WARM_SETTINGS, Conditions(z, numbers=[4, 4, 5]))
    assert a == b != c
    assert (a.metadata["number"], c.metadata["number"]) == (4, 5)


def test_a_large_request_is_drawn_part_by_part_and_no_drawing_shows_it(monkeypatch):
    z = np.array([[k, k] for k in range(10)], np.float32)
    numbers = list(range(20, 30))
    whole = sample_drawings(Scripted(), 10, WARM_SETTINGS, Conditions(z, numbers=numbers))
    monkeypatch.setattr(sampler, "_DRAWN_AT_ONCE", 3)
    decoder = Scripted()
    parts = sample_drawings(decoder, 10, WARM_SETTINGS, Conditions(z, numbers=numbers))
    assert parts == whole
    assert [d.metadata["number"] for d in parts] == numbers
    assert max(map(len, decoder.batches)) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_steps": 0}, "max_steps is 0"),
        ({"max_steps": -5}, "max_steps is -5"),
        ({"count": -1}, "number of drawings is -1"),
        ({"temperature": -1}, "temperature is -1"),
        ({"rule": "x"}, "unknown temperature rule"),
    ],
)
def test_what_cannot_be_used_is_refused(change, message):
    request = {"temperature": 1.0, "seed": 0, **change}
    count = request.pop("count", 2)
    with pytest.raises(BadSettingError, match=message):
        sample_drawings(Scripted(), count, SamplingSettings(**request))


# With a network, if a small one


@pytest.fixture(scope="module", params=["VAE", "decoder alone"])
def decoder(request, tiny_config, free_config, make_weights):
    config = tiny_config if request.param == "VAE" else free_config
    return NumpyDecoder(config, make_weights(config))


def apart(a, b):
    """The largest distance between the points of two drawings; infinite if they differ in kind."""
    if [len(s) for s in a.strokes] != [len(s) for s in b.strokes]:
        return np.inf
    pairs = zip(a.strokes, b.strokes, strict=True)
    return max((float(np.abs(s - t).max()) for s, t in pairs), default=0.0)


def test_the_same_seed_draws_the_same_and_another_does_not(decoder):
    first, again, other = (
        sample_drawings(decoder, 20, SamplingSettings(temperature=0.8, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert not any(a == b for a, b in zip(first, other, strict=True) if a.strokes or b.strokes)
    assert len(set(first)) > 15


def test_a_drawing_does_not_depend_on_the_batch(decoder):
    many = sample_drawings(decoder, 100, SamplingSettings(temperature=0.8, seed=3))
    for count in (1, 7, 33):
        few = sample_drawings(decoder, count, SamplingSettings(temperature=0.8, seed=3))
        near = [apart(a, b) < 1e-4 * 255 for a, b in zip(few, many[:count], strict=True)]
        assert np.mean(near) >= 0.99


def test_a_limit_cuts_short_and_changes_nothing_before(decoder):
    whole = sample_drawings(decoder, 30, SamplingSettings(temperature=0.8, seed=3))
    short = sample_drawings(decoder, 30, SamplingSettings(temperature=0.8, seed=3, max_steps=5))
    assert {d.num_steps for d in short} > {1, 5}
    assert max(d.num_steps for d in short) == 5
    for a, b in zip(whole, short, strict=True):
        rows, cut = a.to_stroke3(), b.to_stroke3()
        assert len(cut) == min(len(rows), 5)
        np.testing.assert_allclose(cut[:, :2], rows[:5, :2], atol=1e-3)
        np.testing.assert_array_equal(cut[:-1, 2], rows[: len(cut) - 1, 2])


def test_a_limit_beyond_the_longest_of_training_is_allowed(decoder):
    drawings = sample_drawings(decoder, 30, SamplingSettings(temperature=0.8, seed=3, max_steps=40))
    assert 24 < max(d.num_steps for d in drawings) <= 40


def test_at_zero_only_z_matters(decoder):
    z = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    latent = z if decoder.config.conditional else None
    first, other = (
        sample_drawings(decoder, 5, SamplingSettings(0, seed=seed), Conditions(latent))
        for seed in (1, 2)
    )
    assert first == other
    assert (apart(first[0], first[1]) > 1) == decoder.config.conditional


def test_z_from_the_prior_depends_on_the_seed(tiny_config, make_weights):
    decoder = NumpyDecoder(tiny_config, make_weights(tiny_config))
    first, other = (
        sample_drawings(decoder, 5, SamplingSettings(temperature=0, seed=seed)) for seed in (1, 2)
    )
    assert len({*first, *other}) == 10


def test_the_forget_bias_of_the_configuration_is_used(tiny_config, make_weights):
    weights = make_weights(tiny_config)
    other = dataclasses.replace(tiny_config, forget_bias=-2.0)
    drawings = [
        sample_drawings(NumpyDecoder(config, weights), 5, SamplingSettings(temperature=0, seed=1))
        for config in (tiny_config, other)
    ]
    assert drawings[0] != drawings[1]
