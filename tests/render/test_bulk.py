"""Thousands of pictures: each as it would be made alone, painted as its SVG looks."""

from __future__ import annotations

import io
from itertools import islice

import numpy as np
import pytest

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.render import (
    bulk,
    drawing_to_png,
    drawing_to_svg,
    drawings_to_array,
    drawings_to_png,
    drawings_to_svg,
    save_drawings,
)
from sketchrnn.render.pdf import load_cairo
from sketchrnn.render.raster import load_cairosvg

LOOKS = {
    "as it is": {},
    "small": {"size": 28},
    "light on dark": {"color": "white", "background": "#101418", "size": 96},
    "transparent": {"background": None, "size": 96},
    "by order": {"color_by_order": True, "size": 96},
    "by order, transparent": {"color_by_order": True, "background": None, "size": 96},
    "smooth": {"smooth": 2, "size": 128},
    "oblong": {"size": (90, 61), "scale": 1.7},
}

FITS = [{}, {"fit": "none"}, {"fit": "each", "precision": 0}, {"fit": "box"}, {"points": True}]

OFF = 0.02, 2
"""How far a picture may be from its SVG, of 255: in the mean, and anywhere."""

needs_cairo = pytest.mark.skipif(load_cairo() is None, reason="libcairo is not there")


@pytest.fixture
def drawings(face, degenerate_drawings):
    """Few made up ones, some of them with a box, some with a category, some with nothing."""
    generator = np.random.default_rng(4)
    lines = [
        Drawing([np.cumsum(generator.normal(0, 9, (12, 2)), axis=0) for _ in range(4)])
        for _ in range(5)
    ]
    return [face, *degenerate_drawings, *lines, lines[0].with_metadata(box=109.0)]


@pytest.fixture
def real_drawings(shared_data):
    """Two of each of many categories of Quick, Draw!."""
    from sketchrnn.sources import read_all

    paths = sorted((shared_data / "quickdraw/simplified_345").glob("*.ndjson"))[::12]
    return [drawing for path in paths for drawing in islice(read_all(path), 2)]


def seen(png: bytes, paper: int) -> np.ndarray:
    """A PNG as it looks on white or black paper, (height, width, 3)."""
    image = pytest.importorskip("PIL.Image")
    with image.open(io.BytesIO(png)) as opened:
        ground = image.new("RGBA", opened.size, (paper, paper, paper, 255))
        ground.alpha_composite(opened.convert("RGBA"))
        return np.asarray(ground.convert("RGB")).astype(int)


def apart(one: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    """The mean and the greatest difference of two pictures, but for their outermost pixels.

    There cairosvg leaves a page whose sides are no whole pixels half transparent.
    """
    difference = np.abs(one - other)[1:-1, 1:-1]
    return float(difference.mean()), int(difference.max())


def by_cairosvg(drawing: Drawing, look: dict) -> bytes:
    size = look.get("size", 256)
    width, height = (round(side * look.get("scale", 1)) for side in np.broadcast_to(size, 2))
    svg = drawing_to_svg(drawing, **look).encode()
    return load_cairosvg().svg2png(bytestring=svg, output_width=width, output_height=height)


@pytest.mark.parametrize("look", [*LOOKS.values(), *FITS])
def test_many_svg_are_those_of_each_alone(drawings, look):
    assert list(drawings_to_svg(drawings, **look)) == [drawing_to_svg(d, **look) for d in drawings]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_many_png_are_those_of_each_alone(drawings, look):
    assert list(drawings_to_png(drawings, **look)) == [drawing_to_png(d, **look) for d in drawings]


@needs_cairo
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_pictures_look_as_their_svg(real_drawings, face, look):
    pytest.importorskip("cairosvg")
    shown = [face, *real_drawings[:: 1 if look == {} else 3]]
    for drawing, png in zip(shown, drawings_to_png(shown, **look), strict=True):
        svg = by_cairosvg(drawing, look)
        for paper in (255, 0):
            mean, most = apart(seen(png, paper), seen(svg, paper))
            assert mean < OFF[0]
            assert most <= OFF[1]


@needs_cairo
def test_the_comparison_can_fail(face):
    (png,) = drawings_to_png([face])
    for other in (
        Drawing([stroke + 0.1 * (k == 3) for k, stroke in enumerate(face.strokes)]),
        Drawing([*face.strokes[:2], *face.strokes[3:]]),
    ):
        assert apart(seen(png, 255), seen(by_cairosvg(other, {}), 255))[1] > 5 * OFF[1]
    thin = seen(by_cairosvg(face, {"stroke_width": 2.5}), 255)
    assert apart(seen(png, 255), thin)[0] > OFF[0]


def test_an_array_holds_the_greys_of_the_pictures(drawings):
    image = pytest.importorskip("PIL.Image")
    for look in ({"size": 40}, {"size": (30, 50), "color": "#c00", "background": "#345"}):
        array = drawings_to_array(iter(drawings), **look)
        assert array.dtype == np.uint8
        for grey, png in zip(array, drawings_to_png(drawings, **look), strict=True):
            with image.open(io.BytesIO(png)) as opened:
                wanted = np.asarray(opened.convert("L"))
            np.testing.assert_array_equal(grey, wanted)
    white = drawings_to_array(drawings, size=28, color="#fff", background="#000")
    assert white[0, 0, 0] == 0
    assert white[0].max() > 200
    assert drawings_to_array([], size=(30, 20)).shape == (0, 20, 30)
    assert drawings_to_array([drawings[0]], background=None)[0, 0, 0] == 255
    by_order = drawings_to_array([drawings[0]], color_by_order=True)
    assert len(np.unique(by_order)) > 20


def test_who_takes_the_numbers_of_a_png_for_greys_sees_the_drawing(face):
    image = pytest.importorskip("PIL.Image")
    if load_cairo() is None:
        pytest.skip("libcairo is not there")
    for look, paper in (({}, 255), ({"color": "#fff", "background": "#000"}, 0)):
        with image.open(io.BytesIO(drawing_to_png(face, **look))) as opened:
            numbers = np.asarray(opened)
        assert numbers.shape == (256, 256)
        assert numbers[0, 0] == paper
        assert abs(int(numbers.min()) - int(numbers.max())) == 255


@needs_cairo
@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(face, monkeypatch, threads):
    many = [Drawing(face.strokes[: 1 + k % 5], category=str(k)) for k in range(150)]
    wanted = [drawing_to_png(drawing, size=20) for drawing in many]
    monkeypatch.setattr(bulk, "_processors", lambda: threads)
    assert list(drawings_to_png(iter(many), size=20)) == wanted
    some = drawings_to_png(many, size=20)
    assert next(some) == wanted[0]
    some.close()  # and leaves nobody at work


def test_without_cairo_pillow_paints_and_says_so_once(no_cairo, face):
    notes = []
    array = drawings_to_array([face] * 3, note=notes.append, size=32)
    assert array.min() < 80
    assert array[0, 0, 0] == 255
    assert len(notes) == 1
    assert "Pillow" in notes[0]
    assert list(drawings_to_png([face] * 2, size=32)) == [drawing_to_png(face, size=32)] * 2


def test_mistakes(face, tmp_path):
    with pytest.raises(BadSettingError, match="did you mean"):
        drawings_to_svg([face], stroke=3)
    with pytest.raises(BadSettingError, match="too large"):
        drawings_to_array([face], size=40_000)
    with pytest.raises(BadSettingError, match="too large"):
        list(drawings_to_png([face], size=40_000))
    with pytest.raises(BadDrawingError, match="too far apart"):
        list(drawings_to_svg([face, Drawing([[(-1e308, 0), (1e308, 0)]])]))
    with pytest.raises(BadSettingError, match="not written"):
        save_drawings([face], tmp_path / "out", ".tiff")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_folder_of_pictures(face, tmp_path, suffix):
    told = []
    assert save_drawings([face] * 3, tmp_path / "new", suffix, size=30) == 3
    files = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in files] == [f"{k:04}{suffix}" for k in (1, 2, 3)]
    alone = drawing_to_png(face, size=30) if suffix == ".png" else drawing_to_svg(face, size=30)
    wanted = alone if isinstance(alone, bytes) else alone.encode()
    assert all(path.read_bytes() == wanted for path in files)
    with pytest.raises(OutputExistsError):
        save_drawings([face], tmp_path / "new", suffix)
    again = save_drawings(
        iter([face]),
        tmp_path / "new",
        suffix,
        overwrite=True,
        progress=lambda *far: told.append(far),
        size=20,
    )
    assert again == 1
    assert told == [(1, None)]
    assert files[0].read_bytes() != wanted


def test_a_folder_that_fails_half_way_does_not_appear(face, tmp_path):
    def broken():
        yield face
        raise OSError("the disk has gone")

    with pytest.raises(OSError, match="gone"):
        save_drawings(broken(), tmp_path / "new")
    assert not list(tmp_path.iterdir())
