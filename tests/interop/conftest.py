"""Files of sketch-rnn-js made by hand, the real JavaScript client, and a stand-in of the hub."""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CLIENT = "@magenta/sketch@0.2.0"
TWENTY = 20
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT = Path(__file__).resolve().parents[2]

_DESCRIBE = """
import contextlib, io, json, sys
from sketchrnn.cli.main import _run
answers = []
for name in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert _run(["model", "info", name]) == 0
    loaded = {"tensorflow", "keras", "jax", "torch", "onnx", "onnxruntime"} & set(sys.modules)
    answers.append((said.getvalue(), sorted(loaded)))
print(json.dumps(answers))
"""


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


@pytest.fixture
def described_apart() -> Callable[..., list[str]]:
    """Run `model info` on each, in a process of their own in which no framework may be loaded."""

    def describe(*models: object) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _DESCRIBE, *map(str, models)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        for model, (said, loaded) in zip(models, answers, strict=True):
            assert loaded == [], (model, said)
        return [said for said, _ in answers]

    return describe


@pytest.fixture
def hub(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server on this machine that answers as the hub does; it has one model, somebody/tiny."""
    pytest.importorskip("huggingface_hub")
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            if self.path.startswith("/api/"):  # the package asks for things of its own
                self.send_error(404)
                return
            asked.append(self.path)
            user, name, _, revision, *rest = self.path.strip("/").split("/")
            file = tiny_folder / "/".join(rest)
            wrong = None
            if (user, name) != ("somebody", "tiny"):
                wrong = "RepoNotFound"
            elif revision not in ("main", COMMIT):
                wrong = "RevisionNotFound"
            elif not file.is_file():
                wrong = "EntryNotFound"
            content = b"" if wrong else file.read_bytes()
            self.send_response(404 if wrong else 200)
            if wrong:
                self.send_header("X-Error-Code", wrong)
            else:
                self.send_header("ETag", f'"{hash(content) & 0xFFFFFFFF:x}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()
