"""Choosing: filters, the best of several, novelty, diversity; counts are right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadSettingError, Drawing, distance
from sketchrnn.sampling.selection import Criteria, choose, far_apart


def line(x, y=0.0):
    return Drawing([[(0, 0), (x, y)]], metadata={"x": x})


def lengths(length):
    """A fake model: `length` says from place and turn how long the line is."""
    return lambda places, turn: [line(length(place, turn)) for place in places]


@pytest.mark.parametrize(
    ("filters", "fault"),
    [
        ({}, None),
        ({"min_strokes": 3}, "min_strokes"),
        ({"max_strokes": 1}, "max_strokes"),
        ({"min_points": 6}, "min_points"),
        ({"max_points": 4}, "max_points"),
        ({"min_size": 8.5}, "min_size"),
        ({"max_size": 7.5}, "max_size"),
        ({"min_strokes": 2, "max_strokes": 2, "min_size": 8, "max_size": 8}, None),
        ({"min_strokes": 3, "max_size": 1}, "min_strokes"),
    ],
)
def test_filters(filters, fault):
    drawing = Drawing([[(0, 0), (8, 1)], [(1, 1), (2, 2), (3, 3)]])
    assert Criteria(**filters).fault(drawing) == fault


def test_blank_is_what_shows_nothing():
    blank = Criteria(blank=False)
    assert blank.fault(Drawing([])) == "blank"
    assert blank.fault(Drawing([[(4, 4), (4, 4)]])) == "blank"
    assert blank.fault(line(1)) is None
    with pytest.raises(BadSettingError, match="min_size is 3, and max_size is 2"):
        Criteria(min_size=3, max_size=2)


def test_rounds_go_on_for_the_places_that_lack_some():
    asked = []

    def draw(places, turn):
        asked.append(list(places))
        return [line(place + turn) for place in places]

    found, report = choose(draw, 4, Criteria(min_size=3))
    assert asked == [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0]]
    assert [drawing.metadata["x"] for drawing in found] == [3, 3, 3, 3]
    assert (report.drawn, report.found, report.removed) == (10, 4, {"min_size": 6})


def test_the_likeliest_of_each_place():
    found, report = choose(
        lengths(lambda place, turn: 1 + (7 * place + 5 * turn) % 11),
        3,
        Criteria(best_of=4),
        rate=lambda some: [-drawing.metadata["x"] for drawing in some],
    )
    wanted = [max(1 + (7 * place + 5 * turn) % 11 for turn in range(4)) for place in range(3)]
    assert [drawing.metadata["x"] for drawing in found] == wanted
    assert report.drawn == 12


def test_too_few_and_nothing():
    criteria = Criteria(min_size=2)
    found, report = choose(lengths(lambda place, turn: 3 if place else 1), 3, criteria)
    assert len(found) == 2
    assert str(report) == "2 of 3 found among 22 drawn: min_size removed 20"
    with pytest.raises(BadSettingError, match=r"nothing is left: 0 of 3 .* 60 drawn: min_size rem"):
        choose(lengths(lambda place, turn: 1), 3, criteria)
    assert choose(lengths(lambda place, turn: 1), 0, criteria)[0] == []


def test_copies_are_removed():
    shapes = [line(9, 0), line(0, 9), line(6, 6)]

    def draw(places, turn):
        return [shapes[(place + turn) % 3] for place in places]

    found, report = choose(draw, 3, Criteria(novelty=0.01), known=[line(50, 0)])
    assert all(drawing.bounds[3] > 0 for drawing in found)
    assert report.removed == {"novelty": 1}
    with pytest.raises(BadSettingError, match="novelty removed 60"):
        choose(draw, 3, Criteria(novelty=0.01), known=shapes)
    with pytest.raises(BadSettingError, match="novelty is 2"):
        Criteria(novelty=2)


def test_drawings_that_differ():
    generator = np.random.default_rng(1)
    drawings = [Drawing([generator.uniform(0, 9, (5, 2))]) for _ in range(24)]
    criteria = Criteria(diverse=True)
    found, _ = choose(lambda places, turn: [drawings[p] for p in places], 6, criteria)
    assert len(found) == 6
    assert distance.mean_distance(found) > distance.mean_distance(drawings)
    order = far_apart(drawings, 24)
    assert sorted(order) == list(range(24)) and order[0] == 0
    apart = distance.estimate(drawings, drawings)
    assert order[1] == apart[0].argmax()
    twins = [drawings[0]] * 5 + [drawings[1]]
    assert far_apart(twins, 2) == [0, 5]
    assert far_apart([], 3) == far_apart(drawings, 0) == []


@pytest.fixture(scope="module", params=["VAE", "decoder alone", "categories"])
def model(request, tiny_config, make_weights):
    config = dataclasses.replace(tiny_config, conditional=request.param != "decoder alone")
    if request.param == "categories":
        config = dataclasses.replace(config, categories=("cat", "dog"), category_size=3)
    return SketchRNN(config, make_weights(config, scale=0.3), Preparation(epsilon=1.0))


def test_a_choice_that_removes_none_changes_none(model):
    wanted = model.generate(6, seed=2)
    assert model.generate(6, seed=2, min_strokes=0) == wanted
    z = None if not model.config.conditional else model.config.z_size
    if z:
        z = np.random.default_rng(0).standard_normal((4, z)).astype(np.float32)
        assert model.generate(4, seed=2, z=z, best_of=1) == model.generate(4, seed=2, z=z)


def test_the_best_of_several_are_likelier(model):
    pytest.importorskip("keras")
    reports = []
    best = model.generate(6, 0.9, seed=2, best_of=5, report=reports.append)
    assert reports[0].drawn == 30
    numbers = [drawing.metadata["number"] for drawing in best]
    assert [number % 6 for number in numbers] == list(range(6))
    assert len({number // 6 for number in numbers}) > 1
    if model.config.conditional:
        return
    candidates = model.generate(30, 0.9, seed=2)
    scored = [d for d in candidates if d.num_steps > 0]
    nats = dict(zip([d.metadata["number"] for d in scored],
                    model.score(scored, prepare=False), strict=True))  # fmt: skip
    limit = model.config.max_seq_len
    for place, drawing in enumerate(best):
        own = {k: nats[k] / (d.num_steps + 1) for k, d in enumerate(candidates)
               if k % 6 == place and k in nats and d.num_steps < limit}  # fmt: skip
        if drawing.metadata["number"] in own:  # of those that ended by themselves
            assert min(own, key=own.get) == drawing.metadata["number"]


def test_every_category_keeps_its_share(model):
    if not model.categories:
        pytest.skip("knows none")
    for diverse in (False, True):
        found = model.generate(
            6, 0.9, seed=1, min_points=2, diverse=diverse, category=["dog", "cat"]
        )
        assert sorted(d.category for d in found) == ["cat"] * 3 + ["dog"] * 3


def test_nothing_of_a_data_file_is_drawn_again(model, tmp_path):
    from sketchrnn.data import DataFileWriter

    whole = model.generate(8, 0.9, seed=5, min_strokes=1)
    with DataFileWriter(tmp_path / "known.h5", Preparation(epsilon=0)) as writer:
        for drawing in whole[:3]:
            writer.append("train", drawing)
    again = model.generate(8, 0.9, seed=5, min_strokes=1, novel_to=tmp_path / "known.h5")
    assert len(again) == 8
    for drawing in again:
        assert all(distance.chamfer(drawing, known) > 0.01 for known in whole[:3])
    assert sum(a == b for a, b in zip(again, whole, strict=True)) >= 4
    other = model.generate(8, 0.9, seed=5, min_strokes=1, novel_to=whole[:3])
    assert other == again


def test_what_is_no_choice(model):
    with pytest.raises(TypeError, match="unexpected keyword argument 'best'"):
        model.generate(3, best=4)
    for bad in ({"best_of": 0}, {"novelty": -1}, {"min_size": 5, "max_size": 1}):
        with pytest.raises(BadSettingError):
            model.generate(3, **bad)


def test_the_third_is_far_from_both():
    lines = [line(1, 0), line(0, 1), line(0.1, 1), line(1, 1)]
    assert distance.estimate(lines[:1], lines)[0].argsort()[::-1].tolist() == [1, 2, 3, 0]
    assert far_apart(lines, 3) == [0, 1, 3]
