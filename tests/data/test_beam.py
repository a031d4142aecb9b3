"""The pipeline itself, where Apache Beam is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from sketchrnn.data import convert, open_data

pytestmark = pytest.mark.skipif(find_spec("apache_beam") is None, reason="Apache Beam is missing")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_makes_the_folder(tmp_path, workers):
    """In a process of its own: Beam warns of much, and pytest takes warnings for errors."""
    rng = np.random.default_rng(0)
    lines = [
        json.dumps({"word": f"w{k % 3}", "drawing": [rng.integers(0, 256, (2, 9)).tolist()]})
        for k in range(300)
    ]
    (tmp_path / "folder").mkdir()
    for k in range(3):
        text = "\n".join(lines[k * 100 : k * 100 + 100])
        (tmp_path / "folder" / f"{k}.ndjson").write_text(text)
    command = [sys.executable, "-m", "sketchrnn", "data", "build", "folder", "-o", "many"]
    done = subprocess.run(
        [*command, "--workers", str(workers), "--limit", "90"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "read 300, kept 270" in done.stdout
    convert(tmp_path / "folder", tmp_path / "one.h5", limit=90)
    with open_data(tmp_path / "many") as many, open_data(tmp_path / "one.h5") as one:
        for name, split in one.splits.items():
            assert list(many[name]) == list(split)
        assert many.scale_factor == pytest.approx(one.scale_factor, rel=1e-6)
    assert len(list((tmp_path / "many").glob("part-*.h5"))) == 3
