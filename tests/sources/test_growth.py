"""Time grows in proportion to a file: what is twice as long takes less than three times as long."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest

from sketchrnn.drawing import SketchRNNError
from sketchrnn.sources.characters import read_omniglot
from sketchrnn.sources.content import walk
from sketchrnn.sources.inkml import read_inkml
from sketchrnn.sources.kanjivg_path import flatten_paths
from sketchrnn.sources.polylines import read_polylines
from sketchrnn.sources.svg import read_svg
from sketchrnn.sources.svg_style import declarations
from sketchrnn.sources.svg_tree import length

SLOW = 5.0
"""Seconds that none of these takes, far from it: what is quadratic takes minutes."""


def svg(body: str) -> None:
    read_svg(f'<svg xmlns:xlink="x">{body}<path d="M0 0h9" stroke="red"/></svg>'.encode(), "a.svg")


def ink(body: str) -> None:
    read_inkml(f"<ink>{body}</ink>".encode(), "a.inkml")


CASES: dict[str, Callable[[int], object]] = {
    "digits of a length": lambda n: length("1" * n + "x!", 1.0),
    "white space of a length": lambda n: length("1" + " " * n + "!", 1.0),
    "white space of a style": lambda n: list(declarations("fill:" + " " * n + "!")),
    "marks of a style": lambda n: list(declarations("fill:" + "! important" * n)),
    "digits of Omniglot": lambda n: read_omniglot(b"START\n" + b"1" * n + b"x,2\nBREAK", "a"),
    "digits of a trace": lambda n: ink(f"<trace>{'1' * n}x</trace>"),
    "white space of a trace": lambda n: ink(f"<trace>1 2,{' ' * n}x</trace>"),
    "digits of a path": lambda n: flatten_paths(["M0 0L" + "1" * n + "x"], 109.0),
    "points of an SVG": lambda n: svg(f'<polyline points="{"1" * n}x"/>'),
    "one style for many": lambda n: svg(
        f"<style>.a{{transform:translate(1){' ' * n}}}</style>"
        + '<path class="a" d="M0 0h1"/>' * (n // 50)
    ),
    "one transform used often": lambda n: svg(
        f'<g id="a" transform="translate(1){" " * n}"><path d="M0 0h1"/></g>'
        + '<use xlink:href="#a"/>' * (n // 50)
    ),
    "ancestors of selectors": lambda n: svg(
        f"<style>{'g ' * 30}.a{{fill:none}}</style>{'<g>' * 90}"
        + '<path class="a" d="M0 0h1"/>' * (n // 50)
        + "</g>" * 90
    ),
    "siblings of selectors": lambda n: svg(
        "<style>path ~ rect ~ .a{fill:none}</style>" + '<path class="a" d="M0 0h1"/>' * (n // 50)
    ),
    "traces that go on": lambda n: ink(
        '<trace id="a">0 0</trace>'
        + '<trace continuation="middle" priorRef="#a">1 1</trace>' * (n // 50)
    ),
    "dots of JSON": lambda n: read_polylines([[[0, 0]]] * n),
}


@pytest.mark.parametrize("name", CASES)
def test_twice_as_long_takes_about_twice_as_long(name):
    def seconds(size: int) -> float:
        start = time.process_time()
        with contextlib.suppress(SketchRNNError):
            CASES[name](size)
        return time.process_time() - start

    seconds(10)  # loads what is loaded late
    first, second = seconds(50_000), seconds(100_000)
    assert second < max(SLOW, 3 * first)
    assert second < 10 * SLOW


def test_text_between_tags_is_not_gathered_twice():
    pieces: list[str] = []
    walk(b"<a>" + b"x&#10;" * 10_000 + b"</a>", "a", lambda *_: None, lambda _: None, pieces.append)
    assert sum(map(len, pieces)) == 20_000
