"""What a network is: the sizes and kinds that its weights depend on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from sketchrnn.drawing import BadSettingError

CELLS = ("lstm", "layer_norm", "hyper")
"""Kinds of recurrent cell: LSTM, LSTM with layer normalisation, HyperLSTM."""

ADDED_LATER: dict[str, Any] = {
    "hyper_units": 256,
    "hyper_embedding": 32,
    "category_size": 0,
    "categories": (),
    "input_dropout_rate": 0.0,
    "output_dropout_rate": 0.0,
    "encoder_layers": 1,
    "decoder_layers": 1,
}
"""Keys that configurations did not have at first, with what they meant then."""

MOST_LAYERS = 16


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The shape of a network; saved as JSON beside its weights, and loaded strictly.

    Args:
        conditional: Whether there is an encoder and a latent vector (the VAE), or the decoder
            alone.
        encoder_cell: The kind of recurrent cell of the encoder.
        decoder_cell: The kind of recurrent cell of the decoder.
        encoder_size: Units of each of the encoder's two directions.
        decoder_size: Units of the decoder.
        z_size: Length of the latent vector.
        num_mixtures: Components of the mixture (M).
        max_seq_len: The most steps of a drawing (N_max).
        scale_factor: Data units in one model unit.
        recurrent_dropout_rate: The share of the candidate g that training drops.
        forget_bias: Added to the forget gate at run time.
        hyper_units: Units of the smaller LSTM in a HyperLSTM.
        hyper_embedding: Length of the embeddings by which it scales and shifts the larger one.
        category_size: Length of the learned vector that stands for a category; 0 for a network
            that is told of none.
        categories: The names of the categories that it is told of; none where that size is 0.
        input_dropout_rate: The share of the decoder's inputs, z among them, that training drops.
        output_dropout_rate: The share of what the decoder's cells show that training drops.
        encoder_layers: Cells on top of one another in each of the encoder's two directions.
        decoder_layers: Cells on top of one another in the decoder; each starts from z.

    Raises:
        BadSettingError: If a value cannot be used.
    """

    conditional: bool = True
    encoder_cell: str = "lstm"
    decoder_cell: str = "lstm"
    encoder_size: int = 256
    decoder_size: int = 512
    z_size: int = 128
    num_mixtures: int = 20
    max_seq_len: int = 250
    scale_factor: float = 1.0
    recurrent_dropout_rate: float = 0.1
    forget_bias: float = 1.0
    hyper_units: int = 256
    hyper_embedding: int = 32
    category_size: int = 0
    categories: tuple[str, ...] = ()
    input_dropout_rate: float = 0.0
    output_dropout_rate: float = 0.0
    encoder_layers: int = 1
    decoder_layers: int = 1

    def __post_init__(self) -> None:
        """Refuse values that make no network."""
        for name in (
            *("encoder_size", "decoder_size", "z_size", "num_mixtures", "max_seq_len"),
            *("hyper_units", "hyper_embedding", "encoder_layers", "decoder_layers"),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise BadSettingError(f"{name} is {value!r}, and must be a whole number above 0")
        for name in ("encoder_cell", "decoder_cell"):
            if getattr(self, name) not in CELLS:
                raise BadSettingError(
                    f"{name} is {getattr(self, name)!r}, and must be one of {', '.join(CELLS)}"
                )
        if not (math.isfinite(self.scale_factor) and self.scale_factor > 0):
            raise BadSettingError(f"scale_factor is {self.scale_factor}, and must be above 0")
        if not math.isfinite(self.forget_bias):
            raise BadSettingError(f"forget_bias is {self.forget_bias}, and must be a finite number")
        for name in ("encoder_layers", "decoder_layers"):
            if getattr(self, name) > MOST_LAYERS:
                raise BadSettingError(
                    f"{name} is {getattr(self, name)}, and must be {MOST_LAYERS} or fewer"
                )
        for name in ("recurrent_dropout_rate", "input_dropout_rate", "output_dropout_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise BadSettingError(
                    f"{name} is {getattr(self, name)}, and must be from 0 to below 1; it is the "
                    "share that is dropped, not kept"
                )
        self._check_categories()

    def _check_categories(self) -> None:
        size, names = self.category_size, self.categories
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise BadSettingError(f"category_size is {size!r}, and must be a whole number, or 0")
        if not isinstance(names, tuple) or not all(isinstance(n, str) and n for n in names):
            raise BadSettingError("categories must be names")
        if len(set(names)) != len(names):
            raise BadSettingError("categories holds a name twice")
        if size and len(names) < 2:
            raise BadSettingError(
                f"category_size is {size}, and there "
                + (f"is one category, {names[0]!r}" if names else "are no categories"),
                hint="set category_size=0, or take data of several categories",
            )
        if names and not size:
            raise BadSettingError("there are categories, and category_size is 0")

    @property
    def output_size(self) -> int:
        """Numbers that the decoder puts out a step: 3 pen logits and 6 rows of M."""
        return 3 + 6 * self.num_mixtures

    @property
    def latent_size(self) -> int:
        """Length of the latent vector that the decoder takes; 0 for the decoder alone."""
        return self.z_size if self.conditional else 0

    @property
    def condition_size(self) -> int:
        """Length of what the decoder is told at every step: z, then the category's vector."""
        return self.latent_size + self.category_size

    def to_dict(self) -> dict[str, Any]:
        """Return the values for JSON."""
        return {**dataclasses.asdict(self), "categories": list(self.categories)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the values back; unknown and missing keys are refused.

        Raises:
            BadSettingError: If a key is unknown or missing, or a value cannot be used.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        for kind, keys in (("unknown", set(values) - names), ("missing", names - set(values))):
            if keys:
                raise BadSettingError(f"{kind} key {min(keys)!r} in a model configuration")
        if not isinstance(values["categories"], list | tuple):
            raise BadSettingError("categories must be a list of names")
        return cls(**{**values, "categories": tuple(values["categories"])})


def layer_names(stem: str, layers: int) -> list[str]:
    """Return the names of the cells that stand on top of one another.

    >>> layer_names("lstm", 3)
    ['lstm', 'lstm_2', 'lstm_3']
    """
    return [stem if layer == 1 else f"{stem}_{layer}" for layer in range(1, layers + 1)]
