"""Text of others reaches every kind of file clean, and nothing takes longer than its size."""

from __future__ import annotations

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.render import gallery
from sketchrnn.render.pen_outline import MOST_CROSSINGS, Nib, count_crossings, outline
from sketchrnn.render.recipe import read_recipe

BAD = "a\ud800b\x00c\x1b[31m\u0007\x7f\x9b<&"
DRAWING = Drawing([[(0, 0), (9, 9)]], BAD, {"weights": "x", "licence": BAD, "attribution": BAD})


@pytest.mark.parametrize("suffix", ["svg", "html", "pdf", "png"])
@pytest.mark.parametrize(
    "look",
    [
        {"title": BAD},
        {"captions": [BAD], "row_labels": [BAD]},
        {"recipe": {"model": BAD, "licence": BAD, "attribution": BAD, "request": {"x": BAD}}},
        {},
    ],
    ids=lambda look: str(list(look)),
)
def test_pages_hold_no_control_characters(tmp_path, suffix, look):
    if suffix in ("pdf", "png"):
        pytest.importorskip("cairocffi", exc_type=(ImportError, OSError))
    out = tmp_path / f"page.{suffix}"
    gallery([DRAWING], **look).save(out)
    if suffix in ("svg", "html"):
        text = out.read_bytes().decode("utf-8")
        assert not set("\x00\x07\x1b\x7f\x9b") & set(text)
        assert "a\ufffd" not in text


def test_fonts_hold_no_surrogates(tmp_path):
    pytest.importorskip("pathops")
    ttlib = pytest.importorskip("fontTools.ttLib")
    from sketchrnn.render import font

    out = tmp_path / "f.otf"
    given = dict.fromkeys(("licence", "attribution", "designer", "description"), BAD)
    font([DRAWING], "Name", **given).save(out)
    names = [str(record) for record in ttlib.TTFont(out)["name"].names]
    assert any("abc" in name for name in names)
    assert not any(set("\x00\x07\x1b\x7f\x9b") & set(name) for name in names)


def test_crossings_are_counted():
    cross = np.array([[0.0, 0], [10, 10], [10, 0], [0, 10]])
    assert count_crossings([cross], 5) == 1
    beside = cross + np.array([20.0, 0])
    assert count_crossings([cross, beside], 100) == 2
    assert count_crossings([cross, np.array([[5.0, -1], [6, 11]])], 100) == 3
    assert count_crossings([cross[:2]], 5) == 0
    assert count_crossings([], 5) == 0


def test_a_scribble_keeps_its_overlaps(monkeypatch):
    pytest.importorskip("pathops")

    def unite(*_):
        raise AssertionError("that would take minutes")

    monkeypatch.setattr("sketchrnn.render.pen_outline._union", unite)
    scribble = np.random.default_rng(0).uniform(0, 900, (2000, 2))
    assert count_crossings([scribble], MOST_CROSSINGS) > MOST_CROSSINGS
    made = outline([scribble], Nib(40, 0.0, 30.0, "round"), 0)
    left, bottom, right, top = made.bounds
    assert right - left > 800
    assert top - bottom > 800


def test_the_metadata_of_a_page_is_sought_once(tmp_path):
    """A file of beginnings without an end was searched from each of them again."""
    page = tmp_path / "page.svg"
    page.write_bytes(b"<svg>" + b"<metadata>" * 2_000_000)
    with pytest.raises(BadFileError, match="carries no recipe"):
        read_recipe(page)


@pytest.mark.parametrize("digits", ["9" * 100_000, "9" * 50_000 + "x" + "9" * 50_000])
def test_lengths_are_read_once(digits):
    """A million characters take no longer than their number: these took minutes."""
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.render.paper import parse_length, parse_paper

    for read in (lambda text: parse_length("size", text), parse_paper):
        with pytest.raises(BadSettingError):
            read(digits + "!")


def test_a_reference_of_thousands_of_digits(tmp_path):
    page = tmp_path / "page.svg"
    page.write_text(f"<svg><metadata>&#{'9' * 5000};</metadata></svg>")
    with pytest.raises(BadFileError, match="cannot be read"):
        read_recipe(page)


def test_a_temperature_beyond_all_floats(tmp_path):
    recipe = {"model": "m", "request": {"sampling": {"temperature": 10**400}}}
    gallery([DRAWING], recipe=recipe).save(tmp_path / "page.html")
