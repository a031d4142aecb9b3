"""Checkpoints of Magenta's `sketch_rnn`, as TensorFlow 1 names and lays out their weights."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.interop.tf_checkpoint import Checkpoint
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.folder import weight_shapes

_SCOPE = "vector_rnn/"
_STROKE5 = 5
_CELLS = {"LSTMCell": "lstm", "LayerNormLSTMCell": "layer_norm", "HyperLSTMCell": "hyper"}
_ROOMS = {
    "ENC_RNN/fw": "encoder/forward",
    "ENC_RNN/bw": "encoder/backward",
    "RNN": "decoder/lstm",
}
_DENSE = {
    "ENC_RNN_mu/super_linear": "encoder/z_mean",
    "ENC_RNN_sigma/super_linear": "encoder/z_log_var",
    "linear/super_linear": "decoder/initial_state",
    "RNN/output": "decoder/output",
}
_NORM = {
    "ln_all/ln_gamma": "gamma",
    "ln_all/ln_beta": "beta",
    "ln_c/ln_gamma": "cell_gamma",
    "ln_c/ln_beta": "cell_beta",
}
_INNER = "LayerNormLSTMCell/"
_SCALED = tuple(f"hyper_{gate}{side}" for side in "xh" for gate in "ijfo")
_SHIFTED = _SCALED[4:]
_OF_TRAINING = re.compile(r"/(Adam(_\d+)?|Momentum|ExponentialMovingAverage)$")
_USUAL_LENGTH = 250
_LARGEST_CONFIG = 1 << 20

Arrays = dict[str, np.ndarray]


def load(
    path: str | PathLike[str],
    scale_factor: float | None = None,
    max_seq_len: int | None = None,
) -> SketchRNN:
    """Load a checkpoint of Magenta's `sketch_rnn`; needs no TensorFlow.

    Args:
        path: A folder with a `vector-*.index`, of which that of the latest step is taken; or one
            of a checkpoint's files; or what their names begin with, such as `run/vector-1000`.
        scale_factor: Data units in a model unit: the standard deviation of the training data's
            offsets. Magenta does not store it.
        max_seq_len: N_max; None: what `model_config.json` says, else 250.

    Returns:
        The model, its data extent 255 and epsilon 2, as the published data sets have.

    Raises:
        BadFileError: If there is no checkpoint, or it is damaged or of another program.
        BadSettingError: If the scale factor is missing.
    """
    prefix = find(path)
    config = read_config(prefix.parent)
    known = config.get("scale_factor")
    if scale_factor is None and isinstance(known, int | float) and not isinstance(known, bool):
        scale_factor = float(known)
    if scale_factor is None:
        raise BadSettingError(
            "a checkpoint of Magenta's does not hold its scale factor",
            path=prefix,
            hint="give scale_factor (--scale-factor), the standard deviation of the training "
            "data's offsets, which Magenta's program printed and `sketchrnn data info` tells",
        )
    longest = max_seq_len or config.get("max_seq_len")
    if not isinstance(longest, int) or isinstance(longest, bool) or longest < 1:
        longest = _USUAL_LENGTH
    variables = read_variables(prefix)
    try:
        model = model_from_variables(variables, scale_factor, longest)
    except BadSettingError as error:
        raise BadFileError(error.problem, path=prefix, hint=error.hint) from error
    for name, array in model.weights.items():
        if not np.isfinite(array).all():
            raise BadFileError("holds NaN or infinite numbers", path=prefix, where=name)
    step = prefix.name.rpartition("-")[2]
    model.provenance.update({"step": int(step)} if step.isdecimal() else {})
    return model


def find(path: str | PathLike[str]) -> Path:
    """Return what the names of a checkpoint's files begin with.

    Args:
        path: See `load`.

    Raises:
        BadFileError: If there is none.
    """
    place = Path(path)
    if place.is_dir():
        found = [name.with_suffix("") for name in place.glob("*.index")]
        if not found:
            raise BadFileError(
                "holds no checkpoint", path=place, hint="name a folder with a vector-*.index"
            )
        return max(found, key=_step)
    for part in (".index", ".data-"):
        head, middle, _ = place.name.rpartition(part)
        if middle:
            return place.with_name(head)
    return place.with_name(place.name.removesuffix(".meta"))


def _step(prefix: Path) -> tuple[int, str]:
    step = prefix.name.rpartition("-")[2]
    return (int(step) if step.isdecimal() else -1), prefix.name


def read_config(folder: Path) -> dict[str, Any]:
    """Return what a folder's `model_config.json` says; nothing where it says nothing.

    Magenta's own holds a list of the settings' names without their values.
    """
    path = folder / "model_config.json"
    if not path.is_file() or path.stat().st_size > _LARGEST_CONFIG:
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError, OSError):
        return {}
    return values if isinstance(values, dict) else {}


def read_variables(prefix: Path) -> dict[str, np.ndarray]:
    """Return the weights in a checkpoint by name, without what only its training needs.

    Raises:
        BadFileError: If it is damaged or holds none.
    """
    checkpoint = Checkpoint(prefix)
    names = [
        name
        for name, variable in checkpoint.variables.items()
        if variable.shape and not _OF_TRAINING.search(name)
    ]
    if not any(name.removeprefix(_SCOPE).startswith("RNN/") for name in names):
        raise BadFileError("is no checkpoint of sketch_rnn", path=checkpoint.index)
    return {name: checkpoint.read(name) for name in names}


def model_from_variables(
    variables: Mapping[str, ArrayLike], scale_factor: float = 1.0, max_seq_len: int = 250
) -> SketchRNN:
    """Make a model of the variables of a TensorFlow 1 checkpoint.

    Cells and sizes follow from names and shapes. Gates stand in the order i, j, f, o in both; the
    forget bias of 1 is added at run time in both; states are packed alike. So the numbers stay as
    they are; only the rows of an input kernel that read z, or the larger LSTM of a HyperLSTM, are
    kept apart, and the gates' embeddings of a HyperLSTM side by side.

    Args:
        variables: Arrays by name, such as "vector_rnn/RNN/LSTMCell/W_xh:0".
        scale_factor: Data units in a model unit; a checkpoint does not hold it.
        max_seq_len: N_max; a checkpoint does not hold it either.

    Returns:
        The model, its data extent 255 and epsilon 2, as the published data sets have.

    Raises:
        BadSettingError: If a variable is unknown or missing, or of a shape that fits no other.
    """
    given = {name.split(":")[0].removeprefix(_SCOPE): name for name in variables}
    left = {path: np.asarray(variables[name], np.float32) for path, name in given.items()}
    arrays: Arrays = {}
    sizes: dict[str, Any] = {"scale_factor": scale_factor, "max_seq_len": max_seq_len}
    try:
        for stem, room in _DENSE.items():
            if room == "decoder/output" or f"{stem}_w" in left:
                arrays[f"{room}/kernel"] = left.pop(f"{stem}_w")
                arrays[f"{room}/bias"] = left.pop(f"{stem}_b")
        sizes["conditional"] = "encoder/z_mean/kernel" in arrays
        sizes["num_mixtures"] = (len(arrays["decoder/output/bias"]) - 3) // 6
        for scope, room in _ROOMS.items():
            if room != "decoder/lstm" and not sizes["conditional"]:
                continue
            part = room.split("/")[0]
            kind = _cell_at(scope, left)
            cell = _take_cell(kind, f"{scope}/", left)
            arrays.update({f"{room}/{name}": array for name, array in cell.items()})
            sizes[f"{part}_cell"] = kind
            sizes[f"{part}_size"] = len(cell["recurrent_kernel"])
            if kind == "hyper":
                sizes["hyper_units"] = len(cell["hyper_recurrent_kernel"])
                sizes["hyper_embedding"] = cell["scale_kernel"].shape[1]
        if sizes["conditional"]:
            sizes["z_size"] = arrays["encoder/z_mean/kernel"].shape[1]
    except KeyError as error:
        raise BadSettingError(f"no variable {_SCOPE + error.args[0]!r}") from None
    except (ValueError, IndexError, TypeError) as error:
        raise BadSettingError(f"the shapes of the variables do not fit ({error})") from None
    if left:
        raise BadSettingError(
            f"variable {given[min(left)]!r} is not one of a sketch_rnn model",
            hint="leave out the optimizer's and the training's variables",
        )
    config = ModelConfig(**sizes)
    shapes = weight_shapes(config)  # a decoder alone has no rows that read z
    arrays = {name: array for name, array in arrays.items() if name in shapes or array.size}
    return SketchRNN(config, arrays, Preparation(epsilon=2.0), {"origin": "Magenta sketch_rnn"})


def _cell_at(scope: str, variables: Mapping[str, np.ndarray]) -> str:
    """Return the kind of the cell in a scope."""
    for name, kind in _CELLS.items():
        if f"{scope}/{name}/W_hh" in variables:
            return kind
    raise KeyError(f"{scope}/LSTMCell/W_hh")


def _take_cell(kind: str, scope: str, left: Arrays) -> Arrays:
    """Take the variables of a cell out of those left, and name them as ours are."""
    scope += next(name for name, cell in _CELLS.items() if cell == kind) + "/"
    kernel = left.pop(f"{scope}W_xh")
    arrays = {
        "input_kernel": kernel[:_STROKE5],
        "latent_kernel": kernel[_STROKE5:],
        "recurrent_kernel": left.pop(f"{scope}W_hh"),
    }
    if kind != "layer_norm":
        arrays["bias"] = left.pop(f"{scope}bias")
    if kind != "lstm":
        arrays.update({ours: left.pop(scope + theirs) for theirs, ours in _NORM.items()})
    if kind == "hyper":
        units = len(arrays["recurrent_kernel"])
        kernel = left.pop(f"{scope}{_INNER}W_xh")  # of the step, of z, of the larger hidden
        arrays["hyper_input_kernel"] = kernel[:_STROKE5]
        arrays["hyper_latent_kernel"] = kernel[_STROKE5:-units]
        arrays["hyper_hidden_kernel"] = kernel[-units:]
        arrays["hyper_recurrent_kernel"] = left.pop(f"{scope}{_INNER}W_hh")
        for theirs, ours in _NORM.items():
            arrays[f"hyper_{ours}"] = left.pop(scope + _INNER + theirs)

        def take(gates: tuple[str, ...], leaf: str) -> list[np.ndarray]:
            return [left.pop(f"{scope}{gate}/{leaf}") for gate in gates]

        arrays["scale_embedding_kernel"] = np.hstack(take(_SCALED, "zw/super_linear_w"))
        arrays["scale_embedding_bias"] = np.hstack(take(_SCALED, "zw/super_linear_b"))
        arrays["scale_kernel"] = np.stack(take(_SCALED, "alpha/super_linear_w"))
        arrays["shift_embedding_kernel"] = np.hstack(take(_SHIFTED, "zb/super_linear_w"))
        arrays["shift_kernel"] = np.stack(take(_SHIFTED, "beta/super_linear_w"))
    return arrays
