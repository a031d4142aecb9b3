"""Pages as HTML: one file that asks nobody for anything, and draws stroke by stroke.

The drawings stand in the document as SVG, so a reader without scripts sees them all. The script
(gallery.js) adds movement, favourites and downloads. A strict policy allows this one script and
this one style sheet, by their digests, and nothing from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing.bezier_fit import fit_curve
from sketchrnn.render.color import DARK_INK
from sketchrnn.render.page import DOT_WIDTH, Page, Picture, is_dot
from sketchrnn.render.svg import format_number, recipe_json
from sketchrnn.render.text_metrics import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = 2000
"""Whole units along the longer side of a cell. They make short numbers, and are finer than a
screen's pixels at any size that a cell is shown at."""

NARROWEST_CELL = 112
"""In px: two buttons a thumb wide must fit."""

_PAPER = "#ffffff"
_KEYS = (
    "Keys: <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>Enter</kbd> draws again, "
    "<kbd>F</kbd> makes a favourite, <kbd>D</kbd> downloads."
)


def page_to_html(page: Page) -> str:
    """Write a page as an HTML document that needs no other file.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
    """
    width, height = _cell_size(page)
    scale = UNITS / max(width, height)
    figures = _figures(page, scale)
    title = page.title or "Drawings"
    style = _asset("gallery.css") + _own_style(page, width)
    script = _asset("gallery.js")
    notes = {
        "id": _digest(figures)[:16],
        "title": title,
        "width": round(width),
        "height": round(height),
        "ink": page.ink,
        "pen": format_number(page.stroke_width * scale, 0),
        "background": page.background,
    }
    text = _escape
    policy = (
        f"default-src 'none'; script-src 'sha256-{_policy_digest(script)}'; "
        f"style-src 'sha256-{_policy_digest(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    recipe = recipe_json(page)
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="generator" content="sketchrnn">',
        '<link rel="icon" href="data:,">',
        f"<title>{text(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        f"<header><h1>{text(title)}</h1><p>{text(_facts(page))}</p></header>",
        f'<main class="{_grid_class(page)}">',
        *figures,
        "</main>",
        f'<footer><p class="keys">{_KEYS}</p>{_credit(page)}</footer>',
        f'<script type="application/json" id="recipe">{_inert(recipe)}</script>',
        f'<script type="application/json" id="page">{_inert(json.dumps(notes))}</script>',
        f"<script>{script}</script>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(parts)


def compact_path(stroke: NDArray[np.int64], command: str = "l") -> str:
    """Write a stroke of whole numbers (n, 2) as a short subpath: a place, then the ways from it.

    Args:
        stroke: The points; or, for the command "C", a start and three control points a segment.
        command: "l" or "C".

    >>> compact_path(np.array([(10, 20), (13, 16), (18, 22)]))
    'M10 20l3-4 5 6'
    >>> compact_path(np.array([(7, 7)]))
    'M7 7h0'
    """
    if command == "C":
        numbers = " ".join(map(str, stroke[1:].ravel().tolist())).replace(" -", "-")
        return f"M{stroke[0, 0]} {stroke[0, 1]}C{numbers}"
    ways = np.diff(stroke, axis=0)
    ways = ways[(ways != 0).any(axis=1)]
    start = f"M{stroke[0, 0]} {stroke[0, 1]}"
    if not len(ways):
        return f"{start}h0"
    numbers = " ".join(map(str, ways.ravel().tolist())).replace(" -", "-")
    return f"{start}l{numbers}"


def _figures(page: Page, scale: float) -> list[str]:
    """Return the cells of the grid in reading order."""
    found: list[str] = []
    for count, picture in enumerate(page.pictures, 1):
        while len(found) < _place(page, picture):
            found.append("<div></div>")
        found.append(_figure(page, picture, count, scale))
    if not any(page.row_labels):
        return found
    labelled: list[str] = []
    for row, label in enumerate(page.row_labels):
        cells = found[row * page.columns : (row + 1) * page.columns]
        filler = ["<div></div>"] * (page.columns - len(cells))
        labelled += [f"<p>{_escape(label)}</p>", *cells, *filler]
    return labelled


_CONTROLS = dict.fromkeys(range(0x7F, 0xA0))  # those that JSON leaves as they are


def _escape(text: str) -> str:
    """Return text of anybody as HTML: without control characters and lone surrogates."""
    return html.escape(clean(text))


def _place(page: Page, picture: Picture) -> int:
    """Return how many cells stand before a picture where rows are kept."""
    if not page.columns or picture.place is None:
        return 0
    row, column = picture.place
    return row * page.columns + column


def _figure(page: Page, picture: Picture, count: int, scale: float) -> str:
    x, y, width, height = picture.cell or (0.0, 0.0, page.width, page.height)
    caption = picture.caption or ""
    name = f"Drawing {count}, {caption}" if caption else f"Drawing {count}"
    number = "" if picture.number is None else f' data-number="{picture.number}"'
    pen = format_number(page.stroke_width * scale, 0)
    view = f"0 0 {round(width * scale)} {round(height * scale)}"
    below = f"<figcaption>{_escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure{number}><svg class="drawing" viewBox="{view}" role="img" '
        f'aria-label="{_escape(name)}" stroke-width="{pen}">'
        f"{_paths(picture, (x, y), scale, page)}</svg>{below}</figure>"
    )


def _paths(picture: Picture, corner: tuple[float, float], scale: float, page: Page) -> str:
    """Return the path elements of a picture; neighbours that look the same are one path."""
    dot = f' stroke-width="{format_number(DOT_WIDTH * page.stroke_width * scale, 0)}"'
    colors = picture.colors or ("",) * len(picture.strokes)
    written = []
    for stroke, color in zip(picture.strokes, colors, strict=True):
        points, command = stroke, "l"
        if page.smooth is not None and len(stroke) > 2:
            curve = fit_curve(stroke, page.smooth)
            points, command = np.vstack([curve[:1, 0], curve[:, 1:].reshape(-1, 2)]), "C"
        place = np.rint((points - corner) * scale).astype(np.int64)
        look = (dot if is_dot(stroke) else "") + (f' stroke="{color}"' if color else "")
        written.append((look, compact_path(place, command)))
    runs = itertools.groupby(written, key=lambda pair: pair[0])
    return "".join(f'<path d="{"".join(d for _, d in run)}"{look}/>' for look, run in runs)


def _cell_size(page: Page) -> tuple[float, float]:
    """Return (width, height) of a cell in px; a page of one drawing is a cell."""
    for picture in page.pictures:
        if picture.cell is not None:
            return picture.cell[2], picture.cell[3]
    return page.width, page.height


def _grid_class(page: Page) -> str:
    if page.columns:
        return "rows labelled" if any(page.row_labels) else "rows"
    return "one" if len(page.pictures) == 1 else "grid"


def _own_style(page: Page, width: float) -> str:
    """Return what of the style depends on the page.

    A page in the usual colours follows the reader's choice of light or dark; one whose colours
    were chosen, or that has several inks, keeps them.
    """
    lines = [f"--cell:{max(NARROWEST_CELL, round(width))}px"]
    if page.columns:
        lines.append(f"--columns:{page.columns}")
    many = any(picture.colors for picture in page.pictures)
    if many or page.background != _PAPER or page.ink != DARK_INK:
        lines += [f"--ink:{page.ink}!important", f"--card:{page.background or _PAPER}!important"]
    return f":root{{{';'.join(lines)}}}\n"


def _facts(page: Page) -> str:
    """Say in a line what is shown."""
    count = len(page.pictures)
    facts = [f"{count} drawing{'' if count == 1 else 's'}"]
    recipe = dict(page.recipe or {})
    if recipe.get("model"):
        facts.append(f"by the model {recipe['model']}")
    request = recipe.get("request")
    sampling = request.get("sampling", {}) if isinstance(request, dict) else recipe
    temperature = sampling.get("temperature")
    if isinstance(temperature, (int, float)) and abs(temperature) < 1e300:
        facts.append(f"temperature {temperature:g}")
    if sampling.get("seed") is not None:
        facts.append(f"seed {sampling['seed']}")
    return " · ".join(facts)


def _credit(page: Page) -> str:
    """Return licence, attribution and the recipe as a reader sees them."""
    recipe: dict[str, Any] = dict(page.recipe or {})
    if not recipe:
        return ""
    credit = ", ".join(str(recipe[key]) for key in ("attribution", "licence") if recipe.get(key))
    line = f"<p>{_escape(credit)}</p>" if credit else ""
    shown = {key: value for key, value in json.loads(recipe_json(page)).items() if key != "given"}
    dumped = json.dumps(shown, indent=1, ensure_ascii=False)
    shown_text = dumped.encode("utf-8", "replace").decode().translate(_CONTROLS)
    text = html.escape(shown_text)
    return f"{line}<details><summary>Recipe</summary><pre>{text}</pre></details>"


def _inert(text: str) -> str:
    """Return JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (resources.files("sketchrnn.render") / name).read_text(encoding="utf-8")


def _digest(figures: list[str]) -> str:
    return hashlib.sha256("".join(figures).encode()).hexdigest()


def _policy_digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
