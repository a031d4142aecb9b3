"""Finishing drawings: the beginning stays, the ending fits, the figures are right."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from sketchrnn.api import SketchRNN, load
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing
from sketchrnn.model.folder import shipped_models
from sketchrnn.sampling import completion, sampler
from sketchrnn.sampling.likelihood import Nats

KINDS = ["VAE", "decoder alone", "categories"]


def make(kind, tiny_config, make_weights, **changes):
    config = dataclasses.replace(tiny_config, conditional=kind != "decoder alone", **changes)
    if kind == "categories":
        config = dataclasses.replace(config, categories=("cat", "dog"), category_size=3)
    return SketchRNN(config, make_weights(config), Preparation(fit="longer_side", epsilon=1.0))


@pytest.fixture(scope="module", params=KINDS)
def model(request, tiny_config, make_weights):
    return make(request.param, tiny_config, make_weights)


@pytest.fixture(scope="module")
def vae(tiny_config, make_weights):
    return make("VAE", tiny_config, make_weights)


BEGUN = Drawing([[(1000, 50), (1003, 50), (1006, 51), (1009, 60)], [(990, 70), (1001, 80)]], "cat")


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(s, t) for s, t in zip(a, b, strict=True))


@pytest.mark.parametrize("scale", [None, 7.5])
@pytest.mark.parametrize("is_open", [False, True])
def test_the_beginning_is_untouched_and_the_ending_goes_on_from_it(model, scale, is_open):
    drawings = model.complete(BEGUN, 9, temperature=1, seed=3, scale=scale, open=is_open)
    assert len(drawings) == 9
    for drawing in drawings:
        assert drawing.category == "cat"
        assert same(drawing.strokes[:1], BEGUN.strokes[:1])
        second = drawing.strokes[1]
        assert np.array_equal(second[:2], BEGUN.strokes[1])
        assert is_open or len(second) == 2
        new = drawing.num_points - BEGUN.num_points
        assert new == drawing.metadata["steps"]
        assert drawing.metadata["given"] == BEGUN.num_points
        assert drawing.metadata["scale"] == (scale or drawing.metadata["scale"])
        # in data units by its own word, a drawing of some tens to hundreds
        assert model.preparation.scale_of(drawing) == pytest.approx(drawing.metadata["scale"])
    if is_open:
        assert any(len(drawing.strokes[1]) > 2 for drawing in drawings)
    assert len({drawing.num_points for drawing in drawings}) > 1


def test_scale_and_place_are_the_callers(vae):
    """The same beginning elsewhere and larger has the same endings, elsewhere and larger."""
    moved = BEGUN.transform(3, (500, -20))
    for scale in (None, 6.0):
        a = vae.complete(BEGUN, 5, seed=1, scale=scale)
        b = vae.complete(moved, 5, seed=1, scale=scale and scale / 3)
        for one, other in zip(a, b, strict=True):
            assert len(one.strokes) == len(other.strokes)
            for s, t in zip(one.strokes, other.strokes, strict=True):
                np.testing.assert_allclose(3 * s + (500, -20), t, rtol=1e-6, atol=1e-3)


def test_what_tells_the_scale(vae):
    def scale(drawing, **given):
        return vae.complete(drawing, 1, seed=1, **given)[0].metadata["scale"]

    assert scale(BEGUN.with_metadata(box=51)) == 5
    assert scale(BEGUN.with_metadata(extent=510)) == 0.5
    assert scale(BEGUN.with_metadata(box=51), canvas=255) == 1
    assert scale(BEGUN, prepare=False) == 1
    assert scale(Drawing([[(3, 3)]])) == 1  # a dot tells nothing
    assert vae.complete(BEGUN.with_metadata(box=51), 1, seed=1)[0].metadata["box"] == 51
    for bad in ({"scale": 0}, {"canvas": -3}, {"scale": 2, "canvas": 3}, {"scale": float("nan")}):
        with pytest.raises(BadSettingError):
            scale(BEGUN, **bad)


def test_they_are_ranked_by_the_nats_of_a_step(model):
    drawings = model.complete(BEGUN, 9, temperature=0.8, seed=3)
    per_step = [d.metadata["nats_per_step"] for d in drawings if d.metadata["ended"]]
    assert per_step == sorted(per_step)
    assert per_step[0] < per_step[-1]
    for drawing in drawings:
        notes = drawing.metadata
        count = notes["steps"] + notes["ended"]
        assert notes["nats_per_step"] == pytest.approx(notes["nats"] / count)


@pytest.mark.parametrize("z", ["fitting", "prior", "own"])
def test_what_does_not_end_is_drawn_anew_and_comes_last(vae, monkeypatch, z):
    words = {"temperature": 1, "seed": 3, "max_steps": 12, "z": z}
    drawings = vae.complete(BEGUN, 9, **words)
    ended = [drawing.metadata["ended"] for drawing in drawings]
    assert ended == sorted(ended, reverse=True)
    monkeypatch.setattr(completion, "TRIES", 1)
    once = {drawing.metadata["number"]: drawing for drawing in vae.complete(BEGUN, 9, **words)}
    assert sum(drawing.metadata["ended"] for drawing in once.values()) < sum(ended)
    for drawing in drawings:
        first, tries = once[drawing.metadata["number"]], drawing.metadata["tries"]
        assert (drawing == first) == (first.metadata["ended"] or not drawing.metadata["ended"])
        assert (tries == 1) == first.metadata["ended"]
        assert drawing.metadata["ended"] or tries == 4


def test_the_nats_are_those_of_score(tiny_config, make_weights):
    """Of the whole less those of the beginning, by the network's own losses."""
    pytest.importorskip("keras")
    model = make("decoder alone", tiny_config, make_weights)
    begun = BEGUN.transform(5)
    for drawing in model.complete(begun, 5, temperature=0.8, seed=3, prepare=False):
        if not drawing.metadata["ended"]:
            continue
        (whole,) = model.score(drawing, prepare=False)
        rows = completion.begin(begun, Preparation(fit="keep", epsilon=0), model.config, 1.0).rows
        nats = completion.nats_of_rows(model.sampler.decoder, None, [rows], [False]).totals()
        assert drawing.metadata["nats"] == pytest.approx(whole - nats[0], rel=1e-4, abs=1e-2)


def test_each_ending_depends_on_seed_and_number_alone(model):
    few = model.complete(BEGUN, 3, seed=8)
    many = model.complete(BEGUN, 9, seed=8)
    by_number = {drawing.metadata["number"]: drawing for drawing in many}
    for drawing in few:
        other = by_number[drawing.metadata["number"]]
        assert len(drawing.strokes) == len(other.strokes)
        for s, t in zip(drawing.strokes, other.strokes, strict=True):
            np.testing.assert_allclose(s, t, rtol=1e-4, atol=1e-2)
    assert model.complete(BEGUN, 9, seed=8) == many
    assert model.complete(BEGUN, 9, seed=9) != many
    assert model.complete(BEGUN, 0) == []


@pytest.mark.parametrize("cell", ["lstm", "layer_norm", "hyper"])
def test_the_compiled_loop_ends_it_in_the_same_way(tiny_config, make_weights, cell, monkeypatch):
    pytest.importorskip("keras")
    changes = {"hyper_units": 8, "hyper_embedding": 3} if cell == "hyper" else {}
    model = make("VAE", tiny_config, make_weights, decoder_cell=cell, **changes)
    wanted = model.complete(BEGUN, 8, seed=2, open=True)
    monkeypatch.setattr(sampler, "COMPILED_FROM", 1)
    found = model.complete(BEGUN, 8, seed=2, open=True)
    assert type(model.sampler.compiled_decoder).__name__ == "CompiledDecoder"
    for one, other in zip(wanted, found, strict=True):
        assert [len(s) for s in one.strokes] == [len(s) for s in other.strokes]
        for s, t in zip(one.strokes, other.strokes, strict=True):
            np.testing.assert_allclose(s, t, rtol=1e-4, atol=1e-2)


def test_z_comes_from_where_it_is_asked_for(vae, made_up_drawings):
    def endings(**given):
        drawn = vae.complete(BEGUN, 4, temperature=0, scale=5, seed=1, **given)
        return sorted(drawn, key=lambda drawing: drawing.metadata["number"])

    z = vae.encode(made_up_drawings[:2])
    liked = endings(like=made_up_drawings[:2])
    assert liked == endings(z=z[[0, 1, 0, 1]])
    assert liked[0] == liked[2] != liked[1]
    assert endings(z=z[0]) == [liked[0]] * 4
    assert len(set(endings(z="own"))) == 1
    assert len(set(endings(z="prior"))) > 1
    assert endings(z="prior") != endings(z="fitting")
    for bad in ({"z": "best"}, {"z": z}, {"z": z[0], "like": made_up_drawings[0]}, {"like": []}):
        with pytest.raises(BadSettingError):
            endings(**bad)


def test_fitting_z_makes_the_beginning_likelier(vae):
    begun = completion.begin(BEGUN, vae.preparation, vae.config, 5.0)
    fitting = completion.fitting_z(vae.sampler.decoder, begun, lambda z: z, 1, range(64))

    def mean(z):
        rows = [begun.rows] * len(z)
        return (
            completion.nats_of_rows(vae.sampler.decoder, z, rows, [False] * len(z)).totals().mean()
        )

    assert mean(fitting) < mean(completion.pool(vae.config)) - 1


def test_categories(tiny_config, make_weights):
    model = make("categories", tiny_config, make_weights)
    drawn = model.complete(BEGUN, 4, seed=1, category=["dog", "cat"])
    assert sorted(drawing.category for drawing in drawn) == ["cat", "cat", "dog", "dog"]
    assert {d.category for d in model.complete(BEGUN, 2, seed=1)} == {"cat"}
    with pytest.raises(BadDrawingError, match="has no category"):
        model.complete(BEGUN.with_category(None), 2)
    with pytest.raises(BadSettingError, match="unknown category"):
        model.complete(BEGUN, 2, category="pig")


def test_a_pen_that_is_down_on_a_blank_canvas_may_begin(model):
    """One point, open: the start token alone says as much."""
    dot = Drawing([[(30, 40)]], "cat")
    for drawing in model.complete(dot, 5, seed=1, open=True):
        assert drawing.strokes[0][0].tolist() == [30, 40]
    (begun,) = (completion.begin(dot, model.preparation, model.config, 1.0, is_open=True),)
    assert len(begun.rows) == 0
    assert len(completion.begin(dot, model.preparation, model.config, 1.0).rows) == 1


def test_steps_are_those_of_the_whole_drawing():
    begun = completion.begin(
        Drawing([[(0, 0), (5, 0.1), (10, 0)], [(10, 10), (30, 10)]]),
        Preparation(epsilon=1.0),
        SketchRNN.load(shipped_models()["kanji"]).config,
        5.0,
        is_open=True,
    )
    assert begun.rows[:, 2:].tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]


def test_bad_beginnings(model):
    with pytest.raises(BadDrawingError, match="has no strokes"):
        model.complete(Drawing([], "cat"))
    zigzag = Drawing([[(30 * k, 100 * (k % 2)) for k in range(26)]], "cat")
    with pytest.raises(BadDrawingError, match="it has 25 steps, and the whole drawing may have 24"):
        model.complete(zigzag, scale=1)
    with pytest.raises(BadDrawingError, match="may have 3"):
        model.complete(BEGUN, scale=5, max_steps=3)
    for bad in ({"n": -1}, {"max_steps": -1}, {"temperature": -1}, {"seed": "x"}):
        with pytest.raises(BadSettingError):
            model.complete(BEGUN, **bad)


def test_a_model_that_never_ends_stops_and_says_so(tiny_config, make_weights):
    config = dataclasses.replace(tiny_config, conditional=False)
    weights = make_weights(config)
    weights["decoder/output/bias"][2] = -1e4
    model = SketchRNN(config, weights, Preparation(epsilon=0))
    for drawing in model.complete(BEGUN, 3, seed=1, scale=5):
        assert drawing.metadata["ended"] is False
        assert drawing.num_steps == config.max_seq_len


def test_the_peak_of_a_parabola_is_where_it_tops():
    """Between two points, on the side of the higher neighbour; at the edge the point itself."""
    x = np.log(np.geomspace(0.2, 1.25, 12))
    for top in (x[4] + 0.03, x[4] - 0.05, x[8]):
        assert np.log(completion._peak(x, 7 - 3 * (x - top) ** 2)) == pytest.approx(top)
    assert completion._peak(x, x) == pytest.approx(1.25)
    assert completion._peak(x, -x) == pytest.approx(0.2)
    flat = np.zeros(12)
    flat[4:6] = 1  # two alike: between them
    assert x[4] < np.log(completion._peak(x, flat)) < x[5]


def test_all_scales_are_rated_in_one_pass_as_each_alone(model, monkeypatch):
    """What is batched is compared with one scale and one vector after the other."""
    decoder, whole = model.sampler.decoder, completion.nats_of_rows
    embedding = model.sampler.embed_categories(["cat"]) if model.categories else None
    calls = []

    def one_by_one(decoder, condition, rows, ended):
        calls.append(len(rows))
        parts = [
            whole(decoder, None if condition is None else condition[k : k + 1], [steps], [end])
            for k, (steps, end) in enumerate(zip(rows, ended, strict=True))
        ]
        return Nats(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def scale():
        condition_of = functools.partial(sampler.make_condition, embedding=embedding)
        return completion.likeliest_scale(decoder, BEGUN, model.preparation, condition_of, None)

    found = scale()
    monkeypatch.setattr(completion, "nats_of_rows", one_by_one)
    assert found == pytest.approx(scale(), rel=1e-4)
    assert len(calls) == 2


def test_the_likeliest_scale_is_near_the_true_one(shared_data):
    """A third of a character, without its box; beside it how near the bounds alone come."""
    pytest.importorskip("kanji", reason="needs KanjiVG")
    import sketchrnn as sr

    model = load("kanji")
    by_model, by_side = [], []
    for character in "時語国林花銀駅校":
        whole = sr.read(f"kanjivg:{character}")
        begun = Drawing(whole.strokes[: len(whole.strokes) // 3])
        true = 255 / 109
        found = completion.likeliest_scale(
            model.sampler.decoder, begun, model.preparation, lambda z: z, None
        )
        x_min, y_min, x_max, y_max = begun.bounds
        side = model.preparation.median_side / max(x_max - x_min, y_max - y_min)
        by_model.append(abs(np.log(found / true)))
        by_side.append(abs(np.log(side / true)))
    assert np.median(by_model) < 0.2
    assert np.mean(by_model) < np.mean(by_side)


def test_a_drawing_of_the_model_is_ended_as_it_was(tiny_config, make_weights):
    """Steps keep their random numbers, whoever draws those before."""
    model = make("decoder alone", tiny_config, make_weights)
    asked = {"temperature": (0.9, 0.3), "seed": 4}
    tried = 0
    for drawing in model.generate(8, **asked):
        if drawing.metadata["number"] or len(drawing.strokes) < 3:
            continue
        begun = Drawing(drawing.strokes[:2])
        (ended,) = model.complete(begun, 1, prepare=False, **asked)
        assert len(ended.strokes) == len(drawing.strokes)
        for s, t in zip(ended.strokes, drawing.strokes, strict=True):
            np.testing.assert_allclose(s, t, atol=0.05)
        tried += 1
    assert tried
