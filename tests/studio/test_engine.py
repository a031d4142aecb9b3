"""The engine in JavaScript computes what the NumPy decoder computes, in Node; skips without it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.studio_page.weights import pack_weights, rounded

KINDS = {
    "lstm": {},
    "layer norm": {"decoder_cell": "layer_norm", "encoder_cell": "layer_norm"},
    "hyper": {"decoder_cell": "hyper", "encoder_cell": "layer_norm"},
    "hyper encoder": {"encoder_cell": "hyper"},
    "stacked": {"decoder_layers": 2, "encoder_layers": 2, "decoder_cell": "layer_norm"},
    "two kinds": {"decoder_layers": 3, "decoder_cell": "hyper"},
    "categories": {"categories": ("cat", "dog"), "category_size": 3},
    "decoder alone": {"conditional": False, "categories": ("cat", "dog"), "category_size": 3},
    "nothing told": {"conditional": False},
}
SCRIPT = """
const engine = require(process.argv[1]);
const { config, weights, rows, z, category } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const model = new engine.Model(config, engine.decodeWeights(weights));
const count = rows.length;
const codes = z && z.map((own) => Float32Array.from(own));
const state = model.start(model.condition(codes, count, category), count);
const outputs = [], nats = [];
let before = null;
for (let t = 0; t < rows[0].length; t += 1) {
  if (before) nats.push(rows.map((own, b) => engine.nats(before, b, model.mixtures, own[t])));
  before = model.step(Float32Array.from(rows.flatMap((own) => own[t])), state);
  outputs.push(Array.from({ length: count }, (_, b) => engine.mixture(before, b, model.mixtures)));
}
const encoded = config.conditional ? Array.from(model.encode(rows[0].slice(1), category)) : null;
console.log(JSON.stringify({ outputs, nats, codes: encoded }));
"""


@pytest.fixture(scope="module")
def node():
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed")
    return found


def run(node, script, given=None):
    engine = str(resources.files("sketchrnn.studio_page") / "engine.js")
    done = subprocess.run(
        [node, "-e", script, engine],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [32, 16, 8])
def test_the_engine_equals_the_numpy_decoder(node, tiny_config, make_weights, kind, bits):
    config = dataclasses.replace(tiny_config, **KINDS[kind])
    weights = make_weights(config)
    model = sr.SketchRNN(config, rounded(weights, bits))
    rng = np.random.default_rng(3)
    count, steps = 5, 7  # more than the four that go through a product together
    rows = np.zeros((count, steps, 5), np.float32)
    rows[:, 1:, :2] = rng.normal(size=(count, steps - 1, 2))
    rows[:, np.arange(steps), 2 + rng.integers(0, 2, steps)] = 1
    rows[:, 0] = (0, 0, 1, 0, 0)
    z = rng.normal(size=(count, config.z_size)).astype(np.float32) if config.conditional else None
    category = "dog" if config.categories else None
    given = {
        "config": config.to_dict(),
        "weights": pack_weights(weights, bits),
        "rows": rows.tolist(),
        "z": None if z is None else z.tolist(),
        "category": category,
    }
    found = run(node, SCRIPT, given)
    for b in range(count):
        wanted = model.mixture_params(rows[b], None if z is None else z[b], category)
        for name, values in wanted.items():
            got = [found["outputs"][t][b][name] for t in range(steps)]
            np.testing.assert_allclose(got, values, rtol=1e-4, atol=1e-5, err_msg=name)
    parts = [] if z is None else [z]
    if category:
        row = model.weights["categories/embedding"][config.categories.index(category)]
        parts.append(np.repeat(row[None], count, axis=0))
    condition = np.concatenate(parts, axis=1) if parts else None
    nats = nats_of_rows(model.sampler.decoder, condition, list(rows[:, 1:]), [False] * count)
    wanted = (nats.offset + nats.pen)[:, : steps - 1]
    np.testing.assert_allclose(np.array(found["nats"]).T, wanted, rtol=1e-3, atol=1e-3)
    if config.conditional:
        steps_alone = rows[0, 1:][None]
        embedding = None if category is None else row[None]
        codes, _ = model.sampler.encoder(steps_alone, np.array([steps - 1]), embedding)
        np.testing.assert_allclose(found["codes"], codes[0], rtol=1e-4, atol=1e-5)


def test_rounding_is_within_half_a_step(tiny_config, make_weights):
    weights = make_weights(tiny_config)
    for bits in (8, 16):
        for name, array in rounded(weights, bits).items():
            largest = np.abs(weights[name]).reshape(-1, array.shape[-1]).max(axis=0)
            bound = largest / ((1 << (bits - 1)) - 1) / 2 * 1.001
            assert (np.abs(array - weights[name]) <= bound + 1e-7).all()


def test_samples_follow_the_mixture(node):
    script = """
    const engine = require(process.argv[1]);
    const outputs = Float32Array.from(
      [0.5, 0, -1, 0.2, 1.2, 3, -3, 1, 0, -1, -0.5, 0.3, 0, 0.7, -0.2]);
    const random = engine.makeRandom(5), rule = engine.temperatureRule(0.5, "js");
    const drawn = Array.from({ length: 40000 }, () => engine.sample(outputs, 0, 2, rule, random));
    const again = engine.makeRandom(5);
    console.log(JSON.stringify({
      drawn, rule, first: engine.sample(outputs, 0, 2, rule, again),
      rules: ["paper", "magenta", "js"].map((name) => engine.temperatureRule(0.25, name)),
    }));
    """
    found = run(node, script)
    drawn = np.array(found["drawn"])
    assert found["first"] == found["drawn"][0]
    assert found["rules"] == [
        {"divisor": 0.25, "sigma": 0.5},
        {"divisor": 0.25, "sigma": 0.25},
        {"divisor": 0.625, "sigma": 0.5},
    ]

    def softmax(logits):
        shares = np.exp(np.array(logits) / 0.75)
        return shares / shares.sum()

    np.testing.assert_allclose(drawn[:, 2:].mean(axis=0), softmax([0.5, 0, -1]), atol=0.01)
    pi = softmax([0.2, 1.2])
    np.testing.assert_allclose(drawn[:, 0].mean(), pi @ [3, -3], atol=0.06)
    second = drawn[drawn[:, 0] < 0]
    factor = np.sqrt(0.5)
    np.testing.assert_allclose(second[:, 0].std(), np.exp(-0.5) * factor, rtol=0.03)
    correlation = np.corrcoef(second[:, :2].T)[0, 1]
    np.testing.assert_allclose(correlation, np.tanh(-0.2), atol=0.03)
