"""Pictures of line art, PNG or JPEG: thinned to the middle of their lines and traced as strokes.

The picture is divided into ink and paper by Otsu's threshold, whichever of them is the darker;
the ink is thinned to lines one pixel wide, and `tracing` makes strokes of them. What is not line
art, a photograph say, is refused. Coordinates are pixels.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.drawing import BadFileError, Drawing, MissingDependencyError
from sketchrnn.sources.content import OpenFile, read_whole
from sketchrnn.sources.source import Item, Skip, Source
from sketchrnn.sources.tracing import trace

EPSILON = 2.0
MAX_BYTES = 64 << 20
MAX_PIXELS = 16_000_000
"""The largest picture: a page of A4 at 300 dpi has 8.7 million pixels."""

MAX_COMPONENTS = 1000
"""Separate pieces of ink beyond which a picture is no line drawing."""

MAX_INK = 0.4
"""The greatest share of ink that line art has; a dense page of writing has 0.15."""

MIN_SEPARATION = 0.6
"""The least share of the variance of brightness that the division into ink and paper explains."""

MAX_WIDTH = 0.12
"""The widest lines, in shorter sides of the picture."""

MAX_SOLID = 0.15
"""The greatest share of ink that lies farther from paper than lines are wide: areas, not lines.
Measured: 0.03 at most in 240 pictures of characters and sketches, drawn with pens of 1.2 to 12
pixels, blur and noise; 0.24 to 0.62 in photographs that pass the other tests."""

_BLUR = 0.7  # pixels; takes the noise of a scan away and leaves the thinnest line
_CONTRAST = 24  # of 255; less is an empty sheet
_HINT = "choose a picture of lines on a plain ground"


@dataclass(frozen=True)
class Ink:
    """The ink of a picture.

    Args:
        mask: (height, width) true where there is ink.
        skeleton: (height, width) true along the middle of its lines.
        width: How wide the lines are, in pixels.
    """

    mask: NDArray[np.bool_]
    skeleton: NDArray[np.bool_]
    width: float


def open_picture(name: str, open_file: OpenFile) -> Source:
    """Open a picture.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        try:
            drawing = read_picture(read_whole(name, open_file, MAX_BYTES), name)
        except BadFileError as error:
            skip(label, error)
        else:
            yield Item(drawing, label)

    return Source(name, "longer_side", EPSILON, read, length=1)


def read_picture(data: bytes, name: str) -> Drawing:
    """Make a drawing of a picture of line art.

    Args:
        data: The content of a PNG or JPEG file.
        name: Its name, for errors and for the metadata.

    Returns:
        A drawing in pixels, y down. Metadata: source, line_width.

    Raises:
        BadFileError: If it cannot be read, is too large, empty, or no line art.
        MissingDependencyError: If Pillow or scikit-image is not installed.
    """
    ink = find_ink(_brightness(data, name), name)
    strokes = trace(ink.skeleton, ink.width)
    if not strokes:
        raise BadFileError("has no lines", path=name, hint=_HINT)
    notes = {"source": Path(name).name, "line_width": round(ink.width, 2)}
    return Drawing(strokes, metadata=notes)


def find_ink(brightness: NDArray[Any], name: str) -> Ink:
    """Divide a picture into ink and paper, and thin the ink.

    Args:
        brightness: (height, width) from 0, black, to 255.
        name: The picture's name, for errors.

    Raises:
        BadFileError: If the picture is empty or no line art.
        MissingDependencyError: If scikit-image is not installed.
    """
    skimage = _skimage()
    smooth = skimage.gaussian(brightness.astype(np.float64), _BLUR)
    if smooth.max() - smooth.min() < _CONTRAST:
        raise BadFileError("is empty: all of it has one brightness", path=name, hint=_HINT)
    threshold = skimage.threshold_otsu(smooth)
    dark = smooth <= threshold
    # paper is what there is more of at the edge, and if that does not tell, in all
    edge = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]]).mean()
    mask = ~dark if edge > 0.5 else dark
    _check(mask.mean() <= MAX_INK, f"{mask.mean():.0%} of it would be ink", name)
    explained = _separation(smooth, dark)
    _check(explained >= MIN_SEPARATION, f"ink and paper explain only {explained:.0%} of it", name)
    width = _line_width(mask, skimage.skeletonize(mask))
    least = max(3.0, 0.1 * width * width)  # a speck is smaller than a dot of the pen
    mask = skimage.without_specks(mask, least)
    mask = ~skimage.without_specks(~mask, least)  # and so is a hole in a line
    count = skimage.count(mask)
    if not count:
        raise BadFileError("has no lines", path=name, hint=_HINT)
    _check(count <= MAX_COMPONENTS, f"{count:,} pieces of ink", name)
    skeleton = skimage.skeletonize(mask)
    width = _line_width(mask, skeleton)
    _check(width <= MAX_WIDTH * min(mask.shape), f"lines {width:.0f} pixels wide", name)
    solid = float(skimage.erode(mask, width).sum() / mask.sum())
    _check(solid <= MAX_SOLID, f"{solid:.0%} of the ink are areas, not lines", name)
    return Ink(mask, skeleton, width)


def _check(passed: bool, what: str, name: str) -> None:
    if not passed:
        raise BadFileError(f"is no line art ({what})", path=name, hint=_HINT)


def _separation(brightness: NDArray[np.float64], dark: NDArray[np.bool_]) -> float:
    """Return the share of the variance that lies between the two classes (Otsu's eta)."""
    share = float(dark.mean())
    apart = float(brightness[dark].mean() - brightness[~dark].mean())
    return share * (1 - share) * apart**2 / float(brightness.var())


def _line_width(mask: NDArray[np.bool_], skeleton: NDArray[np.bool_]) -> float:
    """Return how wide lines are on average: their area over their length."""
    return max(1.0, float(mask.sum()) / max(1.0, float(skeleton.sum())))


def _brightness(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return (height, width) brightness; what is transparent counts as paper.

    Raises:
        BadFileError: If the picture cannot be read or is too large.
        MissingDependencyError: If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise _missing("Pillow") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is refused below, of odd metadata
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise BadFileError(
                        f"has {width} x {height} pixels, more than {MAX_PIXELS // 10**6} million",
                        path=name,
                        hint="make it smaller",
                    )
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):  # 16 bits of grey
                    grey = np.asarray(upright, dtype=np.float64)
                    return (grey / max(1.0, grey.max()) * 255).astype(np.uint8)
                pixels = np.asarray(upright.convert("RGBA").convert("RGBa"), dtype=np.float64)
    except BadFileError:
        raise
    except Image.DecompressionBombError:  # of a size at which Pillow does not even look
        raise BadFileError(
            f"has far more than {MAX_PIXELS // 10**6} million pixels",
            path=name,
            hint="make it smaller",
        ) from None
    except Exception:  # Pillow's readers stumble in many ways
        raise BadFileError(
            "is no picture that can be read: it is damaged, or of another kind than its name says",
            path=name,
            hint="save it again as PNG or JPEG",
        ) from None
    grey = pixels[..., :3] @ (0.299, 0.587, 0.114)  # of ITU-R BT.601, times the opacity
    opacity = pixels[..., 3]
    total = opacity.sum()
    # light ink on a transparent ground is seen on black
    ground = 0.0 if total and grey.sum() > 0.5 * 255 * total / 255 and opacity.min() < 128 else 1.0
    return np.rint(grey + ground * (255 - opacity)).astype(np.uint8)


@dataclass(frozen=True)
class _Skimage:
    """What is used of scikit-image."""

    gaussian: Any
    threshold_otsu: Any
    skeletonize: Any
    label: Any
    erode: Any

    def without_specks(self, mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
        """Return the mask without pieces of fewer pixels than `least`."""
        labels = self.label(mask, connectivity=2)
        large = np.bincount(labels.ravel()) >= least
        large[0] = False
        return np.asarray(large[labels])

    def count(self, mask: NDArray[np.bool_]) -> int:
        """Return how many pieces a mask has."""
        return int(self.label(mask, connectivity=2).max())


def _skimage() -> _Skimage:
    try:
        from skimage.filters import gaussian, threshold_otsu
        from skimage.measure import label
        from skimage.morphology import isotropic_erosion, skeletonize
    except ImportError:
        raise _missing("scikit-image") from None
    return _Skimage(gaussian, threshold_otsu, skeletonize, label, isotropic_erosion)


def _missing(package: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"pictures are read with {package}, which is not installed",
        hint="pip install 'sketchrnn[images]'",
    )
