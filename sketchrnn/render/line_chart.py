"""Curves as SVG to stand inside a page: axes with round numbers, a legend, nothing to load.

The colours are the page's CSS variables `--ink`, `--muted`, `--rule` and `--series-1` to
`--series-4`, so that a page can be light or dark; each has a value for where there is no page.
"""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence

import numpy as np

_WIDTH, _HEIGHT = 480, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 26, 40, 46
_COLORS = ("#1f6fb2", "#c2570c", "#2f8f5b", "#8a4fb0")
_MOST_POINTS = 1500
_SPIKE = 3.0
"""What stands out of the lower 95 of 100 values by more than so many times their range is cut."""


@dataclasses.dataclass(frozen=True)
class Series:
    """A curve.

    Attributes:
        name: For the legend.
        x: n numbers, ascending.
        y: n numbers; what is not finite leaves a gap.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_plot(
    series: Sequence[Series], *, title: str, x_label: str, y_label: str, mark: float | None = None
) -> str:
    """Return curves as an `<svg>` element.

    Args:
        series: One to four curves; of those together at least one value is finite.
        title: What is read out to who cannot see it.
        x_label: With its unit.
        y_label: With its unit.
        mark: An x to be marked by a vertical line.

    Returns:
        SVG without a width, as wide as its place.
    """
    xs = np.concatenate([np.asarray(s.x, dtype=np.float64) for s in series])
    ys = np.concatenate([np.asarray(s.y, dtype=np.float64) for s in series])
    ys = ys[np.isfinite(ys)]
    x_ticks = ticks(min(0.0, float(xs.min())), float(xs.max()))
    y_ticks = ticks(*visible(ys))
    x_low, x_high, y_low, y_high = x_ticks[0], x_ticks[-1], y_ticks[0], y_ticks[-1]
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place_x(x: float) -> float:
        return (x - x_low) / (x_high - x_low) * width

    def place_y(y: float) -> float:
        return height - (y - y_low) / (y_high - y_low) * height

    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}" xmlns="http://www.w3.org/2000/svg" '
        'font-family="system-ui, sans-serif" font-size="12">'
    ]
    for y in y_ticks:
        at = _TOP + place_y(y)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
            'stroke="var(--rule, #ddd)"/>'
            f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" '
            f'fill="var(--muted, #666)">{number_text(y, y_ticks)}</text>'
        )
    for x in x_ticks:
        at = _LEFT + place_x(x)
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP + height}" y2="{_TOP + height + 4}" '
            'stroke="var(--muted, #666)"/>'
            f'<text x="{at:.1f}" y="{_TOP + height + 18}" text-anchor="middle" '
            f'fill="var(--muted, #666)">{number_text(x, x_ticks)}</text>'
        )
    parts.append(
        f'<text x="{_LEFT + width / 2}" y="{_HEIGHT - 6}" text-anchor="middle" '
        f'fill="var(--ink, #222)">{html.escape(x_label)}</text>'
        f'<text transform="translate(14 {_TOP + height / 2}) rotate(-90)" text-anchor="middle" '
        f'fill="var(--ink, #222)">{html.escape(y_label)}</text>'
    )
    # a picture of its own, which cuts off what lies outside
    parts.append(
        f'<svg x="{_LEFT}" y="{_TOP}" width="{width}" height="{height}" overflow="hidden">'
    )
    if mark is not None:
        at = place_x(mark)
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height}" '
            'stroke="var(--muted, #666)" stroke-dasharray="3 4"/>'
        )
    for number, one in enumerate(series):
        for run in _runs(one):
            points = " ".join(f"{place_x(x):.1f},{place_y(y):.1f}" for x, y in run)
            color = _color(number)
            if len(run) == 1:
                x, y = (float(v) for v in points.split(","))
                parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>')
            else:
                parts.append(
                    f'<polyline points="{points}" fill="none" stroke="{color}" '
                    'stroke-width="2" stroke-linejoin="round"/>'
                )
    parts.append("</svg>")
    x = float(_LEFT)
    for number, one in enumerate(series):
        parts.append(
            f'<line x1="{x}" x2="{x + 18}" y1="18" y2="18" stroke="{_color(number)}" '
            'stroke-width="3"/>'
            f'<text x="{x + 24}" y="22" fill="var(--ink, #222)">{html.escape(one.name)}</text>'
        )
        x += 40 + 7.0 * len(one.name)
    return "".join(parts) + "</svg>"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers that reach from at most `low` to at least `high`.

    >>> ticks(0, 7750)
    [0.0, 2000.0, 4000.0, 6000.0, 8000.0]
    >>> ticks(0.5, 0.5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def visible(values: np.ndarray) -> tuple[float, float]:
    """Return the range to show: all, but for spikes that would flatten the rest."""
    low, high = float(values.min()), float(values.max())
    usual = float(np.quantile(values, 0.95))
    if high - usual > _SPIKE * (usual - low) > 0:
        high = usual + 0.2 * (usual - low)
    return low, high


def _runs(series: Series) -> list[list[tuple[float, float]]]:
    """Return the stretches of a curve without a gap, thinned out where there are very many."""
    stride = max(1, math.ceil(len(series.x) / _MOST_POINTS))
    points = list(zip(series.x, series.y, strict=True))
    kept = points[::stride]
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in kept:
        if math.isfinite(y):
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def number_text(value: float, among: Sequence[float]) -> str:
    """Write a number as exactly as its neighbours differ."""
    step = abs(among[1] - among[0])
    largest = max(abs(v) for v in among)
    if largest and (largest < 1e-3 or largest >= 1e7):
        return f"{value:.3g}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1  # steps of 2.5
    return f"{value:,.{decimals}f}".replace("-", "−")


def _color(number: int) -> str:
    place = number % len(_COLORS)
    return f"var(--series-{place + 1}, {_COLORS[place]})"
