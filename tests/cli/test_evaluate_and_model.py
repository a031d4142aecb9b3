"""`sketchrnn evaluate` and `sketchrnn model info`."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.model import folder

ROOT = Path(__file__).resolve().parents[2]
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras")


@needs_keras
def test_evaluate_prints_figures(sketchrnn, tiny_folder, tiny_data, tmp_path, monkeypatch):
    words = ("evaluate", tiny_folder, tiny_data, "--samples", "9")
    page = tmp_path / "pairs.svg"
    done = sketchrnn(*words, "--json", "--pairs", page)
    assert done.status == 0
    figures = json.loads(done.out)
    assert figures["split"] == "test"
    assert figures["num_drawings"] == 5
    assert figures["kl_floored"] == max(figures["kl_raw"], 0.1)
    assert figures["samples"] == 9
    assert 'class="drawing"' in page.read_text()

    given = dict(figures)
    monkeypatch.setattr(SketchRNN, "evaluate", lambda model, data, split, samples: given)
    done = sketchrnn(*words)
    assert (done.status, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines() if line.startswith("  ")]
    shown = {words[0]: words[1] for words in lines}
    assert shown["num_drawings"] == "5"
    assert shown["nats_per_point"] == f"{figures['nats_per_point']:.4f}"
    assert shown["valid_rate"] == f"{figures['valid_rate']:.1%}"
    assert set(shown) < set(figures)
    assert "learned from other data" in done.out


def test_evaluate_asks_for_the_split(sketchrnn, tiny_folder, tiny_data, monkeypatch):
    def answer(model, data, split, samples):
        return {"split": split, "n": len(data[split]), "samples": samples}

    monkeypatch.setattr(SketchRNN, "evaluate", answer)
    words = ("--split", "valid", "--samples", "0", "--json")
    done = sketchrnn("evaluate", tiny_folder, tiny_data, *words)
    assert json.loads(done.out) == {"split": "valid", "n": 2, "samples": 0}


def test_evaluate_refuses(refused, tiny_folder, tiny_data, tmp_path):
    trained = tmp_path / "trained.h5"
    with DataFileWriter(trained, Preparation()) as writer:
        writer.append("train", Drawing([[(0, 0), (5, 5)]]))
    empty = tmp_path / "empty.h5"
    with h5py.File(empty, "w"):
        pass
    photo = tmp_path / "photo.h5"
    photo.write_bytes(b"\xff\xd8\xff\xe0" * 50)
    for words, message in (
        (
            (tiny_folder, trained),
            "trained.h5: has no drawings in split 'test'; choose one of train",
        ),
        ((tiny_folder, tiny_data, "--split", "x"), "has no drawings in split 'x'; choose one of"),
        ((tiny_folder, tmp_path / "none.h5"), "none.h5: no such data file; make one with"),
        ((tiny_folder, empty), "empty.h5: is HDF5, but not a data file of sketchrnn"),
        ((tiny_folder, photo), "photo.h5: is not a data file, or is damaged"),
        ((tiny_folder, tiny_folder), "is a model, and data are needed"),
        (("nobody", tiny_data), "nobody: no such model folder"),
        ((tiny_folder,), "Missing argument 'FILE.h5'"),
        ((tiny_folder, tiny_data, "-t", "-1"), "temperature is -1.0, and must be"),
        ((tiny_folder, tiny_data, "--samples", "0", "--pairs", "p.svg"), "--pairs needs samples"),
        ((tiny_folder, tiny_data, "--pairs", "p.txt"), "p.txt: pictures are not written as '.txt'"),
        ((tiny_folder, tiny_data, "--pairs", photo.with_suffix("")), "has no suffix"),
    ):
        assert message in refused("evaluate", *words)


def test_info_says_what_a_model_is(sketchrnn, tiny_folder, free_config, make_weights, tmp_path):
    done = sketchrnn("model", "info", tiny_folder)
    assert (done.status, done.err) == (0, "")
    for words in (
        str(tiny_folder), "VAE, z 6", "lstm 12 a direction", "lstm 24, 4 mixtures", "6,495",
        "24 steps", "40.0000 data units", "3 steps", "dice 6", "CC0", "A. Nonymous",
    ):  # fmt: skip
        assert words in done.out

    bare = folder.write(
        tmp_path / "bare",
        free_config,
        make_weights(free_config),
        preparation=Preparation().to_dict(),
        provenance={"data": None},
    )
    done = sketchrnn("model", "info", bare)
    assert done.status == 0
    assert "decoder only" in done.out
    assert "encoder" not in done.out
    assert "? steps" in done.out


def test_info_as_json_is_everything(sketchrnn, tiny_folder):
    values = json.loads(sketchrnn("model", "info", tiny_folder, "--json").out)
    stored = json.loads((tiny_folder / folder.CONFIG_FILE).read_text())
    assert values["parameters"] == 6495
    for key in ("config", "preparation", "provenance"):
        assert values[key] == stored[key]


def test_info_refuses(refused, tiny_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "is no model folder" in refused("model", "info", tmp_path / "empty")
    assert "no such model folder" in refused("model", "info", "nobody")
    (tiny_folder / folder.WEIGHTS_FILE).unlink()
    line = refused("model", "info", tiny_folder)
    assert line.startswith(f"{tiny_folder / folder.WEIGHTS_FILE}: is missing")


def test_info_loads_no_framework(tiny_folder):
    script = (
        "import sys\n"
        "from sketchrnn.cli.main import _run\n"
        f"assert _run(['model', 'info', {str(tiny_folder)!r}]) == 0\n"
        "print(sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr == "[]\n"
