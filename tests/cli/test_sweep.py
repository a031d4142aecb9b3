"""`sketchrnn sweep`: what it says and refuses, and how it treats the processes that train."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest

import sketchrnn as sr
from sketchrnn.cli import sweep as module
from sketchrnn.training.sweep import Job, Trial

pytest.importorskip("optuna")

TINY = ["--set=conditional=false", "--set=num_mixtures=2", "--set=batch_size=4"]
TINY += ["--set=num_buckets=1", "--set=evaluate_every=2", "--set=sample_every=0", "--steps=2"]

# Stands for a process that trains: it tells what it was called with, and ends as it is told to.
PROCESS = """#!{python} -I
import json, os, signal, sys
ending = {ending!r}
def stop(number, frame):
    os.write(2, b"stopped at step 3" + bytes([10]))
    os._exit(0)
signal.signal(signal.SIGINT, stop)
print("compiling", file=sys.stderr)
print("step       2   objective 1.0", file=sys.stderr, flush=True)
print("step       2   drawings: x.png", file=sys.stderr, flush=True)
if ending == "wait":
    signal.pause()
if ending == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if ending == "refused":
    print("sketchrnn: there is no memory", file=sys.stderr)
    sys.exit(2)
open({told!r}, "w").write(json.dumps([sys.argv[1:], os.getpgrp() == os.getpid()]))
"""


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Let `_train` start a program that ends as wanted; return its answer and its words."""
    if os.name != "posix":
        pytest.skip("needs signals")

    def call(ending="", *, resume=False, stop=None, settings=None, preset=None, init_from=None):
        told = tmp_path / "told.json"
        program = tmp_path / "program"
        program.write_text(PROCESS.format(python=sys.executable, ending=ending, told=str(told)))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        trial = Trial(0, {"learning_rate": 1 / 3})
        log = tmp_path / "logs" / "a.txt"
        values = settings or {"learning_rate": 1 / 3}
        job = Job(trial, tmp_path / "run", values, resume, log, None)
        reason = module._train(job, "data.h5", preset, init_from, stop or threading.Event())
        return reason, json.loads(told.read_text()) if told.exists() else None, log.read_text()

    return call


def test_a_process_is_told_all_settings_exactly(train, capsys, tmp_path):
    reason, (words, own_group), log = train(
        settings={"learning_rate": 1 / 3, "conditional": False, "decoder_cell": "hyper"},
        preset="small",
        init_from="kanji",
    )
    assert reason == ""
    assert words == [
        *("-m", "sketchrnn", "train", "data.h5", "-o", str(tmp_path / "run")),
        *("--preset=small", "--init-from=kanji", "--set=learning_rate=0.3333333333333333"),
        *("--set=conditional=false", "--set=decoder_cell=hyper"),
    ]
    assert own_group
    assert capsys.readouterr().err == "    step       2   objective 1.0\n"
    assert log.count("\n") == 3


def test_a_run_that_goes_on_is_told_nothing_more(train, tmp_path):
    _, (words, _), _ = train(resume=True, preset="small", init_from="kanji")
    assert words == ["-m", "sketchrnn", "train", "data.h5", "-o", str(tmp_path / "run"), "--resume"]


def test_the_reason_of_a_failure_is_the_last_line(train):
    assert train("refused")[0] == "there is no memory"


def test_a_process_that_was_killed_is_told(train):
    assert train("killed")[0] == "killed (SIGKILL), perhaps for want of memory"


def test_who_stops_the_sweep_stops_the_process_once(train, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr(module.click, "echo", lambda *_, **__: stop.set())
    reason, told, log = train("wait", stop=stop)
    assert (reason, told) == ("", None)
    assert log.endswith("stopped at step 3\n")


def test_a_sweep_from_end_to_end(tiny_data, tmp_path, sketchrnn, monkeypatch):
    pytest.importorskip("keras")
    out = tmp_path / "a sweep"
    monkeypatch.setenv("PYTHONPATH", str(Path(sr.__file__).parents[1]))
    real = module._train

    def train(job, *others):
        return real(job, *others) if job.trial.number == 0 else "there is no memory"

    monkeypatch.setattr(module, "_train", train)
    arguments = ["sweep", tiny_data, "-o", out, *TINY, "--set=decoder_size=4,5"]
    done = sketchrnn(*arguments)
    assert done.status == 0, done.err
    head, best, failed = done.out.splitlines()
    assert head.split() == ["decoder_size", "objective", "nats/point", "step", "run"]
    first = best.split()[1]
    second = {"4": "5", "5": "4"}[first]
    assert best.split()[0] == "1" and best.split()[-2:] == ["2", "001"]
    assert failed.split() == ["-", second, "failed", "002"]
    assert f"trial 2 of 2: decoder_size={second}" in done.err
    assert "failed: there is no memory" in done.err
    assert "draw with the best: sketchrnn generate" in done.err
    assert len(sr.load(out / f"001-decoder_size={first}").generate(2, seed=0)) == 2
    assert {path.name for path in out.iterdir() if path.is_file()} >= {"results.csv", "results.svg"}

    def fail(*arguments, **named):
        raise AssertionError("trains again")

    monkeypatch.setattr(module, "_train", fail)
    again = sketchrnn(*arguments)
    assert (again.status, again.out) == (0, done.out)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--set=decoder_size=4,5", "--set=batch_sise=4"], "did you mean 'batch_size'"),
        (["--set=decoder_size"], "--set 'decoder_size' has no value"),
        (["--set=decoder_size=4,five"], "decoder_size is 'five'"),
        (["--set=decoder_size=4,5", "--preset=smal"], "unknown preset 'smal'"),
        (["--steps=5"], "nothing is varied"),
        (["--steps=5", "--set=steps=1,2"], "steps is set twice"),
        (["--set=decoder_size=0,5"], "with decoder_size=0: decoder_size is 0"),
        (["--set=z_size=4,5", "--preset=small"], "with z_size=4"),
        (["--set=seed=0..9"], "--trials"),
        (["--set=seed=0,1", "--init-from=nobody"], "nobody"),
        (["--set=seed=0,1", "--trials=0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_swept_is_told_in_a_line(tiny_data, tmp_path, refused, arguments, complaint):
    assert complaint in refused("sweep", tiny_data, "-o", tmp_path / "s", *arguments)


def test_a_folder_of_something_else_is_refused(tiny_data, tmp_path, refused):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "run.json").write_text("{}")
    words = ["-o", tmp_path / "s", "--set=seed=0,1"]
    assert "exists and is no sweep" in refused("sweep", tiny_data, *words)


def test_without_optuna_it_is_told_in_a_line(tiny_data, tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    line = refused("sweep", tiny_data, "-o", tmp_path / "s", "--set=seed=0,1")
    assert line == "a sweep needs Optuna; pip install 'sketchrnn[sweep]'"


def test_where_all_fail_the_status_tells(tiny_data, tmp_path, sketchrnn, monkeypatch):
    monkeypatch.setattr(module, "_train", lambda *_: "no luck")
    done = sketchrnn("sweep", tiny_data, "-o", tmp_path / "s", "--set=seed=0,1")
    assert done.status == 2
    assert "all 2 trials failed" in done.err
    assert "failed: no luck" in done.err


def test_a_sweep_that_was_stopped_says_how_to_go_on(tiny_data, tmp_path, sketchrnn, monkeypatch):
    def stopped(job, data, preset, init_from, stop):
        stop.set()
        return ""

    monkeypatch.setattr(module, "_train", stopped)
    done = sketchrnn("sweep", tiny_data, "-o", tmp_path / "s", "--set=seed=0,1")
    assert done.status == 0
    assert done.err.endswith("stopped with 0 of 2 trials done; go on with the same command\n")


def test_the_measure_is_told_of(tiny_data, tmp_path, sketchrnn, monkeypatch):
    monkeypatch.setattr(module, "_train", lambda *_: "no luck")
    done = sketchrnn("sweep", tiny_data, "-o", tmp_path / "s", "--set=w_kl=0.1,0.2")
    assert "w_kl is part of what the objective measures" in done.err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "less than a minute"), (200, "about 3 min"), (9000, "about 2.5 h")],
)
def test_durations_are_told_roughly(seconds, said):
    assert module._duration(seconds) == said
