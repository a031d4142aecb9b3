"""What is installed is what is here: every room, and the models in the box."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import sketchrnn

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_room_is_among_the_packages():
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "sketchrnn").rglob("__init__.py")
    }
    assert {*PYPROJECT["tool"]["setuptools"]["packages"]} == rooms | {"sketchrnn.shipped"}


def test_the_version_is_the_same_everywhere():
    assert PYPROJECT["project"]["version"] == sketchrnn.__version__


@pytest.mark.long  # makes an environment to build in, which needs the network
def test_a_wheel_brings_the_models(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "sketchrnn", tree / "sketchrnn")
    shutil.copytree(ROOT / "checkpoints", tree / "checkpoints")
    made_up = tree / "checkpoints" / "made-up"
    made_up.mkdir()
    files = {"config.json", "model.weights.h5", "LICENSE"}
    for name in files:
        (made_up / name).write_text("{}", encoding="utf-8")

    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(tmp_path), str(tree)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    shipped = tmp_path / "installed/sketchrnn/shipped/made-up"
    assert sorted(p.name for p in shipped.iterdir()) == [
        "LICENSE",
        "config.json",
        "model.weights.h5",
    ]

    report = subprocess.run(
        [sys.executable, "-m", "sketchrnn", "doctor", "--json"],
        cwd=tmp_path / "installed",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        check=True,
    )
    assert "made-up" in json.loads(report.stdout)["models"]["found"]
