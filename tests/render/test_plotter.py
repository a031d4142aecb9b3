"""Plotter sheets: where things lie, what each pen draws, how far it goes; and what vpype reads."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.render import plot
from sketchrnn.render.paper import PAPERS, parse_length, parse_paper, parse_sides

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


@pytest.fixture
def page(face):
    """Six drawings of two categories, one of them blank."""
    generator = np.random.default_rng(4)
    other = Drawing([generator.uniform(0, 99, (5, 2)) for _ in range(4)], category="tangle")
    return [face, other, Drawing([]), face, other, face]


def layers(svg):
    return [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get(f"{INKSCAPE}groupmode")]


def numbers(path):
    return np.array(re.findall(r"-?\d+(?:\.\d+)?", path.get("d")), dtype=float).reshape(-1, 2)


def test_a_sheet_is_in_millimetres_without_fills_or_background(page):
    root = ET.fromstring(plot(page, paper="A5", landscape=True).to_svg())
    assert (root.get("width"), root.get("height")) == ("210mm", "148mm")
    assert root.get("viewBox") == "0 0 210 148"
    assert [layer.get("fill") for layer in layers(ET.tostring(root))] == ["none"]
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "defs", "g", "path"}


def test_every_stroke_is_a_path_within_the_margins(page):
    sheet = plot(page, paper=(200, 100), margin="2cm", pen=0.4)
    (layer,) = layers(sheet.to_svg())
    paths = [numbers(path) for path in layer]
    assert len(paths) == sheet.num_strokes == sum(len(d.strokes) for d in page)
    points = np.concatenate(paths)
    assert (points >= 19.79).all()  # a dot at the edge may reach out by half its length
    assert (points <= (180.21, 80.21)).all()
    assert layer.get("stroke-width") == "0.4"


def test_a_dot_touches_the_paper():
    sheet = plot([Drawing([[(5, 5)], [(7, 7), (7, 7)]])], pen="0.5mm")
    lengths = [np.hypot(*np.diff(s, axis=0)[0]) for s in sheet.layers[0].strokes]
    assert lengths == pytest.approx([0.25, 0.25])
    assert all(np.ptp(numbers(path), axis=0).sum() > 0.2 for path in layers(sheet.to_svg())[0])


def test_pens_by_category_drawing_and_stroke(page, face):
    by_category = plot(page, pen_by="category")
    assert [layer.name for layer in by_category.layers] == ["face", "tangle"]
    assert [len(layer.strokes) for layer in by_category.layers] == [15, 8]
    labels = [layer.get(f"{INKSCAPE}label") for layer in layers(by_category.to_svg())]
    assert labels == ["1 black, 0.3 mm, face", "2 crimson, 0.3 mm, tangle"]
    by_drawing = plot(page, pen_by="drawing", pens=["red", "#00f"])
    assert [len(layer.strokes) for layer in by_drawing.layers] == [5 + 5 + 5, 4 + 4]
    assert [layer.color for layer in by_drawing.layers] == ["red", "#00f"]
    by_stroke = plot([face, face], pen_by="stroke", pens=["red", "green", "blue"])
    assert [len(layer.strokes) for layer in by_stroke.layers] == [4, 4, 2]
    assert len(plot([face], pen_by="stroke").layers) == 5


def test_the_order_shortens_the_way_and_can_be_kept(page):
    short, hand = plot(page), plot(page, order="hand")
    assert short.up < 0.8 * hand.up
    assert short.up_by_hand == hand.up == hand.up_by_hand
    assert short.down == pytest.approx(hand.down)
    kept = plot(page, turn_round=False)
    assert {s.tobytes() for s in kept.layers[0].strokes} == {
        s.tobytes() for s in hand.layers[0].strokes
    }


def test_the_estimate_adds_up():
    sheet = plot([Drawing([[(0, 0), (10, 0)], [(0, 10), (10, 10)]])], paper=(40, 40), margin=10)
    assert (sheet.down, sheet.up) == pytest.approx((40, np.hypot(10, 10) + 20))
    assert sheet.seconds(10, 20, 0.5) == pytest.approx(4 + sheet.up / 20 + 1)
    with pytest.raises(BadSettingError, match="speed"):
        sheet.seconds(0, 1, 1)


def test_smooth_curves_stay_near_and_dots_stay_dots(face):
    sheet = plot([face], smooth="4mm", order="hand")
    (layer,) = layers(sheet.to_svg())
    assert "C" in layer[0].get("d")
    plain = plot([face], order="hand").layers[0].strokes
    for curve, stroke in zip(sheet.layers[0].strokes, plain, strict=True):
        assert (curve[[0, -1]] == stroke[[0, -1]]).all()
    head, straight = sheet.layers[0].strokes[0], plain[0]
    away = np.hypot(*(head[:, None] - dense(straight)).T).min(axis=0)
    assert 1 < away.max() < 4.01


def test_smoothness_as_a_share_of_the_drawings(face):
    as_share, as_length = plot([face] * 2, smooth="2%"), plot([face] * 2, smooth=0.02 * 131.0)
    assert as_share.size[0] == pytest.approx(130.38, abs=0.1)
    assert len(as_share.layers[0].curves[0]) == len(as_length.layers[0].curves[0])


def dense(stroke):
    t = np.linspace(0, 1, 200)[:, None, None]
    return (stroke[:-1] * (1 - t) + stroke[1:] * t).reshape(-1, 2)


def test_strokes_that_meet_are_joined_within_a_drawing():
    parts = Drawing([[(0, 0), (50, 0)], [(50, 50), (50, 0.5)], [(90, 90), (99, 99)]])
    assert plot([parts], join=2).num_strokes == 2
    assert plot([parts]).num_strokes == 3
    with pytest.raises(BadSettingError, match="joined"):
        plot([parts], join=2, pen_by="stroke")


def test_sizes_gaps_and_columns(face):
    sheet = plot([face] * 6, paper=(100, 100), margin=5, size="20x10mm", gap=3, columns=2)
    assert (sheet.size, sheet.columns) == ((20, 10), 2)
    room = {"paper": (100, 100), "margin": 5, "size": 20, "gap": 5, "columns": 3}
    grid = plot([face] * 6, order="hand", **room)
    starts = np.array([stroke.min(axis=0) for stroke in grid.layers[0].strokes[::5]])
    assert np.diff(starts[:3, 0]) == pytest.approx([25, 25])
    assert starts[3, 1] - starts[0, 1] == pytest.approx(25)
    assert plot([face] * 64).columns == 7
    assert plot([face] * 4, paper=(105, 105), margin=0, size=25, gap=5 / 3).columns == 4


def test_the_recipe_and_the_title(face):
    svg = plot([face], title="A & B", recipe={"seed": 7}).to_svg()
    root = ET.fromstring(svg)
    assert json.loads(root.findtext(f"{SVG}metadata")) == {"seed": 7}
    assert root.findtext(f"{SVG}title") == "A & B"


def test_saving(face, tmp_path):
    sheet = plot([face])
    assert sheet.save(tmp_path / "a.svg").read_text() == sheet.to_svg() == sheet._repr_svg_()
    with pytest.raises(OutputExistsError):
        sheet.save(tmp_path / "a.svg")
    with pytest.raises(BadSettingError, match="HPGL"):
        sheet.save(tmp_path / "a.hpgl")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"margin": "105mm"}, "margins of 105 mm leave no room on A4"),
        ({"size": "20cm"}, "larger than A4"),
        ({"size": "5cm", "columns": 5}, "5 drawings of 50 x 50 mm"),
        (
            {"size": "8cm", "gap": "3cm"},
            "5 drawings of 80 x 80 mm do not fit on A4 (210 x 297 mm), 4 do",
        ),
        ({"gap": "30cm"}, "gaps of 300 mm do not fit"),
        ({"paper": "A9"}, "no paper is called 'A9'"),
        ({"paper": "lettre"}, "did you mean Letter?"),
        ({"paper": "0x5mm"}, "paper is '0x5mm'"),
        ({"paper": "20x20m"}, "too large"),
        ({"margin": "3 apples"}, "margin is '3 apples'"),
        ({"margin": -1}, "margin is -1"),
        ({"pen": 0}, "pen is 0"),
        ({"pens": ["blak"]}, "'blak' is not a colour"),
        ({"pen_by": "mood"}, "use one of sheet, category"),
        ({"fit": "none"}, "use one of auto, common, each, box"),
        ({"smooth": "nan"}, "smooth is 'nan'"),
        ({"smooth": "x%"}, "smooth is 'x%'"),
        ({"columns": 0}, "columns is 0"),
    ],
)
def test_what_cannot_be_plotted(page, settings, complaint):
    with pytest.raises(BadSettingError) as caught:
        plot(page, **settings)
    assert complaint in str(caught.value)


def test_nothing_to_plot():
    with pytest.raises(BadDrawingError, match="nothing to plot"):
        plot([Drawing([])])


def test_degenerate_drawings_are_plotted(degenerate):
    if degenerate.strokes:
        for smooth in (None, 0.2):
            sheet = plot([degenerate, degenerate], smooth=smooth)
            assert sheet.num_strokes == 2 * len(degenerate.strokes)
            assert np.isfinite(sheet.down + sheet.up)


def test_lengths_and_papers():
    assert [parse_length("x", t) for t in ("1in", "72pt", "96px", ".5 cm", "7")] == pytest.approx(
        [25.4, 25.4, 25.4, 5, 7]
    )
    assert parse_sides("x", "2 x 3 cm") == (20, 30)
    assert parse_sides("x", "2cmx3mm") == (20, 3)
    for name, (width, height) in PAPERS.items():
        upright = parse_paper(name.upper())
        assert (upright.width, upright.height) == (width, height)
        assert parse_paper(name, landscape=True).width == height
    a_sizes = [PAPERS[f"a{n}"] for n in range(2, 7)]
    for large, small in itertools.pairwise(a_sizes):
        assert small[1] == large[0]


VPYPE_READS = """
import json, sys, warnings
warnings.simplefilter("ignore")
import vpype
document = vpype.read_multilayer_svg(sys.argv[1], quantization=0.02)
mm = 96 / 25.4
print(json.dumps({
    "page": [side / mm for side in document.page_size],
    "layers": {
        number: {
            "lines": len(layer), "down": layer.length() / mm, "up": layer.pen_up_length()[0] / mm,
            "pen": layer.property("vp_pen_width") / mm, "name": layer.property("vp_name"),
        }
        for number, layer in document.layers.items()
    },
}))
"""


@pytest.mark.parametrize("smooth", [None, "0.3mm"])
def test_vpype_reads_what_we_meant(page, tmp_path, smooth):
    if importlib.util.find_spec("vpype") is None:
        pytest.skip("needs vpype")
    sheet = plot(page, pen_by="category", pens=["navy", "crimson"], pen=0.5, smooth=smooth)
    path = sheet.save(tmp_path / "sheet.svg")
    done = subprocess.run(
        [sys.executable, "-c", VPYPE_READS, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["page"] == pytest.approx([210, 297])
    assert list(found["layers"]) == ["1", "2"]
    for ours, theirs in zip(sheet.layers, found["layers"].values(), strict=True):
        assert theirs["lines"] == len(ours.strokes)
        assert theirs["down"] == pytest.approx(ours.down, rel=1e-3)
        from_corner = np.hypot(*ours.strokes[0][0])
        assert theirs["up"] == pytest.approx(ours.up - from_corner, rel=1e-3)
        assert theirs["pen"] == pytest.approx(0.5)
        assert ours.color in theirs["name"]
