"""Several processes that train one network together, by JAX's own tools.

`jax.distributed` finds the processes, watches them by heartbeats and ends them when one is gone;
`jax.experimental.multihost_utils` carries what they exchange beside the gradients. Process 0 alone
writes. With one process, and on TensorFlow, every function here answers without JAX.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn import __version__
from sketchrnn.drawing import BadSettingError, SketchRNNError
from sketchrnn.model import backend, devices

PORT = 29_400
"""Where process 0 listens, if nothing says otherwise."""
INITIALIZATION_SECONDS = 300.0
"""How long the processes wait for one another at the start."""
HEARTBEAT_SECONDS = 30
"""A process that has been silent for so long counts as dead, and the others end."""
SHUTDOWN_SECONDS = 15
EXIT_LOST = 75
"""The status of a process that ends because another one is gone: try again."""
_LIBRARIES = ("keras", "numpy", "h5py")
_PIECE = 1 << 22
"""Numbers of 32 bits that are added up at once: 16 MB."""
_NAMED = 3

Facts = Mapping[str, Mapping[str, Any]]
"""What all processes must agree about, by topic and name; JSON-able."""


class LostProcessError(SketchRNNError):
    """Another process of the run is gone."""


def initialize(
    coordinator: str | None = None,
    process_count: int | None = None,
    process_index: int | None = None,
    timeout: float | None = None,
) -> None:
    """Make this process one of several, before anything is computed.

    What is not given, `jax.distributed` takes from SLURM, Open MPI or Kubernetes.

    Args:
        coordinator: Host, or host:port, of process 0.
        process_count: How many processes there are.
        process_index: Which of them this is, from 0.
        timeout: Seconds that the others may take to come; None for `INITIALIZATION_SECONDS`.

    Raises:
        BadSettingError: If something is not given and cannot be found, or cannot be.
        SketchRNNError: If the others are not there in time.
    """
    if os.environ.setdefault("KERAS_BACKEND", "jax") != "jax":
        raise BadSettingError(
            "several processes train together on JAX alone", hint="use --backend jax"
        )
    backend.load_backend()
    import jax

    host = (coordinator or "").rpartition(":")[0] if _has_port(coordinator) else coordinator
    if coordinator and not _has_port(coordinator):
        coordinator = f"{coordinator}:{PORT}"
    local = host == "localhost" or (host or "").startswith("127.")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # its handler of SIGTERM would take the place of ours
    jax.config.update("jax_enable_preemption_service", False)
    given = None not in (coordinator, process_count, process_index)
    try:
        jax.distributed.initialize(
            coordinator_address=coordinator,
            num_processes=process_count,
            process_id=process_index,
            cluster_detection_method="deactivate" if given else None,
            coordinator_bind_address=coordinator if local else None,
            initialization_timeout=max(1, round(timeout or INITIALIZATION_SECONDS)),
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=SHUTDOWN_SECONDS,
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BadSettingError(
            f"cannot tell which of the processes this is ({error})",
            hint="give --coordinator HOST:PORT --processes N --process-id I",
        ) from error
    except RuntimeError as error:
        raise SketchRNNError(
            f"the processes did not find one another at {coordinator or 'the coordinator'} "
            f"({str(error).splitlines()[0]})",
            hint="start one on each host, with the same --coordinator and --processes",
        ) from error
    with _silent_stdout():
        all_gather(np.zeros(1, np.uint8))


def shutdown() -> None:
    """Leave the others, once all are done."""
    import jax

    with contextlib.suppress(RuntimeError):  # somebody is gone already
        jax.distributed.shutdown()


def process_count() -> int:
    """Return how many processes train together."""
    jax = sys.modules.get("jax")
    return int(jax.process_count()) if jax and jax.distributed.is_initialized() else 1


def process_index() -> int:
    """Return which of them this is; process 0 writes."""
    return int(sys.modules["jax"].process_index()) if process_count() > 1 else 0


def all_gather(array: NDArray[Any]) -> NDArray[Any]:
    """Return the arrays of all processes, (processes, …); all give one of the same shape."""
    if process_count() == 1:
        return array[None]
    from jax.experimental import multihost_utils

    # as bytes: JAX would make float32 of float64
    table = np.asarray(multihost_utils.process_allgather(_bytes(array)))
    return table.reshape(-1).view(array.dtype).reshape(process_count(), *array.shape)


def broadcast(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array of process 0; the others give one of the same shape and type."""
    if process_count() == 1:
        return array
    from jax.experimental import multihost_utils

    data = multihost_utils.broadcast_one_to_all(_bytes(array))
    return np.asarray(data).astype(np.uint8).view(array.dtype).reshape(array.shape)


def broadcast_json(value: Any) -> Any:
    """Return the JSON-able value of process 0; whatever the others give is ignored."""
    return all_gather_json(value if process_index() == 0 else None)[0]


def all_gather_json(value: Any) -> list[Any]:
    """Return the JSON-able values of all processes, in their order."""
    if process_count() == 1:
        return [value]
    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    sizes = all_gather(np.array([len(text)]))[:, 0]
    padded = np.zeros(int(sizes.max()), np.uint8)
    padded[: len(text)] = text
    return [
        json.loads(row[:size].tobytes())
        for row, size in zip(all_gather(padded), sizes, strict=True)
    ]


def merge(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of which each process has filled in a part of its own, the rest zeros.

    Its bits are added up, so that any numbers come through exactly.
    """
    if process_count() == 1:
        return array
    data = _bytes(array)
    words = np.zeros(-(-len(data) // 4), np.uint32)
    words.view(np.uint8)[: len(data)] = data
    for first in range(0, len(words), _PIECE):
        part = words[first : first + _PIECE]
        padded = np.zeros(1 << max(0, len(part) - 1).bit_length(), np.uint32)  # few shapes
        padded[: len(part)] = part
        part[:] = _add_up(padded)[: len(part)]
    return words.view(np.uint8)[: len(data)].view(array.dtype).reshape(array.shape)


def check_agreement(facts: Facts, problem: SketchRNNError | None) -> None:
    """See that all processes are about to do the same, before anything is written.

    Args:
        facts: Of this process.
        problem: Why this process cannot begin; None if it can.

    Raises:
        SketchRNNError: At every process, if one of them cannot begin or two of them differ.
    """
    everyone = all_gather_json(
        {"host": os.uname().nodename, "problem": str(problem or ""), "facts": facts}
    )
    if problem is not None:
        raise problem
    names = [f"process {index} ({one['host']})" for index, one in enumerate(everyone)]
    for name, one in zip(names, everyone, strict=True):
        if one["problem"]:
            raise SketchRNNError(f"{name} cannot begin: {one['problem']}")
        for topic, values in everyone[0]["facts"].items():
            found = [
                f"{key} {one['facts'][topic].get(key)} and {value}"
                for key, value in values.items()
                if one["facts"][topic].get(key) != value
            ]
            if found:
                raise SketchRNNError(
                    f"{name} and {names[0]} differ in their {topic}: {', '.join(found[:_NAMED])}"
                )


def devices_for(batch_size: int) -> int:
    """Return how many devices of each process share a batch of so many drawings.

    Raises:
        BadSettingError: If it cannot be shared out evenly among several processes.
    """
    available, count = devices.count(), process_count()
    if count == 1:
        return max(k for k in range(1, available + 1) if batch_size % k == 0)
    total = count * available
    if batch_size % total:
        less, more = batch_size // total * total, -(-batch_size // total) * total
        whom = f"{count} processes" if available == 1 else f"{total} devices of {count} processes"
        raise BadSettingError(
            f"a batch of {batch_size} drawings does not divide among {whom}",
            hint=f"set batch_size={f'{less} or {more}' if less else more}",
        )
    return available


@contextlib.contextmanager
def watch_for_loss() -> Iterator[None]:
    """Turn an exchange that fails inside of the block, as another process is gone, into one line.

    Raises:
        LostProcessError: If one fails.
    """
    try:
        yield
    except Exception as error:
        name, text = type(error).__name__, str(error)
        if process_count() == 1 or name not in ("JaxRuntimeError", "XlaRuntimeError", "ValueError"):
            raise
        if not any(word in text for word in ("Gloo", "gloo", "UNAVAILABLE", "Connection", "NCCL")):
            raise
        raise LostProcessError(
            f"another process of the run is gone ({text.splitlines()[0][:200]})",
            hint="go on with the same commands and --resume",
        ) from error


def versions() -> dict[str, str]:
    """Return the versions that all processes of a run must share."""
    found = {"sketchrnn": __version__}
    for distribution in metadata.distributions():
        name = str(distribution.name or "").lower()
        # jaxlib and the plugins for GPUs too
        if name in _LIBRARIES or name.startswith("jax"):
            found[name] = distribution.version
    return dict(sorted(found.items()))


def digest_of(value: Any) -> str:
    """Return what stands for a value that is too long for a message."""
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).hexdigest()


def _has_port(address: str | None) -> bool:
    return bool(address) and str(address).rpartition(":")[2].isdigit() and ":" in str(address)


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _add_up(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the sum over processes."""
    import jax

    rows, add = _adder()
    return np.asarray(add(jax.make_array_from_process_local_data(rows, words[None])))


@functools.cache
def _adder() -> tuple[Any, Any]:
    """Return the sharding of a row a process, and the compiled sum over them."""
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    firsts = [
        next(d for d in jax.devices() if d.process_index == k) for k in range(process_count())
    ]
    mesh = Mesh(np.array(firsts), ("process",))
    rows, whole = (
        NamedSharding(mesh, PartitionSpec("process")),
        NamedSharding(mesh, PartitionSpec()),
    )
    return rows, jax.jit(lambda words: words.sum(axis=0), out_shardings=whole)


@contextlib.contextmanager
def _silent_stdout() -> Iterator[None]:
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
