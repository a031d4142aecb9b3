"""Where a process stands among others: told by SLURM, Open MPI, Kubernetes or the user."""

from __future__ import annotations

import dataclasses
import re
import socket
from collections.abc import Callable, Mapping

from sketchrnn.drawing import BadSettingError

PORT = 29_400
"""Where process 0 listens, if nothing says otherwise."""
MOST_PROCESSES = 4096
_PORTS = (20_000, 20_000)
"""The first port and the number of those that jobs of a cluster choose from by their number."""


@dataclasses.dataclass(frozen=True)
class Place:
    """One process among others.

    Args:
        address: The host, or its number in the network, where process 0 is.
        port: Where process 0 listens there.
        processes: How many processes there are.
        number: Which of them this is, from 0.

    Raises:
        BadSettingError: If the numbers make no sense.
    """

    address: str
    port: int
    processes: int
    number: int

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        if not 1 <= self.processes <= MOST_PROCESSES:
            raise BadSettingError(
                f"there are {self.processes} processes, and may be 1 to {MOST_PROCESSES:,}",
                hint="give their number with --processes",
            )
        if not 0 <= self.number < self.processes:
            raise BadSettingError(
                f"process {self.number} of {self.processes} cannot be: they count from 0",
                hint=f"give --process-id 0 to {self.processes - 1}",
            )

    def __str__(self) -> str:
        """Return host:port, as the option says it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


def find_place(
    environment: Mapping[str, str],
    *,
    coordinator: str | None = None,
    processes: int | None = None,
    number: int | None = None,
    full_name: Callable[[], str] = socket.getfqdn,
) -> Place:
    """Return the place of this process.

    What is not given is taken from the first of SLURM (`srun`), Open MPI (`mpirun`) and an Indexed
    Job of Kubernetes that the environment tells of. Kubernetes tells no number of processes, and
    Open MPI 5 no address: these must be given.

    Args:
        environment: The environment's variables.
        coordinator: Host, or host:port, of process 0.
        processes: How many there are.
        number: Which of them this is.
        full_name: Gives the name of this host with its domain, for Kubernetes.

    Raises:
        BadSettingError: If something is not given and cannot be found, or cannot be.
    """
    found = next(
        (
            told
            for look in (_slurm, _open_mpi, lambda e: _kubernetes(e, full_name))
            if (told := look(environment))
        ),
        {},
    )
    values = {
        **found,
        **{
            key: value
            for key, value in (
                ("coordinator", coordinator),
                ("processes", processes),
                ("number", number),
            )
            if value is not None
        },
    }
    options = {"coordinator": "HOST:PORT", "processes": "N", "number": "I"}
    missing = [
        f"--{'process-id' if key == 'number' else key} {value}"
        for key, value in options.items()
        if key not in values
    ]
    if missing:
        where = f"{found['by']} tells" if found else "neither SLURM, Open MPI nor Kubernetes tells"
        raise BadSettingError(
            f"{where} where this process stands among the others", hint=f"give {' '.join(missing)}"
        )
    address, port = _address(str(values["coordinator"]))
    return Place(address, port, _whole(values, "processes"), _whole(values, "number"))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise BadSettingError(
            f"the coordinator is {text!r}, and must be a host and a port",
            hint=f"write it like node1:{PORT}",
        )
    return host, int(port)


def _whole(values: Mapping[str, object], key: str) -> int:
    try:
        return int(str(values[key]))
    except ValueError:
        raise BadSettingError(f"{key} is {values[key]!r}, and must be a whole number") from None


def _slurm(environment: Mapping[str, str]) -> dict[str, object]:
    """SLURM's `srun` tells of its step; the first host of the list has task 0."""
    needed = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID")
    if not all(name in environment for name in needed):
        return {}
    job, hosts, tasks, number = (environment[name] for name in needed)
    # node7 | node7,node9 | node[007-015,20],gpu3
    match = re.match(r"([^,\[]+)(?:\[([^,\-\]]+))?", hosts)
    host = (match[1] + (match[2] or "")) if match else hosts
    port = _port_of(job)
    return {
        "by": "SLURM", "coordinator": f"{host}:{port}", "processes": tasks, "number": number,
    }  # fmt: skip


def _open_mpi(environment: Mapping[str, str]) -> dict[str, object]:
    """Open MPI tells size and rank; up to version 4 also where `mpirun` is, on rank 0's host."""
    if "OMPI_COMM_WORLD_SIZE" not in environment or "OMPI_COMM_WORLD_RANK" not in environment:
        return {}
    told: dict[str, object] = {
        "by": "Open MPI",
        "processes": environment["OMPI_COMM_WORLD_SIZE"],
        "number": environment["OMPI_COMM_WORLD_RANK"],
    }
    # 1531576320.0;tcp://10.96.0.1,10.148.0.1:34911, and tcp6://[fe80::1,2620::2]:43370
    uri = environment.get("OMPI_MCA_orte_hnp_uri", "")
    match = re.match(r"(\d+)\..*?(?:tcp://([^,:]+)|tcp6://\[([^,\]]+))", uri)
    if match:
        host = match[2] or f"[{match[3]}]"
        told["coordinator"] = f"{host}:{_port_of(str(int(match[1]) >> 12))}"
    return told


def _kubernetes(environment: Mapping[str, str], full_name: Callable[[], str]) -> dict[str, object]:
    """An Indexed Job names its pods NAME-0, NAME-1, …, below the domain of a headless service."""
    number = environment.get("JOB_COMPLETION_INDEX")
    if number is None:
        return {}
    told: dict[str, object] = {"by": "Kubernetes", "number": number}
    host, dot, domain = full_name().partition(".")
    if dot and host.endswith(f"-{number}"):
        told["coordinator"] = f"{host.removesuffix(number)}0.{domain}:{PORT}"
    return told


def _port_of(job: str) -> int:
    """Return a port for a job, so that two of one host hardly ever meet."""
    digits = re.match(r"\d+", job)
    return _PORTS[0] + (int(digits[0]) if digits else 0) % _PORTS[1]
