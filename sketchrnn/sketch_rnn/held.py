"""What the parts of SketchRNN may ask of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data import DataFile
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.numpy_decoder import NumpyDecoder, NumpyEncoder
from sketchrnn.sampling.sampler import Decoder, Progress
from sketchrnn.sampling.temperature import TemperatureSpec

if TYPE_CHECKING:
    from sketchrnn.model.vae import SketchVAE
    from sketchrnn.training.evaluate import Evaluator
    from sketchrnn.training.samples import SampleMetrics

Array = NDArray[np.float32]

ENCODED_AT_ONCE = 256
"""Drawings in a batch of the encoder or of the evaluation."""


class Held(Protocol):
    """A model with its preparation, which encodes and draws; see `SketchRNN`."""

    config: ModelConfig
    preparation: Preparation
    provenance: dict[str, Any]
    progress: Progress | None
    _decoder: NumpyDecoder
    _encoder: NumpyEncoder | None
    _evaluator: Evaluator | None
    _weights: dict[str, Array]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that it was told of."""

    @property
    def network(self) -> SketchVAE:
        """The network, made when it is first asked for."""

    def generate(
        self,
        n: int = 1,
        temperature: TemperatureSpec | None = None,
        temperature_rule: str = "paper",
        *,
        seed: int | None = None,
    ) -> list[Drawing]:
        """Make drawings up."""

    def judge_samples(
        self,
        data: str | PathLike[str] | DataFile,
        split: str,
        samples: int,
        temperature: float,
        temperature_rule: str,
        seed: int,
    ) -> SampleMetrics:
        """Let the model make drawings up, and judge them."""

    def encode(
        self, drawings: Drawing | Iterable[Drawing], prepare: bool = True, category: Wanted = None
    ) -> Array:
        """Return the means of the drawings' latent distributions."""

    def _draw(
        self,
        count: int,
        z: Array | None,
        temperature: TemperatureSpec,
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

    def _named(self, category: Wanted, count: int) -> list[str] | None: ...

    def _places(self, names: Sequence[str]) -> NDArray[np.int32]: ...

    def _batch(
        self, drawings: Sequence[Drawing], prepare: bool, first: int
    ) -> dict[str, NDArray[Any]]: ...
