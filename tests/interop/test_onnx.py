"""ONNX graphs in onnxruntime: what they put out is what our NumPy decoder and encoder put out."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.drawing import Drawing, OutputExistsError
from sketchrnn.interop import onnx
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "draw_with_onnx.py"
EXACT = {"rtol": 2e-5, "atol": 1e-5}
B = 3

KINDS = {
    "lstm": {},
    "a decoder alone": {"conditional": False},
    "layer norm": {"encoder_cell": "layer_norm", "decoder_cell": "layer_norm"},
    "hyper": {"encoder_cell": "hyper", "decoder_cell": "hyper"},
    "several layers": {"encoder_layers": 2, "decoder_layers": 3},
    "layers of hyper": {"decoder_cell": "hyper", "decoder_layers": 2},
    "categories": {"categories": ("cat", "pig", "owl"), "category_size": 4},
    "categories alone": {
        "conditional": False, "categories": ("cat", "pig"), "category_size": 3,
        "decoder_cell": "layer_norm",
    },
}  # fmt: skip


@pytest.fixture(params=KINDS)
def model(request, tiny_config, make_weights):
    changes = {"hyper_units": 5, "hyper_embedding": 2, **KINDS[request.param]}
    config = dataclasses.replace(tiny_config, **changes)
    return SketchRNN(config, make_weights(config))


def run(graph, **inputs):
    session = runtime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def test_encoder_start_and_steps(model):
    rng = np.random.default_rng(6)
    config, made = model.config, onnx.graphs(model)
    told, parts = {}, []
    places = rng.integers(0, max(len(config.categories), 1), B)
    embedding = None
    if config.categories:
        told["category"] = places
        embedding = model.weights["categories/embedding"][places]
    if config.conditional:
        steps = rng.normal(size=(B, 7, 5)).astype("f4")
        lengths = np.array([7, 1, 4])
        found = run(made["encoder"], steps=steps, lengths=lengths, **told)
        wanted = NumpyEncoder(config, model.weights)(steps, lengths, embedding)
        for name, values in zip(("z_mean", "z_log_var"), wanted, strict=True):
            np.testing.assert_allclose(found[name], values, **EXACT, err_msg=name)
        told["z"] = rng.normal(size=(B, config.z_size)).astype("f4")
        parts.append(told["z"])
    parts += [embedding] if embedding is not None else []
    condition = np.concatenate(parts, axis=1) if parts else None
    decoder = NumpyDecoder(config, model.weights)
    hidden, cell, constant = decoder.start(condition, B)
    state = {"hidden": hidden, "cell": cell}
    if told:
        state = run(made["start"], **told)
        np.testing.assert_allclose(state["hidden"], hidden, **EXACT)
        np.testing.assert_allclose(state["cell"], cell, **EXACT)
    for row in rng.normal(size=(4, B, 5)).astype("f4"):
        found = run(made["step"], row=row, **state, **told)
        outputs, hidden, cell = decoder.step(row, hidden, cell, constant)
        parts = np.split(outputs[:, 3:], 6, axis=1)
        for name, values in {
            "pen_logits": outputs[:, :3], "pi_logits": parts[0], "mu_x": parts[1],
            "mu_y": parts[2], "sigma_x": np.exp(parts[3]), "sigma_y": np.exp(parts[4]),
            "rho": np.tanh(parts[5]), "next_hidden": hidden, "next_cell": cell,
        }.items():  # fmt: skip
            np.testing.assert_allclose(found[name], values, **EXACT, err_msg=name)
        state = {name: found[f"next_{name}"] for name in ("hidden", "cell")}


def run_the_script(path, temperature, seed):
    """Draw as the documents say, in a process that finds nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, path, str(temperature), str(seed)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Drawing([np.array(stroke) for stroke in json.loads(done.stdout)])


@pytest.mark.parametrize("kind", ["lstm", "a decoder alone", "categories"])
def test_the_loop_of_the_documents(tiny_config, make_weights, tmp_path, kind):
    """At temperature 0 it draws what we draw."""
    config = dataclasses.replace(tiny_config, **KINDS[kind])
    model = SketchRNN(config, make_weights(config))
    found = run_the_script(onnx.save(model, tmp_path / "onnx"), 0, 5)
    rng, told = np.random.default_rng(5), {}
    if config.conditional:
        told["z"] = rng.standard_normal((1, config.z_size), dtype=np.float32)
    if config.categories:
        told["category"] = config.categories[rng.integers(len(config.categories))]
    wanted = model.generate(1, 0, seed=1, **told)[0]
    assert wanted.num_points > 3
    assert len(found.strokes) == len(wanted.strokes)
    for ours, theirs in zip(wanted.strokes, found.strokes, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_the_noise_of_the_loop(free_config, make_weights, tmp_path):
    """The model says the same at every step; what the loop makes of that at temperature 1/2."""
    config = dataclasses.replace(free_config, num_mixtures=2, max_seq_len=4000, scale_factor=2.0)
    weights = {name: np.zeros_like(array) for name, array in make_weights(config).items()}
    shares, lifts = np.array([0.6, 0.4]), 0.3
    weights["decoder/output/bias"][:] = [
        *np.log([1 - lifts, lifts, 1e-9]), *np.log(shares), -50, 50, 0, 9,
        *np.log([3, 1]), *np.log([2, 5]), *np.arctanh([0.8, -0.5]),
    ]  # fmt: skip
    path = onnx.save(SketchRNN(config, weights), tmp_path / "onnx")
    found = run_the_script(path, 0.5, 3)
    offsets = np.diff(np.vstack(found.strokes), axis=0) / config.scale_factor
    assert len(offsets) == 4000
    lifted = lifts**2 / (lifts**2 + (1 - lifts) ** 2)  # squared and made to sum to 1: tau is 1/2
    assert (len(found.strokes) - 1) / 4000 == pytest.approx(lifted, abs=0.02)
    left = offsets[offsets[:, 0] < 0]
    assert len(left) / 4000 == pytest.approx(0.36 / (0.36 + 0.16), abs=0.02)
    for part, mean, deviations, rho in (
        (left, (-50, 0), (3, 2), 0.8),
        (offsets[offsets[:, 0] > 0], (50, 9), (1, 5), -0.5),
    ):
        np.testing.assert_allclose(part.mean(axis=0), mean, atol=0.25)
        np.testing.assert_allclose(part.std(axis=0), np.sqrt(0.5) * np.array(deviations), rtol=0.05)
        assert np.corrcoef(part.T)[0, 1] == pytest.approx(rho, abs=0.05)


def test_the_loop_is_as_short_as_the_documents_say():
    text = SCRIPT.read_text("utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 40


def test_the_folder_says_what_the_graphs_do_not(tiny_config, make_weights, tmp_path):
    provenance = {"data": {"licence": "CC0", "attribution": "A. Nonymous"}}
    model = SketchRNN(tiny_config, make_weights(tiny_config), provenance=provenance)
    path = onnx.save(model, tmp_path / "out")
    notes = json.loads((path / "model.json").read_text())
    assert (notes["scale_factor"], notes["z_size"], notes["state_size"]) == (40.0, 6, 24)
    assert notes["provenance"]["data"]["licence"] == "CC0"
    names = {"encoder.onnx", "model.json", "start.onnx", "step.onnx"}
    assert {file.name for file in path.iterdir()} == names
    with pytest.raises(OutputExistsError):
        onnx.save(model, path)
