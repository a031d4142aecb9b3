"""A real `sketchrnn train`, killed by SIGKILL again and again: it ends with the same bytes.

The moments of death are chosen by a seed among the lines that the process writes: while it
compiles, while it writes its best model or a checkpoint (a validation is told just before), or in
the steps after a page of drawings. `docs/training.md` keeps the result of the long form.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

from sketchrnn.model import folder
from sketchrnn.training import checkpoint

TINY = {
    "decoder_size": 6,
    "num_mixtures": 2,
    "batch_size": 5,
    "num_buckets": 1,
    "learning_rate": 0.01,
    "ema_decay": 0.9,
}
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


def start(data, out, backend, *, resume, **settings):
    command = [sys.executable, "-m", "sketchrnn", "--backend", backend, "train", str(data.path)]
    command += ["-o", str(out)]
    if resume:
        command.append("--resume")
    else:
        command += [f"--set={key}={value}" for key, value in {**TINY, **settings}.items()]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def undisturbed(data, out, backend, **settings):
    process = start(data, out, backend, resume=False, **settings)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    return out


def killed(data, out, backend, kills, seed, **settings):
    """Train with so many violent deaths; return the steps from which it went on."""
    moments = random.Random(seed)
    resumed = []
    for number in range(kills + 1):
        process = start(data, out, backend, resume=number > 0, **settings)
        lines = iter(process.stderr.readline, "")
        said = []
        # the first line that a death may follow says "compiling", so that the folder is there
        last = moments.randint(1, 5) if number < kills else None
        counted = 0
        for line in lines:
            said.append(line)
            if line.startswith("going on from step"):
                resumed.append(int(line.split()[-1].replace(",", "")))
            counted += line.startswith(("compiling", "step "))
            if counted == last:
                process.kill()
                break
        process.communicate()
        expected = 0 if last is None else -signal.SIGKILL
        assert process.returncode == expected, "".join(said)
    return resumed


def same(a, b):
    step, arrays, state = checkpoint.newest(a / "checkpoints")
    step_again, again, state_again = checkpoint.newest(b / "checkpoints")
    assert step == step_again
    assert set(arrays) == set(again)
    for name, array in arrays.items():
        assert array.tobytes() == again[name].tobytes(), name
    for key in set(state) - {"seconds", "metrics_bytes"}:
        assert state[key] == state_again[key], key
    best = folder.read_weights(folder.read(b))
    for name, array in folder.read_weights(folder.read(a)).items():
        assert np.array_equal(array, best[name]), name
    assert figures(a) == figures(b)


def figures(out):
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_two_kills_change_no_byte(data, tmp_path):
    settings = {"conditional": "false", "steps": 60, "evaluate_every": 4, "sample_every": 8}
    a = undisturbed(data, tmp_path / "a", "tensorflow", **settings)
    killed(data, tmp_path / "b", "tensorflow", 2, 5, **settings)
    same(a, tmp_path / "b")


@pytest.mark.long
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_twenty_kills_change_no_byte(data, tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    settings = {
        "z_size": 3,
        "encoder_size": 4,
        "steps": 400,
        "evaluate_every": 4,
        "sample_every": 40,
    }
    a = undisturbed(data, tmp_path / "a", backend, **settings)
    killed(data, tmp_path / "b", backend, 20, 1, **settings)
    same(a, tmp_path / "b")
