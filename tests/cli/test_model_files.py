"""`sketchrnn model import` and `export`, and `info` of files that are no model folders."""

from __future__ import annotations

import dataclasses
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.model import folder, safetensors_file
from sketchrnn.model.config import ModelConfig
from tests.interop.conftest import js_arrays, js_content


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
    assert (done.status, done.out, done.err) == (0, "", f"{out}\n")
    assert (out / "step.onnx").is_file()


def spoilt(change, conditional=False, mode=2):
    """The text of a file of sketch-rnn-js after a change to its info, shapes and blobs."""
    content = js_content(js_arrays(conditional), mode=mode)
    change(*content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            spoilt(lambda info, shapes, blobs: blobs.__setitem__(3, blobs[3][:-5])),
            "decoder/lstm/recurrent_kernel: is no base64, or truncated",
        ),
        (
            spoilt(lambda info, shapes, blobs: blobs.__setitem__(3, blobs[3][:-8])),
            "decoder/lstm/recurrent_kernel: has 282 bytes, and shape (6, 24) asks for 288",
        ),
        (
            spoilt(lambda info, shapes, blobs: shapes.__setitem__(2, [5, 20])),
            "decoder/lstm/input_kernel: has shape (5, 20), and the others ask for (5, 24)",
        ),
        (spoilt(lambda info, *_: info.update(mode="both")), "mode: is 'both', and must be 2"),
        (spoilt(lambda *_: None, mode="vae"), "mode: is 'vae', a VAE, which has 17 arrays"),
        (spoilt(lambda *_: None, True), "mode: is 2, a decoder alone, which has 5 arrays"),
        (spoilt(lambda *_: None)[:-100], "is not JSON, or truncated"),
        (spoilt(lambda info, *_: info.update(scale_factor=1e999)), "scale_factor: is inf"),
    ],
)
def test_files_of_sketch_rnn_js_that_are_refused(refused, tmp_path, text, words):
    file = tmp_path / "bad.json"
    file.write_text(text)
    for command in (("info", file), ("import", file, "-o", tmp_path / "out")):
        assert refused("model", *command).startswith(f"{file}: {words}")


def test_what_sketch_rnn_js_cannot_run(refused, tiny_folder, free_config, make_weights, tmp_path):
    out = tmp_path / "x.json"
    line = refused("model", "export", tiny_folder, "-o", out)
    assert line.startswith("num_mixtures is 4, and sketch-rnn-js reads 20, whatever a file says")
    config = dataclasses.replace(free_config, num_mixtures=20)
    weights = make_weights(config)
    alone = SketchRNN(config, weights).save(tmp_path / "alone")
    line = refused("model", "export", alone, "-o", out, "--seed", 1)
    assert line == "this model takes no z: it is a decoder alone"
    weights["decoder/lstm/recurrent_kernel"][2, 3] = -11
    large = SketchRNN(config, weights).save(tmp_path / "large")
    line = refused("model", "export", large, "-o", out)
    assert line.startswith("weight 'decoder/lstm/recurrent_kernel' reaches 11.00, and the format")
    assert "--clip" in line


def test_weights_beyond_ten_are_clipped_when_asked(sketchrnn, free_config, make_weights, tmp_path):
    config = dataclasses.replace(free_config, num_mixtures=20)
    weights = make_weights(config)
    weights["decoder/lstm/recurrent_kernel"][2, 3] = -11
    large = SketchRNN(config, weights).save(tmp_path / "large")
    done = sketchrnn("model", "export", large, "-o", tmp_path / "x.json", "--clip")
    assert done.status == 0
    assert "; 1 weights clipped\n" in done.err


def test_a_decoder_alone_where_an_encoder_is_needed(
    refused, free_config, make_weights, made_up_drawings, tmp_path
):
    alone = SketchRNN(free_config, make_weights(free_config)).save(tmp_path / "alone")
    drawing = tmp_path / "one.svg"
    made_up_drawings[0].save(drawing)
    out = ("-o", tmp_path / "out.svg")
    for words in (("reconstruct", alone, drawing), ("interpolate", alone, drawing, drawing)):
        assert refused(*words, *out).startswith("this model has no encoder")


def test_ten_mixtures_stay_ten(sketchrnn, tmp_path):
    """sketch-rnn-js assumes 20; the file's shapes say how many there are."""
    kernel, bias, *rest = js_arrays(False)
    file = tmp_path / "ten.json"
    file.write_text(json.dumps(js_content([kernel[:, :63], bias[:63], *rest], mode="gen")))
    assert sketchrnn("model", "import", file, "-o", tmp_path / "ten").status == 0
    assert "lstm 6, 10 mixtures" in sketchrnn("model", "info", tmp_path / "ten").out


def test_nan_weights(refused, free_config, make_weights, tmp_path):
    pytest.importorskip("safetensors")
    weights = make_weights(free_config)
    weights["decoder/output/kernel"][1, 1] = np.nan
    preparation = Preparation().to_dict()
    file = tmp_path / "nan.safetensors"
    safetensors_file.write(file, weights, folder.notes(free_config, preparation, {}))
    kept = {"preparation": preparation, "provenance": {}}
    place = folder.write(tmp_path / "nan", free_config, weights, **kept)
    words = "decoder/output/kernel: holds NaN or infinite numbers"
    out = ("-o", tmp_path / "out.json")
    assert refused("model", "import", file, *out) == f"{file}: {words}"
    assert refused("model", "export", place, *out) == f"{place / folder.WEIGHTS_FILE}: {words}"
    assert refused("model", "info", place) == f"{place / folder.WEIGHTS_FILE}: {words}"


class Trap:
    """Unpickled, it leaves a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_what_could_run_does_not(refused, tmp_path):
    """Needs no Keras: such files are refused before anything asks for it."""
    trap = tmp_path / "sprung"
    layer = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}
    for name, members, words in (
        ("a.keras", {"config.json": json.dumps({"config": {"layers": [layer]}})}, "a Lambda layer"),
        ("b.keras", {"config.json": "{}", "data.pkl": pickle.dumps(Trap(trap))}, "a pickle"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member, content in {**members, "model.weights.h5": "x"}.items():
                archive.writestr(member, content)
        for command in (
            ("info", tmp_path / name),
            ("import", tmp_path / name, "-o", tmp_path / "out"),
        ):
            line = refused("model", *command)
            assert line.startswith(f"{tmp_path / name}: holds {words}, which could run anything")
    plain = tmp_path / "x.keras"
    plain.write_bytes(pickle.dumps(Trap(trap)))
    assert "is a pickle, which could run anything" in refused("model", "info", plain)
    assert not trap.exists()


def test_an_encrypted_keras_file(refused, tmp_path):
    file = tmp_path / "locked.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", "x")
    content = bytearray(file.read_bytes())
    for place in (6, content.index(b"PK\x01\x02") + 8):  # the flags of its first member
        content[place] |= 1
    file.write_bytes(content)
    assert refused("model", "info", file).startswith(f"{file}: is no .keras file, or is truncated")


def test_a_small_file_that_claims_to_be_huge(refused, tmp_path):
    """60,000 units, 57 gigabytes, in a file of a few thousand bytes; it is not even tried."""
    config = ModelConfig(conditional=False, decoder_size=60_000)
    notes = folder.notes(config, Preparation().to_dict(), {})
    huge = tmp_path / "huge"
    huge.mkdir()
    (huge / folder.CONFIG_FILE).write_text(json.dumps(notes))
    with h5py.File(huge / folder.WEIGHTS_FILE, "w") as file:
        for name, shape in folder.weight_shapes(config).items():
            file.create_dataset(name, shape, "f4", chunks=tuple(min(n, 64) for n in shape))
    assert "claims more numbers than it holds" in refused("model", "info", huge)


def test_weights_that_stand_in_another_file(refused, tiny_folder, tmp_path):
    name, secret = "decoder/output/bias", tmp_path / "secret"
    secret.write_bytes(b"secret " * 40)
    with h5py.File(tiny_folder / folder.WEIGHTS_FILE, "a") as file:
        shape = file[name].shape
        del file[name]
        file.create_dataset(name, shape, "f4", external=[(str(secret), 0, 4 * shape[0])])
    line = refused("model", "info", tiny_folder)
    assert line.endswith(f"{name}: keeps its numbers in another file")


def test_a_provenance_of_nonsense(refused, sketchrnn, tiny_folder, tmp_path):
    path = tiny_folder / folder.CONFIG_FILE
    good = json.loads(path.read_text())
    for wrong in ({"data": [1]}, {"data": {"sources": 7}}, {"settings": "x"}):
        path.write_text(json.dumps({**good, "provenance": wrong}))
        line = refused("model", "info", tiny_folder)
        assert line == f"{path}: provenance: is none that a model has"
        file = tmp_path / "x.json"
        info = {"mode": 2, "sketchrnn": {"provenance": wrong}}
        file.write_text(json.dumps(js_content(js_arrays(False), **info)))
        assert sketchrnn("model", "info", file).status == 0  # it is left out
    told = {"data": {"licence": "\x1b[2Jfree\n"}}
    path.write_text(json.dumps({**good, "provenance": told}))
    said = sketchrnn("model", "info", tiny_folder).out
    assert "licence         \ufffd[2Jfree\ufffd\n" in said
