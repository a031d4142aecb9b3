"""Pixels: that ink is where it should be, by cairo and by Pillow alike."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sketchrnn.drawing import BadSettingError, Drawing, MissingDependencyError
from sketchrnn.render import drawing_to_png, gallery, save_drawing
from sketchrnn.render.pillow import page_to_png_by_pillow
from sketchrnn.render.raster import load_cairosvg

PAINTERS = ["cairo", "pillow"]


@pytest.fixture(params=PAINTERS)
def painter(request):
    if request.param == "pillow":
        request.getfixturevalue("no_cairo")
    elif load_cairosvg() is None:
        pytest.skip("libcairo is not there")
    return request.param


def test_size_and_background(painter, pixels):
    image = pixels(drawing_to_png(Drawing([[(0, 0), (9, 9)]]), size=(60, 40), background="#fedcba"))
    assert image.shape == (40, 60, 4)
    assert image[0, 0].tolist() == [0xFE, 0xDC, 0xBA, 255]
    assert image[-1, -1].tolist() == [0xFE, 0xDC, 0xBA, 255]


def test_scale_multiplies_the_pixels(painter, pixels):
    assert pixels(drawing_to_png(Drawing([]), size=50, scale=2.5)).shape == (125, 125, 4)
    assert pixels(gallery([], page_margin=10).to_png()).shape == (40, 40, 4)


def test_a_horizontal_line_is_where_it_should_be(painter, pixels):
    line = Drawing([[(0, 0), (1, 0)]])
    ink = 255 - pixels(drawing_to_png(line, size=64, margin=8, stroke_width=4, color="black"))
    dark = ink[:, :, 0]
    assert (dark[30:34, 8:56] > 245).all()  # 4 px thick about y = 32
    assert dark[:29].max() == dark[35:].max() == 0
    assert dark[:, :5].max() == dark[:, 59:].max() == 0
    assert dark[30:34, 6:8].min() > 60  # round ends reach 2 px further
    assert dark.sum() / 255 == pytest.approx(48 * 4 + np.pi * 2**2, rel=0.03)


@pytest.mark.parametrize("eye", [[(5, 5)], [(5, 5), (5, 5)]])
def test_a_dot_is_a_disc_of_one_and_a_half_strokes(painter, pixels, eye):
    image = pixels(drawing_to_png(Drawing([eye]), size=64, stroke_width=8, color="black"))
    dark = (255 - image[:, :, 0]) / 255
    assert dark.sum() == pytest.approx(np.pi * 6**2, rel=0.03)
    rows, columns = np.nonzero(dark > 0.5)
    assert rows.min() == columns.min() == 26
    assert rows.max() == columns.max() == 37


def test_eyes_are_seen_at_the_size_of_a_gallery(painter, pixels):
    face = Drawing([[(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)], [(3, 3)]])
    blind = Drawing(face.strokes[:1])
    seen = 255 - pixels(gallery([face], size=40).to_png())
    missed = 255 - pixels(gallery([blind], size=40).to_png())
    assert seen[:, :, 0].sum() - missed[:, :, 0].sum() > 6 * 255


def test_no_background_is_transparent_and_ink_keeps_its_colour(painter, pixels):
    line = Drawing([[(0, 0), (1, 0.3)]])
    image = pixels(drawing_to_png(line, size=64, background=None, color="#c00000"))
    assert image[0, 0, 3] == 0
    strong = image[image[:, :, 3] > 128]
    assert len(strong) > 50
    assert (np.abs(strong[:, :3] - [0xC0, 0, 0]) <= 3).all()


def test_colour_by_order_is_seen(painter, pixels):
    lines = Drawing([[(0, 0), (9, 0)], [(0, 9), (9, 9)]])
    image = pixels(drawing_to_png(lines, size=64, stroke_width=4, color_by_order=True))
    assert image[4, 32, 2] > image[4, 32, 0] + 60  # the first is blue
    assert image[60, 32, 0] > image[60, 32, 2] + 60  # the last orange


def test_degenerate_drawings_become_pictures(painter, pixels, degenerate):
    image = pixels(drawing_to_png(degenerate, size=48))
    assert (image[:, :, 0].min() < 128) == bool(degenerate.strokes)


def unlike(one: np.ndarray, other: np.ndarray) -> float:
    """The difference of two pictures as a share of their ink."""
    return np.abs(one - other)[:, :, :3].sum() / (255 - other[:, :, :3]).sum()


@pytest.mark.parametrize(("scale", "tolerance"), [(1, 0.10), (2, 0.06)])
def test_cairo_and_pillow_look_alike(face, pixels, scale, tolerance):
    cairosvg = load_cairosvg()
    if cairosvg is None:
        pytest.skip("libcairo is not there")
    page = gallery([face] * 4, columns=2, size=80, color_by_order=True)
    ours = pixels(page_to_png_by_pillow(page.page, scale))
    theirs = pixels(cairosvg.svg2png(bytestring=page.to_svg().encode(), scale=scale))
    assert unlike(ours, theirs) < tolerance
    assert np.abs(ours - theirs).max() < 100  # no eye is missing
    assert (255 - ours).sum() == pytest.approx((255 - theirs).sum(), rel=0.03)
    # and the comparison sees half a pixel, a finer pen, or a missing eye
    for other in (
        gallery([face] * 4, columns=2, size=80, color_by_order=True, page_margin=24.5),
        gallery([face] * 4, columns=2, size=80, color_by_order=True, stroke_width=1.2),
    ):
        changed = pixels(page_to_png_by_pillow(other.page, scale))[: len(theirs), : len(theirs)]
        assert unlike(changed, theirs) > tolerance
    blind = gallery([Drawing([face.strokes[0], *face.strokes[2:]])] * 4, columns=2, size=80)
    changed = pixels(page_to_png_by_pillow(blind.page, scale))
    assert np.abs(changed - theirs).max() > 100


def test_frames_are_hairlines(painter, pixels):
    ink = 255 - pixels(gallery([Drawing([])], grid=True, size=50, page_margin=10).to_png())[..., 0]
    assert ink[60, 15:25].max() < 60
    assert ink[60, 15:25].sum() == pytest.approx(0.14 * 226 * 1.5, rel=0.15)
    assert ink[60, 25:115].max() == 0


def test_text_is_painted(painter, pixels):
    one = pixels(gallery([], title="Title of a page").to_png())
    none = pixels(gallery([], title="").to_png())
    assert (one[:, :, 0] < 100).sum() > 200
    assert (none[:, :, 0] < 100).sum() == 0
    pixels(gallery([Drawing([])], captions=["猫 ☃ é <&>"], row_labels=["r"]).to_png())


def test_what_lies_off_the_page_does_no_harm(painter, pixels):
    outside = Drawing([[(-50, -50), (10, 10)], [(500, 500)], [(60, 5), (80, 5)]])
    image = pixels(drawing_to_png(outside, size=64, fit="none"))
    assert image[5, 5, 0] < 128
    assert image[40, 40, 0] == 255


def test_the_fallback_is_noted(no_cairo, tmp_path):
    notes: list[str] = []
    drawing_to_png(Drawing([[(0, 0), (1, 1)]]), note=notes.append)
    gallery([Drawing([])]).save(tmp_path / "page.png", note=notes.append)
    assert len(notes) == 2
    assert "Pillow" in notes[0]
    assert "libcairo2" in notes[0]


def test_cairo_needs_no_note():
    if load_cairosvg() is None:
        pytest.skip("libcairo is not there")
    notes: list[str] = []
    drawing_to_png(Drawing([]), note=notes.append)
    assert notes == []


def test_pdf_without_cairo_says_what_to_install(no_cairo, tmp_path):
    with pytest.raises(MissingDependencyError, match=r"libcairo.*apt install libcairo2"):
        save_drawing(Drawing([]), tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_pdf_is_written(tmp_path):
    if load_cairosvg() is None:
        pytest.skip("libcairo is not there")
    path = gallery([Drawing([[(0, 0), (1, 1)]])], title="Page").save(tmp_path / "a.pdf")
    assert path.read_bytes().startswith(b"%PDF")


def test_the_recipe_travels_in_the_png(painter, pixels):
    from io import BytesIO

    from PIL import Image

    png = gallery([], recipe={"seed": 7, "category": "猫"}).to_png()
    with Image.open(BytesIO(png)) as image:
        image.load()  # checks the checksums
        assert json.loads(image.text["recipe"]) == {"seed": 7, "category": "猫"}


def test_a_picture_too_large_to_paint_is_refused(painter):
    with pytest.raises(BadSettingError, match="too large"):
        drawing_to_png(Drawing([]), size=(40_000, 10))
    with pytest.raises(BadSettingError, match="too large"):
        drawing_to_png(Drawing([]), size=20_000)
