"""Checkpoints: whole, the newest two, and the one before when the newest is damaged."""

from __future__ import annotations

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.training import checkpoint

ARRAYS = {"weights/a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "optimizer/0": 7}


def test_round_trip_and_the_newest_two(tmp_path):
    for step in (100, 200, 300):
        checkpoint.write(tmp_path, step, ARRAYS, {"best_loss": 1.5, "seconds": step})
    names = [path.name for path in checkpoint.found(tmp_path)]
    assert names == ["step-00000200.h5", "step-00000300.h5"]
    step, arrays, state = checkpoint.newest(tmp_path)
    assert (step, state) == (300, {"best_loss": 1.5, "seconds": 300})
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert np.array_equal(arrays[name], array)
        assert arrays[name].dtype == np.asarray(array).dtype


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_damaged_newest_gives_the_one_before(tmp_path, size):
    checkpoint.write(tmp_path, 1, ARRAYS, {})
    path = checkpoint.write(tmp_path, 2, ARRAYS, {})
    path.write_bytes(path.read_bytes()[:size])
    assert checkpoint.newest(tmp_path)[0] == 1


def test_none_to_be_read(tmp_path):
    with pytest.raises(BadFileError, match="holds no checkpoint; start anew"):
        checkpoint.newest(tmp_path)
    (tmp_path / "step-00000001.h5").write_bytes(b"")
    with pytest.raises(BadFileError, match="that can be read"):
        checkpoint.newest(tmp_path)


def test_equal_states_make_equal_bytes(tmp_path):
    paths = [checkpoint.write(tmp_path / name, 5, ARRAYS, {"a": 1}) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_failed_write_leaves_the_old_ones(tmp_path):
    checkpoint.write(tmp_path, 1, ARRAYS, {})
    with pytest.raises(TypeError):
        checkpoint.write(tmp_path, 2, {"bad": object()}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.h5"]


def test_a_single_bit_is_noticed(tmp_path):
    """HDF5 itself would read the wrong number."""
    checkpoint.write(tmp_path, 1, ARRAYS, {})
    path = checkpoint.write(tmp_path, 2, ARRAYS, {})
    content = bytearray(path.read_bytes())
    content[content.index(ARRAYS["weights/a/kernel"].tobytes())] ^= 1
    path.write_bytes(bytes(content))
    said = []
    assert checkpoint.newest(tmp_path, said.append)[0] == 1
    assert said == [
        f"{path}: is damaged (its content is not what was written); going on from the one before"
    ]


def test_what_a_run_goes_back_to_is_kept(tmp_path):
    for step in (10, 13, 14, 15):
        checkpoint.write(tmp_path, step, ARRAYS, {}, keep=(10,))
    assert [checkpoint.step_of(path) for path in checkpoint.found(tmp_path)] == [10, 14, 15]
    assert checkpoint.at(tmp_path, 10)[0] == 10
    assert checkpoint.at(tmp_path, 11) is None
    checkpoint.write(tmp_path, 12, ARRAYS, {}, keep=(10,))  # it has gone back behind the others
    assert [checkpoint.step_of(path) for path in checkpoint.found(tmp_path)] == [10, 12]
