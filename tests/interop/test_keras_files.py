"""`.keras` files and SavedModels; what could run is refused and does not run."""

from __future__ import annotations

import dataclasses
import json
import pickle
import zipfile

import numpy as np
import pytest

pytest.importorskip("keras")

from sketchrnn.api import SketchRNN
from sketchrnn.drawing import BadFileError
from sketchrnn.interop import keras_files, model_files
from sketchrnn.model import folder
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder

# Keras's own variables, when it writes them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def model(tiny_config, make_weights):
    config = dataclasses.replace(tiny_config, categories=("cat", "pig"), category_size=3)
    return SketchRNN(config, make_weights(config), provenance={"step": 4})


@pytest.fixture
def kept(model, tmp_path):
    return keras_files.save(model, tmp_path / "tiny.keras")


def test_there_and_back(model, kept):
    import keras

    again = model_files.load(kept)
    assert (again.config, again.provenance) == (model.config, model.provenance)
    for name, array in again.weights.items():
        assert np.array_equal(array, model.weights[name]), name
    network = keras.saving.load_model(kept)  # and Keras itself reads it
    for name, variable in network.named_weights().items():
        assert np.array_equal(keras.ops.convert_to_numpy(variable), model.weights[name]), name


def test_it_is_described_without_a_framework(kept, described_apart):
    (said,) = described_apart(kept)
    assert "2, vectors of 3: " in said


def rewritten(kept, **members):
    """Write a file again with other members; names with "__" for the dot."""
    with zipfile.ZipFile(kept) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(kept, "w") as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)


class Trap:
    """Unpickled, it leaves a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_runs(kept, tmp_path):
    trap = tmp_path / "sprung"
    with zipfile.ZipFile(kept) as archive:
        config = json.loads(archive.read("config.json"))
    layer = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}
    inside = {**config, "config": {**config["config"], "layers": [layer]}}
    other = {**config, "registered_name": "os>system"}
    for members, words in (
        ({"config__json": json.dumps(inside)}, "holds a Lambda layer, which could run anything"),
        ({"config__json": json.dumps(other)}, "is no model of sketchrnn, but of another program"),
        ({"data__pkl": pickle.dumps(Trap(trap))}, "holds a pickle, which could run anything"),
    ):
        before = kept.read_bytes()
        rewritten(kept, **members)
        for ask in (model_files.load, model_files.describe):
            with pytest.raises(BadFileError, match=words):
                ask(kept)
        kept.write_bytes(before)
    plain = tmp_path / "weights.pkl"
    plain.write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(BadFileError, match="is a pickle"):
        model_files.load(plain)
    assert not trap.exists()


def test_damage(kept):
    content = kept.read_bytes()
    for broken, words in (
        (content[:-30], "is no .keras file, or is truncated"),
        (content[:4] + b"x" * 90, "is no .keras file, or is truncated"),
    ):
        kept.write_bytes(broken)
        with pytest.raises(BadFileError, match=words):
            model_files.load(kept)
    kept.write_bytes(content)
    rewritten(kept, model__weights__h5=b"\x89HDF")
    with pytest.raises(BadFileError, match="its weights are damaged"):
        model_files.load(kept)
    kept.write_bytes(content)
    rewritten(kept, sketchrnn__json=None)
    with pytest.raises(BadFileError, match="is not the configuration of a sketchrnn model"):
        model_files.load(kept)


def test_a_small_file_that_claims_to_be_huge(kept, model):
    """The network, 57 gigabytes, is not even made."""
    config = dataclasses.replace(model.config, decoder_size=60_000)
    notes = folder.notes(config, model.preparation.to_dict(), {})
    rewritten(kept, sketchrnn__json=json.dumps(notes))
    with pytest.raises(BadFileError, match="holds fewer weights than its configuration says"):
        model_files.load(kept)


def test_a_saved_model(model, tmp_path):
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("needs TensorFlow as Keras's backend")
    tensorflow = pytest.importorskip("tensorflow")
    path = keras_files.save_for_serving(model, tmp_path / "served")
    found = model_files.describe(path)
    assert (found.kind, found.config) == ("SavedModel", model.config)
    assert found.provenance == model.provenance
    served = tensorflow.saved_model.load(str(path))
    rng = np.random.default_rng(2)
    z = rng.normal(size=(2, 6)).astype("f4")
    category = np.array([1, 0], np.int32)
    embedding = model.weights["categories/embedding"][category]
    decoder = NumpyDecoder(model.config, model.weights)
    hidden, cell, constant = decoder.start(np.concatenate([z, embedding], axis=1), 2)
    first = served.start(z, category)
    np.testing.assert_allclose(first["hidden"], hidden, atol=1e-5)
    row = rng.normal(size=(2, 5)).astype("f4")
    found = served.step(row, first["hidden"], first["cell"], z, category)
    wanted = decoder.step(row, hidden, cell, constant)
    for name, values in zip(("outputs", "hidden", "cell"), wanted, strict=True):
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    steps, lengths = rng.normal(size=(2, 6, 5)).astype("f4"), np.array([6, 2], np.int32)
    means, _ = NumpyEncoder(model.config, model.weights)(steps, lengths, embedding)
    found = served.encode(steps, lengths, category)
    np.testing.assert_allclose(found["z_mean"], means, rtol=1e-4, atol=1e-5)
