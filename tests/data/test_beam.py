"""The pipeline itself, where Apache Beam is installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from sketchrnn.data import convert, open_data

pytestmark = pytest.mark.skipif(find_spec("apache_beam") is None, reason="Apache Beam is missing")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_makes_the_folder(tmp_path, workers):
    """In a process of its own: Beam warns of much, and pytest takes warnings for errors."""
    rng = np.random.default_rng(0)
    lines = [
        json.dumps({"word": f"w{k % 3}", "drawing": [rng.integers(0, 256, (2, 9)).tolist()]})
        for k in range(300)
    ]
    (tmp_path / "folder").mkdir()
    for k in range(3):
        text = "\n".join(lines[k * 100 : k * 100 + 100])
        (tmp_path / "folder" / f"{k}.ndjson").write_text(text)
    command = [sys.executable, "-m", "sketchrnn", "data", "build", "folder", "-o", "many"]
    done = subprocess.run(
        [*command, "--workers", str(workers), "--limit", "90"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "read 300, kept 270" in done.stdout
    convert(tmp_path / "folder", tmp_path / "one.h5", limit=90)
    with open_data(tmp_path / "many") as many, open_data(tmp_path / "one.h5") as one:
        for name, split in one.splits.items():
            assert list(many[name]) == list(split)
        assert many.scale_factor == pytest.approx(one.scale_factor, rel=1e-6)
    assert len(list((tmp_path / "many").glob("part-*.h5"))) == 3


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_worker_that_is_killed_costs_no_finished_shard(tmp_path):
    """It kills itself when two shards are there; Beam's runner would wait for it for ever."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, pathlib, signal, sys\n"
        "flag = pathlib.Path(__file__).with_name('killed')\n"
        "if 'apache_beam.runners.worker.sdk_worker_main' in sys.orig_argv and not flag.exists():\n"
        "    import sketchrnn.data.beam as beam\n"
        "    do_job = beam._do_job\n"
        "    def killing(job, work, plan, parts):\n"
        "        if len(list(pathlib.Path(parts).glob('part-*.npz'))) >= 2:\n"
        "            flag.touch()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return do_job(job, work, plan, parts)\n"
        "    beam._do_job = killing\n"
    )
    rng = np.random.default_rng(0)
    (tmp_path / "folder").mkdir()
    for k in range(8):
        lines = [
            json.dumps({"word": "w", "drawing": [rng.integers(0, 256, (2, 9)).tolist()]})
            for _ in range(40)
        ]
        (tmp_path / "folder" / f"{k}.ndjson").write_text("\n".join(lines))
    command = [sys.executable, "-m", "sketchrnn", "data", "build", "folder", "-o", "many"]
    ways = {
        "cwd": tmp_path,
        "env": {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        "capture_output": True,
        "text": True,
        "timeout": 120,
    }
    died = subprocess.run([*command, "--workers", "2"], **ways)
    assert (died.returncode, died.stdout, died.stderr) == (
        2,
        "",
        "sketchrnn: a worker process has ended in the middle of its work, killed or out of memory; "
        "what is finished is kept: call the same command again\n",
    )
    assert not (tmp_path / "many").exists()
    finished = {p.name: p.stat().st_ino for p in (tmp_path / ".many.parts").glob("part-*.h5")}
    assert 2 <= len(finished) < 8
    done = subprocess.run([*command, "--workers", "2"], **ways)
    assert done.returncode == 0, done.stderr
    assert "read 320, kept 320" in done.stdout
    shards = {p.name: p.stat().st_ino for p in (tmp_path / "many").glob("part-*.h5")}
    assert len(shards) == 8
    assert finished.items() <= shards.items()  # the same files, under a second name
