"""How many threads multiply matrices.

NumPy's products share out even the smallest among all processors, and each waits for the last. For
a few drawings that gains nothing; and where the machine does something else besides, such as a
training, each product waits until a thread that was put aside is let in again: measured beside one
on 2 cores, 8 ms for what one thread does in 0.1. So a product is one thread's here, and drawings
are shared out instead. How does not depend on the machine, and so the same drawings come out,
whatever it has and whatever else it does.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_MOST_THREADS = 16

Given = TypeVar("Given")
Made = TypeVar("Made")


def share_out(work: Callable[[Given], Made], parts: Sequence[Given]) -> list[Made]:
    """Do work on parts in as many threads as there are processors, each product by one of them.

    Args:
        work: What to do with a part; NumPy lets other threads work meanwhile.
        parts: At least one.

    Returns:
        What it makes of each, in their order.
    """
    with one_thread():
        if len(parts) == 1:
            return [work(parts[0])]
        with ThreadPoolExecutor(min(len(parts), _processors(), _MOST_THREADS)) as pool:
            try:
                return list(pool.map(work, parts))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


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


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
