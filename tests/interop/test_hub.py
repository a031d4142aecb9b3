"""Weights as safetensors, and models from a stand-in of the Hugging Face hub."""

from __future__ import annotations

import http.server
import json
import threading

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.drawing import BadFileError, MissingDependencyError
from sketchrnn.interop import model_files
from sketchrnn.model import folder
from sketchrnn.sketch_rnn import SketchRNN

safetensors = pytest.importorskip("safetensors.numpy")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


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


@pytest.fixture
def hub(tiny_folder, monkeypatch):
    """A server on this machine that answers as the hub does; it has one model, somebody/tiny."""
    pytest.importorskip("huggingface_hub")
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            asked.append(self.path)
            user, name, _, revision, *rest = self.path.strip("/").split("/")
            file = tiny_folder / "/".join(rest)
            wrong = None
            if (user, name) != ("somebody", "tiny"):
                wrong = "RepoNotFound"
            elif revision not in ("main", COMMIT):
                wrong = "RevisionNotFound"
            elif not file.is_file():
                wrong = "EntryNotFound"
            content = b"" if wrong else file.read_bytes()
            self.send_response(404 if wrong else 200)
            if wrong:
                self.send_header("X-Error-Code", wrong)
            else:
                self.send_header("ETag", f'"{hash(content) & 0xFFFFFFFF:x}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()


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
        ("somebody/else", None, "somebody/else: there is no such model on the hub"),
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
