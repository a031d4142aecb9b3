"""Training with products in bfloat16 against training in float32."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchrnn.drawing import BadSettingError
from sketchrnn.model import backend
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.vae import SketchVAE
from sketchrnn.training.presets import TrainConfig

STEPS = 12
TOLERANCE = 0.02
"""Of float32's loss, at every step of a short training."""


def train(precision, encoder_cell, decoder_cell):
    keras.utils.set_random_seed(1)
    config = ModelConfig(
        encoder_cell=encoder_cell,
        decoder_cell=decoder_cell,
        encoder_size=8,
        decoder_size=16,
        hyper_units=6,
        hyper_embedding=3,
        z_size=4,
        num_mixtures=2,
        max_seq_len=9,
    )
    network = SketchVAE(config, precision=precision)
    # on TensorFlow without XLA, which takes long to compile
    compiles = keras.backend.backend() == "jax"
    network.compile(keras.optimizers.Adam(0.01, clipvalue=1.0), jit_compile=compiles)
    rng = np.random.default_rng(0)
    stroke5 = np.zeros((8, 11, 5), np.float32)
    stroke5[..., :2] = rng.normal(size=(8, 11, 2))
    stroke5[..., 2] = 1
    stroke5[:, -1] = (0, 0, 0, 0, 1)
    batch = {
        "stroke5": stroke5,
        "lengths": np.full(8, 9, np.int32),
        "eps": rng.normal(size=(8, 4)).astype(np.float32),
        "dropout_keys": np.arange(8, dtype=np.int32),
        "w_kl": np.full(8, 0.5, np.float32),
    }
    losses = [float(network.train_on_batch(batch, return_dict=True)["loss"]) for _ in range(STEPS)]
    return network, np.array(losses)


@pytest.mark.parametrize(
    "cells",
    [("lstm", "layer_norm"), pytest.param(("layer_norm", "hyper"), marks=pytest.mark.long)],
)
def test_losses_stay_near_those_of_float32(cells):
    _, wanted = train("float32", *cells)
    network, found = train("mixed_bfloat16", *cells)
    assert wanted[-1] < 0.9 * wanted[0]
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE)
    assert not np.allclose(found, wanted, rtol=1e-6)  # it does something
    state = [*network.weights, *network.optimizer.variables]
    kinds = {str(variable.dtype) for variable in state}
    assert kinds <= {"float32", "int64", "int32", "uint32"}, kinds


def test_factors_are_rounded_and_the_product_is_float32():
    a = np.array([[1 + 2**-7, 1 + 2**-9]], np.float32)  # bfloat16 holds the first, not the second
    one = np.eye(2, dtype=np.float32)
    found = backend.matmul_for("mixed_bfloat16")(
        ops.convert_to_tensor(a), ops.convert_to_tensor(one)
    )
    assert "float32" in str(found.dtype)
    assert np.asarray(found).tolist() == [[1 + 2**-7, 1.0]]
    assert backend.matmul_for("float32") is ops.matmul


def test_an_unknown_precision_is_refused():
    with pytest.raises(BadSettingError, match="precision is 'half', and must be float32 or mixed"):
        TrainConfig(precision="half")
    with pytest.raises(BadSettingError, match="unknown precision"):
        backend.matmul_for("half")
