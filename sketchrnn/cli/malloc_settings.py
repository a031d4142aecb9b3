"""How the C library gives memory to a training, which must be settled before a process begins.

A step takes and gives back hundreds of megabytes. In pages of 4 KB, each of which the kernel clears
when it is touched, that costs a seventh of the time of a step; `benchmarks/train_step.py` shows it
with and without (`GLIBC_TUNABLES= python benchmarks/train_step.py`).
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence

VARIABLE = "GLIBC_TUNABLES"

LARGE_PAGES = {"glibc.malloc.hugetlb": 1}
"""Ask the kernel for pages of 2 MB."""

KEPT = {
    "glibc.malloc.arena_max": 1,
    "glibc.malloc.mmap_max": 0,
    "glibc.malloc.trim_threshold": 1 << 40,
}
"""Keep what is given back for the next step. It helps JAX, and makes TensorFlow larger."""


def settings(backend: str) -> str:
    """Return the value of `VARIABLE` that suits a backend."""
    chosen = {**LARGE_PAGES, **(KEPT if backend == "jax" else {})}
    return ":".join(f"{name}={value}" for name, value in chosen.items())


def restart(
    arguments: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    command: Sequence[str] = tuple(sys.orig_argv),
) -> None:
    """Begin this process anew with the settings of a training, if it is one and has none.

    The process keeps its number, its terminal and its files; nothing has happened yet that would
    be lost. Where the C library is not glibc, or the user has settings of his own, even empty
    ones, nothing happens.

    Args:
        arguments: What stands after `sketchrnn`.
        environment: Of the process.
        command: How the process was started.
    """
    backend = environment.get("KERAS_BACKEND", "")
    for place, word in enumerate(arguments):
        if word == "--backend":
            backend = "".join(arguments[place + 1 : place + 2])
        elif word.startswith("--backend="):
            backend = word.partition("=")[2]
    words = [word for word in arguments if not word.startswith("-") and word != backend]
    if words[:1] != ["train"] or VARIABLE in environment:
        return
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return
    os.execve(
        sys.executable,
        [sys.executable, *command[1:]],
        {**environment, VARIABLE: settings(backend)},
    )
