"""Runs: the same whether undisturbed or interrupted, the best kept, trouble told."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, SketchRNNError
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.training import checkpoint
from sketchrnn.training.config import TrainConfig
from sketchrnn.training.run import Plan, train_run
from sketchrnn.training.train_step import TrainStep

TINY = {
    "encoder_size": 4,
    "decoder_size": 6,
    "z_size": 3,
    "num_mixtures": 2,
    "batch_size": 5,
    "num_buckets": 1,
    "evaluate_every": 4,
    "sample_every": 4,
    "learning_rate": 0.01,
    "ema_decay": 0.8,
    "steps": 10,
}


def go(data, out, *, resume=False, watcher=None, **changes):
    if not resume:
        tiny = {**TINY, **changes}
        alone = changes.get("conditional") is False
        changes = {k: v for k, v in tiny.items() if not (alone and k in ("encoder_size", "z_size"))}
    return train_run(
        data, out, preset=None, changes=changes, resume=resume, overwrite=False, watcher=watcher
    )


@pytest.fixture(scope="module")
def history():
    """The weights after every step of the undisturbed run."""
    return []


@pytest.fixture(scope="module")
def undisturbed(data, history, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "undisturbed"
    events = []
    step = TrainStep.step

    def recorded(learner, batch, rate):
        losses = step(learner, batch, rate)
        history.append(learner.weights())
        return losses

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainStep, "step", recorded)
        outcome = go(data, out, watcher=events.append)
    return out, outcome, events


def test_a_run_leaves_what_it_announces(data, undisturbed):
    out, outcome, events = undisturbed
    assert (outcome.step, outcome.reason) == (10, "done")
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    valid = {line["step"]: line for line in lines if line["split"] == "valid"}
    assert list(valid) == [4, 8, 10]
    best = min(valid, key=lambda step: valid[step]["objective"])
    assert (outcome.best_step, outcome.best_loss) == (best, valid[best]["objective"])
    found = folder.read(out)
    folder.read_weights(found)
    assert found.provenance["step"] == best
    assert found.provenance["data"]["fingerprint"] == data.fingerprint
    assert found.provenance["data"]["licence"] == "CC0"
    assert found.preparation["fit"] == "longer_side"
    assert sorted(p.name for p in (out / "samples").iterdir()) == [
        "step-00000004.png",
        "step-00000008.png",
    ]
    assert any((out / "tensorboard").iterdir())
    assert not list(out.glob(".*"))  # nothing half-written
    steps = [e.step for e in events if e.event == "step"]
    assert steps == list(range(1, 11))
    assert next(e.event for e in events) == "start"
    assert [e.event for e in events][-1] == "end"


def test_the_model_is_the_moving_average(undisturbed, history):
    out, outcome, _ = undisturbed
    assert len(history) == 10
    average = history[0]
    for weights in history[1 : outcome.best_step]:
        average = {name: 0.8 * average[name] + 0.2 * weights[name] for name in average}
    saved = folder.read_weights(folder.read(out))
    for name in saved:
        np.testing.assert_allclose(saved[name], average[name], rtol=1e-5, atol=1e-7)
    # and training goes on with the weights proper
    arrays = checkpoint.newest(out / "checkpoints")[1]
    for name, array in history[-1].items():
        assert arrays[f"weights/{name}"].tobytes() == array.tobytes()


def test_the_rate_is_no_part_of_a_checkpoint(undisturbed):
    """Each step sets it; so checkpoints of runs with a schedule in the optimizer can be read."""
    arrays = checkpoint.newest(undisturbed[0] / "checkpoints")[1]
    assert int(arrays["optimizer/0000"]) == 10
    assert arrays["optimizer/0001"].ndim > 0


def test_objective_has_the_final_kl_weight(undisturbed):
    """The reference's defect: judged by the starting weight, the first is always the best."""
    out, _, _ = undisturbed
    line = [json.loads(x) for x in (out / "metrics.jsonl").read_text().splitlines()][-1]
    n_max = folder.read(out).config.max_seq_len
    expected = line["nats_per_drawing"] / n_max + 0.5 * max(0.2, line["kl_raw"])
    assert line["objective"] == pytest.approx(expected, rel=1e-6)


def test_interrupted_and_resumed_equals_undisturbed(data, undisturbed, tmp_path):
    number = signal.SIGINT

    def interrupt(progress):
        if progress.event == "step" and progress.step == 6:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    outcome = go(data, tmp_path / "run", watcher=interrupt)
    assert signal.getsignal(number) is before
    assert (outcome.step, outcome.reason) == (6, "interrupted")
    outcome = go(data, tmp_path / "run", resume=True)
    assert (outcome.step, outcome.reason) == (10, "done")
    step, expected, _ = checkpoint.newest(undisturbed[0] / "checkpoints")
    step_again, arrays, _ = checkpoint.newest(tmp_path / "run" / "checkpoints")
    assert step == step_again == 10
    assert set(arrays) == set(expected)
    for name in expected:
        assert arrays[name].tobytes() == expected[name].tobytes(), name
    best = folder.read_weights(folder.read(undisturbed[0]))
    for name, array in folder.read_weights(folder.read(tmp_path / "run")).items():
        assert array.tobytes() == best[name].tobytes(), name


def test_a_run_stops_when_its_time_is_up_and_can_be_given_more_steps(data, tmp_path, learner):
    outcome = go(data, tmp_path / "run", minutes=1e-9, sample_every=0, ema_decay=0)
    assert (outcome.step, outcome.reason) == (2, "time")  # the first step is compilation
    outcome = go(data, tmp_path / "run", resume=True, minutes=0, steps=3)
    assert (outcome.step, outcome.reason) == (3, "done")
    with pytest.raises(BadSettingError, match="z_size cannot change in the middle of a run"):
        go(data, tmp_path / "run", resume=True, z_size=4)


def test_resuming_with_other_data_is_refused(data, undisturbed, tmp_path):
    path = tmp_path / "other.h5"
    with DataFileWriter(path, Preparation()) as writer:
        writer.append("train", Drawing([[(0, 0), (3, 4)]]))
    with pytest.raises(BadFileError, match=r"other\.h5: the run was made with other data"):
        go(open_data(path), undisturbed[0], resume=True, steps=20)


def test_only_train_is_needed(data, tmp_path, learner):
    path = tmp_path / "train.h5"
    with DataFileWriter(path, Preparation()) as writer:
        writer.append("train", Drawing([[(0, 0), (3, 4), (5, 1)]]))
    outcome = go(open_data(path), tmp_path / "run", steps=2, sample_every=0, ema_decay=0)
    assert outcome.reason == "done"
    with DataFileWriter(tmp_path / "test.h5", Preparation()) as writer:
        writer.append("test", Drawing([[(0, 0), (3, 4)]]))
    with pytest.raises(BadFileError, match="has no drawings in split 'train'"):
        go(open_data(tmp_path / "test.h5"), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_checkpoint_of_another_network_is_refused(data, tmp_path, learner):
    go(data, tmp_path / "run", steps=2, ema_decay=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sketchrnn.training.train.TrainStep", TrainStep)
        with pytest.raises(BadFileError, match="the checkpoint belongs to another configuration"):
            go(data, tmp_path / "run", resume=True, steps=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_validation_leaves_a_model(data, tmp_path, learner, number):
    def interrupt(progress):
        if progress.event == "step" and progress.step == 3:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    outcome = go(data, tmp_path / "run", watcher=interrupt, sample_every=0)
    assert signal.getsignal(number) is before
    assert (outcome.step, outcome.reason) == (3, "interrupted")
    assert folder.read(tmp_path / "run").provenance["step"] == 3
    assert checkpoint.newest(tmp_path / "run" / "checkpoints")[0] == 3


def lines(path, counts, splits=("train",)):
    """A data file of one category a direction: strokes that go across or down."""
    rng = np.random.default_rng(1)
    with DataFileWriter(path, Preparation(fit="keep", epsilon=0)) as writer:
        for split in splits:
            for k in range(max(counts.values())):
                for name, count in counts.items():
                    if k < count:
                        along = 10 + 5 * rng.random()
                        points = [(0, 0), (along, 0) if name == "across" else (0, along)]
                        writer.append(split, Drawing([points]).with_category(name))
    return open_data(path)


@pytest.mark.long
def test_one_model_learns_two_categories(tmp_path):
    data = lines(tmp_path / "lines.h5", {"across": 16, "down": 16})
    changes = {"conditional": False, "category_size": 4, "sample_every": 30, "evaluate_every": 60}
    go(data, tmp_path / "run", steps=60, learning_rate=0.03, batch_size=32, ema_decay=0, **changes)
    model = sr.load(tmp_path / "run")
    assert model.categories == ("across", "down")
    for name in model.categories:
        for drawing in model.generate(8, category=name, temperature=0.1, seed=1):
            dx, dy = np.abs(drawing.to_stroke3()[0, :2])
            assert (dx > 3 * dy) == (name == "across"), (name, drawing)
    with pytest.raises(BadSettingError, match="category_size cannot change"):
        go(data, tmp_path / "run", resume=True, category_size=5)


@pytest.mark.parametrize(
    ("counts", "splits", "message"),
    [
        ({"across": 3}, ("train",), "there is one category, 'across'; set category_size=0"),
        ({None: 3}, ("train",), "there are no categories"),
        ({"across": 3, "down": 2, None: 2}, ("train",), "train, drawing 2: has no category"),
    ],
)
def test_data_that_no_model_of_categories_can_learn(tmp_path, counts, splits, message):
    data = lines(tmp_path / "lines.h5", counts, splits)
    with pytest.raises(SketchRNNError, match=message):
        go(data, tmp_path / "run", category_size=4)
    assert not (tmp_path / "run").exists()


def test_a_category_without_training_drawings_is_told(tmp_path):
    path = tmp_path / "lines.h5"
    with DataFileWriter(path, Preparation()) as writer:
        for split, name in (("train", "cat"), ("train", "dog"), ("valid", "pig")):
            writer.append(split, Drawing([[(0, 0), (3, 4)]]).with_category(name))
    with pytest.raises(BadFileError, match=r"lines\.h5: has no training drawings of 'pig'"):
        go(open_data(path), tmp_path / "run", category_size=4)


def test_a_run_of_categories_keeps_its_settings(data, tmp_path):
    config = ModelConfig(category_size=4, categories=("cat", "dog"))
    Plan(config, TrainConfig(), None).write(tmp_path)
    with pytest.raises(BadSettingError, match="category_size cannot change"):
        go(data, tmp_path, resume=True, category_size=5)
    with pytest.raises(BadFileError, match="train, drawing 0: has no category"):
        go(data, tmp_path, resume=True)


def test_categories_that_the_model_is_not_conditioned_on_are_told(tmp_path, learner):
    data = lines(tmp_path / "lines.h5", {"across": 3, "down": 3})
    said = []
    go(data, tmp_path / "run", watcher=lambda p: said.append(p.message), sample_every=0)
    assert any("2 categories" in line and "--set category_size=" in line for line in said)
    said.clear()
    more = {"category_size": 4, "sample_every": 0}
    go(data, tmp_path / "other", watcher=lambda p: said.append(p.message), **more)
    assert not any("category_size" in line for line in said)
