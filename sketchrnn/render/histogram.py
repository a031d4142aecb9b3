"""Histograms on a page, with the marks that drawings are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sketchrnn.drawing import BadSettingError
from sketchrnn.render.color import DARK_INK, mix
from sketchrnn.render.gallery import Gallery
from sketchrnn.render.page import HAIRLINE, Frame, Label, Page
from sketchrnn.render.text_metrics import BOLD, clean, shorten, text_width

_WIDTH = 640.0
_HEIGHT = 150.0  # of one panel's bars
_MARGIN = 28.0
_HEAD = 34.0  # room for a panel's name and note
_FOOT = 40.0  # room for numbers and unit under the axis
_SIZE = 11.0
_TITLE_SIZE = 16.0
_MOST_BARS = 60
_TAIL = 0.995  # the share of drawings that sets the axis, where few are far longer
_BAR = "#3565b0"
_MARK = "#d9480f"


@dataclass(frozen=True)
class Panel:
    """One histogram.

    Attributes:
        name: Stands over it.
        counts: Value -> how many; values are whole numbers of 0 or more.
        note: Stands behind the name, in grey.
        mark: A value to draw a line at, and what it is called.
    """

    name: str
    counts: Mapping[int, int]
    note: str = ""
    mark: tuple[float, str] | None = None


def histograms(panels: Iterable[Panel], unit: str, title: str | None = None) -> Gallery:
    """Lay histograms out on a page, one under the other, each with an axis of its own.

    Args:
        panels: What to show; one without counts says that there is nothing.
        unit: Of the values, under the axes.
        title: Stands at the head of the page.

    Returns:
        The page, to be saved or shown as any gallery.

    Raises:
        BadSettingError: If there is no panel.
    """
    listed = list(panels)
    if not listed:
        raise BadSettingError("there is nothing to plot")
    muted, faint = mix(DARK_INK, "#ffffff", 0.62), mix(DARK_INK, "#ffffff", 0.12)
    most = max(
        (_binned(panel.counts)[1] for panel in listed), key=lambda bars: max(bars, default=0)
    )
    left = _MARGIN + max(text_width(f"{tick:,}", _SIZE) for tick in ticks(max(most, default=0))) + 8
    room = _WIDTH - left - _MARGIN
    labels: list[Label] = []
    frames: list[Frame] = []
    y = _MARGIN
    heading = clean(title or "")
    if heading:
        text = shorten(heading, BOLD * _TITLE_SIZE, _WIDTH - 2 * _MARGIN)
        labels.append(Label(text, _MARGIN, y + 12, _TITLE_SIZE, DARK_INK, bold=True))
        y += 30
    for panel in listed:
        name = clean(panel.name)
        labels.append(Label(name, _MARGIN, y + 12, 13.0, DARK_INK, bold=True))
        x = _MARGIN + text_width(name, 13.0) * 1.1 + 10
        note = shorten(clean(panel.note), _SIZE, _WIDTH - _MARGIN - x)
        labels.append(Label(note, x, y + 12, _SIZE, muted))
        top = y + _HEAD
        bottom = top + _HEIGHT
        width, bars = _binned(panel.counts)
        highest = max(bars, default=0)
        scale = _HEIGHT / (ticks(highest)[-1] or 1)
        for tick in ticks(highest):
            level = bottom - tick * scale
            frames.append(_line(left, level, room, 0, faint if tick else muted))
            labels.append(Label(f"{tick:,}", left - 8, level + 4, _SIZE, muted, anchor="end"))
        step = room / max(1, len(bars))
        for k, count in enumerate(bars):
            if count:
                high = max(count * scale, 0.75)
                gap = min(1.0, step / 6)
                frames.append(
                    Frame(left + k * step + gap / 2, bottom - high, step - gap, high, "none", _BAR)
                )
        end = width * len(bars)
        for tick in ticks(end) if end else ():
            if tick <= end:
                x = left + tick / end * room
                frames.append(_line(x, bottom, 0, 4, muted))
                labels.append(Label(f"{tick:,}", x, bottom + 17, _SIZE, muted, anchor="middle"))
        total, beyond = sum(panel.counts.values()), 0
        beyond = sum(count for value, count in panel.counts.items() if value >= end)
        below = unit if total else "nothing to show"
        if beyond and total:
            below += f" ({beyond:,} of {total:,} are longer, up to {max(panel.counts):,})"
        labels.append(Label(below, left + room / 2, bottom + 32, _SIZE, muted, anchor="middle"))
        if panel.mark is not None and end and panel.mark[0] <= end:
            x = left + panel.mark[0] / end * room
            frames.append(_line(x, top - 8, 0, _HEIGHT + 8, _MARK))
            side = "end" if x > left + room * 0.6 else "start"
            shift = -5 if side == "end" else 5
            labels.append(Label(clean(panel.mark[1]), x + shift, top - 1, _SIZE, _MARK, side))
        y = bottom + _FOOT + 14
    page = Page(
        width=_WIDTH,
        height=y + _MARGIN - 14,
        ink=DARK_INK,
        stroke_width=1.5,
        precision=2,
        background="#ffffff",
        labels=tuple(labels),
        frames=tuple(frames),
        title=heading or None,
    )
    return Gallery(page)


def _line(x: float, y: float, width: float, height: float, color: str) -> Frame:
    """Return a line from (x, y) to the right or down."""
    half = HAIRLINE / 2
    return Frame(x - half, y - half, width + HAIRLINE, height + HAIRLINE, "none", color)


def ticks(highest: float) -> list[int]:
    """Return some five round numbers from 0 up to `highest` or just beyond.

    >>> ticks(93), ticks(1), ticks(0)
    ([0, 20, 40, 60, 80, 100], [0, 1], [0])
    """
    if highest <= 0:
        return [0]
    raw = highest / 5
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= raw * (1 - 1e-9))
    whole = max(1, math.ceil(step))
    return [k * whole for k in range(math.ceil(highest / whole) + 1)]


def _binned(counts: Mapping[int, int]) -> tuple[int, list[int]]:
    """Return the width of a bar and how many fall into each, from 0 up to where few are left."""
    total = sum(counts.values())
    if not total:
        return 1, []
    longest = max(counts)
    running, tail = 0, longest
    for value in sorted(counts):
        running += counts[value]
        if running >= _TAIL * total:
            tail = value
            break
    end = longest if longest <= 1.4 * tail else tail
    width = max(1, math.ceil((end + 1) / _MOST_BARS))
    bars = [0] * math.ceil((end + 1) / width)
    for value, count in counts.items():
        if value // width < len(bars):
            bars[value // width] += count
    return width, bars
