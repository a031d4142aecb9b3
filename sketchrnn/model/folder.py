"""A model is a folder: config.json and its weights. No framework is needed to read it.

config.json holds `format`, `format_version`, `config` (see `ModelConfig`), `preparation` (how
drawings become data units) and `provenance` (data, licence, seed, steps, losses, versions).
model.weights.h5, or model.safetensors instead, holds one float32 array a weight, named as
`weight_shapes` says.
"""

from __future__ import annotations

import dataclasses
import difflib
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.drawing.files import whole_folder
from sketchrnn.model import hdf5_file
from sketchrnn.model.config import ADDED_LATER, ModelConfig, layer_names

FORMAT = "sketchrnn-model"
FORMAT_VERSION = 1
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.weights.h5"
SAFETENSORS_FILE = "model.safetensors"
CONTENTS = (CONFIG_FILE, WEIGHTS_FILE, SAFETENSORS_FILE)
"""The files of a model folder; one that holds others is not replaced as a whole."""
_LARGEST_CONFIG = 1 << 20
_STROKE5 = 5


@dataclasses.dataclass(frozen=True)
class ModelFolder:
    """What a model folder says, without its weights.

    Attributes:
        path: The folder.
        config: The network's shape.
        preparation: How drawings become data units; see `data.Preparation`.
        provenance: Where the weights come from.
    """

    path: Path
    config: ModelConfig
    preparation: dict[str, Any]
    provenance: dict[str, Any]


def shipped_models() -> dict[str, Path]:
    """Return the models that come with the package, by name."""
    # a wheel carries them as sketchrnn/shipped; an editable install has them in the checkout
    package = Path(__file__).resolve().parents[1]
    found: dict[str, Path] = {}
    for home in (package.parent / "checkpoints", package / "shipped"):
        if home.is_dir():
            folders = sorted(path for path in home.iterdir() if (path / CONFIG_FILE).is_file())
            found.update({path.name: path for path in folders})
    return found


def find(model: str | PathLike[str]) -> Path:
    """Return the folder of a model.

    Args:
        model: A folder that holds a config.json, or the name of a shipped model.

    Raises:
        BadFileError: If it is neither.
    """
    path = Path(model)
    if (path / CONFIG_FILE).is_file():
        return path
    shipped = shipped_models()
    if str(model) in shipped:
        return shipped[str(model)]
    if path.is_file():
        raise BadFileError(
            "is a file, and no model folder",
            path=path,
            hint=f"name a model folder, or one of {', '.join(shipped) or 'none'}",
        )
    if path.is_dir():
        raise BadFileError(
            f"is no model folder: it has no {CONFIG_FILE}", path=path, hint="name a folder with one"
        )
    near = difflib.get_close_matches(str(model).lower(), shipped, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    names = ", ".join(shipped) or "none"
    raise BadFileError(
        "no such model folder", path=path, hint=f"{guess}shipped models: {names}; or train one"
    )


def read(model: str | PathLike[str]) -> ModelFolder:
    """Read a folder's config.json, strictly.

    Args:
        model: See `find`.

    Raises:
        BadFileError: If a file is missing, damaged, of another kind or newer than this program.
    """
    folder = find(model)
    return read_notes(folder / CONFIG_FILE, folder)


def read_notes(path: Path, folder: Path, kind: str = FORMAT) -> ModelFolder:
    """Read a JSON file that says what config.json of a model folder says, strictly.

    Args:
        path: The file.
        folder: What it belongs to.
        kind: The `format` that it must have.

    Raises:
        BadFileError: See `read`.
    """
    if path.stat().st_size > _LARGEST_CONFIG:
        raise BadFileError("is too large for a configuration", path=path)
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise BadFileError(
            f"is not JSON ({error})", path=path, hint="restore it, or save the model again"
        ) from error
    return check_notes(values, path, folder, kind)


def check_notes(values: Any, path: Path, folder: Path, kind: str = FORMAT) -> ModelFolder:
    """Check what config.json holds, strictly; `path` is where it stands.

    Raises:
        BadFileError: See `read`.
    """
    if not isinstance(values, dict) or values.get("format") != kind:
        raise BadFileError("is not the configuration of a sketchrnn model", path=path)
    version = values.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BadFileError(
            f"has format version {version}, and this program knows {FORMAT_VERSION}",
            path=path,
            hint="install a newer sketchrnn",
        )
    for key in ("config", "preparation", "provenance"):
        if not isinstance(values.get(key), dict):
            raise BadFileError(f"lacks {key!r}", path=path, hint="save the model again")
    if not is_sound(values["provenance"]):
        raise BadFileError("is none that a model has", path=path, where="provenance")
    try:
        # folders of version 1 that were written before there was such a thing lack its keys
        config = ModelConfig.from_dict({**ADDED_LATER, **values["config"]})
    except (BadSettingError, TypeError) as error:
        raise BadFileError(str(error), path=path) from error
    return ModelFolder(folder, config, values["preparation"], values["provenance"])


def is_sound(provenance: Mapping[str, Any]) -> bool:
    """Return whether what is asked of a provenance everywhere is of the type that it must have."""
    data = provenance.get("data") or {}
    return (
        isinstance(data, dict)
        and isinstance(data.get("sources") or [], list)
        and isinstance(provenance.get("settings") or {}, dict)
    )


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every weight of a network.

    >>> weight_shapes(ModelConfig(conditional=False))["decoder/lstm/recurrent_kernel"]
    (512, 2048)
    """
    e, d, z = config.encoder_size, config.decoder_size, config.z_size
    shapes: dict[str, tuple[int, ...]] = {}
    if config.conditional:
        for direction in ("forward", "backward"):
            names = layer_names(f"encoder/{direction}", config.encoder_layers)
            shapes.update(
                _stack_shapes(names, config.encoder_cell, e, config.category_size, config)
            )
        for name in ("z_mean", "z_log_var"):
            shapes[f"encoder/{name}/kernel"] = (2 * e, z)
            shapes[f"encoder/{name}/bias"] = (z,)
    if config.condition_size:
        state = d + (config.hyper_units if config.decoder_cell == "hyper" else 0)
        state *= 2 * config.decoder_layers
        shapes["decoder/initial_state/kernel"] = (config.condition_size, state)
        shapes["decoder/initial_state/bias"] = (state,)
    names = layer_names("decoder/lstm", config.decoder_layers)
    shapes.update(_stack_shapes(names, config.decoder_cell, d, config.condition_size, config))
    shapes["decoder/output/kernel"] = (d, config.output_size)
    shapes["decoder/output/bias"] = (config.output_size,)
    if config.category_size:
        shapes["categories/embedding"] = (len(config.categories), config.category_size)
    return shapes


def _stack_shapes(
    names: Sequence[str], kind: str, units: int, latent_size: int, config: ModelConfig
) -> dict[str, tuple[int, ...]]:
    """Return the weights of cells on top of one another; the latent vector joins the first."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, room in enumerate(names):
        reads = (units, 0) if layer else (_STROKE5, latent_size)
        cell = _cell_shapes(kind, units, *reads, config)
        shapes.update({f"{room}/{name}": shape for name, shape in cell.items()})
    return shapes


def _cell_shapes(
    kind: str, units: int, input_size: int, latent_size: int, config: ModelConfig
) -> dict[str, tuple[int, ...]]:
    """Return the weights of a recurrent cell; its class tells what each is."""
    gates = 4 * units
    shapes: dict[str, tuple[int, ...]] = {}
    if latent_size:
        shapes["latent_kernel"] = (latent_size, gates)
    shapes["input_kernel"] = (input_size, gates)
    shapes["recurrent_kernel"] = (units, gates)
    if kind != "layer_norm":
        shapes["bias"] = (gates,)
    if kind != "lstm":
        shapes.update(_norm_shapes("", units))
    if kind == "hyper":
        inner, size = config.hyper_units, config.hyper_embedding
        shapes["hyper_input_kernel"] = (input_size, 4 * inner)
        if latent_size:
            shapes["hyper_latent_kernel"] = (latent_size, 4 * inner)
        shapes["hyper_hidden_kernel"] = (units, 4 * inner)
        shapes["hyper_recurrent_kernel"] = (inner, 4 * inner)
        shapes.update(_norm_shapes("hyper_", inner))
        shapes["scale_embedding_kernel"] = (inner, 8 * size)
        shapes["scale_embedding_bias"] = (8 * size,)
        shapes["scale_kernel"] = (8, size, units)
        shapes["shift_embedding_kernel"] = (inner, 4 * size)
        shapes["shift_kernel"] = (4, size, units)
    return shapes


def _norm_shapes(prefix: str, units: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}gamma": (4 * units,),
        f"{prefix}beta": (4 * units,),
        f"{prefix}cell_gamma": (units,),
        f"{prefix}cell_beta": (units,),
    }


def read_weights(folder: ModelFolder) -> dict[str, NDArray[np.float32]]:
    """Read every weight of a model folder.

    Raises:
        BadFileError: If the file is missing or truncated, or a weight is missing, superfluous, of
            another shape than config.json says, or not finite.
    """
    path = folder.path / WEIGHTS_FILE
    if not path.is_file() and (folder.path / SAFETENSORS_FILE).is_file():
        from sketchrnn.model import safetensors_file

        shapes = weight_shapes(folder.config)
        return safetensors_file.read(folder.path / SAFETENSORS_FILE, shapes)
    if not path.is_file():
        raise BadFileError("is missing", path=path, hint="restore it, or save the model again")
    try:
        with h5py.File(path, "r") as file:
            return hdf5_file.read(file, weight_shapes(folder.config), path)
    except OSError as error:
        raise BadFileError(
            "is truncated or damaged", path=path, hint="restore it, or save the model again"
        ) from error


def write(
    path: str | PathLike[str],
    config: ModelConfig,
    weights: Mapping[str, Any],
    *,
    preparation: Mapping[str, Any],
    provenance: Mapping[str, Any],
    overwrite: bool = False,
    safetensors: bool = False,
) -> Path:
    """Write a model folder; it appears whole.

    Args:
        path: The folder.
        config: The network's shape.
        weights: Arrays by name, as `weight_shapes` says.
        preparation: How drawings become data units.
        provenance: Where the weights come from; JSON-able.
        overwrite: Whether a model folder that exists is replaced; one that holds more is not.
        safetensors: Whether the weights are written as model.safetensors.

    Raises:
        OutputExistsError: If the folder exists.
        MissingDependencyError: If `safetensors` is wanted and not installed.
    """
    with whole_folder(path, overwrite=overwrite, contents=CONTENTS) as beside:
        _write_files(beside, config, weights, notes(config, preparation, provenance), safetensors)
    return Path(path)


def write_into(
    path: Path,
    config: ModelConfig,
    weights: Mapping[str, Any],
    *,
    preparation: Mapping[str, Any],
    provenance: Mapping[str, Any],
    safetensors: bool = False,
) -> None:
    """Write or replace the two files of a model in a folder that holds more than a model.

    Both are written beside their place first, so that an error leaves the old pair; they are
    renamed one after the other, weights first.
    """
    with tempfile.TemporaryDirectory(prefix=".model-", dir=path) as name:
        beside = Path(name)
        _write_files(beside, config, weights, notes(config, preparation, provenance), safetensors)
        written, other = WEIGHTS_FILE, SAFETENSORS_FILE
        if safetensors:
            written, other = other, written
        for file in (written, CONFIG_FILE):
            os.replace(beside / file, path / file)
        (path / other).unlink(missing_ok=True)  # those of the model that was here


def _write_files(
    folder: Path,
    config: ModelConfig,
    weights: Mapping[str, Any],
    values: Mapping[str, Any],
    safetensors: bool,
) -> None:
    """Write the two files of a model into a folder that exists."""
    if safetensors:
        from sketchrnn.model import safetensors_file

        safetensors_file.write(folder / SAFETENSORS_FILE, weights, values)
    else:
        content = io.BytesIO()  # a file that HDF5 cannot finish would end the process with a crash
        with h5py.File(content, "w") as file:
            hdf5_file.write(file, weights)
        (folder / WEIGHTS_FILE).write_bytes(content.getbuffer())
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    (folder / CONFIG_FILE).write_text(text, "utf-8")


def notes(
    config: ModelConfig, preparation: Mapping[str, Any], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what config.json holds."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "config": config.to_dict(),
        "preparation": dict(preparation),
        "provenance": dict(provenance),
    }
