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
import threading
from collections.abc import Callable, Iterator, Sequence
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


class _Limit:
    """The limit of the process, which holds while anybody is within: threads share one.

    It is set and lifted in threads of their own that end at once: threadpoolctl lets no thread lift
    what another one that still lives has set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._limits: list[Any] = []

    def enter(self, controller: Any) -> None:
        with self._lock:
            if not self._within:
                self._apart(lambda: self._limits.append(_limit_of(controller)))
            self._within += 1

    def leave(self) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                limit = self._limits.pop()
                self._apart(limit.restore_original_limits)

    def _apart(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()


_limit = _Limit()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let one thread multiply within a `with` block; who is last to leave ends it for all."""
    controller = _controller()
    if controller is None:
        yield
        return
    _limit.enter(controller)
    try:
        with _limit_of(controller):  # where each thread has a limit of its own
            yield
    finally:
        _limit.leave()


def _limit_of(controller: Any) -> Any:
    return controller.limit(limits=1, user_api="blas")


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
