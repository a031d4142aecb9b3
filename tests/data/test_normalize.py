"""From any unit to data units."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.data import EXTENT, Preparation
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing

SQUARE = Drawing([[(10, 20), (60, 20), (60, 45)]], "cat", {"box": 100.0, "character": "字"})


def test_the_box_becomes_the_extent_and_the_place_is_kept():
    prepared = Preparation(fit="box", epsilon=0).apply(SQUARE)
    assert prepared.bounds == pytest.approx((25.5, 51, 153, 114.75))
    assert prepared.metadata == {"box": EXTENT, "character": "字"}
    assert prepared.category == "cat"


def test_the_longer_side_becomes_the_extent_from_the_origin():
    prepared = Preparation(epsilon=0).apply(SQUARE)
    assert prepared.bounds == pytest.approx((0, 0, 255, 127.5))
    assert "box" not in prepared.metadata


def test_a_drawing_without_a_box_is_fitted_to_the_median():
    bare = SQUARE.with_metadata(box=None)
    for fit in ("box", "keep"):
        preparation = Preparation(fit=fit, epsilon=0, median_side=200.0)
        assert preparation.apply(bare).bounds == pytest.approx((0, 0, 200, 100))
        assert Preparation(fit=fit, epsilon=0).apply(bare).bounds[2] == pytest.approx(255)


def test_epsilon_is_in_data_units():
    bent = Drawing([[(0, 0), (5, 0.1), (10, 0)]])  # 2.55 off the line, in data units
    assert Preparation(epsilon=2.5).apply(bent).num_points == 3
    assert Preparation(epsilon=2.6).apply(bent).num_points == 2
    assert Preparation(epsilon=0).apply(bent).num_points == 3


numbers = st.floats(-1e6, 1e6)


@given(st.lists(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), max_size=4))
def test_degenerate_drawings_are_prepared_too(strokes):
    for fit in ("box", "longer_side", "keep"):
        prepared = Preparation(fit=fit, epsilon=0).apply(Drawing(strokes))
        assert len(prepared.strokes) == len(strokes)
        x_min, y_min, x_max, y_max = prepared.bounds
        side = max(x_max - x_min, y_max - y_min)
        assert side == pytest.approx(EXTENT) or side == 0 or side < 1e-290 * EXTENT


def test_values_go_through_json():
    preparation = Preparation(fit="box", epsilon=1.5, max_steps=80, median_side=201.5)
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation
    with pytest.raises(BadSettingError, match="'fitt'"):
        Preparation.from_dict({"fitt": "box"})


@pytest.mark.parametrize(
    "values",
    [
        {"extent": 0},
        {"extent": float("nan")},
        {"fit": "tight"},
        {"epsilon": float("inf")},
        {"max_steps": 0},
    ],
)
def test_values_that_cannot_be_used(values):
    with pytest.raises(BadSettingError, match=next(iter(values))):
        Preparation(**values)


def test_many_at_once_are_moved_as_each_alone():
    rng = np.random.default_rng(0)
    drawings = [
        Drawing([rng.normal(9, 5, (rng.integers(1, 6), 2)) for _ in range(3)], "cat", {"k": k})
        for k in range(20)
    ]
    drawings[4:4] = [
        Drawing([]),
        Drawing([[(3, 3)]]),
        Drawing([[(1, 2), (50, 60)]], None, {"box": 109.0}),
        Drawing([[(1, 2), (50, 60)]], None, {"extent": 100.0}),
        Drawing([[(-1e308, 0), (1e308, 1)]]),
        Drawing([[(0, 0), (1e-320, 0)]]),
    ]
    for preparation in (
        Preparation(epsilon=0),
        Preparation(fit="box", epsilon=0, median_side=80.0),
        Preparation(extent=100, epsilon=0),
    ):
        for drawing, moved in zip(drawings, preparation.apply_all(drawings), strict=True):
            if isinstance(moved, Drawing):
                assert moved == preparation.move(drawing)
                assert moved.metadata == preparation.move(drawing).metadata
            else:
                with np.errstate(all="ignore"), pytest.raises(BadDrawingError):
                    preparation.move(drawing)
