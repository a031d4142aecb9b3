"""The order of strokes: each once, never longer than before, and joined where ends meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchrnn.drawing import BadSettingError
from sketchrnn.drawing.pen_order import join_strokes, order_strokes, way_between


def lines(seed, count):
    generator = np.random.default_rng(seed)
    starts = generator.uniform(0, 100, (count, 2))
    return [np.stack([p, p + generator.normal(0, 8, 2)]) for p in starts]


def in_turn(strokes, turns):
    return [strokes[i][::-1] if back else strokes[i] for i, back in turns]


def shortest(strokes, home, turn_round):
    """The shortest way of all, by trying every order."""
    best = np.inf
    for order in itertools.permutations(range(len(strokes))):
        for back in itertools.product([False, True] if turn_round else [False], repeat=len(order)):
            best = min(best, way_between(in_turn(strokes, zip(order, back, strict=True)), home))
    return best


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 30), st.booleans())
def test_every_stroke_is_drawn_once_and_the_way_is_never_longer(seed, count, turn_round):
    strokes = lines(seed, count)
    turns = order_strokes(strokes, turn_round=turn_round)
    assert sorted(turn.stroke for turn in turns) == list(range(count))
    assert turn_round or not any(turn.back for turn in turns)
    assert way_between(in_turn(strokes, turns), (0, 0)) <= way_between(strokes, (0, 0)) + 1e-9


@pytest.mark.parametrize("turn_round", [True, False])
def test_it_comes_near_the_shortest_way(turn_round):
    ratios = []
    for seed in range(6):
        strokes = lines(seed, 5)
        turns = order_strokes(strokes, turn_round=turn_round)
        way = way_between(in_turn(strokes, turns), (0, 0))
        ratios.append(way / shortest(strokes, (0, 0), turn_round))
    assert min(ratios) > 1 - 1e-9
    assert np.mean(ratios) < 1.03


def test_exchanges_shorten_what_the_nearest_neighbour_finds():
    strokes = lines(1, 200)
    greedy, better = (
        way_between(in_turn(strokes, order_strokes(strokes, budget=budget)), (0, 0))
        for budget in (0, 10**7)
    )
    assert better < 0.9 * greedy < 0.5 * way_between(strokes, (0, 0))


def test_the_same_strokes_give_the_same_order():
    assert order_strokes(lines(3, 50)) == order_strokes(lines(3, 50))


def test_the_way_starts_at_home():
    strokes = [np.array([(x, 0.0), (x + 1, 0)]) for x in (0, 10, 20)]
    assert [turn.stroke for turn in order_strokes(strokes, (100, 0))] == [2, 1, 0]
    assert all(turn.back for turn in order_strokes(strokes, (100, 0)))
    assert way_between(strokes) == 18
    assert way_between(strokes, (0, 5)) == 23


def test_nothing_and_a_dot():
    assert order_strokes([]) == []
    assert order_strokes([np.array([(1.0, 2.0)])]) == [(0, False)]
    assert way_between([]) == 0


def test_strokes_whose_ends_meet_are_joined():
    a, b, c = [(0, 0), (5, 0)], [(9, 9), (5, 0.1)], [(9, 9), (20, 20)]
    far = [(50, 50), (60, 60)]
    joined = join_strokes([np.array(s, dtype=float) for s in (a, far, b, c)], 0.2)
    assert [stroke.tolist() for stroke in joined] == [
        [[0, 0], [5, 0], [5, 0.1], [9, 9], [20, 20]],
        [[50, 50], [60, 60]],
    ]


def test_the_closest_ends_are_joined_first_and_no_stroke_is_closed():
    strokes = [np.array(s, dtype=float) for s in ([(0, 0), (10, 0)], [(10.5, 0), (20, 0)],
                                                  [(10.1, 0), (10, 9)])]  # fmt: skip
    joined = join_strokes(strokes, 1)
    assert joined[0].tolist() == [[0, 0], [10, 0], [10.1, 0], [10, 9]]
    assert len(joined) == 2
    ring = [np.array([(0, 0), (5, 0), (5, 5.0)]), np.array([(5, 5), (0, 5), (0, 0.0)])]
    assert len(join_strokes(ring, 0)) == 1
    assert len(join_strokes(ring[:1], 100)) == 1


def test_dots_are_left_alone():
    dots = [np.array([(0.0, 0.0)]), np.array([(0.0, 0.0), (0, 0)]), np.array([(0.0, 0), (1, 1)])]
    assert [s.tolist() for s in join_strokes(dots, 1)] == [s.tolist() for s in dots]


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.floats(0, 60))
def test_joining_keeps_every_point(seed, within):
    strokes = lines(seed, 12)
    joined = join_strokes(strokes, within)
    assert sum(map(len, joined)) == 24
    assert {tuple(p) for s in joined for p in s.tolist()} == {
        tuple(p) for s in strokes for p in s.tolist()
    }
    for one, other in itertools.pairwise(joined):
        assert len(one) >= 2 <= len(other)


def test_a_distance_is_not_negative():
    with pytest.raises(BadSettingError, match="within"):
        join_strokes([], -1)
