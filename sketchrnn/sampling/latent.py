"""Ways through the latent space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadSettingError

Array = NDArray[np.float32]

METHODS = ("slerp", "lerp")
_PARALLEL = 1e-4


def interpolate(a: Array, b: Array, frames: int, method: str = "slerp") -> Array:
    """Return points on the way from one latent vector to another, both ends among them.

    Args:
        a: (z_size,).
        b: (z_size,).
        frames: How many, 2 or more.
        method: "slerp" turns from one direction to the other and changes the length evenly;
            "lerp" goes straight.

    Returns:
        (frames, z_size) float32.

    Raises:
        BadSettingError: If there are fewer than 2 frames or the method is unknown.

    Source:
        Shoemake (1985) for slerp; in latent spaces White (2016).

    >>> interpolate(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 3)[1].round(3).tolist()
    [0.7070000171661377, 0.7070000171661377]
    """
    if frames < 2:
        raise BadSettingError(f"frames is {frames}, and must be 2 or more")
    if method not in METHODS:
        raise BadSettingError(f"unknown method {method!r}", hint=f"use {' or '.join(METHODS)}")
    first, last = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    t = np.linspace(0.0, 1.0, frames)[:, None]
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    path = (1 - t) * first + t * last
    if method == "slerp" and min(lengths) > 0:
        one, two = first / lengths[0], last / lengths[1]
        angle = np.arccos(np.clip(one @ two, -1.0, 1.0))
        if _PARALLEL < angle < np.pi - _PARALLEL:  # else there is no one way to turn
            turned = (np.sin((1 - t) * angle) * one + np.sin(t * angle) * two) / np.sin(angle)
            path = turned * ((1 - t) * lengths[0] + t * lengths[1])
    path[0], path[-1] = first, last
    return path.astype(np.float32)
