"""The real @magenta/sketch runs our files, and computes what we compute."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.interop import magenta_js

RUNNER = Path(__file__).with_name("client.js")
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def drawn_rows(model: SketchRNN) -> np.ndarray:
    """Start token and rows of a drawing, pen states of all kinds, in model units."""
    rng = np.random.default_rng(9)
    rows = np.zeros((12, 5))
    rows[1:, :2] = rng.normal(0, 20, (11, 2)) / model.config.scale_factor
    rows[np.arange(12), 2 + (np.arange(12) % 4 == 3)] = 1
    return rows


def client_params(script: Path, file: Path, rows: np.ndarray, folder: Path) -> dict:
    inputs = folder / "rows.json"
    inputs.write_text(json.dumps(rows.tolist()))
    done = subprocess.run(
        ["node", RUNNER, script, file, inputs], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-400:]  # it quotes the whole script
    steps = json.loads(done.stdout)
    return {name: np.array([step[name] for step in steps]) for name in steps[0]}


def assert_same(found: dict, wanted: dict) -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, **TOLERANCE, err_msg=name)


@pytest.fixture
def decoder(free_config, make_weights) -> SketchRNN:
    config = dataclasses.replace(free_config, num_mixtures=20)
    return SketchRNN(config, make_weights(config))


def test_a_model_of_ours(javascript_client, decoder, tmp_path):
    file = tmp_path / "ours.gen.json"
    magenta_js.save(decoder, file)
    rows = drawn_rows(decoder)
    found = client_params(javascript_client, file, rows, tmp_path)
    assert_same(found, magenta_js.load(file).mixture_params(rows))
    # and but for the rounding, it is what we wrote
    for name, values in decoder.mixture_params(rows).items():
        np.testing.assert_allclose(found[name], values, rtol=0.02, atol=0.005, err_msg=name)


def test_a_vae_of_ours_told_one_z(javascript_client, tiny_config, make_weights, tmp_path):
    config = dataclasses.replace(tiny_config, num_mixtures=20)
    model = SketchRNN(config, make_weights(config))
    z = np.random.default_rng(2).normal(size=config.z_size)
    file = tmp_path / "ours.gen.json"
    magenta_js.save(model, file, z=z)
    rows = drawn_rows(model)
    found = client_params(javascript_client, file, rows, tmp_path)
    for name, values in model.mixture_params(rows, z).items():
        np.testing.assert_allclose(found[name], values, rtol=0.02, atol=0.005, err_msg=name)


def test_a_published_model(javascript_client, shared_data, tmp_path):
    file = shared_data / "magenta_js" / "bicycle.gen.json"
    model = magenta_js.load(file)
    rows = drawn_rows(model)
    assert_same(client_params(javascript_client, file, rows, tmp_path), model.mixture_params(rows))
