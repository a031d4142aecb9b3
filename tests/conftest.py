"""What several tests need."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# The same examples each time, and no limit by the clock: a busy machine is no failure.
hypothesis.settings.register_profile("sketchrnn", deadline=None, derandomize=True)
hypothesis.settings.load_profile("sketchrnn")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; whoever has none skips the test."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("SKETCHRNN_SHARED") or beside) / "data"
    if not data.is_dir():
        pytest.skip("needs the real data of ../shared, or of SKETCHRNN_SHARED")
    return data
