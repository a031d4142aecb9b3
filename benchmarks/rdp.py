"""Simplification of strokes against the plain algorithm, point by point in Python.

    python benchmarks/rdp.py --sizes 10 500 5000

The plain one is Ramer, Douglas and Peucker as it is written down: recursive, the square of every
point's distance from the segment computed in a loop. It is given rows of NumPy, which strokes are,
and, for who holds points otherwise, lists of numbers. Strokes are smooth random curves of 255 units
with a trembling hand, simplified with epsilon 2; results are compared before anything is measured.

Prints, for each number of points, microseconds a stroke, the median of interleaved runs: the plain
one on rows and on lists, `geometry.simplify` for one stroke a call, and for all strokes in one call
as a conversion does it; and how many times quicker than the plain one on rows the last two are.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from machine import keep_results

from sketchrnn.drawing.geometry import simplify

EPSILON = 2.0


def plain(points: Any, epsilon: float) -> list[Any]:
    """Return the points that are kept."""
    if len(points) < 3:
        return list(points)
    (start_x, start_y), (end_x, end_y) = points[0], points[-1]
    chord_x, chord_y = end_x - start_x, end_y - start_y
    length = chord_x * chord_x + chord_y * chord_y
    distances = []
    for x, y in points[1:-1]:
        x, y = x - start_x, y - start_y
        along = (x * chord_x + y * chord_y) / length if length > 0 else 0.0
        along = min(max(along, 0.0), 1.0)
        x, y = x - along * chord_x, y - along * chord_y
        distances.append(x * x + y * y)
    if max(distances) <= epsilon * epsilon:
        return [points[0], points[-1]]
    middle = distances.index(max(distances)) + 1
    return plain(points[: middle + 1], epsilon)[:-1] + plain(points[middle:], epsilon)


def make_strokes(size: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(size)
    strokes = []
    for _ in range(count):
        turns = np.cumsum(np.cumsum(rng.normal(size=(size, 2)), axis=0), axis=0)
        stroke = turns / np.ptp(turns, axis=0).max() * 255 + rng.normal(size=(size, 2)) * 0.5
        strokes.append(stroke)
    return strokes


def timed(work: Callable[[], object]) -> float:
    begin = time.process_time()  # which other programs of a busy machine do not lengthen
    work()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
    )
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    print(f"{'points':>6} {'kept':>5}  {'plain, rows':>11} {'lists':>8} {'one':>8} {'all':>8}   µs")
    for size in options.sizes:
        strokes = make_strokes(size, max(4, min(64, 4000 // size)))
        lists = [stroke.tolist() for stroke in strokes]
        kept = simplify(strokes, EPSILON)
        for stroke, points, together in zip(strokes, lists, kept, strict=True):
            expected = plain(points, EPSILON)
            assert together.tolist() == expected
            assert simplify([stroke], EPSILON)[0].tolist() == expected
        ways = {
            "rows": lambda s=strokes: [plain(stroke, EPSILON) for stroke in s],
            "lists": lambda p=lists: [plain(points, EPSILON) for points in p],
            "one": lambda s=strokes: [simplify([stroke], EPSILON) for stroke in s],
            "all": lambda s=strokes: simplify(s, EPSILON),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.runs):
            for name, work in ways.items():
                seconds[name].append(timed(work))
        rows, plain_lists, one, every = (
            statistics.median(times) / len(strokes) * 1e6 for times in seconds.values()
        )
        points_kept = round(np.mean([len(stroke) for stroke in kept]))
        print(
            f"{size:>6} {points_kept:>5}  {rows:>11.0f} {plain_lists:>8.0f} {one:>8.1f} "
            f"{every:>8.1f}   {rows / one:.1f}x, {rows / every:.1f}x"
        )


if __name__ == "__main__":
    keep_results()
    main()
