"""Trials as a picture: how each learned, and what each setting did to the outcome."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence

import numpy as np

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.line_chart import number_text, ticks, visible

_PANEL, _HEIGHT = 330.0, 200.0
_LEFT, _RIGHT, _HEAD, _FOOT = 58.0, 20.0, 40.0, 46.0
_MARGIN = 14.0
_TITLE = 30.0  # room for the legend
_INK, _MUTED, _RULE = "#222222", "#666666", "#dddddd"
_USUAL, _BEST, _FAILED = "#1f6fb2", "#c2570c", "#b3261e"
_COLUMNS = 2
_LETTER = 6.6  # px of a letter, about


@dataclasses.dataclass(frozen=True)
class Axis:
    """A setting.

    Attributes:
        name: What it is called.
        labels: Of the values, if they are few, in their order; else empty.
        low: The least value, if any between two is possible.
        high: The greatest.
        log: Whether orders of magnitude count; then low is above 0.
    """

    name: str
    labels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False


@dataclasses.dataclass(frozen=True)
class Shown:
    """A trial.

    Attributes:
        name: For who points at it.
        places: On each axis: the place of its label, from 0, or the value.
        score: The less the better; None if it failed.
        curve: Steps, ascending, and the score at each.
    """

    name: str
    places: tuple[float, ...]
    score: float | None
    curve: tuple[tuple[float, float], ...] = ()


def slices(axes: Sequence[Axis], trials: Sequence[Shown], *, score: str) -> str:
    """Return an SVG document: the curves of all trials, and a panel a setting with all outcomes.

    The best trial stands out in orange, with a ring; a line joins the best outcomes of the values
    of a setting; who failed is a red cross at the head of the panel.

    Args:
        axes: The settings.
        trials: With a place on each axis.
        score: What the score is called.

    Raises:
        BadSettingError: If there is no setting.
    """
    if not axes:
        raise BadSettingError("there is nothing to plot")
    scores = [one.score for one in trials if one.score is not None]
    low, high = visible(np.array(scores)) if scores else (0.0, 1.0)
    levels = ticks(low, high, 4)
    best = min((t for t in trials if t.score is not None), key=lambda t: t.score or 0, default=None)
    panels = [_curves(trials, best, score)]
    panels += [_slice(axis, place, trials, best, levels, score) for place, axis in enumerate(axes)]
    columns = min(_COLUMNS, len(panels))
    wide, tall = _LEFT + _PANEL + _RIGHT, _HEAD + _HEIGHT + _FOOT
    width = 2 * _MARGIN + columns * wide
    height = _TITLE + _MARGIN + math.ceil(len(panels) / columns) * tall
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="system-ui, sans-serif" '
        'font-size="12">',
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
    ]
    x = _MARGIN + _LEFT
    for color, text in _legend(trials, best):
        parts.append(
            f'<circle cx="{x + 4:g}" cy="{_MARGIN + 6:g}" r="4" fill="{color}"/>'
            + _text(x + 14, _MARGIN + 10, text, anchor="start")
        )
        x += 34 + _LETTER * len(text)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        x, y = _MARGIN + column * wide + _LEFT, _TITLE + row * tall + _HEAD
        parts.append(f'<g transform="translate({x:g} {y:g})">\n{panel}\n</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(trials: Sequence[Shown], best: Shown | None) -> list[tuple[str, str]]:
    """Return what the colours mean."""
    said = []
    if best is not None:
        least = f"{best.score:.4f}".replace("-", "−")
        said.append((_BEST, f"the best, {best.name.partition('-')[0]}: {least}"))
        said.append((_USUAL, "the others"))
    failed = sum(one.score is None for one in trials)
    return said + ([(_FAILED, f"failed: {failed}")] if failed else [])


def _curves(trials: Sequence[Shown], best: Shown | None, score: str) -> str:
    """Return the panel of all curves."""
    known = [t for t in trials if any(math.isfinite(y) for _, y in t.curve)]
    parts = [_heading(f"{score}, by step")]
    if not known:
        return "\n".join([*parts, _frame([0.0, 1.0]), _text(_PANEL / 2, 100, "none yet")])
    ys = np.array([y for t in known for _, y in t.curve if math.isfinite(y)])
    xs = ticks(0.0, max(x for t in known for x, _ in t.curve))
    levels = ticks(*visible(ys), 4)
    parts.append(_frame(levels))
    parts += [_notch(x / xs[-1] * _PANEL, number_text(x, xs)) for x in xs]
    parts.append(_text(_PANEL / 2, _HEIGHT + 36, "step"))
    parts.append(f'<svg x="0" y="0" width="{_PANEL:g}" height="{_HEIGHT:g}" overflow="hidden">')
    for one in sorted(known, key=lambda t: t is best):  # the best one on top
        color, strength = (_BEST, 1) if one is best else (_USUAL, 0.45)
        points = [
            (x / xs[-1] * _PANEL, _level(y, levels)) for x, y in one.curve if math.isfinite(y)
        ]
        title = f"<title>{html.escape(one.name)}</title>"
        if len(points) == 1:
            x, y = points[0]
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}" '
                f'opacity="{strength}">{title}</circle>'
            )
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-linejoin="round" opacity="{strength}">{title}</polyline>'
        )
    return "\n".join([*parts, "</svg>"])


def _slice(
    axis: Axis,
    place: int,
    trials: Sequence[Shown],
    best: Shown | None,
    levels: list[float],
    score: str,
) -> str:
    """Return the panel of a setting."""
    parts = [_heading(f"{score}, by {axis.name}"), _frame(levels)]
    for x, label in _notches(axis):
        parts.append(_notch(x, label))
    least: dict[float, float] = {}
    for one in trials:
        if one.score is not None:
            x = _place(axis, one.places[place])
            least[x] = min(one.score, least.get(x, math.inf))
    if axis.labels and len(least) > 1:
        path = " ".join(f"{x:.1f},{max(0.0, _level(least[x], levels)):.1f}" for x in sorted(least))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{_USUAL}" stroke-width="1.5" '
            'opacity="0.45"/>'
        )
    for one in sorted(trials, key=lambda t: t is best):
        x = _place(axis, one.places[place])
        if one.score is None:
            parts.append(
                f'<path d="M{x - 4:.1f} 4l8 8m0 -8l-8 8" stroke="{_FAILED}" stroke-width="2">'
                f"<title>{html.escape(one.name)} failed</title></path>"
            )
            continue
        y = _level(one.score, levels)
        title = f"<title>{html.escape(one.name)}: {one.score:.4f}</title>"
        if y < 0:  # far worse than the others: an arrow that points there
            parts.append(
                f'<path d="M{x - 5:.1f} 9l5 -9l5 9z" fill="{_USUAL}" opacity="0.65">{title}</path>'
            )
            continue
        if one is best:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="{_BEST}" '
                'stroke-width="1.5"/>'
            )
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_BEST if one is best else _USUAL}" '
            f'opacity="{1 if one is best else 0.65}">{title}</circle>'
        )
    return "\n".join(parts)


def _notches(axis: Axis) -> list[tuple[float, str]]:
    """Return where the axis is marked, and with what."""
    if axis.labels:
        marks = [(_place(axis, k), label) for k, label in enumerate(axis.labels)]
    elif axis.log:
        first = math.ceil(math.log10(axis.low) - 1e-9)
        last = math.floor(math.log10(axis.high) + 1e-9)
        powers = [10.0**k for k in range(first, last + 1)]
        marks = [(_place(axis, value), f"{value:g}") for value in powers or (axis.low, axis.high)]
    else:
        inside = [v for v in ticks(axis.low, axis.high) if axis.low <= v <= axis.high]
        marks = [(_place(axis, value), f"{value:g}") for value in inside]
    widest = max((len(label) for _, label in marks), default=0) * _LETTER + 8
    every = max(1, math.ceil(widest * len(marks) / _PANEL))
    return marks[::every]


def _place(axis: Axis, value: float) -> float:
    """Return px from the left of the panel."""
    if axis.labels:
        return (value + 0.5) / len(axis.labels) * _PANEL
    if axis.log:
        share = math.log(value / axis.low) / math.log(axis.high / axis.low)
    else:
        share = (value - axis.low) / (axis.high - axis.low)
    return 12 + share * (_PANEL - 24)


def _level(y: float, levels: list[float]) -> float:
    """Return px from the head of the panel."""
    return _HEIGHT * (levels[-1] - y) / (levels[-1] - levels[0])


def _frame(levels: list[float]) -> str:
    """Return the level lines of a panel, with their numbers."""
    return "\n".join(
        f'<line x1="0" x2="{_PANEL:g}" y1="{_level(v, levels):.1f}" '
        f'y2="{_level(v, levels):.1f}" stroke="{_RULE}"/>'
        + _text(-8, _level(v, levels) + 4, number_text(v, levels), anchor="end")
        for v in levels
    )


def _notch(x: float, label: str) -> str:
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEIGHT:g}" y2="{_HEIGHT + 4:g}"'
    return f'{line} stroke="{_MUTED}"/>' + _text(x, _HEIGHT + 18, label)


def _heading(text: str) -> str:
    return (
        f'<text x="0" y="-14" font-size="13" font-weight="bold" fill="{_INK}">'
        f"{html.escape(text)}</text>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_MUTED}">'
        f"{html.escape(text)}</text>"
    )
