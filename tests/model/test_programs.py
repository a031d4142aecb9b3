"""Compiled programs that JAX keeps for the next process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

CODE = """
from sketchrnn.model import backend
backend.WORTH_KEEPING = 0.0
backend.load_backend()
import jax
print(jax.jit(lambda x: jax.numpy.tanh(x) @ x)(jax.numpy.ones((3, 3)))[0, 0])
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")
def test_the_next_process_finds_the_programs_of_the_first(tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)

    def run(**more: str) -> str:
        command = [sys.executable, "-W", "error", "-c", CODE]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**environment, **more}, check=True
        )
        return done.stdout

    first = run()
    programs = {path for path in tmp_path.glob("sketchrnn/programs/*/*") if "-cache" in path.name}
    assert programs
    times = {path: path.stat().st_mtime_ns for path in programs}
    assert run() == first
    again = set(tmp_path.glob("sketchrnn/programs/*/*-cache"))
    assert again == programs, "the second process compiled what the first had"
    assert times == {path: path.stat().st_mtime_ns for path in programs}

    for path in programs:  # what was cut short is made again
        path.write_bytes(path.read_bytes()[:20])
    cut = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, check=True
    )
    assert cut.stdout == first

    nowhere = tmp_path / "file"
    nowhere.write_text("in the way")
    assert run(XDG_CACHE_HOME=str(nowhere)) == first
    assert run(JAX_COMPILATION_CACHE_DIR="") == first
