"""Plain NumPy against Keras: two decoders, two encoders. Runs on either backend."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.data.batches import pad
from sketchrnn.sampling import mixture
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_cells import sigmoid
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import Conditions, SamplingSettings, sample_drawings
from sketchrnn.sampling.steps import sample_steps

OTHER = "jax"
EXTENT = 255.0
COUNT = 128


@pytest.fixture(scope="module", params=["VAE", "decoder alone"])
def config(request, tiny_config, free_config):
    return tiny_config if request.param == "VAE" else free_config


@pytest.fixture(scope="module")
def weights(config, make_weights):
    return make_weights(config)


@pytest.fixture(scope="module")
def network(config, weights):
    pytest.importorskip("keras")
    from sketchrnn.model.vae import SketchVAE

    network = SketchVAE(config)
    variables = network.named_weights()
    assert set(variables) == set(weights)
    for name, variable in variables.items():
        variable.assign(weights[name])
    return network


@pytest.fixture(scope="module")
def compiled(network):
    from sketchrnn.sampling.compiled_decoder import CompiledDecoder

    return CompiledDecoder(network)


@pytest.fixture(scope="module")
def batch(made_up_drawings, config):
    """Ragged drawings in model units, one of them of a single step."""
    rows = [d.to_stroke3() for d in made_up_drawings] + [np.array([[30.0, -40.0, 1.0]])]
    flat = np.concatenate(rows).astype(np.float32)
    flat[:, :2] /= config.scale_factor
    return pad(flat, np.array([len(r) for r in rows]), config.max_seq_len)


def same_drawings(found, wanted):
    """The share of drawings whose every point is within 1e-4 of the extent."""

    def same(a, b):
        return [len(s) for s in a.strokes] == [len(s) for s in b.strokes] and all(
            np.abs(s - t).max() <= 1e-4 * EXTENT for s, t in zip(a.strokes, b.strokes, strict=True)
        )

    return np.mean([same(a, b) for a, b in zip(found, wanted, strict=True)])


@pytest.mark.parametrize(
    ("temperature", "rule"),
    [
        (0.0, "paper"),
        (0.4, "js"),
        (0.4, "magenta"),
        (1.0, "paper"),
        ({"pi": (1.0, 0.2), "pen": 0.5, "sigma": (0.0, 0.8, 20)}, "paper"),
    ],
)
def test_the_compiled_loop_draws_what_the_plain_one_draws(
    config, weights, compiled, temperature, rule
):
    request = {"temperature": temperature, "rule": rule, "seed": 5}
    wanted = sample_drawings(NumpyDecoder(config, weights), COUNT, SamplingSettings(**request))
    found = sample_drawings(compiled, COUNT, SamplingSettings(**request))
    assert len({d.num_steps for d in wanted}) > (5 if temperature == 1 else 0)
    assert same_drawings(found, wanted) >= 0.99
    assert sample_drawings(compiled, COUNT, SamplingSettings(**request)) == found  # bit by bit


def test_small_batches_and_odd_limits_go_through_the_compiled_loop(config, weights, compiled):
    for count, limit in ((1, 9), (3, 17)):
        request = {"temperature": 0.6, "seed": 1, "max_steps": limit}
        wanted = sample_drawings(NumpyDecoder(config, weights), count, SamplingSettings(**request))
        assert (
            same_drawings(sample_drawings(compiled, count, SamplingSettings(**request)), wanted)
            == 1
        )


def test_a_single_drawing_is_one_call_that_stops_at_its_end(config, weights, compiled, monkeypatch):
    calls = []
    draw = compiled._draw
    monkeypatch.setattr(compiled, "_draw", lambda *given: calls.append(draw(*given)) or calls[-1])
    many = sample_drawings(
        NumpyDecoder(config, weights), COUNT, SamplingSettings(temperature=1, seed=5)
    )
    short = min(range(COUNT), key=lambda k: many[k].num_steps)
    (drawing,) = sample_drawings(
        compiled, 1, SamplingSettings(1, seed=5), Conditions(numbers=[short])
    )
    assert same_drawings([drawing], [many[short]]) == 1
    assert len(calls) == 1
    rows = np.asarray(calls[0][0])[0]
    end = int(np.flatnonzero(rows[:, 4])[0])
    assert end + 1 < len(rows)
    assert not rows[end + 1 :].any()  # no step was taken there
    sample_drawings(compiled, 3, SamplingSettings(temperature=1, seed=5))
    assert len(calls) > 2  # of several, those that ended leave between calls


def test_the_compiled_loop_sees_weights_that_change(config, weights, network, compiled):
    name = "decoder/output/bias"
    request = {"temperature": 0.0, "seed": 1}
    before = sample_drawings(compiled, 5, SamplingSettings(**request))
    changed = {**weights, name: weights[name] + np.float32(0.5) * np.arange(config.output_size) % 2}
    network.named_weights()[name].assign(changed[name])
    try:
        after = sample_drawings(compiled, 5, SamplingSettings(**request))
    finally:
        network.named_weights()[name].assign(weights[name])
    assert after != before
    assert (
        same_drawings(
            after, sample_drawings(NumpyDecoder(config, changed), 5, SamplingSettings(**request))
        )
        == 1
    )


def test_one_step_of_both_pickers_is_the_same():
    pytest.importorskip("keras")
    from keras import ops

    from sketchrnn.sampling import compiled_decoder

    generator = np.random.default_rng(3)
    count = 2000
    outputs = (6 * generator.standard_normal((count, 3 + 6 * 5))).astype(np.float32)
    noise = sampling_noise(8, 0, count)
    noise[:3, :2] = 0  # the ends of what a uniform number can be
    noise[3:6, :2] = np.float32(1 - 2**-24)
    for setting in (temperature_rule(0.3), temperature_rule(1.0, "js"), temperature_rule(0)):
        wanted = mixture.pick_step(outputs, noise, setting)
        tensors = [
            ops.convert_to_tensor(np.float32(x))
            for x in (outputs, noise, setting.logits_divisor, setting.sigma_factor)
        ]
        found = np.asarray(compiled_decoder.pick_step(*tensors))
        same = (np.abs(found - wanted) <= 1e-4 * (1 + np.abs(wanted))).all(axis=1)
        assert same.mean() >= 0.999
        assert (found[:, 2:].sum(axis=1) == 1).all()


def test_the_bounds_are_those_of_the_network(network):
    from sketchrnn.model import mdn

    assert mixture.LOG_SIGMA_BOUND == mdn.LOG_SIGMA_BOUND
    assert mixture.CORRELATION_BOUND == mdn.CORRELATION_BOUND


def test_the_encoders_agree(config, weights, network, batch):
    if not config.conditional:
        pytest.skip("a decoder alone has none")
    stroke5, lengths = batch["stroke5"], batch["lengths"]
    found = NumpyEncoder(config, weights)(stroke5[:, 1:], lengths)
    wanted = network.encode(stroke5, lengths)
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == (len(lengths), config.z_size)
        np.testing.assert_allclose(a, np.asarray(b), atol=1e-5)


def test_the_encoder_reads_no_padding(config, weights, batch):
    if not config.conditional:
        pytest.skip("a decoder alone has none")
    encoder = NumpyEncoder(config, weights)
    steps, lengths = batch["stroke5"][:, 1:].copy(), batch["lengths"]
    wanted = encoder(steps, lengths)
    kept = steps.copy()
    for drawing, length in enumerate(lengths):
        steps[drawing, length:] = 99
    found = encoder(steps, lengths)
    np.testing.assert_array_equal(found, wanted)
    alone = encoder(kept[:1, : lengths[0]], lengths[:1])
    np.testing.assert_allclose(alone[0][0], wanted[0][0], atol=1e-5)


def test_the_decoders_predict_the_same(config, weights, network, batch):
    z = None
    if config.conditional:
        z = np.random.default_rng(2).standard_normal((8, config.z_size)).astype(np.float32)
    wanted, _ = network.decoder(batch["stroke5"], z)
    decoder = NumpyDecoder(config, weights)
    hidden, cell, constant = decoder.start(z, 8)
    for step in range(batch["stroke5"].shape[1]):
        outputs, hidden, cell = decoder.step(batch["stroke5"][:, step], hidden, cell, constant)
        np.testing.assert_allclose(outputs, np.asarray(wanted[step]), atol=2e-5)


def test_the_plain_loop_is_the_equations(config, weights):
    """One drawing's first two steps at temperature 0, by the equations, gate by gate."""
    z = np.random.default_rng(4).standard_normal((1, config.z_size)).astype(np.float32)
    units, size = config.decoder_size, config.num_mixtures
    hidden = cell = np.zeros(units)
    if config.conditional:
        state = weights["decoder/initial_state/kernel"].T @ z[0]
        state = np.tanh(state + weights["decoder/initial_state/bias"])
        cell, hidden = state[:units], state[units:]
    row = np.array([0, 0, 1, 0, 0])
    wanted = []
    for _ in range(2):
        gates = weights["decoder/lstm/input_kernel"].T @ row
        gates = gates + weights["decoder/lstm/recurrent_kernel"].T @ hidden
        gates = gates + weights["decoder/lstm/bias"]
        if config.conditional:
            gates = gates + weights["decoder/lstm/latent_kernel"].T @ z[0]
        i, g, f, o = (gates[k * units : (k + 1) * units] for k in range(4))
        forget = 1 / (1 + np.exp(-f - config.forget_bias))
        cell = forget * cell + np.tanh(g) / (1 + np.exp(-i))
        hidden = np.tanh(cell) / (1 + np.exp(-o))
        out = weights["decoder/output/kernel"].T @ hidden + weights["decoder/output/bias"]
        best = int(np.argmax(out[3 : 3 + size]))
        row = np.zeros(5)
        row[:2] = out[3 + size + best], out[3 + 2 * size + best]
        row[2 + int(np.argmax(out[:3]))] = 1
        wanted.append(row)
    noise = sampling_noise(0, 0, 2)[None]
    latent = z if config.conditional else None
    (found,) = sample_steps(NumpyDecoder(config, weights), latent, noise, temperature_rule(0))
    assert len(found) == 2
    np.testing.assert_allclose(found[:, :2], np.array(wanted)[:, :2], atol=1e-5)


def test_sigmoid_does_not_overflow():
    x = np.array([-1e30, -100, 0, 2, 1e30], np.float32)
    np.testing.assert_allclose(sigmoid(x), [0, 0, 0.5, 1 / (1 + np.exp(-2)), 1], atol=1e-7)


@pytest.mark.skipif(find_spec(OTHER) is None or find_spec("keras") is None, reason="needs jax")
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == OTHER, reason="this is the other process")
def test_the_same_on_jax():
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__))],
        env={**os.environ, "KERAS_BACKEND": OTHER},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    assert "passed" in result.stdout
