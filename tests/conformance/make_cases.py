"""Write cases.json: small cases whose answers are worked out here with plain arithmetic.

    python tests/conformance/make_cases.py

Nothing of sketchrnn is imported, and nothing but `math` computes: each answer is the formula of
README.md written out once more.
"""

from __future__ import annotations

import json
from math import cosh, exp, log, pi, sqrt, tanh
from pathlib import Path

FILE = Path(__file__).with_name("cases.json")
EPSILON = 1e-6  # what the reference adds to a density before its logarithm

cases = []


def case(kind, name, description, inputs, expected, tolerance=1e-5):
    """Add a case."""
    cases.append(
        {
            "kind": kind,
            "name": name,
            "description": description,
            "inputs": inputs,
            "expected": expected,
            "tolerance": tolerance,
        }
    )


def softmax(logits):
    """Return probabilities."""
    total = sum(exp(v) for v in logits)
    return [exp(v) / total for v in logits]


def density(outputs, dx, dy):
    """Return sum_k pi_k N(dx, dy) of one row of decoder outputs, 3 + 6M numbers."""
    size = (len(outputs) - 3) // 6
    weights, mu_x, mu_y, log_x, log_y, r = (
        outputs[3 + k * size : 3 + (k + 1) * size] for k in range(6)
    )
    total = 0.0
    for k, weight in enumerate(softmax(weights)):
        s_x, s_y, rho = exp(log_x[k]), exp(log_y[k]), tanh(r[k])
        x, y = (dx - mu_x[k]) / s_x, (dy - mu_y[k]) / s_y
        square = (x * x + y * y - 2 * rho * x * y) * cosh(r[k]) ** 2  # 1 - rho^2 = 1 / cosh^2 r
        total += weight * exp(-square / 2) * cosh(r[k]) / (2 * pi * s_x * s_y)
    return total


#                pen             pi        mu_x     mu_y    log s_x  log s_y   r
ONE = [0.0, 0.0, 0.0, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0]
TURNED = [1.0, 0.0, -1.0, 0.0, 0.5, -0.5, log(2), log(0.5), 0.8]
TWO = [0.5, -0.5, 0.0, 0.0, log(3), 0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0, -1]

for name, description, outputs, dx, dy in (
    ("one-standard", "one standard normal at its centre: -ln 2 pi", ONE, 0.0, 0.0),
    ("one-away", "the same, away from its centre: -ln 2 pi - (1 + 4) / 2", ONE, 1.0, -2.0),
    ("one-turned", "deviations 2 and 1/2, correlation tanh 0.8", TURNED, 1.5, -0.25),
    ("two", "weights 1/4 and 3/4, the second with correlation tanh -1", TWO, 0.5, 1.0),
):
    case(
        "log_density",
        name,
        description,
        {"outputs": outputs, "dx": dx, "dy": dy},
        {"log_density": log(density(outputs, dx, dy))},
    )
case(
    "log_density",
    "far-away",
    "a hundred deviations away, the density below the least float: no epsilon, no infinity",
    {"outputs": ONE, "dx": 100.0, "dy": 0.0},
    {"log_density": -log(2 * pi) - 5000.0},
    1e-6,
)


def losses(outputs, targets, length):
    """Return the sums of one drawing: ours, and the reference's by its two conventions."""
    n_max = len(targets) - 1  # one row more than N_max, so that an end row can be scored
    offset = pen = train = evaluation = 0.0
    for t, (row, target) in enumerate(zip(outputs, targets, strict=True)):
        p = density(row, target[0], target[1])
        cross = -sum(one * log(q) for one, q in zip(target[2:], softmax(row[:3]), strict=True))
        if t < length:
            offset -= log(p)
        if t <= length:
            pen += cross
        if t < n_max:
            ended = target[4]
            train += (1 - ended) * -log(p + EPSILON) + cross
            evaluation += (1 - ended) * (-log(p + EPSILON) + cross)
    return {
        "offset": offset,
        "pen": pen,
        "magenta_train": train / n_max,
        "magenta_eval": evaluation / n_max,
    }


DOWN, UP, END = [1, 0, 0], [0, 1, 0], [0, 0, 1]
for name, description, targets, length in (
    (
        "padded",
        "two steps in N_max = 4: offsets of two, pen of three (the end row is scored once), the "
        "reference's training figure with the pen of padding, its evaluation figure without",
        [[0.5, 1.0, *DOWN], [-1.0, 0.0, *UP], *[[0, 0, *END]] * 3],
        2,
    ),
    (
        "full",
        "three steps in N_max = 3: the end row is scored by us, and is not there for the reference",
        [[0.5, 1.0, *DOWN], [-1.0, 0.0, *DOWN], [0.25, 0.5, *UP], [0, 0, *END]],
        3,
    ),
):
    rows = [TWO if t % 2 else [*TURNED[:3], *[v for v in TURNED[3:] for _ in (0, 1)]]
            for t in range(len(targets))]  # fmt: skip
    case(
        "losses",
        name,
        description,
        {"outputs": rows, "targets": targets, "length": length},
        losses(rows, targets, length),
    )


def kl(mean, log_var):
    """Return the divergence of one entry of z from the standard normal."""
    return -(1 + log_var - mean * mean - exp(log_var)) / 2


for name, description, means, log_vars, floor in (
    ("standard", "the prior itself", [[0.0, 0.0]], [[0.0, 0.0]], 0.2),
    (
        "above-the-floor",
        "the mean over drawings and entries of z; log-variances, not deviations",
        [[1.0, -2.0], [0.5, 0.0]],
        [[0.0, -1.0], [1.0, 0.5]],
        0.2,
    ),
    (
        "floored",
        "the floor holds the mean over everything, not each entry",
        [[1.0, 0.0], [0.0, 0.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        0.2,
    ),
):
    each = [
        [kl(m, v) for m, v in zip(*row, strict=True)] for row in zip(means, log_vars, strict=True)
    ]
    flat = [value for row in each for value in row]
    raw = sum(flat) / len(flat)
    case(
        "kl",
        name,
        description,
        {"z_mean": means, "z_log_var": log_vars, "kl_min": floor},
        {"each": each, "raw": raw, "floored": max(raw, floor)},
    )

for step in (0, 1, 1000, 10**6):
    case(
        "learning_rate",
        f"step-{step}",
        "(start - floor) decay^step + floor",
        {"step": step, "start": 1e-3, "floor": 1e-5, "decay": 0.9999},
        {"learning_rate": (1e-3 - 1e-5) * 0.9999**step + 1e-5},
        1e-9,
    )
    case(
        "kl_weight",
        f"step-{step}",
        "w_kl (1 - (1 - eta_min) R^step): with these numbers from 0.01 to 0.5",
        {"step": step, "w_kl": 0.5, "eta_min": 0.02, "kl_decay": 0.99995},
        {"kl_weight": 0.5 * (1 - (1 - 0.02) * 0.99995**step)},
        1e-9,
    )

for rule, tau, divisor, factor in (
    ("paper", 0.25, 0.25, sqrt(0.25)),
    ("magenta", 0.25, 0.25, 0.25),
    ("js", 0.25, 0.5 + 0.25 / 2, sqrt(0.25)),
    ("paper", 1.0, 1.0, 1.0),
    ("magenta", 1.0, 1.0, 1.0),
    ("js", 1.0, 1.0, 1.0),
    ("js", 0.65, 0.825, sqrt(0.65)),
):
    case(
        "temperature",
        f"{rule}-{tau}",
        "what divides the logits of pi and pen, and what both deviations are multiplied with",
        {"rule": rule, "temperature": tau},
        {"logits_divisor": divisor, "sigma_factor": factor},
        1e-9,
    )

case(
    "stroke3_to_strokes",
    "the-origin-is-a-point",
    "the first row leads from the origin, which is the first point, to the second",
    {"rows": [[3, 4, 0], [1, 0, 1], [0, 2, 0], [5, 0, 1]]},
    {"strokes": [[[0, 0], [3, 4], [4, 4]], [[4, 6], [9, 6]]]},
    0,
)
case(
    "stroke3_to_strokes",
    "one-row",
    "a single row with the pen lifted after it is a line of two points",
    {"rows": [[3, 4, 1]]},
    {"strokes": [[[0, 0], [3, 4]]]},
    0,
)
case(
    "stroke3_to_strokes",
    "dots",
    "a first row (0, 0, 1) is a dot at the origin; a later stroke of one point is a dot as well",
    {"rows": [[0, 0, 1], [7, 1, 1]]},
    {"strokes": [[[0, 0]], [[7, 1]]]},
    0,
)
case(
    "stroke3_to_strokes",
    "the-pen-never-lifts",
    "the last stroke ends with the rows",
    {"rows": [[1, 0, 0], [0, 1, 0]]},
    {"strokes": [[[0, 0], [1, 0], [1, 1]]]},
    0,
)
case("stroke3_to_strokes", "nothing", "no rows, no strokes", {"rows": []}, {"strokes": []}, 0)

case(
    "strokes_to_stroke3",
    "place-is-lost",
    "rows count from the first point, wherever it lies",
    {"strokes": [[[10, 10], [13, 14]], [[13, 15]]]},
    {"rows": [[3, 4, 1], [0, 1, 1]]},
    0,
)
case(
    "strokes_to_stroke3",
    "a-dot-first",
    "a dot that comes first is a row of its own",
    {"strokes": [[[5, 5]], [[6, 5], [6, 8]]]},
    {"rows": [[0, 0, 1], [1, 0, 0], [0, 3, 1]]},
    0,
)

ROWS = [[3, 4, 0], [1, 0, 1], [0, 2, 1]]
FIVE = [[3, 4, 1, 0, 0], [1, 0, 0, 1, 0], [0, 2, 0, 1, 0]]
for n_max in (3, 5):
    case(
        "stroke5",
        f"n-max-{n_max}",
        "ended and padded with (0, 0, 0, 0, 1); a drawing of exactly N_max steps has no end row",
        {"rows": ROWS, "max_seq_len": n_max},
        {"rows": FIVE + [[0, 0, 0, 0, 1]] * (n_max - 3)},
        0,
    )
case(
    "stroke5_to_stroke3",
    "up-to-the-end",
    "what follows the first end row is no part of the drawing",
    {"rows": [*FIVE, [0, 0, 0, 0, 1], [9, 9, 1, 0, 0]]},
    {"rows": ROWS},
    0,
)
case(
    "network_input",
    "start-token",
    "the start token (0, 0, 1, 0, 0), the rows, then at least one end row: N_max + 2 rows; the "
    "decoder reads all but the last, and is asked for all but the first",
    {"rows": [[2, 4, 0], [6, 0, 1]], "scale_factor": 2.0, "n_max": 3},
    {
        "rows": [
            [0, 0, 1, 0, 0],
            [1, 2, 1, 0, 0],
            [3, 0, 0, 1, 0],
            [0, 0, 0, 0, 1],
            [0, 0, 0, 0, 1],
        ],
        "length": 2,
    },
    1e-6,
)
offsets = [3, 4, 1, 0, -2, 6, 5, 0]
mean = sum(offsets) / len(offsets)
case(
    "scale_factor",
    "pooled",
    "the standard deviation of all dx and dy of all training drawings in one pool",
    {"drawings": [[[3, 4, 0], [1, 0, 1]], [[-2, 6, 0], [5, 0, 1]]]},
    {"scale_factor": sqrt(sum((v - mean) ** 2 for v in offsets) / len(offsets))},
)
case(
    "point_drop",
    "all",
    "at a rate of 1: what has three rows of its stroke before it and is no end of a stroke goes, "
    "its offset added to the row kept before it",
    {
        "rows": [
            [1, 0, 0],
            [2, 0, 0],
            [3, 0, 0],
            [4, 1, 0],
            [5, 1, 0],
            [6, 0, 1],
            [7, 7, 0],
            [8, 8, 1],
        ],
        "rate": 1.0,
    },
    {"rows": [[1, 0, 0], [2, 0, 0], [12, 2, 0], [6, 0, 1], [7, 7, 0], [8, 8, 1]]},
    1e-6,
)
case(
    "point_drop",
    "none",
    "at a rate of 0 nothing changes",
    {"rows": ROWS, "rate": 0.0},
    {"rows": ROWS},
    1e-6,
)
case(
    "chamfer",
    "two-parallels",
    "a line of size 1, and two of size 1 that are 0.2 apart: with the centres of ink on each other "
    "all ink is 0.1 away, both ways",
    {"a": [[[0, 0], [10, 0]]], "b": [[[0, 0], [10, 0]], [[0, 2], [10, 2]]]},
    {"distance": 0.1},
    1e-4,
)
case(
    "chamfer",
    "crossed",
    "a line and the same upright, size 1, centres of ink on each other: every point t is |t| away, "
    "1/4 on average",
    {"a": [[[0, 0], [8, 0]]], "b": [[[0, 0], [0, 4]]]},
    {"distance": 0.25},
    1e-3,
)


def text():
    """Return the file as it should be."""
    document = {"format": "sketchrnn-conformance", "format_version": 1, "cases": cases}
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
