"""The tutorial runs from top to bottom, and shows what it says that it shows."""

from __future__ import annotations

import base64
import ctypes.util
import importlib.metadata
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs/tutorial.ipynb"
LARGEST = 500_000


def lacking():
    """What the pictures in the notebook need and is not here."""
    packages = {"kanjivg", "skia-pathops", "fonttools"}
    names = {d.name.lower() for d in importlib.metadata.distributions() if d.name}
    return sorted(packages - names) + ["libcairo"] * (ctypes.util.find_library("cairo") is None)


needs_what_it_shows = pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}")


def run(target, *words):
    """Run the notebook in a process of its own, and return what it shows."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "docs/run_tutorial.py"), "-o", target, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(target.read_text("utf-8"))


def cells_of(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def needs_framework(cell):
    return "framework" in cell["metadata"].get("tags", [])


def shown(cell):
    """The texts and the pictures of a cell."""
    texts, pictures = [], []
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            content = base64.b64decode(data["image/png"])
            pictures.append(Image.open(io.BytesIO(content)).convert("L"))
        texts.append("".join(output.get("text") or data["text/plain"]))
    return texts, pictures


def ink_of(picture):
    return 1 - np.asarray(picture, dtype=np.float64) / 255


def unlikeness(one, other):
    """0 for the same picture, near 2 for ink in other places."""
    a, b = ink_of(one), ink_of(other)
    return np.abs(a - b).sum() / min(a.sum(), b.sum())


def check_same(written, fresh):
    """What stands in the notebook is what comes when it is run."""
    (texts, pictures), (new_texts, new_pictures) = shown(written), shown(fresh)
    assert texts == new_texts
    assert [p.size for p in pictures] == [p.size for p in new_pictures]
    for picture, again in zip(pictures, new_pictures, strict=True):
        assert ink_of(picture).sum() > 100
        assert unlikeness(picture, again) < 0.5


def test_what_stands_in_the_notebook_can_be_shown():
    text = NOTEBOOK.read_text("utf-8")
    assert len(text.encode()) < LARGEST
    notebook = json.loads(text)
    assert notebook["nbformat"] == 4
    cells = cells_of(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert sum(len(shown(cell)[1]) for cell in cells) > 12
    assert str(Path.home()) not in text


@needs_what_it_shows
def test_it_runs_without_a_framework(tmp_path):
    fresh = run(tmp_path / "again.ipynb", "--without-framework")
    written = json.loads(NOTEBOOK.read_text("utf-8"))
    assert [c["source"] for c in fresh["cells"]] == [c["source"] for c in written["cells"]]
    for cell, again in zip(cells_of(written), cells_of(fresh), strict=True):
        if needs_framework(cell):
            (text,), pictures = shown(again)
            assert "pip install 'sketchrnn[cpu]'" in text
            assert pictures == []
        else:
            check_same(cell, again)


@pytest.mark.long
@needs_what_it_shows
def test_it_trains_where_there_is_a_framework(tmp_path):
    pytest.importorskip("keras")
    fresh = run(tmp_path / "again.ipynb")
    (cell,) = [cell for cell in cells_of(fresh) if needs_framework(cell)]
    _, (picture,) = shown(cell)
    assert ink_of(picture).sum() > 100


def test_the_comparison_can_fail():
    cells = cells_of(json.loads(NOTEBOOK.read_text("utf-8")))
    drawn = [cell for cell in cells if shown(cell)[1]]
    check_same(drawn[0], drawn[0])
    with pytest.raises(AssertionError):
        check_same(drawn[0], drawn[1])
    picture = shown(drawn[-1])[1][0]
    assert unlikeness(picture, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > 0.5
