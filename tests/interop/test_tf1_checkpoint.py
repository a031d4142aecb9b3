"""Checkpoints that TensorFlow itself writes, in the layout of Magenta's sketch_rnn."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.interop import magenta_tf1, model_files
from sketchrnn.interop.tf_checkpoint import Checkpoint

UNITS, Z, M = 7, 3, 2
SCOPE = "vector_rnn/"


@pytest.fixture(scope="module")
def v1():
    """TensorFlow, as version 1 was written."""
    return pytest.importorskip("tensorflow").compat.v1


def write(v1, prefix, arrays, **of_training):
    """Write variables by name, as TensorFlow 1 does."""
    with v1.Graph().as_default(), v1.Session() as session:
        for name, value in {**arrays, **of_training}.items():
            v1.get_variable(name, initializer=np.asarray(value), trainable=False)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(prefix), write_meta_graph=False)


def run_decoder(v1, arrays, rows, z, prefix):
    """Build the decoder as a TensorFlow 1 graph, save it, and return its outputs (T, 3 + 6M)."""
    with v1.Graph().as_default(), v1.Session() as session:
        variable = {
            name: v1.get_variable(name, initializer=value.astype("f4"))
            for name, value in arrays.items()
        }
        get = lambda name: variable[SCOPE + name]  # noqa: E731
        state = v1.tanh(z[None] @ get("linear/super_linear_w") + get("linear/super_linear_b"))
        cell, hidden = v1.split(state, 2, axis=1)
        outputs = []
        for row in rows:
            inputs = v1.constant(np.concatenate([row, z])[None], dtype="float32")
            sums = (
                v1.matmul(inputs, get("RNN/LSTMCell/W_xh"))
                + v1.matmul(hidden, get("RNN/LSTMCell/W_hh"))
                + get("RNN/LSTMCell/bias")
            )
            i, j, f, o = v1.split(sums, 4, axis=1)
            cell = cell * v1.sigmoid(f + 1.0) + v1.sigmoid(i) * v1.tanh(j)
            hidden = v1.tanh(cell) * v1.sigmoid(o)
            outputs.append(v1.matmul(hidden, get("RNN/output_w")) + get("RNN/output_b"))
        step = v1.get_variable(SCOPE + "global_step", initializer=1200, trainable=False)
        rate = v1.get_variable(SCOPE + "Variable", initializer=0.001, trainable=False)
        slots = [
            v1.get_variable(f"{name}/Adam{k}", initializer=value.astype("f4"))
            for name, value in arrays.items()
            for k in ("", "_1")
        ]
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(prefix), global_step=1200)
        del step, rate, slots
        return np.concatenate(session.run(outputs))


def vae_arrays():
    rng = np.random.default_rng(3)
    shapes = {
        "RNN/LSTMCell/W_xh": (5 + Z, 4 * UNITS),
        "RNN/LSTMCell/W_hh": (UNITS, 4 * UNITS),
        "RNN/LSTMCell/bias": (4 * UNITS,),
        "RNN/output_w": (UNITS, 3 + 6 * M),
        "RNN/output_b": (3 + 6 * M,),
        "linear/super_linear_w": (Z, 2 * UNITS),
        "linear/super_linear_b": (2 * UNITS,),
    }
    for direction in ("fw", "bw"):
        shapes[f"ENC_RNN/{direction}/LSTMCell/W_xh"] = (5, 8)
        shapes[f"ENC_RNN/{direction}/LSTMCell/W_hh"] = (2, 8)
        shapes[f"ENC_RNN/{direction}/LSTMCell/bias"] = (8,)
    for room in ("ENC_RNN_mu", "ENC_RNN_sigma"):
        shapes[f"{room}/super_linear_w"] = (4, Z)
        shapes[f"{room}/super_linear_b"] = (Z,)
    return {SCOPE + name: rng.normal(0, 0.6, shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def trained(v1, tmp_path_factory):
    """A folder as Magenta's training leaves it, and what its decoder put out."""
    rng = np.random.default_rng(8)
    rows = np.zeros((9, 5), np.float32)
    rows[:, :2] = rng.normal(size=(9, 2))
    rows[np.arange(9), 2 + np.arange(9) % 2] = 1
    z = rng.normal(size=Z).astype("f4")
    folder = tmp_path_factory.mktemp("tf1")
    outputs = run_decoder(v1, vae_arrays(), rows, z, folder / "vector")
    # all that Magenta's program writes into this file: the names, without the values
    (folder / "model_config.json").write_text(json.dumps(["max_seq_len", "dec_model"]))
    return folder, rows, z, outputs


def test_outputs_are_those_of_the_graph(trained):
    folder, rows, z, outputs = trained
    model = magenta_tf1.load(folder, scale_factor=18.8)
    params = model.mixture_params(rows, z)
    exact = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(params["mu_x"], outputs[:, 5:7], **exact)
    np.testing.assert_allclose(params["sigma_y"], np.exp(outputs[:, 11:13]), **exact)
    np.testing.assert_allclose(params["rho"], np.tanh(outputs[:, 13:15]), **exact)
    pen = np.exp(outputs[:, :3])
    np.testing.assert_allclose(params["pen_probs"], pen / pen.sum(1, keepdims=True), **exact)
    assert (model.config.scale_factor, model.config.max_seq_len) == (18.8, 250)
    assert model.provenance["step"] == 1200


@pytest.mark.parametrize("cells", ["vae_layer_norm_layer_norm", "vae_layer_norm_hyper"])
def test_other_cells(v1, shared_data, tmp_path, cells):
    with np.load(shared_data / "reference_model" / f"{cells}.npz") as file:
        figures = {name: file[name] for name in file.files}
    arrays = {
        name.removeprefix("weight/").split(":")[0]: value
        for name, value in figures.items()
        if name.startswith("weight/")
    }
    arrays = {SCOPE + name.removeprefix(SCOPE): value for name, value in arrays.items()}
    write(v1, tmp_path / "vector-5", arrays)
    model = magenta_tf1.load(tmp_path / "vector-5", scale_factor=2.0, max_seq_len=11)
    assert f"vae_{model.config.encoder_cell}_{model.config.decoder_cell}" == cells
    for drawing in range(2):
        rows = figures["stroke5_with_start"][drawing, :-1]
        params = model.mixture_params(rows, figures["out/z"][drawing])
        for name in ("pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"):
            wanted = figures[f"out/{name}"][drawing * 11 : drawing * 11 + 11]
            np.testing.assert_allclose(params[name], wanted, rtol=1e-5, atol=1e-5, err_msg=name)


def test_every_way_to_name_it(trained):
    folder = trained[0]
    prefix = folder / "vector-1200"
    for path in (
        folder,
        prefix,
        *(f"{prefix}{end}" for end in (".index", ".data-00000-of-00001", ".meta")),
    ):
        assert magenta_tf1.find(path) == prefix
    assert model_files.identify(folder) == "magenta_tf1"
    assert model_files.identify(prefix) == "magenta_tf1"


def test_the_latest_step_of_several(tmp_path):
    for name in ("vector-900", "vector-1000", "vector-99", "other"):
        (tmp_path / f"{name}.index").touch()
    assert magenta_tf1.find(tmp_path).name == "vector-1000"


def test_the_scale_factor_is_asked_for(trained, tmp_path):
    folder = trained[0]
    with pytest.raises(BadSettingError, match=r"does not hold its scale factor; .*--scale-factor"):
        magenta_tf1.load(folder)
    assert not model_files.describe(folder).scaled
    whole = tmp_path / "copy"
    whole.mkdir()
    for path in folder.iterdir():
        (whole / path.name).write_bytes(path.read_bytes())
    config = whole / "model_config.json"
    config.write_text(json.dumps({"max_seq_len": 129, "scale_factor": 7.5}))
    model = magenta_tf1.load(whole)
    assert (model.config.scale_factor, model.config.max_seq_len) == (7.5, 129)
    config.write_text('{"max_seq_len": 12')
    assert magenta_tf1.load(whole, 3.0).config.max_seq_len == 250


def test_it_is_described_without_a_framework(trained, described_apart):
    prefix = trained[0] / "vector-1200"
    for said in described_apart(trained[0], prefix, f"{prefix}.index", f"{prefix}.meta"):
        assert "lstm 7, 2 mixtures" in said
        assert "scale factor    ?" in said
        assert "trained         1200 steps" in said


def damaged(folder, tmp_path, suffix, change):
    for path in folder.glob("vector-1200.*"):
        content = path.read_bytes()
        content = change(content) if path.name.endswith(suffix) else content
        (tmp_path / path.name).write_bytes(content)
    return tmp_path / "vector-1200"


@pytest.mark.parametrize(
    ("suffix", "change", "words"),
    [
        (".index", lambda content: content[:-9], "is no index of a TensorFlow checkpoint"),
        (".index", lambda content: b"", "is no index of a TensorFlow checkpoint"),
        (".index", lambda content: content[50:], "is no index of a TensorFlow checkpoint"),
        ("-00001", lambda content: content[:-800], "is truncated; get it again"),
        ("-00001", lambda content: b"\xff" * len(content), "holds NaN"),
    ],
)
def test_damage(trained, tmp_path, suffix, change, words):
    with pytest.raises(BadFileError, match=words):
        magenta_tf1.load(damaged(trained[0], tmp_path, suffix, change), 1.0)


def test_any_damage_of_the_index_is_one_line(trained, tmp_path):
    content = (trained[0] / "vector-1200.index").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        spoilt = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            spoilt[place] = rng.integers(256)
        (tmp_path / "x.index").write_bytes(spoilt)
        try:
            Checkpoint(tmp_path / "x")
        except BadFileError:
            continue


def test_what_is_missing(v1, trained, tmp_path):
    with pytest.raises(BadFileError, match="holds no checkpoint"):
        magenta_tf1.load(tmp_path, 1.0)
    with pytest.raises(BadFileError, match=r"vector-7\.index: no such file"):
        magenta_tf1.load(tmp_path / "vector-7", 1.0)
    (tmp_path / "a.index").write_bytes((trained[0] / "vector-1200.index").read_bytes())
    with pytest.raises(BadFileError, match=r"a\.data-00000-of-00001: is missing"):
        magenta_tf1.load(tmp_path / "a", 1.0)
    write(v1, tmp_path / "other-1", {"dense/kernel": np.ones((3, 3), "f4")})
    with pytest.raises(BadFileError, match="is no checkpoint of sketch_rnn"):
        magenta_tf1.load(tmp_path / "other-1", 1.0)
