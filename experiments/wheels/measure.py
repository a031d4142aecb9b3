"""How often does a car's body get wheels, and how often does `wheels.py` see wheels at all?

python experiments/wheels/measure.py MODEL cars.h5 --page wheels.png
python experiments/wheels/measure.py --detector car.ndjson sun.ndjson
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

import numpy as np

import sketchrnn as sr

sys.path.insert(0, str(Path(__file__).parent))
from wheels import has_wheels, wheels

WIDE = 0.8
"""What share of a car's width its first stroke has, to be the body."""

ENDINGS = 9


def find_bodies(drawings, most: int) -> list[sr.Drawing]:
    """Return bodies alone: the first strokes, wide ones, of cars whose next stroke is a wheel."""
    bodies = []
    for drawing in drawings:
        found = wheels(drawing)
        if len(found) < 2 or min(found) != 1:
            continue
        body = drawing.strokes[0]
        x_min, _, x_max, _ = drawing.bounds
        if np.ptp(body[:, 0]) >= WIDE * (x_max - x_min):
            bodies.append(sr.Drawing([body]))  # as a stranger's: nothing tells how large it is
        if len(bodies) == most:
            break
    return bodies


def measure(arguments) -> dict[str, object]:
    """Complete bodies of test drawings, and count the endings that have wheels."""
    model = sr.load(arguments.model)
    with sr.open_data(arguments.data) as data:
        bodies = find_bodies(data["test"], arguments.bodies)
    if not bodies:
        sys.exit("there is no car in the test split whose first stroke is its body")
    rows, counts, ended = [], [], []
    temperature = arguments.temperature
    if arguments.temperature_pen is not None:
        common = dict.fromkeys(("pi", "sigma"), arguments.temperature)
        temperature = {**common, "pen": arguments.temperature_pen}
    for seed, body in enumerate(bodies):
        words = {"temperature": temperature, "z": arguments.z, "seed": seed}
        endings = model.complete(body, ENDINGS, **words)
        counts.append(sum(has_wheels(ending, first=1) for ending in endings))
        ended += [ending.metadata["ended"] for ending in endings]
        rows.append([body, *endings])
    if arguments.page:
        page = sr.gallery(
            rows[: arguments.rows],
            row_labels=[f"{count} of {ENDINGS}" for count in counts[: arguments.rows]],
            ending_color="crimson",
            fit="each",
        )
        page.save(arguments.page, overwrite=True)
    return {
        "step": model.provenance.get("step"),
        "temperature": temperature,
        "z": arguments.z,
        "bodies": len(bodies),
        "endings_with_wheels": round(sum(counts) / (ENDINGS * len(bodies)), 3),
        "bodies_with_wheels_in_most": sum(2 * count > ENDINGS for count in counts),
        "ended": round(float(np.mean(ended)), 3),
        "counts": counts,
    }


def judge_detector(paths: list[str], most: int) -> dict[str, float]:
    """Return in which share of the drawings of files wheels are found."""
    shares = {}
    for path in paths:
        drawings = list(itertools.islice(sr.read_all(path), most))
        found = [drawing for drawing in drawings if has_wheels(drawing)]
        shares[Path(path).stem] = round(len(found) / len(drawings), 3)
        bare = [
            sr.Drawing([s for k, s in enumerate(d.strokes) if k not in wheels(d)]) for d in found
        ]
        if bare:
            still = sum(map(has_wheels, bare)) / len(bare)
            shares[f"{Path(path).stem}, those less their wheels"] = round(still, 3)
    return shares


def main() -> None:
    """Read the command line, measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("data", nargs="?")
    parser.add_argument("--detector", nargs="+", metavar="FILE", help="of drawings: the detector")
    parser.add_argument("--bodies", type=int, default=20)
    parser.add_argument("--most", type=int, default=2000, help="drawings a file for --detector")
    parser.add_argument("-t", "--temperature", type=float, default=0.25)
    parser.add_argument("--temperature-pen", type=float)
    parser.add_argument("--z", default="fitting", choices=["fitting", "prior", "own"])
    parser.add_argument("--page", metavar="OUT.png")
    parser.add_argument("--rows", type=int, default=6, help="on the page")
    arguments = parser.parse_args()
    if arguments.detector:
        print(json.dumps(judge_detector(arguments.detector, arguments.most), indent=2))
    elif arguments.data is None:
        parser.error("name a model and a data file, or --detector and files of drawings")
    else:
        print(json.dumps(measure(arguments)))


if __name__ == "__main__":
    main()
