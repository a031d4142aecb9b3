"""Files of sketch-rnn-js made by hand, and the real JavaScript client."""

from __future__ import annotations

import base64
import json
import os
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CLIENT = "@magenta/sketch@0.2.0"
TWENTY = 20


def js_arrays(conditional: bool, units: int = 6, size: int = 4, z: int = 3) -> list[np.ndarray]:
    """Arrays in the order of the format, which are multiples of 10 / 32767; all different."""
    rng = np.random.default_rng(4)
    outputs = 3 + 6 * TWENTY
    shapes: list[tuple[int, ...]] = [(units, outputs), (outputs,)]
    inputs = 5 + (z if conditional else 0)
    shapes += [(inputs, 4 * units), (units, 4 * units), (4 * units,)]
    if conditional:
        lstm = [(5, 4 * size), (size, 4 * size), (4 * size,)]
        dense = [(2 * size, z), (z,)]
        shapes = lstm + lstm + dense + dense + [(z, 2 * units), (2 * units,)] + shapes
    return [
        np.rint(rng.normal(0, 1500, shape)).clip(-32767, 32767) * 10 / 32767 for shape in shapes
    ]


def js_content(arrays: list[np.ndarray], **info: Any) -> list[Any]:
    """The content of a file, packed a number at a time."""
    blobs = []
    for array in arrays:
        numbers = [round(float(value) * 32767 / 10) for value in array.ravel()]
        blobs.append(base64.b64encode(struct.pack(f"<{len(numbers)}h", *numbers)).decode())
    head = {"name": "dice", "version": 6, "max_seq_len": 30, "scale_factor": 50.0, **info}
    return [head, [list(array.shape) for array in arrays], blobs]


@pytest.fixture
def js_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of sketch-rnn-js."""

    def write(mode: Any, arrays: list[np.ndarray] | None = None, **info: Any) -> Path:
        arrays = js_arrays(mode not in (2, "gen")) if arrays is None else arrays
        path = tmp_path / "model.json"
        path.write_text(json.dumps(js_content(arrays, mode=mode, **info)))
        return path

    return write


@pytest.fixture(scope="session")
def javascript_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript of @magenta/sketch, from npm; whoever cannot get it skips the test."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node and npm")
    folder = tmp_path_factory.mktemp("npm")
    quiet = {"npm_config_audit": "false", "npm_config_update_notifier": "false"}
    quiet |= {"npm_config_fetch_retries": "0", "npm_config_cache": str(folder / "cache")}
    try:
        done = subprocess.run(
            # the package brings TensorFlow.js in its one file, so that nothing else is needed
            [npm, "pack", "--silent", "--ignore-scripts", CLIENT],
            cwd=folder,
            env={**os.environ, **quiet},
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not get {CLIENT}")
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip(f"npm could not get {CLIENT}")
    with tarfile.open(packed) as archive:
        content = archive.extractfile("package/dist/magentasketch.js")
        assert content is not None
        script = folder / "magentasketch.js"
        script.write_bytes(content.read())
    return script
