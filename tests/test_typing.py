"""A program of others sees the types of the public names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIENT = """
import sketchrnn as sr

model = sr.load("kanji")
reveal_type(model)
reveal_type(sr.from_pretrained("kanji"))
reveal_type(model.generate(2, temperature=0.4, seed=7))
reveal_type(sr.read("cat.svg"))
reveal_type(sr.studio(model))
reveal_type(sr.gallery(model.generate(2)))
model.generate("two")
sr.nothing_of_that_name
"""


def test_mypy_sees_the_public_names(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "client.py").write_text(CLIENT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--ignore-missing-imports",
         "--follow-imports=silent", "--cache-dir", tmp_path / "cache", "client.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    kinds = [line.split('"')[1] for line in done.stdout.splitlines() if "Revealed" in line]
    assert kinds == [
        "sketchrnn.api.SketchRNN",
        "sketchrnn.api.SketchRNN",
        "list[sketchrnn.drawing.drawing.Drawing]",
        "sketchrnn.drawing.drawing.Drawing",
        "sketchrnn.studio_page.page.Studio",
        "sketchrnn.render.gallery.Gallery",
    ], done.stdout + done.stderr
    assert 'incompatible type "str"; expected "int"' in done.stdout


def test_the_package_says_that_it_is_typed():
    import sketchrnn

    assert (Path(sketchrnn.__file__).parent / "py.typed").is_file()
