"""Pages from what is written about them: the layout and the movement that a recipe holds."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.render.gallery import Gallery, gallery
from sketchrnn.render.page import Page
from sketchrnn.render.save import drawing_to_page
from sketchrnn.render.style import Style


def make_page(
    drawings: Sequence[Any],
    recipe: Mapping[str, Any],
    layout: Mapping[str, Any],
    movement: Mapping[str, Any] | None = None,
) -> Gallery:
    """Lay drawings, or rows of them, out as a page that carries its recipe.

    Args:
        drawings: What to draw.
        recipe: How the drawings came about.
        layout: As `gallery` takes; `alone` for one drawing without a page around it.
        movement: As `Gallery.animate` takes; None: the page stands still.

    Raises:
        BadSettingError: If the layout cannot be used.
    """
    layout = dict(layout)
    if layout.pop("alone", False):
        if len(drawings) != 1:
            raise BadSettingError(f"{len(drawings)} drawings cannot stand alone")
        page = drawing_to_page(drawings[0], Style.of(layout))
        noted = {**recipe, "page": {"alone": True, **layout}}
        made = Gallery(dataclasses.replace(page, recipe=noted), 1.0)
        return made if movement is None else made.animate(**movement)
    if "picked" in recipe:  # captions and rows were those of all drawings
        layout = {k: v for k, v in layout.items() if k not in ("captions", "row_labels")}
    made = gallery(drawings, recipe=recipe, **layout)
    return made if movement is None else made.animate(**movement)


def make_pages(
    drawings: Sequence[Drawing],
    recipe: Mapping[str, Any],
    style: Mapping[str, Any],
    movement: Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """Put each of many drawings on a page of its own, which tells how it alone is made again.

    Args:
        drawings: What to draw.
        recipe: How they came about.
        style: As `Style` takes.
        movement: See `make_page`.

    Yields:
        What `make_page` makes of each drawing alone.
    """
    from sketchrnn.render.bulk import drawings_to_pages

    layout = {"alone": True, **style}
    pages = (
        drawings_to_pages(drawings, Style.of(style)) if movement is None else itertools.repeat(None)
    )
    for position, (drawing, page) in enumerate(zip(drawings, pages, strict=False)):
        which = {**recipe, "number": drawing.metadata.get("number"), "position": position}
        if page is None:
            yield make_page([drawing], which, layout, movement).page
        else:
            yield page.with_(recipe={**which, "page": layout})


def interleave_rows(given: Sequence[Drawing], again: Sequence[Drawing], columns: int) -> list[Any]:
    """Return rows: some drawings, what belongs to them, the next drawings, and so on."""
    rows: list[Any] = []
    for first in range(0, len(given), max(1, columns)):
        rows += [given[first : first + columns], again[first : first + columns]]
    return rows
