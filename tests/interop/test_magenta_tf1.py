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
    with pytest.raises(BadSettingError, match="decoder/output/bias"):
        magenta_tf1.model_from_variables(given)
    given = variables()
    del given["vector_rnn/ENC_RNN/bw/LSTMCell/bias:0"]
    with pytest.raises(BadSettingError, match="encoder/backward/bias"):
        magenta_tf1.model_from_variables(given)
