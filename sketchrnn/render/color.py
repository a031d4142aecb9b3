"""Colours: reading them, mixing them, and the ramp that tells the order of strokes."""

from __future__ import annotations

import math
import re

from sketchrnn.drawing import BadSettingError, MissingDependencyError

RGB = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

DARK_INK = "#1d1d1f"
LIGHT_INK = "#f2f2f0"

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_NAME = re.compile(r"[a-z]+")

# The ramp runs through OKLCH, where equal steps look equal: from a dark blue over purple and red
# to a light orange. Lightness alone tells the order, also in print and to the colour-blind.
_RAMP_HUES = (265.0, 425.0)  # degrees; 425 is 65, orange, reached through red
_RAMP_LIGHTNESS_ON_LIGHT = (0.36, 0.75)
_RAMP_LIGHTNESS_ON_DARK = (0.55, 0.90)
_RAMP_CHROMA = 0.165


def parse_color(text: str) -> RGB:
    """Read #rgb, #rrggbb or a CSS name.

    Raises:
        BadSettingError: If it is none of them.

    >>> parse_color("#08f"), parse_color("tomato")
    ((0, 136, 255), (255, 99, 71))
    """
    lower = text.strip().lower() if isinstance(text, str) else ""
    if _HEX.fullmatch(lower):
        digits = lower[1:]
        if len(digits) == 3:
            digits = "".join(2 * digit for digit in digits)
        return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    if _NAME.fullmatch(lower):
        try:
            from PIL import ImageColor
        except ImportError:
            raise MissingDependencyError(
                f"the colour {text!r} needs Pillow to be looked up",
                hint="pip install Pillow, or write the colour as #rrggbb",
            ) from None
        if lower in ImageColor.colormap:
            return parse_color(str(ImageColor.colormap[lower]))
    raise BadSettingError(
        f"{text!r} is not a colour", hint="write #rgb, #rrggbb or a CSS name such as navy"
    )


def to_hex(rgb: RGB) -> str:
    """Write a colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def mix(ink: str, ground: str, share: float) -> str:
    """Return `share` of `ink` laid over `ground`, as #rrggbb.

    >>> mix("#000000", "#ffffff", 0.2)
    '#cccccc'
    """
    red, green, blue = (
        round(share * a + (1 - share) * b)
        for a, b in zip(parse_color(ink), parse_color(ground), strict=True)
    )
    return to_hex((red, green, blue))


def is_dark(color: str | None) -> bool:
    """Say whether light ink reads better on a colour; nothing, None, counts as white paper."""
    if color is None:
        return False
    red, green, blue = parse_color(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128


def order_ramp(count: int, on_dark: bool = False) -> list[str]:
    """Return `count` colours as #rrggbb, the first stroke's the darkest.

    >>> order_ramp(2)
    ['#112f92', '#f49411']
    """
    low, high = _RAMP_LIGHTNESS_ON_DARK if on_dark else _RAMP_LIGHTNESS_ON_LIGHT
    colors = []
    for i in range(count):
        t = i / (count - 1) if count > 1 else 0.0
        hue = math.radians(_RAMP_HUES[0] + t * (_RAMP_HUES[1] - _RAMP_HUES[0]))
        lightness = low + t * (high - low)
        colors.append(
            to_hex(
                _oklab_to_rgb(lightness, _RAMP_CHROMA * math.cos(hue), _RAMP_CHROMA * math.sin(hue))
            )
        )
    return colors


def _oklab_to_rgb(lightness: float, a: float, b: float) -> RGB:
    """Convert OKLab to sRGB, cutting off what sRGB cannot show.

    Source:
        Ottosson (2020), "A perceptual color space for image processing".
    """
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return (_gamma(red), _gamma(green), _gamma(blue))


def _gamma(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    if linear <= 0.0031308:
        return round(255 * 12.92 * linear)
    return round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))
