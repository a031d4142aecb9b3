"""What the parts of SketchRNN may ask of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.numpy_loop import NumpyDecoder
from sketchrnn.sampling.sampler import Decoder
from sketchrnn.sampling.tempering import Tempering

Array = NDArray[np.float32]


class Held(Protocol):
    """A model with its preparation, which encodes and draws; see `SketchRNN`."""

    config: ModelConfig
    preparation: Preparation
    _decoder: NumpyDecoder
    _weights: dict[str, Array]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that it was told of."""

    def encode(
        self, drawings: Drawing | Iterable[Drawing], prepare: bool = True, category: Wanted = None
    ) -> Array:
        """Return the means of the drawings' latent distributions."""

    def _draw(
        self,
        count: int,
        z: Array | None,
        temperature: Tempering,
        rule: str,
        max_steps: int | None,
        seed: int | None,
        notes: Mapping[str, Any] | None = None,
        *,
        numbers: Sequence[int] | None = None,
        categories: Sequence[str] | None = None,
        embeddings: Array | None = None,
    ) -> list[Drawing]: ...

    def _signature(self) -> dict[str, Any]: ...

    def _check_seed(self, seed: int | None) -> int: ...

    def _check_z(self, z: ArrayLike, name: str = "z", count: int | None = None) -> Array: ...

    def _choose_decoder(self, count: int) -> Decoder: ...

    def _embedded(self, names: Sequence[str]) -> Array: ...
