"""Networks that are told of categories: against plain NumPy, and in training and evaluation."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from sketchrnn.api import SketchRNN
from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.data.batches import pad
from sketchrnn.drawing import BadFileError
from sketchrnn.model import backend
from sketchrnn.model.folder import weight_shapes
from sketchrnn.sampling.compiled_decoder import CompiledDecoder
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings

KNOWN = ("cat", "dog", "pig")


@pytest.fixture(scope="module", params=["VAE", "decoder alone"])
def model(request, tiny_config, make_weights):
    conditional = request.param == "VAE"
    config = dataclasses.replace(
        tiny_config,
        conditional=conditional,
        encoder_cell="layer_norm",
        decoder_cell="lstm" if conditional else "hyper",
        hyper_units=7,
        hyper_embedding=3,
        category_size=5,
        categories=KNOWN,
    )
    return SketchRNN(config, make_weights(config))


def test_plain_numpy_computes_the_same(model, made_up_drawings):
    network, weights, config = model.network, model.weights, model.config
    assert {n: tuple(v.shape) for n, v in network.named_weights().items()} == weight_shapes(config)
    rows = [drawing.to_stroke3() for drawing in made_up_drawings]
    flat = np.concatenate(rows).astype(np.float32)
    flat[:, :2] /= config.scale_factor
    batch = pad(flat, np.array([len(r) for r in rows]), config.max_seq_len)
    batch["category"] = np.array([0, 1, 2, 2, 1, 0, 1], np.int32)
    results = backend.compiled(network, network.weights)(
        {name: ops.convert_to_tensor(value) for name, value in batch.items()}
    )
    embedding = weights["categories/embedding"][batch["category"]]
    condition = embedding
    if config.conditional:
        found = NumpyEncoder(config, weights)(batch["stroke5"][:, 1:], batch["lengths"], embedding)
        for name, array in zip(("z_mean", "z_log_var"), found, strict=True):
            np.testing.assert_allclose(array, np.asarray(results[name]), atol=1e-5)
        condition = np.concatenate([found[0], embedding], axis=1)
    decoder = NumpyDecoder(config, weights)
    hidden, cell, constant = decoder.start(condition, len(rows))
    for t, wanted in enumerate(np.asarray(results["outputs"])):
        outputs, hidden, cell = decoder.step(batch["stroke5"][:, t], hidden, cell, constant)
        np.testing.assert_allclose(outputs, wanted, atol=5e-5)


def test_both_loops_draw_the_same(model):
    request = {"temperature": 0.5, "seed": 5}
    wanted = sample_drawings(
        NumpyDecoder(model.config, model.weights), 32, SamplingSettings(**request)
    )
    found = sample_drawings(CompiledDecoder(model.network), 32, SamplingSettings(**request))
    assert [d.category for d in found] == [d.category for d in wanted]
    assert {d.category for d in found} == set(KNOWN)
    same = [
        len(a.strokes) == len(b.strokes)
        and all(
            s.shape == t.shape and np.abs(s - t).max() < 0.0255
            for s, t in zip(a.strokes, b.strokes, strict=True)
        )
        for a, b in zip(found, wanted, strict=True)
    ]
    assert np.mean(same) >= 0.96


def test_evaluation_goes_by_name_and_score_by_the_drawings_own(
    tiny_config, make_weights, made_up_drawings, tmp_path
):
    """The data file counts its categories in another order than the model does."""
    config = dataclasses.replace(tiny_config, conditional=False, category_size=5, categories=KNOWN)
    model = SketchRNN(config, make_weights(config))
    path = tmp_path / "pets.h5"
    with DataFileWriter(path, Preparation(fit="keep", epsilon=0)) as writer:
        for number, drawing in enumerate(made_up_drawings):
            writer.append("test", drawing.with_category(KNOWN[2 - number % 3]))
    with open_data(path) as data:
        assert data.categories == ["pig", "dog", "cat"]
        drawings = list(data["test"])
        figures = model.evaluate(data)
    nats = model.score(drawings, prepare=False)
    moved = model.score(drawings, prepare=False, category="dog")
    assert np.allclose(moved[1::3], nats[1::3]) and not np.allclose(moved[0::3], nats[0::3])
    assert figures["nats_per_drawing"] == pytest.approx(nats.mean(), rel=1e-5)
    batch = model.sampler.batch(drawings, False)
    names = [drawing.category for drawing in drawings]
    losses = model.losses(batch["stroke5"][:, :-1], batch["lengths"], category=names)
    assert losses["nats_per_drawing"] == pytest.approx(nats.mean(), rel=1e-4)

    other = tmp_path / "other.h5"
    with DataFileWriter(other, Preparation()) as writer:
        writer.append("test", made_up_drawings[0].with_category("cat"))
        writer.append("test", made_up_drawings[1].with_category("pigs"))
        writer.append("valid", made_up_drawings[1])
    with pytest.raises(BadFileError, match=r"test, drawing 1: its category 'pigs' .* mean 'pig'"):
        model.evaluate(other)
    with pytest.raises(BadFileError, match="valid, drawing 0: has no category"):
        model.evaluate(other, "valid")


def test_training_moves_the_vectors_of_the_categories_in_the_batch(tiny_config, made_up_drawings):
    keras.utils.set_random_seed(1)
    config = dataclasses.replace(
        tiny_config, conditional=False, category_size=5, categories=(*KNOWN, "cow")
    )
    from sketchrnn.model.vae import SketchVAE

    network = SketchVAE(config)
    # on TensorFlow without XLA, which takes long to compile
    compiles = keras.backend.backend() == "jax"
    network.compile(keras.optimizers.SGD(0.1, clipvalue=1.0), jit_compile=compiles)
    rows = [drawing.to_stroke3() for drawing in made_up_drawings]
    flat = np.concatenate(rows).astype(np.float32)
    flat[:, :2] /= config.scale_factor
    batch = pad(flat, np.array([len(r) for r in rows]), config.max_seq_len)
    batch["category"] = np.array([0, 1, 2, 2, 1, 0, 1], np.int32)
    before = np.asarray(network.categories.embedding).copy()
    assert 0.6 < before.std() < 1.4  # as spread as z is under its prior
    network.train_on_batch(batch)
    moved = np.abs(np.asarray(network.categories.embedding) - before).max(axis=1)
    assert (moved[:3] > 1e-6).all() and moved[3] == 0
