"""Ways, arithmetic and neighbours of a model, with and without categories."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data import open_data
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadDrawingError, BadSettingError

COLD = {"temperature": 0.0, "seed": 1}


@pytest.fixture(scope="module", params=["VAE", "categories"])
def model(request, tiny_config, make_weights):
    config = tiny_config
    if request.param == "categories":
        config = dataclasses.replace(config, categories=("cat", "dog"), category_size=3)
    return SketchRNN(config, make_weights(config), Preparation(fit="longer_side", epsilon=1.0))


@pytest.fixture(scope="module")
def drawings(made_up_drawings):
    return [d.with_category(("cat", "dog")[k % 2]) for k, d in enumerate(made_up_drawings)]


def again(model, drawing):
    return model.reconstruct(drawing, **COLD)[0]


def alike(some, others):
    """Batches of other sizes round otherwise; the drawings are the same."""
    assert len(some) == len(others)
    for a, b in zip(some, others, strict=True):
        assert (a.category, len(a.strokes)) == (b.category, len(b.strokes))
        for s, t in zip(a.strokes, b.strokes, strict=True):
            np.testing.assert_allclose(s, t, rtol=1e-4, atol=1e-2)
    return True


def test_a_loop_passes_its_drawings(model, drawings):
    found = model.loop(drawings[:3], 9, **COLD)
    assert len(found) == 9
    assert alike(found[::3], [again(model, drawing) for drawing in drawings[:3]])
    assert model.loop(drawings[:3], 9, temperature=1, seed=4)[0].metadata["number"] == 0
    with pytest.raises(BadSettingError, match="a loop needs 2 drawings"):
        model.loop(drawings[:1], 9)


def test_a_grid_has_its_corners(model, drawings):
    rows = model.grid(drawings[:4], 3, 4, **COLD)
    assert [len(row) for row in rows] == [4, 4, 4]
    corners = [rows[0][0], rows[0][-1], rows[-1][0], rows[-1][-1]]
    assert alike(corners, [again(model, drawing) for drawing in drawings[:4]])
    with pytest.raises(BadSettingError, match="four corners"):
        model.grid(drawings[:3])


def test_arithmetic(model, drawings):
    a, b, c = drawings[:3]
    assert alike(model.analogy(a, b, b, **COLD), [again(model, a)])
    assert alike(model.analogy(a, b, c, n=2, **COLD), model.shift(a, b, c, **COLD) * 2)
    assert alike(
        model.shift(drawings[:3], a, c, 0, **COLD), [again(model, d) for d in drawings[:3]]
    )
    assert alike(model.shift(a, a, c, **COLD), [again(model, c)])
    assert alike(model.average([a], **COLD), [again(model, a)])
    if not model.categories:
        z = model.encode([a, b, c])
        (mean,) = model.average([a, b, c], **COLD)
        assert alike([mean], model.decode(z.mean(axis=0)[None], **COLD))
        moved = z[0] + 0.5 * (z[2] - (z[0] + z[1]) / 2)
        assert alike(model.shift(a, [a, b], c, 0.5, **COLD), model.decode(moved[None], **COLD))
    for bad in (lambda: model.average([]), lambda: model.shift(a, [], b)):
        with pytest.raises(BadSettingError, match="no drawing"):
            bad()


def test_a_walk_starts_where_it_is_told(model, drawings):
    path = model.walk(drawings[0], 4, stride=0.5, **COLD)
    assert alike(path[:1], [again(model, drawings[0])])
    assert path != [path[0]] * 4
    assert alike(model.walk(drawings[0], 4, stride=0, **COLD), [path[0]] * 4)
    named = "dog" if model.categories else None
    anywhere = model.walk(frames=3, category=named, seed=5)
    assert anywhere == model.walk(frames=3, category=named, seed=5)
    assert anywhere != model.walk(frames=3, category=named, seed=6)
    if model.categories:
        assert {d.category for d in anywhere} == {"dog"}
        with pytest.raises(BadDrawingError, match="no category"):
            model.walk(frames=3)


def test_neighbours_by_z(model, drawings):
    told = []
    (nearest, *others) = model.neighbours(
        drawings[2], drawings, 4, progress=lambda done, total: told.append((done, total))
    )
    assert nearest == drawings[2]
    assert nearest.metadata["place"] == 2 and nearest.metadata["distance"] < 1e-5
    assert told == [(7, 7)]
    z = model.encode(drawings)
    wanted = np.argsort(np.linalg.norm(z - z[2], axis=1))[1:4]
    assert [d.metadata["place"] for d in others] == wanted.tolist()


def test_an_atlas_of_a_data_file(tiny_config, make_weights, tiny_data):
    model = SketchRNN(tiny_config, make_weights(tiny_config), Preparation(epsilon=0.0))
    rows = model.atlas(tiny_data, 10)
    assert [len(row) for row in rows] == [4, 4, 4]
    shown = [d for row in rows for d in row if d is not None]
    places = [d.metadata["place"] for d in shown]
    assert len(set(places)) == 10 and rows[-1][2:] == [None, None]
    with open_data(tiny_data) as data:
        whole = [d for name in ("train", "valid", "test") for d in data[name]]
        assert model.atlas(data, 10) == rows
        assert shown == [whole[place] for place in places]
        few = model.atlas(data, split="test", columns=2)
        assert sum(d is not None for row in few for d in row) == len(data["test"])
        assert model.neighbours(data["test"][1], data, 1, split="test")[0].metadata["place"] == 1
    assert model.atlas(tiny_data, 10, seed=1) != rows
    with pytest.raises(BadSettingError, match="n is 0"):
        model.atlas(tiny_data, 0)


def test_a_decoder_alone_has_no_latent_space(free_config, make_weights, drawings):
    model = SketchRNN(free_config, make_weights(free_config))
    for travel in (
        lambda: model.loop(drawings[:2]),
        lambda: model.average(drawings[:2]),
        lambda: model.walk(),
        lambda: model.walk(drawings[0]),
        lambda: model.atlas(drawings),
        lambda: model.neighbours(drawings[0], drawings),
    ):
        with pytest.raises(BadSettingError, match=r"no encoder|no z"):
            travel()
