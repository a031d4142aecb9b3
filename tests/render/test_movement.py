"""Movement: when strokes are drawn, and what an SVG, a GIF and a video show of it."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sketchrnn import read
from sketchrnn.drawing import BadSettingError, Drawing, MissingDependencyError
from sketchrnn.render import gallery
from sketchrnn.render import movie as movies
from sketchrnn.render.raster import load_cairosvg
from sketchrnn.render.recipe import read_recipe
from sketchrnn.render.timeline import MAX_SECONDS, make_movement, make_timeline, part_of

SVG = "{http://www.w3.org/2000/svg}"
LINES = Drawing([[(0, 0), (60, 0)], [(30, 20)], [(60, 40), (0, 40), (0, 60)]])
SQUARE = Drawing([[(0, 0), (60, 0), (60, 60), (0, 60), (0, 0)]])


def frames_of(gif: bytes) -> list[np.ndarray]:
    image = pytest.importorskip("PIL.Image")
    with image.open(io.BytesIO(gif)) as opened:
        found = []
        for number in range(opened.n_frames):
            opened.seek(number)
            found.append(np.asarray(opened.convert("L")).astype(int))
        return found


def ink(frame: np.ndarray) -> float:
    return float((255 - frame).sum())


def test_one_pen_draws_one_stroke_after_the_other():
    timeline = make_timeline(gallery([LINES, SQUARE]).page)
    first = [shot for shot in timeline.shots if shot.picture == 0]
    assert [len(shot.stroke) for shot in first] == [2, 1, 3]
    for shot, after in itertools.pairwise(first):
        assert shot.start < shot.end < after.start
    assert first[2].end - first[2].start == pytest.approx(
        4 / 3 * (first[0].end - first[0].start), rel=1e-3
    )  # the pen keeps its speed: 80 units and 60
    second = [shot for shot in timeline.shots if shot.picture == 1]
    assert first[0].start == second[0].start == 0
    assert timeline.seconds == max(shot.end for shot in timeline.shots)


def test_turns_are_taken_in_one_place():
    page = gallery([LINES, SQUARE], title="Two", grid=True).animate(flip=True).page
    timeline = make_timeline(page)
    assert (timeline.page.width, timeline.page.height) == (96, 96)
    assert timeline.page.labels == timeline.page.frames == ()
    ends = [max(s.end for s in timeline.shots if s.picture == k) for k in (0, 1)]
    assert timeline.begins[0] == 0
    assert timeline.begins[1] == pytest.approx(ends[0] + 0.5)
    for shot in timeline.shots:
        assert (shot.stroke >= 0).all() and (shot.stroke <= 96).all()


def test_it_takes_as_long_as_asked():
    page = gallery([LINES] * 3).animate(seconds=7).page
    timeline = make_timeline(page)
    assert timeline.seconds == 7
    assert max(shot.end for shot in timeline.shots) == pytest.approx(7)


def test_nothing_to_draw_takes_no_time(degenerate):
    for drawings in ([], [Drawing([])], [degenerate]):
        timeline = make_timeline(gallery(drawings).animate(flip=True).page)
        assert np.isfinite(timeline.seconds)
        assert len(frames_of(gallery(drawings, size=40).encode(".gif"))) >= 1


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99, 1])
def test_parts_are_as_long_as_their_share(share):
    stroke = np.array([(0, 0), (10, 0), (10, 10), (10, 10), (0, 10.0)])
    part = part_of(stroke, share)
    assert np.hypot(*np.diff(part, axis=0).T).sum() == pytest.approx(30 * share)


@pytest.mark.parametrize(
    "options",
    [
        {"seconds": 0},
        {"seconds": -1},
        {"seconds": "x"},
        {"seconds": MAX_SECONDS + 1},
        {"hold": -1},
        {"hold": 1e9},
        {"flip": 1},
        {"speed": 2},
    ],
)
def test_bad_movements_are_named(options):
    with pytest.raises(BadSettingError, match=next(iter(options))):
        make_movement(options)


# SVG


def test_a_moving_svg_is_whole_where_nothing_moves(pixels, tmp_path):
    still, moving = gallery([LINES, SQUARE]), gallery([LINES, SQUARE]).animate()
    text = moving.to_svg()
    ET.fromstring(text)
    assert re.findall(r"url|@import|<script", text) == []
    assert text.count('class="pen"') == 3
    assert text.count('class="dot"') == 1
    file = tmp_path / "a.svg"
    moving.save(file)
    assert [len(s) for s in read(file).strokes] == [2, 1, 3, 5]
    cairosvg = load_cairosvg()
    if cairosvg is None:
        pytest.skip("libcairo is not there")
    unmoved = cairosvg.svg2png(still.to_svg().encode())
    assert np.abs(pixels(cairosvg.svg2png(text.encode())) - pixels(unmoved)).max() < 30


def test_where_turns_are_taken_the_last_one_stays():
    root = ET.fromstring(gallery([LINES, SQUARE, LINES]).animate(flip=True).to_svg())
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith("drawing ")]
    assert [g.get("visibility") for g in groups] == ["hidden", "hidden", None]
    assert root.get("width") == "320px"
    assert root.get("viewBox") == "0 0 96 96"


# GIF


@pytest.fixture(params=["cairo", "pillow"])
def painter(request):
    if request.param == "pillow":
        request.getfixturevalue("no_cairo")
    elif load_cairosvg() is None:
        pytest.skip("libcairo is not there")


def test_a_gif_gains_ink_until_it_is_the_page(painter, pixels):
    page = gallery([LINES, SQUARE], size=60, title="Two", scale=1).animate(seconds=1, hold=3)
    frames = frames_of(page.encode(".gif"))
    assert len(frames) > 10
    amounts = [ink(frame) for frame in frames]
    assert amounts == sorted(amounts)
    assert amounts[0] < 0.6 * amounts[-1]
    picture = pixels(page.to_png())[:, :, 0]
    difference = np.abs(frames[-1][: len(picture), : picture.shape[1]] - picture)
    assert difference.sum() < 0.12 * ink(picture)
    assert frames[0][0, 0] == 255  # paper is paper


def test_a_gif_plays_again_and_says_how_it_was_made(tmp_path):
    image = pytest.importorskip("PIL.Image")
    recipe = {"request": {"command": "generate"}, "model": "kanji", "long": "x" * 700}
    file = gallery([SQUARE], size=40, recipe=recipe).animate(seconds=1).save(tmp_path / "a.gif")
    with image.open(file) as opened:
        assert opened.info["loop"] == 0
        opened.seek(opened.n_frames - 1)
        assert opened.info["duration"] == 2000
    found, suffix = read_recipe(file)
    assert suffix == ".gif"
    assert found == {**recipe, "page": {"size": 40}, "movement": {"seconds": 1}}
    again = gallery([SQUARE], size=40, recipe=recipe).animate(seconds=1).encode(".gif")
    assert again == file.read_bytes()


def test_turns_in_a_gif_leave_nothing_behind(painter):
    dot = Drawing([[(0, 0), (0, 1)]])
    frames = frames_of(gallery([SQUARE, dot], size=320).animate(flip=True).encode(".gif"))
    assert ink(frames[-1]) < max(map(ink, frames)) / 2


def test_progress_counts_the_frames():
    told = []
    gallery([SQUARE], size=40).animate(seconds=1).encode(
        ".gif", progress=lambda done, total: told.append((done, total))
    )
    assert told == [(k, 21) for k in range(1, 22)]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (lambda: gallery([SQUARE] * 99, size=400), "too large"),
        (lambda: gallery([SQUARE]).animate(seconds=599), "too long"),
    ],
)
def test_huge_movies_are_refused(page, problem):
    with pytest.raises(BadSettingError, match=problem):
        page().encode(".gif")


# Video


def test_a_video_where_ffmpeg_is(tmp_path):
    try:
        ffmpeg = movies.find_encoder()
    except MissingDependencyError:
        pytest.skip("needs ffmpeg")
    page = gallery([SQUARE], size=65).animate(seconds=0.5, hold=0.5)
    for suffix in (".mp4", ".webm"):
        file = page.save(tmp_path / f"a{suffix}")
        raw = subprocess.run(
            [ffmpeg, "-loglevel", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
            capture_output=True,
            check=True,
        ).stdout
        frames = np.frombuffer(raw, np.uint8).reshape(-1, 114, 114).astype(int)
        assert len(frames) == 16 + 15
        assert ink(frames[0]) < ink(frames[-1]) / 2


def test_without_ffmpeg_it_is_said_what_to_do(monkeypatch, tmp_path):
    import sys

    monkeypatch.setattr(movies.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingDependencyError, match=r"need ffmpeg.*sketchrnn\[video\].*\.gif"):
        gallery([SQUARE]).save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_what_ffmpeg_says_is_told(monkeypatch, tmp_path):
    false = movies.shutil.which("false")
    if false is None:
        pytest.skip("needs the program false")
    monkeypatch.setattr(movies, "find_encoder", lambda: false)
    with pytest.raises(BadSettingError, match=r"ffmpeg does not write \.mp4"):
        gallery([SQUARE]).save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
