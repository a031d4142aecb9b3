"""Decoder and encoder in plain NumPy: small requests at once, and no framework needed.

They are also what the compiled loop is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sketchrnn.model.config import ModelConfig, layer_names
from sketchrnn.sampling import threads
from sketchrnn.sampling.mixture import Temperature, pick_step
from sketchrnn.sampling.numpy_cells import make_stack

Array = NDArray[np.float32]


class NumpyDecoder:
    """The decoder, a step at a time.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
    """

    max_batch: int | None = 32
    """One thread does the products of 32 rows as fast, a row, as those of 64, and those of 16 a
    fifth more slowly: measured at 512 units."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        """Make the cell."""
        self.config = config
        self._weights = weights
        rooms = layer_names("decoder/lstm", config.decoder_layers)
        self._cell = make_stack(config.decoder_cell, weights, rooms, config)
        self.embeddings = weights.get("categories/embedding")

    def chunk_steps(self, count: int, max_steps: int) -> int:
        """Return how many steps `draw` goes: one."""
        return 1

    def start(self, condition: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell and the constant part of the gates; see `steps.Decoder`.

        Args:
            condition: (B, condition_size), or None for a decoder that takes none.
            batch_size: B.
        """
        with threads.one_thread():
            constant = self._cell.constant(condition, batch_size)
            if condition is None:
                zeros = np.zeros((batch_size, self._cell.state_size), dtype=np.float32)
                return zeros, zeros, constant
            weights = self._weights
            state = np.tanh(
                condition @ weights["decoder/initial_state/kernel"]
                + weights["decoder/initial_state/bias"]
            )
            return *self._cell.unpack(state), constant

    def step(
        self, row: Array, hidden: Array, cell: Array, constant: Array
    ) -> tuple[Array, Array, Array]:
        """Go one step: (B, 5) input row -> (B, 3 + 6M) outputs, hidden, cell."""
        hidden, cell = self._cell.step(row, hidden, cell, constant)
        weights, shown = self._weights, self._cell.shown(hidden)
        outputs = shown @ weights["decoder/output/kernel"] + weights["decoder/output/bias"]
        return outputs, hidden, cell

    def draw(
        self,
        row: Array,
        hidden: Array,
        cell: Array,
        constant: Array,
        noise: Array,
        settings: Array,
    ) -> tuple[Array, Array, Array]:
        """Draw one step; see `steps.Decoder`."""
        outputs, hidden, cell = self.step(row, hidden, cell, constant)
        return pick_step(outputs, noise[:, 0], Temperature(*settings[0]))[:, None], hidden, cell


class NumpyEncoder:
    """The encoder.

    Args:
        config: The network's shape.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        """Make the cells."""
        self.config = config
        self._weights = weights
        self._cells = {
            direction: make_stack(
                config.encoder_cell,
                weights,
                layer_names(f"encoder/{direction}", config.encoder_layers),
                config,
            )
            for direction in ("forward", "backward")
        }

    def __call__(
        self, steps: Array, lengths: NDArray[np.int32], embedding: Array | None = None
    ) -> tuple[Array, Array]:
        """Return z_mean and z_log_var (B, z_size).

        Args:
            steps: (B, T, 5) stroke-5 rows without start token, in model units.
            lengths: (B,) true lengths.
            embedding: (B, category_size), the vector of each drawing's category, or None.
        """
        weights = self._weights
        reversed_steps = steps.copy()
        for drawing, length in enumerate(lengths):
            reversed_steps[drawing, :length] = steps[drawing, :length][::-1]
        ends = [
            self._last_hidden(direction, rows, lengths, embedding)
            for direction, rows in (("forward", steps), ("backward", reversed_steps))
        ]
        last = np.concatenate(ends, axis=1)
        return (
            last @ weights["encoder/z_mean/kernel"] + weights["encoder/z_mean/bias"],
            last @ weights["encoder/z_log_var/kernel"] + weights["encoder/z_log_var/bias"],
        )

    def _last_hidden(
        self,
        direction: str,
        steps: Array,
        lengths: NDArray[np.int32],
        embedding: Array | None,
    ) -> Array:
        of_direction = self._cells[direction]
        constant = of_direction.constant(embedding, len(steps))
        hidden = np.zeros((len(steps), of_direction.state_size), dtype=np.float32)
        cell = hidden
        with threads.one_thread():
            for step in range(int(lengths.max(initial=0))):
                alive = (step < lengths)[:, None]
                new_hidden, new_cell = of_direction.step(steps[:, step], hidden, cell, constant)
                hidden = np.where(alive, new_hidden, hidden)
                cell = np.where(alive, new_cell, cell)
        return of_direction.shown(hidden)
