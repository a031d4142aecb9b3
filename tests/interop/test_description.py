"""`model info` of every kind that needs no framework to be written; the others are with theirs."""

from __future__ import annotations

import dataclasses
import json

import pytest

import sketchrnn as sr
from sketchrnn.api import SketchRNN
from sketchrnn.drawing import BadFileError
from sketchrnn.interop import magenta_js, model_files, onnx
from sketchrnn.model import folder

OURS = ("VAE, z 6", "lstm 24, 4 mixtures", "6,495", "40.0000 data units", "3 steps", "A. Nonymous")


@pytest.fixture
def served(tiny_folder, tmp_path):
    """What `model info` reads of a SavedModel; a real one is in test_keras_files.py."""
    path = tmp_path / "served"
    (path / "assets.extra").mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"graphs")
    notes = (tiny_folder / folder.CONFIG_FILE).read_bytes()
    (path / "assets.extra" / "sketchrnn.json").write_bytes(notes)
    return path


def test_no_framework_is_loaded(tiny_folder, served, js_file, described_apart, tmp_path):
    pytest.importorskip("safetensors")
    model = sr.load(tiny_folder)
    exported = {
        "model folder": tiny_folder,
        "SavedModel": served,
        "safetensors": model_files.save_safetensors(model, tmp_path / "tiny.safetensors"),
    }
    beside = model.save(tmp_path / "beside", safetensors=True)
    for kind, said in zip(exported, described_apart(*exported.values()), strict=True):
        assert f"format          {kind}\n" in said
        assert [words for words in OURS if words not in said] == []
    alone = js_file(2).rename(tmp_path / "alone.gen.json")
    said = described_apart(beside, "kanji", alone, js_file("vae"))
    for words, answer in zip(
        (OURS[1], "KanjiVG by Ulrich Apel", "decoder only", "VAE, z 3"), said, strict=True
    ):
        assert words in answer


def test_onnx(tiny_folder, described_apart, tmp_path):
    pytest.importorskip("onnx")
    path = onnx.save(sr.load(tiny_folder), tmp_path / "graphs")
    (said,) = described_apart(path)
    assert [words for words in ("ONNX", *OURS) if words not in said] == []
    with pytest.raises(BadFileError, match="graphs: is made for other programs"):
        model_files.load(path)
    with pytest.raises(BadFileError, match=r"step\.onnx: is a part of a model; name the folder"):
        model_files.describe(path / "step.onnx")
    (path / onnx.NOTES).write_text("{}")
    with pytest.raises(BadFileError, match=r"model\.json: is not the configuration of a sketchrnn"):
        model_files.describe(path)


def test_the_hub(hub, described_apart, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (said,) = described_apart("somebody/tiny")
    assert [words for words in ("on the Hugging Face hub", *OURS) if words not in said] == []
    assert {path.rpartition("/")[2] for path in hub} == {folder.CONFIG_FILE}  # no weights fetched


def test_a_path_into_a_folder_that_is_here_is_not_asked_of_the_hub(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(BadFileError, match="runs/kanji: no such model folder"):
        model_files.describe("runs/kanji")
    assert hub == []


def test_a_saved_model_of_others(served):
    (served / "assets.extra" / "sketchrnn.json").unlink()
    with pytest.raises(BadFileError, match="served: is a SavedModel that sketchrnn did not write"):
        model_files.describe(served)


def test_a_first_state_of_its_own(tiny_config, make_weights, tmp_path):
    """It is told, and not lost in silence."""
    config = dataclasses.replace(tiny_config, num_mixtures=20)
    file = tmp_path / "one.gen.json"
    magenta_js.save(SketchRNN(config, make_weights(config)), file, z=[0.5] * 6)
    assert model_files.describe(file).kind == "sketch-rnn-js, with a first state of its own"
    with pytest.raises(BadFileError, match="initial_state: begins from a state of its own"):
        model_files.load(file)


def test_parts_of_a_folder(tiny_folder):
    for name in (folder.CONFIG_FILE, folder.WEIGHTS_FILE):
        with pytest.raises(BadFileError, match="is a part of a model; name the folder"):
            model_files.describe(tiny_folder / name)
    (tiny_folder / "x.json").write_text(json.dumps({"mode": 2}))
    with pytest.raises(BadFileError, match="is no model of a kind that is read"):
        model_files.describe(tiny_folder / "x.json")
