"""A conversion in pieces: what one process makes of the whole, whoever does the pieces."""

from __future__ import annotations

import gzip
import json
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.data import DataFolder, beam, convert, is_data, open_data, shards
from sketchrnn.data.batches import Batches
from sketchrnn.data.data_writer import TrainingStatistics
from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.data.shards import _joined
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    Drawing,
    MissingDependencyError,
    OutputExistsError,
)
from sketchrnn.sources.quickdraw import cut_lines, cut_records, open_stretch


@pytest.fixture
def done(monkeypatch):
    """Stand in for Beam: do the pieces here, the last one first; a list of those done."""
    numbers = []

    def run(_, work, jobs, plan, parts, options):
        for job in reversed(jobs):
            beam._do_job(job, work, plan, str(parts))
            numbers.append((work.__name__, job[0].number))

    monkeypatch.setattr(beam, "_beam", lambda: None)
    monkeypatch.setattr(beam, "_run_pipeline", run)
    return numbers


def scribble(rng, points):
    return [[rng.integers(0, 256, points).tolist() for _ in "xy"]]


@pytest.fixture
def ndjson(tmp_path):
    """Two files of 60 lines: cats, dogs, some copies, some bad lines and one empty drawing."""
    rng = np.random.default_rng(0)
    paths = []
    for name in ("a", "b"):
        lines = []
        for k in range(60):
            record = {
                "word": "cat" if k % 3 else "dog",
                "countrycode": "DE" if k % 4 else "JP",
                "key_id": f"{name}{k}",
                "drawing": scribble(rng, int(rng.integers(3, 30))),
            }
            lines.append(json.dumps(record))
        lines[5] = "no json"
        lines[40] = json.dumps({"drawing": []})
        lines[50] = lines[3]
        if paths:
            lines[20] = paths[0].read_text().splitlines()[30]
        paths.append(tmp_path / f"{name}.ndjson")
        paths[-1].write_text("\n".join(lines) + "\n\n")
    return paths


def assert_same(folder, file):
    """Both hold the same drawings, in the same order, and say the same of them."""
    with open_data(folder) as many, open_data(file) as one:
        assert isinstance(many, DataFolder)
        assert list(many.splits) == list(one.splits)
        assert many.categories == one.categories
        for name, split in one.splits.items():
            assert list(many[name]) == list(split)
            assert [d.metadata for d in many[name]] == [d.metadata for d in split]
            assert many[name].lengths.tolist() == split.lengths.tolist()
            assert many[name].categories.tolist() == split.categories.tolist()
        assert many.scale_factor == pytest.approx(one.scale_factor, rel=1e-12)
        assert many.preparation == one.preparation
        assert many.examples == one.examples
        ours, theirs = many.info.pop("report"), one.info.pop("report")
        assert ours.pop("scale_factor") == pytest.approx(theirs.pop("scale_factor"), rel=1e-12)
        assert ours == theirs
        assert many.info == one.info
        return len(many._shards._shards)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"limit": 25},
        {"epsilon": "auto", "max_steps": 8, "limit": 30},
        {"countries": ["jp"], "splits": (60, 20, 20), "seed": 3, "max_steps": 20},
    ],
)
def test_pieces_make_what_the_whole_makes(ndjson, tmp_path, done, settings):
    beam.build(ndjson, tmp_path / "many", piece_bytes=2000, **settings)
    convert(ndjson, tmp_path / "one.h5", **settings)
    assert assert_same(tmp_path / "many", tmp_path / "one.h5") > 4
    assert not (tmp_path / ".many.parts").exists()
    with open_data(tmp_path / "many") as data:
        if not settings:
            assert data.info["report"]["duplicates"] == 3
            assert data.info["report"]["skipped"]["is not JSON"]["first"] == [
                "a.ndjson:6",
                "b.ndjson:6",
            ]


def write_records(path, count):
    rng = np.random.default_rng(1)
    with open(path, "wb") as file:
        for k in range(count):
            file.write(struct.pack("<Q2sbIH", k, b"DE", 1, 1_500_000_000, 2))
            for _ in range(2):
                points = rng.integers(0, 256, 6).astype(np.uint8).tobytes()
                file.write(struct.pack("<H", 3) + points)


def write_svgs(folder):
    for k in range(9):
        place = folder / ("cat" if k % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        text = "<svg" if k == 4 else f"<svg><path d='M0 0 L{k + 3} {k * k} L4 90'/></svg>"
        (place / f"{k}.svg").write_text(text)


@pytest.mark.parametrize("kind", ["records", "damaged", "folder", "gzipped", "stroke-3"])
def test_every_kind_of_input(tmp_path, done, kind):
    path = tmp_path / "in"
    many = 1
    if kind == "folder":
        write_svgs(path)
        many = 2
    elif kind in ("records", "damaged"):
        path = path.with_suffix(".bin")
        write_records(path, 40)
        many = 4
        if kind == "damaged":
            data = bytearray(path.read_bytes())
            data[17 * 20 + 16 * 20 + 15] = 255  # the 21st record claims 255 strokes more
            path.write_bytes(data)
            many = 3
    elif kind == "gzipped":
        path = path.with_suffix(".ndjson.gz")
        rng = np.random.default_rng(2)
        lines = [json.dumps({"drawing": scribble(rng, 9)}) for _ in range(20)]
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    else:
        path = path.with_suffix(".npz")
        rows = np.empty(5, dtype=object)
        for k in range(5):
            rows[k] = np.array([[k, 3, 0], [5, k, 1]], np.int16)
        np.savez(path, train=rows, valid=rows[:1], test=rows[:2])
    size = 30_000 if kind == "folder" else 800
    beam.build(path, tmp_path / "many", piece_bytes=size)
    convert(path, tmp_path / "one.h5")
    assert assert_same(tmp_path / "many", tmp_path / "one.h5") >= many


def test_a_build_that_was_broken_off_goes_on(ndjson, tmp_path, done, monkeypatch):
    out = tmp_path / "many"
    run = beam._run_pipeline

    def killed(beam, work, jobs, *rest):
        run(beam, work, jobs[-3:], *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(beam, "_run_pipeline", killed)
    with pytest.raises(KeyboardInterrupt):
        beam.build(ndjson, out, piece_bytes=2000)
    assert not out.exists()
    first = list(done)
    monkeypatch.setattr(beam, "_run_pipeline", run)
    beam.build(ndjson, out, piece_bytes=2000)
    assert len(first) == 3 and len(set(done)) == len(done) > 6  # none was done twice
    convert(ndjson, tmp_path / "one.h5")
    assert_same(out, tmp_path / "one.h5")


def test_another_build_begins_anew(ndjson, tmp_path, done, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(beam, "_gather", fail)
        beam.build(ndjson, tmp_path / "many", piece_bytes=4000)
    count = len(done)
    beam.build(ndjson, tmp_path / "many", piece_bytes=4000, seed=1)
    assert len(done) == 2 * count
    convert(ndjson, tmp_path / "one.h5", seed=1)
    assert_same(tmp_path / "many", tmp_path / "one.h5")


def test_one_line_says_what_is_wrong(ndjson, tmp_path, done):
    out = tmp_path / "many"
    with pytest.raises(BadSettingError, match="standard input cannot be cut"):
        beam.build("-", out)
    bad = tmp_path / "bad.ndjson"
    bad.write_text('{"drawing": 3}\n')
    with pytest.raises(
        BadFileError,
        match=r"bad\.ndjson: line 1: its field `drawing` is not a list of strokes; mend the line$",
    ):
        beam.build([ndjson[0], bad], out)
    with pytest.raises(BadFileError, match="nothing is left to keep"):
        beam.build(ndjson, out, min_points=1000)
    assert not out.exists()
    (tmp_path / ".full.parts").mkdir()
    (tmp_path / ".full.parts" / "mine.txt").write_text("do not touch")
    with pytest.raises(OutputExistsError, match=r"mine\.txt"):
        beam.build(ndjson, tmp_path / "full")
    beam.build(ndjson, out)
    with pytest.raises(OutputExistsError):
        beam.build(ndjson, out)
    beam.build(ndjson, out, overwrite=True)


def test_without_beam_the_message_says_what_to_install(ndjson, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apache_beam", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sketchrnn\[beam\]'"):
        beam.build(ndjson, tmp_path / "many")
    assert not list(tmp_path.glob("*many*"))


@pytest.fixture
def folder(ndjson, tmp_path, done):
    beam.build(ndjson, tmp_path / "many", piece_bytes=2000, splits=(8, 1, 1))
    return tmp_path / "many"


def test_training_from_a_folder_is_training_from_the_file(ndjson, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "MOST_OPEN", 1)
    convert(ndjson, tmp_path / "one.h5", splits=(8, 1, 1))
    with open_data(folder) as many, open_data(tmp_path / "one.h5") as one:
        for memory in (1 << 20, 1000):
            settings = {"scale_factor": 9.0, "batch_size": 7, "z_size": 2, "memory": memory}
            ours, theirs = (Batches(data["train"], **settings) for data in (many, one))
            for step in (0, 5, 13, 30):
                for key, value in theirs[step].items():
                    assert np.array_equal(ours[step][key], value)
        assert many.fingerprint != one.fingerprint


@pytest.mark.parametrize("memory", [1 << 20, 1000])
def test_processes_read_shards_of_their_own_and_see_one_order(folder, memory):
    """Threads stand for the processes; what they tell each other is added up."""
    count, steps = 3, (0, 4, 11, 30)
    settings = {"scale_factor": 9.0, "batch_size": 6, "z_size": 2, "memory": memory}
    barrier, told, read = threading.Barrier(count, timeout=60), {}, [set() for _ in range(count)]

    def share(number):
        def joined(array):
            told[number] = array
            barrier.wait()
            total = sum(told[k] for k in range(count))
            barrier.wait()
            return total

        with open_data(folder) as data:
            split = data["train"]
            rows_of = split.rows_of

            def noted(first, last):
                read[number].update(shard for shard, _, _ in split.shards_of(first, last))
                return rows_of(first, last)

            split.rows_of = noted
            batches = Batches(split, **settings, **AUGMENTED, share=(number, count), joined=joined)
            return [batches[step] for step in steps]

    with ThreadPoolExecutor(count) as pool:
        shares = list(pool.map(share, range(count)))
    with open_data(folder) as data:
        shards_there = data["train"].num_shards
        alone = Batches(data["train"], **settings, **AUGMENTED)
        for k, step in enumerate(steps):
            for key, value in alone[step].items():
                assert np.array_equal(np.concatenate([each[k][key] for each in shares]), value)
    assert shards_there > count
    for number, shards_read in enumerate(read):
        own = set(range(number, shards_there, count))
        assert shards_read <= own
        assert shards_read == own or memory == 1000  # whose few windows are not in every shard


AUGMENTED = {"random_scale": 0.2, "point_drop": 0.3, "seed": 5}


def test_a_folder_reads_like_a_file(folder):
    with open_data(folder) as data:
        drawings = list(data["train"]) + list(data["valid"]) + list(data["test"])
        assert len(data) == len(drawings)
        assert [data[k] for k in range(len(data))] == drawings
        assert data["train"][3:30:5] == drawings[3 : len(data["train"])][:27:5]
        assert data[-1] == drawings[-1]
        with pytest.raises(IndexError):
            data[len(data)]
    assert len(data["train"].rows(0)) == data["train"].lengths[0]  # opens what it needs


def test_a_folder_is_told_from_other_folders(folder, tmp_path):
    assert is_data(folder) and is_data("any.h5") and is_data("any.HDF5")
    assert not is_data(tmp_path) and not is_data(folder / "index.json")


def edit(folder, **values):
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, **values}))


def test_a_folder_that_is_damaged(folder, tmp_path):
    with pytest.raises(BadFileError, match=r"is a folder without index\.json.*data build"):
        open_data(tmp_path)
    whole = (folder / "index.json").read_text()
    for text in ("", "[1]", "{", "[" * 100_000, '{"format": "x"}', whole[:-20]):
        (folder / "index.json").write_text(text)
        with pytest.raises(BadFileError, match="no index"):
            open_data(folder)
    for values, message in (
        ({"format_version": 99}, "version 99.*newer sketchrnn"),
        ({"scale_factor": "x"}, "missing or damaged"),
        ({"shards": [{}]}, "missing or damaged"),
        ({"shards": 7}, "missing or damaged"),
        ({"shards": []}, "fingerprint does not match"),
        ({"preparation": {"extent": "wide"}}, "must be a number"),
        ({"info": {"licence": 3}}, "missing or damaged"),
    ):
        (folder / "index.json").write_text(whole)
        edit(folder, **values)
        with pytest.raises(BadFileError, match=message):
            open_data(folder)
    (folder / "index.json").write_text(whole)
    shards = json.loads(whole)["shards"]
    for values, message in (
        ([{**shards[0], "splits": {"train": 10**11}}, *shards[1:]], "does not hold"),
        ([{**shards[0], "splits": {"train": -1}}, *shards[1:]], "does not hold"),
        ([{**shards[0], "file": "../a.h5"}, *shards[1:]], "no shard of its own"),
    ):
        edit(folder, shards=values)
        with pytest.raises(BadFileError, match=message):
            open_data(folder)
    many = [shards[0]] * 50_000
    edit(folder, shards=many, fingerprint=_joined(s["fingerprint"] for s in many))
    with pytest.raises(BadFileError, match="no shard of its own"):
        open_data(folder)
    (folder / "index.json").write_text(whole)
    first, second = sorted(folder.glob("*.h5"))[:2]
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with open_data(folder) as opened, pytest.raises(BadFileError, match="not the shard"):
        opened["train"][0]
    first.write_bytes(data[:3000])
    with open_data(folder) as opened, pytest.raises(BadFileError, match="damaged"):
        opened["train"].lengths  # noqa: B018
    first.write_bytes(data)
    with h5py.File(first, "a") as file:
        del file["categories"]
        file["categories"] = ["mouse", "rat"]
    with open_data(folder) as opened, pytest.raises(BadFileError, match="not in the index"):
        opened["train"].lengths  # noqa: B018
    first.unlink()
    with pytest.raises(BadFileError, match=r"lacks its shard part-00000\.h5"):
        open_data(folder)


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.binary(max_size=9), max_size=30), size=st.integers(1, 40))
def test_stretches_of_lines_are_the_file(tmp_path_factory, lines, size):
    data = b"\n".join(lines)
    path = tmp_path_factory.mktemp("cuts") / "a"
    path.write_bytes(data)
    stretches = list(cut_lines(path, size))
    at = 0
    for stretch in stretches:
        assert stretch.start == at < stretch.end
        assert stretch.before == data[:at].count(b"\n")
        assert at == 0 or data[at - 1 : at] == b"\n"
        at = stretch.end
        with open_stretch(path, stretch) as file:
            assert file.readline() + file.read() == data[stretch.start : stretch.end]
    assert at == len(data)


def test_stretches_of_records(tmp_path):
    path = tmp_path / "a.bin"
    write_records(path, 10)
    length = path.stat().st_size // 10
    stretches = list(cut_records(path, 2 * length))
    assert [s.before for s in stretches] == [0, 2, 4, 6, 8]
    assert stretches[-1].end == 10 * length
    path.write_bytes(path.read_bytes()[:-3])
    assert list(cut_records(path, 3 * length))[-1] == (9 * length, 10 * length - 3, 9)


offsets = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40)


@given(parts=st.lists(offsets, min_size=1, max_size=8), far=st.sampled_from([0.0, 1e6]))
def test_the_scale_factor_of_parts_is_that_of_the_whole(parts, far):
    together = TrainingStatistics()
    for part in parts:
        alone = TrainingStatistics()
        alone.add_offsets(np.array(part) + far)
        together.merge(alone.count, alone.mean, alone.squares, alone.sides)
    values = np.concatenate([np.array(part) + far for part in parts])
    exact = np.std(values.astype(np.longdouble))
    if exact > 1e-3:
        assert together.scale_factor == pytest.approx(float(exact), rel=1e-6)


def test_duplicates_of_parts_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    drawings = [Drawing([[(int(k), 0)]]) for k in rng.integers(0, 600, 2000)]
    for most in (64, 10_000):
        whole, together = DuplicateCounter(most), DuplicateCounter(most)
        for drawing in drawings:
            whole.add(drawing)
        for first in (1500, 0, 500, 1000):
            part = DuplicateCounter(most)
            for drawing in drawings[first : first + 500]:
                part.add(drawing)
            together.merge(part.state())
        assert (together.count, together.exact) == (whole.count, whole.exact)
        if whole.exact:
            assert whole.count == 2000 - len({d.strokes[0][0][0] for d in drawings})
