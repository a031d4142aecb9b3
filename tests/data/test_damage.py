"""Data files of others: whatever is wrong with one is said in one line, before harm is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.data.batches import Batches
from sketchrnn.drawing import Drawing, SketchRNNError

_FLIPPED = 300
"""Damaged files that the fuzz test tries; a few seconds."""


def write(path, integer=False):
    rng = np.random.default_rng(0)
    info = {"licence": "CC0", "sources": [{"name": "a", "version": "1"}]}
    with DataFileWriter(path, Preparation(fit="keep"), integer=integer, info=info) as writer:
        for k in range(30):
            strokes = [rng.integers(0, 200, (n, 2)) for n in rng.integers(2, 9, 3)]
            notes = {"number": k, "key": f"key {k}"} if k % 2 else {}
            drawing = Drawing(strokes, ("cat", "dog")[k % 2], notes)
            writer.append(("train", "train", "valid", "test")[k % 4], drawing)
    return path


@pytest.fixture
def good(tmp_path):
    return write(tmp_path / "a.h5")


def read_all(path):
    """Read everything that a data file has, as training and `data show` do."""
    with open_data(path) as data:
        found = [(name, list(split)) for name, split in data.splits.items()]
        batches = Batches(data["train"], scale_factor=data.scale_factor, batch_size=4)
        for step in range(batches.per_epoch):
            batches[step]
        notes = [drawing.metadata for _, drawings in found for drawing in drawings]
        return found, notes, data.info, data.preparation, data.categories, data.examples


@pytest.mark.parametrize("integer", [False, True])
def test_flipped_bytes_are_one_line_or_change_nothing(tmp_path, integer):
    path = write(tmp_path / "a.h5", integer)
    whole = read_all(path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(_FLIPPED // 2):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 9)).tolist():
            damaged[place] ^= int(rng.integers(1, 256))
        if rng.random() < 0.1:
            del damaged[int(rng.integers(0, len(data))) :]
        path.write_bytes(damaged)
        try:
            same = read_all(path) == whole  # whose difference would take minutes to tell
            assert same
        except SketchRNNError as error:
            refused += 1
            assert "\n" not in str(error) and "a.h5" in str(error)
    assert refused > 20


def damage(path, change):
    with h5py.File(path, "a") as file:
        change(file)


def replace(name, **settings):
    def change(file):
        del file[name]
        file.create_dataset(name, **settings)

    return change


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def external(file):
    del file["train/steps"]
    file["train/steps"] = h5py.ExternalLink("pipe", "/steps")


def soft(file):
    file.move("train/steps", "elsewhere")
    file["train/steps"] = h5py.SoftLink("/elsewhere")


def outside(file):
    shape = file["train/origins"].shape
    del file["train/origins"]
    places = [("pipe", 0, h5py.h5f.UNLIMITED)]
    file["train"].create_dataset("origins", shape, "f4", external=places)


def virtual(file):
    shape = file["train/steps"].shape
    del file["train/steps"]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("pipe", "steps", shape)
    file["train"].create_virtual_dataset("steps", layout)


def billion(file):
    for name, columns in (("offsets", ()), ("origins", (2,)), ("category", ()), ("metadata", ())):
        count = 10**9 + (name == "offsets")
        dtype = file["train"][name].dtype
        del file["train"][name]
        file["train"].create_dataset(name, (count, *columns), dtype, chunks=(1 << 10, *columns))


def first_step(row):
    def change(file):
        file["train/steps"][0] = row

    return change


def info(**values):
    return attribute("info", json.dumps(values))


CHANGES = {
    "external": external,
    "soft": soft,
    "outside": outside,
    "virtual": virtual,
    "billion": billion,
    "pen": first_step([1, 1, 7]),
    "nan": first_step([np.nan, 1, 0]),
    "infinite": first_step([1, np.inf, 0]),
    "negative": lambda f: replace("train/category", data=-np.ones(len(f["train/category"]), "i2"))(
        f
    ),
    "texts for steps": replace("train/steps", data=["a", "b"]),
    "flat steps": replace("train/steps", data=np.zeros(9, "f4")),
    "no notes": replace("train/metadata", data=["{}"], dtype=h5py.string_dtype()),
    "numbers for notes": lambda f: replace("train/metadata", data=np.zeros(15))(f),
    "numbers for categories": replace("categories", data=np.zeros(2)),
    "one category": replace("categories", data="cat"),
    "twice": replace("categories", data=["cat", "cat"]),
    "not UTF-8": replace("categories", data=[b"\xff", b"\xfe"], dtype=h5py.string_dtype()),
    "group for data": lambda f: (f.__delitem__("train/steps"), f.create_group("train/steps")),
    "data for group": lambda f: (f.__delitem__("valid"), f.create_dataset("valid", data=3)),
    "version": attribute("format_version", "one"),
    "versions": attribute("format_version", [1, 1]),
    "format": attribute("format", [1, 2]),
    "scale": attribute("scale_factor", float("nan")),
    "no scale": attribute("scale_factor", 0.0),
    "scales": attribute("scale_factor", [1.0, 2.0]),
    "deep": attribute("info", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "rather deep": attribute("info", '{"a": ' + "[" * 500 + "]" * 500 + "}"),
    "list": attribute("info", "[]"),
    "number": attribute("info", 3),
    "licence": info(licence=["a"]),
    "report": info(report=[]),
    "preparation": attribute("preparation", "[]"),
    "extent": attribute("preparation", '{"extent": "wide"}'),
    "extents": attribute("preparation", '{"extent": 1' + "0" * 400 + "}"),
    "fit": attribute("preparation", '{"fit": ["box"]}'),
    "examples": replace("examples", data=['{"name": 3}']),
    "no JSON": lambda f: f["train/metadata"].__setitem__(0, "{"),
    "list of notes": lambda f: f["train/metadata"].__setitem__(0, "[1]"),
    "origin": lambda f: f["train/origins"].__setitem__(0, [np.nan, 0]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_no_data_file_has(good, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")  # who opens it waits for ever
    with h5py.File(good, "a") as file:  # as files without checksums are
        for owner in (file, file["categories"]):
            del owner.attrs["digest"]
        for split in file.values():
            if isinstance(split, h5py.Group):
                del split["metadata_crc32"]
        if name == "examples":
            file.create_dataset("examples", data=[""])
    damage(good, CHANGES[name])
    with pytest.raises(SketchRNNError) as caught:
        read_all(good)
    assert "\n" not in str(caught.value) and "a.h5" in str(caught.value)


def test_a_link_to_a_split_is_not_followed(good, tmp_path):
    damage(good, lambda file: file.__setitem__("more", h5py.SoftLink("/train")))
    read_all(good)  # what is not ours is not looked at
    damage(good, lambda file: file.move("valid", "elsewhere"))
    damage(good, lambda file: file.__setitem__("valid", h5py.SoftLink("/elsewhere")))
    with pytest.raises(SketchRNNError, match="is a link to elsewhere"):
        open_data(good)


@pytest.mark.parametrize("kilobytes", [2, 20, 60])
def test_no_room_is_one_line_and_no_crash(tmp_path, kilobytes):
    """HDF5 tries once more to write what it could not, when the process ends."""
    rng = np.random.default_rng(0)
    lines = [json.dumps({"drawing": [rng.integers(0, 256, (2, 20)).tolist()]}) for _ in range(3000)]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    code = (
        "import resource, sketchrnn\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes << 10},) * 2)\n"
        "try:\n"
        "    sketchrnn.convert('a.ndjson', 'a.h5')\n"
        "except sketchrnn.SketchRNNError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "a.h5: cannot be written (file too large)" in ran.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["a.ndjson"]
