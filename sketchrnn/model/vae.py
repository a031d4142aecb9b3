"""The whole network, and the loss that `fit` minimises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from sketchrnn.model import losses
from sketchrnn.model.categories import Categories
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.decoder import Decoder
from sketchrnn.model.encoder import Encoder

Tensor = Any

_STREAMS = (0x2545F491, 0x3C6EF372, 0x1F83D9AB)
"""Told apart by these, the dropout of encoder forwards, backwards and decoder share no masks."""


@keras.saving.register_keras_serializable("sketchrnn")
class SketchVAE(keras.Model):
    """A sequence-to-sequence variational autoencoder, or its decoder alone.

    A batch is a dict: `stroke5` (B, T + 1, 5) with the start token first and at least one end row,
    in model units; `lengths` (B,) int32; `category` (B,) int32, a place in the configuration's
    categories, where there are some; for training also `eps` (B, z_size), the noise of z,
    `dropout_keys` (B,) int32 and `w_kl` (B,), the weight of the KL term at this step.

    Everything random comes in with the batch, so that a step gives the same result on every
    backend, in a resumed run and in a distributed one.

    Args:
        config: Sizes and kinds.
        kl_min: The floor under the KL loss (nats, mean over z), below which it is not minimised.
        precision: In what the recurrent cells multiply matrices over sequences, "float32" or
            "mixed_bfloat16"; weights, states, losses and all else are float32.

    Source:
        Ha and Eck (2017), "A Neural Representation of Sketch Drawings".
    """

    def __init__(
        self, config: ModelConfig, kl_min: float = 0.2, precision: str = "float32"
    ) -> None:
        """Make the layers with their weights."""
        super().__init__(name="sketch_vae")
        self.config = config
        self.kl_min = kl_min
        self.precision = precision
        self.encoder = Encoder(config, precision) if config.conditional else None
        self.decoder = Decoder(config, precision)
        self.categories = Categories(config) if config.category_size else None
        self.trackers = {
            name: keras.metrics.Mean(name=name)
            for name in ("loss", "loss_reconstruction", "loss_offset", "loss_pen", "loss_kl")
        }
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs, for `.keras` files."""
        return {
            "config": self.config.to_dict(),
            "kl_min": self.kl_min,
            "precision": self.precision,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SketchVAE:
        """Make a network of the same shape, with new weights."""
        return cls(ModelConfig.from_dict(config["config"]), config["kl_min"], config["precision"])

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the losses."""
        return list(self.trackers.values())

    def named_weights(self) -> dict[str, keras.Variable]:
        """Return every weight by the name that the weights file gives it."""
        rooms: list[tuple[str, Any]] = []
        if self.encoder is not None:
            rooms += [(f"encoder/{layer.name}", layer) for layer in self.encoder._layers]
        rooms += [(f"decoder/{layer.name}", layer) for layer in self.decoder._layers]
        if self.categories is not None:
            rooms.append((self.categories.name, self.categories))
        return {
            f"{room}/{weight.name}": weight for room, layer in rooms for weight in layer.weights
        }

    def encode(
        self,
        stroke5: Tensor,
        lengths: Tensor,
        dropout_keys: Tensor | None = None,
        embedding: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return z_mean and z_log_var, (B, z_size) each, of (B, T + 1, 5) with start token."""
        keys = None
        if dropout_keys is not None:
            keys = (_stream(dropout_keys, 0), _stream(dropout_keys, 1))
        assert self.encoder is not None
        return self.encoder(stroke5[:, 1:], lengths, dropout_keys=keys, embedding=embedding)

    def call(self, batch: Mapping[str, Tensor], training: bool | None = None) -> dict[str, Tensor]:
        """Predict every step of a batch from those before it.

        Args:
            batch: See the class. Without `eps`, z is z_mean.
            training: Whether to drop (with `dropout_keys`).

        Returns:
            `outputs` (T, B, 3 + 6M); `z_mean`, `z_log_var` and `z` (B, z_size) of a VAE.
        """
        stroke5, lengths = batch["stroke5"], batch["lengths"]
        keys = batch.get("dropout_keys") if training else None
        results: dict[str, Tensor] = {}
        embedding = None if self.categories is None else self.categories(batch["category"])
        condition = embedding
        if self.encoder is not None:
            z_mean, z_log_var = self.encode(stroke5, lengths, keys, embedding)
            z = z_mean
            if "eps" in batch:
                z = z_mean + ops.exp(z_log_var / 2) * batch["eps"]
            results.update(z_mean=z_mean, z_log_var=z_log_var, z=z)
            condition = z if embedding is None else ops.concatenate([z, embedding], axis=1)
        if keys is not None:
            keys = _stream(keys, 2)
        results["outputs"], _ = self.decoder(stroke5[:, :-1], condition, dropout_keys=keys)
        return results

    def compute_loss(
        self,
        x: Mapping[str, Tensor] | None = None,
        y: Tensor | None = None,
        y_pred: Mapping[str, Tensor] | None = None,
        sample_weight: Tensor | None = None,
        training: bool | None = True,
    ) -> Tensor:
        """Return the objective: L_R + w_KL max(L_KL, KL_min).

        L_R is the sum over each drawing's points and its end row, / N_max, mean over the batch.
        It differs from the reference's training figure only in not counting the pen on padding;
        like that figure it does not depend on how a batch is padded.
        """
        assert x is not None and y_pred is not None
        targets = ops.transpose(x["stroke5"][:, 1:], (1, 0, 2))  # (T, B, 5)
        of_steps = losses.step_losses(y_pred["outputs"], targets)
        of_drawings = losses.drawing_losses(of_steps, x["lengths"])
        steps = float(self.config.max_seq_len)
        loss_offset = ops.mean(of_drawings.offset) / steps
        loss_pen = ops.mean(of_drawings.pen) / steps
        reconstruction = loss_offset + loss_pen
        loss = reconstruction
        loss_kl = ops.zeros(())
        if self.encoder is not None:
            loss_kl = ops.mean(losses.kl_divergence(y_pred["z_mean"], y_pred["z_log_var"]))
            loss = loss + ops.mean(x["w_kl"]) * ops.maximum(loss_kl, self.kl_min)
        values = (loss, reconstruction, loss_offset, loss_pen, loss_kl)
        for tracker, value in zip(self.trackers.values(), values, strict=True):
            tracker.update_state(value)
        return loss


def _stream(keys: Tensor, stream: int) -> Tensor:
    return ops.bitwise_xor(keys, ops.convert_to_tensor(_STREAMS[stream], dtype="int32"))
