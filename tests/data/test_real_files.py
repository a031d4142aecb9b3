"""All of the real data become data files, and none of their drawings is lost on the way."""

from __future__ import annotations

import pytest

from sketchrnn.data import convert, open_data

long = pytest.mark.long

QUICK = [
    ("quickdraw/simplified_345/c*.ndjson", 25),
    ("quickdraw/raw/[os]*.ndjson", None),
]
LONG = [
    ("quickdraw/simplified/*.ndjson", None),
    ("quickdraw/simplified_345/*.ndjson", 25),
    ("quickdraw/raw/*.ndjson", None),
]
SPLITS = {
    "quickdraw/sketchrnn/pig.npz": (2000, 250, 250),
    "quickdraw/sketchrnn/face.npz": (2000, 250, 250),
    "sketchrnn_npz/kanji.rdp100.npz": (10_358, 600, 500),
    "sketchrnn_npz/short_kanji.npz": (10_000, 600, 500),
    "sketchrnn_npz/omniglot.npz": (30_000, 1000, 1000),
    "sketchrnn_npz/aaron_sheep.npz": (7400, 300, 300),
}


@pytest.mark.parametrize(
    ("pattern", "each"), [*QUICK, *(pytest.param(*case, marks=long) for case in LONG)]
)
def test_lines_of_quick_draw(shared_data, tmp_path, pattern, each):
    paths = sorted(shared_data.glob(pattern))
    lines = {path.stem: len(path.read_bytes().splitlines()) for path in paths}
    report = convert(paths, tmp_path / "a.h5", max_steps=None)
    assert len(lines) > 3 and (each is None or set(lines.values()) == {each})
    assert report.kept == report.read == sum(lines.values()) and not report.skipped
    assert report.categories == lines
    with open_data(tmp_path / "a.h5") as data:
        assert len(data) == report.kept


@pytest.mark.parametrize(
    "name", [name if "pig" in name else pytest.param(name, marks=long) for name in SPLITS]
)
def test_arrays_of_sketch_rnn(shared_data, tmp_path, name):
    report = convert(shared_data / name, tmp_path / "a.h5", max_steps=None)
    assert report.splits == dict(zip(("train", "valid", "test"), SPLITS[name], strict=True))
    assert report.read == report.kept == sum(SPLITS[name])
