"""Fonts: read by fontTools, passed by the browsers' sanitizer, shaped and painted by others."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.render import font
from sketchrnn.render.font_characters import MAX_DRAWINGS, own_character, private_use
from sketchrnn.render.font_tables import check_name

pytest.importorskip("pathops", reason="needs skia-pathops")
ttlib = pytest.importorskip("fontTools.ttLib", reason="needs fontTools")

SUFFIXES = (".otf", ".ttf", ".woff2", ".woff")
ABOUT = {"licence": "CC BY-SA 3.0", "attribution": "A. Nonymous & Zoë"}


def scribble(seed):
    generator = np.random.default_rng(seed)
    return Drawing([np.cumsum(generator.normal(0, 25, (6, 2)), axis=0) for _ in range(4)])


@pytest.fixture(scope="module")
def drawings():
    dots = Drawing([[(0, 0), (100, 0), (100, 100)], [(30, 60)], [(60, 30), (60, 30)]])
    return [dots, *(scribble(seed) for seed in range(4))]


@pytest.fixture(scope="module")
def made(drawings):
    return font(drawings, "My Häńd 漢", characters="aéΩ山𠀋", **ABOUT)


@pytest.fixture(scope="module")
def files(made):
    return {suffix: made.encode(suffix) for suffix in SUFFIXES}


def opened(data):
    return ttlib.TTFont(io.BytesIO(data), lazy=False)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_fonttools_reads_every_table_and_writes_it_again(files, suffix):
    read = opened(files[suffix])
    assert read.flavor == suffix[1:] or suffix in (".otf", ".ttf")
    text = io.StringIO()
    read.saveXML(text)  # decompiles everything, to the last operator of the outlines
    again = ttlib.TTFont()
    again.importXML(io.StringIO(text.getvalue()))
    assert ("glyf" if suffix == ".ttf" else "CFF ") in read
    assert {"OS/2", "cmap", "head", "hhea", "hmtx", "maxp", "name", "post", "vhea", "vmtx"} <= {
        *again.keys()
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_browsers_would_take_it(files, tmp_path, suffix):
    ots = pytest.importorskip("ots", reason="needs opentype-sanitizer")
    path = tmp_path / f"font{suffix}"
    path.write_bytes(files[suffix])
    done = ots.sanitize(path, tmp_path / "clean.otf", capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"WARNING" not in done.stderr + done.stdout
    path.write_bytes(files[suffix][:-200])
    assert ots.sanitize(path, capture_output=True).returncode != 0


def test_what_it_says_about_itself(files):
    names = opened(files[".otf"])["name"]
    said = {record.nameID: record.toUnicode() for record in names.names}
    assert said[1] == said[4] == "My Häńd 漢"
    assert said[2] == "Regular"
    assert said[6] == "MyHandu6F22-Regular"
    assert said[0] == "A. Nonymous & Zoë"
    assert said[13] == "CC BY-SA 3.0. A. Nonymous & Zoë"
    assert said[14] == "https://creativecommons.org/licenses/by-sa/3.0/"


@pytest.mark.parametrize("suffix", [".otf", ".ttf"])
def test_glyphs_are_squares_of_the_em(files, suffix):
    read = opened(files[suffix])
    assert read["head"].unitsPerEm == 1000
    assert {width for width, _ in read["hmtx"].metrics.values()} == {1000}
    assert {height for height, _ in read["vmtx"].metrics.values()} == {1000}
    assert (read["hhea"].ascent, read["hhea"].descent) == (880, -120)
    os2 = read["OS/2"]
    assert os2.sTypoAscender - os2.sTypoDescender == 1000
    assert os2.fsType == 0
    head = read["head"]
    assert head.yMin >= -121 <= os2.usWinAscent
    assert head.yMax <= 881
    assert head.xMin >= -1
    assert head.xMax <= 1001


def test_characters_have_their_glyphs(made, files):
    cmap = opened(files[".otf"]).getBestCmap()
    assert "".join(map(chr, sorted(set(cmap) - {0x20, 0xA0, 0x3000}))) == "aéΩ山𠀋"
    assert cmap[0x20] == cmap[0x3000] == "space"
    assert made.text == "aéΩ山𠀋"
    plane = opened(font([scribble(0)] * 2, start=0xF8FF).encode(".otf")).getBestCmap()
    assert {0xF8FF, 0xF0000} < set(plane)


def test_the_same_drawings_make_the_same_bytes(drawings, files):
    again = font(drawings, "My Häńd 漢", characters="aéΩ山𠀋", **ABOUT)
    assert again.encode(".otf") == files[".otf"]


def painted(data, text, size=400):
    """Text as Pillow's FreeType paints it: (height, width), 0 to 1."""
    image = pytest.importorskip("PIL.Image")
    from PIL import ImageDraw, ImageFont

    page = image.new("L", (size * len(text), size), 0)
    face = ImageFont.truetype(io.BytesIO(data), size)
    ImageDraw.Draw(page).text((0, 0.88 * size), text, font=face, fill=255, anchor="ls")
    return np.asarray(page) / 255.0


def swept(strokes, width, size=400, per_pixel=2):
    """The same of strokes (n, 2) with y up, by distance alone: what a round pen covers."""
    y, x = np.mgrid[0 : size * per_pixel, 0 : size * per_pixel]
    x = (x + 0.5) * 1000 / (size * per_pixel)
    y = 880 - (y + 0.5) * 1000 / (size * per_pixel)
    covered = np.zeros(x.shape, dtype=bool)
    for stroke in strokes:
        dot = (stroke == stroke[0]).all()
        reach = width / 2 * (1.5 if dot else 1)
        points = stroke[[0, 0]] if dot else stroke
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            length = (bx - ax) ** 2 + (by - ay) ** 2
            t = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / (length or 1)
            t = np.clip(t, 0, 1)
            covered |= np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) <= reach
    return covered.reshape(size, per_pixel, size, per_pixel).mean(axis=(1, 3))


def test_the_glyphs_are_what_a_pen_draws(drawings):
    made = font(drawings, smooth=0, pen_width=44)
    data = made.encode(".otf")
    for char, strokes in zip(made.text, made.outlines, strict=True):
        got, expected = painted(data, char), swept(strokes, 44)
        assert 0.01 < expected.mean() < 0.5
        assert (np.abs(got - expected) > 0.6).mean() < 2e-4
        assert np.abs(got - expected).mean() < 2e-3


def test_both_kinds_of_outlines_enclose_the_same(files):
    from fontTools.pens.areaPen import AreaPen

    areas = []
    for suffix in (".otf", ".ttf"):
        glyphs = opened(files[suffix]).getGlyphSet()
        areas.append([])
        for name in glyphs:
            pen = AreaPen(glyphs)
            glyphs[name].draw(pen)
            areas[-1].append(pen.value)
    postscript, truetype = np.array(areas)
    assert (postscript[[0, 2, 3]] > 0).all()  # counterclockwise; TrueType is the other way round
    assert postscript == pytest.approx(-truetype, rel=3e-3)


def test_smooth_curves_stay_near(drawings):
    made = font(drawings[1:2], smooth=10, pen_width=60)
    got = painted(made.encode(".otf"), made.text)
    (strokes,) = made.outlines
    assert (swept(strokes, 60 - 22) - got).max() < 0.5  # covered whatever the curves did
    assert (got - swept(strokes, 60 + 22)).max() < 0.5
    assert np.abs(got - swept(strokes, 60)).mean() > 1e-3


def test_a_broad_nib_thins_strokes_along_it():
    bars = [Drawing([[(0, 0), (100, 0)]]), Drawing([[(0, 0), (0, 100)]])]
    made = font(bars, pen_width=100, contrast=0.8, angle=0, cap="flat")
    lying, standing = (painted(made.encode(".otf"), char) for char in made.text)
    assert lying.any(axis=1).sum() == pytest.approx(8, abs=1)  # 20 of 1000, at 400 px
    assert standing.any(axis=0).sum() == pytest.approx(40, abs=1)
    turned = font(bars, pen_width=100, contrast=0.8, angle=90, cap="flat")
    assert painted(turned.encode(".otf"), turned.text[0]).any(axis=1).sum() == pytest.approx(
        40, abs=1
    )


def test_ends_are_round_or_flat():
    bar = [Drawing([[(0, 0), (100, 0)]])]
    made = {cap: font(bar, pen_width=100, cap=cap, margin=100) for cap in ("round", "flat")}
    ink = {cap: painted(f.encode(".otf"), f.text).any(axis=0).sum() for cap, f in made.items()}
    assert ink["round"] - ink["flat"] == pytest.approx(40, abs=1)


def test_text_is_shaped_by_harfbuzz_across_and_down(files):
    harfbuzz = pytest.importorskip("uharfbuzz", reason="needs uharfbuzz")
    face = harfbuzz.Face(files[".otf"])
    for direction, advance in (("ltr", (1000, 0)), ("ttb", (0, -1000))):
        buffer = harfbuzz.Buffer()
        buffer.add_str("山a Ω?")
        buffer.guess_segment_properties()
        buffer.direction = direction
        harfbuzz.shape(harfbuzz.Font(face), buffer)
        glyphs = [info.codepoint for info in buffer.glyph_infos]
        assert glyphs == [5, 2, 1, 4, 0]  # ? is no glyph of ours
        assert {(p.x_advance, p.y_advance) for p in buffer.glyph_positions} == {advance}


def test_saving(made, files, tmp_path):
    seen = []
    path = made.save(tmp_path / "a.otf", progress=seen.append)
    assert path.read_bytes() == files[".otf"]
    assert seen == [1, 2, 3, 4, 5]
    with pytest.raises(OutputExistsError):
        made.save(path)
    with pytest.raises(BadSettingError, match=r"use one of \.otf"):
        made.save(tmp_path / "a.pfb")


def test_degenerate_drawings_have_glyphs(degenerate):
    data = font([scribble(1), degenerate, Drawing([])]).encode(".otf")
    assert opened(data)["maxp"].numGlyphs == 5


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"name": "  "}, "name is empty"),
        ({"name": "a\x00b"}, r"holds '\\x00'"),
        ({"name": "a/b"}, "holds '/'"),
        ({"name": "a" * 64}, "has 64 characters"),
        ({"characters": "ab"}, "2 characters for 5 drawings"),
        ({"characters": "abcda"}, r"'a' \(U\+0061\) is named twice"),
        ({"characters": "abc\x07d"}, r"U\+0007 cannot have a glyph"),
        ({"start": 0x41}, r"U\+0041 is in no private use area"),
        ({"start": 0x10FFFC}, "hold 2 of 5 glyphs"),
        ({"pen_width": 0}, "pen width is 0"),
        ({"pen_width": 900}, "at most 500"),
        ({"contrast": 1}, "from 0 to 0.95"),
        ({"cap": "square"}, "cap is 'square'"),
        ({"smooth": -1}, "smooth is -1"),
        ({"fit": "none"}, "fit is 'none'"),
        ({"margin": 600}, "leaves no room"),
    ],
)
def test_what_cannot_be_a_font(drawings, settings, complaint):
    with pytest.raises(BadSettingError, match=complaint):
        font(drawings, **settings)


def test_no_glyphs_and_too_many():
    with pytest.raises(BadDrawingError, match="no glyphs"):
        font([Drawing([])])
    with pytest.raises(BadSettingError, match="70000 drawings are too many"):
        font([scribble(0)] * 70_000)
    assert len(private_use(MAX_DRAWINGS)) == MAX_DRAWINGS
    assert private_use(6_401)[-2:] == (0xF8FF, 0xF0000)


def test_names_in_the_letters_of_postscript():
    assert check_name("  Two Words ") == "Two Words"
    made = font([scribble(0)], "山")
    assert made.names.postscript == "u5C71-Regular"


@pytest.mark.parametrize(
    ("drawing", "character"),
    [
        (Drawing([], metadata={"character": "花", "source": "082b1.svg"}), "花"),
        (Drawing([], category="A"), "A"),
        (Drawing([], category="cat", metadata={"source": "b.svg"}), "b"),
        (Drawing([], metadata={"source": "U+5C71.svg"}), "山"),
        (Drawing([], metadata={"source": "uni0041.svg"}), "A"),
        (Drawing([], metadata={"source": "cat.svg"}), None),
        (Drawing([], metadata={"source": "u+ffffff.svg"}), None),
        (Drawing([]), None),
    ],
)
def test_the_character_that_a_drawing_says_it_is(drawing, character):
    assert own_character(drawing) == character
