"""How many threads multiply matrices.

NumPy's products share out even the smallest among all processors, and each waits for the last. For
a few drawings that gains nothing; and where the machine does something else besides, such as a
training, each product waits until a thread that was put aside is let in again: measured beside one
on 2 cores, 8 ms for what one thread does in 0.1.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

FEW = 16
"""Rows of a product that one thread does. Undisturbed, two threads do 16 rows by a decoder of 512
units in 0.4 ms instead of 0.7, and 4 rows no faster."""


def for_rows(count: int) -> contextlib.AbstractContextManager[Any]:
    """Let as many threads multiply within a `with` block as so many rows are worth."""
    return one_thread() if count <= FEW else contextlib.nullcontext()


def one_thread() -> contextlib.AbstractContextManager[Any]:
    """Let one thread multiply within a `with` block."""
    controller = _controller()
    if controller is None:
        return contextlib.nullcontext()
    limit: contextlib.AbstractContextManager[Any] = controller.limit(limits=1, user_api="blas")
    return limit


@functools.cache
def _controller() -> Any:
    """Return what finds NumPy's library of products; None where that is not installed."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()
