"""Weights small enough for a page: whole numbers of 8 or 16 bits, and a factor for each column."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

BITS = (8, 16, 32)


def pack_weights(weights: Mapping[str, Array], bits: int) -> dict[str, dict[str, Any]]:
    """Return weights as `decodeWeights` of the engine reads them.

    Vectors, such as biases, and small tables stay as they are.

    Args:
        weights: Arrays by name.
        bits: 8 or 16 for a matrix's numbers; 32: as they are.
    """
    return {name: _pack(array, bits) for name, array in weights.items()}


def rounded(weights: Mapping[str, Array], bits: int) -> dict[str, Array]:
    """Return the weights that `pack_weights` leaves, in float32."""
    return {
        name: np.multiply(*_whole(array, bits)) if _is_rounded(array, bits) else array
        for name, array in weights.items()
    }


def _pack(array: Array, bits: int) -> dict[str, Any]:
    if not _is_rounded(array, bits):
        return {"shape": list(array.shape), "bits": 32, "data": _base64(array.astype("<f4"))}
    whole, factors = _whole(array, bits)
    return {
        "shape": list(array.shape),
        "bits": bits,
        "scales": _base64(factors.astype("<f4")),
        "data": _base64(whole.astype("<i1" if bits == 8 else "<i2")),
    }


def _is_rounded(array: Array, bits: int) -> bool:
    return bits < 32 and array.ndim >= 2


def _whole(array: Array, bits: int) -> tuple[Array, Array]:
    """Return whole numbers, and the factor of each column (the last axis)."""
    largest = np.abs(array).reshape(-1, array.shape[-1]).max(axis=0)
    factors = np.maximum(largest, 1e-30) / np.float32((1 << (bits - 1)) - 1)
    factors = factors.astype(np.float32)
    return np.rint(array / factors).astype(np.float32), factors


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
