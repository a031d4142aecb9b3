"""Checkpoints: all that a run needs to go on as if nothing had happened."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import io
import json
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np

from sketchrnn.drawing import BadFileError
from sketchrnn.drawing.files import whole_file
from sketchrnn.training.divergence import LossWatch

FOLDER = "checkpoints"
FORMAT_VERSION = 1
_KEPT = 2

Arrays = dict[str, np.ndarray]


def write(
    folder: Path,
    step: int,
    arrays: Mapping[str, Any],
    state: Mapping[str, Any],
    keep: Collection[int] = (),
) -> Path:
    """Write a checkpoint, whole or not at all, and remove all but the newest two.

    Those of later steps go as well: they are damaged, or the run went back behind them.

    Args:
        folder: The run's folder of checkpoints.
        step: Steps done.
        arrays: Weights and optimizer state by name.
        state: What else a run must know; JSON-able.
        keep: Steps whose checkpoints stay as well.

    Returns:
        The file.

    Raises:
        OSError: If the disk is full, or cannot be written; the older ones are as they were.
    """
    path = _path(folder, step)
    copies = {name: np.asarray(array) for name, array in arrays.items()}
    text = json.dumps(dict(state))
    # In memory first: HDF5 closes a file that its disk has no room for with errors of all kinds.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, array in copies.items():
            file.create_dataset(f"arrays/{name}", data=array, track_times=False)
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["step"] = step
        file.attrs["state"] = text
        file.attrs["digest"] = _digest(step, copies, text)
    with whole_file(path, overwrite=True) as beside:
        beside.write_bytes(content.getbuffer())
    newest_two = [step_of(old) for old in found(folder) if step_of(old) <= step][-_KEPT:]
    for old in found(folder):
        if step_of(old) not in {*newest_two, *keep}:
            old.unlink(missing_ok=True)
    return path


def found(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*.h5") if path.stem[5:].isdigit())


def step_of(path: Path) -> int:
    """Return the steps done of a checkpoint, by its name."""
    return int(path.stem.removeprefix("step-"))


def newest(
    folder: Path, trouble: Callable[[str], None] = lambda line: None
) -> tuple[int, Arrays, dict[str, Any]]:
    """Read the newest checkpoint that can be read.

    Args:
        folder: The run's folder of checkpoints.
        trouble: Is told of each that cannot.

    Returns:
        Steps done, arrays by name, the state.

    Raises:
        BadFileError: If there is none.
    """
    problem = "holds no checkpoint"
    for path in reversed(found(folder)):
        try:
            return _read(path)
        except BadFileError as error:
            problem = f"holds no checkpoint that can be read ({path.name}: {error.problem})"
            trouble(f"{error}; going on from the one before")
    raise BadFileError(problem, path=folder, hint="start anew in another folder")


def at(folder: Path, step: int) -> tuple[int, Arrays, dict[str, Any]] | None:
    """Read the checkpoint of a step; None if there is none that can be read."""
    try:
        return _read(_path(folder, step))
    except BadFileError:
        return None


def _path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}.h5"


def _read(path: Path) -> tuple[int, Arrays, dict[str, Any]]:
    arrays: Arrays = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    try:
        with h5py.File(path, "r") as file:
            file["arrays"].visititems(collect)
            step, text = int(file.attrs["step"]), str(file.attrs["state"])
            digest = file.attrs.get("digest")
            state = json.loads(text)
    # h5py raises RuntimeError too where a file's inner structure is damaged
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise BadFileError(f"is damaged ({error})", path=path) from error
    # the first version wrote none
    if digest is not None and digest != _digest(step, arrays, text):
        raise BadFileError("is damaged (its content is not what was written)", path=path)
    return step, arrays, state


def _digest(step: int, arrays: Mapping[str, np.ndarray], state: str) -> str:
    """Return what tells whether anything has changed since; HDF5 itself does not notice."""
    digest = hashlib.sha256(f"{step}\n{state}\n".encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


@dataclasses.dataclass
class TrainState:
    """Everything by which a run that goes on differs from one that begins, but for the arrays.

    Args:
        seconds: Of training, without compilation.
        best_loss: The objective of the best validation.
        best_step: Its step.
        waited: Validations since.
        losses: What the watch for divergence has seen.
        rate_factor: What divergences have left of the learning rate.
        skipped: Batches skipped; the batch of a step has the number step + skipped.
        times_back: How often the run went back lately.
        back_at: The step from which it last did.
        good: The step to go back to.
        metrics_bytes: The length of metrics.jsonl.
    """

    seconds: float = 0.0
    best_loss: float = math.inf
    best_step: int = 0
    waited: int = 0
    losses: LossWatch = dataclasses.field(default_factory=LossWatch)
    rate_factor: float = 1.0
    skipped: int = 0
    times_back: int = 0
    back_at: int = 0
    good: int = 0
    metrics_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the values back; the first version of checkpoints knew three of them."""
        names = {field.name for field in dataclasses.fields(cls)}
        known = {name: copy.deepcopy(values[name]) for name in names & set(values)}
        return cls(**{**known, "losses": LossWatch(**known.get("losses", {}))})
