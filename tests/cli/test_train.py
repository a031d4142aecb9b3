"""`sketchrnn train`: what a run leaves, what it says, and what it refuses."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import re
from types import SimpleNamespace

import pytest

import sketchrnn as sr
from sketchrnn.cli import main as front_door
from sketchrnn.cli.train import _View
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.training.progress import Progress

TINY = {
    "decoder_size": 8,
    "encoder_size": 4,
    "z_size": 3,
    "num_mixtures": 2,
    "batch_size": 4,
    "num_buckets": 1,
    "evaluate_every": 2,
    "sample_every": 2,
    "steps": 2,
}
SETTINGS = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras")


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_data):
    """A run of two steps, and what it said."""
    pytest.importorskip("keras")
    home = tmp_path_factory.mktemp("runs") / "a run"
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        status = front_door._run(["train", str(tiny_data), "-o", str(home), *SETTINGS])
    assert status == 0, said.getvalue()
    return SimpleNamespace(home=home, said=said.getvalue())


def test_a_run_is_a_model_that_draws(run, tiny_data):
    model = sr.load(run.home)
    assert model.config.decoder_size == 8
    assert model.config.z_size == 3
    with sr.open_data(tiny_data) as data:
        assert model.config.scale_factor == data.scale_factor
        assert model.config.max_seq_len == max(s.lengths.max() for s in data.splits.values())
        assert model.preparation == data.preparation
        assert model.provenance["data"]["fingerprint"] == data.fingerprint
    assert model.provenance["data"]["licence"] == "CC0"
    assert model.provenance["step"] == 2
    assert model.provenance["settings"]["batch_size"] == 4
    assert len(model.generate(3, seed=0)) == 3


def test_a_run_leaves_figures_pages_and_checkpoints(run):
    lines = [json.loads(line) for line in (run.home / "metrics.jsonl").read_text().splitlines()]
    assert [(line["split"], line["step"]) for line in lines] == [("train", 2), ("valid", 2)]
    for line in lines:
        assert all(math.isfinite(v) for v in line.values() if isinstance(v, float))
    (page,) = (run.home / "samples").iterdir()
    assert page.read_bytes().startswith(b"\x89PNG")
    assert any((run.home / "checkpoints").iterdir())
    if importlib.util.find_spec("tensorboardX"):
        assert any(p.stat().st_size for p in (run.home / "tensorboard").iterdir())
    assert not [p.name for p in run.home.rglob(".*")]


def test_a_run_tells_what_happens_in_lines_that_stay(run):
    lines = run.said.splitlines()
    assert all(line.strip() == line.rstrip() and line.strip() for line in lines), lines
    assert lines[0].startswith("13 drawings, 2 to validate; ")
    assert "batches of 4 in 1 lengths" in lines[0]
    steps = [line for line in lines if line.startswith("step")]
    assert steps[0].startswith("step       2   nats/point ")
    assert steps[0].endswith(" steps/s")
    assert lines[-1] == f"draw with it: sketchrnn generate '{run.home}' -o page.svg"
    assert re.match(r"\d+\.\d% of the time was waiting for drawings", lines[-2])
    assert lines[-3].startswith("the best model, of step ")
    assert "--resume" not in run.said  # it is done


def contents(home):
    return {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "exists already; go on with it by --resume, replace it by --force"),
        (["--resume", "--force"], "cannot be both resumed and replaced"),
        (
            ["--resume", "--set", "z_size=4"],
            "z_size cannot change in the middle of a run (it is 3)",
        ),
        (["--resume", "--set", "learning_rate=0.1"], "learning_rate cannot change in the middle"),
        (["--resume", "--preset", "small"], "begun with preset None; omit --preset"),
        (["--force", "--set", "z_sise=4"], "unknown setting 'z_sise'; did you mean 'z_size'?"),
    ],
)
def test_a_run_that_exists_is_left_alone(run, sketchrnn, tiny_data, options, message):
    before = contents(run.home)
    done = sketchrnn("train", tiny_data, "-o", run.home, *options)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert contents(run.home) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--set", "decoder_sise=3"],
            "unknown setting 'decoder_sise'; did you mean 'decoder_size'",
        ),
        (["--set", "resume=1"], "unknown setting 'resume'"),
        (["--set", "data=x"], "unknown setting 'data'"),
        (["--set", "max_seq_len=9"], "unknown setting 'max_seq_len'"),
        (["--set", "=9"], "unknown setting ''"),
        (["--set", "z_size"], "--set 'z_size' has no value; write --set key=value"),
        (["--set", "z_size=big"], "z_size is 'big', and must be a whole number"),
        (["--set", "z_size=1.5"], "z_size is '1.5', and must be a whole number"),
        (["--set", "z_size=0"], "z_size is 0"),
        (["--set", "steps=0"], "steps is 0"),
        (["--set", "learning_rate=nan"], "learning_rate is nan"),
        (["--set", "decoder_cell=gru"], "decoder_cell is 'gru'"),
        (["--minutes", "nan"], "minutes is nan"),
        (["--minutes", "-1"], "minutes is -1.0"),
        (["--steps", "0"], "0 is not in the range x>=1"),
        (["--preset", "big"], "unknown preset 'big'; use one of magenta, "),
    ],
)
def test_settings_are_refused_before_a_framework_is_loaded(
    refused, tiny_data, tmp_path, monkeypatch, options, message
):
    def load():
        raise AssertionError("too early for this")

    monkeypatch.setattr("sketchrnn.model.backend.load_backend", load)
    assert message in refused("train", tiny_data, "-o", tmp_path / "run", *options)


@needs_keras
def test_data_and_places_that_cannot_be_used(refused, tiny_data, tmp_path):
    tested = tmp_path / "tested.h5"
    with DataFileWriter(tested, Preparation()) as writer:
        writer.append("test", Drawing([[(0, 0), (5, 5)]]))
    file = tmp_path / "photo.h5"
    file.write_bytes(b"\xff\xd8\xff\xe0" * 50)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    new = tmp_path / "new"
    for words, message in (
        ((tmp_path / "none.h5", "-o", new), "none.h5: no such data file"),
        ((file, "-o", new), "photo.h5: is not a data file, or is damaged"),
        ((tested, "-o", new), "tested.h5: has no drawings in split 'train'; choose one of test"),
        ((tiny_data, "-o", new, "--resume"), "new: holds no run to go on with"),
        ((tiny_data, "-o", file, "--resume"), "photo.h5: holds no run to go on with"),
        ((tiny_data, "-o", file), "photo.h5: exists already"),
        ((tiny_data, "-o", file, "--force"), "photo.h5: is a file, not a folder"),
        (
            (tiny_data, "-o", tmp_path / "thesis", "--force"),
            "thesis: holds 'thesis.tex', which",
        ),
        ((tiny_data,), "Missing option '-o' / '--output'"),
    ):
        assert message in refused("train", *words)


def test_steps_may_be_set_either_way(sketchrnn, tiny_data, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("sketchrnn.api.train", lambda *places, **settings: asked.append(settings))
    for options in (["--set", "steps=7"], ["--steps", "7"], ["--set", "steps=9", "--steps", "7"]):
        assert sketchrnn("train", tiny_data, "-o", tmp_path / "run", *options).status == 0
    assert [int(settings["steps"]) for settings in asked] == [7, 7, 7]


def test_a_name_with_brackets_is_shown_as_it_is(capsys):
    view = _View(
        "/tmp/[bold]run[/bold] of a very long name that would not fit on a line " + "x" * 60
    )
    view._last = Progress("end", 5, 9, {"best_step": 5, "best_loss": 0.5})
    view.close()
    view.conclude()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "[bold]run[/bold] of a very" in lines[0]
    assert lines[1].startswith("stopped at step 5 of 9; go on with the same command and --resume")


def test_what_happens_on_the_way_is_told_in_a_line(capsys):
    view = _View("run")
    view.watch(Progress("note", 0, 9, message="the data has fewer drawings than a batch"))
    view.watch(Progress("divergence", 3, 9, message="step 5: the loss is nan; back to step 3"))
    view.watch(Progress("trouble", 3, 9, message="no room [5 bytes]; training goes on"))
    figures = {"best_step": 0, "best_loss": math.inf}
    view.watch(Progress("end", 3, 9, figures, message="stopped early: nothing got better"))
    view.close()
    view.conclude()
    assert capsys.readouterr().err.splitlines() == [
        "the data has fewer drawings than a batch",
        "step 5: the loss is nan; back to step 3",
        "no room [5 bytes]; training goes on",
        "the model of step 3 is in run",
        "stopped early: nothing got better",
        "draw with it: sketchrnn generate run -o page.svg",
    ]
