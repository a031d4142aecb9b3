"""The learned vectors that stand for categories."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from sketchrnn.model.config import ModelConfig

Tensor = Any


class Categories(keras.layers.Layer):
    """A table of one vector a category; `embedding` (number of categories, category_size).

    The decoder is told the vector of a drawing's category beside z, and the encoder at every step.

    Args:
        config: The sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Make the table, at first as spread as z is under its prior."""
        super().__init__(name="categories")
        self.embedding = self.add_weight(
            shape=(len(config.categories), config.category_size),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="embedding",
        )
        self.built = True

    def call(self, category: Tensor) -> Tensor:
        """Return (B, category_size) of (B,) int32 places in the configuration's categories."""
        # a product, not a look-up, whose gradient would be sparse: optimizers clip dense ones
        chosen = ops.one_hot(category, self.embedding.shape[0], dtype="float32")
        return ops.matmul(chosen, self.embedding)
