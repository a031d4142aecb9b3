"""How fast drawings become a data file, on one core, and with how much memory.

    python benchmarks/convert.py --only ndjson packed
    python benchmarks/convert.py --million

Converts the inputs that `read.py` reads, each in a process of its own, and prints drawings a second
of processor time, reading and writing included, and the most memory that the process took. With
`--million` it is a million drawings in one file: real ones again and again, each time with another
first point, so that none is a copy. Then batches of 100 are taken from what came of it, as training
takes them, with rows in memory and with rows on disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import keep_results
from read import DATA, KINDS

from sketchrnn.data import convert, open_data
from sketchrnn.data.batches import Batches

CONVERTED = ("ndjson", "packed", "npz", "kanjivg")
MILLION = 1_000_000
STEPS = 2000


def peak() -> float:
    """Return the most memory that this process has taken, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(path: str, out: str) -> dict[str, float]:
    """Convert an input."""
    start = time.process_time()
    report = convert(path, out)
    return {
        "drawings": report.kept,
        "rate": report.read / (time.process_time() - start),
        "peak": peak(),
    }


def measure_batches(path: str, memory: int) -> dict[str, float]:
    """Take batches from a data file."""
    with open_data(path) as data:
        train = data["train"]
        made = Batches(train, scale_factor=data.scale_factor, batch_size=100, memory=memory)
        start = time.perf_counter()
        slowest = 0.0
        for step in range(STEPS):
            begin = time.perf_counter()
            made[step]
            slowest = max(slowest, time.perf_counter() - begin)
        seconds = time.perf_counter() - start
    return {"ms": seconds / STEPS * 1000, "slowest": slowest, "peak": peak()}


def write_many(path: Path, count: int) -> bool:
    """Write so many lines of drawings, no two alike; say whether there are drawings to repeat."""
    sources = sorted((DATA / "quickdraw/simplified").glob("*.ndjson"))
    lines = [line for source in sources for line in source.read_bytes().splitlines(True)]
    with open(path, "wb") as file:
        for k in range(count if lines else 0):
            turn, line = k // len(lines), lines[k % len(lines)]
            line = line.replace(b"[[[", b"[[[%d," % (turn * 37 % 256), 1)
            file.write(line.replace(b"],[", b"],[%d," % (turn * 91 % 256), 1))
    return bool(lines)


def answer(*arguments: object) -> dict[str, float]:
    """Return what a process of its own measures."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(title: str, found: dict[str, float]) -> None:
    print(f"{title:<30} {found['drawings']:>9,.0f} {found['rate']:>9,.0f} {found['peak']:>8.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CONVERTED, default=list(CONVERTED))
    parser.add_argument("--million", action="store_true", help="a million drawings, in one file")
    parser.add_argument("--count", type=int, default=MILLION, help="or so many")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--batches", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    if options.batches:
        print(json.dumps(measure_batches(options.batches[0], int(options.batches[1]))))
        return
    print(f"{'':<30} {'drawings':>9} {'a second':>9} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = folder / "out.h5"
        if options.million:
            if not write_many(folder / "many.ndjson", options.count):
                print("there are no drawings to repeat")
                return
            found = answer("--measure", folder / "many.ndjson", out)
            show(f"{options.count:,} in one .ndjson", found)
            for title, memory in (("in memory", 1 << 40), ("on disk", out.stat().st_size // 2)):
                found = answer("--batches", out, memory)
                print(
                    f"batches of 100, rows {title}: {found['ms']:.2f} ms in the mean, "
                    f"{found['slowest']:.2f} s at most, peak {found['peak']:.0f} MB"
                )
            return
        for kind in options.only:
            title, make = KINDS[kind]
            (folder / kind).mkdir()
            path = make(folder / kind)
            if path is None:
                print(f"{title:<30} left out: its data are not there")
                continue
            show(title, answer("--measure", path, folder / f"{kind}.h5"))


if __name__ == "__main__":
    keep_results()
    main()
