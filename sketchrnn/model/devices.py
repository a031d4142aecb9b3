"""Many devices, of one machine or of many: what JAX and Keras need to be told of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.model import backend

Scope = Callable[[], contextlib.AbstractContextManager[Any]]
"""Inside of it, variables are made for all devices and batches are shared out among them."""

_WORDS_AT_ONCE = 1 << 22
"""Numbers of 32 bits that are joined at once: 16 MB."""
_CACHE: dict[int, tuple[Any, Any, Any]] = {}


def connect(address: str, bind: str, processes: int, number: int, device: int | None) -> None:
    """Make this process one of many; before anything is computed.

    Args:
        address: Of JAX's coordination service, host:port, as this process reaches it.
        bind: Where process 0 lets it listen.
        processes: How many there are.
        number: Which of them this is.
        device: The only one of this machine that is to be used; None: all.
    """
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    with contextlib.suppress(AttributeError):  # older versions know no such option
        # its handler of SIGTERM would take the place of ours
        jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        coordinator_address=address,
        num_processes=processes,
        process_id=number,
        local_device_ids=device,
        cluster_detection_method="deactivate",
        coordinator_bind_address=bind or None,
    )
    with _hushed():
        joined(np.zeros(1, np.uint32))


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Let nothing be written to the standard output, where Gloo tells of its connections."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # what C keeps back would be written later
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def disconnect() -> None:
    """Leave the others."""
    import jax

    _CACHE.clear()
    jax.distributed.shutdown()


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


def joined(array: NDArray[Any]) -> NDArray[Any]:
    """Return the sum over processes of arrays of which each has filled in a part of its own.

    Bits are added, so that any numbers come through exactly, as long as no two processes fill in
    the same place and all else is zero bytes. All processes call it in the same order.
    """
    data = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
    words = np.zeros(-(-len(data) // 4), np.uint32)
    words.view(np.uint8)[: len(data)] = data
    parts = []
    for first in range(0, len(words), _WORDS_AT_ONCE):
        part = words[first : first + _WORDS_AT_ONCE]
        padded = np.zeros(1 << max(0, len(part) - 1).bit_length(), np.uint32)  # few shapes
        padded[: len(part)] = part
        parts.append(_summed(padded)[: len(part)])
    whole = np.concatenate(parts) if parts else words
    return whole.view(np.uint8)[: len(data)].view(array.dtype).reshape(array.shape)


def _summed(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the sum over processes."""
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    if 0 not in _CACHE:
        firsts: dict[int, Any] = {}
        for device in jax.devices():
            firsts.setdefault(device.process_index, device)
        mesh = Mesh(np.array([firsts[k] for k in sorted(firsts)]), ("process",))
        cut, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("process",), ()))
        _CACHE[0] = (cut, whole, jax.jit(lambda rows: rows.sum(axis=0), out_shardings=whole))
    cut, _, add = _CACHE[0]
    rows = jax.make_array_from_process_local_data(cut, words[None])
    return np.asarray(add(rows))


def local_value(value: Any) -> Any:
    """Return the copy of a variable's value that is on the first device of this process."""
    sharding = getattr(value, "sharding", None)
    if sharding is None or len(sharding.device_set) == 1:
        return value
    return value.addressable_data(0)
