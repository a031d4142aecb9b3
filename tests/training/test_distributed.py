"""Real processes that train together over loopback, on JAX.

The losses of two are those of one with the same batches; one that is killed ends the other within
seconds, with one line; and a run goes on with another number of processes. All that is one test,
as each process has to import and to compile. The long ones are `make test-distributed`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.data import DataFileWriter, Preparation, beam, open_data
from sketchrnn.drawing import Drawing, SketchRNNError
from sketchrnn.training import checkpoint, distributed

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax"),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
]
LIMIT = 300
"""Seconds after which a process counts as hung; the machine may be busy."""
TOLERANCE = 1e-5
LOST = (75, -signal.SIGABRT)
"""Statuses of who has lost another process: ours, or that of JAX, which aborts."""
STARTED = []
SETTINGS = {
    "encoder_size": 6,
    "decoder_size": 10,
    "decoder_cell": "layer_norm",
    "z_size": 4,
    "num_mixtures": 3,
    "batch_size": 8,
    "num_buckets": 1,
    "learning_rate": 0.01,
    "min_learning_rate": 0.005,
    "kl_min": 0.02,
    "ema_decay": 0.5,
    "evaluate_every": 1,  # so that metrics.jsonl has the losses of every step
    "sample_every": 0,
    "steps": 10,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sixty drawings to learn, eleven to validate."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    rng = np.random.default_rng(0)
    with DataFileWriter(path, Preparation(fit="longer_side")) as writer:
        for split, count in (("train", 60), ("valid", 11)):
            for _ in range(count):
                points = rng.integers(0, 256, (int(rng.integers(3, 15)), 2))
                writer.append(split, Drawing([points, points[:2]]))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of five shards; Beam, which may be missing, has no part in it."""
    home = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(1)
    lines = [
        json.dumps({"drawing": [rng.integers(0, 256, (2, int(rng.integers(3, 15)))).tolist()]})
        for _ in range(80)
    ]
    (home / "made-up.ndjson").write_text("\n".join(lines))

    def run(_, work, jobs, plan, parts, options):
        for job in jobs:
            beam._do_job(job, work, plan, str(parts))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beam, "_beam", lambda: None)
        patch.setattr(beam, "_run_pipeline", run)
        size = (home / "made-up.ndjson").stat().st_size // 5 + 1
        beam.build(home / "made-up.ndjson", home / "many", piece_bytes=size, splits=(8, 1, 1))
    with open_data(home / "many") as data:
        assert data["train"].num_shards == 5
    return home / "many"


@pytest.fixture(autouse=True)
def none_stays():
    """A test that fails leaves no process, and no open pipe that another would be blamed for."""
    yield
    for process in STARTED:
        process.kill()
        process.communicate()
    STARTED.clear()


def start(data, out, *more, flags="", environment=None, **settings):
    command = [sys.executable, "-m", "sketchrnn", "--backend", "jax", "train", str(data)]
    command += ["-o", str(out), *more, *(f"--set={key}={value}" for key, value in settings.items())]
    # unoptimised programs compile in half of the time
    flags = f"--xla_backend_optimization_level=0 {flags}"
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "XLA_FLAGS": flags, **(environment or {})},
    )
    STARTED.append(process)
    return process


def free_port():
    """Return a port below those that the system lends to connections of other programs."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("a hundred ports are taken")


def start_all(count, data, out, *more, **settings):
    port = free_port()
    where = ["--distributed", "--coordinator", f"127.0.0.1:{port}", "--processes", str(count)]
    return [
        start(data, out, *where, "--process-id", str(number), *more, **settings)
        for number in range(count)
    ]


def finish(*processes):
    said = [process.communicate(timeout=LIMIT) for process in processes]
    for process, (_, lines) in zip(processes, said, strict=True):
        assert process.returncode == 0, lines
    return said


def figures(out):
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return {(line["step"], line["split"]): line for line in lines}


def assert_alike(one, other, steps):
    """The losses of the steps, and the figures of the validations after them."""
    a, b = figures(one), figures(other)
    for step in steps:
        for split, names in (
            ("train", ("loss", "loss_reconstruction", "loss_offset", "loss_pen", "loss_kl")),
            ("valid", ("objective", "nats_per_drawing", "kl_raw", "magenta_train")),
        ):
            for name in names:
                first, second = a[step, split][name], b[step, split][name]
                assert second == pytest.approx(first, rel=TOLERANCE, abs=1e-6), (step, name)


def wait_for(process, text):
    lines = []
    for line in iter(process.stderr.readline, ""):
        lines.append(line)
        if line.startswith(text):
            return
    raise AssertionError("".join(lines))


def kill_one(processes, victim):
    """Kill a process; return the status and the lines of each other, which end by themselves."""
    processes[victim].kill()
    killed = time.monotonic()
    others = [p for p in processes if p is not processes[victim]]
    said = [process.communicate(timeout=LIMIT) for process in others]
    assert time.monotonic() - killed < 60  # and not the minutes that the engine itself would take
    processes[victim].communicate()
    return [(p.returncode, out, lines) for p, (out, lines) in zip(others, said, strict=True)]


def test_two_go_on_from_one_as_one_does_and_one_dies(data, tmp_path):
    alone, copy = tmp_path / "alone", tmp_path / "copy"
    script = (
        "import shutil, sys, sketchrnn\n"
        "def watch(progress):\n"
        "    if progress.event == 'checkpoint' and progress.step == 4:\n"
        "        shutil.copytree(sys.argv[2], sys.argv[3])\n"
        "sketchrnn.train(*sys.argv[1:3], watcher=watch, **eval(sys.argv[4]))\n"
    )
    environment = {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    settings = {**SETTINGS, "steps": 24}
    subprocess.run(
        [sys.executable, "-c", script, data, alone, copy, repr(settings)],
        check=True,
        env={**os.environ, **environment},
        timeout=LIMIT,
    )
    processes = start_all(2, data, copy, "--resume", steps=100_000)
    wait_for(processes[0], "step      24")
    ((status, out, lines),) = kill_one(processes, 1)
    assert_alike(alone, copy, range(5, 25))
    assert status in LOST
    assert out == ""
    assert "another process of the run is gone" in lines or "another task died" in lines
    assert "Traceback" not in lines
    step, arrays, _ = checkpoint.newest(copy / "checkpoints")
    assert step >= 23
    assert set(arrays) == set(checkpoint.newest(alone / "checkpoints")[1])


@pytest.mark.long
@pytest.mark.parametrize("cells", [("lstm", "lstm"), ("layer_norm", "hyper")])
def test_two_are_one(data, tmp_path, cells):
    settings = {**SETTINGS, "encoder_cell": cells[0], "decoder_cell": cells[1], "steps": 20}
    finish(start(data, tmp_path / "one", **settings))
    said = finish(*start_all(2, data, tmp_path / "two", **settings))
    assert said[1] == ("", "")  # the first alone tells
    assert_alike(tmp_path / "one", tmp_path / "two", range(1, 21))


@pytest.mark.long
def test_two_that_read_shards_of_their_own_are_one(folder, tmp_path):
    settings = {**SETTINGS, "steps": 20}
    finish(start(folder, tmp_path / "one", **settings))
    finish(*start_all(2, folder, tmp_path / "two", **settings))
    assert_alike(tmp_path / "one", tmp_path / "two", range(1, 21))


@pytest.mark.long
def test_two_devices_of_one_process_are_one(data, tmp_path):
    settings = {**SETTINGS, "steps": 20}
    finish(start(data, tmp_path / "one", **settings))
    programs = tmp_path / "programs"
    flags = f"--xla_dump_to={programs} --xla_dump_hlo_as_text"
    flags += " --xla_force_host_platform_device_count=2"
    # where nothing is kept from before: what is not compiled is not written down
    nothing = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    ((_, lines),) = finish(
        start(data, tmp_path / "two", flags=flags, environment=nothing, **settings)
    )
    assert "\n2 devices\n" in lines
    (program,) = programs.glob("*train_step*after_optimizations.txt")
    text = program.read_text()
    assert " all-reduce(" in text and "all-gather" not in text  # gradients, and no sequences
    assert_alike(tmp_path / "one", tmp_path / "two", range(1, 21))
    flags = "--xla_force_host_platform_device_count=3"
    ((_, lines),) = finish(start(data, tmp_path / "three", flags=flags, **settings))
    assert "2 of 3 devices are used, as a batch of 8 drawings does not divide among all" in lines
    assert_alike(tmp_path / "one", tmp_path / "three", range(1, 21))


@pytest.mark.long
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_run_goes_on_with_another_number_of_processes(data, tmp_path, victim):
    settings = {**SETTINGS, "steps": 20}
    finish(start(data, tmp_path / "one", **settings))
    out = tmp_path / "three"
    processes = start_all(3, data, out, **{**settings, "batch_size": 12})
    wait_for(processes[0], "step       5")
    for status, _, lines in kill_one(processes, victim):
        assert status in LOST
        assert "Traceback" not in lines
    shutil.rmtree(out)
    processes = start_all(2, data, out, **settings)
    wait_for(processes[0], "step       5")
    kill_one(processes, victim)
    finish(start(data, out, "--resume", "--steps", "20"))
    assert_alike(tmp_path / "one", out, range(1, 21))


@pytest.mark.long
def test_slurm_tells_where_each_process_stands(data, tmp_path):
    finish(start(data, tmp_path / "one", **SETTINGS))
    shared = {"SLURM_JOB_ID": str(free_port()), "SLURM_STEP_NODELIST": "localhost"}
    processes = [
        start(
            data,
            tmp_path / "two",
            "--distributed",
            environment={
                **shared,
                "SLURM_NTASKS": "2",
                "SLURM_PROCID": str(number),
                "SLURM_LOCALID": str(number),
            },
            **SETTINGS,
        )
        for number in range(2)
    ]
    finish(*processes)
    assert_alike(tmp_path / "one", tmp_path / "two", range(1, 11))


@pytest.mark.long
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_recipe_for_slurm_trains_and_goes_on(data, tmp_path):
    """Its script as it is, with an `srun` that starts two processes here as SLURM would."""
    tool = tmp_path / "srun"
    tool.write_text(
        "#!/bin/bash\n"
        f"export SLURM_JOB_ID={free_port()} SLURM_STEP_NODELIST=localhost SLURM_NTASKS=2\n"
        'while [[ "$1" = --* ]]; do shift; done\n'
        'SLURM_PROCID=1 SLURM_LOCALID=0 "$@" &\n'
        'SLURM_PROCID=0 SLURM_LOCALID=0 "$@" && wait $!\n'
    )
    tool.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {**SETTINGS, "steps": 20}
    finish(start(data, tmp_path / "one", **settings))
    script = Path(__file__).resolve().parents[2] / "docs" / "recipes" / "slurm.sh"
    first = [f"--set={key}={value}" for key, value in {**settings, "steps": 8}.items()]
    for more in (first, ["--steps", "20"]):
        done = subprocess.run(
            ["bash", script, data, tmp_path / "two", *more],
            env={**os.environ, "PATH": path, "XLA_FLAGS": "--xla_backend_optimization_level=0"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stderr
    assert_alike(tmp_path / "one", tmp_path / "two", range(1, 21))


@pytest.mark.long
def test_hosts_that_differ_are_named_before_anything_is_written(data, tmp_path):
    port = free_port()
    where = ["--distributed", "--coordinator", f"127.0.0.1:{port}", "--processes", "2"]
    processes = [
        start(data, tmp_path / "run", *where, "--process-id", str(number), seed=number, **SETTINGS)
        for number in range(2)
    ]
    for process in processes:
        _, lines = process.communicate(timeout=LIMIT)
        assert process.returncode == 2, lines
        (line,) = [line for line in lines.splitlines() if line.startswith("sketchrnn: ")]
        assert "differ in their settings: seed 1 and 0" in line
    assert not (tmp_path / "run").exists()


def test_a_coordinator_that_is_not_there(data, tmp_path):
    where = ["--distributed", "--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2"]
    process = start(data, tmp_path / "run", *where, "--process-id", "1", "--patience", "1")
    _, lines = process.communicate(timeout=LIMIT)
    assert process.returncode == -signal.SIGABRT
    assert "DEADLINE_EXCEEDED" in lines
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ((None, None, None), "--coordinator HOST:PORT --processes N --process-id I"),
        (("127.0.0.1", 2, 2), "process_id"),
        (("127.0.0.1", None, 1), "--processes N"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(where, complaint):
    """In a process of its own: JAX is a process's own."""
    script = (
        "import sys\n"
        "from sketchrnn.drawing import BadSettingError\n"
        "from sketchrnn.training import distributed\n"
        "try:\n"
        f"    distributed.initialize(*{where!r}, timeout=1)\n"
        "except BadSettingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert complaint in done.stdout, done.stderr


def test_one_process_asks_nobody():
    array = np.arange(3.0)
    assert (distributed.process_index(), distributed.process_count()) == (0, 1)
    assert distributed.all_gather(array).tolist() == [[0, 1, 2]]
    assert distributed.broadcast(array) is array and distributed.merge(array) is array
    assert distributed.all_gather_json({"a": 1}) == [{"a": 1}]
    distributed.check_agreement({}, None)


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"facts": {"data": {"fingerprint": "b"}}}, r"process 1 \(node2\) and process 0 \(node1\) "
         "differ in their data: fingerprint b and a"),
        ({"problem": "has no training drawings"}, r"process 1 \(node2\) cannot begin: has no"),
    ],
)  # fmt: skip
def test_who_differs_is_named(monkeypatch, other, complaint):
    facts = {"data": {"fingerprint": "a"}}

    def gathered(own):
        assert own["facts"] == facts
        first = {**own, "host": "node1"}
        return [first, {**first, "host": "node2", **other}]

    monkeypatch.setattr(distributed, "all_gather_json", gathered)
    with pytest.raises(SketchRNNError, match=complaint):
        distributed.check_agreement(facts, None)


def test_a_lost_process_is_told_in_a_line(monkeypatch):
    monkeypatch.setattr(distributed, "process_count", lambda: 2)
    error = type("JaxRuntimeError", (RuntimeError,), {})
    with (
        pytest.raises(distributed.LostProcessError, match="--resume"),
        distributed.watch_for_loss(),
    ):
        raise error("UNKNOWN: Gloo AllReduce failed: Connection reset by peer")
    with pytest.raises(error), distributed.watch_for_loss():
        raise error("INVALID_ARGUMENT: shapes")


@pytest.mark.long
def test_work_that_cannot_be_shared_out(data, folder, tmp_path):
    for process in start_all(2, data, tmp_path / "run", batch_size=7):
        _, lines = process.communicate(timeout=LIMIT)
        assert "a batch of 7 drawings does not divide among 2 processes; set batch_size=6" in lines
        assert process.returncode == 2
    for process in start_all(6, folder, tmp_path / "run"):
        _, lines = process.communicate(timeout=LIMIT)
        assert "has 5 shards with training drawings, and there are 6 processes; start" in lines
        assert process.returncode == 2
    assert not (tmp_path / "run").exists()
