"""The layer-norm LSTM and the HyperLSTM against their equations in float64, and their gradients.

The gradients are held against differences of the float64 equations, element by element: what
autodiff would give, by another road.
"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from sketchrnn.data.batches import pad
from sketchrnn.model import backend
from sketchrnn.model.cells import CELL_CLASSES, make_cell
from sketchrnn.model.config import CELLS, ModelConfig
from sketchrnn.model.folder import weight_shapes
from sketchrnn.model.hyper import _INNER_STREAM
from sketchrnn.model.recurrent import Dropout, LSTMState
from sketchrnn.model.vae import SketchVAE
from sketchrnn.sampling import numpy_cells
from sketchrnn.sampling.compiled_decoder import CompiledDecoder
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings

T, B, D, Z, H, U, E = 6, 4, 3, 2, 5, 4, 2
LENGTHS = np.array([6, 1, 4, 2], np.int32)
KEYS = np.array([3, -9, 2**31 - 1, 12345], np.int32)
FORGET_BIAS = 0.7
CONFIG = ModelConfig(
    hyper_units=U, hyper_embedding=E, forget_bias=FORGET_BIAS, recurrent_dropout_rate=0.4
)
NEW = ("layer_norm", "hyper")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalized(x):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)


def norm_step(w, prefix, gates, cell, mask):
    """What follows the sums of the gates: Ba et al. (2016), with the reference's epsilon."""
    names = ("gamma", "beta", "cell_gamma", "cell_beta")
    gamma, beta, cell_gamma, cell_beta = (w[prefix + name] for name in names)
    units = cell.shape[1]
    i, g, f, o = (
        gamma[k * units : (k + 1) * units] * normalized(gate) + beta[k * units : (k + 1) * units]
        for k, gate in enumerate(gates)
    )
    cell = sigmoid(f + FORGET_BIAS) * cell + sigmoid(i) * np.tanh(g) * mask
    return sigmoid(o) * np.tanh(cell_gamma * normalized(cell) + cell_beta), cell


def one_step(kind, w, row, z, hidden, cell, masks):
    """One step of either cell for the whole batch."""
    if kind == "layer_norm":
        sums = row @ w["input_kernel"] + z @ w["latent_kernel"] + hidden @ w["recurrent_kernel"]
        return norm_step(w, "", np.split(sums, 4, axis=1), cell, masks[0])
    own, inner = hidden[:, :H], hidden[:, H:]
    sums = row @ w["hyper_input_kernel"] + z @ w["hyper_latent_kernel"]
    sums = sums + own @ w["hyper_hidden_kernel"] + inner @ w["hyper_recurrent_kernel"]
    inner, inner_cell = norm_step(w, "hyper_", np.split(sums, 4, axis=1), cell[:, H:], masks[1])
    of_input = np.split(row @ w["input_kernel"] + z @ w["latent_kernel"], 4, axis=1)
    of_state = np.split(own @ w["recurrent_kernel"], 4, axis=1)
    scales = np.split(inner @ w["scale_embedding_kernel"] + w["scale_embedding_bias"], 8, axis=1)
    shifts = np.split(inner @ w["shift_embedding_kernel"], 4, axis=1)
    gates = [
        (scales[k] @ w["scale_kernel"][k]) * of_input[k]
        + (scales[4 + k] @ w["scale_kernel"][4 + k]) * of_state[k]
        + shifts[k] @ w["shift_kernel"][k]
        + w["bias"][k * H : (k + 1) * H]
        for k in range(4)
    ]
    own, own_cell = norm_step(w, "", gates, cell[:, :H], masks[0])
    return np.hstack([own, inner]), np.hstack([own_cell, inner_cell])


def oracle(kind, w, lengths, masks):
    """(T, B, H) hidden states and the last state, in the values' own precision."""
    hidden, cell = w["hidden"], w["cell"]
    shown = []
    for t in range(T):
        new = one_step(kind, w, w["inputs"][t], w["latent"], hidden, cell, [m[t] for m in masks])
        alive = np.ones((B, 1), bool) if lengths is None else (t < lengths)[:, None]
        hidden, cell = np.where(alive, new[0], hidden), np.where(alive, new[1], cell)
        shown.append(hidden[:, :H])
    return np.stack(shown), hidden, cell


def masks_of(keys):
    """The factors of g of the larger and of the smaller LSTM, (T, B, units) each."""
    if keys is None:
        return [np.ones((T, B, 1))] * 2

    def of_keys(keys, units):
        dropout = Dropout(ops.convert_to_tensor(keys), CONFIG.recurrent_dropout_rate)
        return np.stack(
            [np.asarray(dropout.mask(ops.convert_to_tensor(t), units)) for t in range(T)]
        )

    return [of_keys(keys, H), of_keys(keys ^ np.int32(_INNER_STREAM), U)]


@pytest.fixture(scope="module", params=NEW)
def cell(request):
    """A layer whose weights and what it is fed are all random: (kind, layer, variables)."""
    layer = make_cell(request.param, H, D, Z, CONFIG, name="lstm")
    rng = np.random.default_rng(1)
    fed = {
        "inputs": (T, B, D),
        "latent": (B, Z),
        "hidden": (B, layer.state_size),
        "cell": (B, layer.state_size),
    }
    variables = {weight.name: weight for weight in layer.weights}
    variables |= {
        name: keras.Variable(np.zeros(shape, np.float32), name=name) for name, shape in fed.items()
    }
    for variable in variables.values():
        variable.assign(rng.normal(size=variable.shape))
    return request.param, layer, variables


def run(layer, variables, lengths, keys):
    fed = (ops.convert_to_tensor(variables[n]) for n in ("inputs", "latent", "hidden", "cell"))
    inputs, latent, hidden, cell = fed
    shown, last = layer(
        inputs,
        state=LSTMState(hidden, cell),
        latent=latent,
        lengths=None if lengths is None else ops.convert_to_tensor(lengths),
        dropout_keys=None if keys is None else ops.convert_to_tensor(keys),
    )
    return shown, last.hidden, last.cell


def test_sequence_equals_the_equations(cell):
    kind, layer, variables = cell
    values = {name: np.asarray(v).astype(float) for name, v in variables.items()}
    got = backend.compiled(lambda: run(layer, variables, None, None), list(variables.values()))()
    for one, other in zip(got, oracle(kind, values, None, masks_of(None)), strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=3e-6)


def test_ragged_and_dropped_sequence_and_gradient_equal_the_equations(cell, weight_gradients):
    kind, layer, variables = cell
    lengths, keys, masks = LENGTHS, KEYS, masks_of(KEYS)
    values = {name: np.asarray(v).astype(float) for name, v in variables.items()}
    got = backend.compiled(lambda: run(layer, variables, lengths, keys), list(variables.values()))()
    for one, other in zip(got, oracle(kind, values, lengths, masks), strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=3e-6)

    rng = np.random.default_rng(2)
    cost = [rng.normal(size=np.shape(part)) for part in got]

    def loss():
        outputs = run(layer, variables, lengths, keys)
        parts = zip(cost, outputs, strict=True)
        return sum(ops.sum(ops.convert_to_tensor(np.float32(w)) * out) for w, out in parts)

    found = weight_gradients(loss, list(variables.values()))
    for (name, value), gradient in zip(values.items(), found, strict=True):
        expected = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            of_side = []
            for side in (1e-5, -1e-5):
                moved = value.copy()
                moved[at] += side
                outputs = oracle(kind, {**values, name: moved}, lengths, masks)
                of_side.append(sum((w * out).sum() for w, out in zip(cost, outputs, strict=True)))
            expected[at] = (of_side[0] - of_side[1]) / 2e-5
        largest = np.abs(expected).max()
        assert largest > 1e-3, name
        np.testing.assert_allclose(gradient, expected, atol=1e-5 * largest, err_msg=name)


def test_a_step_equals_the_equations(cell):
    kind, layer, variables = cell
    values = {name: np.asarray(v).astype(float) for name, v in variables.items()}

    def step():
        tensors = {name: ops.convert_to_tensor(v) for name, v in variables.items()}
        state = LSTMState(tensors["hidden"], tensors["cell"])
        return layer.step(tensors["inputs"][0], layer.constant(B, tensors["latent"]), state)

    got = backend.compiled(step, list(variables.values()))()
    fed = (values["inputs"][0], values["latent"], values["hidden"], values["cell"])
    for one, other in zip(got, one_step(kind, values, *fed, [1.0, 1.0]), strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=2e-6)


def test_every_kind_has_its_classes():
    assert set(CELLS) == set(CELL_CLASSES) == set(numpy_cells.CELL_CLASSES)


def test_first_weights_of_a_hyper_lstm():
    """Every sum is scaled by 0.1 and not shifted, whatever the smaller LSTM says."""
    layer = CELL_CLASSES["hyper"](
        8, 5, hyper_units=4, hyper_embedding=3, forget_bias=1.0, dropout_rate=0.0, name="lstm"
    )
    weights = {weight.name: np.asarray(weight) for weight in layer.weights}
    assert not weights["scale_embedding_kernel"].any() and not weights["shift_kernel"].any()
    scales = np.split(weights["scale_embedding_bias"], 8)
    for embedding, kernel in zip(scales, weights["scale_kernel"], strict=True):
        np.testing.assert_allclose(embedding @ kernel, 0.1, rtol=1e-5)
    assert not np.allclose(weights["shift_embedding_kernel"], 0)


@pytest.fixture(scope="module", params=[("layer_norm", "hyper"), ("hyper", "layer_norm")])
def network(request, tiny_config, make_weights):
    encoder, decoder = request.param
    config = dataclasses.replace(
        tiny_config, encoder_cell=encoder, decoder_cell=decoder, hyper_units=7, hyper_embedding=3
    )
    weights = make_weights(config)
    network = SketchVAE(config)
    variables = network.named_weights()
    assert {name: tuple(v.shape) for name, v in variables.items()} == weight_shapes(config)
    for name, variable in variables.items():
        variable.assign(weights[name])
    return network, weights


def test_plain_numpy_computes_the_same(network, made_up_drawings):
    network, weights = network
    config = network.config
    rows = [drawing.to_stroke3() for drawing in made_up_drawings]
    flat = np.concatenate(rows).astype(np.float32)
    flat[:, :2] /= config.scale_factor
    batch = pad(flat, np.array([len(r) for r in rows]), config.max_seq_len)
    results = backend.compiled(network, network.weights)(
        {name: ops.convert_to_tensor(batch[name]) for name in ("stroke5", "lengths")}
    )
    found = NumpyEncoder(config, weights)(batch["stroke5"][:, 1:], batch["lengths"])
    for name, array in zip(("z_mean", "z_log_var"), found, strict=True):
        np.testing.assert_allclose(array, np.asarray(results[name]), atol=1e-5)
    decoder = NumpyDecoder(config, weights)
    hidden, cell, constant = decoder.start(found[0], len(rows))
    for t, wanted in enumerate(np.asarray(results["outputs"])):
        outputs, hidden, cell = decoder.step(batch["stroke5"][:, t], hidden, cell, constant)
        np.testing.assert_allclose(outputs, wanted, atol=5e-5)


def test_both_loops_draw_the_same(network):
    network, weights = network
    request = {"temperature": 0.5, "seed": 5}
    wanted = sample_drawings(NumpyDecoder(network.config, weights), 32, SamplingSettings(**request))
    found = sample_drawings(CompiledDecoder(network), 32, SamplingSettings(**request))
    assert len({len(drawing.strokes) for drawing in wanted}) > 3
    same = [
        len(a.strokes) == len(b.strokes)
        and all(
            s.shape == t.shape and np.abs(s - t).max() < 0.0255
            for s, t in zip(a.strokes, b.strokes, strict=True)
        )
        for a, b in zip(found, wanted, strict=True)
    ]
    assert np.mean(same) >= 0.96


def test_training_lowers_the_loss():
    keras.utils.set_random_seed(1)
    config = ModelConfig(
        encoder_cell="layer_norm",
        decoder_cell="hyper",
        encoder_size=8,
        decoder_size=12,
        hyper_units=6,
        hyper_embedding=3,
        z_size=4,
        num_mixtures=2,
        max_seq_len=9,
    )
    network = SketchVAE(config)
    # on TensorFlow without XLA, which takes long to compile; the gradient's own test has it
    compiles = keras.backend.backend() == "jax"
    network.compile(keras.optimizers.Adam(0.01, clipvalue=1.0), jit_compile=compiles)
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(14, 2)), rng.integers(0, 2, (14, 1))], axis=1)
    batch = pad(rows.astype(np.float32), np.array([9, 4, 1]), 9)
    batch |= {
        "eps": rng.normal(size=(3, 4)).astype(np.float32),
        "dropout_keys": rng.integers(0, 2**31, 3).astype(np.int32),
        "w_kl": np.full(3, 0.5, np.float32),
    }
    first = network.train_on_batch(batch, return_dict=True)
    for _ in range(30):
        last = network.train_on_batch(batch, return_dict=True)
    assert last["loss"] < 0.75 * first["loss"]
    assert first["loss_kl"] >= 0
