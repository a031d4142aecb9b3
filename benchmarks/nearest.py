"""How long nearest neighbours take, how often they are the true ones, and how near real ones lie.

    .venv/bin/python benchmarks/nearest.py kanji.h5 --queries 200 --checked 20

Held-out drawings look for their nearest among the training drawings. `--checked` of them are
measured to every training drawing as well. The last lines tell how near copies lie: training
drawings stretched by up to 10 % each way, their points displaced by 2 data units.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from machine import keep_results

import sketchrnn as sr
from sketchrnn.drawing import Drawing, distance

keep_results()
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("data", nargs="?", help="otherwise drawings of the model kanji")
parser.add_argument("--queries", type=int, default=200)
parser.add_argument("--checked", type=int, default=10)
arguments = parser.parse_args()

if arguments.data:
    with sr.open_data(arguments.data) as file:
        rows, offsets = file["train"].all_rows()
        train = [Drawing.from_stroke3(rows[a:b]) for a, b in itertools.pairwise(offsets)]
        held_out = file["test"][: arguments.queries]
else:
    drawn = sr.load("kanji").generate(1000 + arguments.queries, seed=1)
    train, held_out = drawn[:1000], drawn[1000:]

began = time.process_time()
found = distance.nearest(held_out, train)
print(
    f"{len(held_out)} among {len(train):,}: {time.process_time() - began:.1f} s of one core",
    flush=True,
)
missed = 0
excess = [0.0]
for number in range(min(arguments.checked, len(held_out))):
    least = min(
        distance._measure(
            distance.ink_of([held_out[number]]), distance.ink_of(train[k : k + 256])
        ).min()
        for k in range(0, len(train), 256)
    )
    excess.append(found.distances[number, 0] - least)
    missed += excess[-1] > 1e-9
print(f"nearest missed: {missed} of {len(excess) - 1}, by at most {max(excess):.4f}")

levels = [0, 0.01, 0.05, 0.5, 0.95, 1]
generator = np.random.default_rng(0)
copies = []
originals = train[: arguments.queries]
for drawing in originals:
    stretch = generator.uniform(0.9, 1.1, 2)
    copies.append(
        Drawing([(s + generator.normal(0, 2, s.shape)) * stretch for s in drawing.strokes])
    )
print(f"{'quantiles':<26}" + "".join(f"{level:>9.0%}" for level in levels))
for name, distances in (
    ("held-out to nearest", found.distances[:, 0]),
    ("copies to their original", distance.paired(originals, copies)),
):
    shown = "".join(f"{q:>9.4f}" for q in np.quantile(distances, levels))
    print(f"{name:<26}{shown}   below 0.01: {(distances < 0.01).mean():.1%}")
