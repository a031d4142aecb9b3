"""The data file: what goes in comes out, and what is no data file is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.data import DataFileWriter, Preparation, data_file, data_writer, open_data
from sketchrnn.data.packed_drawings import PackedDrawings
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing

KEEP = Preparation(fit="keep", epsilon=0.0)


def write(path, drawings, preparation=KEEP, **options):
    """Write (split, drawing) pairs."""
    with DataFileWriter(path, preparation, **options) as writer:
        for split, drawing in drawings:
            writer.append(split, drawing)
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("before", [0, 1000, 3000])
def test_a_full_disk_is_told_and_does_not_crash_the_process(tmp_path, before):
    """It fills among the drawings, or (after the last) when the file is closed."""
    script = (
        "import os, sys\n"
        "import numpy as np\n"
        "from sketchrnn.data import DataFileWriter, Preparation\n"
        "from sketchrnn.drawing import Drawing\n"
        "from sketchrnn.drawing.files import whole_file\n"
        "rng = np.random.default_rng(0)\n"
        "with whole_file(sys.argv[1]) as beside, DataFileWriter(beside, Preparation()) as writer:\n"
        "    for k in range(3001):\n"
        "        if k == int(sys.argv[2]):\n"
        "            full = os.open('/dev/full', os.O_RDWR)\n"
        "            os.dup2(full, writer._target.fileno())\n"
        "        writer.append('train', Drawing([rng.integers(0, 256, (40, 2))]))\n"
    )
    out = tmp_path / "out" / "many.h5"
    done = subprocess.run(
        [sys.executable, "-c", script, out, str(before)], capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr  # of the error, and not of a signal
    assert done.stderr.splitlines()[-1].endswith(
        f"BadSettingError: {out}: cannot be written (no space left on device); make room, or "
        "choose another place"
    )
    assert not list(out.parent.iterdir())


coordinates = st.integers(-4000, 4000)
strokes = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=6), min_size=1, max_size=4
)
notes = st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=5))
drawings = st.builds(Drawing, strokes, st.none() | st.sampled_from(["cat", "犬", ""]), notes)
pairs = st.lists(st.tuples(st.sampled_from(["train", "valid", "test"]), drawings), max_size=8)


def is_ambiguous(drawing: Drawing) -> bool:
    """A first stroke of two coincident points reads back as a dot of one."""
    first = drawing.strokes[0]
    return len(first) == 2 and bool((first[0] == first[1]).all())


@settings(max_examples=40, deadline=None)
@given(pairs=pairs, integer=st.booleans())
def test_drawings_round_trip(tmp_path_factory, pairs, integer):
    path = tmp_path_factory.mktemp("store") / "a.h5"
    pairs = [(s, d) for s, d in pairs if "box" not in d.metadata and not is_ambiguous(d)]
    write(path, pairs, integer=integer)
    with open_data(path) as data:
        assert len(data) == len(pairs)
        for name in ("train", "valid", "test"):
            expected = [drawing for split, drawing in pairs if split == name]
            found = list(data.splits[name]) if name in data.splits else []
            assert found == expected
            assert [d.metadata for d in found] == [d.metadata for d in expected]
            if expected:
                assert data[name].lengths.tolist() == [d.num_steps for d in expected]
                rows, offsets = data[name].all_rows()
                assert rows.dtype == (np.int16 if integer else np.float32)
                assert len(rows) == offsets[-1] == sum(d.num_steps for d in expected)
                for i, drawing in enumerate(expected):
                    assert np.array_equal(data[name].rows(i), drawing.to_stroke3())


def test_more_than_the_buffer_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(data_writer, "_BUFFERED_STEPS", 10)
    many = [Drawing([[(0, 0), (i, 1), (2, i)]], f"c{i % 3}", {"i": i}) for i in range(57)]
    with open_data(write(tmp_path / "a.h5", [("train", d) for d in many])) as data:
        assert list(data["train"]) == many
        assert [d.metadata["i"] for d in data["train"][10:20]] == list(range(10, 20))
        assert data["train"][-1] == many[-1]
        assert data.categories == ["c0", "c1", "c2"]
        with pytest.raises(IndexError):
            data["train"][57]


def test_rows_of_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr(data_file, "_STRIDE", 4)
    monkeypatch.setattr(data_file, "_AT_ONCE", 8)
    monkeypatch.setattr(data_file, "_ITERATED", 5)
    many = [Drawing([[(0, 0), *((k, i) for k in range(i % 7))]], None, {"i": i}) for i in range(37)]
    with open_data(write(tmp_path / "a.h5", [("train", d) for d in many])) as data:
        split = data["train"]
        assert split.lengths.tolist() == [d.num_steps for d in many]
        for first, last in ((0, 37), (0, 1), (3, 9), (8, 36), (36, 37), (11, 11), (37, 37)):
            expected = [row for d in many[first:last] for row in d.to_stroke3().tolist()]
            assert split.rows_of(first, last).tolist() == expected
        assert [d.metadata["i"] for d in split] == list(range(37))


def test_numbering_over_all_splits(tmp_path):
    dots = [Drawing([[(i, i)]]) for i in range(6)]
    names = ["test", "train", "valid", "train", "test", "train"]
    with open_data(write(tmp_path / "a.h5", zip(names, dots, strict=True))) as data:
        assert [data[i] for i in range(6)] == [dots[i] for i in (1, 3, 5, 2, 0, 4)]
        assert data[-1] == dots[4]
        assert list(data.splits) == ["train", "valid", "test"]
        with pytest.raises(IndexError):
            data[6]
        with pytest.raises(IndexError):
            data[-7]


def test_a_file_says_what_it_holds(tmp_path):
    path = write(tmp_path / "a.h5", [("train", Drawing([[(0, 0), (1, 2)]]))] * 2)
    with open_data(path) as data:
        assert repr(data) == "DataFile(a.h5: train 2)"
        assert repr(data["train"]) == "Split('train', 2 drawings)"


def test_the_scale_factor_is_of_the_training_offsets(tmp_path):
    rng = np.random.default_rng(0)
    train = [Drawing([rng.normal(5, 30, (9, 2))]) for _ in range(40)]
    far = Drawing([[(0, 0), (9999, 9999)]])
    path = write(tmp_path / "a.h5", [("train", d) for d in train] + [("test", far)])
    with open_data(path) as data:
        offsets = np.concatenate([d.to_stroke3()[:, :2] for d in train])
        assert data.scale_factor == pytest.approx(offsets.std(), rel=1e-6)
        sides = [max(np.ptp(d.strokes[0], axis=0)) for d in train]
        assert data.preparation.median_side == pytest.approx(np.median(sides))


def test_no_offsets_have_the_scale_factor_1(tmp_path):
    with open_data(write(tmp_path / "a.h5", [])) as data:
        assert (data.scale_factor, len(data), data.preparation.median_side) == (1.0, 0, None)
        with pytest.raises(BadFileError, match="no drawings in split 'train'"):
            data["train"]
    with open_data(write(tmp_path / "b.h5", [("train", Drawing([[(3, 3)]]))])) as data:
        assert data.scale_factor == 1.0


def test_a_box_is_the_files_own_affair(tmp_path):
    drawing = Drawing([[(1, 2), (3, 4)]], None, {"box": 255.0, "character": "字"})
    preparation = Preparation(fit="box", epsilon=1.5)
    with open_data(write(tmp_path / "a.h5", [("train", drawing)], preparation)) as data:
        assert data["train"][0].metadata == {"box": 255.0, "character": "字"}
        assert data.preparation.epsilon == 1.5


def test_the_fingerprint_knows_content_and_split(tmp_path):
    def fingerprint(pairs, name="a.h5"):
        with open_data(write(tmp_path / name, pairs)) as data:
            return data.fingerprint

    one, two = Drawing([[(0, 0), (1, 1)]]), Drawing([[(0, 0), (1, 2)]])
    first = fingerprint([("train", one), ("test", two)])
    assert first == fingerprint([("test", two), ("train", one)], "b.h5")
    assert first != fingerprint([("train", two), ("test", one)])
    assert first != fingerprint([("train", one)])


def test_the_same_drawings_make_the_same_bytes(tmp_path):
    pairs = [("train", Drawing([[(0, 0), (i, 1)]], "a")) for i in range(5)]
    assert (
        write(tmp_path / "a.h5", pairs).read_bytes() == write(tmp_path / "b.h5", pairs).read_bytes()
    )


def test_what_does_not_fit_is_refused(tmp_path):
    with DataFileWriter(tmp_path / "a.h5", KEEP, integer=True) as writer:
        for bad in ([(0, 0), (0.5, 0)], [(0, 0), (40_000, 0)]):
            with pytest.raises(BadSettingError, match="whole number"):
                writer.append("train", Drawing([bad]))
        with pytest.raises(BadSettingError, match="'training'"):
            writer.append("training", Drawing([]))


def test_what_is_too_large_for_the_files_numbers_is_refused(tmp_path):
    """Float32 ends at 3.4e38: an infinite offset would make the scale factor one."""
    near = Drawing([[(0, 0), (3, 4)]])
    for far in (Drawing([[(0, 0), (1e300, 4)]]), Drawing([[(1e300, 0), (1e300, 4)]])):
        with DataFileWriter(tmp_path / "a.h5", KEEP) as writer:
            writer.append("train", near)
            with pytest.raises(BadSettingError, match="too far off"):
                writer.append("train", far)
            assert writer.append_all(
                ["test", "train", "train"],
                PackedDrawings.of([near, far, near]),
                [None] * 3,
                [{}] * 3,
            ) == {1: "lies too far off for a data file"}
        with open_data(tmp_path / "a.h5") as data:
            assert [len(data[name]) for name in ("train", "test")] == [2, 1]
            assert data.scale_factor == np.std([3, 4])


def test_texts_that_cannot_be_written(tmp_path):
    """JSON can name half of a surrogate pair."""
    drawing = Drawing([[(0, 0), (3, 4)]], metadata={"key_id": "\ud800", "character": "木"})
    with DataFileWriter(tmp_path / "a.h5", KEEP, info={"sources": "\udcff.ndjson"}) as writer:
        writer.append("train", drawing)
        with pytest.raises(BadSettingError, match="its category is not Unicode"):
            writer.append("train", drawing.with_category("\ud800"))
    with open_data(tmp_path / "a.h5") as data:
        assert [found.metadata for found in data["train"]] == [drawing.metadata]
        assert data.info["sources"] == "\udcff.ndjson" and not data.categories


def test_many_at_once_are_as_one_by_one(tmp_path, monkeypatch):
    """Also where the buffer is full in the middle: the scale factor is added up in its parts."""
    monkeypatch.setattr(data_writer, "_BUFFERED_STEPS", 50)
    rng = np.random.default_rng(0)
    some = [
        Drawing([rng.normal(size=(n, 2)) * 9 for n in rng.integers(1, 6, rng.integers(0, 9))])
        for _ in range(60)
    ]
    splits = rng.choice(data_file.SPLITS, 60).tolist()
    with DataFileWriter(tmp_path / "a.h5", KEEP) as one:
        for split, drawing in zip(splits, some, strict=True):
            one.append(split, drawing)
    with DataFileWriter(tmp_path / "b.h5", KEEP) as other:
        for k in range(0, 60, 25):
            other.append_all(
                splits[k : k + 25],
                PackedDrawings.of(some[k : k + 25]),
                [None] * len(some[k : k + 25]),
                [{}] * len(some[k : k + 25]),
            )
    with h5py.File(tmp_path / "a.h5") as a, h5py.File(tmp_path / "b.h5") as b:
        assert dict(a.attrs) == dict(b.attrs)
        for split in data_file.SPLITS:
            for name in a[split]:
                assert np.array_equal(a[split][name][:], b[split][name][:])


def test_a_bundle_is_its_drawings():
    rng = np.random.default_rng(1)
    some = [
        Drawing([rng.normal(size=(n, 2)) for n in rng.integers(1, 5, rng.integers(0, 4))])
        for _ in range(50)
    ]
    for bundle in (
        PackedDrawings.of(some),
        PackedDrawings.of([]),
        PackedDrawings.of([Drawing([])]),
    ):
        here = some[: len(bundle)] if len(bundle) != 1 else [Drawing([])]
        assert [bundle.drawing(k) for k in range(len(bundle))] == here
        rows = np.concatenate([np.zeros((0, 3)), *(d.to_stroke3() for d in here)])
        assert np.array_equal(bundle.rows(), rows)
        assert bundle.steps.tolist() == [d.num_steps for d in here]
        low, high = bundle.bounds()
        assert np.column_stack([low, high]).tolist() == [list(d.bounds) for d in here]
        wanted = rng.random(len(bundle)) < 0.5
        taken, emptied = bundle.take(wanted), bundle.emptied(~wanted)
        assert [taken.drawing(k) for k in range(len(taken))] == [
            d for d, w in zip(here, wanted, strict=True) if w
        ]
        assert [emptied.drawing(k) for k in range(len(bundle))] == [
            d if w else Drawing([]) for d, w in zip(here, wanted, strict=True)
        ]


def test_an_error_leaves_no_file_that_could_be_mistaken(tmp_path):
    with pytest.raises(ZeroDivisionError), DataFileWriter(tmp_path / "a.h5", KEEP) as writer:
        writer.append("train", Drawing([[(0, 0)]]))
        raise ZeroDivisionError
    with pytest.raises(BadFileError):
        open_data(tmp_path / "a.h5")


def test_what_is_no_data_file(tmp_path):
    path = tmp_path / "a.h5"
    with pytest.raises(BadFileError, match=r"no such data file.*data convert"):
        open_data(path)
    path.write_bytes(b"not HDF5")
    with pytest.raises(BadFileError, match="not a data file"):
        open_data(path)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "something else"
    with pytest.raises(BadFileError, match="not a data file of sketchrnn"):
        open_data(path)


@pytest.fixture
def good(tmp_path):
    drawing = Drawing([[(0, 0), (1, 1), (2, 5)]], "cat")
    return write(tmp_path / "a.h5", [("train", drawing), ("test", drawing)])


def test_a_newer_file_is_refused_in_one_line(good):
    with h5py.File(good, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(BadFileError, match=r"version 99.*newer sketchrnn"):
        open_data(good)


@pytest.mark.parametrize("name", ["preparation", "scale_factor", "fingerprint", "info"])
def test_a_missing_or_damaged_attribute(good, name):
    with h5py.File(good, "a") as file:
        del file.attrs[name]
    with pytest.raises(BadFileError, match="attribute"):
        open_data(good)


@pytest.mark.parametrize("name", ["steps", "offsets", "origins", "category"])
def test_a_missing_dataset(good, name):
    with h5py.File(good, "a") as file:
        del file["train"][name]
    with pytest.raises(BadFileError, match=r"a\.h5: train: a data set is missing"):
        open_data(good)


@pytest.mark.parametrize("offsets", [[0, 99], [1, 2], [0, 2, 2], [0, -1]])
def test_an_index_that_does_not_match(good, offsets):
    with h5py.File(good, "a") as file:
        del file["train"]["offsets"]
        file["train"]["offsets"] = np.array(offsets)
    with pytest.raises(BadFileError, match="does not match"):
        open_data(good)


def test_a_category_without_a_name(good):
    with h5py.File(good, "a") as file:
        file["train"]["category"][0] = 7
    with pytest.raises(BadFileError, match="a category has no name"):
        open_data(good)


def test_a_truncated_file(good):
    good.write_bytes(good.read_bytes()[:3000])
    with pytest.raises(BadFileError, match="damaged"):
        open_data(good)


def test_the_index_is_stored_in_chunks_of_many_drawings(tmp_path):
    """A chunk a drawing takes gigabytes to open where there are a million."""
    path = write(tmp_path / "a.h5", [("train", Drawing([[(0, 0), (1, 2)]]))] * 3)
    with h5py.File(path) as file:
        for name in ("offsets", "origins", "category", "metadata"):
            assert file["train"][name].chunks[0] >= 1000
