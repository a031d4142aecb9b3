"""The encoder: two recurrent networks from a drawing to the distribution of its latent vector."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from sketchrnn.model.cells import make_cells
from sketchrnn.model.config import ModelConfig, layer_names
from sketchrnn.model.stack import Stack

Tensor = Any


class Encoder(keras.layers.Layer):
    """Reads a drawing forwards and backwards; its last states give z_mean and z_log_var.

    Args:
        config: The sizes.
        precision: Of the products over sequences; see `backend.product`.

    Source:
        Ha and Eck (2017), section 3.2.
    """

    def __init__(self, config: ModelConfig, precision: str = "float32") -> None:
        """Make both directions and the two projections."""
        super().__init__(name="encoder")
        size = config.encoder_size
        self.cells = [
            make_cells(
                config.encoder_cell,
                size,
                config.category_size,
                config,
                layer_names(direction, config.encoder_layers),
                precision,
            )
            for direction in ("forward", "backward")
        ]
        self.forward, self.backward = (Stack(cells) for cells in self.cells)
        small = keras.initializers.RandomNormal(stddev=0.001)
        self.z_mean = keras.layers.Dense(config.z_size, kernel_initializer=small, name="z_mean")
        self.z_log_var = keras.layers.Dense(
            config.z_size, kernel_initializer=small, name="z_log_var"
        )
        self.z_mean.build((None, 2 * size))
        self.z_log_var.build((None, 2 * size))
        self.built = True

    def call(
        self,
        steps: Tensor,
        lengths: Tensor,
        dropout_keys: tuple[Tensor, Tensor] | None = None,
        embedding: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Encode a batch.

        Args:
            steps: (B, T, 5) stroke-5 rows without the start token, in model units.
            lengths: (B,) int32 true lengths N_s; rows beyond them are not read.
            dropout_keys: (B,) int32 for each of the two directions, in training.
            embedding: (B, category_size), the vector of each drawing's category, or None.

        Returns:
            z_mean and z_log_var, (B, z_size) each.
        """
        reversed_steps = reverse_by_length(steps, lengths)
        ends = []
        for k, (direction, rows) in enumerate(
            ((self.forward, steps), (self.backward, reversed_steps))
        ):
            _, state = direction(
                ops.transpose(rows, (1, 0, 2)),
                latent=embedding,
                lengths=lengths,
                dropout_keys=None if dropout_keys is None else dropout_keys[k],
            )
            ends.append(direction.shown(state))
        last = ops.concatenate(ends, axis=1)  # (B, 2H)
        return self.z_mean(last), self.z_log_var(last)


def reverse_by_length(steps: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the first `lengths` rows of each drawing; leave padding where it is.

    Args:
        steps: (B, T, K).
        lengths: (B,) int32.
    """
    place = ops.expand_dims(ops.arange(ops.shape(steps)[1], dtype="int32"), 0)  # (1, T)
    lengths = ops.expand_dims(lengths, 1)
    source = ops.where(place < lengths, lengths - 1 - place, place)  # (B, T)
    return ops.take_along_axis(steps, ops.expand_dims(source, -1), axis=1)
