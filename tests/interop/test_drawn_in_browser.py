"""The real @magenta/sketch draws our files in a browser, by the script that made the picture."""

from __future__ import annotations

import dataclasses
import importlib.util
import io

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.interop import magenta_js
from tests.interop.conftest import ROOT

image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def script():
    """docs/draw_in_browser.py."""
    pytest.importorskip("playwright.sync_api")
    spec = importlib.util.spec_from_file_location("b", ROOT / "docs/draw_in_browser.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if module.find_browser() is None:
        pytest.skip("needs Chromium")
    return module


def test_it_draws_what_we_draw(
    script, javascript_client, free_config, tiny_config, make_weights, tmp_path
):
    """Without noise: a decoder alone, and a VAE told one z, which begins from its own state."""
    wanted, files = [], [tmp_path / "free.json", tmp_path / "told.json"]
    z = np.random.default_rng(2).normal(size=tiny_config.z_size).astype("f4")
    for config, file in zip((free_config, tiny_config), files, strict=True):
        config = dataclasses.replace(config, num_mixtures=20)
        model = SketchRNN(config, make_weights(config))
        one = z if config.conditional else None
        magenta_js.save(model, file, z=one)
        wanted += model.generate(1, 0, seed=1, z=None if one is None else one[None])
    found, picture = script.draw(
        javascript_client, files, temperature=1e-9, softmax_temperature=1e-3
    )
    for strokes, drawing in zip(found, wanted, strict=True):
        assert [len(stroke) for stroke in strokes] == [len(s) for s in drawing.strokes]
        assert drawing.num_points > 3
        size = np.ptp(drawing.points, axis=0).max()
        np.testing.assert_allclose(np.vstack(strokes), drawing.points, atol=0.01 * size)
    with image.open(io.BytesIO(picture)) as opened:
        greys = np.asarray(opened.convert("L"))
    assert greys.shape == (134, 252)  # two cells side by side
    for half in np.split(greys, 2, axis=1):
        assert 0.005 < (half < 128).mean() < 0.3
