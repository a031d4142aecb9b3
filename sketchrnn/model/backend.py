"""The one file that names TensorFlow or JAX: compiling, devices, and what to install."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sketchrnn.drawing import BadSettingError, MissingDependencyError


def local_value(value: Any) -> Any:
    """Return the copy of a variable's value that is on the first device of this process."""
    sharding = getattr(value, "sharding", None)
    if sharding is None or len(sharding.device_set) == 1:
        return value
    return value.addressable_data(0)


BACKENDS = ("tensorflow", "jax")
"""What Keras may compute with here; both give the same numbers."""

WORTH_KEEPING = 0.5
"""Seconds of compiling from which on a program is kept for other processes."""

_HINT = "pip install 'sketchrnn[cpu]' (or [gpu], or [jax] with --backend jax)"


def load_backend() -> str:
    """Import Keras with its backend and return the backend's name.

    Raises:
        MissingDependencyError: If Keras or its backend is not installed.
        BadSettingError: If Keras is set to a backend that is not one of `BACKENDS`.
    """
    check()
    try:
        keras = importlib.import_module("keras")
    except (ImportError, ValueError) as error:
        raise MissingDependencyError(f"Keras cannot be used ({error})", hint=_HINT) from error
    backend = str(keras.backend.backend())
    if backend not in BACKENDS:
        raise BadSettingError(
            f"Keras is set to the backend {backend!r}",
            hint=f"choose one of {', '.join(BACKENDS)} with --backend or KERAS_BACKEND",
        )
    if backend == "jax":
        _keep_programs()
    return backend


def check() -> None:
    """See whether Keras and its backend are there, without loading them.

    Raises:
        MissingDependencyError: If one of them is not.
    """
    if importlib.util.find_spec("keras") is None:
        raise MissingDependencyError("this needs Keras and TensorFlow or JAX", hint=_HINT)
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen in BACKENDS and importlib.util.find_spec(chosen) is None:
        raise MissingDependencyError(f"the backend {chosen!r} is not installed", hint=_HINT)


@functools.cache
def _keep_programs() -> None:
    """Have JAX keep what it compiles in the user's folder of caches, for the next process.

    JAX_COMPILATION_CACHE_DIR names another folder. TensorFlow's cache of this kind is left alone:
    a file of it that was cut short ends every later run.
    """
    import jax

    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = _caches() / "sketchrnn" / "programs" / _machine()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # then every process compiles
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_KEEPING)


def _caches() -> Path:
    """Return the user's folder of what programs can make again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _machine() -> str:
    """Return a name of this kind of processor: a home may be shared by several."""
    about = platform.machine() + platform.processor()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features", "model name")):
                about += line
    return hashlib.blake2b(about.encode(), digest_size=8).hexdigest()


def available() -> bool:
    """Tell whether Keras and its backend are installed, without importing them."""
    needed = ("keras", os.environ.get("KERAS_BACKEND", "tensorflow"))
    return all(importlib.util.find_spec(name) for name in needed)


def versions() -> dict[str, str]:
    """Return the versions of what computes: Keras, its backend, NumPy."""
    from importlib import metadata

    names = ["numpy", "keras", "tensorflow", "tensorflow-cpu", "jax"]
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def devices() -> list[str]:
    """Return the names of the devices that the backend would use."""
    if load_backend() == "jax":
        import jax

        return [str(device) for device in jax.devices()]
    import tensorflow as tf

    return [device.name for device in tf.config.list_logical_devices()]


def compiled(function: Callable[..., Any], variables: Sequence[Any]) -> Callable[..., Any]:
    """Compile a function of tensors that reads Keras variables and changes none.

    Args:
        function: Takes and returns nested tensors.
        variables: The variables it reads. Their values are read anew at each call.

    Returns:
        A function of the same arguments. It compiles once for every new set of shapes.
    """
    if load_backend() == "jax":
        import jax
        import keras

        @jax.jit
        def pure(values: list[Any], *arguments: Any) -> Any:
            mapping = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return function(*arguments)

        return lambda *arguments: pure([local_value(v.value) for v in variables], *arguments)
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False, reduce_retracing=True)


Product = Callable[[Any, Any], Any]
"""A matrix product of two tensors."""

PRECISIONS = ("float32", "mixed_bfloat16")
"""In what the products of a network may be computed; all else is float32."""


def matmul_for(precision: str) -> Product:
    """Return the matrix product of a precision, from float32 to float32.

    Args:
        precision: "float32", or "mixed_bfloat16": the factors are rounded to bfloat16, 8 bits of
            mantissa; JAX adds up in float32, TensorFlow as the device does, and rounds the sum.

    Raises:
        BadSettingError: If it is neither.
    """
    import keras

    if precision == "float32":
        return keras.ops.matmul
    if precision != "mixed_bfloat16":
        raise BadSettingError(
            f"unknown precision {precision!r}", hint=f"use {' or '.join(PRECISIONS)}"
        )
    if keras.backend.backend() == "jax":
        import jax.numpy as jnp

        def summed_in_float32(a: Any, b: Any) -> Any:
            a, b = (jnp.asarray(factor).astype(jnp.bfloat16) for factor in (a, b))
            return jnp.matmul(a, b, preferred_element_type=jnp.float32)

        return summed_in_float32

    def rounded(a: Any, b: Any) -> Any:
        a, b = (keras.ops.cast(factor, "bfloat16") for factor in (a, b))
        return keras.ops.cast(keras.ops.matmul(a, b), "float32")

    return rounded


def scan(
    body: Callable[[Any, Any], tuple[Any, tuple[Any, ...]]],
    carry: tuple[Any, ...],
    sequences: tuple[Any, ...],
    outputs: int,
    *,
    reverse: bool = False,
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Run `body` over the first axis of sequences and stack what it puts out.

    `keras.ops.scan` would want outputs shaped like the carry, and, on TensorFlow, a number of steps
    that is known when the graph is made; buckets have many.

    Args:
        body: (carry, rows) -> (carry, outputs); every output is float32.
        carry: The tensors that go from step to step; their shapes stay.
        sequences: Tensors (T, ...).
        outputs: How many outputs `body` has.
        reverse: Whether to go from the last step to the first.

    Returns:
        The last carry, and the outputs (T, ...) in the order of the sequences.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.scan(body, carry, sequences, reverse=reverse)
    import tensorflow as tf

    steps = tf.shape(sequences[0])[0]
    last = steps - 1
    stacks = tuple(tf.TensorArray(tf.float32, size=steps) for _ in range(outputs))

    def step(count: Any, carry: tuple[Any, ...], stacks: tuple[Any, ...]) -> Any:
        at = last - count if reverse else count
        carry, rows = body(carry, tuple(sequence[at] for sequence in sequences))
        written = tuple(s.write(at, row) for s, row in zip(stacks, rows, strict=True))
        return count + 1, carry, written

    _, carry, stacks = tf.while_loop(
        lambda count, *_: count < steps, step, (0, carry, stacks), parallel_iterations=1
    )
    return carry, tuple(stack.stack() for stack in stacks)


def scan_until(
    body: Callable[[Any, Any], tuple[Any, Any]],
    ended: Callable[[Any], Any],
    carry: tuple[Any, ...],
    sequences: tuple[Any, ...],
) -> tuple[tuple[Any, ...], Any]:
    """Run `body` over the first axis of sequences until all is done, and stack what it puts out.

    One call for a whole drawing, however long it becomes: each call from Python costs as much as
    several steps of a single drawing.

    Args:
        body: (carry, rows) -> (carry, output), a float32 tensor whose shape stays.
        ended: carry -> bool, whether no further step is wanted.
        carry: The tensors that go from step to step; their shapes stay.
        sequences: Tensors (T, ...).

    Returns:
        The last carry, and the outputs (T, ...); zeros from where it ended.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax
        import jax.numpy as jnp

        steps = sequences[0].shape[0]
        first = tuple(sequence[0] for sequence in sequences)
        shape = jax.eval_shape(body, carry, first)[1].shape

        def go(state: Any) -> Any:
            count, carry, stack = state
            rows = tuple(jax.lax.dynamic_index_in_dim(s, count, keepdims=False) for s in sequences)
            carry, output = body(carry, rows)
            return count + 1, carry, jax.lax.dynamic_update_index_in_dim(stack, output, count, 0)

        def more(state: Any) -> Any:
            return (state[0] < steps) & ~ended(state[1])

        begin = (0, carry, jnp.zeros((steps, *shape), jnp.float32))
        _, carry, stack = jax.lax.while_loop(more, go, begin)
        return carry, stack
    import tensorflow as tf

    steps = tf.shape(sequences[0])[0]

    def step(count: Any, carry: tuple[Any, ...], stack: Any) -> Any:
        carry, output = body(carry, tuple(sequence[count] for sequence in sequences))
        return count + 1, carry, stack.write(count, output)

    _, carry, stack = tf.while_loop(
        lambda count, carry, _: tf.logical_and(count < steps, tf.logical_not(ended(carry))),
        step,
        (0, carry, tf.TensorArray(tf.float32, size=steps)),
        parallel_iterations=1,
    )
    return carry, stack.stack()
