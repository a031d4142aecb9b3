"""When memory does not suffice: how to know it, and batches to try instead."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sketchrnn.data.batches import Batch
from sketchrnn.drawing import END_ROW, SketchRNNError
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.folder import weight_shapes


def is_exhausted(error: BaseException) -> bool:
    """Tell whether an error of Python, TensorFlow or JAX means that memory ran out.

    >>> is_exhausted(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8589934592 bytes"))
    True
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return "RESOURCE_EXHAUSTED" in str(error)


def smaller_batches(batch: Batch, steps: int) -> Iterator[Batch]:
    """Yield a half, a quarter, … of a batch, down to one drawing, each padded to `steps`.

    Args:
        batch: As `Batches` gives.
        steps: The padded length of the longest drawings, which need the most memory.
    """
    stroke5 = batch["stroke5"]
    end = np.empty((len(stroke5), max(0, steps + 2 - stroke5.shape[1]), 5), np.float32)
    end[:] = END_ROW
    whole = {**batch, "stroke5": np.concatenate([stroke5, end], axis=1)}
    size = len(stroke5)
    while size > 1:
        size //= 2
        yield {name: array[:size] for name, array in whole.items()}


def peak() -> float:
    """Return the most memory that this process has taken, in MB; NaN where nobody counts it."""
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def too_large(config: ModelConfig) -> SketchRNNError:
    """Return the error that ends a run whose network alone finds no memory."""
    numbers = sum(math.prod(shape) for shape in weight_shapes(config).values())
    return SketchRNNError(
        f"there is no memory for a network of {numbers:,} weights, with its optimizer",
        hint="make it smaller: decoder_size, encoder_size or their layers",
    )


def explain(size: int, steps: int, *, fits: int, saved: int, path: Path) -> SketchRNNError:
    """Return the error that ends a run which found no memory.

    Args:
        size: Drawings in a batch.
        steps: Of the longest.
        fits: Drawings of the largest batch that was found to fit; 0 for none.
        saved: The step up to which the run is saved; below 0 for none.
        path: The run's folder.
    """
    hint = "make the network smaller, or leave out the longest drawings"
    kept = ""
    if saved >= 0:
        kept = f"; the run is saved up to step {saved}"
    if fits:
        how = "go on with --resume" if saved >= 0 else "start anew with"
        hint = f"batch_size={fits} fits: {how} --set batch_size={fits}"
    return SketchRNNError(
        f"memory ran out with batches of {size} drawings of up to {steps} steps{kept}",
        path=path,
        hint=hint,
    )
