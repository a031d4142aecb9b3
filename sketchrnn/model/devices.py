"""Many devices, of one machine or of many: what JAX and Keras need to be told of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from sketchrnn.model import backend

Scope = Callable[[], contextlib.AbstractContextManager[Any]]
"""Inside of it, variables are made for all devices and batches are shared out among them."""


def count() -> int:
    """Return how many devices this process could share a batch out among."""
    if backend.load_backend() != "jax":
        return 1
    import jax

    return int(jax.local_device_count())


def idle() -> int:
    """Return how many GPUs beside the first the backend leaves idle."""
    if backend.load_backend() == "jax":
        return 0
    import tensorflow as tf

    return max(0, len(tf.config.list_logical_devices("GPU")) - 1)


def share_out(each: int) -> Scope:
    """Return a scope of so many devices of every process.

    Args:
        each: Devices of this process, and of every other.

    Source:
        `keras.distribution.DataParallel`: weights are on every device, a batch is cut, and the
        compiler adds the sums over devices where the program of one device needs them.
    """
    if backend.load_backend() != "jax":
        return contextlib.nullcontext
    import jax

    if each * jax.process_count() == 1:
        return contextlib.nullcontext
    import keras

    by_process: dict[int, list[Any]] = {}
    for device in jax.devices():
        by_process.setdefault(device.process_index, []).append(device)
    chosen = [device for k in sorted(by_process) for device in by_process[k][:each]]
    names = [f"{device.platform}:{device.id}" for device in chosen]
    distribution = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    return distribution.scope
