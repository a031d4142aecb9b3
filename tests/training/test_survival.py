"""Disks that are full, folders that vanish, checkpoints that rot, memory that runs out."""

from __future__ import annotations

import errno
import json
import os
import shutil

import numpy as np
import pytest

from sketchrnn.data import open_data
from sketchrnn.drawing import BadFileError, BadSettingError, SketchRNNError
from sketchrnn.training import checkpoint, memory
from sketchrnn.training.run import train_run
from sketchrnn.training.run_folder import locked
from tests.training.conftest import files

SETTINGS = {
    "batch_size": 6,
    "evaluate_every": 5,
    "sample_every": 0,
    "steps": 20,
}


def go(data, out, *, resume=False, overwrite=False, watcher=None, **changes):
    changes = changes if resume else {**SETTINGS, **changes}
    return train_run(
        data,
        out,
        preset=None,
        changes=changes,
        resume=resume,
        overwrite=overwrite,
        watcher=watcher,
    )


def weights(out):
    step, arrays, _ = checkpoint.newest(out / "checkpoints")
    return step, {name: array.tobytes() for name, array in arrays.items()}


@pytest.fixture
def undisturbed(data, tmp_path, learner):
    go(data, tmp_path / "undisturbed")
    return weights(tmp_path / "undisturbed")


def full_disk(monkeypatch, full):
    """Let checkpoints find no room while `full(step)`."""
    write = checkpoint.write

    def refuse(folder, step, *rest, **more):
        if full(step):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(folder, step, *rest, **more)

    monkeypatch.setattr(checkpoint, "write", refuse)


def test_a_full_disk_stops_nothing(data, tmp_path, learner, monkeypatch, undisturbed):
    full_disk(monkeypatch, lambda step: step in (5, 10))
    events = []
    outcome = go(data, tmp_path / "run", watcher=events.append)
    assert outcome.reason == "done"
    assert [e.message for e in events if e.event == "trouble"] == [
        f"step {step}: the checkpoint of step {step} could not be written (no space left on "
        "device); training goes on"
        for step in (5, 10)
    ]
    assert weights(tmp_path / "run") == undisturbed


def test_a_disk_that_stays_full_is_told_in_the_end(data, tmp_path, learner, monkeypatch):
    full_disk(monkeypatch, lambda step: step > 10)
    with pytest.raises(SketchRNNError) as caught:
        go(data, tmp_path / "run")
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: the checkpoint of step 20 could not be written (no space left on "
        "device); that of step 10 is whole: make room, go on with --resume"
    )
    monkeypatch.undo()


def test_after_a_full_disk_a_run_goes_on(data, tmp_path, learner, undisturbed):
    with pytest.MonkeyPatch.context() as patch:
        full_disk(patch, lambda step: step > 10)
        with pytest.raises(SketchRNNError, match="that of step 10 is whole"):
            go(data, tmp_path / "run")
    assert go(data, tmp_path / "run", resume=True).reason == "done"
    assert weights(tmp_path / "run") == undisturbed


def test_a_checkpoint_that_finds_no_room_leaves_the_old_ones(tmp_path):
    """The system's own limit of a file's size, not a fake."""
    resource = pytest.importorskip("resource")  # not on Windows
    arrays = {"weights/w": 1.5 * np.ones(1000)}
    old = checkpoint.write(tmp_path, 1, arrays, {})
    before = old.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(BadSettingError, match=r"cannot be written \(file too large\)"):
            checkpoint.write(tmp_path, 2, arrays, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == [old.name]
    assert old.read_bytes() == before


def test_the_best_model_is_made_up_for(data, tmp_path, learner, monkeypatch):
    """A model that could not be written has no checkpoint, so that a resumed run writes it."""
    learner.set(objectives=[4, 3, 5, 6])
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        go(data, tmp_path / "run", steps=5)
        patch.setattr("sketchrnn.training.run_folder.folder.write_into", refuse)
        with pytest.raises(SketchRNNError, match="the best model could not be written"):
            learner.set(objectives=[3])
            go(data, tmp_path / "run", resume=True, steps=10)
    assert checkpoint.newest(tmp_path / "run" / "checkpoints")[0] == 5
    learner.set(objectives=[3, 5, 6])
    outcome = go(data, tmp_path / "run", resume=True, steps=20)
    assert outcome.best_step == 10
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["provenance"]["step"] == 10


# before the event, and between the validation and the checkpoint, which makes a folder for itself
@pytest.mark.parametrize("moment", [("step", 12), ("validation", 10)])
def test_a_folder_that_vanishes_is_made_anew(data, tmp_path, learner, undisturbed, moment):
    out = tmp_path / "run"

    def remove(progress):
        if (progress.event, progress.step) == moment:
            shutil.rmtree(out)
        events.append(progress)

    events = []
    outcome = go(data, out, watcher=remove)
    assert outcome.reason == "done"
    (line,) = [e.message for e in events if e.event == "trouble"]
    assert line == f"{out} had vanished and is made anew"
    assert weights(out) == undisturbed
    for name in ("run.json", "config.json", "model.weights.h5", "metrics.jsonl"):
        assert (out / name).is_file(), name
    assert go(data, out, resume=True, steps=25).step == 25


def test_the_run_knows_where_its_data_are_and_the_model_does_not(data, tmp_path, learner):
    out = tmp_path / "runs" / "one"
    go(data, out, steps=5)
    named = json.loads((out / "run.json").read_text())["data"]
    assert named["fingerprint"] == data.fingerprint
    assert named["path"].startswith("../")
    assert (out / named["path"]).samefile(data.path)
    moved = tmp_path / "moved.h5"
    shutil.copy(data.path, moved)
    with open_data(moved) as again:
        go(again, out, resume=True, steps=10)
    assert json.loads((out / "run.json").read_text())["data"]["path"] == "../../moved.h5"
    assert data.path.name not in (out / "config.json").read_text()
    assert "moved" not in (out / "config.json").read_text()


def test_a_damaged_newest_checkpoint_is_told(data, tmp_path, learner, undisturbed):
    out = tmp_path / "run"
    go(data, out, steps=10)
    newest = checkpoint.found(out / "checkpoints")[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    events = []
    outcome = go(data, out, resume=True, steps=20, watcher=events.append)
    assert outcome.reason == "done"
    (line,) = [e.message for e in events if e.event == "trouble"]
    assert line.startswith(f"{newest}: is damaged (")
    assert line.endswith("; going on from the one before")
    assert weights(out) == undisturbed


def test_no_checkpoint_that_can_be_read(data, tmp_path, learner):
    out = tmp_path / "run"
    go(data, out, steps=10)
    for path in checkpoint.found(out / "checkpoints"):
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    with pytest.raises(BadFileError, match="holds no checkpoint that can be read"):
        go(data, out, resume=True, steps=20)


def test_killed_before_the_first_checkpoint(data, tmp_path, learner, undisturbed):
    out = tmp_path / "run"
    go(data, out, steps=3)
    shutil.rmtree(out / "checkpoints")
    (out / ".model-abc").mkdir()
    (out / ".run-abc.json").write_text("{")
    assert go(data, out, resume=True, steps=20).reason == "done"
    assert weights(out) == undisturbed
    assert not list(out.glob(".*"))


def test_figures_after_the_last_checkpoint_are_written_anew(data, tmp_path, learner):
    out = tmp_path / "run"
    go(data, out, steps=10)
    whole = (out / "metrics.jsonl").read_text()
    with open(out / "metrics.jsonl", "a") as file:
        file.write('{"step": 15, "split": "train"}\n{"step": 15, "spl')  # killed in the middle
    go(data, out, resume=True, steps=20)
    lines = (out / "metrics.jsonl").read_text().splitlines()
    assert "\n".join(lines[:4]) + "\n" == whole
    assert [json.loads(line)["step"] for line in lines] == [5, 5, 10, 10, 15, 15, 20, 20]


def test_early_stopping_waits_for_as_many_validations(data, tmp_path, learner):
    learner.set(objectives=[9, 8, 7, 7.5, 7, 6.9, 7, 8, 9, 10, 1])
    events = []
    outcome = go(data, tmp_path / "run", steps=100, patience=3, watcher=events.append)
    assert (outcome.step, outcome.reason, outcome.best_step) == (45, "patience", 30)
    assert events[-1].message == "stopped early: 3 validations in a row were no better"
    # a resumed run has waited as long, and does not go on until it is told to wait longer
    assert go(data, tmp_path / "run", resume=True).step == 45
    learner.set(objectives=[10, 1, 2, 2])
    outcome = go(data, tmp_path / "run", resume=True, patience=5, steps=60)
    assert (outcome.reason, outcome.best_step) == ("done", 55)


@pytest.mark.parametrize("saved", [True, False])
def test_memory_that_runs_out_names_a_batch_that_fits(data, tmp_path, learner, monkeypatch, saved):
    learner.set(fitting=2)
    if not saved:
        full_disk(monkeypatch, lambda step: True)
    with pytest.raises(SketchRNNError) as caught:
        go(data, tmp_path / "run")
    longest = max(data["train"].lengths)
    kept = "; the run is saved up to step 0" if saved else ""
    how = "go on with --resume" if saved else "start anew with"
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: memory ran out with batches of 6 drawings of up to {longest} steps"
        f"{kept}; batch_size=1 fits: {how} --set batch_size=1"
    )
    if saved:
        assert go(data, tmp_path / "run", resume=True, batch_size=1).reason == "done"


def test_memory_for_nothing(data, tmp_path, learner):
    learner.set(fitting=0)
    with pytest.raises(SketchRNNError, match="make the network smaller, or leave out the longest"):
        go(data, tmp_path / "run")


def test_memory_for_no_network(data, tmp_path, monkeypatch):
    def refuse(*_):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate")

    monkeypatch.setattr("sketchrnn.training.train.TrainStep", refuse)
    with pytest.raises(SketchRNNError, match=r"no memory for a network of [\d,]+ weights"):
        go(data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_memory_running_out_looks_like():
    errors = [MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 5 bytes")]
    tf = pytest.importorskip("tensorflow")
    errors.append(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"))
    assert all(memory.is_exhausted(error) for error in errors)
    assert not memory.is_exhausted(ValueError("shapes do not match"))


def test_halves_are_padded_to_the_longest():
    from sketchrnn.data.batches import pad

    rows = np.ones((7, 3), "float32")
    batch = pad(rows, np.array([2, 2, 1, 2]), 3)
    batch["w_kl"] = np.ones(4)
    halves = list(memory.smaller_batches(batch, 9))
    assert [half["stroke5"].shape for half in halves] == [(2, 11, 5), (1, 11, 5)]
    assert (halves[0]["stroke5"][:, 5:, 4] == 1).all()
    assert (halves[0]["stroke5"][:, :5] == batch["stroke5"][:2]).all()
    assert all(len(array) == 2 for array in halves[0].values())


def test_an_error_of_ours_keeps_its_face(data, tmp_path, learner):
    learner.set(losses=lambda count: [][count])
    with pytest.raises(IndexError):
        go(data, tmp_path / "run")


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"overwrite": True}])
def test_the_second_training_in_a_folder_is_told_who_is_at_work(data, tmp_path, learner, how):
    out = tmp_path / "run"
    if how:
        go(data, out)
    before = files(out)
    with (
        locked(out),
        pytest.raises(SketchRNNError, match=rf"run: another training .*process {os.getpid()} on"),
    ):
        go(data, out, **how)
    assert files(out) == before
    go(data, out, **how)
    assert ".lock" not in files(out)


def test_a_lock_that_a_killed_process_left_is_no_hindrance(data, tmp_path, learner):
    out = tmp_path / "run"
    out.mkdir()
    (out / ".lock").write_text("process 1 on nowhere")
    go(data, out)
    assert ".lock" not in files(out)
