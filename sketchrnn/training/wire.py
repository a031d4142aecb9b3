"""What processes of one run send each other besides their arrays: JSON lines, and bytes relayed."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

LONGEST = 1 << 20
"""Bytes of a line; what is longer comes from nobody of ours."""
_RELAYED_AT_ONCE = 1 << 16
_RETRY_SECONDS = 0.1

Message = dict[str, Any]


class Line:
    """A connection on which both sides send JSON objects, one a line.

    Args:
        connected: The socket; the line closes it.
    """

    def __init__(self, connected: socket.socket) -> None:
        """Take over the socket."""
        self._socket = connected
        self._sending = threading.Lock()
        self._rest = b""
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, **message: Any) -> bool:
        """Send an object; return whether the system took it."""
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._sending:
                self._socket.sendall(data)
        except OSError:
            return False
        return True

    def read(self, seconds: float | None = None) -> Message | None:
        """Return the next object; None if the other side is gone or sends nonsense.

        Args:
            seconds: How long to wait for the next bytes; None: for ever.

        Raises:
            TimeoutError: If nothing has come in that time.
        """
        while b"\n" not in self._rest:
            self._socket.settimeout(seconds)
            try:
                data = self._socket.recv(_RELAYED_AT_ONCE)
            except TimeoutError:
                raise
            except OSError:
                return None
            if not data or len(self._rest) > LONGEST:
                return None
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\n")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) else None

    def release(self, other: socket.socket) -> tuple[socket.socket, socket.socket, bytes]:
        """Return what `relay` needs to carry what comes after the last object to another socket."""
        return self._socket, other, self._rest

    def end(self, seconds: float) -> None:
        """Close the connection when the other side has read everything and closed its own."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(seconds)
            while self._socket.recv(_RELAYED_AT_ONCE):
                pass
        self.close()

    def close(self) -> None:
        """Close the connection."""
        shut(self._socket)


def shut(connected: socket.socket) -> None:
    """Close a socket, and wake whoever waits for it."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connected.close()


def reach(address: str, port: int, seconds: float) -> socket.socket | None:
    """Connect to a port that may not be open yet; None if nobody answers in time."""
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return None
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError:
            time.sleep(min(_RETRY_SECONDS, max(0.0, left)))


def listen(address: str, port: int) -> socket.socket:
    """Listen on a port: on all interfaces, but for an address of this machine alone.

    Raises:
        OSError: If the port is taken.
    """
    local = address == "localhost" or address.startswith("127.")
    listening = socket.create_server(("127.0.0.1" if local else "", port), backlog=512)
    return listening


def relay(near: socket.socket, far: socket.socket, first: bytes = b"", hold: bool = False) -> None:
    """Carry bytes both ways, in threads, until a side is closed; then close the other.

    Args:
        near: One side.
        far: The other.
        first: What goes to the far side before all else.
        hold: Whether `near` stays open when the far side is gone.
    """

    def carry(
        source: socket.socket, sink: socket.socket, first: bytes, *over: socket.socket
    ) -> None:
        try:
            if first:
                sink.sendall(first)
            while data := source.recv(_RELAYED_AT_ONCE):
                sink.sendall(data)
        except OSError:
            pass
        for ended in over:
            shut(ended)

    for connected in (near, far):
        connected.settimeout(None)
    start(lambda: carry(near, far, first, near, far))
    start(lambda: carry(far, near, b"", far, *([] if hold else [near])))


def start(work: Callable[[], object]) -> threading.Thread:
    """Run something in a thread that keeps no process alive."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
