"""Weights as safetensors: one file of names, shapes and numbers, in which nothing can run.

Beside the weights, named as `folder.weight_shapes` says, the file's notes hold what config.json of
a model folder holds, so that it is a whole model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, MissingDependencyError

NOTE = "sketchrnn"
_HEADER = 8
_LARGEST_HEADER = 1 << 24


def write(path: Path, weights: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
    """Write weights with the notes of their model.

    Raises:
        MissingDependencyError: If `safetensors` is not installed.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise _missing() from error
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}
    path.write_bytes(save(arrays, metadata={NOTE: json.dumps(notes, ensure_ascii=False)}))


def read_notes(path: Path) -> dict[str, Any] | None:
    """Return the notes of a model; None where a file has none. Needs no package.

    Raises:
        BadFileError: If it is no safetensors file.
    """
    header = read_header(path)
    kept = header.get("__metadata__")
    try:
        notes = json.loads(kept[NOTE]) if isinstance(kept, dict) else None
    except (KeyError, TypeError, ValueError, RecursionError):
        notes = None
    return notes if isinstance(notes, dict) else None


def read_header(path: Path) -> dict[str, Any]:
    """Return what a file says of its arrays.

    Raises:
        BadFileError: If it is no safetensors file.
    """
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(_HEADER), "little")
        content = file.read(size) if 0 < size <= _LARGEST_HEADER else b""
    try:
        header = json.loads(content)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise BadFileError("is no safetensors file, or is damaged", path=path, hint="get it again")
    return header


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Read weights of known names and shapes.

    Raises:
        BadFileError: If the file is truncated, or a weight is missing, superfluous, of another
            shape, or not finite.
        MissingDependencyError: If `safetensors` is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise _missing() from error
    try:
        with safe_open(str(path), framework="numpy") as file:
            names = set(file.keys())
            for name in sorted(set(shapes) ^ names):
                problem = "is missing" if name in shapes else "is no weight of this model"
                raise BadFileError(problem, path=path, where=name)
            for name, shape in shapes.items():
                found = tuple(file.get_slice(name).get_shape())
                if found != shape:
                    raise BadFileError(
                        f"has shape {found}, and the configuration says {shape}",
                        path=path,
                        where=name,
                    )
            arrays = {name: np.asarray(file.get_tensor(name), np.float32) for name in shapes}
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise BadFileError(
            "is no safetensors file, or is truncated", path=path, hint="get it again"
        ) from error
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise BadFileError("holds NaN or infinite numbers", path=path, where=name)
    return arrays


def _missing() -> MissingDependencyError:
    return MissingDependencyError(
        "safetensors is not installed", hint="pip install 'sketchrnn[hub]'"
    )
