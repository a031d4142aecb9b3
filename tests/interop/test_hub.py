"""Weights as safetensors, and models from a stand-in of the Hugging Face hub."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.api import SketchRNN
from sketchrnn.drawing import BadFileError, MissingDependencyError
from sketchrnn.interop import model_files
from sketchrnn.model import folder
from tests.interop.conftest import COMMIT

safetensors = pytest.importorskip("safetensors.numpy")


@pytest.fixture
def model(tiny_folder):
    return sr.load(tiny_folder)


def same(first, second):
    weights = second.weights
    return first.config == second.config and all(
        np.array_equal(array, weights[name]) for name, array in first.weights.items()
    )


def test_a_folder_with_safetensors(model, tmp_path):
    path = model.save_pretrained(tmp_path / "new", safetensors=True)
    names = {file.name for file in path.iterdir()}
    assert names == {"config.json", "model.safetensors"}
    assert same(sr.load(path), model)
    model.save(path, overwrite=True)  # and the other kind takes its place
    assert {file.name for file in path.iterdir()} == {"config.json", "model.weights.h5"}
    model.save(path, overwrite=True, safetensors=True)
    assert {file.name for file in path.iterdir()} == names


def test_one_file_is_a_whole_model(model, tmp_path):
    path = model_files.save_safetensors(model, tmp_path / "tiny.safetensors")
    again = model_files.load(path)
    assert same(again, model)
    assert (again.preparation, again.provenance) == (model.preparation, model.provenance)
    found = model_files.describe(path)
    assert (found.kind, found.parameters) == ("safetensors", 6495)
    assert safetensors.load_file(path).keys() == model.weights.keys()


def test_bad_safetensors(model, tmp_path):
    good = model.save(tmp_path / "new", safetensors=True) / folder.SAFETENSORS_FILE
    content, arrays = good.read_bytes(), dict(model.weights)

    def refused(words):
        with pytest.raises(BadFileError, match=words):
            SketchRNN.load(good.parent)

    good.write_bytes(content[:-9])
    refused(r"model\.safetensors: is no safetensors file, or is truncated")
    good.write_bytes(b"\xff" * 50)
    refused("is no safetensors file, or is truncated")
    for name, array, words in (
        ("decoder/output/bias", np.zeros(5, np.float32), r"has shape \(5,\), and the config"),
        ("decoder/output/bias", np.full(27, np.nan, np.float32), "holds NaN"),
        ("stranger", np.zeros(2, np.float32), "stranger: is no weight of this model"),
    ):
        good.write_bytes(safetensors.save({**arrays, name: array}))
        refused(words)
    good.write_bytes(safetensors.save({"decoder/output/bias": arrays["decoder/output/bias"]}))
    refused("is missing")
    with pytest.raises(BadFileError, match="does not say what network its weights belong to"):
        model_files.load(good)


def test_from_the_hub(hub, model, tmp_path):
    again = sr.from_pretrained("somebody/tiny", cache_dir=tmp_path / "cache")
    assert same(again, model)
    assert again.name == "tiny"
    assert any(path.endswith("/model.safetensors") for path in hub)  # asked for first
    assert sr.SketchRNN.from_pretrained(
        "somebody/tiny", revision=COMMIT, cache_dir=tmp_path / "cache"
    )


@pytest.mark.parametrize(
    ("name", "revision", "words"),
    [
        (
            "somebody/else",
            None,
            "somebody/else: is no folder here, and there is no such model on the hub",
        ),
        ("somebody/tiny", "v9", "the hub has no revision 'v9'"),
        ("nobody", None, "nobody: no such model folder"),
        ("a/b/c", None, "a/b/c: no such model folder"),
    ],
)
def test_what_the_hub_does_not_have(hub, tmp_path, name, revision, words):
    with pytest.raises(BadFileError, match=words):
        sr.from_pretrained(name, revision, tmp_path / "cache")


def test_a_repository_without_weights(hub, tiny_folder, tmp_path):
    (tiny_folder / folder.WEIGHTS_FILE).unlink()
    with pytest.raises(BadFileError, match="is no model of sketchrnn"):
        sr.from_pretrained("somebody/tiny", cache_dir=tmp_path / "cache")


def test_folders_and_shipped_models_need_no_hub(tiny_folder, model, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    assert same(sr.from_pretrained(tiny_folder), model)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sketchrnn\[hub\]'"):
        sr.from_pretrained("somebody/tiny")
    assert json.loads((tiny_folder / "config.json").read_text())["format"] == folder.FORMAT
