"""How processes of a run find each other, see that they mean the same, and learn of a death.

Process 0 listens at one port. The others connect and say what they are about to do; process 0
compares, and sends them on or says who differs in what. The connections stay: one that breaks, or
is silent for `SILENCE` seconds, is a process that has died, of which process 0 tells all the
others. The coordination service of JAX, which waits for longer and then aborts with a trace of the
stack, is reached through the same port: its bytes are relayed, and a relay whose far side has died
stays open, so that what ends a process is the one clear line.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sketchrnn.drawing import SketchRNNError
from sketchrnn.training import wire
from sketchrnn.training.cluster import Place

EXIT_LOST = 75
"""The exit status of a process whose run has lost another: try again (EX_TEMPFAIL)."""
PROTOCOL = 1
PATIENCE = 300.0
"""Seconds that the processes may take to come together."""
BEAT = 5.0
SILENCE = 45.0
"""So long a process may say nothing, not even that it lives, before it counts as dead."""
_LAST_WORDS = 5.0
_LINGERING = 10.0
_NAMED = 4
_LONGEST_REASON = 300

Facts = Mapping[str, Mapping[str, Any]]
"""What all must agree about, by topic and name."""


class Meeting:
    """The connections between this process and the others.

    Args:
        place: Of this process.
        patience: Seconds that the others may take to come.
        on_loss: Is told in one line of a process that has died, in a thread, while the main one may
            hang in a computation that will never end: it should end this process. None: the line
            is logged, and the process leaves with EXIT_LOST.
        host: The name of this machine, for messages.

    Raises:
        SketchRNNError: If process 0 is not there in time, or its port is taken.
    """

    def __init__(
        self,
        place: Place,
        *,
        patience: float = PATIENCE,
        on_loss: Callable[[str], None] | None = None,
        host: str | None = None,
    ) -> None:
        """Listen, or connect."""
        self.place = place
        self.hosts: list[str] = []
        self._host = host or socket.gethostname()
        self._patience = patience
        self._on_loss = on_loss or _leave
        self._lines: dict[int, wire.Line] = {}
        self._names = {place.number: self._host}
        self._said: dict[int, wire.Message] = {}
        self._done: set[int] = set()
        self._change = threading.Condition()
        self._over = threading.Event()  # nobody's end is of interest any more
        self._verdict = threading.Event()
        self._inside = 0
        self._listening: list[socket.socket] = []
        if place.processes == 1:
            return
        if place.number == 0:
            self._open_door()
        else:
            self._lines[0] = self._knock()
            self._lines[0].send(
                sketchrnn=PROTOCOL, role="member", number=place.number, host=self._host
            )

    def agree(self, facts: Facts | None, error: str = "") -> tuple[str, str]:
        """Wait for all, and see that they mean the same.

        Args:
            facts: What this process is about to do; None if it cannot.
            error: Why it cannot, in a line.

        Returns:
            The addresses that JAX's coordination service has for this process, and at which it is
            to listen (the latter of process 0 alone).

        Raises:
            SketchRNNError: If they differ, one of them cannot, or not all come in time.
        """
        said = {"facts": facts, "error": error, "processes": self.place.processes}
        if self.place.processes == 1:
            if error:
                raise SketchRNNError(error)
            self.hosts = [self._host]
            return "", ""
        if self.place.number:
            inside = self._ask(said)
            return f"127.0.0.1:{inside}", ""
        problem = self._gather(said)
        self._inside, kept = _keep_port()
        self._listening.append(kept)
        names = [self._names.get(k, "") for k in range(self.place.processes)]
        for line in list(self._lines.values()):
            line.send(refused=problem, hosts=names)
        if problem:
            time.sleep(0.2)  # so that the lines are read before the connections break
            self.close()
            raise SketchRNNError(problem)
        self.hosts = names
        for number, line in self._lines.items():
            wire.start(partial(self._watch, number, line))
        wire.start(self._beat)
        return f"127.0.0.1:{self._inside}", f"127.0.0.1:{self._inside}"

    def fail(self, reason: str) -> None:
        """Tell the others that this process stops, and why."""
        if self._over.is_set() or self._verdict.is_set():
            return
        self._over.set()
        reason = " ".join(reason.split())[:_LONGEST_REASON]
        line = _stops(f"{self.name_of(self.place.number)} stopped ({reason})")
        for other in list(self._lines.values()):
            other.send(**({"failed": reason} if self.place.number else {"gone": line}))
        time.sleep(0.2)
        self.close()

    def await_verdict(self, seconds: float = _LAST_WORDS) -> None:
        """Give the watch time to find out whether another's death is behind an error."""
        if self.place.processes > 1 and self._verdict.wait(seconds):
            time.sleep(_LAST_WORDS)  # whoever was told ends this process meanwhile

    def part(self) -> None:
        """Wait until all are at their end; from now on nobody's end is a loss."""
        if self.place.processes == 1 or self._over.is_set():
            return
        if self.place.number:
            self._lines[0].send(bye=True)
            self._wait(lambda: 0 in self._done)
        else:
            self._wait(lambda: len(self._done) == self.place.processes - 1)
        self._over.set()
        if self.place.number == 0:
            for line in self._lines.values():
                line.send(bye=True)

    def close(self) -> None:
        """Close all connections."""
        self._over.set()
        for line in list(self._lines.values()):
            line.close()
        for listening in self._listening:
            wire.shut(listening)

    def name_of(self, number: int) -> str:
        """Return how messages call a process."""
        host = self._names.get(number) or (self.hosts[number] if self.hosts else "")
        return f"process {number} ({host})" if host else f"process {number}"

    # ----------------------------------------------------------------------------- process 0

    def _open_door(self) -> None:
        try:
            listening = wire.listen(self.place.address, self.place.port)
        except OSError as error:
            raise SketchRNNError(
                f"process 0 cannot listen at {self.place} ({error.strerror or error})",
                hint="choose another port with --coordinator",
            ) from error
        self._listening.append(listening)
        wire.start(partial(self._let_in, listening))

    def _let_in(self, listening: socket.socket) -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            wire.start(partial(self._greet, connected))

    def _greet(self, connected: socket.socket) -> None:
        """Hear who has come: a process of the run, or its connection with JAX's service."""
        line = wire.Line(connected)
        try:
            hello = line.read(self._patience) or {}
        except TimeoutError:
            hello = {}
        if hello.get("sketchrnn") != PROTOCOL:
            if hello.get("sketchrnn"):
                line.send(refused="process 0 has another version of sketchrnn")
            line.close()
        elif hello.get("role") == "relay":
            inside = wire.reach("127.0.0.1", self._inside, self._patience)
            if inside is None:
                line.close()
            else:
                wire.relay(*line.release(inside))
        else:
            self._take(line, hello)

    def _take(self, line: wire.Line, hello: wire.Message) -> None:
        told, host = hello.get("number"), str(hello.get("host", ""))[:100]
        number = told if isinstance(told, int) else -1
        with self._change:
            problem = ""
            if not 0 < number < self.place.processes:
                problem = (
                    f"process {number} ({host}) is none of the {self.place.processes} that "
                    f"process 0 ({self._host}) waits for"
                )
            elif number in self._lines:
                problem = f"process {number} is there twice: on {self._names[number]} and {host}"
            if not problem:
                self._lines[number], self._names[number] = line, host
        if problem:
            line.send(refused=problem)
            line.end(_LAST_WORDS)
            return
        try:
            said = line.read(self._patience)
        except TimeoutError:
            said = None
        with self._change:
            self._said[number] = said or {"error": "it is gone"}
            self._change.notify_all()

    def _gather(self, own: wire.Message) -> str:
        """Wait for what the others say; return what is wrong, or nothing."""

        def complete() -> bool:
            return len(self._said) == self.place.processes - 1

        def failed() -> bool:
            return bool(own["error"]) or any(said.get("error") for said in self._said.values())

        with self._change:
            self._change.wait_for(lambda: complete() or failed(), self._patience)
            if failed():  # those who come a little later should hear of it too
                self._change.wait_for(complete, min(self._patience, _LINGERING))
            said = {0: own, **self._said}
        for number in sorted(said):
            if said[number].get("error"):
                return f"{self.name_of(number)} cannot begin: {said[number]['error']}"
        if missing := [k for k in range(self.place.processes) if k not in said]:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            return (
                f"{len(said)} of {self.place.processes} processes came to {self.place} within "
                f"{self._patience:.0f} s; missing: {', '.join(map(str, missing[:_NAMED]))}{more}; "
                "start one on each host, with the same options"
            )
        for number in sorted(said)[1:]:
            if found := _difference(own, said[number], self.name_of(0), self.name_of(number)):
                return found
        return ""

    # --------------------------------------------------------------------------- the others

    def _knock(self) -> wire.Line:
        connected = wire.reach(self.place.address, self.place.port, self._patience)
        if connected is None:
            raise SketchRNNError(
                f"nobody answers at {self.place}, where process 0 should be "
                f"(waited {self._patience:.0f} s)",
                hint="start process 0 there, or give its address with --coordinator",
            )
        return wire.Line(connected)

    def _ask(self, said: wire.Message) -> int:
        """Say what this process is about to do; return the port of the relay if it may."""
        line = self._lines[0]
        line.send(**said)
        try:
            answer = line.read(self._patience + _LAST_WORDS)
        except TimeoutError:
            answer = None
        problem = "" if said["error"] else "process 0 is gone before the run began"
        if answer is not None:
            problem = str(answer.get("refused", ""))
        if said["error"] or problem:
            self.close()
            raise SketchRNNError(said["error"] or problem)
        assert answer is not None
        self.hosts = [str(name) for name in answer.get("hosts", [])]
        wire.start(partial(self._watch, 0, line))
        wire.start(self._beat)
        listening = wire.listen("127.0.0.1", 0)
        self._listening.append(listening)
        wire.start(partial(self._relay_all, listening))
        return int(listening.getsockname()[1])

    def _relay_all(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = wire.reach(self.place.address, self.place.port, self._patience)
            if far is not None:
                wire.Line(far).send(sketchrnn=PROTOCOL, role="relay")
                wire.relay(near, far, hold=True)

    # ---------------------------------------------------------------------------- the watch

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            for line in list(self._lines.values()):
                line.send(beat=True)

    def _watch(self, number: int, line: wire.Line) -> None:
        """Read what another process sends until it ends, well or badly."""
        while True:
            try:
                message = line.read(SILENCE)
            except TimeoutError:
                return self._lose(number, f"has been silent for {SILENCE:.0f} s")
            if message is None:
                return self._lose(number, "is gone")
            if "gone" in message:
                return self._judge(str(message["gone"]))
            if "failed" in message:
                return self._lose(number, f"stopped ({message['failed']})")
            if "bye" in message:
                with self._change:
                    self._done.add(number)
                    self._change.notify_all()

    def _lose(self, number: int, how: str) -> None:
        if number not in self._done:
            self._judge(_stops(f"{self.name_of(number)} {how}"))

    def _judge(self, line: str) -> None:
        """Tell everybody who can be told, and the one who ends this process."""
        with self._change:
            if self._over.is_set() or self._verdict.is_set():
                return
            self._verdict.set()
        if self.place.number == 0:
            for other in list(self._lines.values()):
                other.send(gone=line)
        self._on_loss(line)

    def _wait(self, reached: Callable[[], bool]) -> None:
        with self._change:
            self._change.wait_for(reached)


def _stops(what: str) -> str:
    return f"{what}, so the run stops; go on with the same commands and --resume"


def _leave(line: str) -> None:
    logging.getLogger("sketchrnn").critical(line)
    logging.shutdown()
    os._exit(EXIT_LOST)


def _keep_port() -> tuple[int, socket.socket]:
    """Return a port for JAX's service, and a socket that keeps it.

    A port that is only known to be free could become another program's before the service, which
    asks for it much later, has it. The service binds it beside the socket, which never listens.
    """
    kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if hasattr(socket, "SO_REUSEPORT"):
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept.bind(("127.0.0.1", 0))
    port = int(kept.getsockname()[1])
    if not hasattr(socket, "SO_REUSEPORT"):  # then no two can have it
        kept.close()
    return port, kept


def _difference(own: wire.Message, other: wire.Message, own_name: str, other_name: str) -> str:
    """Say in a line where two differ; nothing if they do not."""
    if own["processes"] != other.get("processes"):
        return (
            f"{other_name} was started as one of {other.get('processes')} processes, and "
            f"{own_name} as one of {own['processes']}; start them with the same --processes"
        )
    for topic, values in (own["facts"] or {}).items():
        theirs = (other.get("facts") or {}).get(topic, {})
        names = [n for n in {**values, **theirs} if values.get(n) != theirs.get(n)]
        if names:
            shown = ", ".join(
                f"{name} {_shown(theirs.get(name))} and {_shown(values.get(name))}"
                for name in names[:_NAMED]
            )
            more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            return f"{other_name} and {own_name} differ in their {topic}: {shown}{more}"
    return ""


def _shown(value: object) -> str:
    return "none" if value is None else str(value)[:80]
