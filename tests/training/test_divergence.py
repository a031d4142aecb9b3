"""Going astray: seen, gone back from, told, and in the end explained."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest

from sketchrnn.data.batches import Batches
from sketchrnn.drawing import SketchRNNError
from sketchrnn.training import checkpoint, divergence
from sketchrnn.training.divergence import WINDOW, DivergedError, LossWatch
from sketchrnn.training.run import train_run

SETTINGS = {
    "batch_size": 5,
    "evaluate_every": 5,
    "sample_every": 0,
    "steps": 30,
    "learning_rate": 0.008,
    "learning_rate_decay": 1.0,
}


def go(data, out, *, resume=False, watcher=None, **changes):
    changes = changes if resume else {**SETTINGS, **changes}
    return train_run(
        data, out, preset=None, changes=changes, resume=resume, overwrite=False, watcher=watcher
    )


def keys(data, count):
    """The keys by which the fake network knows the batches 0, 1, …"""
    batches = Batches(data["train"], scale_factor=1.0, batch_size=5, z_size=128, random_scale=0.15,
                      point_drop=0.1)  # fmt: skip
    return [int(batches[k]["dropout_keys"][0]) for k in range(count)]


def final(out):
    step, arrays, state = checkpoint.newest(out / "checkpoints")
    return step, {name: array.tobytes() for name, array in arrays.items()}, state


@pytest.mark.parametrize("harm", ["nan", "weights"])
def test_a_run_goes_back_lowers_the_rate_and_takes_other_batches(data, tmp_path, learner, harm):
    key = keys(data, 60)
    learner.set(poison={key[12]: harm})
    events = []
    outcome = go(data, tmp_path / "run", watcher=events.append)
    assert (outcome.step, outcome.reason) == (30, "done")
    (line,) = [event.message for event in events if event.event == "divergence"]
    # the thirteenth step; weights that are no numbers show in the validation after step 15
    at = 13 if harm == "nan" else 15
    what = "loss_offset is nan" if harm == "nan" else "weights/w holds numbers that are not finite"
    assert line == (f"step {at}: {what}; back to step 10 with other batches, learning rate x 0.5")
    # no batch comes twice: those from step 10 on are not repeated
    assert learner.last.seen == key[: 30 + at - 10]
    assert learner.last.rates[:at] == [0.008] * at
    assert learner.last.rates[at:] == [0.004] * (30 - 10)
    lines = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    (back,) = [x for x in lines if x["split"] == "rollback"]
    assert (back["step"], back["back_to"], back["rate_factor"]) == (at, 10, 0.5)


def test_going_back_restores_everything(data, tmp_path, learner):
    """After going back the state is that of a run which never saw the skipped batches."""
    key = keys(data, 60)
    learner.set(poison={key[12]: "nan"})
    go(data, tmp_path / "run", steps=11)
    at_ten = checkpoint.at(tmp_path / "run" / "checkpoints", 10)
    go(data, tmp_path / "run", resume=True, steps=13)
    fake = learner.last
    batches = Batches(data["train"], scale_factor=data.scale_factor, batch_size=5, z_size=128,
                      random_scale=0.15, point_drop=0.1)  # fmt: skip
    oracle = type(fake)()
    oracle.restore(at_ten[1])
    for step in range(10, 13):
        batch = batches[step + 3]  # batches 10, 11 and 12 are skipped
        w_kl = 0.5 * (1 - 0.98 * 0.99995**step)
        batch["w_kl"] = np.full(5, w_kl, np.float32)
        oracle.step(batch, 0.004)
    for name, array in oracle.state().items():
        assert array.tobytes() == fake.arrays[name].tobytes(), name


def test_after_three_times_it_stops_and_says_what_to_try(data, tmp_path, learner):
    learner.set(poison=dict.fromkeys(keys(data, 200)[12:], "nan"))
    events = []
    with pytest.raises(SketchRNNError) as caught:
        go(data, tmp_path / "run", watcher=events.append)
    assert [event.event for event in events].count("divergence") == 3
    out = tmp_path / "run"
    best = checkpoint.newest(out / "checkpoints")[2]["best_step"]
    assert str(caught.value) == (
        f"{out}: training diverged at step 11 (loss_offset is nan), after going back 3 times and "
        f"lowering the learning rate to 0.001; the model of step {best} is kept: begin anew with "
        "it (--init-from) and learning_rate=0.0005, a smaller grad_clip or a larger batch_size"
    )
    assert checkpoint.newest(tmp_path / "run" / "checkpoints")[0] == 10
    arrays = checkpoint.newest(tmp_path / "run" / "checkpoints")[1]
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_divergences_long_past_are_forgiven_but_the_rate_stays_low(data, tmp_path, learner):
    key = keys(data, 260)
    far = [3, 70, 140, 210]  # each more than ten validations after the one before
    learner.set(poison={key[place]: "nan" for place in far})
    outcome = go(data, tmp_path / "run", steps=220)
    assert outcome.reason == "done"
    assert learner.last.rates[-1] == pytest.approx(0.008 / 16)
    learner.set(poison={key[place]: "nan" for place in (3, 23, 43, 63)})
    with pytest.raises(SketchRNNError, match="after going back 3 times"):
        go(data, tmp_path / "other", steps=220)


@pytest.mark.parametrize("stops", [[7], [12], [13, 14], [21]])
def test_a_resumed_run_goes_back_to_the_same_place(data, tmp_path, learner, stops):
    """Interrupted before, between and after divergences, it ends with the same bytes."""
    key = keys(data, 80)
    learner.set(poison={key[14]: "nan", key[29]: "weights"})
    assert go(data, tmp_path / "a").reason == "done"
    rest = list(stops)

    def interrupt(progress):
        if progress.event == "step" and rest and progress.step == rest[0]:
            rest.pop(0)
            os.kill(os.getpid(), signal.SIGTERM)

    outcome = go(data, tmp_path / "b", watcher=interrupt)
    while outcome.reason == "interrupted":
        outcome = go(data, tmp_path / "b", resume=True, watcher=interrupt)
    assert not rest
    step, arrays, state = final(tmp_path / "a")
    step_again, again, state_again = final(tmp_path / "b")
    assert (step, arrays) == (step_again, again)
    for name in ("rate_factor", "skipped", "times_back", "losses", "best_loss", "best_step"):
        assert state[name] == state_again[name], name


def test_a_jump_is_many_high_losses_in_a_row():
    generator = np.random.default_rng(3)
    watch = LossWatch()
    for loss in 2 + 0.3 * generator.standard_normal(1000):
        assert watch.see(loss) == ""
    assert [watch.see(50.0) for _ in range(9)] == [""] * 9
    assert watch.see(2.2) == ""  # a wild moment is no jump
    assert [watch.see(50.0) for _ in range(9)] == [""] * 9
    assert watch.see(50.0) == "the loss has jumped from 2.0 to 50.0 nats a point"


@pytest.mark.parametrize("seed", range(3))
def test_what_training_looks_like_is_no_jump(seed):
    """A fall from high up, noise of heavy tails, a slow rise with the weight of the KL term."""
    generator = np.random.default_rng(seed)
    steps = np.arange(2000)
    course = 6 * np.exp(-steps / 300) - 1 + 0.001 * steps
    noise = 0.2 * generator.standard_t(2.5, len(steps))
    watch = LossWatch()
    assert {watch.see(float(loss)) for loss in course + noise} == {""}


def test_only_the_last_losses_count():
    """A run that has come down from 9 to 1 jumps at 5, though it was higher in its first steps."""
    watch = LossWatch()
    for loss in [9.0] * 300 + [1.0] * WINDOW:
        watch.see(loss)
    assert watch.recent == [1.0] * WINDOW
    assert [watch.see(5.0) for _ in range(10)][-1].startswith("the loss has jumped from 1.0 to 5.0")


def test_a_constant_loss_may_move_a_little():
    watch = LossWatch([1.0] * 200)
    assert {watch.see(1.9) for _ in range(50)} == {""}


def test_a_jump_makes_a_run_go_back(data, tmp_path, learner):
    # from the 66th step on as high as no other; that is over once the batches are others
    learner.set(losses=lambda count: 90.0 if 66 <= count <= 75 else 1.0 + 0.01 * (count % 7))
    events = []
    assert go(data, tmp_path / "run", steps=90, watcher=events.append).reason == "done"
    (line,) = [event.message for event in events if event.event == "divergence"]
    assert line.startswith("step 75: the loss has jumped from ")
    assert line.endswith(" nats a point; back to step 70 with other batches, learning rate x 0.5")


def test_the_cause_is_looked_for_in_the_batch(data):
    batch = Batches(data["train"], scale_factor=data.scale_factor, batch_size=5)[0]
    losses = {"loss": np.nan, "loss_offset": np.nan, "loss_pen": 1.0, "loss_kl": 0.0}

    def advice():
        with pytest.raises(DivergedError) as caught:
            divergence.check_losses(losses, batch)
        return caught.value.advice

    assert advice() == ""
    batch["stroke5"][0, 1, 0] = 5000
    assert advice().startswith("a drawing of this batch has a step 5000 times as long as usual")
    batch["stroke5"][0, 1, 0] = np.nan
    assert advice().startswith("the drawings of this batch hold numbers that are not finite")
