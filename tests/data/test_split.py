"""Splits by hash: stable, in proportion, near-copies together."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.data.split import SHARES, check_shares, content_key, content_keys, split_of
from sketchrnn.drawing import BadSettingError, Drawing

# the second letter of train, valid, test
EXPECTED = "rrrrrrerrrrrrrrrrrrrrrrrrarrerrerrrrrerr"


def test_the_division_is_the_same_on_every_machine():
    """Written down once: another hash would tear published data sets' splits apart."""
    groups = [f"{code:05x}" for code in range(0x4E00, 0x4E00 + 40)]
    assert "".join(split_of(group, 0, SHARES)[1] for group in groups) == EXPECTED


def test_shares_come_out_in_proportion():
    counts = Counter(split_of(str(i), 3, (80, 15, 5)) for i in range(20_000))
    assert counts["train"] == pytest.approx(16_000, abs=300)
    assert counts["valid"] == pytest.approx(3_000, abs=200)
    assert counts["test"] == pytest.approx(1_000, abs=150)


def test_another_seed_is_another_division():
    one, two = ([split_of(str(i), seed, SHARES) for i in range(500)] for seed in (0, 1))
    assert one != two


@given(st.text(max_size=20), st.integers(), st.integers(0, 2))
def test_a_share_of_everything_takes_everything(group, seed, which):
    shares = tuple(5.0 if i == which else 0.0 for i in range(3))
    assert split_of(group, seed, shares) == ("train", "valid", "test")[which]


@pytest.mark.parametrize(
    "shares", [(), (90, 10), (0, 50, 50), (-1, 1, 1), (float("nan"), 1, 1), (1, 2, 3, 4)]
)
def test_shares_that_are_none(shares):
    with pytest.raises(BadSettingError, match="90,5,5"):
        check_shares(shares)


def random_drawing(rng):
    return Drawing([rng.uniform(0, 255, (rng.integers(1, 9), 2)) for _ in range(4)])


def test_near_copies_have_one_key_and_other_drawings_another():
    rng = np.random.default_rng(0)
    drawings = [random_drawing(rng) for _ in range(300)]
    keys = [content_key(drawing) for drawing in drawings]
    assert len(set(keys)) == 300
    moved = [content_key(drawing.transform(3.0, (40, -7))) for drawing in drawings]
    assert sum(a == b for a, b in zip(keys, moved, strict=True)) >= 298
    shaken = [
        content_key(Drawing([s + rng.uniform(-0.5, 0.5, s.shape) for s in drawing.strokes]))
        for drawing in drawings
    ]
    # 4 strokes of 4 points lie on 32 coordinates: 1 in 16 of a cell's width is shaken
    assert sum(a == b for a, b in zip(keys, shaken, strict=True)) > 150


def test_degenerate_drawings_have_keys():
    for drawing in (
        Drawing([]),
        Drawing([[(3, 3)]]),
        Drawing([[(0, 0), (0, 0)], [(1e12, 5)]]),
        Drawing([[(-1e308, 0), (1e308, 1)]]),
    ):
        assert content_key(drawing) == content_key(drawing)


def plain_key(drawing):
    """The definition, a point at a time."""
    x_min, y_min, x_max, y_max = drawing.bounds
    side = max(x_max - x_min, y_max - y_min) or 1.0
    cells = []
    for stroke in drawing.strokes:
        lengths = np.hypot(*np.diff(stroke, axis=0).T) if len(stroke) > 1 else np.zeros(0)
        travelled = np.concatenate([[0], np.cumsum(lengths)])
        for at in np.linspace(0, travelled[-1], 4):
            for axis, least in ((0, x_min), (1, y_min)):
                where = np.interp(at, travelled, stroke[:, axis])
                cells.append(int(np.floor((where - least) / side * 8 + 0.25)) & 0xFF)
    return hashlib.blake2b(bytes(cells), digest_size=12).hexdigest()


def test_keys_of_many_are_those_of_each():
    rng = np.random.default_rng(1)
    drawings = [random_drawing(rng) for _ in range(200)]
    drawings[3:3] = [Drawing([]), Drawing([[(7, 7)]]), Drawing([[(0, 0), (1e9, 2)], [(5, 5)]])]
    keys = content_keys(drawings)
    assert keys == [content_key(drawing) for drawing in drawings]
    assert content_keys(drawings[50:]) == keys[50:]
    assert sum(a == plain_key(d) for a, d in zip(keys, drawings, strict=True)) >= 202
    assert (
        content_keys([]) == [] and content_keys([Drawing([])] * 2) == [content_key(Drawing([]))] * 2
    )
