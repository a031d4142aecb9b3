"""The figures of a network on a split, which depend on no batch size and no order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from sketchrnn.data.batches import Batch, evaluation_batches
from sketchrnn.data.data_file import Split
from sketchrnn.model import backend, losses
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.vae import SketchVAE
from sketchrnn.training import distributed

EVALUATION_SEED = 0x5CE7C4
_BATCH_SIZE = 64
_FIGURES = ("offset", "pen", "magenta_train", "magenta_eval")


class Evaluator:
    """Computes the losses of single drawings, compiled once a batch shape.

    Args:
        network: The network; its weights are read anew at each call.
    """

    def __init__(self, network: SketchVAE) -> None:
        """Compile nothing yet."""
        self._network = network
        self._compiled: Callable[..., dict[str, Any]] = backend.compiled(
            self._per_drawing, network.weights
        )

    def __call__(self, batch: Batch) -> dict[str, NDArray[np.float32]]:
        """Return figures of each drawing of a batch, as `data.pad` makes it.

        Returns:
            `offset` and `pen` (B,): nats over the points and the end row. `magenta_train` and
            `magenta_eval` (B,): sums over the first N_max rows by the reference's two conventions,
            where N_max is the batch's rows less start and end. Of a VAE also `kl` (B, z_size) and
            `z_mean`.
        """
        tensors = {key: ops.convert_to_tensor(value) for key, value in batch.items()}
        return {key: np.asarray(value) for key, value in self._compiled(tensors).items()}

    def _per_drawing(self, batch: dict[str, Any]) -> dict[str, Any]:
        results = self._network(batch, training=False)
        targets = ops.transpose(batch["stroke5"][:, 1:], (1, 0, 2))  # (T, B, 5)
        sums = losses.drawing_losses(
            losses.step_losses(results["outputs"], targets), batch["lengths"]
        )
        reference = losses.step_losses(
            results["outputs"][:-1], targets[:-1], epsilon=losses.MAGENTA_EPSILON
        )
        figures = {"offset": sums.offset, "pen": sums.pen}
        for name, training in (("magenta_train", True), ("magenta_eval", False)):
            figures[name] = losses.magenta_sums(reference, targets[:-1], training=training)
        if "z_mean" in results:
            figures["kl"] = losses.kl_divergence(results["z_mean"], results["z_log_var"])
            figures["z_mean"] = results["z_mean"]
        return figures


def evaluate(
    evaluator: Evaluator,
    network: SketchVAE,
    split: Split,
    *,
    batch_size: int = _BATCH_SIZE,
    sample_z: bool = True,
) -> dict[str, float]:
    """Return the mean figures of a network on a split.

    Several processes share the work out batch by batch, and all get all figures.

    Args:
        evaluator: Of the network.
        network: For its configuration.
        split: Drawings in data units of the scale that the network was trained on.
        batch_size: How many at once; no figure depends on it.
        sample_z: Whether z is drawn, with noise that depends on the drawing alone, or is z_mean.

    Returns:
        As DESIGN defines: nats_per_drawing, nats_per_point, nats_per_point_data_units,
        magenta_train, magenta_eval (both with n_max), kl_raw, kl_floored (nats, mean over z),
        kl_per_drawing (nats, sum over z), active_units, num_drawings, num_points.
    """
    config = network.config
    n_max = int(max(config.max_seq_len, split.lengths.max(initial=1)))
    columns: dict[str, NDArray[np.float32]] = {}
    batches = evaluation_batches(
        split,
        scale_factor=config.scale_factor,
        max_seq_len=n_max,
        batch_size=min(batch_size, len(split)),
        z_size=config.latent_size if sample_z else 0,
        seed=EVALUATION_SEED,
        categories=config.categories,
        share=(distributed.process_index(), distributed.process_count()),
    )
    for counted, batch in batches:
        for key, value in evaluator(batch).items():
            if key not in columns:
                columns[key] = np.zeros((len(split), *value.shape[1:]), np.float32)
            columns[key][counted] = value[: len(counted)]
    if distributed.process_count() > 1:
        columns = _merged(columns, len(split), config)
    of = {key: column.astype(np.float64) for key, column in columns.items()}
    points = int(split.lengths.sum())
    nats = of["offset"] + of["pen"]
    per_point = float(nats.sum() / points)
    figures = {
        "num_drawings": len(split),
        "num_points": points,
        "n_max": n_max,
        "nats_per_drawing": float(nats.mean()),
        "nats_per_point": per_point,
        "nats_per_point_data_units": per_point + 2 * float(np.log(config.scale_factor)),
        "magenta_train": float(of["magenta_train"].mean() / n_max),
        "magenta_eval": float(of["magenta_eval"].mean() / n_max),
    }
    if "kl" in of:
        kl = float(of["kl"].mean())
        figures["kl_raw"] = kl
        figures["kl_floored"] = max(kl, network.kl_min)
        figures["kl_per_drawing"] = float(of["kl"].sum(axis=1).mean())
        # Burda et al. (2016): units whose mean moves with the drawing
        figures["active_units"] = int((of["z_mean"].var(axis=0) > 0.01).sum())
    return figures


def _merged(
    columns: dict[str, NDArray[np.float32]], count: int, config: ModelConfig
) -> dict[str, NDArray[np.float32]]:
    """Return the figures of all drawings, of which each process has computed some, perhaps none."""
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(_FIGURES, (count,))
    if config.conditional:
        shapes |= dict.fromkeys(("kl", "z_mean"), (count, config.z_size))
    return {
        key: distributed.merge(columns.get(key, np.zeros(shape, np.float32)))
        for key, shape in shapes.items()
    }
