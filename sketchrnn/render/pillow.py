"""Pages as PNG by Pillow, for where libcairo is missing.

Pillow draws lines with hard edges and whole numbers. So each colour of each drawing is drawn
several times too large as a mask of its own, averaged down, which makes it smooth, and laid over
the page in that colour. Masks are no larger than what they hold.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import MissingDependencyError
from sketchrnn.drawing.bezier_fit import fit_curve, flatten_curve
from sketchrnn.render.color import mix, parse_color
from sketchrnn.render.page import DOT_WIDTH, HAIRLINE, Frame, Label, Page, Picture, is_dot

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUPERSAMPLING = 8
"""Times too large in each direction: the least at which thin lines keep their width."""

COARSE_SUPERSAMPLING = 4
"""The same for masks of more than `COARSE_FROM` pixels, which would take much memory else."""

COARSE_FROM = 2**20

_EDGE = 0.5
"""Pixel 0 has its centre at 0.5."""

_TRIM = 0.3
"""Pillow also paints pixels that an outline only touches; measured, this makes up for it: kanji
get within 1 % as much ink as from cairo."""

_LATIN_FILES = ("Helvetica.ttc", "Arial.ttf", "LiberationSans-Regular.ttf", "DejaVuSans.ttf")
_BOLD_FILES = ("Arial Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf")
_CJK_FILES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "Hiragino Sans GB.ttc",
    "YuGothR.ttc",
    "msyh.ttc",
    "wqy-zenhei.ttc",
)


def page_to_png_by_pillow(page: Page, scale: float) -> bytes:
    """Paint a page as PNG.

    Args:
        page: What to paint.
        scale: Pixels for each px.

    Raises:
        MissingDependencyError: If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependencyError(
            "PNG needs libcairo or Pillow, and neither is there",
            hint="pip install Pillow; or write SVG",
        ) from None
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    ground = (0, 0, 0, 0) if page.background is None else (*parse_color(page.background), 255)
    canvas = Image.new("RGBA", size, ground)
    for frame in page.frames:
        _paint_frame(canvas, frame, scale, page.background)
    for picture in page.pictures:
        colors = picture.colors or (page.ink,) * len(picture.strokes)
        pairs = zip(colors, _lines(picture, page, scale), strict=True)
        for color, run in itertools.groupby(pairs, key=lambda pair: pair[0]):
            paint_strokes(canvas, [s for _, s in run], color, page.stroke_width, scale)
    for label in page.labels:
        _paint_label(canvas, label, scale)
    if page.background is not None:
        canvas = canvas.convert("RGB")
    written = io.BytesIO()
    canvas.save(written, "PNG")
    return written.getvalue()


def _lines(picture: Picture, page: Page, scale: float) -> Sequence[NDArray[np.float64]]:
    """Return strokes, smoothed where the page says so, as lines that look like curves."""
    if page.smooth is None:
        return picture.strokes
    return [
        flatten_curve(fit_curve(stroke, page.smooth), 0.1 / scale) if len(stroke) > 2 else stroke
        for stroke in picture.strokes
    ]


def paint_strokes(
    canvas: Any,
    strokes: list[NDArray[np.float64]],
    color: str,
    width: float,
    scale: float,
) -> None:
    """Lay strokes (n, 2), in px, over a canvas."""
    from PIL import Image, ImageDraw

    reach = DOT_WIDTH * width * scale / 2 + 1  # how far ink goes beyond the points, in pixels
    points = np.concatenate(strokes) * scale
    left, top = (max(0, math.floor(low - reach)) for low in points.min(axis=0))
    right, bottom = (
        min(side, math.ceil(high + reach))
        for side, high in zip(canvas.size, points.max(axis=0), strict=True)
    )
    if left >= right or top >= bottom:
        return  # off the page
    coarse = (right - left) * (bottom - top) > COARSE_FROM
    times = COARSE_SUPERSAMPLING if coarse else SUPERSAMPLING
    mask = Image.new("L", ((right - left) * times, (bottom - top) * times))
    draw = ImageDraw.Draw(mask)
    for stroke in strokes:
        fine = (stroke * scale - (left, top)) * times
        if is_dot(stroke):
            _disc(draw, fine[0], DOT_WIDTH * width * scale * times / 2)
            continue
        radius = width * scale * times / 2
        for start, end in itertools.pairwise(fine):
            _bar(draw, start, end, radius)
        for point in fine:
            _disc(draw, point, radius)
    ink = Image.new("RGBA", (right - left, bottom - top), (*parse_color(color), 255))
    ink.putalpha(mask.reduce(times))
    canvas.alpha_composite(ink, (left, top))


def _bar(draw: Any, start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> None:
    """Draw a thick line with flat ends: Pillow's own has a whole number of pixels for width."""
    along = end - start
    length = float(np.hypot(*along))
    if length == 0:
        return
    across = np.array([-along[1], along[0]]) * (max(0.0, radius - _TRIM) / length)
    corners = [start + across, end + across, end - across, start - across]
    draw.polygon([(float(x) - _EDGE, float(y) - _EDGE) for x, y in corners], fill=255)


def _disc(draw: Any, center: NDArray[np.float64], radius: float) -> None:
    low = [round(float(middle) - radius) for middle in center]
    high = [round(float(middle) + radius) - 1 for middle in center]
    draw.ellipse((*low, *map(max, low, high)), fill=255)


def _paint_frame(canvas: Any, frame: Frame, scale: float, background: str | None) -> None:
    from PIL import ImageDraw

    if frame.fill is not None:
        corners = (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height)
        left, top, right, bottom = (round(corner * scale) for corner in corners)
        box = (left, top, max(left, right - 1), max(top, bottom - 1))
        ImageDraw.Draw(canvas).rectangle(box, fill=parse_color(frame.fill))
    if frame.color == "none":
        return
    # whole pixels, and as much fainter than cairo's as they are wider
    width = max(1, round(HAIRLINE * scale))
    color = mix(frame.color, background or "#ffffff", min(1.0, HAIRLINE * scale / width))
    near = [round((corner - HAIRLINE / 2) * scale) for corner in (frame.x, frame.y)]
    far = [
        round((corner + HAIRLINE / 2) * scale) - 1
        for corner in (frame.x + frame.width, frame.y + frame.height)
    ]
    ImageDraw.Draw(canvas).rectangle((*near, *far), outline=parse_color(color), width=width)


def _paint_label(canvas: Any, label: Label, scale: float) -> None:
    from PIL import ImageDraw

    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[label.anchor]
    ImageDraw.Draw(canvas).text(
        (label.x * scale, label.y * scale),
        label.text,
        fill=parse_color(label.color),
        font=_font(label, scale),
        anchor=anchor,
    )


def _font(label: Label, scale: float) -> Any:
    from PIL import ImageFont

    from sketchrnn.render import text_metrics

    size = label.size * scale
    files = (*_BOLD_FILES, *_LATIN_FILES) if label.bold else _LATIN_FILES
    if text_metrics.fonts(label.text) == text_metrics.CJK_FONTS:
        files = (*_CJK_FILES, *files)
    for name in files:
        try:
            return ImageFont.truetype(name, size)
        except OSError:  # not installed
            continue
    return ImageFont.load_default(size)
