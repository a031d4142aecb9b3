"""Sweeps: what is tried, what comes of it, and that nothing is tried twice."""

from __future__ import annotations

import csv
import json
import sys
import threading

import pytest

from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    Drawing,
    MissingDependencyError,
    OutputExistsError,
    SketchRNNError,
)
from sketchrnn.training import report
from sketchrnn.training.run import train_run
from sketchrnn.training.search_space import read_grid
from sketchrnn.training.sweep import Sweep, ranked

pytest.importorskip("optuna")

FIXED = [
    ("decoder_size", "4"),
    ("conditional", "false"),
    ("num_mixtures", "2"),
    ("batch_size", "5"),
    ("num_buckets", "1"),
    ("evaluate_every", "2"),
    ("sample_every", "0"),
    ("steps", "4"),
]
VARIED = [("learning_rate", "0.01,0.1"), ("grad_clip", "1,2,3")]


def trainer(data, tried, *, failing=(), stop=None, stop_at=None, dying_at=None):
    """Stand for the process that trains: note what is asked for, and train in this one."""

    def train(job):
        tried.append((job.trial.name, job.resume))
        if len(tried) == stop_at:
            stop.set()
            settings = {**job.settings, "steps": 2}  # it was not done when it was stopped
            train_run(
                data, job.folder, preset=None, changes=settings, resume=False, overwrite=False
            )
            return "whatever"
        if len(tried) == dying_at:
            raise KeyboardInterrupt
        if job.trial.number in failing:
            return "training diverged at step 7"
        changes = {"steps": 4} if job.resume else job.settings
        train_run(
            data, job.folder, preset=None, changes=changes, resume=job.resume, overwrite=False
        )
        return ""

    return train


def sweep(data, out, varied=VARIED, trials=None, seed=0):
    return Sweep(data, out, read_grid([*FIXED, *varied], trials, seed))


def table(out):
    with open(out / "results.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("changes", "trials", "complaint"),
    [
        ([("decoder_sice", "4,5")], None, "did you mean 'decoder_size'"),
        ([("decoder_size", "4,x")], None, "decoder_size is 'x', and must be a whole number"),
        ([("decoder_size", "4,")], None, "decoder_size is '', and must be"),
        ([("decoder_size", "4,4.0")], None, "decoder_size has the value 4 twice"),
        ([("decoder_size", "4,5"), ("decoder_size", "6")], None, "decoder_size is set twice"),
        ([("decoder_size", "4")], None, "nothing is varied"),
        ([], None, "nothing is varied"),
        ([("learning_rate", "1e-4..1e-2")], None, "--trials"),
        ([("learning_rate", "1e-2..1e-4")], 5, "is no range"),
        ([("learning_rate", "1e-2..inf")], 5, "is no range"),
        ([("learning_rate", "..1")], 5, "must be a number"),
        ([("decoder_cell", "lstm..hyper")], 5, "with commas"),
        ([("seed", ",".join(map(str, range(1001))))], None, "1,001 combinations are more than"),
        ([("seed", "1,2")], 1001, "1,001 trials are more than 1,000"),
    ],
)
def test_what_cannot_be_swept_is_told(changes, trials, complaint):
    with pytest.raises(BadSettingError) as caught:
        read_grid(changes, trials)
    assert complaint in str(caught.value)


def test_a_range_over_orders_of_magnitude_is_searched_by_them():
    ranges = [("learning_rate", "1e-4..1e-2"), ("random_scale", "0..0.3"), ("z_size", "8..16")]
    rate, scale, z = read_grid(ranges, 3).varied
    assert (rate.log, scale.log, z.log) == (True, False, False)
    assert (rate.whole, scale.whole, z.whole) == (False, False, True)
    assert (z.low, z.high) == (8, 16)


def test_some_combinations_by_chance(data, tmp_path, learner):
    def tried(name, **how):
        names = []
        assert sweep(data, tmp_path / name, **how).run(trainer(data, names))
        return [name.partition("-")[2] for name, _ in names]

    every = tried("every")
    some = tried("some", trials=4, seed=1)
    assert len(set(every)) == 6 and len(set(some)) == 4 and set(some) < set(every)
    assert tried("again", trials=4, seed=1) == some
    assert tried("other", trials=4, seed=2) != some
    assert set(tried("more", trials=60)) == set(every)


def test_every_combination_is_a_run_and_the_best_comes_first(data, tmp_path, learner):
    out, tried, told = tmp_path / "sweep", [], []
    assert sweep(data, out).run(trainer(data, tried), told.append)
    names = [name for name, _ in tried]
    assert names[0].startswith("001-learning_rate=0.")
    assert len(set(names)) == 6
    assert not any(resumed for _, resumed in tried)
    rows = table(out)
    objectives = [float(row["objective"]) for row in rows]
    assert objectives == sorted(objectives) and len(set(objectives)) == 2  # the fake clips nothing
    assert {(row["learning_rate"], row["grad_clip"]) for row in rows} == {
        (rate, clip) for rate in ("0.01", "0.1") for clip in ("1", "2", "3")
    }
    for row in rows:
        run = report.read_run(out / row["run"])
        assert run.settings["learning_rate"] == float(row["learning_rate"])
        assert run.rows["valid"][int(row["step"])]["objective"] == float(row["objective"])
    assert [event.event for event in told] == ["begin", "done"] * 6
    assert [event.place for event in told[::2]] == [1, 2, 3, 4, 5, 6]
    assert told[-1].best.name == rows[0]["run"]
    picture = (out / "results.svg").read_text("utf-8")
    assert picture.count("<polyline") == 6 + 2
    assert "objective, by learning_rate" in picture


def test_a_sweep_that_is_done_does_nothing_again(data, tmp_path, learner):
    out, tried = tmp_path / "sweep", []
    sweep(data, out).run(trainer(data, tried))
    before = (out / "trials.jsonl").read_bytes()
    assert sweep(data, out).run(trainer(data, tried))
    assert len(tried) == 6
    assert (out / "trials.jsonl").read_bytes() == before
    assert len(sweep(data, out).trials()) == 6


def test_a_trial_that_fails_is_noted_and_the_next_begins(data, tmp_path, learner):
    out, tried, told = tmp_path / "sweep", [], []
    assert sweep(data, out).run(trainer(data, tried, failing=(0, 2)), told.append)
    assert len(tried) == 6
    rows = table(out)
    assert [row["state"] for row in rows] == ["done"] * 4 + ["failed"] * 2
    assert rows[-1]["reason"] == "training diverged at step 7" and rows[-1]["objective"] == ""
    assert told[1].event == "failed"
    assert told[1].best is None
    assert "failed: 2" in (out / "results.svg").read_text("utf-8")
    assert sweep(data, out).run(trainer(data, tried))
    assert len(tried) == 6


def test_a_run_that_ended_without_a_validation_has_failed(data, tmp_path, learner):
    def train(job):
        job.folder.mkdir()
        (job.folder / "run.json").write_text("{}")
        return ""

    planned = sweep(data, tmp_path / "sweep")
    assert planned.run(train)
    assert {one.reason for one in planned.trials()} == {"ended without a validation"}


def test_a_sweep_that_was_stopped_goes_on_with_the_trial_at_hand(data, tmp_path, learner):
    out, tried, stop = tmp_path / "sweep", [], threading.Event()
    assert not sweep(data, out).run(trainer(data, tried, stop=stop, stop_at=3), stop=stop)
    assert [one.state for one in sweep(data, out).trials()] == ["done", "done", "running"]
    assert sweep(data, out).run(trainer(data, tried))
    assert tried[3] == (tried[2][0], True)
    assert len(tried) == 7
    assert [row["state"] for row in table(out)] == ["done"] * 6
    assert {report.read_run(out / row["run"]).settings["steps"] for row in table(out)} == {4}


@pytest.mark.parametrize("torn", [False, True])
def test_a_sweep_that_was_killed_goes_on(data, tmp_path, learner, torn):
    out, tried = tmp_path / "sweep", []
    with pytest.raises(KeyboardInterrupt):
        sweep(data, out).run(trainer(data, tried, dying_at=2))
    if torn:  # in the middle of what is written when a trial begins
        journal = out / "trials.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        assert b"grad_clip" in lines[-1] and b"param_name" in lines[-1]
        journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert sweep(data, out).run(trainer(data, tried))
    rows = table(out)
    assert len(rows) == 6
    assert len({(row["learning_rate"], row["grad_clip"]) for row in rows}) == 6
    assert all(row["state"] == "done" for row in rows)


def test_within_ranges_an_interrupted_sweep_tries_what_another_would(data, tmp_path, learner):
    ranges = [("learning_rate", "1e-3..1e-1"), ("grad_clip", "1,2")]
    whole, parts, tried = tmp_path / "whole", tmp_path / "parts", []
    assert sweep(data, whole, ranges, trials=14).run(trainer(data, []))
    stop = threading.Event()
    sweep(data, parts, ranges, trials=14).run(trainer(data, [], stop=stop, stop_at=5), stop=stop)
    assert sweep(data, parts, ranges, trials=14).run(trainer(data, tried))
    assert tried[0][1]
    values = [[row["learning_rate"] for row in table(out)] for out in (whole, parts)]
    assert values[0] == values[1]
    assert len(set(values[0])) == 14
    assert all(1e-3 <= float(value) <= 1e-1 for value in values[0])
    other = tmp_path / "other"
    sweep(data, other, ranges, trials=14, seed=1).run(trainer(data, []))
    assert [row["learning_rate"] for row in table(other)] != values[0]


@pytest.mark.parametrize(
    ("varied", "complaint"),
    [
        ([("z_size", "8,16")], "with z_size=8: z_size is set, and a decoder alone"),
        ([("learning_rate", "0.1,1e-6")], "with learning_rate=1e-06: min_learning_rate"),
        ([("dropout", "0.1,0.2")], "unknown setting"),
        ([("grad_clip", "1,-1")], "with grad_clip=-1: grad_clip is -1.0"),
    ],
)
def test_all_combinations_are_checked_before_any_work(data, tmp_path, varied, complaint):
    with pytest.raises(BadSettingError) as caught:
        sweep(data, tmp_path / "sweep", varied)
    assert complaint in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_ends_of_a_range_are_checked(data, tmp_path):
    with pytest.raises(BadSettingError, match="learning_rate=1e-06"):
        sweep(data, tmp_path / "sweep", [("learning_rate", "1e-6..1e-2")], trials=3)


def test_another_sweep_is_not_gone_on_with(data, tmp_path, learner):
    out = tmp_path / "sweep"
    sweep(data, out).run(trainer(data, []))
    with pytest.raises(BadSettingError, match="another --set"):
        sweep(data, out, [("learning_rate", "0.01,0.2")])
    with pytest.raises(BadSettingError, match="another --trials"):
        sweep(data, out, trials=3)
    with pytest.raises(BadSettingError, match="another --preset"):
        Sweep(data, out, read_grid([*FIXED, *VARIED]), preset="small")
    with DataFileWriter(tmp_path / "other.h5", Preparation(fit="longer_side")) as writer:
        for k in range(9):
            writer.append("train", Drawing([[(0, 0), (k + 1, 3), (5, 9)]]))
    with open_data(tmp_path / "other.h5") as other, pytest.raises(BadSettingError, match="data"):
        sweep(other, out)


def test_what_is_no_sweep_is_left_alone(data, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("")
    (tmp_path / "file").write_text("")
    for name in ("folder", "file"):
        with pytest.raises(OutputExistsError, match="is no sweep"):
            sweep(data, tmp_path / name)
    (tmp_path / "empty").mkdir()
    sweep(data, tmp_path / "empty")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format_version": 1}'])
def test_a_damaged_description_is_told(data, tmp_path, text):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(BadFileError, match="damaged"):
        sweep(data, tmp_path)


def test_a_newer_sweep_is_told(data, tmp_path):
    (tmp_path / "sweep.json").write_text(json.dumps({"format_version": 99, "varied": []}))
    with pytest.raises(BadFileError, match="another version"):
        sweep(data, tmp_path)


@pytest.mark.parametrize("line", ["nonsense", "{}", "[1]", '{"op_code": 6, "trial_id": 99}', "\0"])
def test_damaged_trials_are_told(data, tmp_path, learner, line):
    out = tmp_path / "sweep"
    sweep(data, out).run(trainer(data, []))
    path = out / "trials.jsonl"
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(BadFileError, match="damaged"):
        sweep(data, out).run(trainer(data, []))


def test_two_processes_do_not_work_in_one_folder(data, tmp_path, learner):
    pytest.importorskip("fcntl")
    out = tmp_path / "sweep"

    def train(job):
        with pytest.raises(SketchRNNError, match="another process is at work"):
            sweep(data, out).run(trainer(data, []))
        return "seen"

    planned = sweep(data, out)
    assert planned.run(train)
    assert {one.reason for one in planned.trials()} == {"seen"}


def test_without_optuna_it_is_told_how_to_get_it(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sketchrnn\[sweep\]'"):
        sweep(data, tmp_path / "sweep")


def test_settings_that_change_the_measure_are_named(data, tmp_path):
    assert sweep(data, tmp_path / "a").measures == []
    changes = [*FIXED[:1], *FIXED[2:], ("w_kl", "0.1,0.5"), ("seed", "0,1")]
    assert Sweep(data, tmp_path / "a", read_grid(changes)).measures == ["w_kl"]


def test_ranking_ends_with_what_failed(data, tmp_path, learner):
    planned, stop = sweep(data, tmp_path / "sweep"), threading.Event()
    planned.run(trainer(data, [], failing=(0,), stop=stop, stop_at=4), stop=stop)
    trials = planned.trials()
    assert [one.state for one in trials] == ["done", "done", "running", "failed"]
    assert ranked(trials[::-1]) == trials
