"""The machine that a benchmark ran on, how fast it was meanwhile, and where results are kept.

    python benchmarks/machine.py

prints that alone. Every script of this folder takes `--save`, which keeps what it prints, with the
description of the machine above it, in `benchmarks/results/SCRIPT-DATE.txt`.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import datetime
import importlib.metadata
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("numpy", "h5py", "keras", "tensorflow", "tensorflow-cpu", "jax", "cairocffi", "Pillow")


class _Both(io.TextIOBase):
    """Writes to the screen and keeps what it wrote."""

    def __init__(self, screen: Any) -> None:
        self._screen = screen
        self.kept = io.StringIO()

    def write(self, text: str) -> int:
        self.kept.write(text)
        return self._screen.write(text)

    def flush(self) -> None:
        self._screen.flush()


def keep_results() -> None:
    """Keep what is printed from now to the end, if the script was called with --save.

    The option is taken off the command line, so that a script's own parser need not know it.
    """
    if "--save" not in sys.argv[1:]:
        return
    sys.argv.remove("--save")
    words = " ".join([f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    both = _Both(sys.stdout)
    sys.stdout = both

    def write() -> None:
        if hasattr(sys, "last_value"):  # something was raised: these are no results
            return
        RESULTS.mkdir(exist_ok=True)
        name = f"{Path(sys.argv[0]).stem}-{datetime.date.today().isoformat()}"
        names = (f"{name}{'' if number == 1 else f'-{number}'}.txt" for number in range(1, 1000))
        path = next(RESULTS / name for name in names if not (RESULTS / name).exists())
        path.write_text(f"python {words}\n{describe()}\n\n{both.kept.getvalue()}", encoding="utf-8")
        print(f"kept in {path.relative_to(RESULTS.parents[1])}", file=sys.stderr)

    atexit.register(write)


def describe() -> str:
    """Return what computes: processor, memory, system, versions."""
    lines = [
        f"{_processor()}, {_processors()} of {os.cpu_count()} processors, {_memory():.0f} GB; "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        ", ".join(f"{name} {version}" for name, version in _versions().items()),
    ]
    if hasattr(os, "getloadavg"):
        lines.append(f"load at the end {os.getloadavg()[0]:.1f}")
    return "\n".join(lines)


def speed() -> str:
    """Measure the machine, and return a line that says how fast it is at this moment."""
    return (
        f"matrix peak {matrix_peak() / 1e9:.0f} GFLOP/s, "
        f"{python_speed() / 1e6:.0f} million additions of Python a second"
    )


def matrix_peak() -> float:
    """Return the rate of the best of some large products in float32, operations a second."""
    a = np.random.default_rng(0).random((2048, 2048), dtype=np.float32)
    return max(2 * 2048**3 / timed(lambda: a @ a) for _ in range(8))


def python_speed() -> float:
    """Return how many additions a loop does in a second of processor time, the best of some."""

    def add() -> None:
        total = 0
        for number in range(1_000_000):
            total += number

    return 1_000_000 / min(spent(add) for _ in range(5))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds by the clock that something takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def spent(work: Callable[[], object]) -> float:
    """Return the seconds of processor time, all threads together, that something takes.

    Other programs of a busy machine lengthen these little.
    """
    begin = time.process_time()
    work()
    return time.process_time() - begin


def interleaved(
    ways: Mapping[str, Callable[[], object]], runs: int, measure: Callable[..., float] = spent
) -> dict[str, tuple[float, float, float]]:
    """Measure ways by turns, so that a machine that slows down slows all of them.

    Args:
        ways: What to measure, by name. Each runs once before, unmeasured.
        runs: How often.
        measure: `timed` or `spent`.

    Returns:
        (median, least, greatest) seconds of each.
    """
    for work in ways.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, work in ways.items():
            found[name].append(measure(work))
    return {name: (statistics.median(s), min(s), max(s)) for name, s in found.items()}


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _memory() -> float:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return float("nan")


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(speed())
    print(describe())


if __name__ == "__main__":
    keep_results()
    main()
