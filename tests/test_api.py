"""The model as a script meets it: keeping, drawing, encoding, measuring."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import sketchrnn as sr
from sketchrnn.api import SketchRNN
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import (
    BadDrawingError,
    BadFileError,
    BadSettingError,
    Drawing,
    OutputExistsError,
)
from sketchrnn.model.folder import CONFIG_FILE, WEIGHTS_FILE
from sketchrnn.sampling import sampler
from sketchrnn.training import evaluation

ROOT = Path(__file__).resolve().parents[1]
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras")
PREPARATION = Preparation(fit="longer_side", epsilon=1.0)


@pytest.fixture(scope="module")
def model(tiny_config, make_weights):
    return SketchRNN(tiny_config, make_weights(tiny_config), PREPARATION)


@pytest.fixture(scope="module")
def free(free_config, make_weights):
    """A decoder alone."""
    return SketchRNN(free_config, make_weights(free_config), PREPARATION)


# Keeping


def test_a_round_trip_is_exact(tiny_folder, tmp_path):
    first = sr.load(tiny_folder)
    assert first.save(tmp_path / "copy") == tmp_path / "copy"
    second = SketchRNN.load(tmp_path / "copy")
    assert second.config == first.config
    assert second.preparation == first.preparation == PREPARATION
    assert second.provenance == first.provenance
    assert second.weights.keys() == first.weights.keys()
    for name, array in first.weights.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(second.weights[name], array)
    assert second.generate(5, seed=1) == first.generate(5, seed=1)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        assert (tmp_path / "copy" / name).read_bytes() == (tiny_folder / name).read_bytes()


def test_the_names_of_other_libraries_are_aliases(tiny_folder, tmp_path):
    model = SketchRNN.from_pretrained(tiny_folder)
    model.save_pretrained(tmp_path / "copy")
    assert sr.from_pretrained(str(tmp_path / "copy")).config == model.config


def test_what_exists_is_not_overwritten(model, tiny_folder):
    before = {p.name: p.read_bytes() for p in tiny_folder.iterdir()}
    with pytest.raises(OutputExistsError, match="exists already"):
        model.save(tiny_folder)
    assert {p.name: p.read_bytes() for p in tiny_folder.iterdir()} == before


def test_overwriting_replaces_the_model_and_keeps_what_else_is_there(model, tiny_folder):
    (tiny_folder / "checkpoints").mkdir()
    (tiny_folder / "README.md").write_text("a card")
    model.save(tiny_folder, overwrite=True)
    assert sr.load(tiny_folder).provenance == {}
    assert sorted(p.name for p in tiny_folder.iterdir()) == sorted(
        [CONFIG_FILE, WEIGHTS_FILE, "README.md", "checkpoints"]
    )


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_overwriting_spares_what_is_no_model(model, tmp_path, kind):
    target = tmp_path / "thesis"
    if kind == "folder":
        target.mkdir()
        (target / "thesis.tex").write_text("years of work")
    else:
        target.write_text("years of work")
    with pytest.raises(OutputExistsError, match=r"thesis: exists and is no model folder"):
        model.save(target, overwrite=True)
    assert (target / "thesis.tex" if kind == "folder" else target).read_text() == "years of work"


def test_an_empty_folder_may_be_filled(model, tmp_path):
    (tmp_path / "new").mkdir()
    model.save(tmp_path / "new", overwrite=True)
    assert sr.load(tmp_path / "new").config == model.config


def change(**values):
    """Replace entries of config.json."""

    def apply(folder):
        text = json.loads((folder / CONFIG_FILE).read_text())
        (folder / CONFIG_FILE).write_text(json.dumps({**text, **values}))

    return apply


def change_config(key, value):
    def apply(folder):
        text = json.loads((folder / CONFIG_FILE).read_text())
        text["config"][key] = value
        (folder / CONFIG_FILE).write_text(json.dumps(text))

    return apply


def drop_config(key):
    def apply(folder):
        text = json.loads((folder / CONFIG_FILE).read_text())
        del text["config"][key]
        (folder / CONFIG_FILE).write_text(json.dumps(text))

    return apply


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def cut(name, share):
    def apply(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(share * len(data))])

    return apply


def weight(name, value):
    """Replace a weight, or take it away."""

    def apply(folder):
        with h5py.File(folder / WEIGHTS_FILE, "r+") as file:
            if name in file:
                del file[name]
            if value is not None:
                file[name] = value

    return apply


BIAS = "decoder/lstm/bias"


@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        pytest.param(damage, file, message, id=name)
        for name, damage, file, message in [
            ("no weights", lambda f: (f / WEIGHTS_FILE).unlink(), WEIGHTS_FILE, "is missing"),
            ("weights cut", cut(WEIGHTS_FILE, 0.5), WEIGHTS_FILE, "truncated"),
            ("last byte cut", cut(WEIGHTS_FILE, 0.999), WEIGHTS_FILE, "truncated"),
            ("weights empty", write(WEIGHTS_FILE, b""), WEIGHTS_FILE, "truncated or damaged"),
            ("weights no HDF5", write(WEIGHTS_FILE, b"PK" * 99), WEIGHTS_FILE, "damaged"),
            ("wrong shape", weight(BIAS, np.zeros(95, "f4")), WEIGHTS_FILE, "(95,)"),
            (
                "transposed",
                weight("encoder/z_mean/kernel", np.zeros((6, 24))),
                WEIGHTS_FILE,
                "6, 24",
            ),
            ("a weight missing", weight(BIAS, None), WEIGHTS_FILE, f"{BIAS}: is missing"),
            ("a weight too many", weight("x/y", np.zeros(3)), WEIGHTS_FILE, "x/y: is no weight"),
            ("NaN", weight(BIAS, np.full(96, np.nan)), WEIGHTS_FILE, f"{BIAS}: holds NaN"),
            ("infinite", weight(BIAS, np.full(96, np.inf)), WEIGHTS_FILE, "infinite"),
            ("another size", change_config("decoder_size", 25), WEIGHTS_FILE, "config.json says"),
            ("no encoder", change_config("conditional", False), WEIGHTS_FILE, "no weight of this"),
            ("config no JSON", write(CONFIG_FILE, b"decoder_size = 3"), CONFIG_FILE, "not JSON"),
            ("config cut", cut(CONFIG_FILE, 0.6), CONFIG_FILE, "not JSON"),
            ("config empty", write(CONFIG_FILE, b""), CONFIG_FILE, "not JSON"),
            ("config no text", write(CONFIG_FILE, b"\xff\xfe{}"), CONFIG_FILE, "not JSON"),
            ("config a list", write(CONFIG_FILE, b"[1, 2]"), CONFIG_FILE, "not the configuration"),
            ("another's config", write(CONFIG_FILE, b'{"a": 1}'), CONFIG_FILE, "configuration"),
            ("huge config", write(CONFIG_FILE, b" " * (1 << 21)), CONFIG_FILE, "too large"),
            ("newer", change(format_version=2), CONFIG_FILE, "install a newer sketchrnn"),
            ("no version", change(format_version=None), CONFIG_FILE, "format version None"),
            ("no preparation", change(preparation=None), CONFIG_FILE, "lacks 'preparation'"),
            ("unknown key", change_config("colour", 1), CONFIG_FILE, "unknown key 'colour'"),
            ("missing key", drop_config("z_size"), CONFIG_FILE, "missing key 'z_size'"),
            ("a size of text", change_config("z_size", "6"), CONFIG_FILE, "z_size is '6'"),
            ("a size of 0", change_config("z_size", 0), CONFIG_FILE, "z_size is 0"),
            ("a rate of text", change_config("recurrent_dropout_rate", "x"), CONFIG_FILE, ""),
            ("a scale of 0", change_config("scale_factor", 0), CONFIG_FILE, "scale_factor is 0"),
            (
                "NaN scale",
                change_config("scale_factor", np.nan),
                CONFIG_FILE,
                "scale_factor is nan",
            ),
            ("another cell", change_config("decoder_cell", "gru"), CONFIG_FILE, "'gru'"),
            ("odd preparation", change(preparation={"x": 1}), CONFIG_FILE, "unknown key 'x'"),
            ("bad fit", change(preparation={"fit": "tight"}), CONFIG_FILE, "fit is 'tight'"),
            ("bad extent", change(preparation={"extent": "a"}), CONFIG_FILE, ""),
        ]
    ],
)
def test_a_damaged_folder_is_one_line_that_names_the_file(tiny_folder, damage, file, message):
    damage(tiny_folder)
    with pytest.raises(BadFileError) as caught:
        sr.load(tiny_folder)
    line = str(caught.value)
    assert line.startswith(f"{tiny_folder / file}: ")
    assert message in line
    assert "\n" not in line


def test_what_is_no_model_at_all(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name, message in (("empty", "no config"), ("file", "is a file"), ("none", "no such")):
        with pytest.raises(BadFileError, match=message) as caught:
            sr.load(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


def test_weights_given_by_hand_are_checked(tiny_config, make_weights):
    weights = make_weights(tiny_config)
    lists = {name: array.astype(np.float64).tolist() for name, array in weights.items()}
    assert SketchRNN(tiny_config, lists).weights[BIAS].dtype == np.float32
    for broken, message in (
        ({**weights, "x": weights[BIAS]}, "'x' is unknown"),
        ({k: v for k, v in weights.items() if k != BIAS}, f"'{BIAS}' is missing"),
        ({**weights, BIAS: np.zeros((2, 48))}, r"\(2, 48\), not \(96,\)"),
    ):
        with pytest.raises(BadSettingError, match=message):
            SketchRNN(tiny_config, broken)


def test_it_says_what_it_is(model, free):
    assert repr(model).startswith("SketchRNN(z 6, 24 units, ")
    assert "decoder only" in repr(free)


# Drawing


@pytest.mark.parametrize("which", ["model", "free"])
def test_the_seed_is_recorded_and_draws_the_same_again(which, request):
    model = request.getfixturevalue(which)
    first, other = model.generate(4), model.generate(4)
    assert first != other
    (seed,) = {d.metadata["seed"] for d in first}
    assert [d.metadata["number"] for d in first] == [0, 1, 2, 3]
    assert model.generate(4, seed=seed) == first
    assert model.generate(9, seed=seed)[3].num_steps == first[3].num_steps
    json.dumps(first[0].metadata)


def test_seeds_of_numpy_are_seeds(model):
    drawings = model.generate(2, seed=np.int64(5))
    assert drawings == model.generate(2, seed=5)
    json.dumps(drawings[0].metadata)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "7", np.nan])
def test_what_is_no_seed_is_refused(model, seed):
    with pytest.raises(BadSettingError, match="seed is"):
        model.generate(1, seed=seed)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, d: m.generate(7, seed=1),
        lambda m, d: m.reconstruct(d, seed=1),
        lambda m, d: m.loop(d[:2], 7, seed=1),
        lambda m, d: m.complete(d[0], 7, seed=1, temperature=0.8),
    ],
)
def test_whoever_asks_is_told_how_far_it_is(model, made_up_drawings, monkeypatch, call):
    monkeypatch.setattr(sampler, "_DRAWN_AT_ONCE", 3)
    told = []
    drawn = call(model, made_up_drawings)
    model.progress = lambda done, total: told.append((done, total))
    assert call(model, made_up_drawings) == drawn
    assert {total for _, total in told} == {7}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (7, 7) and len(told) > 2


def test_drawings_are_prepared_to_themselves(model):
    """What was drawn keeps its size when it is encoded: it says that it is in data units."""
    for drawing in model.generate(5, seed=2, temperature=1.0):
        assert drawing.metadata["extent"] == 255
        assert model.preparation.scale_of(drawing) == 1


def test_a_notebook_shows_what_is_drawn(model):
    one, other = model.generate(2, seed=1)
    corners = [one, other, one, other]
    for made, count in (
        (model.generate(3, seed=1), 3),
        (model.generate(3, seed=1, best_of=1, blank=True), 3),
        (model.decode(np.zeros((2, 6)), seed=1)[:1], 1),
        (model.interpolate(one, other, frames=4, prepare=False), 4),
        (model.grid(corners, 2, 3, prepare=False), 6),
        (model.complete(one, n=2, scale=1, max_steps=99), 2),
        (model.neighbours(one, corners, k=3, prepare=False), 3),
        (model.atlas(corners, n=4), 4),
    ):
        assert isinstance(made, list)
        assert made._repr_svg_().count('class="drawing"') == count


def test_decode_and_generate_draw_the_same_from_z(model):
    z = np.random.default_rng(1).standard_normal((3, 6))
    assert model.decode(z, temperature=0.4, seed=1) == model.generate(3, z=z, seed=1)
    assert model.decode(z.tolist(), temperature=0.4, seed=1) == model.generate(3, z=z, seed=1)
    assert len(model.decode(np.zeros((0, 6)))) == 0


def test_arguments_reach_the_loop(model):
    z = np.zeros((3, 6))
    assert max(d.num_steps for d in model.generate(9, max_steps=4, seed=0)) == 4
    assert max(d.num_steps for d in model.decode(z, max_steps=4, seed=0)) == 4
    cold = model.generate(3, z=z, temperature=0, seed=0)
    assert cold == model.generate(3, z=z, temperature=0, seed=1)
    warm = [
        model.generate(1, z=z[:1], temperature=0.5, temperature_rule=r, seed=0)
        for r in ("paper", "magenta", "js")
    ]
    assert len({d[0] for d in warm}) == 3


def test_a_model_may_say_which_temperature_suits_it(model, tmp_path):
    suits = {"pi": 0.4, "pen": 1, "sigma": [0.8, 0.2]}
    assert model.temperature == 0.4
    model.save(tmp_path / "model")
    path = tmp_path / "model" / CONFIG_FILE
    values = json.loads(path.read_text(encoding="utf-8"))
    values["provenance"]["temperature"] = suits
    path.write_text(json.dumps(values), encoding="utf-8")
    told = sr.load(tmp_path / "model")
    assert told.temperature == suits
    assert told.generate(3, seed=1) == model.generate(3, suits, seed=1)
    assert told.generate(3, seed=1) != model.generate(3, seed=1)
    told.provenance["temperature"] = "warm"
    with pytest.raises(BadSettingError, match="temperature"):
        told.generate(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.generate(2, category="cat"), "no categories"),
        (lambda m: m.generate(-1), "number of drawings is -1"),
        (lambda m: m.generate(2, temperature=-1), "temperature is -1"),
        (lambda m: m.generate(2, temperature=np.nan), "temperature is nan"),
        (lambda m: m.generate(2, temperature_rule="x"), "unknown temperature rule 'x'"),
        (lambda m: m.generate(2, max_steps=0), "max_steps is 0"),
        (lambda m: m.generate(2, z=np.zeros((3, 6))), "z has 3 rows, and 2 drawings are wanted"),
        (
            lambda m: m.generate(2, z=np.zeros((2, 5))),
            r"z has shape \(2, 5\), and must be \(n, 6\)",
        ),
        (lambda m: m.decode(np.zeros(6)), r"z has shape \(6,\)"),
        (lambda m: m.decode(0.0), r"z has shape \(\)"),
        (lambda m: m.decode(np.zeros((2, 3, 6))), r"z has shape \(2, 3, 6\)"),
        (lambda m: m.decode(np.full((1, 6), np.nan)), "z holds NaN"),
        (lambda m: m.interpolate(LINE, LINE, frames=1), "frames is 1"),
        (lambda m: m.interpolate(LINE, LINE, method="x"), "unknown method 'x'"),
        (lambda m: m.mixture_params(np.zeros((4, 3))), r"stroke5 has shape \(4, 3\)"),
        (lambda m: m.mixture_params(np.zeros((0, 5))), r"stroke5 has shape \(0, 5\)"),
        (lambda m: m.mixture_params(np.zeros((4, 5)), z=np.zeros(7)), r"z has shape \(1, 7\)"),
        (lambda m: m.mixture_params(np.zeros((4, 5)), z=np.zeros((2, 6))), r"must be \(1, 6\)"),
        (lambda m: m.losses(np.zeros((4, 5)), [3]), r"must be \(B, N_max \+ 1, 5\) and \(B,\)"),
        (lambda m: m.losses(np.zeros((2, 4, 5)), [3]), r"lengths \(1,\)"),
        (lambda m: m.losses(np.zeros((2, 4, 5)), [3, 4]), "from 1 to N_max = 3"),
        (lambda m: m.losses(np.zeros((2, 4, 5)), [3, 0]), "from 1 to N_max = 3"),
        (lambda m: m.losses(np.zeros((0, 4, 5)), []), "from 1 to N_max = 3"),
        (
            lambda m: m.losses(np.zeros((2, 4, 5)), [3, 1], eps=np.zeros((1, 6))),
            r"eps has shape \(1, 6\), and must be \(2, 6\)",
        ),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(model, call, message):
    with pytest.raises(BadSettingError, match=message):
        call(model)


LINE = Drawing([[(0, 0), (100, 50)]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.generate(1, z=np.zeros((1, 6))), "takes no z"),
        (lambda m: m.decode(np.zeros((1, 6))), "takes no z"),
        (lambda m: m.mixture_params(np.zeros((4, 5)), z=np.zeros(6)), "takes no z"),
        (lambda m: m.encode(LINE), "has no encoder"),
        (lambda m: m.reconstruct(LINE), "has no encoder"),
        (lambda m: m.interpolate(LINE, LINE), "has no encoder"),
    ],
)
def test_a_decoder_alone_says_what_it_cannot(free, call, message):
    with pytest.raises(BadSettingError, match=message):
        call(free)


def apart(a, b):
    if [len(s) for s in a.strokes] != [len(s) for s in b.strokes]:
        return np.inf
    pairs = zip(a.strokes, b.strokes, strict=True)
    return max((float(np.abs(s - t).max()) for s, t in pairs), default=0.0)


@needs_keras
def test_large_requests_take_the_compiled_loop_and_draw_the_same(
    tiny_config, make_weights, monkeypatch
):
    model = SketchRNN(tiny_config, make_weights(tiny_config))
    plain = model.generate(8, seed=4, max_steps=16)
    assert "network" not in vars(model.sampler)  # and loaded no framework for it
    monkeypatch.setattr(sampler, "COMPILED_FROM", 8)
    compiled = model.generate(8, seed=4, max_steps=16)
    assert "compiled_decoder" in vars(model.sampler)
    assert all(apart(a, b) < 1e-4 * 255 for a, b in zip(plain, compiled, strict=True))
    assert [d.metadata for d in compiled] == [d.metadata for d in plain]


# Encoding


def test_encode_depends_on_no_batch(model, made_up_drawings, monkeypatch):
    together = model.encode(made_up_drawings)
    assert together.shape == (len(made_up_drawings), 6)
    assert together.dtype == np.float32
    alone = np.concatenate([model.encode(d) for d in made_up_drawings])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    monkeypatch.setattr(sampler, "ENCODER_BATCH", 2)
    np.testing.assert_allclose(model.encode(iter(made_up_drawings)), together, atol=1e-5)
    assert np.ptp(together, axis=0).min() > 0.01  # and tells drawings apart


def test_encode_of_nothing_is_empty(model):
    assert model.encode([]).shape == (0, 6)
    assert model.reconstruct([]) == []
    assert model.score([]).shape == (0,)


def test_encode_takes_drawings_of_any_unit(model, made_up_drawings):
    wanted = model.encode(made_up_drawings)
    for scale, shift in ((3.0, (70, -90)), (1e-3, (0, 0)), (1e6, (5e8, 1))):
        moved = [d.transform(scale, shift) for d in made_up_drawings]
        np.testing.assert_allclose(model.encode(moved), wanted, atol=1e-4)
        assert np.abs(model.encode(moved, prepare=False) - wanted).max() > 0.01


def test_data_units_are_taken_as_they_are_on_request(model, made_up_drawings):
    prepared = [model.preparation.apply(d) for d in made_up_drawings]
    wanted = model.encode(made_up_drawings)
    np.testing.assert_allclose(model.encode(prepared, prepare=False), wanted, atol=1e-6)
    assert np.abs(model.encode(made_up_drawings, prepare=False) - wanted).max() > 0.01


def test_offsets_beyond_the_limit_of_training_are_clipped(model):
    far = [Drawing([[(0, 0), (x, -x)], [(x, 0)]]) for x in (1000, 5e4, 1e200)]
    z = model.encode(far, prepare=False)
    np.testing.assert_array_equal(z, z[[0, 0, 0]])


def test_what_cannot_be_encoded_says_which_drawing(model, monkeypatch):
    monkeypatch.setattr(sampler, "ENCODER_BATCH", 2)
    zigzag = Drawing([[(x, 90 * (x % 2)) for x in range(40)]])
    for bad, message in (
        (zigzag, "drawing 3: has 39 steps, and the model takes 1 to 24; simplify it first"),
        (Drawing([]), "drawing 3: has 0 steps, and the model takes 1 to 24; omit it"),
        ("cat.svg", "drawing 3: expected a Drawing, got str"),
    ):
        with pytest.raises(BadDrawingError) as caught:
            model.encode([LINE, LINE, LINE, bad])
        assert str(caught.value) == message
    with pytest.raises(BadDrawingError, match="drawing 0: expected a Drawing, got str"):
        model.encode("cat.svg")


def test_a_dot_can_be_encoded_and_drawn_again(model):
    for dot in (Drawing([[(5, 5)]]), Drawing([[(5, 5), (5, 5)]])):
        assert np.isfinite(model.encode(dot)).all()
        assert len(model.reconstruct(dot, seed=0)) == 1


def test_a_reconstruction_decodes_what_was_encoded(model, made_up_drawings):
    again = model.reconstruct(made_up_drawings, temperature=0.3, seed=8)
    z = model.encode(made_up_drawings)
    assert again == model.decode(z, temperature=0.3, seed=8)
    assert len(again) == len(made_up_drawings)


def test_the_ends_of_an_interpolation_are_reconstructions(model, made_up_drawings):
    a, b = made_up_drawings[:2]
    for method in ("slerp", "lerp"):
        frames = model.interpolate(a, b, 5, method, temperature=0.2, seed=8)
        assert len(frames) == 5
        assert apart(frames[0], model.reconstruct(a, temperature=0.2, seed=8)[0]) < 0.01
        assert apart(frames[-1], model.reconstruct(b, temperature=0.2, seed=8)[0]) < 0.01
        assert len(set(frames)) == 5
    same = model.interpolate(a, a, 4, temperature=1.0, seed=8)
    assert all(apart(frame, same[0]) < 0.01 for frame in same)  # all share their noise


# Measuring


def oracle(weights, config, rows, lengths, eps):
    """Outputs (B, T, 3 + 6M) after each row, z_mean and z_log_var, in float64 by the equations."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}

    def logistic(x):
        return 1 / (1 + np.exp(-x))

    def lstm(prefix, x, hidden, cell, more=0.0):
        i, g, f, o = np.split(
            x @ w[f"{prefix}/input_kernel"]
            + hidden @ w[f"{prefix}/recurrent_kernel"]
            + w[f"{prefix}/bias"]
            + more,
            4,
        )
        cell = logistic(f + config.forget_bias) * cell + logistic(i) * np.tanh(g)
        return logistic(o) * np.tanh(cell), cell

    all_outputs, means, log_vars = [], [], []
    for b, drawing in enumerate(rows.astype(np.float64)):
        hidden = cell = np.zeros(config.decoder_size)
        constant = 0.0
        if config.conditional:
            last = []
            for direction, order in (("forward", 1), ("backward", -1)):
                h = c = np.zeros(config.encoder_size)
                for row in drawing[1 : lengths[b] + 1][::order]:
                    h, c = lstm(f"encoder/{direction}", row, h, c)
                last.append(h)
            last = np.concatenate(last)
            mean, log_var = (
                last @ w[f"encoder/{n}/kernel"] + w[f"encoder/{n}/bias"]
                for n in ("z_mean", "z_log_var")
            )
            z = mean if eps is None else mean + np.exp(log_var / 2) * eps[b]
            state = np.tanh(z @ w["decoder/initial_state/kernel"] + w["decoder/initial_state/bias"])
            cell, hidden = np.split(state, 2)
            constant = z @ w["decoder/lstm/latent_kernel"]
            means.append(mean)
            log_vars.append(log_var)
        outputs = []
        for row in drawing:
            hidden, cell = lstm("decoder/lstm", row, hidden, cell, constant)
            outputs.append(hidden @ w["decoder/output/kernel"] + w["decoder/output/bias"])
        all_outputs.append(outputs)
    return np.array(all_outputs), np.array(means), np.array(log_vars)


def densities(outputs, targets):
    """The mixture's density at each target's offset, and -ln of its pen state."""
    m = (outputs.shape[-1] - 3) // 6
    pen = outputs[..., :3]
    pi, mu_x, mu_y, sx, sy, r = (outputs[..., 3 + k * m : 3 + (k + 1) * m] for k in range(6))
    pi = np.exp(pi) / np.exp(pi).sum(-1, keepdims=True)
    sx, sy, rho = np.exp(sx), np.exp(sy), np.tanh(r)
    x = (targets[..., :1] - mu_x) / sx
    y = (targets[..., 1:2] - mu_y) / sy
    root = np.sqrt(1 - rho**2)
    normal = np.exp(-(x**2 + y**2 - 2 * rho * x * y) / (2 * root**2)) / (2 * np.pi * sx * sy * root)
    pen = pen - np.log(np.exp(pen).sum(-1, keepdims=True))
    return (pi * normal).sum(-1), -(targets[..., 2:] * pen).sum(-1)


@pytest.fixture(scope="module")
def ragged():
    """Three drawings, one of exactly N_max steps: (3, N_max + 1, 5), and lengths.

    N_max is the model's own and B is 3 wherever something is measured here: every other shape would
    be compiled anew.
    """
    generator = np.random.default_rng(6)
    n_max, lengths = 24, np.array([24, 4, 1])
    rows = np.zeros((3, n_max + 1, 5), np.float32)
    rows[..., 4] = 1
    rows[:, 0] = (0, 0, 1, 0, 0)
    for b, n in enumerate(lengths):
        rows[b, 1 : n + 1, :2] = generator.normal(size=(n, 2))
        rows[b, 1 : n + 1, 2:] = np.eye(3)[generator.integers(0, 2, n)]
        rows[b, n, 2:] = (0, 1, 0)
    return rows, lengths


@needs_keras
@pytest.mark.parametrize("noisy", [True, False])
@pytest.mark.parametrize("which", ["model", "free"])
def test_losses_against_the_formulas(which, noisy, ragged, request):
    model = request.getfixturevalue(which)
    rows, lengths = ragged
    n_max = rows.shape[1] - 1
    eps = np.random.default_rng(9).standard_normal((3, 6)) if noisy else None
    found = model.losses(rows, lengths, eps)

    outputs, mean, log_var = oracle(model.weights, model.config, rows, lengths, eps)
    end = np.broadcast_to(np.array([0, 0, 0, 0, 1.0]), (3, 1, 5))
    targets = np.concatenate([rows[:, 1:].astype(np.float64), end], axis=1)  # (B, N_max + 1, 5)
    density, pen = densities(outputs, targets)
    present = 1 - targets[..., 4]
    first = slice(0, n_max)  # the reference knows N_max rows
    offset = (-np.log(density + 1e-6) * present)[:, first]
    train = (offset + pen[:, first]).sum() / (3 * n_max)
    masked = (offset + (pen * present)[:, first]).sum() / (3 * n_max)
    assert found["magenta_train"] == pytest.approx(train, rel=1e-5)
    assert found["magenta_eval"] == pytest.approx(masked, rel=1e-5)
    assert found["magenta_train"] != pytest.approx(found["magenta_eval"], rel=1e-2)

    nats = [-np.log(density[b, :n]).sum() + pen[b, : n + 1].sum() for b, n in enumerate(lengths)]
    assert found["nats_per_drawing"] == pytest.approx(np.mean(nats), rel=1e-5)
    assert found["nats_per_point"] == pytest.approx(np.sum(nats) / lengths.sum(), rel=1e-5)

    kl = 0.0
    if model.config.conditional:
        kl = -0.5 * np.mean(1 + log_var - mean**2 - np.exp(log_var))
        assert kl > 0.2
    assert found["kl_raw"] == pytest.approx(kl, rel=1e-5)
    assert found["kl_floored"] == pytest.approx(kl, rel=1e-5)
    assert all(type(value) is float for value in found.values())


@needs_keras
def test_the_kl_floor_is_that_of_the_training(model, ragged, monkeypatch):
    for settings, floor in ((None, 0.2), ({}, 0.2), ({"kl_min": 0.05}, 0.05)):
        told = SketchRNN(model.config, model.weights, provenance={"settings": settings})
        assert told.network.kl_min == floor
    assert model.network.kl_min == 0.2
    monkeypatch.setattr(model.network, "kl_min", 99.0)
    found = model.losses(*ragged)
    assert found["kl_raw"] < 99
    assert found["kl_floored"] == 99


@pytest.mark.parametrize("which", ["model", "free"])
def test_mixture_params_are_distributions(which, ragged, request):
    model = request.getfixturevalue(which)
    rows = ragged[0][0]
    params = model.mixture_params(rows)
    for name in ("pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"):
        assert params[name].shape == (len(rows), 4)
        assert params[name].dtype == np.float32
    assert params["pen_probs"].shape == (len(rows), 3)
    np.testing.assert_allclose(params["pi"].sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(params["pen_probs"].sum(1), 1, rtol=1e-6)
    assert (params["sigma_x"] > 0).all()
    assert (params["sigma_y"] > 0).all()
    assert (np.abs(params["rho"]) < 1).all()


@needs_keras
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("which", ["model", "free"])
def test_mixture_params_are_those_of_the_network(which, given, ragged, request):
    from sketchrnn.model import mdn

    model = request.getfixturevalue(which)
    for rows, length in zip(*ragged, strict=True):
        lengths = np.array([length], np.int32)
        z = latent = None
        if model.config.conditional:
            if given:
                z = latent = np.random.default_rng(0).standard_normal(6).astype(np.float32)
            else:
                latent = np.asarray(model.network.encode(rows[None], lengths)[0])[0]
        outputs, _ = model.network.decoder(rows[None], None if latent is None else latent[None])
        wanted = mdn.activate(mdn.split_outputs(outputs[:, 0]))
        found = model.mixture_params(rows, z)
        assert found.keys() == wanted.keys()
        for name, array in found.items():
            np.testing.assert_allclose(array, np.asarray(wanted[name]), rtol=1e-4, atol=1e-5)
        if z is not None:
            np.testing.assert_array_equal(model.mixture_params(rows, [z])["pi"], found["pi"])


def test_mixture_params_stay_in_the_bounds_of_the_network(free_config, make_weights, ragged):
    weights = make_weights(free_config)
    weights["decoder/output/bias"][-12:] = 500  # log sigma and rho
    params = SketchRNN(free_config, weights).mixture_params(ragged[0][0])
    np.testing.assert_allclose(params["sigma_x"], np.exp(10), rtol=1e-5)
    assert np.isfinite(params["rho"]).all()


@needs_keras
def test_scores_sum_to_the_losses(model, made_up_drawings, monkeypatch):
    drawings = made_up_drawings[:6]
    monkeypatch.setattr(evaluation, "ENCODER_BATCH", 3)
    scores = model.score(drawings)
    assert scores.shape == (6,)
    for part in (slice(0, 3), slice(3, 6)):
        rows = [model.preparation.apply(d).to_stroke3() for d in drawings[part]]
        stroke5 = np.zeros((3, 25, 5))
        stroke5[..., 4] = 1
        stroke5[:, 0] = (0, 0, 1, 0, 0)
        for b, own in enumerate(rows):
            up, none = own[:, 2], np.zeros(len(own))
            stroke5[b, 1 : len(own) + 1] = np.c_[own[:, :2] / 40.0, 1 - up, up, none]
        lengths = [len(own) for own in rows]
        found = model.losses(stroke5, lengths)
        assert scores[part].sum() == pytest.approx(3 * found["nats_per_drawing"], rel=1e-5)
        assert scores[part].sum() == pytest.approx(sum(lengths) * found["nats_per_point"], rel=1e-5)
    turned = model.score(drawings[::-1])
    np.testing.assert_allclose(turned, scores[::-1], rtol=1e-5)


@pytest.fixture
def measured_by_three(monkeypatch):
    """Let three drawings be evaluated at once."""
    from sketchrnn.training.evaluate import evaluate

    monkeypatch.setitem(evaluate.__kwdefaults__, "batch_size", 3)


@needs_keras
def test_evaluate_depends_on_no_batch_size(model, tiny_data, monkeypatch):
    from sketchrnn.training.evaluate import evaluate

    whole = model.evaluate(tiny_data, split="train")
    monkeypatch.setitem(evaluate.__kwdefaults__, "batch_size", 3)
    parts = model.evaluate(tiny_data, split="train")
    assert parts.keys() == whole.keys()
    for name, value in whole.items():
        assert parts[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5))
    with sr.open_data(tiny_data) as file:
        assert whole["num_drawings"] == len(file["train"])
        assert whole["num_points"] == file["train"].lengths.sum()
        assert whole["data"] == file.fingerprint
        assert model.evaluate(file, "train") == parts
        assert len(file["train"][0].strokes)  # a file that was open stays so
    assert whole["split"] == "train"
    json.dumps(whole)


@needs_keras
def test_evaluate_depends_on_no_order(free, model, tiny_data, tmp_path, measured_by_three):
    with sr.open_data(tiny_data) as file:
        drawings = list(file["train"])
        preparation = file.preparation
    turned = tmp_path / "turned.h5"
    with DataFileWriter(turned, preparation) as writer:
        for drawing in reversed(drawings):
            writer.append("train", drawing)
    for network in (free, model):  # the noise of z goes by the drawing, not by its number
        first, other = (network.evaluate(path, "train", samples=0) for path in (tiny_data, turned))
        for name in set(first) - {"data", "split"}:
            assert other[name] == pytest.approx(first[name], rel=1e-5), name


@needs_keras
def test_evaluate_is_the_mean_of_the_scores(free, tiny_data, measured_by_three):
    figures = free.evaluate(tiny_data)
    assert figures["split"] == "test"
    with sr.open_data(tiny_data) as file:
        scores = free.score(file["test"], prepare=False)
    assert figures["nats_per_drawing"] == pytest.approx(scores.mean(), rel=1e-5)
    per_point = scores.sum() / figures["num_points"]
    assert figures["nats_per_point"] == pytest.approx(per_point, rel=1e-5)
    assert figures["nats_per_point_data_units"] == pytest.approx(per_point + 2 * np.log(40.0))
    assert not any("kl" in name for name in figures)


def test_a_split_that_is_not_there_is_refused_before_anything_is_loaded(free, tiny_data):
    with pytest.raises(BadFileError, match=r"no drawings in split 'x'; choose one of train, valid"):
        free.evaluate(tiny_data, split="x")
    with pytest.raises(BadFileError, match="no such data file"):
        free.evaluate(tiny_data.with_name("none.h5"))


# Without a framework


WITHOUT = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *arguments):
        if name.partition(".")[0] in ("tensorflow", "keras", "jax", "torch"):
            return None
        return self.finder.find_spec(name, *arguments)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
import sketchrnn as sr

drawings = [sr.Drawing([[(0, 0), (9, 9)], [(5, 2)]]), sr.Drawing([[(3, 1), (4, 4), (7, 0)]])]
m = sr.load(sys.argv[1])
assert len(m.generate(3)) == 3
assert m.encode(drawings).shape == (2, 6)
assert len(m.reconstruct(drawings)) == 2
assert len(m.interpolate(*drawings, frames=4)) == 4
assert len(m.generate(5000, max_steps=2)) == 5000  # would be compiled
assert m.mixture_params([[0, 0, 1, 0, 0]])["pi"].shape == (1, 4)
m.save(sys.argv[2])
for needs in (lambda: m.score(drawings), lambda: m.network, lambda: m.evaluate(sys.argv[3])):
    try:
        needs()
    except sr.SketchRNNError as error:
        assert "pip install 'sketchrnn[cpu]'" in str(error), error
    else:
        raise AssertionError("should have asked for Keras")
assert not {"tensorflow", "keras", "jax"} & set(sys.modules)
print("done")
"""


def test_drawing_needs_no_framework(tiny_folder, tmp_path, tiny_data):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT, tiny_folder, tmp_path / "copy", tiny_data],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
