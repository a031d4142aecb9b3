"""A plotter sheet and a font in a real browser."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from sketchrnn.drawing import Drawing
from sketchrnn.render import font, plot

SQUARES = [Drawing([[(0, 0), (k, 0), (k, k)], [(0, k)]]) for k in (50, 100)]


def test_a_sheet_is_as_large_as_its_paper(chromium, tmp_path):
    path = plot(SQUARES, paper=(96, 48), smooth="1mm").save(tmp_path / "sheet.svg")
    page = chromium.new_page()
    page.goto(path.as_uri())
    box = page.evaluate("(({width, height}) => [width, height])(document.rootElement"
                        ".getBoundingClientRect())")  # fmt: skip
    assert np.multiply(box, 25.4 / 96) == pytest.approx([96, 48], abs=0.3)
    assert page.evaluate("document.querySelectorAll('path').length") == 4
    page.close()


@pytest.mark.parametrize("suffix", [".woff2", ".otf", ".ttf"])
def test_a_font_is_loaded_and_every_glyph_is_an_em_wide(chromium, suffix):
    pytest.importorskip("pathops")
    pytest.importorskip("fontTools")
    data = base64.b64encode(font(SQUARES, characters="ab").encode(suffix)).decode()
    page = chromium.new_page()
    page.set_content(
        f"<style>@font-face{{font-family:F;src:url(data:font/{suffix[1:]};base64,{data})}}"
        "span{font:50px/1 F}</style><span>abba</span>"
    )
    loaded = "document.fonts.ready.then(() => [...document.fonts].map((face) => face.status))"
    assert page.evaluate(loaded) == ["loaded"]
    width = page.evaluate("document.querySelector('span').getBoundingClientRect().width")
    assert width == pytest.approx(200)
    page.close()
