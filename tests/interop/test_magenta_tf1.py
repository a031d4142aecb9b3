"""Variables of a TensorFlow 1 checkpoint, by name and shape alone."""

from __future__ import annotations

import numpy as np
import pytest

from sketchrnn.drawing import BadSettingError
from sketchrnn.interop import magenta_tf1

E, H, Z, M = 3, 4, 2, 2


def variables(conditional=True):
    """Variables of a tiny LSTM model, all different."""
    rng = np.random.default_rng(0)
    z = Z if conditional else 0
    shapes = {
        "RNN/LSTMCell/W_xh": (5 + z, 4 * H),
        "RNN/LSTMCell/W_hh": (H, 4 * H),
        "RNN/LSTMCell/bias": (4 * H,),
        "RNN/output_w": (H, 3 + 6 * M),
        "RNN/output_b": (3 + 6 * M,),
    }
    if conditional:
        for direction in ("fw", "bw"):
            shapes[f"ENC_RNN/{direction}/LSTMCell/W_xh"] = (5, 4 * E)
            shapes[f"ENC_RNN/{direction}/LSTMCell/W_hh"] = (E, 4 * E)
            shapes[f"ENC_RNN/{direction}/LSTMCell/bias"] = (4 * E,)
        for name in ("ENC_RNN_mu", "ENC_RNN_sigma"):
            shapes[f"{name}/super_linear_w"] = (2 * E, Z)
            shapes[f"{name}/super_linear_b"] = (Z,)
        shapes["linear/super_linear_w"] = (Z, 2 * H)
        shapes["linear/super_linear_b"] = (2 * H,)
    return {f"vector_rnn/{name}:0": rng.normal(size=shape) for name, shape in shapes.items()}


def test_sizes_follow_from_shapes():
    model = magenta_tf1.model_from_variables(variables(), scale_factor=3.0, max_seq_len=77)
    config = model.config
    assert (config.encoder_size, config.decoder_size, config.z_size) == (E, H, Z)
    assert (config.num_mixtures, config.scale_factor, config.max_seq_len) == (M, 3.0, 77)
    assert config.conditional
    assert len(model.generate(2, seed=1)) == 2


def test_the_latent_rows_of_the_kernel_are_kept_apart():
    given = variables()
    weights = magenta_tf1.model_from_variables(given).weights
    kernel = given["vector_rnn/RNN/LSTMCell/W_xh:0"].astype(np.float32)
    assert np.array_equal(weights["decoder/lstm/input_kernel"], kernel[:5])
    assert np.array_equal(weights["decoder/lstm/latent_kernel"], kernel[5:])


def hyper_variables():
    """The variables of `variables`, with layer norm in the encoder and a HyperLSTM decoder."""
    rng = np.random.default_rng(1)
    units, size = 3, 2
    scope, inner = "RNN/HyperLSTMCell", "RNN/HyperLSTMCell/LayerNormLSTMCell"
    shapes = {f"{scope}/bias": (4 * H,)}
    layers = [(scope, 5 + Z, H), (inner, 5 + Z + H, units)]
    layers += [(f"ENC_RNN/{direction}/LayerNormLSTMCell", 5, E) for direction in ("fw", "bw")]
    for layer, rows, width in layers:
        shapes |= {f"{layer}/W_xh": (rows, 4 * width), f"{layer}/W_hh": (width, 4 * width)}
        for norm, length in (("ln_all", 4 * width), ("ln_c", width)):
            shapes |= {f"{layer}/{norm}/ln_{name}": (length,) for name in ("gamma", "beta")}
    for gate in ("ix", "jx", "fx", "ox", "ih", "jh", "fh", "oh"):
        shapes[f"{scope}/hyper_{gate}/zw/super_linear_w"] = (units, size)
        shapes[f"{scope}/hyper_{gate}/zw/super_linear_b"] = (size,)
        shapes[f"{scope}/hyper_{gate}/alpha/super_linear_w"] = (size, H)
        if gate.endswith("h"):
            shapes[f"{scope}/hyper_{gate}/zb/super_linear_w"] = (units, size)
            shapes[f"{scope}/hyper_{gate}/beta/super_linear_w"] = (size, H)
    given = {name: value for name, value in variables().items() if "LSTMCell" not in name}
    for name, shape in {**shapes, "linear/super_linear_w": (Z, 2 * (H + units))}.items():
        given[f"vector_rnn/{name}:0"] = rng.normal(size=shape)
    return given | {"vector_rnn/linear/super_linear_b:0": np.zeros(2 * (H + units))}


def test_cells_follow_from_names():
    given = hyper_variables()
    model = magenta_tf1.model_from_variables(given)
    config, weights = model.config, model.weights
    assert (config.encoder_cell, config.decoder_cell) == ("layer_norm", "hyper")
    assert (config.hyper_units, config.hyper_embedding) == (3, 2)
    cell = "vector_rnn/RNN/HyperLSTMCell"
    kernel = given[f"{cell}/LayerNormLSTMCell/W_xh:0"].astype(np.float32)
    parts = np.split(kernel, (5, 5 + Z))  # of the step, of z, of the larger LSTM
    for name, part in zip(("input", "latent", "hidden"), parts, strict=True):
        assert np.array_equal(weights[f"decoder/lstm/hyper_{name}_kernel"], part)
    of_forget = given[f"{cell}/hyper_fh/beta/super_linear_w:0"].astype(np.float32)
    assert np.array_equal(weights["decoder/lstm/shift_kernel"][2], of_forget)
    assert len(model.generate(2, seed=1)) == 2


def test_a_shape_that_does_not_fit():
    given = hyper_variables()
    name = "vector_rnn/RNN/HyperLSTMCell/hyper_jx/zw/super_linear_w:0"
    given[name] = given[name][:-1]
    with pytest.raises(BadSettingError, match="the shapes of the variables do not fit"):
        magenta_tf1.model_from_variables(given)


def test_a_decoder_alone():
    model = magenta_tf1.model_from_variables(variables(conditional=False))
    assert not model.config.conditional
    with pytest.raises(BadSettingError, match="has no encoder"):
        model.encode([])


def test_names_without_suffix_and_scope():
    given = {name[len("vector_rnn/") : -2]: value for name, value in variables().items()}
    assert magenta_tf1.model_from_variables(given).config.decoder_size == H


def test_what_is_missing_or_unknown_is_named():
    given = variables()
    given["vector_rnn/RNN/Other/kernel:0"] = np.zeros(3)
    with pytest.raises(BadSettingError, match="vector_rnn/RNN/Other/kernel:0"):
        magenta_tf1.model_from_variables(given)
    given = variables()
    del given["vector_rnn/RNN/output_b:0"]
    with pytest.raises(BadSettingError, match="no variable 'vector_rnn/RNN/output_b'"):
        magenta_tf1.model_from_variables(given)
    given = variables()
    del given["vector_rnn/ENC_RNN/bw/LSTMCell/bias:0"]
    with pytest.raises(BadSettingError, match="no variable 'vector_rnn/ENC_RNN/bw/LSTMCell/bias'"):
        magenta_tf1.model_from_variables(given)
