"""The cases of cases.json, through the functions that everybody uses."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from sketchrnn.data import DataFileWriter, Preparation, augment, open_data
from sketchrnn.data.batches import pad
from sketchrnn.drawing import Drawing, distance
from sketchrnn.model import losses, mdn
from sketchrnn.sampling.mixture import temperature_rule
from sketchrnn.training.config import kl_weight_at, learning_rate_at

HERE = Path(__file__).parent
DOCUMENT = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
CASES = DOCUMENT["cases"]


def tensor(values):
    return ops.convert_to_tensor(np.asarray(values, dtype=np.float32))


def log_density(outputs, dx, dy):
    mixture = mdn.split_outputs(tensor([outputs]))
    return {"log_density": mdn.log_density(mixture, tensor([dx]), tensor([dy]))[0]}


def step_losses(outputs, targets, length):
    outputs, targets = tensor(outputs)[:, None], tensor(targets)[:, None]
    lengths = ops.convert_to_tensor(np.array([length], np.int32))
    sums = losses.drawing_losses(losses.step_losses(outputs, targets), lengths)
    reference = losses.step_losses(outputs[:-1], targets[:-1], epsilon=losses.MAGENTA_EPSILON)
    n_max = len(outputs) - 1
    found = {
        f"magenta_{name}": losses.magenta_sums(reference, targets[:-1], training=training)[0]
        / n_max
        for name, training in (("train", True), ("eval", False))
    }
    return {"offset": sums.offset[0], "pen": sums.pen[0], **found}


def kl(z_mean, z_log_var, kl_min):
    each = losses.kl_divergence(tensor(z_mean), tensor(z_log_var))
    raw = ops.mean(each)
    return {"each": each, "raw": raw, "floored": ops.maximum(raw, kl_min)}


def temperature(rule, temperature):
    found = temperature_rule(temperature, rule)
    return {"logits_divisor": found.logits_divisor, "sigma_factor": found.sigma_factor}


def network_input(rows, scale_factor, n_max):
    rows = np.asarray(rows, dtype=np.float32)
    rows[:, :2] /= scale_factor
    batch = pad(rows, np.array([len(rows)]), n_max)
    return {"rows": batch["stroke5"][0], "length": batch["lengths"][0]}


def scale_factor(drawings, path):
    with DataFileWriter(path / "some.h5", Preparation(fit="keep")) as writer:
        for rows in drawings:
            writer.append("train", Drawing.from_stroke3(rows))
    with open_data(path / "some.h5") as file:
        return {"scale_factor": file.scale_factor}


def point_drop(rows, rate):
    rows = np.asarray(rows, dtype=np.float32)
    chance = np.random.default_rng(0).random(len(rows))
    kept, lengths = augment.drop_points(rows, np.array([len(rows)]), rate, chance)
    assert lengths.tolist() == [len(kept)]
    return {"rows": kept}


KINDS = {
    "log_density": log_density,
    "losses": step_losses,
    "kl": kl,
    "learning_rate": lambda **inputs: {"learning_rate": learning_rate_at(**inputs)},
    "kl_weight": lambda **inputs: {"kl_weight": kl_weight_at(**inputs)},
    "temperature": temperature,
    "stroke3_to_strokes": lambda rows: {"strokes": Drawing.from_stroke3(rows).strokes},
    "strokes_to_stroke3": lambda strokes: {"rows": Drawing(strokes).to_stroke3()},
    "stroke5": lambda rows, max_seq_len: {
        "rows": Drawing.from_stroke3(rows).to_stroke5(max_seq_len)
    },
    "stroke5_to_stroke3": lambda rows: {"rows": Drawing.from_stroke5(rows).to_stroke3()},
    "network_input": network_input,
    "scale_factor": scale_factor,
    "point_drop": point_drop,
    "chamfer": lambda a, b: {"distance": distance.chamfer(Drawing(a), Drawing(b))},
}


def compare(got, expected, tolerance):
    """Hold an answer against the expected one: numbers, or lists of lists of them."""
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            compare(one, other, tolerance)
    else:
        assert abs(float(got) - expected) <= tolerance * max(1.0, abs(expected))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}-{case['name']}")
def test_case(case, tmp_path):
    extra = {"path": tmp_path} if case["kind"] == "scale_factor" else {}
    got = KINDS[case["kind"]](**case["inputs"], **extra)
    assert set(got) == set(case["expected"])
    for name, expected in case["expected"].items():
        compare(got[name], expected, case["tolerance"])


def test_the_file_is_what_its_script_writes():
    spec = importlib.util.spec_from_file_location("make_cases", HERE / "make_cases.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (HERE / "cases.json").read_text(encoding="utf-8") == script.text()


def test_every_kind_has_a_case_and_is_explained():
    assert {case["kind"] for case in CASES} == set(KINDS)
    pages = (HERE / "README.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in pages] == []
    names = [(case["kind"], case["name"]) for case in CASES]
    assert len(names) == len(set(names)) > 30


def test_the_comparison_can_fail():
    compare([[1.0], 2.0], [[1.0], 2.0], 0)
    for got in ([[1.0], 2.1], [[1.0, 1.0], 2.0], [[1.0]], [[float("nan")], 2.0]):
        with pytest.raises(AssertionError):
            compare(got, [[1.0], 2.0], 1e-3)
