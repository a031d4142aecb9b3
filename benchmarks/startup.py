"""How long commands take from their start to their end.

    python benchmarks/startup.py --runs 9 --save

Each command runs in a process of its own, by turns with the others. Printed are milliseconds of
processor time and by the clock, medians, with the least of each. The first lines are what cannot be
saved: Python, and the packages that every drawing takes. Files are read from the system's memory:
each command has run once before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from machine import keep_results, speed

RUN = "import sys; from sketchrnn.cli.main import main; main(sys.argv[1:])"


def commands(folder: Path) -> dict[str, list[str]]:
    draw = ["generate", "kanji", "--seed", "7", "--force"]
    return {
        "python": ["-c", "pass"],
        "import numpy, h5py": ["-c", "import numpy, h5py"],
        "sketchrnn --help": ["-c", RUN, "--help"],
        "import sketchrnn": ["-c", "import sketchrnn"],
        "sketchrnn.load('kanji')": ["-c", "import sketchrnn; sketchrnn.load('kanji')"],
        "generate kanji -n 1, SVG": ["-c", RUN, *draw, "-n", "1", "-o", str(folder / "a.svg")],
        "generate kanji -n 1, PNG": ["-c", RUN, *draw, "-n", "1", "-o", str(folder / "a.png")],
        "generate kanji -n 9, SVG": ["-c", RUN, *draw, "-n", "9", "-o", str(folder / "b.svg")],
        "generate kanji -n 64, SVG": ["-c", RUN, *draw, "-n", "64", "-o", str(folder / "c.svg")],
    }


def run(words: list[str]) -> tuple[float, float]:
    """Run Python and return the seconds of processor time and by the clock."""
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    begin = time.perf_counter()
    process = os.posix_spawn(
        sys.executable, [sys.executable, *words], os.environ, file_actions=quiet
    )
    _, status, used = os.wait4(process, 0)
    clock = time.perf_counter() - begin
    if status:
        raise SystemExit(f"failed: {' '.join(words)}")
    return used.ru_utime + used.ru_stime, clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles everything each time
    print(speed())
    with tempfile.TemporaryDirectory() as name:
        wanted = commands(Path(name))
        found: dict[str, list[tuple[float, float]]] = {title: [] for title in wanted}
        for turn in range(options.runs + 1):
            for title, words in wanted.items():
                seconds = run(words)
                if turn:
                    found[title].append(seconds)
    print(f"{'ms':<28} {'processor':>9} {'least':>7} {'clock':>7} {'least':>7}")
    for title, pairs in found.items():
        cpu, clock = ([1000 * seconds for seconds in times] for times in zip(*pairs, strict=True))
        print(
            f"{title:<28} {statistics.median(cpu):>9.0f} {min(cpu):>7.0f} "
            f"{statistics.median(clock):>7.0f} {min(clock):>7.0f}"
        )


if __name__ == "__main__":
    keep_results()
    main()
