"""Files of sketch-rnn-js: what they mean, there and back, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.interop import magenta_js
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from tests.interop.conftest import TWENTY, js_arrays, js_content

STEP = 10 / 32767


@pytest.fixture
def exportable(tiny_config, make_weights):
    """A VAE, or a decoder alone, that sketch-rnn-js can run."""

    def make(**changes):
        config = dataclasses.replace(tiny_config, num_mixtures=TWENTY, **changes)
        provenance = {"data": {"licence": "CC0", "attribution": "A. Nonymous"}, "step": 5}
        return SketchRNN(config, make_weights(config), Preparation(epsilon=1.5), provenance)

    return make


# What sketch-rnn-js computes


@pytest.mark.parametrize("name", ["bicycle", "bear"])
def test_every_step_of_a_published_model(shared_data, name):
    folder = shared_data / "magenta_js"
    model = magenta_js.load(folder / f"{name}.gen.json")
    told = json.loads((folder / f"{name}.steps.json").read_text())
    rows = np.array(told["inputs"], dtype=float)
    rows[:, :2] /= model.config.scale_factor  # they are in pixels
    params = model.mixture_params(rows)
    for step, wanted in enumerate(told["steps"]):
        assert wanted.keys() == params.keys()
        for key, values in wanted.items():
            np.testing.assert_allclose(
                params[key][step], values, rtol=1e-5, atol=1e-5, err_msg=f"{key} of step {step}"
            )


def test_every_published_model_draws(shared_data):
    for path in sorted((shared_data / "magenta_js").glob("*.gen.json")):
        model = magenta_js.load(path)
        assert model.preparation == Preparation(extent=255.0, epsilon=2.0)
        assert model.generate(1, 0.2, max_steps=12, seed=1)[0].num_points > 5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(rows, state, kernel, recurrent, bias):
    """An LSTM as sketch-rnn-js writes it down: gates i, g, f, o, and 1 added to f."""
    cell, hidden = state
    units = len(cell)
    for row in rows:
        sums = row @ kernel + hidden @ recurrent + bias
        i, g, f, o = (sums[k * units : (k + 1) * units] for k in range(4))
        cell = sigmoid(f + 1) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        yield cell, hidden


def oracle_vae(arrays, rows):
    """z_mean, and what the output layer says after each row, (T, 123)."""
    ends = []
    for first, sequence in ((0, rows[1:]), (3, rows[:0:-1])):
        zeros = np.zeros(len(arrays[first + 1]))
        *_, (_, hidden) = lstm(sequence, (zeros, zeros), *arrays[first : first + 3])
        ends.append(hidden)
    z = np.concatenate(ends) @ arrays[6] + arrays[7]
    state = np.split(np.tanh(z @ arrays[10] + arrays[11]), 2)
    inputs = [np.concatenate([row, z]) for row in rows]
    outputs = [hidden @ arrays[12] + arrays[13] for _, hidden in lstm(inputs, state, *arrays[14:])]
    return z, np.array(outputs)


@pytest.mark.parametrize("mode", [0, 1, "vae"])
def test_a_vae_against_the_formulas(js_file, mode):
    arrays = js_arrays(True)
    model = magenta_js.load(js_file(mode))
    drawing = Drawing([[(0, 0), (40, 10), (60, 60)], [(10, 20)], [(5, 80), (90, 15)]])
    rows = np.vstack([[0, 0, 1, 0, 0], drawing.to_stroke5()[:-1]]).astype(float)
    rows[:, :2] /= 50
    z, outputs = oracle_vae(arrays, rows)
    np.testing.assert_allclose(model.encode(drawing, prepare=False)[0], z, rtol=1e-4, atol=1e-5)
    params = model.mixture_params(rows)
    np.testing.assert_allclose(params["mu_y"], outputs[:, 43:63], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(params["sigma_x"], np.exp(outputs[:, 63:83]), rtol=1e-4)
    np.testing.assert_allclose(params["rho"], np.tanh(outputs[:, 103:]), rtol=1e-4, atol=1e-5)
    pen = np.exp(outputs[:, :3])
    np.testing.assert_allclose(
        params["pen_probs"], pen / pen.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("mode", [2, "gen"])
def test_a_decoder_alone_by_both_names(js_file, mode):
    model = magenta_js.load(js_file(mode, version=2))
    assert not model.config.conditional
    assert (model.config.scale_factor, model.config.max_seq_len) == (50.0, 30)
    assert model.config.forget_bias == 1.0
    assert model.provenance["info"]["version"] == 2


@pytest.mark.parametrize("mode", [2, "vae"])
def test_the_version_changes_nothing(js_file, mode):
    """Published files say 2 and 6; some say nothing, and some what their training came to."""
    weights = magenta_js.load(js_file(mode)).weights
    training = {"r_loss": -0.5, "kl_loss": 0, "training_size": 40300}
    for info in ({"version": version, **training} for version in (1, 2, 6, "6", None)):
        again = magenta_js.load(js_file(mode, **info))
        for name, array in again.weights.items():
            assert np.array_equal(array, weights[name])
        assert again.provenance["info"].items() >= training.items()


# There and back


@pytest.mark.parametrize("conditional", [False, True])
def test_there_and_back(exportable, tmp_path, conditional):
    model = exportable(conditional=conditional)
    path = tmp_path / "ours.json"
    effect = magenta_js.save(model, path)
    again = magenta_js.load(path)
    assert again.preparation == model.preparation
    assert again.provenance["data"] == model.provenance["data"]
    for name, array in model.weights.items():
        if name.endswith("lstm/bias") or name.endswith("ward/bias"):  # 0.7 here, always 1 there
            units = len(array) // 4
            array[2 * units : 3 * units] += np.float32(0.7 - 1)
        assert np.abs(again.weights[name] - array).max() <= 0.51 * STEP
    assert 0 < effect.largest_error <= 0.51 * STEP
    assert effect.made_up and effect.num_drawings > 0
    assert 0 < abs(effect.nats_per_point_exported - effect.nats_per_point) < 0.01
    magenta_js.save(again, path, overwrite=True)
    twice = magenta_js.load(path).weights
    for name, array in again.weights.items():
        assert np.array_equal(twice[name], array)


def test_what_a_published_file_holds_comes_back_exactly(shared_data, tmp_path, made_up_drawings):
    path = shared_data / "magenta_js" / "key.gen.json"
    out = tmp_path / "key.json"
    effect = magenta_js.save(magenta_js.load(path), out, drawings=made_up_drawings[:1])
    assert effect.largest_error == 0
    assert json.loads((tmp_path / "key.json").read_text())[2] == json.loads(path.read_text())[2]


def nats_by_hand(model, drawing, z):
    """Offset and pen of each step, and the pen of the end; in model units."""
    rows = np.vstack([[0, 0, 1, 0, 0], drawing.to_stroke5()]).astype(float)
    rows[:, :2] /= model.config.scale_factor
    said = model.mixture_params(rows[:-1], z)
    nats = -np.log(said["pen_probs"][rows[1:, 2:] == 1]).sum()
    rho = said["rho"][:-1]
    x = (rows[1:-1, :1] - said["mu_x"][:-1]) / said["sigma_x"][:-1]
    y = (rows[1:-1, 1:2] - said["mu_y"][:-1]) / said["sigma_y"][:-1]
    across = 2 * np.pi * said["sigma_x"][:-1] * said["sigma_y"][:-1] * np.sqrt(1 - rho**2)
    density = np.exp(-(x**2 + y**2 - 2 * rho * x * y) / (2 * (1 - rho**2))) / across
    return nats - np.log((said["pi"][:-1] * density).sum(axis=1)).sum()


@pytest.mark.parametrize("conditional", [False, True])
def test_the_effect_is_that_on_the_loss(exportable, tmp_path, made_up_drawings, conditional):
    model = exportable(conditional=conditional)
    effect = magenta_js.save(model, tmp_path / "x.json", drawings=made_up_drawings)
    assert (effect.made_up, effect.num_drawings) == (False, len(made_up_drawings))
    steps, losses = sum(len(drawing.to_stroke3()) for drawing in made_up_drawings), []
    for each in (model, magenta_js.load(tmp_path / "x.json")):
        none = [None] * len(made_up_drawings)
        latent = each.encode(made_up_drawings, prepare=False) if conditional else none
        pairs = zip(made_up_drawings, latent, strict=True)
        losses.append(sum(nats_by_hand(each, drawing, z) for drawing, z in pairs) / steps)
    assert effect.nats_per_point == pytest.approx(losses[0], rel=1e-5)
    change = effect.nats_per_point_exported - effect.nats_per_point
    assert change == pytest.approx(losses[1] - losses[0], abs=5e-6)
    assert abs(change) > 2e-5
    assert f"{change:+.5f} nats a point" in str(effect)


def test_a_vae_for_one_z_is_a_decoder_alone(exportable, tmp_path):
    model = exportable()
    z = np.random.default_rng(3).normal(size=model.config.z_size)
    effect = magenta_js.save(model, tmp_path / "x.gen.json", z=z)
    # the loss is what the VAE says of drawings that it makes up for this z
    vectors = np.tile(z, (effect.num_drawings, 1)).astype("f4")
    rows = []
    for drawing in model.generate(len(vectors), 1.0, z=vectors, seed=0):
        drawn = drawing.to_stroke5()[: model.config.max_seq_len]
        rows.append(drawn[drawn[:, 4] == 0] / np.array([40, 40, 1, 1, 1], "f4"))
    nats = nats_of_rows(NumpyDecoder(model.config, model.weights), vectors, rows).totals().sum()
    assert effect.made_up
    assert effect.nats_per_point == pytest.approx(nats / sum(map(len, rows)), rel=1e-5)
    info, shapes, _ = json.loads((tmp_path / "x.gen.json").read_text())
    assert (info["mode"], len(shapes)) == (2, 5)
    weights = model.weights
    state = np.tanh(
        z @ weights["decoder/initial_state/kernel"] + weights["decoder/initial_state/bias"]
    )
    np.testing.assert_allclose(info["initial_state"]["c"], state[:24], rtol=1e-5)
    np.testing.assert_allclose(info["initial_state"]["h"], state[24:], rtol=1e-5)


# What is refused


def test_weights_beyond_ten(exportable, tmp_path):
    model = exportable(conditional=False)
    weights = model.weights
    weights["decoder/output/kernel"] = weights["decoder/output/kernel"].copy()
    weights["decoder/output/kernel"][3, 7] = -12.5
    large = SketchRNN(model.config, weights)
    path = tmp_path / "x.json"
    with pytest.raises(BadSettingError, match=r"'decoder/output/kernel' reaches 12\.50.*--clip"):
        magenta_js.save(large, path)
    assert not path.exists()
    effect = magenta_js.save(large, path, clip=True)
    assert effect.clipped == 1
    assert effect.largest_error == pytest.approx(2.5)
    assert "1 weights clipped" in str(effect)
    assert magenta_js.load(path).weights["decoder/output/kernel"][3, 7] == -10
    with pytest.raises(OutputExistsError):
        magenta_js.save(model, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decoder_cell": "layer_norm"}, "decoder_cell is 'layer_norm'"),
        ({"encoder_cell": "hyper", "hyper_units": 3}, "encoder_cell is 'hyper'"),
        ({"decoder_layers": 2}, "decoder_layers is 2"),
        ({"categories": ("cat", "pig"), "category_size": 4}, "told a category"),
        ({"num_mixtures": 10}, "num_mixtures is 10, and sketch-rnn-js reads 20"),
    ],
)
def test_what_the_format_cannot_hold(tiny_config, make_weights, tmp_path, changes, words):
    config = dataclasses.replace(tiny_config, **{"num_mixtures": TWENTY, **changes})
    with pytest.raises(BadSettingError, match=words):
        magenta_js.save(SketchRNN(config, make_weights(config)), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_nan_weights_are_not_written(exportable, tmp_path):
    model = exportable(conditional=False)
    weights = model.weights
    weights["decoder/output/bias"] = np.full(123, np.nan, np.float32)
    with pytest.raises(BadSettingError, match="'decoder/output/bias' holds NaN"):
        magenta_js.save(SketchRNN(model.config, weights), tmp_path / "x.json")


def test_z_for_a_decoder_alone(exportable, tmp_path):
    with pytest.raises(BadSettingError, match="takes no z"):
        magenta_js.save(exportable(conditional=False), tmp_path / "x.json", z=[0.0] * 6)
    with pytest.raises(BadSettingError, match="z must be 6 finite numbers"):
        magenta_js.save(exportable(), tmp_path / "x.json", z=[0.0] * 5)


def changed(mode, change, *, conditional=False):
    """The content of a file after a change to it."""
    content = js_content(js_arrays(conditional), mode=mode)
    change(content)
    return content


def put(*place):
    """Return what puts the last of its arguments at the place that the others name."""

    def change(content):
        *way, last, value = place
        for step in way:
            content = content[step]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (changed(2, put(0, "mode", "both")), "mode: is 'both', and must be 2 or 'gen'"),
        (changed(2, put(0, "mode", True)), "mode: is True"),
        (changed(2, lambda c: c[0].pop("mode")), "mode: is None"),
        (changed(0, lambda c: None), "mode: is 0, a VAE, which has 17 arrays, and there are 5"),
        (changed(2, lambda c: None, conditional=True), "a decoder alone, which has 5 arrays"),
        (changed(2, put(0, "scale_factor", 0)), "scale_factor: is 0"),
        (changed(2, put(0, "scale_factor", float("nan"))), "scale_factor: is nan"),
        (changed(2, put(0, "scale_factor", "90")), "scale_factor: is '90'"),
        (changed(2, put(0, "max_seq_len", None)), "max_seq_len: is None"),
        (changed(2, put(1, 3, [6, 23])), "decoder/lstm/recurrent_kernel: has shape (6, 23)"),
        (changed(2, put(1, 3, [6, 10**9])), "decoder/lstm/recurrent_kernel: shape [6, 1000000000]"),
        (changed(2, put(1, 1, [122])), "decoder/output/bias: has 122 numbers"),
        (changed(2, put(1, 1, "x")), "decoder/output/bias: shape x is none"),
        (changed(2, lambda c: c[1].pop()), "shapes: has 4 shapes and 5 blobs"),
        (changed(2, put(2, 3, 5)), "shapes: has 5 shapes and 5 blobs"),
        (changed(2, lambda c: c[2].__setitem__(4, c[2][4][:-3])), "lstm/bias: is no base64"),
        (changed(2, lambda c: c[2].__setitem__(4, c[2][4][:-4])), "lstm/bias: has 45 bytes, and"),
        (changed(2, lambda c: c[2].__setitem__(4, "é" * 64)), "lstm/bias: is no base64"),
        ({"mode": 2}, "not [info, shapes, blobs]"),
        ([1, 2, 3], "not [info, shapes, blobs]"),
    ],
)
def test_bad_files(tmp_path, content, words):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadFileError) as refused:
        magenta_js.load(path)
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")


def test_files_that_are_no_json(tmp_path, js_file):
    path = js_file(2)
    for content in (path.read_bytes()[:-40], b"[" * 5000, b"\xff\xfe[]", b""):
        path.write_bytes(content)
        with pytest.raises(BadFileError, match="is not JSON, or truncated"):
            magenta_js.load(path)
    with pytest.raises(BadFileError, match="no such file"):
        magenta_js.load(tmp_path / "nothing.json")
