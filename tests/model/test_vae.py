"""The network and its loss."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchrnn.model import losses
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.encoder import reverse_by_length
from sketchrnn.model.folder import weight_shapes
from sketchrnn.model.vae import SketchVAE

CONFIG = ModelConfig(
    encoder_size=6, decoder_size=8, z_size=5, num_mixtures=3, max_seq_len=9, scale_factor=2.0
)


def make_batch(lengths=(9, 4, 1), steps=10, z_size=5, seed=0):
    """Random drawings: (B, steps + 1, 5) with start token, ended and padded."""
    rng = np.random.default_rng(seed)
    count = len(lengths)
    stroke5 = np.zeros((count, steps + 1, 5), np.float32)
    stroke5[..., 4] = 1
    stroke5[:, 0] = (0, 0, 1, 0, 0)
    for b, length in enumerate(lengths):
        own = np.random.default_rng([seed, b])
        pen = own.integers(0, 2, length)
        stroke5[b, 1 : length + 1, :2] = own.normal(size=(length, 2))
        stroke5[b, 1 : length + 1, 2:] = np.eye(3)[pen]
    return {
        "stroke5": stroke5,
        "lengths": np.array(lengths, np.int32),
        "eps": rng.normal(size=(count, z_size)).astype(np.float32),
        "dropout_keys": rng.integers(0, 2**31, count).astype(np.int32),
        "w_kl": np.full(count, 0.5, np.float32),
    }


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = SketchVAE(CONFIG)
    rng = np.random.default_rng(0)
    for variable in model.weights:  # no equal gates, no zero biases
        variable.assign(rng.normal(size=variable.shape) * 0.4)
    return model


def loss_of(network, batch, training=False):
    batch = {k: ops.convert_to_tensor(v) for k, v in batch.items()}
    network.reset_metrics()
    loss = network.compute_loss(x=batch, y_pred=network(batch, training=training))
    return float(loss), {m.name: float(m.result()) for m in network.metrics}


def test_weights_are_those_of_the_folder(network):
    for model, config in ((network, CONFIG), (None, ModelConfig(conditional=False))):
        model = model or SketchVAE(config)
        shapes = {name: tuple(v.shape) for name, v in model.named_weights().items()}
        assert shapes == weight_shapes(config)
        assert len(shapes) == len(model.trainable_variables)


def test_loss_equals_its_definition(network):
    batch = make_batch()
    loss, figures = loss_of(network, batch)
    results = network({k: ops.convert_to_tensor(v) for k, v in batch.items()})
    targets = np.transpose(batch["stroke5"][:, 1:], (1, 0, 2))
    of_steps = losses.step_losses(results["outputs"], ops.convert_to_tensor(targets))
    offset, pen = np.asarray(of_steps.offset), np.asarray(of_steps.pen)
    offsets = sum(offset[:n, b].sum() for b, n in enumerate((9, 4, 1))) / 3 / 9
    pens = sum(pen[: n + 1, b].sum() for b, n in enumerate((9, 4, 1))) / 3 / 9
    mean, log_var = np.asarray(results["z_mean"]), np.asarray(results["z_log_var"])
    kl = -0.5 * np.mean(1 + log_var - mean**2 - np.exp(log_var))
    assert figures["loss_offset"] == pytest.approx(offsets, rel=1e-5)
    assert figures["loss_pen"] == pytest.approx(pens, rel=1e-5)
    assert figures["loss_kl"] == pytest.approx(kl, rel=1e-5)
    assert kl > 0.2
    assert loss == pytest.approx(offsets + pens + 0.5 * kl, rel=1e-5)


def test_kl_floor(network):
    batch = make_batch()
    _, figures = loss_of(network, batch)
    before = network.kl_min
    network.kl_min = 100.0
    floored, _ = loss_of(network, batch)
    network.kl_min = before
    assert floored == pytest.approx(figures["loss_reconstruction"] + 0.5 * 100, rel=1e-6)


def test_padding_and_company_change_nothing(network):
    """A drawing's share of the loss is the same in any batch and padded to any length."""
    short, _ = loss_of(network, make_batch(steps=10))
    long, _ = loss_of(network, make_batch(steps=25))
    assert long == pytest.approx(short, rel=1e-5)
    whole = make_batch()
    parts = [loss_of(network, {k: v[b : b + 1] for k, v in whole.items()})[1] for b in range(3)]
    _, together = loss_of(network, whole)
    for name in ("loss_offset", "loss_pen", "loss_kl"):
        assert together[name] == pytest.approx(np.mean([p[name] for p in parts]), rel=1e-5)


def test_dropout_only_in_training(network):
    batch = make_batch()
    assert loss_of(network, batch) == loss_of(network, batch)
    dropped, _ = loss_of(network, batch, training=True)
    again, _ = loss_of(network, batch, training=True)
    assert dropped == again
    assert dropped != loss_of(network, batch)[0]
    batch["dropout_keys"] = batch["dropout_keys"] + 1
    assert loss_of(network, batch, training=True)[0] != dropped


def test_z_is_mean_without_noise(network):
    batch = {k: ops.convert_to_tensor(v) for k, v in make_batch().items()}
    with_noise = network(batch)
    expected = np.asarray(with_noise["z_mean"]) + np.exp(
        np.asarray(with_noise["z_log_var"]) / 2
    ) * np.asarray(batch["eps"])
    np.testing.assert_allclose(np.asarray(with_noise["z"]), expected, rtol=1e-5, atol=1e-6)
    batch.pop("eps")
    without = network(batch)
    assert np.array_equal(np.asarray(without["z"]), np.asarray(without["z_mean"]))


def test_encoder_sees_no_start_token_and_no_padding(network):
    batch = make_batch()
    keys = ("stroke5", "lengths")
    mean, _ = network.encode(*(ops.convert_to_tensor(batch[k]) for k in keys))
    for b, length in enumerate(batch["lengths"]):
        batch["stroke5"][b, length + 1 :] = 7  # beyond the drawing
        batch["stroke5"][b, 0] = -3  # the start token
    again, _ = network.encode(*(ops.convert_to_tensor(batch[k]) for k in keys))
    assert np.array_equal(np.asarray(mean), np.asarray(again))


def test_reverse_by_length():
    steps = np.arange(8).reshape(2, 4, 1)
    got = reverse_by_length(ops.convert_to_tensor(steps), ops.convert_to_tensor([3, 1]))
    assert np.asarray(got)[..., 0].tolist() == [[2, 1, 0, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("conditional", [True, False])
def test_training_lowers_the_loss(conditional):
    keras.utils.set_random_seed(1)
    config = ModelConfig(
        conditional=conditional, encoder_size=8, decoder_size=12, z_size=4, num_mixtures=2
    )
    network = SketchVAE(config)
    network.compile(keras.optimizers.Adam(0.01, clipvalue=1.0), jit_compile=True)
    batch = make_batch(z_size=4)
    first = network.train_on_batch(batch, return_dict=True)
    for _ in range(30):
        last = network.train_on_batch(batch, return_dict=True)
    assert last["loss"] < 0.75 * first["loss"]
    assert (last["loss_kl"] > 0) == conditional
