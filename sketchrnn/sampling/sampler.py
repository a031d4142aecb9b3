"""Drawing: the loop from step to step, and the Drawings that come of it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import START_TOKEN, Drawing, PenState
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling.mixture import (
    Temperature,
    pick_step,
    sampling_noise,
    temperature_rule,
)

Array = NDArray[np.float32]


class Decoder(Protocol):
    """What the loop needs of a decoder; `NumpyDecoder` is one."""

    config: ModelConfig

    def start(self, z: Array | None, batch_size: int) -> tuple[Array, Array, Array]:
        """Return hidden, cell and the constant part of the gates."""

    def step(
        self, row: Array, hidden: Array, cell: Array, constant: Array
    ) -> tuple[Array, Array, Array]:
        """Return outputs, hidden, cell."""


def sample_steps(
    decoder: Decoder, z: Array | None, noise: Array, temperature: Temperature
) -> list[Array]:
    """Let a decoder draw until each drawing has ended.

    Args:
        decoder: Predicts steps.
        z: (n, z_size), or None for a decoder alone.
        noise: (n, T, 4), see `sampling_noise`; T is the most steps.
        temperature: What it does to each step.

    Returns:
        n arrays (N_s, 3) of stroke-3 rows in model units. A drawing that does not end by itself
        has T rows, and the last lifts the pen.
    """
    count, max_steps, _ = noise.shape
    drawn = np.zeros((count, max_steps, 5), dtype=np.float32)
    lengths = np.full(count, max_steps)
    alive = np.arange(count)
    row = np.tile(START_TOKEN, (count, 1))
    hidden, cell, constant = decoder.start(z, count)
    for step in range(max_steps):
        outputs, hidden, cell = decoder.step(row, hidden, cell, constant)
        row = pick_step(outputs, noise[alive, step], temperature)
        drawn[alive, step] = row
        ended = row[:, 2 + PenState.END] == 1
        if ended.any():  # those that ended leave the batch
            lengths[alive[ended]] = step
            going = ~ended
            alive, row = alive[going], row[going]
            hidden, cell, constant = hidden[going], cell[going], constant[going]
            if not len(alive):
                break
    return [_to_stroke3(rows[:length]) for rows, length in zip(drawn, lengths, strict=True)]


def sample_drawings(
    decoder: Decoder,
    count: int,
    *,
    z: Array | None = None,
    temperature: float,
    rule: str = "paper",
    max_steps: int | None = None,
    seed: int,
    notes: dict[str, Any] | None = None,
) -> list[Drawing]:
    """Let a decoder make drawings in data units, the first point at (0, 0).

    Args:
        decoder: Predicts steps.
        count: n.
        z: (n, z_size); None: drawn from the prior, if the decoder takes one.
        temperature: tau; see `temperature_rule`.
        rule: "paper", "magenta" or "js".
        max_steps: The most steps of a drawing; None for the network's N_max.
        seed: Of z and of every step. Drawing k depends on (seed, k) alone.
        notes: Metadata for every drawing, beside seed, number, temperature and rule.

    Raises:
        BadSettingError: If temperature or rule cannot be used.
    """
    config = decoder.config
    setting = temperature_rule(temperature, rule)
    if z is None and config.conditional:
        z = np.stack([latent_noise(seed, k, config.z_size) for k in range(count)])
    steps = max_steps or config.max_seq_len
    noise = np.stack([sampling_noise(seed, k, steps) for k in range(count)])
    drawings = []
    for number, rows in enumerate(sample_steps(decoder, z, noise, setting)):
        rows = rows.astype(np.float64)
        rows[:, :2] *= config.scale_factor
        drawings.append(
            Drawing.from_stroke3(
                rows,
                metadata={
                    "seed": seed,
                    "number": number,
                    "temperature": temperature,
                    "temperature_rule": rule,
                    **(notes or {}),
                },
            )
        )
    return drawings


def _to_stroke3(rows: Array) -> Array:
    result = rows[:, [0, 1, 3]].copy()
    if len(result):
        result[-1, 2] = 1
    return result
