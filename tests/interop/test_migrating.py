"""docs/migrating.md: its commands run one after the other, and the names in it are ours."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import shlex

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.cli import main as front_door
from sketchrnn.model.config import ModelConfig
from sketchrnn.training.config import TrainConfig
from tests.interop.conftest import ROOT, js_arrays, js_content

PAGE = (ROOT / "docs" / "migrating.md").read_text("utf-8")
COMMANDS = re.findall(
    r"^ *sketchrnn (.*)$", "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)), re.M
)
FIELDS = {field.name for kind in (ModelConfig, TrainConfig) for field in dataclasses.fields(kind)}
ELSEWHERE = re.compile(
    r"\.keras|savedmodel|\$k"
)  # need a framework, or a shell; tested by themselves


def test_the_commands_run_in_the_order_of_the_page(tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bicycle.gen.json").write_text(json.dumps(js_content(js_arrays(False), mode=2)))
    rows = np.array([[9, 4, 0], [-3, 8, 1], [5, 5, 0], [0, 7, 1]], np.int16)
    splits = {
        name: np.array([rows] * 4 + [rows[:2]], object) for name in ("train", "valid", "test")
    }
    np.savez(tmp_path / "sheep.npz", **splits)
    (tmp_path / "strokes.json").write_text("[[[0, 0], [9, 9]]]")  # of the loop, tested by itself
    run = [command for command in COMMANDS if not ELSEWHERE.search(command)]
    assert len(run) > 8
    for command in run:
        with pytest.raises(SystemExit) as leaving:
            front_door.main(shlex.split(command))
        said = capsys.readouterr()
        assert leaving.value.code == 0, (command, said.err)
        words = shlex.split(command)
        assert "-o" not in words or (tmp_path / words[words.index("-o") + 1]).exists()
        if command == "model export kanji -o kanji.gen.json --seed 3":
            assert "nats a point" in said.err
        if command == "data info sheep.h5":
            assert re.search(r"^scale factor +\d", said.out, re.M)


def test_settings_in_the_page_are_settings():
    of_magenta = PAGE.partition("## From Magenta's")[2].partition("\n## ")[0]
    cells = [row.split(" | ")[1] for row in of_magenta.splitlines() if row.count(" | ") == 1]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert {"w_kl", "decoder_size", "point_drop"} <= named <= FIELDS
    assigned = dict(re.findall(r"--set (\w+)=([\w.]+)", PAGE))
    assert len(assigned) > 3
    assert set(assigned) <= FIELDS
    cells = {name: value for name, value in assigned.items() if name.endswith("_cell")}
    assert ModelConfig(**cells)


def test_methods_in_the_page_are_methods():
    called = set(re.findall(r"`model\.(\w+)\(", PAGE))
    assert called >= {"encode", "decode", "generate"}
    assert all(hasattr(SketchRNN, name) for name in called)
    assert "max_steps" in inspect.signature(SketchRNN.generate).parameters
