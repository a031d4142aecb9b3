"""Going on from somebody's model: its units and weights, both licences, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, SketchRNNError
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.training import checkpoint, finetune
from sketchrnn.training.run import train_run

SMALL = {"batch_size": 5, "sample_every": 0, "steps": 10, "evaluate_every": 5}
SHAPE = ModelConfig(
    conditional=False, decoder_size=6, num_mixtures=2, max_seq_len=12, scale_factor=40.0
)


def make(path, make_weights, config=SHAPE, *, preparation=None, **provenance):
    data = {"licence": "CC BY-SA 3.0", "attribution": "A. Parent", "sources": ["elsewhere"]}
    return folder.write(
        path,
        config,
        make_weights(config, scale=0.1),
        preparation=(preparation or Preparation(fit="longer_side")).to_dict(),
        provenance={"step": 77, "data": data, "settings": {"w_kl": 0.3}, **provenance},
    )


@pytest.fixture
def model(tmp_path, make_weights):
    return make(tmp_path / "theirs", make_weights)


def go(
    data, out, init_from, *, preset=None, resume=False, watcher=None, overwrite=False, **changes
):
    changes = changes if resume else {**SMALL, **changes}
    return train_run(
        data,
        out,
        preset=preset,
        changes=changes,
        resume=resume,
        overwrite=overwrite,
        init_from=init_from and str(init_from),
        watcher=watcher,
    )


def notes(data, out, model, **changes):
    events = []
    go(data, out, model, watcher=events.append, **changes)
    return [event.message for event in events if event.event == "note"]


def some_data(path, drawings, **preparation):
    with DataFileWriter(path, Preparation(**{"fit": "longer_side", **preparation})) as writer:
        for drawing in drawings:
            writer.append("train", drawing)
    return open_data(path)


def test_shape_units_and_weights_are_the_parents(data, tmp_path, learner, model):
    lines = notes(data, tmp_path / "mine", model)
    assert lines[0] == (
        "going on from theirs; its scale factor 40 is kept (of these drawings alone it would be "
        f"{data.scale_factor:.4g})"
    )
    theirs = folder.read_weights(folder.read(model))
    assert {k: v.tobytes() for k, v in learner.last.begun.items()} == {
        k: v.tobytes() for k, v in theirs.items()
    }
    assert learner.last.config == SHAPE
    run = json.loads((tmp_path / "mine" / "run.json").read_text())
    assert run["training"]["learning_rate"] == finetune.FINETUNE_DEFAULTS["learning_rate"]
    assert run["training"]["eta_min"] == 1.0  # the weight of the KL term need not grow again
    assert run["training"]["w_kl"] == 0.3  # the parent's


def test_the_parent_is_measured_first_and_kept_while_nothing_is_better(
    data, tmp_path, learner, model
):
    learner.set(objectives=[5, 6, 7])
    outcome = go(data, tmp_path / "mine", model)
    assert (outcome.best_step, outcome.best_loss) == (0, 5 / 12)
    lines = [json.loads(x) for x in (tmp_path / "mine" / "metrics.jsonl").read_text().splitlines()]
    assert (lines[0]["split"], lines[0]["step"]) == ("valid", 0)


def test_both_licences_and_the_parent_are_told(data, tmp_path, learner, model):
    go(data, tmp_path / "mine", model)
    told = folder.read(tmp_path / "mine").provenance
    assert told["data"]["licence"] == "CC0 and CC BY-SA 3.0"
    assert told["data"]["attribution"] == "nobody; A. Parent"
    assert told["data"]["fingerprint"] == data.fingerprint
    assert (told["parent"]["name"], told["parent"]["step"]) == ("theirs", 77)
    assert told["parent"]["data"]["sources"] == ["elsewhere"]
    # and so with the next in line
    go(data, tmp_path / "next", tmp_path / "mine")
    told = folder.read(tmp_path / "next").provenance
    assert told["data"]["licence"] == "CC0 and CC BY-SA 3.0"
    assert told["parent"]["parent"]["name"] == "theirs"


def test_a_resumed_run_says_the_same(data, tmp_path, learner, model):
    go(data, tmp_path / "a", model, steps=20)
    go(data, tmp_path / "b", model, steps=10)
    go(data, tmp_path / "b", None, resume=True, steps=20)
    a, b = (checkpoint.newest(tmp_path / name / "checkpoints") for name in "ab")
    assert a[1]["weights/w"].tobytes() == b[1]["weights/w"].tobytes()
    go(data, tmp_path / "b", None, resume=True, steps=30)
    told = folder.read(tmp_path / "b").provenance
    assert told["data"]["licence"] == "CC0 and CC BY-SA 3.0"
    assert told["parent"]["name"] == "theirs"
    # killed before the first checkpoint: the parent is read again, if it is still the same
    for path in checkpoint.found(tmp_path / "b" / "checkpoints"):
        path.unlink()
    go(data, tmp_path / "b", None, resume=True, steps=20)
    again = checkpoint.newest(tmp_path / "b" / "checkpoints")
    assert a[1]["weights/w"].tobytes() == again[1]["weights/w"].tobytes()


def test_a_parent_that_has_changed_is_refused(data, tmp_path, learner, make_weights):
    model = make(tmp_path / "theirs", make_weights)
    go(data, tmp_path / "mine", model)
    for path in checkpoint.found(tmp_path / "mine" / "checkpoints"):
        path.unlink()
    folder.write_into(
        model,
        SHAPE,
        make_weights(SHAPE, seed=9),
        preparation=Preparation().to_dict(),
        provenance={},
    )
    with pytest.raises(BadFileError, match="theirs: has changed since the run began"):
        go(data, tmp_path / "mine", None, resume=True, steps=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder_size": 8}, "decoder_size is 8, and the model theirs has 6; leave decoder_size"),
        ({"conditional": True}, "conditional is True.* has no encoder, and cannot get or lose one"),
        ({"w_kl": 0.5}, "w_kl is set, and a decoder alone"),
        ({"category_size": 4}, "category_size is 4, and there"),
        ({"forget_bias": 0.5}, "unknown|forget_bias is 0.5, and the model theirs has 1.0"),
        ({"decodersize": 8}, "unknown setting 'decodersize'; did you mean 'decoder_size'"),
        ({"preset": "large"}, "unknown preset 'large'"),
        ({"min_learning_rate": 0.5}, "min_learning_rate is 0.5, and learning_rate"),
    ],
)
def test_what_would_make_another_network_is_refused(
    data, tmp_path, learner, model, changes, message
):
    with pytest.raises(SketchRNNError, match=message):
        go(data, tmp_path / "mine", model, **changes)
    assert not (tmp_path / "mine").exists()


def test_dropout_and_a_presets_training_may_differ(data, tmp_path, learner, model):
    go(data, tmp_path / "mine", model, preset="kanji", recurrent_dropout_rate=0.3)
    run = json.loads((tmp_path / "mine" / "run.json").read_text())
    assert run["config"]["recurrent_dropout_rate"] == 0.3
    assert run["config"]["decoder_size"] == 6
    assert run["training"]["learning_rate_decay"] == 0.9998


def test_places_that_cannot_be_used(data, tmp_path, learner, model):
    with pytest.raises(BadFileError, match="nothing: no such model folder; shipped models: "):
        go(data, tmp_path / "mine", tmp_path / "nothing")
    go(data, tmp_path / "mine", model)
    with pytest.raises(BadSettingError, match="goes on from its own checkpoints; omit --init"):
        go(data, tmp_path / "mine", model, resume=True)
    with pytest.raises(BadSettingError, match="cannot be replaced by a run that goes on from it"):
        go(data, tmp_path / "mine", tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "model.weights.h5").is_file()


def test_how_the_drawings_were_prepared_is_compared(tmp_path, learner, model, made_up_drawings):
    data = some_data(tmp_path / "d.h5", made_up_drawings, extent=1020.0, epsilon=3.0, fit="box")
    lines = notes(data, tmp_path / "mine", model)
    assert lines[0] == (
        "going on from theirs; its scale factor 40 becomes 160, because the drawings' extent is "
        "1020 and was 255"
    )
    assert "these drawings were prepared with fit box, its own longer_side" in lines
    assert "these drawings were prepared with epsilon 3, its own 2" in lines
    assert learner.last.config.scale_factor == 160.0


def test_drawings_that_are_longer_or_larger_are_told(tmp_path, learner, model):
    long = Drawing([[(200 * (k % 2), 250 * (k // 2 % 2)) for k in range(30)]])
    data = some_data(tmp_path / "d.h5", [long, long])
    lines = notes(data, tmp_path / "mine", model)
    assert lines[1].startswith("the steps of these drawings are 4.7 times")
    assert lines[1].endswith("times as long as those that theirs learned from: see that both were "
                             "fitted alike")  # fmt: skip
    assert lines[2] == "the longest of these drawings has 29 steps, where theirs had 12"
    assert lines[3] == (
        "there are 2 drawings to learn, fewer than a batch of 5: all are in every batch"
    )
    assert learner.last.config.max_seq_len == 29


def categorical(path, counts):
    rng = np.random.default_rng(2)
    with DataFileWriter(path, Preparation(fit="longer_side", epsilon=0)) as writer:
        for split, names in counts.items():
            for name in names:
                points = rng.integers(0, 256, (5, 2))
                writer.append(split, Drawing([points, points[:1]]).with_category(name))
    return open_data(path)


TOLD = dataclasses.replace(SHAPE, category_size=2, categories=("cat", "dog"))


def test_new_categories_get_rows_of_their_own(tmp_path, learner, make_weights):
    model = make(tmp_path / "theirs", make_weights, TOLD)
    data = categorical(tmp_path / "d.h5", {"train": ["pig", "dog", "owl", "pig"]})
    assert "new categories: 'pig', 'owl'" in notes(data, tmp_path / "mine", model)
    assert learner.last.config.categories == ("cat", "dog", "pig", "owl")
    table = learner.last.begun["categories/embedding"]
    before = folder.read_weights(folder.read(model))["categories/embedding"]
    assert np.array_equal(table[:2], before)
    assert np.allclose(table[2:], before.mean(axis=0))


def test_categories_that_cannot_be_learned(tmp_path, learner, make_weights):
    model = make(tmp_path / "theirs", make_weights, TOLD)
    data = categorical(tmp_path / "a.h5", {"train": ["dog", "cat"], "valid": ["pig"]})
    with pytest.raises(BadFileError, match=r"a\.h5: has no training drawings of 'pig', which the"):
        go(data, tmp_path / "mine", model)
    data = categorical(tmp_path / "b.h5", {"train": ["dog", None]})
    with pytest.raises(BadFileError, match=r"b\.h5: train, drawing 1: has no category"):
        go(data, tmp_path / "mine", model)


def test_an_empty_category_is_told(tmp_path, learner):
    data = categorical(tmp_path / "a.h5", {"train": ["dog"] * 6, "valid": ["pig"]})
    assert "there are no drawings to learn of 'pig'" in notes(data, tmp_path / "mine", None)


def test_the_first_loss_is_the_parents_and_a_few_steps_lower_it(tmp_path, make_weights):
    """The real network, told of categories, one of them new."""
    model = make(tmp_path / "theirs", make_weights, TOLD)
    data = categorical(
        tmp_path / "d.h5", {"train": ["cat", "pig"] * 10, "valid": ["cat", "dog", "cat"]}
    )
    train_run(
        data,
        tmp_path / "mine",
        preset=None,
        changes={**SMALL, "num_buckets": 1, "steps": 30, "learning_rate": 0.01},
        resume=False,
        overwrite=False,
        init_from=str(model),
    )
    lines = [json.loads(x) for x in (tmp_path / "mine" / "metrics.jsonl").read_text().splitlines()]
    valid = [line["nats_per_drawing"] for line in lines if line["split"] == "valid"]
    expected = sr.load(model).evaluate(data, split="valid")["nats_per_drawing"]
    assert valid[0] == pytest.approx(expected, rel=1e-5)
    assert valid[-1] < valid[0]
    mine = sr.load(tmp_path / "mine")
    assert mine.categories == ("cat", "dog", "pig")
    assert len(mine.generate(1, category="pig", seed=1)) == 1
