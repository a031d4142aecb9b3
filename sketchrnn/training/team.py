"""One process of a run, alone or among others: what it shares with them, and how it parts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from importlib import metadata
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sketchrnn import __version__
from sketchrnn.drawing import BadSettingError, SketchRNNError
from sketchrnn.model import backend
from sketchrnn.training.cluster import Place
from sketchrnn.training.meeting import PATIENCE, Facts, Meeting

_LIBRARIES = ("keras", "numpy", "h5py")


class Team:
    """The processes that train one network together, from the point of view of one.

    Use it as a context: an error inside is told to the others, who stop as well.

    Args:
        meeting: With the others; None: there are none.

    Attributes:
        number: Which of the processes this is.
        size: How many there are.
        devices: How many devices of each process work; `begin` counts them.
    """

    def __init__(self, meeting: Meeting | None = None) -> None:
        """Begin nothing yet."""
        self._meeting = meeting
        self._begun = False
        self.number = 0 if meeting is None else meeting.place.number
        self.size = 1 if meeting is None else meeting.place.processes
        self.devices = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.number == 0

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.size == 1

    @property
    def hosts(self) -> list[str]:
        """The names of the machines, one for each process."""
        return [] if self._meeting is None else self._meeting.hosts

    def begin(self, facts: Facts, batch_size: int) -> None:
        """See that all mean the same, and join the devices.

        Args:
            facts: What all must agree about, by topic and name.
            batch_size: How many drawings all learn from at once.

        Raises:
            BadSettingError: If a batch cannot be shared out evenly.
            SketchRNNError: If processes differ, are missing, or have unlike devices.
        """
        from sketchrnn.model import devices

        if self._meeting is not None and not self.alone:
            if backend.load_backend() != "jax":
                raise BadSettingError(
                    "several processes train together on JAX alone", hint="use --backend jax"
                )
            check_divides(batch_size, self.size, f"{self.size} processes")
            self._begun = True  # whatever comes of it, the others have heard of this process
            address, bind = self._meeting.agree(facts)
            devices.connect(address, bind, self.size, self.number, _own_device(self))
        available = devices.count()
        if self.alone:
            self.devices = max(k for k in range(1, available + 1) if batch_size % k == 0)
            return
        counts = self.told(available)[:, 0].astype(int)
        if (counts != counts[0]).any():
            other = int(np.argmax(counts != counts[0]))
            assert self._meeting is not None
            raise SketchRNNError(
                f"{self._meeting.name_of(other)} has {counts[other]} devices, and "
                f"{self._meeting.name_of(0)} {counts[0]}",
                hint="let all see the same number, for example by CUDA_VISIBLE_DEVICES",
            )
        total = self.size * available
        check_divides(batch_size, total, f"{total} devices of {self.size} processes")
        self.devices = available

    def joined(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return what all have filled in of an array, each a part of its own, the rest zeros."""
        if self.alone:
            return array
        from sketchrnn.model import devices

        return devices.joined(array)

    def told(self, *values: float) -> NDArray[np.float64]:
        """Return the (processes, values) numbers that all tell each other."""
        table = np.zeros((self.size, len(values)))
        table[self.number] = values
        return self.joined(table)

    def decided(self, value: float) -> float:
        """Return the number that the first process tells."""
        return float(self.told(value)[0, 0])

    def handed(self, arrays: Mapping[str, NDArray[Any]], note: Any) -> tuple[dict[str, Any], Any]:
        """Return the arrays and the note (JSON-able) of the first process.

        Args:
            arrays: Its arrays; of the others arrays of the same names, shapes and types.
            note: Its note; whatever the others give is ignored.
        """
        if self.alone:
            return dict(arrays), note
        text = np.frombuffer(json.dumps(note).encode() if self.first else b"", np.uint8)
        size = int(self.decided(len(text)))
        told = self.joined(text if self.first else np.zeros(size, np.uint8))
        same = {
            name: self.joined(array if self.first else np.zeros_like(array))
            for name, array in sorted(arrays.items())
        }
        return same, json.loads(told.tobytes())

    def __enter__(self) -> Self:
        """Return the team."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Part from the others: in peace when all are done, or telling them what went wrong."""
        if self._meeting is None:
            return
        if error is None:
            self._meeting.part()
            if self._begun:
                from sketchrnn.model import devices

                devices.disconnect()
            self._meeting.close()
        elif not self._begun and isinstance(error, SketchRNNError):
            self._decline(str(error))
        else:
            if not isinstance(error, SketchRNNError):
                self._meeting.await_verdict()  # whose end may be what the error is about
            self._meeting.fail(str(error) or type(error).__name__)

    def _decline(self, reason: str) -> None:
        """Tell the others that this process cannot even begin."""
        assert self._meeting is not None
        try:
            self._meeting.agree(None, reason)
        except SketchRNNError:  # which is the error that is on its way already
            self._meeting.close()


def join(
    place: Place,
    *,
    patience: float = PATIENCE,
    on_loss: Callable[[str], None] | None = None,
) -> Team:
    """Meet the other processes of a run, each of which calls this with a place of its own.

    Args:
        place: As `cluster.find_place` finds it.
        patience: Seconds that the others may take to come.
        on_loss: See `Meeting`.

    Raises:
        SketchRNNError: If process 0 is not there in time.
    """
    return Team(Meeting(place, patience=patience, on_loss=on_loss))


def check_divides(batch_size: int, among: int, whom: str) -> None:
    """Refuse a batch that cannot be shared out evenly.

    Raises:
        BadSettingError: If it cannot.
    """
    if batch_size % among:
        less, more = batch_size // among * among, -(-batch_size // among) * among
        raise BadSettingError(
            f"a batch of {batch_size} drawings does not divide among {whom}",
            hint=f"set batch_size={f'{less} or {more}' if less else more}",
        )


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


def _own_device(team: Team) -> int | None:
    """Return the GPU that is this process's own, where several share a machine.

    A launcher that gives each process a GPU of its own (`--gpus-per-task`) shows it no others.
    """
    here = [k for k, host in enumerate(team.hosts) if host == team.hosts[team.number]]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if len(here) == 1 or (visible is not None and len(visible.split(",")) == 1):
        return None
    return here.index(team.number)
