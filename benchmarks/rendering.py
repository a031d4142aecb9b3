"""How fast drawings become pictures: SVG strings, PNG files, arrays, galleries.

    python benchmarks/rendering.py --drawings 1000 --runs 5 --save

Cars of Quick, Draw! where they are (`../shared`, or what SKETCHRNN_SHARED says), else strokes that
are made up. Printed are pictures a second of processor time, the median of interleaved runs with
the slowest and the fastest, and pictures a second by the clock: the threads that paint PNG share
out what is free of the machine. `one by one` are `drawing_to_svg` and `drawing_to_png`; cairosvg is
given the SVG. Then seconds for a gallery of 10,000 drawings as SVG.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
from machine import interleaved, keep_results, speed, spent, timed

from sketchrnn.drawing import Drawing
from sketchrnn.render import (
    drawing_to_png,
    drawing_to_svg,
    drawings_to_array,
    drawings_to_png,
    drawings_to_svg,
    gallery,
    save_drawings,
)
from sketchrnn.sources import read_all

ROOT = Path(__file__).resolve().parents[1]
CARS = Path(os.environ.get("SKETCHRNN_SHARED") or ROOT.parent / "shared") / (
    "data/quickdraw/simplified/car.ndjson"
)


def some_drawings(count: int) -> tuple[list[Drawing], str]:
    """Return drawings, and what they are."""
    if CARS.is_file():
        return list(islice(read_all(CARS), count)), "cars"
    rng = np.random.default_rng(0)
    return [
        Drawing([np.cumsum(rng.normal(0, 20, (10, 2)), axis=0) for _ in range(5)])
        for _ in range(count)
    ], "made up drawings"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    given, kind = some_drawings(options.drawings)
    points = statistics.mean(drawing.num_points for drawing in given)
    print(speed())
    print(f"{len(given)} {kind} of {points:.0f} points in the mean")
    few = given[: max(1, len(given) // 10)]
    ways = {
        "SVG strings": (given, lambda: list(drawings_to_svg(given))),
        "SVG strings, one by one": (given, lambda: [drawing_to_svg(d) for d in given]),
        "PNG 256 x 256": (given, lambda: list(drawings_to_png(given))),
        "PNG 256 x 256, one by one": (given, lambda: [drawing_to_png(d) for d in given]),
        "PNG 256 x 256, by order": (
            few,
            lambda: list(drawings_to_png(few, color_by_order=True)),
        ),
        "PNG 28 x 28": (given, lambda: list(drawings_to_png(given, size=28))),
        "array 256 x 256": (given, lambda: drawings_to_array(given)),
        "array 28 x 28": (given, lambda: drawings_to_array(given, size=28)),
    }
    with tempfile.TemporaryDirectory() as name:
        turns = iter(range(1_000_000))
        ways["folder of PNG 256 x 256"] = (
            given,
            lambda: save_drawings(given, Path(name) / str(next(turns))),
        )
        try:
            import cairosvg
        except (ImportError, OSError):
            print("cairosvg is not there")
        else:
            ways["PNG 256 x 256, by cairosvg"] = (
                few,
                lambda: [cairosvg.svg2png(bytestring=drawing_to_svg(d).encode()) for d in few],
            )
        works = {title: work for title, (_, work) in ways.items()}
        cpu = interleaved(works, options.runs)
        clock = interleaved(works, options.runs, timed)
    print(f"{'a second':<28} {'processor':>9} {'least':>8} {'most':>8} {'clock':>8}")
    for title, (drawn, _) in ways.items():
        median, least, most = (len(drawn) / seconds for seconds in cpu[title])
        by_clock = len(drawn) / clock[title][0]
        print(f"{title:<28} {median:>9,.0f} {most:>8,.0f} {least:>8,.0f} {by_clock:>8,.0f}")
    many = (given * (10_000 // len(given) + 1))[:10_000]
    made = [spent(lambda: gallery(many, columns=100).to_svg()) for _ in range(3)]
    print(f"gallery of 10,000 as SVG: {statistics.median(made):.1f} s of processor time")


if __name__ == "__main__":
    keep_results()
    main()
