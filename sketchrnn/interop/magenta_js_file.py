"""The JSON file of sketch-rnn-js and @magenta/sketch: `[info, shapes, blobs]`.

A blob is the base64 of little-endian int16 numbers q, and a weight is 10 q / 32767. A decoder alone
is output W, b, LSTM Wx, Wh, b; a VAE puts before these the encoder's two LSTMs, mu, sigma and the
map from z to the first state.
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
from numpy.typing import NDArray

from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig

LIMIT = 10.0
"""The largest weight that the format holds."""
_STEPS = 32767
VERSION = 6
"""What is written; readers take others too."""
FIRST_STATE = "initial_state"
"""Where in the info `c` and `h` stand that a decoder alone begins from, if not zeros."""
_DECODER_MODES = (2, "gen")
_VAE_MODES = (0, 1, "vae")
_STROKE5 = 5
_PUBLISHED_EPSILON = 2.0
_LARGEST_FILE = 1 << 28
_LARGEST_SIZE = 1 << 14
_LARGEST_SCALE = 1e9
OUR_KEY = "sketchrnn"
"""Where in the info stands what no other program asks for."""

Array = NDArray[np.float32]
Arrays = dict[str, Array]

DECODER = (
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
    *DECODER,
)


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
        shape = dict(zip(names(self.conditional), self.shapes, strict=True))
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
        ours = self.info.get(OUR_KEY)
        try:
            return Preparation.from_dict(ours["preparation"])  # type: ignore[index]
        except (BadSettingError, TypeError, KeyError):
            return Preparation(epsilon=_PUBLISHED_EPSILON)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the weights come from, as far as the file tells."""
        ours = self.info.get(OUR_KEY)
        kept = ours.get("provenance") if isinstance(ours, dict) else None
        told = {key: value for key, value in self.info.items() if key != OUR_KEY}
        return {
            **(kept if isinstance(kept, dict) and folder.is_sound(kept) else {}),
            "origin": "sketch-rnn-js",
            "info": {key: value for key, value in told.items() if _is_plain(value)},
        }

    def arrays(self) -> Arrays:
        """Return the weights by our names, laid out as in the file.

        Raises:
            BadFileError: If a blob is truncated, or is no base64.
        """
        places = zip(names(self.conditional), self.shapes, self.blobs, strict=True)
        return {name: _decode(blob, shape, self.path, name) for name, shape, blob in places}


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
    wanted = len(names(conditional))
    if len(blobs) != wanted:
        kind = "a VAE" if conditional else "a decoder alone"
        raise BadFileError(
            f"is {info['mode']!r}, {kind}, which has {wanted} arrays, and there are {len(blobs)}",
            path=place,
            where="mode",
        )
    return ModelFile(place, info, conditional, _check_shapes(shapes, conditional, place), blobs)


def names(conditional: bool) -> tuple[str, ...]:
    """Return our names of the arrays, in the order of the file."""
    return _VAE if conditional else DECODER


def quantize(array: Array) -> NDArray[np.int16]:
    """Return weights as the file's numbers, those beyond the largest clipped."""
    return np.rint(np.clip(array, -LIMIT, LIMIT) * (_STEPS / LIMIT)).astype("<i2")


def write(
    path: Path, info: Mapping[str, Any], conditional: bool, numbers: Mapping[str, NDArray[np.int16]]
) -> None:
    """Write a file.

    Args:
        path: Where.
        info: What it says of itself.
        conditional: Whether it holds an encoder too.
        numbers: What `quantize` made of each array, by our names.
    """
    arrays = [numbers[name] for name in names(conditional)]
    content = [
        info,
        [list(array.shape) for array in arrays],
        [base64.b64encode(array.tobytes()).decode("ascii") for array in arrays],
    ]
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


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
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in zip(names(conditional), shapes, strict=True):
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
    for name in found:
        if found[name] != wanted[name]:
            raise BadFileError(
                f"has shape {found[name]}, and the others ask for {wanted[name]}",
                path=path,
                where=name,
            )
    return list(found.values())


def _lstm_shapes(room: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{room}/input_kernel": (inputs, 4 * units),
        f"{room}/recurrent_kernel": (units, 4 * units),
        f"{room}/bias": (4 * units,),
    }


def _decode(blob: str, shape: tuple[int, ...], path: Path, name: str) -> Array:
    """Return the numbers of a blob."""
    try:
        content = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFileError(
            f"is no base64, or truncated ({error})", path=path, where=name, hint="get it again"
        ) from error
    if len(content) != 2 * math.prod(shape):
        raise BadFileError(
            f"has {len(content)} bytes, and shape {shape} asks for {2 * math.prod(shape)}",
            path=path,
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
