"""Checkpoints: all that a run needs to go on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sketchrnn.drawing import BadFileError
from sketchrnn.drawing.files import whole_file

FORMAT_VERSION = 1
_KEPT = 2


def write(folder: Path, step: int, arrays: Mapping[str, Any], state: Mapping[str, Any]) -> Path:
    """Write a checkpoint, whole or not at all, and remove all but the newest two.

    Args:
        folder: The run's folder of checkpoints.
        step: Steps done.
        arrays: Weights and optimizer state by name.
        state: What else a run must know; JSON-able.

    Returns:
        The file.
    """
    path = folder / f"step-{step:08d}.h5"
    with whole_file(path, overwrite=True) as beside, h5py.File(beside, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(f"arrays/{name}", data=np.asarray(array), track_times=False)
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["step"] = step
        file.attrs["state"] = json.dumps(dict(state))
    for old in found(folder)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def found(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first."""
    return sorted(folder.glob("step-*.h5"))


def newest(folder: Path) -> tuple[int, dict[str, np.ndarray], dict[str, Any]]:
    """Read the newest checkpoint that can be read.

    Returns:
        Steps done, arrays by name, the state.

    Raises:
        BadFileError: If there is none.
    """
    problem = "holds no checkpoint"
    for path in reversed(found(folder)):
        try:
            return _read(path)
        except (OSError, KeyError, ValueError) as error:
            problem = f"holds no checkpoint that can be read ({path.name}: {error})"
    raise BadFileError(problem, path=folder, hint="start anew in another folder")


def _read(path: Path) -> tuple[int, dict[str, np.ndarray], dict[str, Any]]:
    arrays: dict[str, np.ndarray] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    with h5py.File(path, "r") as file:
        file["arrays"].visititems(collect)
        return int(file.attrs["step"]), arrays, json.loads(file.attrs["state"])
