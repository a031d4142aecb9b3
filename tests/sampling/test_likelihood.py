"""What NumPy thinks of drawings, against the network's own losses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.sampling.numpy_decoder import NumpyDecoder


def rows_of(drawings, config):
    """Stroke-5 rows in model units."""
    found = []
    for drawing in drawings:
        rows = drawing.to_stroke5(drawing.num_steps).astype(np.float32)
        rows[:, :2] /= config.scale_factor
        found.append(rows)
    return found


@pytest.mark.parametrize("kind", ["lstm", "layer_norm", "hyper"])
@pytest.mark.parametrize("conditional", [True, False])
def test_the_figures_are_those_of_score(
    tiny_config, make_weights, made_up_drawings, kind, conditional
):
    pytest.importorskip("keras")
    config = dataclasses.replace(tiny_config, decoder_cell=kind, conditional=conditional)
    if kind == "hyper":
        config = dataclasses.replace(config, hyper_units=8, hyper_embedding=3)
    model = SketchRNN(config, make_weights(config, scale=0.2))
    wanted = model.score(made_up_drawings, prepare=False)
    z = model.encode(made_up_drawings, prepare=False) if conditional else None
    decoder = NumpyDecoder(config, model.weights)
    found = nats_of_rows(decoder, z, rows_of(made_up_drawings, config)).totals()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)
    assert np.ptp(wanted) > 10


@pytest.fixture(scope="module")
def decoder(free_config, make_weights):
    return NumpyDecoder(free_config, make_weights(free_config, scale=0.2))


def test_each_drawing_is_judged_alone(decoder, made_up_drawings):
    rows = rows_of(made_up_drawings, decoder.config)
    ended = [k % 2 == 0 for k in range(len(rows))]
    whole = nats_of_rows(decoder, None, rows, ended).totals()
    for k, own in enumerate(rows):
        alone = nats_of_rows(decoder, None, [own], [ended[k]]).totals()
        np.testing.assert_allclose(alone[0], whole[k], rtol=1e-5)


def test_an_end_that_is_not_there_does_not_count(decoder, made_up_drawings):
    rows = rows_of(made_up_drawings, decoder.config)
    with_end = nats_of_rows(decoder, None, rows)
    without = nats_of_rows(decoder, None, rows, [False] * len(rows))
    for k, own in enumerate(rows):
        count = len(own)
        np.testing.assert_allclose(with_end.offset[k], without.offset[k], rtol=1e-5)
        np.testing.assert_allclose(with_end.pen[k, :count], without.pen[k, :count], rtol=1e-5)
        assert with_end.pen[k, count] > 0 == without.pen[k, count]
        assert not with_end.pen[k, count + 1 :].any()
        assert not with_end.offset[k, count:].any()


def test_nothing_and_the_empty_drawing(decoder):
    assert len(nats_of_rows(decoder, None, []).totals()) == 0
    empty = np.zeros((0, 5), np.float32)
    nats = nats_of_rows(decoder, None, [empty, empty], [True, False]).totals()
    assert nats[0] > 0 == nats[1]


def test_more_than_one_batch(decoder, made_up_drawings, monkeypatch):
    from sketchrnn.sampling import likelihood

    rows = rows_of(made_up_drawings, decoder.config)
    wanted = nats_of_rows(decoder, None, rows).totals()
    monkeypatch.setattr(likelihood, "_MAX_BATCH", 2)
    np.testing.assert_allclose(nats_of_rows(decoder, None, rows).totals(), wanted, rtol=1e-5)
