"""Weights as HDF5: one float32 array a weight, which stand in the file itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError

_MOST_PACKED = 1032  # what deflate makes of one byte at most


def read(
    group: h5py.Group, shapes: Mapping[str, tuple[int, ...]], path: Path
) -> dict[str, NDArray[np.float32]]:
    """Read named arrays of known shapes from an HDF5 group.

    Raises:
        BadFileError: If one is missing, superfluous, of another shape, not in the file, or not
            finite.
    """
    found: dict[str, tuple[int, ...]] = {}
    group.visititems(
        lambda name, item: found.update({name: item.shape}) if hasattr(item, "shape") else None
    )
    for name, shape in shapes.items():
        if found.get(name) != shape:
            got = f"has shape {found[name]}" if name in found else "is missing"
            raise BadFileError(
                f"{got}, and config.json says {shape}",
                path=path,
                where=name,
                hint="the two files belong to different models",
            )
    _count(group, path)
    extra = sorted(set(found) - set(shapes))
    if extra:
        raise BadFileError(
            "is no weight of this model",
            path=path,
            where=extra[0],
            hint="the two files belong to different models",
        )
    arrays = {name: np.asarray(group[name], dtype=np.float32) for name in shapes}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise BadFileError("holds NaN or infinite numbers", path=path, where=name)
    return arrays


def check_size(file: Path, shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Refuse an HDF5 file of another program that cannot hold the weights of a network.

    Args:
        file: The file.
        shapes: Of the weights.
        path: What it is a part of.

    Raises:
        BadFileError: If it holds fewer numbers, or some that stand in another file.
        OSError: If it is none.
    """
    with h5py.File(file, "r") as opened:
        held = _count(opened, path)
    if held < sum(map(math.prod, shapes.values())):
        raise BadFileError("holds fewer weights than its configuration says", path=path)


def write(group: h5py.Group, arrays: Mapping[str, Any]) -> None:
    """Write named arrays to an HDF5 group, float32, without time stamps, so equal bytes repeat."""
    for name, array in arrays.items():
        group.create_dataset(name, data=np.asarray(array, dtype=np.float32), track_times=False)


def _count(group: h5py.Group, path: Path) -> int:
    """Return how many numbers an HDF5 group holds; refuse arrays that are not in its file.

    A small file could claim huge ones, for which there is no memory; or have other files read.

    Raises:
        BadFileError: If there is such an array.
    """
    count = 0

    def check(name: str, item: Any) -> None:
        nonlocal count
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise BadFileError("keeps its numbers in another file", path=path, where=name)
        if item.nbytes > _MOST_PACKED * item.id.get_storage_size():
            raise BadFileError("claims more numbers than it holds", path=path, where=name)
        count += item.size

    group.visititems(check)
    return count
