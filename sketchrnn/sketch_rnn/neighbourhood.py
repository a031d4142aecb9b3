"""The part of SketchRNN that tells which drawings of a data set are alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data import DataFile, opened
from sketchrnn.drawing import BadSettingError, Drawing, Drawings
from sketchrnn.sampling import atlas, latent
from sketchrnn.sketch_rnn.held import ENCODED_AT_ONCE, Held

Array = NDArray[np.float32]
Data = str | PathLike[str] | DataFile | Sequence[Drawing]
"""A data file, its path, or drawings."""
Progress = Callable[[int, int], None]
"""Is told how many drawings have been encoded, and of how many."""

SPLITS = ("train", "valid", "test")
ATLAS_DRAWINGS = 1000


class Neighbourhood:
    """Neighbours and maps, by z."""

    def neighbours(
        self: Held,
        drawing: Drawing,
        data: Data,
        k: int = 8,
        split: str = "all",
        prepare: bool = True,
        progress: Progress | None = None,
    ) -> list[Drawing]:
        """Find the drawings of a data file that are most like one, by z.

        Args:
            drawing: Of any unit.
            data: Where to look.
            k: How many.
            split: "train", "valid", "test" or "all", of a data file.
            prepare: See `encode`; for `drawing`.
            progress: Is told how far it is.

        Returns:
            k Drawings of the data, the nearest first, with `place` among those looked at and
            `distance` in z in their metadata.

        Raises:
            BadSettingError: If the model has no encoder, or there are not so many drawings.
            BadFileError: If the file cannot be read, or has no such split.
            BadDrawingError: See `encode`.
        """
        (z,) = self.encode(drawing, prepare)
        with _Pool(data, split) as pool:
            others = _encode_all(self, pool, range(len(pool)), progress)
            places, distances = latent.neighbours(z, others, k)
            return Drawings(
                pool[int(place)].with_metadata(place=int(place), distance=float(distance))
                for place, distance in zip(places, distances, strict=True)
            )

    def atlas(
        self: Held,
        data: Data,
        n: int = ATLAS_DRAWINGS,
        split: str = "all",
        columns: int | None = None,
        method: str = "pca",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[list[Drawing | None]]:
        """Lay drawings out so that neighbours are alike, by z.

        Args:
            data: A data file, its path, or drawings.
            n: How many at the most, chosen at random.
            split: "train", "valid", "test" or "all", of a data file.
            columns: Of the grid; None: as many as make it a square.
            method: "pca", or "tsne", which takes longer and needs scikit-learn; see
                `sampling.atlas`.
            seed: Of the choice.
            progress: Is told how far it is.

        Returns:
            Rows of Drawings, as `gallery` takes them, with their `place` in the data; None in the
            cells that are left over.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadFileError: If the file cannot be read, or has no such split.
            BadDrawingError: See `encode`.
            MissingDependencyError: If t-SNE is asked for and scikit-learn is not there.
        """
        if n < 1:
            raise BadSettingError(f"n is {n}, and must be 1 or more")
        with _Pool(data, split) as pool:
            order = np.random.default_rng(seed).permutation(len(pool))
            chosen = sorted(int(place) for place in order[:n])
            z = _encode_all(self, pool, chosen, progress)
            cells = atlas.lay_out(z, columns, method)
            return Drawings(
                [None if k < 0 else pool[chosen[k]].with_metadata(place=chosen[k]) for k in row]
                for row in cells
            )


class _Pool:
    """Drawings to choose from: those of a list, or of a data file, one split or all."""

    def __init__(self, data: Data, split: str) -> None:
        self._data = data
        self._split = split

    def __enter__(self) -> _Pool:
        self._open = contextlib.ExitStack()
        self._parts: list[Sequence[Drawing]]
        self._extent: float | None = None
        if not isinstance(self._data, (str, PathLike, DataFile)):
            self._parts = [self._data]
            return self
        file = self._open.enter_context(opened(self._data))
        names = SPLITS if self._split == "all" else (self._split,)
        try:
            self._parts = [file[name] for name in names if name in file.splits or len(names) == 1]
        except BaseException:
            self._open.close()
            raise
        self._extent = file.preparation.extent
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def __getitem__(self, place: int) -> Drawing:
        for part in self._parts:
            if place < len(part):
                found = part[place]
                return found if self._extent is None else found.with_metadata(extent=self._extent)
            place -= len(part)
        raise IndexError(place)


def _encode_all(
    model: Held, pool: _Pool, places: Sequence[int], progress: Progress | None
) -> Array:
    parts = [np.zeros((0, model.config.z_size), np.float32)]
    for first in range(0, len(places), ENCODED_AT_ONCE):
        some = [pool[place] for place in places[first : first + ENCODED_AT_ONCE]]
        parts.append(model.encode(some))
        if progress is not None:
            progress(first + len(some), len(places))
    return np.concatenate(parts)
