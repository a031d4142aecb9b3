"""Figures of a model: of no order and no batch; of samples: what they count."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.data.data_file import InMemory
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, distance
from sketchrnn.training.evaluate import Evaluator, evaluate
from sketchrnn.training.samples import evaluate_samples, reconstruction_figures

SPLITS = ("train", "valid", "test")


def made_up(seed, count):
    generator = np.random.default_rng(seed)
    return [
        Drawing(
            [np.round(generator.uniform(0, 200, (int(n), 2))) for n in generator.integers(2, 5, 3)]
        )
        for _ in range(count)
    ]


def write(path, drawings):
    """A data file of drawings by split."""
    with DataFileWriter(path, Preparation(fit="longer_side", epsilon=0.0)) as writer:
        for split, some in drawings.items():
            for drawing in some:
                writer.append(split, drawing)
    return open_data(path)


@pytest.fixture(scope="module")
def drawings():
    return {split: made_up(k, 11) for k, split in enumerate(SPLITS)}


@pytest.fixture(scope="module")
def data(drawings, tmp_path_factory):
    with write(tmp_path_factory.mktemp("data") / "some.h5", drawings) as file:
        yield file


@pytest.fixture(scope="module")
def model(tiny_config, make_weights):
    return SketchRNN(tiny_config, make_weights(tiny_config))


@pytest.fixture(scope="module")
def figures(model, data):
    return model.evaluate(data, samples=12)


def test_no_figure_depends_on_the_order(model, figures, drawings, tmp_path):
    turned = {split: some[::-1] for split, some in drawings.items()}
    with write(tmp_path / "turned.h5", turned) as file:
        again = model.evaluate(file, samples=12)
    assert set(again) == set(figures)
    for name in set(figures) - {"data", "split", "temperature_rule"}:
        assert again[name] == pytest.approx(figures[name], rel=1e-5, abs=1e-7), name


def test_no_figure_depends_on_the_batch_size(model, data, figures):
    again = evaluate(Evaluator(model.network), model.network, data["test"], batch_size=4)
    for name, value in again.items():
        assert value == pytest.approx(figures[name], rel=1e-5, abs=1e-7), name


def test_longer_padding_changes_the_figures_of_n_max_alone(
    model, data, figures, drawings, tmp_path
):
    # one long drawing in the split, less what it adds itself, pads all others further
    long = Drawing([np.random.default_rng(9).uniform(0, 200, (40, 2))])
    with write(tmp_path / "long.h5", {"test": [*drawings["test"], long]}) as both:
        together = evaluate(Evaluator(model.network), model.network, both["test"], batch_size=1)
    with write(tmp_path / "alone.h5", {"test": [long]}) as file:
        alone = evaluate(Evaluator(model.network), model.network, file["test"], batch_size=1)
    assert together["n_max"] == alone["n_max"] == 39 > figures["n_max"]
    for name in ("nats_per_drawing", "kl_per_drawing"):
        expected = (11 * figures[name] + alone[name]) / 12
        assert together[name] == pytest.approx(expected, rel=1e-5), name
    expected = (11 * 24 * figures["magenta_eval"] + 39 * alone["magenta_eval"]) / 12 / 39
    assert together["magenta_eval"] == pytest.approx(expected, rel=1e-5)


def test_the_same_figures_from_score_and_losses(model, data, drawings, figures):
    nats = model.score(list(drawings["test"]), prepare=False)
    assert nats.shape == (11,)
    rows = np.stack([np.vstack([[0, 0, 1, 0, 0], d.to_stroke5(24)]) for d in data["test"]])
    rows[..., :2] /= model.config.scale_factor
    lengths = [d.num_steps for d in data["test"]]
    losses = model.losses(rows, lengths)
    assert losses["nats_per_drawing"] == pytest.approx(nats.mean(), rel=1e-5)
    means = evaluate(Evaluator(model.network), model.network, data["test"], sample_z=False)
    for name in ("nats_per_drawing", "nats_per_point", "magenta_train", "magenta_eval", "kl_raw"):
        assert means[name] == pytest.approx(losses[name], rel=1e-5), name


def test_figures_are_plain_json(figures):
    assert json.loads(json.dumps(figures)) == figures
    assert figures["samples"] == 12
    assert figures["learned_from_this_data"] is False
    assert 0 < figures["reconstruction_error"] < 1


def test_a_decoder_alone_has_no_figures_of_an_encoder(free_config, make_weights, data):
    found = SketchRNN(free_config, make_weights(free_config)).evaluate(data, samples=3)
    assert {"nats_per_point", "novelty", "valid_rate"} < set(found)
    lacking = ("kl_raw", "kl_floored", "kl_per_drawing", "active_units", "reconstruction_error")
    assert not set(lacking) & set(found)


def test_samples_that_are_not_finite_are_invalid(tiny_config, make_weights, data):
    weights = make_weights(tiny_config)
    weights["decoder/output/bias"] = np.full_like(weights["decoder/output/bias"], np.nan)
    model = SketchRNN(tiny_config, weights)
    with pytest.raises(BadDrawingError):
        model.generate(3, seed=0)
    found = model.judge_samples(data, samples=3)
    assert found.figures["valid_rate"] == 0
    assert "novelty" not in found.figures
    assert found.pairs == ()


def test_samples_are_asked_for(model, data):
    with pytest.raises(BadSettingError, match="samples is 0"):
        model.judge_samples(data, samples=0)


@pytest.fixture
def training(data):
    return InMemory(data["train"])


def test_what_is_valid(training):
    good = made_up(5, 1)[0]
    one = Drawing([[(0, 0), (9, 9)]])
    dot, empty = Drawing([[(1, 1), (1, 1)]]), Drawing([])
    endless = Drawing([np.arange(60).reshape(30, 2), [(0, 0)]])
    judged = evaluate_samples(
        [good, one, dot, empty, endless, None], training, made_up(6, 4), max_steps=24, unseen=True
    ).figures
    assert judged["valid_rate"] == pytest.approx(1 / 6)
    assert judged["blank_rate"] == pytest.approx(2 / 6)
    assert judged["one_stroke_rate"] == pytest.approx(1 / 6)
    assert judged["unended_rate"] == pytest.approx(1 / 6)
    assert judged["one_stroke_is_valid"] is False


def test_one_stroke_will_do_where_it_does_in_the_data(tmp_path):
    circles = [Drawing([d.strokes[0]]) for d in made_up(7, 1)] + made_up(8, 9)
    with write(tmp_path / "circles.h5", {"train": circles}) as file:
        training = InMemory(file["train"])
        assert training.one_stroke_share == pytest.approx(0.1)
        judged = evaluate_samples([circles[0]], training, [], max_steps=24, unseen=True).figures
    assert judged["valid_rate"] == 1
    assert judged["one_stroke_is_valid"] is True
    assert "diversity" not in judged


def test_copies_are_found(training, drawings):
    learned = drawings["train"]
    fresh = made_up(20, 6)
    smaller = learned[4].transform(0.3, (40, 0))
    judged = evaluate_samples(
        [*fresh, smaller, learned[2]], training, fresh, max_steps=24, unseen=True
    )
    figures = judged.figures
    assert figures["copy_rate"] == pytest.approx(2 / 8)
    assert figures["novelty_min"] == pytest.approx(0, abs=1e-9)
    assert figures["copy_rate_held_out"] == 0
    assert figures["novelty_held_out"] == pytest.approx(
        np.median([min(distance.chamfer(a, b) for b in learned) for a in fresh])
    )
    assert [(p.number, p.index) for p in judged.pairs[:2]] == [(6, 4), (7, 2)]
    assert judged.pairs[0].training.to_stroke3().tolist() == learned[4].to_stroke3().tolist()
    assert [p.distance for p in judged.pairs] == sorted(p.distance for p in judged.pairs)


def test_diversity_is_that_of_pairs(training):
    real, twins = made_up(21, 8), made_up(22, 1) * 5
    same = evaluate_samples(real, training, real, max_steps=24, unseen=True).figures
    assert same["diversity_ratio"] == pytest.approx(1)
    alike = evaluate_samples(twins, training, real, max_steps=24, unseen=True).figures
    assert alike["diversity_ratio"] < 0.2


def test_training_drawings_are_not_called_held_out(training):
    judged = evaluate_samples(
        made_up(3, 2), training, made_up(4, 2), max_steps=24, unseen=False
    ).figures
    assert "novelty" in judged
    assert not any(name.endswith("held_out") for name in judged)


def test_a_choice_depends_on_content_alone(data, drawings, tmp_path):
    with write(tmp_path / "turned.h5", {"train": drawings["train"][::-1]}) as file:
        other = list(InMemory(file["train"]).choose(4))
    chosen = list(InMemory(data["train"]).choose(4))
    assert len(chosen) == 4
    assert chosen == other
    assert chosen != list(InMemory(data["train"]))[:4]
    assert len(InMemory(data["train"]).choose(50, max_steps=2)) < 11


def test_errors_of_reconstructions():
    originals = made_up(30, 3)
    assert reconstruction_figures(originals, originals)["reconstruction_error"] == pytest.approx(
        0, abs=1e-9
    )
    again = [originals[0], originals[1], Drawing([])]
    found = reconstruction_figures(originals, again)
    blank = distance.chamfer(originals[2], Drawing([]), same_scale=True)
    assert found["reconstruction_error"] == pytest.approx(blank / 3)
    assert found["reconstruction_error_median"] == pytest.approx(0, abs=1e-9)
    smaller = reconstruction_figures(originals, [d.transform(0.5) for d in originals])
    assert smaller["reconstruction_error"] > 0.02


def test_errors_are_compared_with_those_of_other_drawings():
    originals = sorted(made_up(31, 4), key=lambda drawing: drawing.bounds)
    found = reconstruction_figures(originals, originals)["reconstruction_error_other"]
    apart = [
        distance.chamfer(originals[a], originals[b], same_scale=True)
        for a, b in ((0, 2), (1, 3), (2, 0), (3, 1))
    ]
    assert found == pytest.approx(sum(apart) / 4)
    twins = [originals[0]] * 2 + [originals[1]] * 2  # equal ones lie side by side
    assert reconstruction_figures(twins, twins)["reconstruction_error_other"] > 0.02
    assert "reconstruction_error_other" not in reconstruction_figures(twins[:1], twins[:1])
