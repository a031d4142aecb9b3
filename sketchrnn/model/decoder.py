"""The decoder: a recurrent network that predicts each step from those before it.

It may also be told z, a category's vector, or both side by side: its condition, of length C.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from sketchrnn.model.cells import make_cells
from sketchrnn.model.config import ModelConfig, layer_names
from sketchrnn.model.recurrent import LSTMState
from sketchrnn.model.stack import Stack

Tensor = Any


class Decoder(keras.layers.Layer):
    """Predicts the distribution of the next step.

    The initial state is tanh(W c + b) of the condition c, packed as the reference packs the state
    of this kind of cell; c joins the input at every step.

    Args:
        config: The sizes.
        precision: Of the products over sequences; see `backend.product`.

    Source:
        Ha and Eck (2017), section 3.2.
    """

    def __init__(self, config: ModelConfig, precision: str = "float32") -> None:
        """Make the cells, the projection of the condition to its state, and the output layer."""
        super().__init__(name="decoder")
        size = config.decoder_size
        names = layer_names("lstm", config.decoder_layers)
        self.cells = make_cells(
            config.decoder_cell, size, config.condition_size, config, names, precision
        )
        self.lstm = Stack(
            self.cells,
            input_dropout_rate=config.input_dropout_rate,
            output_dropout_rate=config.output_dropout_rate,
        )
        self.initial = None
        if config.condition_size:
            self.initial = keras.layers.Dense(
                2 * self.lstm.state_size,
                activation="tanh",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
                name="initial_state",
            )
            self.initial.build((None, config.condition_size))
        self.output_layer = keras.layers.Dense(config.output_size, name="output")
        self.output_layer.build((None, size))
        self.built = True

    def initial_state(self, batch_size: Tensor, condition: Tensor | None) -> LSTMState:
        """Return the state before the start token, from the condition (B, C) or zeros."""
        if self.initial is None:
            return self.lstm.zero_state(batch_size)
        return self.lstm.unpack(self.initial(condition))

    def predict(self, state: LSTMState) -> Tensor:
        """Return (B, 3 + 6M) of one step from the state after it."""
        return self.output_layer(self.lstm.shown(state))

    def call(
        self,
        steps: Tensor,
        condition: Tensor | None,
        dropout_keys: Tensor | None = None,
        state: LSTMState | None = None,
    ) -> tuple[Tensor, LSTMState]:
        """Run over drawings whose steps are known.

        Args:
            steps: (B, T, 5) stroke-5 rows, the start token first, in model units.
            condition: (B, C), or None for a decoder that is told nothing.
            dropout_keys: (B,) int32, in training.
            state: A state to go on from; None for the initial state.

        Returns:
            (T, B, 3 + 6M) predictions, row t of the step after input row t, and the last state.
        """
        if state is None:
            state = self.initial_state(ops.shape(steps)[0], condition)
        hiddens, state = self.lstm(
            ops.transpose(steps, (1, 0, 2)),
            state=state,
            latent=condition,
            dropout_keys=dropout_keys,
        )
        return self.output_layer(hiddens), state
