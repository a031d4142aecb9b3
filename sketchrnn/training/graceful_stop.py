"""Ctrl-C and SIGTERM, made into a question that a loop asks when it suits it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def asked_by_signal(stop: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set `stop`; the second signal ends at once.

    Outside the main thread, where Python hears no signals, nothing changes.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
