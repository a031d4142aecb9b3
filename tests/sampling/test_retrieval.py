"""Neighbours are the nearest; an atlas has every drawing once, and like beside like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError
from sketchrnn.sampling.retrieval import lay_out, neighbours, plane, unlikeness


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4))
def test_every_vector_has_one_cell(count, columns, size):
    vectors = np.random.default_rng(count).standard_normal((count, size))
    cells = lay_out(vectors, columns, rounds=3)
    assert sorted(cells[cells >= 0].tolist()) == list(range(count))
    flat = cells.ravel()
    assert (flat[:count] >= 0).all() and (flat[count:] == -1).all()
    assert cells.shape[1] == min(columns, count) or not count
    assert np.array_equal(lay_out(vectors, columns, rounds=3), cells)


def test_a_plane_finds_its_place_again():
    """Points of a grid, mixed up and turned, lie as they did, but for sides."""
    y, x = np.meshgrid(np.arange(8.0), 1.7 * np.arange(8.0), indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    generator = np.random.default_rng(4)
    turned = points @ np.linalg.qr(generator.standard_normal((5, 5)))[0][:2]
    order = generator.permutation(64)
    cells = order[lay_out(turned[order], 8, rounds=0)]
    wanted = np.arange(64).reshape(8, 8)
    sides = (wanted, wanted[::-1], wanted[:, ::-1], wanted[::-1, ::-1])
    assert any(np.array_equal(a, side) for a in (cells, cells.T) for side in sides)


def test_exchange_makes_neighbours_alike():
    vectors = np.random.default_rng(1).standard_normal((225, 12))
    mixed = unlikeness(vectors, np.arange(225).reshape(15, 15))
    begun = unlikeness(vectors, lay_out(vectors, rounds=0))
    found = unlikeness(vectors, lay_out(vectors, rounds=40))
    assert found < 0.97 * begun < begun < 0.97 * mixed


def test_unlikeness_by_hand():
    assert unlikeness([[0.0], [1.0], [5.0]], np.array([[0, 1], [2, -1]])) == 3.0


def test_what_is_all_the_same_has_an_atlas_too():
    assert sorted(lay_out(np.ones((7, 3)), 3).ravel().tolist()) == [-1, -1, *range(7)]
    assert plane(np.ones((3, 1))).tolist() == [[0, 0]] * 3
    with pytest.raises(BadSettingError, match="columns is 0"):
        lay_out(np.ones((7, 3)), 0)
    with pytest.raises(BadSettingError, match="unknown method"):
        lay_out(np.ones((7, 3)), method="umap")


def test_tsne_keeps_clusters_together():
    pytest.importorskip("sklearn")
    generator = np.random.default_rng(2)
    names = np.repeat(np.arange(4), 25)
    vectors = 6 * generator.standard_normal((4, 10))[names] + generator.standard_normal((100, 10))
    cells = names[lay_out(vectors, method="tsne")]
    assert (cells[:, 1:] == cells[:, :-1]).mean() > 0.8


def test_neighbours_are_the_nearest():
    pool = np.random.default_rng(2).standard_normal((50, 6))
    places, distances = neighbours(pool[7] + 1e-3, pool, 9)
    assert places[0] == 7
    assert (np.diff(distances) >= 0).all()
    wanted = np.linalg.norm(pool - pool[7] - 1e-3, axis=1)
    np.testing.assert_allclose(distances, np.sort(wanted)[:9])
    with pytest.raises(BadSettingError, match="51 neighbours"):
        neighbours(pool[0], pool, 51)
