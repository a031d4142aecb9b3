"""Weights of Magenta's `sketch_rnn`, as TensorFlow 1 names and lays them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadSettingError
from sketchrnn.model.config import ModelConfig
from sketchrnn.sketch_rnn import SketchRNN

_ROOMS = {
    "ENC_RNN/fw/LSTMCell": "encoder/forward",
    "ENC_RNN/bw/LSTMCell": "encoder/backward",
    "ENC_RNN_mu": "encoder/z_mean",
    "ENC_RNN_sigma": "encoder/z_log_var",
    "linear": "decoder/initial_state",
    "RNN/LSTMCell": "decoder/lstm",
    "RNN": "decoder/output",
}
_LEAVES = {
    "W_xh": "input_kernel",
    "W_hh": "recurrent_kernel",
    "bias": "bias",
    "super_linear_w": "kernel",
    "super_linear_b": "bias",
    "output_w": "kernel",
    "output_b": "bias",
}
_SCOPE = "vector_rnn/"
_STROKE5 = 5


def model_from_variables(
    variables: Mapping[str, ArrayLike], scale_factor: float = 1.0, max_seq_len: int = 250
) -> SketchRNN:
    """Make a model of the variables of a TensorFlow 1 checkpoint.

    Cells and sizes follow from names and shapes. Gates stand in the order i, j, f, o in both; the
    forget bias of 1 is added at run time in both; the initial state is packed cell before hidden
    in both. So the numbers stay as they are, and only the product of z is kept apart.

    Args:
        variables: Arrays by name, such as "vector_rnn/RNN/LSTMCell/W_xh:0".
        scale_factor: Data units in a model unit; a checkpoint does not hold it.
        max_seq_len: N_max; a checkpoint does not hold it either.

    Returns:
        The model, its data extent 255 and epsilon 2, as the published data sets have.

    Raises:
        BadSettingError: If a variable is unknown or missing, or a cell is not LSTM.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, value in variables.items():
        path = name.split(":")[0].removeprefix(_SCOPE)
        room, _, leaf = path.rpartition("/")
        if room not in _ROOMS or leaf not in _LEAVES:
            raise BadSettingError(
                f"variable {name!r} is not one of an LSTM model",
                hint="models with layer norm or a HyperLSTM are not read yet",
            )
        arrays[f"{_ROOMS[room]}/{_LEAVES[leaf]}"] = np.asarray(value, dtype=np.float32)
    try:
        conditional = "encoder/z_mean/kernel" in arrays
        decoder_size = arrays["decoder/lstm/recurrent_kernel"].shape[0]
        config = ModelConfig(
            conditional=conditional,
            decoder_size=decoder_size,
            num_mixtures=(arrays["decoder/output/bias"].shape[0] - 3) // 6,
            scale_factor=scale_factor,
            max_seq_len=max_seq_len,
            **(_encoder_sizes(arrays) if conditional else {}),
        )
        kernel = arrays["decoder/lstm/input_kernel"]
    except KeyError as error:
        raise BadSettingError(f"no variable for {error.args[0]}") from None
    if conditional:
        arrays["decoder/lstm/input_kernel"] = kernel[:_STROKE5]
        arrays["decoder/lstm/latent_kernel"] = kernel[_STROKE5:]
    return SketchRNN(config, arrays, Preparation(epsilon=2.0), {"origin": "Magenta sketch_rnn"})


def _encoder_sizes(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        "encoder_size": arrays["encoder/forward/recurrent_kernel"].shape[0],
        "z_size": arrays["encoder/z_mean/kernel"].shape[1],
    }
