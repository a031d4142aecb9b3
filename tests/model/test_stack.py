"""Cells on top of one another, and input and output dropout, against plain NumPy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from keras import ops

from sketchrnn.data.batches import pad
from sketchrnn.drawing import BadSettingError
from sketchrnn.model import backend, stack
from sketchrnn.model.config import ModelConfig, layer_names
from sketchrnn.model.decoder import Decoder
from sketchrnn.model.folder import weight_shapes
from sketchrnn.model.recurrent import Dropout
from sketchrnn.model.vae import SketchVAE
from sketchrnn.sampling.compiled_decoder import CompiledDecoder
from sketchrnn.sampling.numpy_cells import CELL_CLASSES
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import SamplingSettings, sample_drawings

T, B, Z, H = 5, 3, 4, 6
INPUT_RATE, OUTPUT_RATE = 0.3, 0.4
KEYS = np.array([3, -9, 2**31 - 1], np.int32)


@pytest.fixture(scope="module")
def network(tiny_config, make_weights):
    """Two layers a direction, three to draw; every number of the states comes from z."""
    config = dataclasses.replace(
        tiny_config,
        encoder_cell="layer_norm",
        decoder_cell="hyper",
        encoder_layers=2,
        decoder_layers=3,
        hyper_units=7,
        hyper_embedding=3,
    )
    weights = make_weights(config)
    network = SketchVAE(config)
    variables = network.named_weights()
    assert {name: tuple(v.shape) for name, v in variables.items()} == weight_shapes(config)
    assert len(variables) == len(network.trainable_variables)
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
    assert hidden.shape == cell.shape == (7, 3 * (24 + 7)) and (hidden != 0).all()
    for t, wanted in enumerate(np.asarray(results["outputs"])):
        outputs, hidden, cell = decoder.step(batch["stroke5"][:, t], hidden, cell, constant)
        np.testing.assert_allclose(outputs, wanted, atol=1e-4)


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


def masks(layer, stream, rate, size):
    """What `Dropout` documents, a step at a time, (T, B, size)."""
    keys = KEYS ^ np.int32(layer * stack._LAYER_STREAM & 0x7FFFFFFF) ^ np.int32(stream)
    dropout = Dropout(ops.convert_to_tensor(keys), rate)
    return np.stack([np.asarray(dropout.mask(ops.convert_to_tensor(t), size)) for t in range(T)])


def oracle(config, weights, steps, z):
    """(T, B, H) as the uppermost cell shows it; in a cell's eyes z is part of the input."""
    rows = np.concatenate([steps.transpose(1, 0, 2), np.broadcast_to(z, (T, B, Z))], axis=2)
    start = np.tanh(
        z @ weights["decoder/initial_state/kernel"] + weights["decoder/initial_state/bias"]
    )
    packed = np.split(start, config.decoder_layers, axis=1)
    for layer, name in enumerate(layer_names("decoder/lstm", config.decoder_layers)):
        own = {k.removeprefix(f"{name}/"): w for k, w in weights.items() if f"{name}/" in k}
        for prefix in ("", "hyper_"):
            if f"{prefix}latent_kernel" in own:
                parts = (own[f"{prefix}input_kernel"], own.pop(f"{prefix}latent_kernel"))
                own[f"{prefix}input_kernel"] = np.concatenate(parts)
        cell = CELL_CLASSES[config.decoder_cell](own, config.forget_bias)
        first, second = np.split(packed[layer], 2, axis=1)
        hidden, memory = (first, second) if cell.hidden_first else (second, first)
        constant = cell.constant(None, B)
        rows = rows * masks(layer, stack._INPUT_STREAM, INPUT_RATE, rows.shape[2])
        shown = []
        for row in rows.astype(np.float32):
            hidden, memory = cell.step(row, hidden, memory, constant)
            shown.append(hidden[:, :H])
        rows = np.stack(shown) * masks(layer, stack._OUTPUT_STREAM, OUTPUT_RATE, H)
    return rows


def test_input_and_output_dropout_equal_their_definition(make_weights):
    rng = np.random.default_rng(3)
    steps = rng.normal(size=(B, T, 5)).astype(np.float32)
    z = rng.normal(size=(B, Z)).astype(np.float32)
    decoders, wanted = [], []
    for kind, layers in (("lstm", 2), ("layer_norm", 1), ("hyper", 1)):
        config = ModelConfig(
            decoder_cell=kind,
            decoder_layers=layers,
            decoder_size=H,
            encoder_size=2,
            z_size=Z,
            num_mixtures=2,
            hyper_units=4,
            hyper_embedding=2,
            recurrent_dropout_rate=0.0,
            input_dropout_rate=INPUT_RATE,
            output_dropout_rate=OUTPUT_RATE,
        )
        weights = make_weights(config)
        decoder = Decoder(config)
        for layer in decoder._layers:
            for variable in layer.weights:
                variable.assign(weights[f"decoder/{layer.name}/{variable.name}"])
        decoders.append(decoder)
        shown = oracle(config, weights, steps, z)
        wanted.append(shown @ weights["decoder/output/kernel"] + weights["decoder/output/bias"])
        plain = NumpyDecoder(config, weights)
        hidden, cell, constant = plain.start(z, B)
        rows = []
        for row in steps.transpose(1, 0, 2):
            out, hidden, cell = plain.step(row, hidden, cell, constant)
            rows.append(out)
        wanted.append(np.stack(rows))  # without keys nothing is dropped

    def run():
        for decoder in decoders:
            for keys in (ops.convert_to_tensor(KEYS), None):
                yield decoder(ops.convert_to_tensor(steps), ops.convert_to_tensor(z), keys)[0]

    variables = [weight for decoder in decoders for weight in decoder.weights]
    found = backend.compiled(lambda: list(run()), variables)()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=2e-5)
    assert not np.allclose(wanted[0], wanted[1], atol=0.1)


def test_masks_are_those_of_each_step_and_share_nothing():
    dropout = Dropout(ops.convert_to_tensor(KEYS), 0.3)
    whole = np.asarray(dropout.masks(ops.arange(T, dtype="int32"), 512))
    for t in range(T):
        assert np.array_equal(whole[t], np.asarray(dropout.mask(ops.convert_to_tensor(t), 512)))
    streams = [masks(layer, s, 0.3, 512) == 0 for layer in (0, 1) for s in (0x0FC19DC6, 0x240CA1CC)]
    streams.append(whole == 0)
    for k, one in enumerate(streams):
        assert one.mean() == pytest.approx(0.3, abs=0.02)
        for other in streams[:k]:
            assert (one & other).mean() == pytest.approx(0.09, abs=0.015)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decoder_layers": 0}, "decoder_layers is 0"),
        ({"encoder_layers": 17}, "encoder_layers is 17, and must be 16 or fewer"),
        ({"input_dropout_rate": 1.0}, "input_dropout_rate is 1.0.* the share that is dropped"),
        ({"output_dropout_rate": -0.1}, "output_dropout_rate is -0.1"),
    ],
)
def test_settings_that_make_no_network(values, message):
    with pytest.raises(BadSettingError, match=message):
        ModelConfig(**values)
