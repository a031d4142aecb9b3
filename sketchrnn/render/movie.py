"""Pages as movies: GIF by Pillow; MP4 and WebM by ffmpeg, where it is."""

from __future__ import annotations

import io
import itertools
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadSettingError, MissingDependencyError
from sketchrnn.render.color import parse_color
from sketchrnn.render.page import Movement, Page, is_dot
from sketchrnn.render.pdf import load_cairo, paint_page, paint_stroke
from sketchrnn.render.recipe import GIF_MARK
from sketchrnn.render.svg import recipe_json
from sketchrnn.render.timeline import SMALLEST_TURN, Shot, Timeline, make_timeline, part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

MOVIES = (".gif", ".mp4", ".webm")

FRAMES_A_SECOND = {".gif": 20, ".mp4": 30, ".webm": 30}

MAX_SIDE = 2048
"""Pixels: beyond these neither a GIF nor a player is at ease."""

MAX_FRAMES = 6000

_GIF_COLORS = 256
_MOST_INKS = 63  # of a GIF, which leaves each four shades
_MOST_STEPS = 32  # between paper and an ink

Progress = Callable[[int, int], None]
"""Takes how many frames are done, and how many there are."""

_CODECS = {
    ".mp4": ("libx264", "-crf", "18", "-movflags", "+faststart"),
    ".webm": (
        "libvpx-vp9",
        "-crf",
        "28",
        "-b:v",
        "0",
        "-deadline",
        "good",
        "-cpu-used",
        "6",
        "-row-mt",
        "1",
    ),
}


def page_to_movie(
    page: Page, suffix: str, scale: float = 1.0, progress: Progress | None = None
) -> bytes:
    """Film a page while it is drawn.

    Args:
        page: What to draw; its `movement` says how.
        suffix: One of `MOVIES`.
        scale: Pixels for each px.
        progress: Told of every frame.

    Raises:
        BadSettingError: If the movie would be too large or too long.
        MissingDependencyError: If Pillow or an encoder is missing.
    """
    if suffix != ".gif":
        find_encoder()
    movement = page.movement or Movement()
    timeline = make_timeline(page)
    if movement.flip:
        scale = max(scale, SMALLEST_TURN / min(timeline.page.width, timeline.page.height))
    width, height = (
        2 * math.ceil(side * scale / 2) for side in (timeline.page.width, timeline.page.height)
    )
    if max(width, height) > MAX_SIDE:
        raise BadSettingError(
            f"a movie of {width} x {height} pixels is too large",
            hint="film fewer drawings, smaller ones, or let them take turns (flip)",
        )
    pace = FRAMES_A_SECOND[suffix]
    count = math.ceil(timeline.seconds * pace) + 1
    if count + movement.hold * pace > MAX_FRAMES:
        raise BadSettingError(
            f"a movie of {timeline.seconds:.0f} seconds is too long", hint="say how many seconds"
        )
    told = progress or (lambda done, total: None)
    painter = _painter(timeline.page, scale, (width, height))

    def frames() -> Iterator[Picture]:
        for number, frame in enumerate(_frames(timeline, painter, pace, count), 1):
            told(number, count)
            yield frame

    if suffix == ".gif":
        return _encode_gif(frames(), page, pace, movement.hold)
    still = math.ceil(movement.hold * pace)
    return _encode_video(frames(), still, suffix, (width, height), pace, page)


def check_encoder(suffix: str) -> None:
    """Refuse a kind of movie that nothing here can write, before any work is done.

    Raises:
        MissingDependencyError: If what it takes is missing.
    """
    if suffix in (".mp4", ".webm"):
        find_encoder()


def find_encoder() -> str:
    """Return the program ffmpeg: the machine's own, or that of the package imageio-ffmpeg.

    Raises:
        MissingDependencyError: If there is neither.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        try:
            import imageio_ffmpeg

            program = str(imageio_ffmpeg.get_ffmpeg_exe())
        except (ImportError, RuntimeError):  # RuntimeError: the package has no program for here
            raise MissingDependencyError(
                "MP4 and WebM need ffmpeg, which is not there",
                hint="install ffmpeg, or pip install 'sketchrnn[video]'; or write .gif",
            ) from None
    return program


def _frames(timeline: Timeline, painter: Any, pace: int, count: int) -> Iterator[Picture]:
    """Paint the frames: strokes that are done stay, those under way are painted anew."""
    flip = bool(timeline.page.movement and timeline.page.movement.flip)
    waiting = list(reversed(timeline.shots))
    under_way: list[Shot] = []
    shown = -1
    for number in range(count):
        now = min(number / pace, timeline.seconds)
        while waiting and waiting[-1].start <= now:
            shot = waiting.pop()
            if flip and shot.picture != shown:
                painter.clear()
                under_way, shown = [], shot.picture
            under_way.append(shot)
        for shot in [shot for shot in under_way if shot.end <= now]:
            painter.keep(shot.stroke, shot.color)
            under_way.remove(shot)
        parts = [
            (
                shot.stroke
                if is_dot(shot.stroke)
                else part_of(shot.stroke, (now - shot.start) / (shot.end - shot.start)),
                shot.color,
            )
            for shot in under_way
        ]
        yield painter.show(parts)


class _CairoPainter:
    """Paints on cairo's surfaces."""

    def __init__(self, cairo: Any, page: Page, scale: float, size: tuple[int, int]) -> None:
        self._cairo, self._page, self._scale, self._size = cairo, page, scale, size
        self.clear()

    def clear(self) -> None:
        """Begin with what stands on the page before anything is drawn."""
        self._kept = self._cairo.ImageSurface(self._cairo.FORMAT_RGB24, *self._size)
        context = self._cairo.Context(self._kept)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        context.scale(self._scale, self._scale)
        paint_page(self._cairo, context, _without_drawings(self._page))

    def keep(self, stroke: NDArray[np.float64], color: str) -> None:
        """Paint what stays."""
        self._paint(self._kept, stroke, color)

    def show(self, parts: list[tuple[NDArray[np.float64], str]]) -> Picture:
        """Return (height, width, 3) of what stays and what is under way."""
        surface = self._kept
        if parts:
            surface = self._cairo.ImageSurface(self._cairo.FORMAT_RGB24, *self._size)
            context = self._cairo.Context(surface)
            context.set_source_surface(self._kept)
            context.paint()
            for stroke, color in parts:
                self._paint(surface, stroke, color)
        surface.flush()
        width, height = self._size
        pixels = np.frombuffer(surface.get_data(), np.uint8).reshape(height, -1, 4)
        return np.ascontiguousarray(pixels[:, :width, 2::-1])  # cairo has blue first

    def _paint(self, surface: Any, stroke: NDArray[np.float64], color: str) -> None:
        context = self._cairo.Context(surface)
        context.scale(self._scale, self._scale)
        context.set_line_cap(self._cairo.LINE_CAP_ROUND)
        context.set_line_join(self._cairo.LINE_JOIN_ROUND)
        paint_stroke(context, stroke, color, self._page.stroke_width)


class _PillowPainter:
    """Paints with Pillow, for where libcairo is missing."""

    def __init__(self, page: Page, scale: float, size: tuple[int, int]) -> None:
        self._page, self._scale, self._size = page, scale, size
        self.clear()

    def clear(self) -> None:
        """Begin with what stands on the page before anything is drawn."""
        from PIL import Image

        from sketchrnn.render.pillow import page_to_png_by_pillow

        png = page_to_png_by_pillow(_without_drawings(self._page), self._scale)
        self._kept = Image.new("RGBA", self._size, self._page.background or "#ffffff")
        with Image.open(io.BytesIO(png)) as page:
            self._kept.alpha_composite(page.convert("RGBA"))

    def keep(self, stroke: NDArray[np.float64], color: str) -> None:
        """Paint what stays."""
        self._paint(self._kept, stroke, color)

    def show(self, parts: list[tuple[NDArray[np.float64], str]]) -> Picture:
        """Return (height, width, 3) of what stays and what is under way."""
        canvas = self._kept.copy() if parts else self._kept
        for stroke, color in parts:
            self._paint(canvas, stroke, color)
        return np.asarray(canvas.convert("RGB"))

    def _paint(self, canvas: Any, stroke: NDArray[np.float64], color: str) -> None:
        from sketchrnn.render.pillow import paint_strokes

        paint_strokes(canvas, [stroke], color, self._page.stroke_width, self._scale)


def _painter(page: Page, scale: float, size: tuple[int, int]) -> Any:
    cairo = load_cairo()
    if cairo is not None:
        return _CairoPainter(cairo, page, scale, size)
    return _PillowPainter(page, scale, size)


def _without_drawings(page: Page) -> Page:
    import dataclasses

    return dataclasses.replace(page, pictures=())


def _encode_gif(frames: Iterator[Picture], page: Page, pace: int, hold: float) -> bytes:
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependencyError(
            "GIF is written by Pillow, which is not installed", hint="pip install Pillow"
        ) from None
    shots = [Image.fromarray(frame) for frame in frames]
    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette(page))
    flat = [shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots]
    usual = 1000 // pace
    written = io.BytesIO()
    comment = b""
    if page.recipe is not None:
        comment = GIF_MARK + recipe_json(page).encode("ascii")
    flat[0].save(
        written,
        "GIF",
        save_all=True,
        append_images=flat[1:],
        duration=[*itertools.repeat(usual, len(flat) - 1), max(usual, round(1000 * hold))],
        loop=0,
        optimize=False,
        disposal=1,
        comment=comment,
    )
    return written.getvalue()


def _palette(page: Page) -> list[int]:
    """Return colours for a GIF: paper, each ink, and even steps between them.

    Even steps, because Pillow takes the nearest colour by its first bits: where two are alike,
    paper would not stay what it is.
    """
    inks = [page.ink, *(label.color for label in page.labels)]
    inks += [frame.color for frame in page.frames if frame.color != "none"]
    inks += [color for picture in page.pictures for color in picture.colors or ()]
    distinct = list(dict.fromkeys(inks))
    chosen = distinct[:: math.ceil(len(distinct) / _MOST_INKS)]
    steps = min(_MOST_STEPS, (_GIF_COLORS - 1) // len(chosen))
    paper = np.array(parse_color(page.background or "#ffffff"))
    colors = [paper]
    for ink in chosen:
        way = np.array(parse_color(ink)) - paper
        colors += [np.rint(paper + way * step / steps) for step in range(1, steps + 1)]
    return [int(part) for color in colors for part in color]


def _encode_video(
    frames: Iterator[Picture],
    still: int,
    suffix: str,
    size: tuple[int, int],
    pace: int,
    page: Page,
) -> bytes:
    """Send frames to ffmpeg, the last one `still` times more."""
    notes = ["-metadata", f"title={page.title or 'Drawings'}"]
    if page.recipe is not None:
        notes += ["-metadata", f"comment={recipe_json(page)[:30_000]}"]
    with tempfile.TemporaryDirectory(prefix="sketchrnn-") as room:
        out = Path(room) / f"movie{suffix}"
        command = [
            find_encoder(), "-nostdin", "-loglevel", "error", "-f", "rawvideo",
            "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(pace), "-i", "pipe:0",
            "-an", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags:v", "+bitexact",
            "-c:v", *_CODECS[suffix], *notes, str(out),
        ]  # fmt: skip
        complaints = Path(room) / "complaints"
        with (
            complaints.open("wb") as told,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=told, stderr=told) as encoder,
        ):
            pipe = encoder.stdin
            try:
                frame = None
                for frame in frames:
                    pipe.write(frame.tobytes())  # type: ignore[union-attr]
                for _ in range(still):
                    pipe.write(frame.tobytes())  # type: ignore[union-attr]
                pipe.close()  # type: ignore[union-attr]
            except BrokenPipeError:  # it says why
                pass
            except BaseException:
                encoder.kill()
                raise
        if encoder.returncode or not out.exists():
            said = complaints.read_text("utf-8", "replace").strip().splitlines()
            raise BadSettingError(
                f"ffmpeg does not write {suffix}: {said[-1] if said else 'it says nothing'}",
                hint="write .gif, or install another ffmpeg",
            )
        return out.read_bytes()
