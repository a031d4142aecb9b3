"""The detector of experiments/wheels: cars have wheels, bodies and suns have none."""

from __future__ import annotations

import importlib.util
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.drawing import Drawing

PATH = Path(__file__).resolve().parents[2] / "experiments/wheels/wheels.py"


@pytest.fixture(scope="module")
def detector():
    spec = importlib.util.spec_from_file_location("wheels", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arc(x, y, width, height=None, start=0.0, turn=360.0):
    """Points of an ellipse about (x, y), from an angle on, clockwise, in degrees."""
    angles = np.radians(np.linspace(start, start + turn, 13))
    return np.stack(
        [x + width / 2 * np.cos(angles), y + (height or width) / 2 * np.sin(angles)], axis=1
    )


BODY = [(0, 60), (0, 35), (50, 30), (70, 5), (140, 5), (160, 30), (200, 35), (200, 60), (0, 60)]
LEFT, RIGHT = arc(45, 62, 32), arc(155, 60, 30)
CAR = [BODY, LEFT, RIGHT]


def test_wheels_are_named_from_left_to_right(detector):
    assert detector.wheels(Drawing(CAR)) == [1, 2]
    assert detector.wheels(Drawing([RIGHT, BODY, arc(45, 62, 10), LEFT])) == [3, 0]
    assert detector.wheels(Drawing(CAR), first=2) == [2]
    assert detector.has_wheels(Drawing(CAR)) and not detector.has_wheels(Drawing(CAR), first=2)


@pytest.mark.parametrize(
    "strokes",
    [
        [BODY, arc(45, 62, 32, turn=330), arc(155, 60, 30, turn=400)],  # hasty
        [BODY, arc(45, 60, 36, turn=180), arc(155, 60, 32, turn=180)],  # halves, below the body
        [BODY, [(30, 50), (60, 50), (60, 75), (30, 75), (30, 50)], RIGHT],
        [BODY, arc(35, 62, 20), arc(60, 62, 20), arc(150, 62, 20), arc(180, 62, 20)],
        [[(x, y + x / 4) for x, y in stroke] for stroke in CAR],  # uphill
    ],
    ids=["hasty", "halves", "square", "lorry", "tilted"],
)
@pytest.mark.parametrize("scale", [1, 0.01, 1e6])
def test_what_people_draw_for_wheels(detector, strokes, scale):
    assert detector.has_wheels(Drawing(strokes).transform(scale, (5, -7)))


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [[(0, 0)]],
        [BODY],
        [BODY, LEFT],
        [LEFT, RIGHT],
        [BODY, arc(45, 62, 32), arc(46, 62, 20)],  # a wheel and its hub
        [BODY, arc(85, 18, 16), arc(125, 18, 16)],  # windows
        [BODY, arc(45, 110, 30), arc(155, 110, 30)],  # far below
        [BODY, arc(45, 62, 32, 8), arc(155, 62, 30, 8)],  # flat
        [BODY, [(30, 60), (50, 80)], [(140, 60), (160, 80)]],  # legs
        [BODY, arc(45, 85, 36, turn=180), arc(155, 85, 36, turn=180)],  # bowls
        [BODY, [(30, 60), (60, 75), (30, 75), (60, 60)], RIGHT],  # a scribble
        [[(30, 0), (150, 0)], [(90, 0), (90, 200)], arc(80, 200, 20), arc(100, 200, 20)],
        [BODY, *([[(x, 60), (x, 60)] for x in (30, 160)])],  # dots
    ],
)
def test_what_is_no_pair_of_wheels(detector, strokes):
    assert not detector.has_wheels(Drawing(strokes))


def test_real_cars_have_them_and_other_things_do_not(detector, shared_data):
    """Half of the real cars; the other half draws wheels as bays of the outline, or in parts."""

    def some(name):
        path = shared_data / f"quickdraw/simplified/{name}.ndjson"
        return list(itertools.islice(sr.read_all(path), 500))

    cars = some("car")
    with_wheels = [car for car in cars if detector.has_wheels(car)]
    assert len(with_wheels) > 0.45 * len(cars)
    for car in with_wheels:
        found = detector.wheels(car)
        centers = [np.mean([car.strokes[k].min(0), car.strokes[k].max(0)], axis=0) for k in found]
        assert all(math.dist(a, b) > 10 for a, b in itertools.combinations(centers, 2))
    bare = [
        Drawing([stroke for k, stroke in enumerate(car.strokes) if k not in detector.wheels(car)])
        for car in with_wheels
    ]
    assert sum(map(detector.has_wheels, bare)) < 0.05 * len(bare)
    first = [Drawing(car.strokes[:1]) for car in cars]
    assert not any(map(detector.has_wheels, first))
    for name in ("sun", "shoe", "backpack"):
        things = some(name)
        assert sum(map(detector.has_wheels, things)) < 0.03 * len(things)
