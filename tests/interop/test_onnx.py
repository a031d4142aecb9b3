"""ONNX graphs in onnxruntime: what they put out is what our NumPy decoder and encoder put out."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.drawing import Drawing, OutputExistsError
from sketchrnn.interop import onnx
from sketchrnn.sampling.numpy_loop import NumpyDecoder, NumpyEncoder
from sketchrnn.sketch_rnn import SketchRNN

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


def test_the_loop_of_the_documents(tiny_config, make_weights, tmp_path):
    """With nothing but NumPy and onnxruntime, at temperature 0, it draws what we draw."""
    model = SketchRNN(tiny_config, make_weights(tiny_config))
    onnx.save(model, tmp_path / "onnx")
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, tmp_path / "onnx", "--temperature", "0", "--seed", "5"],
        capture_output=True,
        text=True,
        check=True,
    )
    z = np.random.default_rng(5).standard_normal((1, tiny_config.z_size), dtype=np.float32)
    wanted = model.generate(1, 0, z=z, seed=1)[0]
    found = Drawing([np.array(stroke) for stroke in json.loads(done.stdout)])
    assert len(found.strokes) == len(wanted.strokes)
    for ours, theirs in zip(wanted.strokes, found.strokes, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


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
