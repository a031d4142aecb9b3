"""Batches: every drawing once an epoch, a function of (seed, step) alone, little padding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.data import batches as module
from sketchrnn.data.batches import Batches, bucket_boundaries, evaluation_batches, pad
from sketchrnn.drawing import Drawing


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """97 drawings of 1 to 30 steps; the first offset of drawing k is (k + 1, 0)."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    rng = np.random.default_rng(0)
    with DataFileWriter(path, Preparation(fit="keep", epsilon=0)) as writer:
        for k in range(97):
            rows = np.zeros((int(rng.integers(1, 31)), 3))
            rows[:, :2] = rng.integers(-20, 20, (len(rows), 2))
            rows[0, :2] = (k + 1, 0)
            rows[-1, 2] = 1
            writer.append("train", Drawing.from_stroke3(rows))
    return open_data(path)


def batches(data, **settings):
    settings = {"batch_size": 10, "num_buckets": 3, "z_size": 4, "seed": 5, **settings}
    return Batches(data["train"], scale_factor=2.0, **settings)


def names(batch):
    return (batch["stroke5"][:, 1, 0] * 2).round().astype(int).tolist()


def test_each_drawing_comes_at_most_once_an_epoch(data):
    made = batches(data)
    assert made.per_epoch == 9
    epochs = [[n for step in range(e * 9, e * 9 + 9) for n in names(made[step])] for e in range(3)]
    for seen in epochs:
        assert len(seen) == 90
        assert len(set(seen)) == 90
    assert epochs[0] != epochs[1]
    assert set(epochs[0]) != set(epochs[1])  # those left out differ


def test_rows_are_the_drawings_in_model_units(data):
    made = batches(data)
    batch = made[4]
    for stroke5, length, name in zip(batch["stroke5"], batch["lengths"], names(batch), strict=True):
        rows = data["train"].rows(name - 1)
        assert length == len(rows)
        assert stroke5[0].tolist() == [0, 0, 1, 0, 0]
        assert np.array_equal(stroke5[1 : length + 1, :2] * 2, rows[:, :2])
        assert np.array_equal(stroke5[1 : length + 1, 3], rows[:, 2])
        assert (stroke5[length + 1 :] == (0, 0, 0, 0, 1)).all()
        assert len(stroke5) >= length + 2
    assert len(batch["stroke5"][0]) - 2 in made.boundaries


def test_a_batch_depends_on_seed_and_step_alone(data):
    settings = {"random_scale": 0.1, "point_drop": 0.3}
    one, other = batches(data, **settings), batches(data, **settings)
    for _ in map(one.__getitem__, range(23)):
        pass
    for key, value in one[7].items():  # going back, or straight there, is the same
        assert np.array_equal(value, other[7][key]), key
    assert not np.array_equal(one[8]["eps"], one[7]["eps"])
    different = batches(data, seed=6, **settings)[7]
    assert not np.array_equal(different["eps"], one[7]["eps"])
    assert len(np.unique(one[7]["dropout_keys"])) == 10


def test_a_small_set_is_one_batch(data):
    made = batches(data, batch_size=500)
    assert made.batch_size == 97
    assert made.per_epoch == 1
    assert sorted(names(made[0])) == list(range(1, 98))


def test_offsets_are_clipped(tmp_path):
    with DataFileWriter(tmp_path / "far.h5", Preparation(fit="keep", epsilon=0)) as writer:
        writer.append("train", Drawing([[(0, 0), (5000, -5000), (5001, -5000)]]))
    made = Batches(open_data(tmp_path / "far.h5")["train"], scale_factor=2.0, batch_size=1)
    assert made[0]["stroke5"][0, 1, :2].tolist() == [500, -500]


@pytest.fixture
def little_memory(data, monkeypatch):
    """Batches of 10 in windows of 20, from blocks of 8; and a list of what is read."""
    monkeypatch.setattr(module, "BLOCK", 8)
    read = []
    split = data["train"]
    rows_of = split.rows_of
    monkeypatch.setattr(split, "rows_of", lambda *s: read.append(s) or rows_of(*s))
    bytes_of_all = int(split.lengths.sum()) * 12
    return {"memory": bytes_of_all - 1}, read


def test_little_memory_means_windows_and_each_drawing_comes_once(data, little_memory):
    settings, read = little_memory
    made = batches(data, **settings)
    assert made.per_epoch == 9
    assert not read
    apart = 0
    for epoch in range(3):
        seen = []
        for window in range(5):
            read.clear()
            steps = range(epoch * 9 + window * 2, epoch * 9 + min(window * 2 + 2, 9))
            of_window = [name for step in steps for name in names(made[step])]
            assert sum(last - first for first, last in read) == (20 if window < 4 else 17)
            assert {n - 1 for n in of_window} <= {k for s in read for k in range(*s)}
            assert len(read) >= 3
            apart += any(a[1] != b[0] for a, b in itertools.pairwise(read))
            seen += of_window
        assert len(seen) == len(set(seen)) == 90
    assert apart >= 12  # nearly every window is from several places of the file


def test_windows_depend_on_seed_and_step_alone(data, little_memory):
    settings = {"random_scale": 0.1, "point_drop": 0.3, **little_memory[0]}
    one, other = batches(data, **settings), batches(data, **settings)
    in_order = [one[step] for step in range(23)]
    for step in (17, 3, 22, 0, 9):
        for key, value in in_order[step].items():
            assert np.array_equal(value, other[step][key]), (step, key)
    epochs = [[n for s in range(e * 9, e * 9 + 9) for n in names(one[s])] for e in range(2)]
    assert epochs[0] != epochs[1]
    different = batches(data, **{**settings, "seed": 6})
    assert [names(different[s]) for s in range(9)] != [names(one[s]) for s in range(9)]


def test_windows_hold_the_drawings_in_model_units(data, little_memory):
    made = batches(data, **little_memory[0])
    for step in range(9):
        batch = made[step]
        for rows, length, name in zip(
            batch["stroke5"], batch["lengths"], names(batch), strict=True
        ):
            expected = data["train"].rows(name - 1)
            assert length == len(expected)
            assert np.array_equal(rows[1 : length + 1, :2] * 2, expected[:, :2])


def test_evaluation_covers_all_and_depends_on_no_batch_size(data):
    def all_of(batch_size):
        found = {}
        for numbers, batch in evaluation_batches(
            data["train"], scale_factor=2.0, max_seq_len=30, batch_size=batch_size, z_size=3, seed=1
        ):
            assert len(batch["lengths"]) == batch_size
            for k, number in enumerate(numbers):
                assert number not in found
                found[int(number)] = [v[k].tobytes() for v in batch.values()]
        return found

    assert all_of(10) == all_of(97)
    assert sorted(all_of(64)) == list(range(97))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80), st.integers(1, 4))
def test_boundaries_are_the_best(lengths, count):
    lengths = np.array(lengths)
    got = bucket_boundaries(lengths, count)
    assert len(got) <= count
    assert got[-1] == max(1, lengths.max())

    def padded(boundaries):
        return boundaries[np.searchsorted(boundaries, lengths)].sum()

    values = np.unique(np.maximum(lengths, 1))
    if len(values) <= 12:
        best = min(
            padded(np.array(sorted({*chosen, values[-1]})))
            for chosen in itertools.combinations(values, min(count, len(values)) - 1)
        )
        assert padded(got) == best


def test_boundaries_of_many_lengths():
    lengths = np.random.default_rng(0).integers(1, 2000, 20000)
    got = bucket_boundaries(lengths, 5)
    assert len(got) == 5
    assert got[-1] == lengths.max()
    waste = 1 - lengths.sum() / got[np.searchsorted(got, lengths)].sum()
    assert waste < 0.18  # five even buckets of a uniform spread waste a sixth


def test_pad_refuses_nothing_and_loses_nothing():
    rows = np.array([[1, 2, 0], [3, 4, 1]], np.float32)
    batch = pad(rows, np.array([2, 0]), 2)
    assert batch["stroke5"].shape == (2, 4, 5)
    assert batch["stroke5"][0, 2].tolist() == [3, 4, 0, 1, 0]
    assert (batch["stroke5"][1, 1:] == (0, 0, 0, 0, 1)).all()


def test_batches_tell_the_category_as_the_model_counts_them(tmp_path):
    path = tmp_path / "pets.h5"
    known = ("cat", "dog", "pig")
    with DataFileWriter(path, Preparation(fit="keep", epsilon=0)) as writer:
        for k in range(12):
            rows = [(k + 1, 0, 0), (1, 1, 1)]
            writer.append("train", Drawing.from_stroke3(rows).with_category(known[2 - k % 3]))
    data = open_data(path)
    assert data.categories == ["pig", "dog", "cat"]
    for memory in (1 << 20, 200):  # whole, and window by window
        made = batches(data, categories=known, batch_size=4, memory=memory)
        for step in (2, 0, 1):
            batch = made[step]
            assert batch["category"].dtype == np.int32
            assert batch["category"].tolist() == [2 - (name - 1) % 3 for name in names(batch)]
    settings = {"scale_factor": 2.0, "max_seq_len": 4, "batch_size": 5, "z_size": 0, "seed": 0}
    for counted, batch in evaluation_batches(data["train"], categories=known, **settings):
        assert batch["category"].tolist()[: len(counted)] == [2 - k % 3 for k in counted]
        assert len(batch["category"]) == 5
    assert "category" not in batches(data)[0]
