"""Which category each drawing has: asked for, spread evenly, or a given drawing's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.categories import category_index, listed
from sketchrnn.drawing import BadDrawingError, BadSettingError, Drawing

Wanted = str | Sequence[str] | None
"""One category for all drawings, one or more to be shared out, or none named."""

_STREAM = 0x1CA7E607
"""Told apart by this, the order of categories shares no random numbers with z."""


def share_out(wanted: str | Sequence[str], count: int, known: Sequence[str]) -> list[str]:
    """Return the category of each of some drawings: as many of each, in the order given.

    Args:
        wanted: One name or several.
        count: How many drawings.
        known: The categories of the model.

    Raises:
        BadSettingError: If the model knows none, or not that one, or there are more categories
            than drawings.

    >>> share_out(["cat", "dog"], 5, ("dog", "pig", "cat"))
    ['cat', 'cat', 'cat', 'dog', 'dog']
    """
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    if not known:
        raise BadSettingError("this model knows no categories", hint="omit category")
    for name in names:
        category_index(name, known)
    if not names or len(names) > max(count, 1):
        raise BadSettingError(
            f"{count} drawings are wanted of {len(names)} categories",
            hint="ask for one drawing of each or more",
        )
    return [names[k * len(names) // count] for k in range(count)]


def spread(known: Sequence[str], seed: int, numbers: Sequence[int]) -> list[str]:
    """Return a category for each drawing, all as often as may be, in an order of the seed's.

    Args:
        known: K categories.
        seed: Of the order.
        numbers: Of the drawings. Of K that follow one another, from a multiple of K on, each has
            another category; which one depends on seed and number alone.
    """
    orders: dict[int, NDArray[np.int64]] = {}
    chosen = []
    for number in numbers:
        turn, place = divmod(number, len(known))
        if turn not in orders:
            key = np.array([seed ^ _STREAM, turn], "u8")
            orders[turn] = np.random.Generator(np.random.Philox(key=key)).permutation(len(known))
        chosen.append(known[orders[turn][place]])
    return chosen


def of_drawings(
    drawings: Sequence[Drawing], wanted: Wanted, known: Sequence[str], first: int = 0
) -> list[str] | None:
    """Return the category under which the model should see each drawing.

    Args:
        drawings: One or several.
        wanted: A name for all, or one for each; None: their own.
        known: The categories of the model.
        first: The number of the first drawing, for messages.

    Returns:
        A name for each; None for a model that knows no categories.

    Raises:
        BadSettingError: If a category is named to a model that knows none or not that one, or
            there are not as many as drawings.
        BadDrawingError: If a drawing has no category, or one that the model does not know.
    """
    if not known:
        if wanted is not None:
            raise BadSettingError("this model knows no categories", hint="omit category")
        return None
    if wanted is not None:
        names = [wanted] * len(drawings) if isinstance(wanted, str) else list(wanted)
        for name in names:
            category_index(name, known)
        if len(names) != len(drawings):
            raise BadSettingError(f"{len(names)} categories are given for {len(drawings)} drawings")
        return names
    names = []
    for number, drawing in enumerate(drawings, first):
        where = f"drawing {number}"
        if drawing.category is None:
            hint = f"say which it is; known: {listed(known)}"
            raise BadDrawingError("has no category", where=where, hint=hint)
        try:
            category_index(drawing.category, known)
        except BadSettingError as error:
            raise BadDrawingError(error.problem, where=where, hint=error.hint) from None
        names.append(drawing.category)
    return names


def require(wanted: Wanted, count: int, known: Sequence[str]) -> list[str] | None:
    """Return the category of each of what no drawing describes.

    Args:
        wanted: A name for all, or one for each.
        count: How many there are.
        known: The categories of the model.

    Returns:
        A name for each; None for a model that knows no categories.

    Raises:
        BadSettingError: If the category is missing or unknown, or there are not so many.
    """
    if wanted is None and known:
        raise BadSettingError("this model needs the category", hint=f"known: {listed(known)}")
    return of_drawings([Drawing([])] * count, wanted, known)
