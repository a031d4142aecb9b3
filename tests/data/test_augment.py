"""Augmentation over whole batches against the reference's rule, drawing by drawing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.data import augment


def drop_one_by_one(rows, rate, chances):
    """The rule of FACTS.md: a row whose pen stays down, with three of its stroke before it."""
    kept, place = [], 0
    for row, chance in zip(rows, chances, strict=True):
        if row[2] == 0 and place >= 3 and chance < rate:
            kept[-1][:2] += row[:2]
        else:
            kept.append(row.copy())
        place = 0 if row[2] == 1 else place + 1
    return np.array(kept).reshape(-1, 3)


def random_batch(lengths, seed):
    rng = np.random.default_rng(seed)
    rows = np.zeros((sum(lengths), 3), np.float32)
    rows[:, :2] = rng.integers(-9, 10, (len(rows), 2))
    rows[:, 2] = rng.random(len(rows)) < 0.15
    return rows, np.array(lengths)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.floats(0, 0.95),
    st.integers(0, 2**32),
)
def test_drop_points_equals_the_rule(lengths, rate, seed):
    rows, counts = random_batch(lengths, seed)
    got, new = augment.drop_points(
        rows, counts, rate, np.random.default_rng(seed).random(len(rows))
    )
    chances = np.split(np.random.default_rng(seed).random(len(rows)), np.cumsum(counts)[:-1])
    parts = np.split(rows, np.cumsum(counts)[:-1])
    expected = [
        drop_one_by_one(part, rate, chance) for part, chance in zip(parts, chances, strict=True)
    ]
    assert new.tolist() == [len(part) for part in expected]
    assert np.array_equal(got, np.concatenate(expected))


def test_drop_points_keeps_where_strokes_end():
    rows, counts = random_batch([200], 3)
    got, _ = augment.drop_points(rows, counts, 0.9, np.random.default_rng(0).random(len(rows)))
    assert len(got) < len(rows)
    ends = np.cumsum(rows[:, :2], axis=0)[rows[:, 2] == 1]
    assert np.array_equal(np.cumsum(got[:, :2], axis=0)[got[:, 2] == 1], ends)


def test_nothing_is_dropped_at_rate_zero():
    rows, counts = random_batch([40, 0, 12], 4)
    got, new = augment.drop_points(rows, counts, 0.0, np.zeros(len(rows)))
    assert got is rows
    assert new is counts


def test_scale_stretches_each_drawing_in_x_and_y():
    rows = np.ones((7, 3), np.float32)
    got = augment.scale_at_random(
        rows, np.array([3, 4]), 0.15, np.random.default_rng(1).random((2, 2))
    )
    assert (got[:, 2] == 1).all()
    factors = {tuple(row) for row in got[:, :2].tolist()}
    assert len(factors) == 2  # one pair a drawing
    assert len({value for pair in factors for value in pair}) == 4
    assert (np.abs(got[:, :2] - 1) <= 0.15).all()
    many = augment.scale_at_random(
        np.ones((5000, 3), np.float32),
        np.ones(5000, int),
        0.15,
        np.random.default_rng(2).random((5000, 2)),
    )
    assert abs(many[:, 0].mean() - 1) < 0.005
    assert many[:, 0].min() < 0.852
    assert many[:, 0].max() > 1.148
