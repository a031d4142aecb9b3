"""Pictures of line art: traced close to what was drawn, in its strokes; and what is refused."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, Drawing, MissingDependencyError
from sketchrnn.drawing.geometry import resample
from sketchrnn.sources import open_source, read
from sketchrnn.sources.picture import find_ink, read_picture
from sketchrnn.sources.tracing import order_strokes

pytest.importorskip("skimage")
Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")
SIDE = 160
SCALE = 4  # of the canvas that is made smaller, so that lines have soft edges


def scan(
    drawing: Drawing, width: float = 5, paper: int = 240, ink: int = 30, noise: float = 6
) -> NDArray[np.uint8]:
    """A picture of a drawing as a scanner would make it, (SIDE, SIDE)."""
    canvas = Image.new("L", (SIDE * SCALE, SIDE * SCALE), paper)
    pen = ImageDraw.Draw(canvas)
    radius = width * SCALE / 2
    for stroke in drawing.strokes:
        points = [tuple((point + 0.5) * SCALE) for point in stroke]
        pen.line(points, fill=ink, width=round(2 * radius), joint="curve")
        for x, y in points:
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=ink)
    small = np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=float)
    noisy = small + np.random.default_rng(3).normal(0, noise, small.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def encode(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def distance(one: Drawing, two: Drawing) -> float:
    """The mean distance of each one's points to the other's (Chamfer), in pixels."""
    a, b = (
        np.concatenate([resample(s, 1.0) if len(s) > 1 else s for s in drawing.strokes])
        for drawing in (one, two)
    )
    apart = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    return float((apart.min(axis=0).mean() + apart.min(axis=1).mean()) / 2)


def traced(drawing: Drawing, **look: float) -> Drawing:
    return read_picture(encode(scan(drawing, **look)), "a.png")


CROSS = Drawing([[(20, 30), (140, 40)], [(80, 10), (70, 150)]])
ANGLE = np.linspace(0, 2 * np.pi, 60)
CIRCLE = np.column_stack([80 + 50 * np.cos(ANGLE), 80 + 50 * np.sin(ANGLE)])
CIRCLE[-1] = CIRCLE[0]


@pytest.mark.parametrize("width", [1.5, 3, 5, 9, 14])
def test_strokes_go_straight_on_where_they_cross(width):
    found = traced(CROSS, width=width)
    assert len(found.strokes) == 2
    assert distance(CROSS, found) < 1
    for ours, theirs in zip(found.strokes, CROSS.strokes, strict=True):
        assert np.abs(ours[[0, -1]] - theirs).max() < 2 + width / 3
    assert found.metadata["line_width"] == pytest.approx(width, abs=2.5)


@pytest.mark.parametrize(
    ("strokes", "count"),
    [
        ([CIRCLE], 1),
        ([CIRCLE, [(80, 10), (80, 150)]], 2),  # 中
        ([[(20, 20), (20, 140), (140, 140)]], 1),  # a corner
        ([[(20, 20), (140, 20)], [(80, 20), (80, 140)]], 2),  # T
        ([[(20, 80), (140, 80)], [(80, 20), (80, 140)], [(30, 30), (130, 130)]], 3),  # a star
        ([[(20, 20), (60, 120)], [(120, 120)]], 2),  # and a dot
        ([[(20, y), (140, y)] for y in range(20, 150, 20)], 7),
    ],
)
def test_the_strokes_are_those_that_were_drawn(strokes, count):
    drawing = Drawing(strokes)
    found = traced(drawing)
    assert len(found.strokes) == count
    assert distance(drawing, found) < 1.2


def test_a_dot_is_a_dot():
    found = traced(Drawing([[(20, 20), (140, 20)], [(80, 100)]]))
    assert [len(stroke) for stroke in found.strokes] == [2, 1]
    assert np.abs(found.strokes[1] - (80, 100)).max() < 1.5


def test_light_on_dark_and_transparent_grounds_and_jpeg():
    plain = traced(CROSS)
    assert distance(plain, traced(CROSS, paper=20, ink=230)) < 0.5
    pixels = scan(CROSS)
    assert distance(plain, read_picture(encode(pixels, "JPEG"), "a.jpg")) < 0.5
    for ink in (0, 255):
        rgba = np.full((SIDE, SIDE, 4), ink, np.uint8)
        rgba[..., 3] = 255 - scan(CROSS, paper=255, ink=0, noise=0)
        assert distance(plain, read_picture(encode(rgba), "a.png")) < 0.5
    grey16 = scan(CROSS).astype(np.uint16) * 257
    assert distance(plain, read_picture(encode(grey16), "a.png")) < 0.5


def test_frayed_edges_make_no_strokes():
    pixels = scan(Drawing([[(20, 80), (140, 80)]]), width=8, noise=0)
    generator = np.random.default_rng(1)
    for x in generator.integers(25, 135, 30):
        pixels[75 + generator.integers(0, 2) * 10, x] = 30
    pixels[10, 10] = pixels[150, 100] = 30  # dust
    (stroke,) = read_picture(encode(pixels), "a.png").strokes
    assert np.abs(stroke[:, 1] - 80).max() < 2


def test_order_and_direction():
    circle, right, left, upper = (
        CIRCLE[::-1],
        np.array([(140.0, 90.0), (120.0, 80.0)]),
        np.array([(10.0, 100.0), (30.0, 100.0)]),
        np.array([(60.0, 30.0), (60.0, 10.0)]),
    )
    found = order_strokes([right, circle, left, upper])
    assert [len(stroke) for stroke in found] == [60, 2, 2, 2]  # the outline, then x + y
    assert found[1].tolist() == upper[::-1].tolist()
    assert found[2].tolist() == left.tolist()
    assert found[3].tolist() == right[::-1].tolist()
    ring = found[0]
    assert (ring[0] == ring[-1]).all() and ring[0] @ (1, 1) == ring.sum(axis=1).min()
    assert ring[5, 1] > ring[0, 1]  # against the clock: first down, on the left


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.full((50, 50), 200, np.uint8), "is empty"),
        (np.random.default_rng(0).integers(0, 255, (80, 80), np.uint8), "no line art"),
        (np.tile(np.arange(200, dtype=np.uint8), (200, 1)), "no line art"),
        (np.kron(np.eye(4) > 0, np.ones((40, 40))).astype(np.uint8) * 255, "no line art"),
    ],
)
def test_what_is_no_line_art(pixels, problem):
    with pytest.raises(BadFileError, match=problem) as caught:
        read_picture(encode(pixels), "a.png")
    assert str(caught.value).startswith("a.png: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["astronaut", "camera", "coffee", "chelsea", "rocket", "moon"])
def test_a_photograph_is_refused_in_one_line(name):
    data = pytest.importorskip("skimage.data")
    try:
        photograph = getattr(data, name)()
    except Exception as error:  # not all come with the package, and none is fetched
        pytest.skip(f"needs the photograph {name} ({type(error).__name__})")
    grey = np.asarray(photograph, dtype=float)
    grey = grey if grey.ndim == 2 else grey[..., :3].mean(axis=-1)
    with pytest.raises(BadFileError, match=r"is no line art \(") as caught:
        find_ink(grey, name)
    assert "choose a picture of lines" in str(caught.value)


def test_size_is_bounded_before_a_picture_is_unpacked(monkeypatch):
    monkeypatch.setattr("sketchrnn.sources.picture.MAX_PIXELS", SIDE * SIDE - 1)
    with pytest.raises(BadFileError, match="160 x 160 pixels"):
        traced(CROSS)


def test_a_folder_with_categories_and_a_wrong_suffix(tmp_path):
    for name in ("cross/a.png", "cross/b.jpg", "a.svg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(scan(CROSS)))
    (tmp_path / "cross/c.png").write_bytes(encode(scan(CROSS))[:200])
    skipped = []
    items = list(open_source(tmp_path).items(lambda *what: skipped.append(what)))
    assert [(item.name, item.drawing.category) for item in items] == [
        ("a.svg", None),
        ("cross/a.png", "cross"),
        ("cross/b.jpg", "cross"),
    ]
    assert [name for name, _ in skipped] == ["cross/c.png"]
    assert len(read(tmp_path / "a.svg").strokes) == 2


def test_without_scikit_image_one_is_told_how_to_get_it(monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.partition(".")[0] == "skimage"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sketchrnn\[images\]'"):
        traced(CROSS)
    # it stops a conversion: no file of the folder would be read
    (tmp_path / "a.png").write_bytes(encode(scan(CROSS)))
    with pytest.raises(MissingDependencyError):
        list(open_source(tmp_path).items(lambda *what: None))
