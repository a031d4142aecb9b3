"""What several tests need."""

from __future__ import annotations

import atexit
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig

# The same examples each time, and no limit by the clock: a busy machine is no failure.
hypothesis.settings.register_profile("sketchrnn", deadline=None, derandomize=True)
hypothesis.settings.load_profile("sketchrnn")

OWN_CACHE = "SKETCHRNN_TESTS_CACHE"


def pytest_configure() -> None:
    """Keep compiled programs in a folder of this session; its processes share it."""
    if OWN_CACHE not in os.environ:
        os.environ[OWN_CACHE] = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp("-sketchrnn")
        atexit.register(shutil.rmtree, os.environ[OWN_CACHE], ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; whoever has none skips the test."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("SKETCHRNN_SHARED") or beside) / "data"
    if not data.is_dir():
        pytest.skip("needs the real data of ../shared, or of SKETCHRNN_SHARED")
    return data


def random_weights(config: ModelConfig, seed: int = 7, scale: float = 0.4) -> dict[str, Any]:
    """Weights of a network that nobody has trained; no two gates and no biases are alike."""
    generator = np.random.default_rng(seed)
    weights = {
        name: (scale * generator.standard_normal(shape)).astype(np.float32)
        for name, shape in folder.weight_shapes(config).items()
    }
    for pen in range(3):  # draw on for a while, lift now and then, end rarely
        weights["decoder/output/bias"][pen] = (1.0, 0.0, -2.5)[pen]
    return weights


def random_drawing(generator: np.random.Generator, *, whole: bool = False) -> Drawing:
    """Two to four strokes across some 200 units."""
    strokes = []
    for _ in range(generator.integers(2, 5)):
        points = generator.uniform(0, 200, (generator.integers(2, 5), 2))
        strokes.append(np.round(points) if whole else points)
    return Drawing(strokes)


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    """The shape of a network that is drawn with in no time."""
    return ModelConfig(
        encoder_size=12,
        decoder_size=24,
        z_size=6,
        num_mixtures=4,
        max_seq_len=24,
        scale_factor=40.0,
        forget_bias=0.7,
    )


@pytest.fixture(scope="session")
def free_config(tiny_config: ModelConfig) -> ModelConfig:
    """The same as a decoder alone."""
    return dataclasses.replace(tiny_config, conditional=False)


@pytest.fixture(scope="session")
def make_weights() -> Callable[..., dict[str, Any]]:
    """The function `random_weights`."""
    return random_weights


@pytest.fixture(scope="session")
def made_up_drawings() -> list[Drawing]:
    """A few drawings that differ in everything."""
    generator = np.random.default_rng(11)
    return [random_drawing(generator) for _ in range(7)]


@pytest.fixture
def tiny_folder(tmp_path: Path, tiny_config: ModelConfig) -> Path:
    """A model folder of the test's own."""
    return folder.write(
        tmp_path / "tiny",
        tiny_config,
        random_weights(tiny_config),
        preparation=Preparation(fit="longer_side", epsilon=1.0).to_dict(),
        provenance={
            "step": 3,
            "data": {
                "licence": "CC0",
                "attribution": "A. Nonymous",
                "sources": [{"name": "dice", "version": "6"}],
            },
            "settings": {"kl_min": 0.1},
        },
    )


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file of twenty drawings, in all three splits."""
    generator = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("data") / "tiny.h5"
    info = {"licence": "CC0", "attribution": "A. Nonymous", "sources": [{"name": "dice"}]}
    with DataFileWriter(path, Preparation(fit="longer_side", epsilon=0.0), info=info) as writer:
        for number in range(20):
            split = "valid" if number % 7 == 6 else "test" if number % 4 == 3 else "train"
            writer.append(split, random_drawing(generator, whole=True))
    return path


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None
    )
    if program is None:
        pytest.skip("needs Chromium")
    flags = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()
