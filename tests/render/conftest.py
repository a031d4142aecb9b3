"""Drawings to render, and what turns a written picture back into numbers."""

from __future__ import annotations

import io
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.drawing import Drawing

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SVG = "{http://www.w3.org/2000/svg}"

DEGENERATE = {
    "empty": Drawing([]),
    "a dot": Drawing([[(7, 7)]]),
    "a dot of two points": Drawing([[(7, 7), (7, 7)]]),
    "one stroke": Drawing([[(0, 0), (3, 1)]]),
    "a vertical line": Drawing([[(2, 0), (2, 9)]]),
    "huge": Drawing([[(-1e6, 1e6), (1e6, -1e6)], [(0, 5e5)]]),
    "tiny": Drawing([[(0, 0), (1e-6, 1e-6)], [(5e-7, 0)]]),
    "tiny and far away": Drawing([[(1e6, 1e6), (1e6 + 1e-3, 1e6)]]),
    "subnormal": Drawing([[(0, 0), (5e-324, 0)]]),
}


@pytest.fixture
def face() -> Drawing:
    """A head, two eyes that are dots, a nose and a mouth: dots between strokes, in that order."""
    angles = np.linspace(0, 2 * np.pi, 13)
    head = np.column_stack([50 + 50 * np.cos(angles), 50 + 50 * np.sin(angles)])
    return Drawing(
        [
            head,
            [(32, 38)],
            [(68, 38), (68, 38)],
            [(50, 42), (44, 60), (52, 60)],
            [(28, 70), (40, 80), (60, 80), (72, 70)],
        ],
        category="face",
    )


@pytest.fixture
def strokes_of() -> Callable[[str], list[np.ndarray]]:
    """Read SVG text as strokes, without the code that wrote it."""

    def read(svg: str) -> list[np.ndarray]:
        strokes = []
        for path in ET.fromstring(svg).iter(f"{SVG}path"):
            for subpath in path.attrib["d"].split("M")[1:]:
                start, rest = subpath.split("L")
                pairs = re.findall(r"([^ ,]+),([^ ,]+)", f"{start} {rest}")
                strokes.append(np.array(pairs, dtype=float))
        return strokes

    return read


@pytest.fixture
def pixels() -> Callable[[bytes], np.ndarray]:
    """Decode a PNG to (height, width, 4) integers from 0 to 255."""
    image = pytest.importorskip("PIL.Image")

    def decode(png: bytes) -> np.ndarray:
        with image.open(io.BytesIO(png)) as opened:
            return np.asarray(opened.convert("RGBA")).astype(int)

    return decode


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare text with a file of tests/golden; SKETCHRNN_UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("SKETCHRNN_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"differs from {path}"

    return compare


@pytest.fixture(params=DEGENERATE)
def degenerate(request: pytest.FixtureRequest) -> Drawing:
    return DEGENERATE[request.param]


@pytest.fixture
def degenerate_drawings() -> list[Drawing]:
    """All of them."""
    return list(DEGENERATE.values())


@pytest.fixture
def no_cairo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a machine without libcairo: importing cairosvg fails as it does there."""
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.split(".")[0] in ("cairosvg", "cairocffi"):
            raise OSError("no library called 'cairo-2' was found")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
