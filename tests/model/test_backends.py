"""The same tests on the other backend, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OTHER = "jax"


@pytest.mark.skipif(importlib.util.find_spec(OTHER) is None, reason="needs jax")
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == OTHER, reason="this is the other process")
def test_network_on_jax():
    names = ("recurrent", "cells", "stack", "precision", "categories", "mdn", "vae", "reference")
    files = [f"test_{name}.py" for name in names]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + [str(HERE / name) for name in files]
        + [str(HERE.parent / "conformance")],
        env={**os.environ, "KERAS_BACKEND": OTHER},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    assert "passed" in result.stdout
