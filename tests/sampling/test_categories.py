"""Models of several categories, with weights of the test's own and no framework."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.api import SketchRNN
from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing
from sketchrnn.model.config import ModelConfig
from sketchrnn.sampling import categories, latent
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.sampler import Conditions, SamplingSettings, sample_drawings

KNOWN = ("cat", "dog", "The Eiffel Tower")


@pytest.fixture(scope="module", params=["VAE", "decoder alone"])
def model(request, tiny_config, make_weights):
    config = dataclasses.replace(
        tiny_config, conditional=request.param == "VAE", category_size=5, categories=KNOWN
    )
    return SketchRNN(config, make_weights(config))


@pytest.fixture(scope="module")
def vae(tiny_config, make_weights):
    config = dataclasses.replace(tiny_config, category_size=5, categories=KNOWN)
    return SketchRNN(config, make_weights(config))


def test_a_drawing_is_of_the_category_asked_for_and_says_so(model):
    drawings = {name: model.generate(4, category=name, temperature=0, seed=3) for name in KNOWN}
    assert len({drawing for of_one in drawings.values() for drawing in of_one}) >= 3
    assert drawings["cat"] != drawings["dog"]
    for name, of_one in drawings.items():
        assert [d.category for d in of_one] == [name] * 4
    # and it is drawn with that category's vector
    weights, config = model.weights, model.config
    for place, name in enumerate(KNOWN):
        told = [latent_noise(3, 0, config.z_size)] if config.conditional else []
        condition = np.concatenate([*told, weights["categories/embedding"][place]])[None]
        decoder = NumpyDecoder(config, weights)
        outputs, *_ = decoder.step(
            np.array([[0, 0, 1, 0, 0]], np.float32), *decoder.start(condition, 1)
        )
        size = config.num_mixtures
        best = outputs[0, 3 : 3 + size].argmax()
        first = outputs[0, [3 + size + best, 3 + 2 * size + best]] * config.scale_factor
        points = drawings[name][0].to_stroke3()
        np.testing.assert_allclose(points[0, :2], first, rtol=1e-5)


def test_several_share_the_drawings_out_in_their_order(model):
    drawings = model.generate(5, category=["dog", "cat"], seed=1)
    assert [d.category for d in drawings] == ["dog", "dog", "dog", "cat", "cat"]
    alone = model.generate(5, category="dog", seed=1)
    assert drawings[:3] == alone[:3]
    with pytest.raises(BadSettingError, match="1 drawings are wanted of 2 categories"):
        model.generate(1, category=["dog", "cat"])


def test_without_a_name_all_are_drawn_as_often_and_a_longer_request_begins_alike(model):
    drawings = model.generate(12, seed=4)
    names = [d.category for d in drawings]
    assert {name: names.count(name) for name in KNOWN} == dict.fromkeys(KNOWN, 4)
    assert [d.category for d in model.generate(7, seed=4)] == names[:7]
    assert any([d.category for d in model.generate(12, seed=s)] != names for s in range(5, 9))
    assert drawings == sample_drawings(
        NumpyDecoder(model.config, model.weights), 12, SamplingSettings(temperature=0.4, seed=4)
    )


def test_spread_depends_on_seed_and_number_alone():
    whole = categories.spread(KNOWN, 9, range(30))
    assert categories.spread(KNOWN, 9, [20, 3, 3]) == [whole[20], whole[3], whole[3]]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("cow", "unknown category 'cow'; did you mean 'dog'|unknown category 'cow'; known: 'cat'"),
        ("the eifel tower", "did you mean 'The Eiffel Tower'"),
        (["cat", "dgo"], "'dgo'; did you mean 'dog'"),
        ([], "4 drawings are wanted of 0 categories"),
    ],
)
def test_a_category_that_is_not_known(model, wanted, message):
    with pytest.raises(BadSettingError, match=message):
        model.generate(4, category=wanted)


def test_a_model_of_one_kind_is_told_of_none(tiny_config, make_weights, made_up_drawings):
    model = SketchRNN(tiny_config, make_weights(tiny_config))
    assert model.categories == ()
    assert model.generate(1, seed=1)[0].category is None
    for call in (
        lambda: model.generate(1, category="cat"),
        lambda: model.encode(made_up_drawings, category="cat"),
        lambda: model.decode(np.zeros((1, 6)), category="cat"),
    ):
        with pytest.raises(BadSettingError, match="this model knows no categories"):
            call()
    labelled = [drawing.with_category("anything") for drawing in made_up_drawings]
    np.testing.assert_array_equal(model.encode(labelled), model.encode(made_up_drawings))


def test_the_encoder_takes_the_drawings_category_or_the_one_that_is_given(vae, made_up_drawings):
    labelled = [d.with_category(KNOWN[k % 3]) for k, d in enumerate(made_up_drawings)]
    z = vae.encode(labelled)
    assert np.array_equal(vae.encode(made_up_drawings, category=[d.category for d in labelled]), z)
    all_dogs = vae.encode(labelled, category="dog")
    assert np.array_equal(all_dogs[1], z[1])
    assert not np.allclose(all_dogs[0], z[0])
    with pytest.raises(BadDrawingError, match="drawing 1: has no category; say which it is"):
        vae.encode([labelled[0], made_up_drawings[1]])
    with pytest.raises(BadDrawingError, match="drawing 0: unknown category 'Dog'; did you mean"):
        vae.encode(labelled[0].with_category("Dog"))
    with pytest.raises(BadSettingError, match="2 categories are given for 7 drawings"):
        vae.encode(made_up_drawings, category=["cat", "dog"])


def test_what_is_drawn_again_keeps_its_category(vae, made_up_drawings):
    labelled = [d.with_category(KNOWN[k % 3]) for k, d in enumerate(made_up_drawings)]
    again = vae.reconstruct(labelled, seed=1)
    assert [d.category for d in again] == [d.category for d in labelled]
    z = vae.encode(labelled)
    assert vae.decode(z, seed=1, category=[d.category for d in labelled]) == again
    with pytest.raises(BadSettingError, match="needs the category; known: 'cat', 'dog'"):
        vae.decode(z)
    as_dogs = vae.reconstruct(labelled, seed=1, category="dog")
    assert {d.category for d in as_dogs} == {"dog"}
    assert as_dogs != again


def test_the_way_between_two_categories(vae, made_up_drawings):
    a, b = made_up_drawings[0].with_category("cat"), made_up_drawings[1].with_category("dog")
    way = vae.interpolate(a, b, 5, seed=2)
    assert [d.category for d in way] == ["cat", "cat", "cat", "dog", "dog"]
    ends = vae.decode(vae.encode([a, b])[:1], seed=2, category="cat")
    np.testing.assert_allclose(way[0].to_stroke3(), ends[0].to_stroke3(), atol=1e-3)
    # the middle is of neither: half of each vector
    table = vae.weights["categories/embedding"]
    z = vae.encode([a, b])
    (middle,) = sample_drawings(
        NumpyDecoder(vae.config, vae.weights),
        1,
        SamplingSettings(0.1, seed=2),
        Conditions(
            z=latent.interpolate(z[0], z[1], 5)[2:3],
            categories=["cat"],
            embeddings=(table[:1] + table[1:2]) / 2,
        ),
    )
    np.testing.assert_allclose(way[2].to_stroke3(), middle.to_stroke3(), atol=1e-3)


def test_mixture_params_are_those_of_the_category(model):
    rows = np.zeros((3, 5), np.float32)
    rows[:, 2] = 1
    cat, dog = (model.mixture_params(rows, category=name)["mu_x"] for name in ("cat", "dog"))
    assert not np.allclose(cat, dog)
    with pytest.raises(BadSettingError, match="needs the category"):
        model.mixture_params(rows)


def test_a_folder_keeps_them(model, tmp_path):
    path = model.save(tmp_path / "model")
    again = sr.load(path)
    assert again.categories == KNOWN
    assert again.config == model.config
    assert again.generate(3, seed=1) == model.generate(3, seed=1)
    values = json.loads((path / "config.json").read_text())
    for wrong in ("cat,dog", [1, 2], ["cat", "cat"], ["cat"], []):
        values["config"]["categories"] = wrong
        (path / "config.json").write_text(json.dumps(values))
        with pytest.raises(sr.SketchRNNError, match="categor"):
            sr.load(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"category_size": 3}, "category_size is 3, and there are no categories"),
        ({"category_size": 3, "categories": ("a",)}, "there is one category, 'a'"),
        ({"categories": ("a", "b")}, "there are categories, and category_size is 0"),
        ({"category_size": -1}, "category_size is -1"),
    ],
)
def test_configurations_that_make_no_sense(values, message):
    with pytest.raises(BadSettingError, match=message):
        ModelConfig(**values)


def test_empty_requests(model):
    assert model.generate(0) == []
    assert model.generate(0, category="cat") == []
    assert categories.of_drawings([], None, KNOWN) == []
    assert Drawing([]).category is None
