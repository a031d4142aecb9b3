"""Models of sketch-rnn-js and @magenta/sketch: one JSON file, read and written.

The file is `[info, shapes, blobs]`: a blob is the base64 of little-endian int16 numbers q, and a
weight is 10 q / 32767. A decoder alone is output W, b, LSTM Wx, Wh, b; a VAE puts before these the
encoder's two LSTMs, mu, sigma and the map from z to the first state. Gates stand in the order
i, g, f, o, as ours do; a forget bias of 1 is added at run time; the first state is (c, h).
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.interop.quantization import Effect, measure
from sketchrnn.model.config import ModelConfig
from sketchrnn.sketch_rnn import SketchRNN

LIMIT = 10.0
"""The largest weight that the format holds."""
_STEPS = 32767
MIXTURES = 20
"""Both programs read 20 components, whatever the file says."""
_VERSION = 6
_DECODER_MODES = (2, "gen")
_VAE_MODES = (0, 1, "vae")
_STROKE5 = 5
_PUBLISHED_EPSILON = 2.0
_LARGEST_FILE = 1 << 28
_LARGEST_SIZE = 1 << 14
_LARGEST_SCALE = 1e9
_OUR_KEY = "sketchrnn"

Array = NDArray[np.float32]
Arrays = dict[str, Array]

_DECODER = (
    "decoder/output/kernel",
    "decoder/output/bias",
    "decoder/lstm/input_kernel",
    "decoder/lstm/recurrent_kernel",
    "decoder/lstm/bias",
)
_VAE = (
    *(
        f"encoder/{direction}/{name}"
        for direction in ("forward", "backward")
        for name in ("input_kernel", "recurrent_kernel", "bias")
    ),
    *(f"encoder/{room}/{name}" for room in ("z_mean", "z_log_var") for name in ("kernel", "bias")),
    "decoder/initial_state/kernel",
    "decoder/initial_state/bias",
    *_DECODER,
)
_INPUT = "decoder/lstm/input_kernel"
_LATENT = "decoder/lstm/latent_kernel"
_BIAS = "decoder/lstm/bias"


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """What a file holds, its blobs not yet decoded.

    Attributes:
        path: The file.
        info: What it says of itself.
        conditional: Whether it holds an encoder too.
        shapes: Of the arrays, in the file's order.
        blobs: Their numbers, in base64.
    """

    path: Path
    info: dict[str, Any]
    conditional: bool
    shapes: list[tuple[int, ...]]
    blobs: list[str]

    @property
    def config(self) -> ModelConfig:
        """The network's shape, as the shapes of the arrays tell it."""
        names = _names(self.conditional)
        shape = dict(zip(names, self.shapes, strict=True))
        sizes: dict[str, Any] = {
            "conditional": self.conditional,
            "decoder_size": shape["decoder/lstm/recurrent_kernel"][0],
            "num_mixtures": (shape["decoder/output/bias"][0] - 3) // 6,
            "max_seq_len": int(self.info["max_seq_len"]),
            "scale_factor": float(self.info["scale_factor"]),
        }
        if self.conditional:
            sizes["encoder_size"] = shape["encoder/forward/recurrent_kernel"][0]
            sizes["z_size"] = shape["encoder/z_mean/bias"][0]
        return ModelConfig(**sizes)

    @property
    def preparation(self) -> Preparation:
        """How drawings become data units; that of the published data, if the file says nothing."""
        ours = self.info.get(_OUR_KEY)
        try:
            return Preparation.from_dict(ours["preparation"])  # type: ignore[index]
        except (BadSettingError, TypeError, KeyError):
            return Preparation(epsilon=_PUBLISHED_EPSILON)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the weights come from, as far as the file tells."""
        ours = self.info.get(_OUR_KEY)
        kept = ours.get("provenance") if isinstance(ours, dict) else None
        told = {key: value for key, value in self.info.items() if key != _OUR_KEY}
        return {
            **(kept if isinstance(kept, dict) else {}),
            "origin": "sketch-rnn-js",
            "info": {key: value for key, value in told.items() if _is_plain(value)},
        }


def load(path: str | PathLike[str]) -> SketchRNN:
    """Load a model of sketch-rnn-js, a decoder alone or a VAE.

    Args:
        path: A file such as `bicycle.gen.json` or `bicycle.vae.json`.

    Returns:
        The model. Its data units are those of the published data (extent 255, epsilon 2), unless
        the file, which `save` wrote, says other ones.

    Raises:
        BadFileError: If the file is missing, truncated, or no such model.
    """
    file = read(path)
    names = _names(file.conditional)
    arrays = {name: _decode(file, place, name) for place, name in enumerate(names)}
    if file.conditional:
        kernel = arrays[_INPUT]
        arrays[_INPUT], arrays[_LATENT] = kernel[:_STROKE5], kernel[_STROKE5:]
    return SketchRNN(file.config, arrays, file.preparation, file.provenance)


def read(path: str | PathLike[str]) -> ModelFile:
    """Read what a file says of itself, and check the shapes of its arrays.

    Raises:
        BadFileError: If it is missing, truncated, or no model of sketch-rnn-js.
    """
    place = Path(path)
    if not place.is_file():
        raise BadFileError("no such file", path=place)
    if place.stat().st_size > _LARGEST_FILE:
        raise BadFileError("is too large for a model of sketch-rnn-js", path=place)
    try:
        content = json.loads(place.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        short = str(error)[:80]
        raise BadFileError(
            f"is not JSON, or truncated ({short})", path=place, hint="get it again"
        ) from error
    if not (
        isinstance(content, list)
        and len(content) == 3
        and isinstance(content[0], dict)
        and all(isinstance(part, list) for part in content[1:])
    ):
        raise BadFileError("is no model of sketch-rnn-js: not [info, shapes, blobs]", path=place)
    info, shapes, blobs = content
    conditional = _mode(info, place)
    _check_info(info, place)
    if len(shapes) != len(blobs) or not all(isinstance(blob, str) for blob in blobs):
        raise BadFileError(
            f"has {len(shapes)} shapes and {len(blobs)} blobs of base64", path=place, where="shapes"
        )
    names = _names(conditional)
    if len(blobs) != len(names):
        kind = "a VAE" if conditional else "a decoder alone"
        raise BadFileError(
            f"is {info['mode']!r}, {kind}, which has {len(names)} arrays, and there are "
            f"{len(blobs)}",
            path=place,
            where="mode",
        )
    return ModelFile(place, info, conditional, _check_shapes(shapes, conditional, place), blobs)


def save(
    model: SketchRNN,
    path: str | PathLike[str],
    *,
    clip: bool = False,
    overwrite: bool = False,
    z: ArrayLike | None = None,
    drawings: Sequence[Drawing] | None = None,
) -> Effect:
    """Write a model for sketch-rnn-js and, if it is a decoder alone, for @magenta/sketch.

    Args:
        model: The model: one LSTM each, 20 mixtures, one category.
        path: The file.
        clip: Whether weights beyond 10 become 10; otherwise they are refused.
        overwrite: Whether a file that exists is replaced.
        z: (z_size,) a latent vector. What a VAE draws for it is written as a decoder alone, which
            @magenta/sketch runs: what z adds to the gates goes into their bias, and the state that
            it begins from stands in the file's info, as `initial_state`, (c, h).
        drawings: What the effect of rounding is measured on, in data units; None: drawings that
            the model makes up.

    Returns:
        What rounding to int16 does to the weights, and to the loss.

    Raises:
        BadSettingError: If the format cannot hold such a model.
        OutputExistsError: If the file exists.
    """
    target = check_output(path, overwrite=overwrite)
    _check_exportable(model.config)
    info: dict[str, Any] = {
        "name": model.name or "sketchrnn",
        "mode": 0 if model.config.conditional and z is None else 2,
        "version": _VERSION,
        "max_seq_len": model.config.max_seq_len,
        "scale_factor": model.config.scale_factor,
        _OUR_KEY: {
            "preparation": model.preparation.to_dict(),
            "provenance": _kept_provenance(model.provenance),
        },
    }
    original = model if z is None else _told(model, z, info)
    arrays = _as_theirs(original)
    rounded, clipped = {}, 0
    for name, array in arrays.items():
        beyond = int((np.abs(array) > LIMIT).sum())
        if beyond and not clip:
            raise BadSettingError(
                f"weight {name!r} reaches {np.abs(array).max():.2f}, and the format holds "
                f"{LIMIT:g} at most",
                hint="clip it with --clip, which changes the model",
            )
        clipped += beyond
        rounded[name] = np.rint(np.clip(array, -LIMIT, LIMIT) * (_STEPS / LIMIT)).astype("<i2")
    names = _names(original.config.conditional)
    content = [
        info,
        [list(rounded[name].shape) for name in names],
        [base64.b64encode(rounded[name].tobytes()).decode("ascii") for name in names],
    ]
    with whole_file(target, overwrite=overwrite) as beside:
        beside.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        again = load(beside)
        start = None if z is None else info["initial_state"]
        return measure(original, again, drawings, clipped=clipped, start=start)


def _told(model: SketchRNN, z: ArrayLike, info: dict[str, Any]) -> SketchRNN:
    """Return what a VAE draws for one z as a decoder alone; put its first state into `info`."""
    if not model.config.conditional:
        raise BadSettingError("this model takes no z: it is a decoder alone")
    vector = np.asarray(z, dtype=np.float32)
    if vector.shape != (model.config.z_size,) or not np.isfinite(vector).all():
        raise BadSettingError(f"z must be {model.config.z_size} finite numbers")
    weights = model.weights
    state = np.tanh(
        vector @ weights["decoder/initial_state/kernel"] + weights["decoder/initial_state/bias"]
    )
    cell, hidden = (part.astype(float).tolist() for part in np.split(state, 2))
    info["initial_state"] = {"c": cell, "h": hidden}
    arrays = {name: weights[name] for name in _DECODER}
    arrays[_BIAS] = arrays[_BIAS] + vector @ weights[_LATENT]
    config = dataclasses.replace(model.config, conditional=False)
    return SketchRNN(config, arrays, model.preparation, model.provenance)


def _as_theirs(model: SketchRNN) -> Arrays:
    """Return the arrays as the format lays them out; it adds a forget bias of 1 by itself."""
    config, arrays = model.config, model.weights
    if config.conditional:
        arrays[_INPUT] = np.concatenate([arrays[_INPUT], arrays.pop(_LATENT)])
    for name, array in arrays.items():
        if name.endswith("/bias") and name.replace("/bias", "/recurrent_kernel") in arrays:
            units = len(array) // 4
            arrays[name] = array.copy()
            arrays[name][2 * units : 3 * units] += np.float32(config.forget_bias - 1)
        if not np.isfinite(array).all():
            raise BadSettingError(f"weight {name!r} holds NaN or infinite numbers")
    return arrays


def _check_exportable(config: ModelConfig) -> None:
    """Refuse what neither program can run."""
    parts = ("encoder", "decoder") if config.conditional else ("decoder",)
    problems = [
        f"{part}_cell is {getattr(config, f'{part}_cell')!r}, and sketch-rnn-js knows LSTMs alone"
        for part in parts
        if getattr(config, f"{part}_cell") != "lstm"
    ]
    problems += [
        f"{part}_layers is {getattr(config, f'{part}_layers')}, and sketch-rnn-js knows one"
        for part in parts
        if getattr(config, f"{part}_layers") > 1
    ]
    if config.categories:
        problems.append("the model is told a category, and sketch-rnn-js tells none")
    if config.num_mixtures != MIXTURES:
        problems.append(
            f"num_mixtures is {config.num_mixtures}, and sketch-rnn-js reads {MIXTURES}, whatever "
            "a file says"
        )
    if problems:
        raise BadSettingError(problems[0], hint="export to ONNX, which holds every model")


def _kept_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model's terms and a reader need; not the whole history of a training."""
    data = provenance.get("data")
    kept = {key: provenance[key] for key in ("preset", "step", "licence") if key in provenance}
    if isinstance(data, Mapping):
        names = ("licence", "attribution", "sources", "fingerprint")
        kept["data"] = {key: data[key] for key in names if key in data}
    return kept


def _names(conditional: bool) -> tuple[str, ...]:
    return _VAE if conditional else _DECODER


def _mode(info: Mapping[str, Any], path: Path) -> bool:
    """Return whether a file holds an encoder."""
    mode = info.get("mode")
    for modes, conditional in ((_DECODER_MODES, False), (_VAE_MODES, True)):
        if not isinstance(mode, bool) and isinstance(mode, int | str) and mode in modes:
            return conditional
    raise BadFileError(
        f"is {mode!r}, and must be 2 or 'gen' (a decoder alone), or 0, 1 or 'vae'",
        path=path,
        where="mode",
    )


def _check_info(info: Mapping[str, Any], path: Path) -> None:
    """Refuse a file that does not say its units and its longest drawing."""
    scale = info.get("scale_factor")
    if (
        not isinstance(scale, int | float)
        or isinstance(scale, bool)
        or not 0 < scale < _LARGEST_SCALE
    ):
        raise BadFileError(f"is {scale!r}, and must be above 0", path=path, where="scale_factor")
    longest = info.get("max_seq_len")
    if not isinstance(longest, int) or isinstance(longest, bool) or not 0 < longest < 1 << 20:
        raise BadFileError(
            f"is {longest!r}, and must be a whole number above 0", path=path, where="max_seq_len"
        )


def _check_shapes(shapes: Sequence[Any], conditional: bool, path: Path) -> list[tuple[int, ...]]:
    """Return the shapes after holding them against one another."""
    names = _names(conditional)
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in zip(names, shapes, strict=True):
        good = isinstance(shape, list) and 1 <= len(shape) <= 2
        if not good or not all(type(n) is int and 0 < n <= _LARGEST_SIZE for n in shape):
            raise BadFileError(f"shape {str(shape)[:60]} is none", path=path, where=name)
        found[name] = tuple(shape)
    units = found["decoder/lstm/recurrent_kernel"][0]
    outputs = found["decoder/output/bias"][0]
    if outputs < 9 or (outputs - 3) % 6:
        raise BadFileError(
            f"has {outputs} numbers, and must have 3 and 6 for each mixture",
            path=path,
            where="decoder/output/bias",
        )
    z = found["encoder/z_mean/bias"][0] if conditional else 0
    wanted: dict[str, tuple[int, ...]] = {
        "decoder/output/kernel": (units, outputs),
        "decoder/output/bias": (outputs,),
        **_lstm_shapes("decoder/lstm", _STROKE5 + z, units),
    }
    if conditional:
        size = found["encoder/forward/recurrent_kernel"][0]
        for direction in ("forward", "backward"):
            wanted.update(_lstm_shapes(f"encoder/{direction}", _STROKE5, size))
        for room in ("z_mean", "z_log_var"):
            wanted.update({f"encoder/{room}/kernel": (2 * size, z), f"encoder/{room}/bias": (z,)})
        wanted["decoder/initial_state/kernel"] = (z, 2 * units)
        wanted["decoder/initial_state/bias"] = (2 * units,)
    for name in names:
        if found[name] != wanted[name]:
            raise BadFileError(
                f"has shape {found[name]}, and the others ask for {wanted[name]}",
                path=path,
                where=name,
            )
    return [found[name] for name in names]


def _lstm_shapes(room: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{room}/input_kernel": (inputs, 4 * units),
        f"{room}/recurrent_kernel": (units, 4 * units),
        f"{room}/bias": (4 * units,),
    }


def _decode(file: ModelFile, place: int, name: str) -> Array:
    """Return the numbers of a blob."""
    shape = file.shapes[place]
    try:
        content = base64.b64decode(file.blobs[place], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFileError(
            f"is no base64, or truncated ({error})", path=file.path, where=name, hint="get it again"
        ) from error
    if len(content) != 2 * math.prod(shape):
        raise BadFileError(
            f"has {len(content)} bytes, and shape {shape} asks for {2 * math.prod(shape)}",
            path=file.path,
            where=name,
            hint="get it again",
        )
    numbers = np.frombuffer(content, dtype="<i2").astype(np.float32)
    # divided and multiplied in this order, in float32, by sketch-rnn-js
    return (numbers / np.float32(_STEPS) * np.float32(LIMIT)).reshape(shape)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | bool) or (
        isinstance(value, float) and math.isfinite(value)
    )
