"""`sketchrnn model import` and `export`, and `info` of files that are no model folders."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from sketchrnn.model import folder
from sketchrnn.sketch_rnn import SketchRNN


@pytest.fixture
def exportable(tiny_config, make_weights, tmp_path):
    """A model folder that sketch-rnn-js can run."""
    config = dataclasses.replace(tiny_config, num_mixtures=20)
    return SketchRNN(config, make_weights(config)).save(tmp_path / "vae")


def test_out_and_in_again(sketchrnn, exportable, tmp_path):
    file, back = tmp_path / "vae.json", tmp_path / "back"
    done = sketchrnn("model", "export", exportable, "-o", file)
    assert (done.status, done.out) == (0, "")
    assert "rounding changes weights by 1.5e-04" in done.err
    assert "@magenta/sketch needs a decoder alone" in done.err
    assert sketchrnn("model", "import", file, "-o", back).status == 0
    before, after = (folder.read_weights(folder.read(path)) for path in (exportable, back))
    for name, array in after.items():
        if "lstm/bias" not in name and "ward/bias" not in name:  # the forget bias is kept there
            assert np.abs(array - before[name]).max() < 2e-4

    done = sketchrnn("model", "info", file)
    assert done.status == 0
    for words in ("sketch-rnn-js", "VAE, z 6", "lstm 24, 20 mixtures", "40.0000 data units"):
        assert words in done.out
    values = json.loads(sketchrnn("model", "info", file, "--json").out)
    assert values["format"] == "sketch-rnn-js"
    assert values["config"]["encoder_size"] == 12


def test_one_z_of_a_vae_as_a_decoder_alone(sketchrnn, exportable, tmp_path):
    file = tmp_path / "one.gen.json"
    assert sketchrnn("model", "export", exportable, "-o", file, "--seed", 5).status == 0
    assert "decoder only" in sketchrnn("model", "info", file).out


def test_model_files_that_are_refused(refused, exportable, tmp_path):
    file = tmp_path / "x.json"
    file.write_text("[{}, [], []]")
    pickled = tmp_path / "weights.pt"
    pickled.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" * 9)
    out = ("-o", tmp_path / "out")
    for words, message in (
        (("import", file, *out), "x.json: mode: is None, and must be 2"),
        (("info", file), "x.json: mode: is None, and must be 2"),
        (("import", pickled, *out), "weights.pt: is a pickle, which could run anything"),
        (("info", photo), "photo.jpg: is no model of a kind that is read"),
        (("import", tmp_path / "none.json", *out), "none.json: no such model folder"),
        (("import", file, "-o", exportable), "vae: exists already"),
        (("export", exportable, "-o", file), "x.json: exists already"),
        (
            ("export", exportable, "-o", tmp_path / "x.txt"),
            "x.txt: models are not written as '.txt'",
        ),
        (("export", exportable, "-o", tmp_path / "x"), "x: has no suffix that tells"),
        (("export", exportable, *out, "--to", "onnx", "--clip"), "--clip and --seed are for js"),
        (("export", "nobody", "-o", tmp_path / "y.json"), "nobody: no such model folder"),
    ):
        assert message in refused("model", *words)


def test_onnx(sketchrnn, exportable, tmp_path):
    pytest.importorskip("onnx")
    out = tmp_path / "graphs"
    done = sketchrnn("model", "export", exportable, "--to", "onnx", "-o", out)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert (out / "step.onnx").is_file()
