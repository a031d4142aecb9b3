"""Categories by name: of a data file's drawings, and as a model counts them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.schema import NO_CATEGORY
from sketchrnn.drawing import BadFileError, BadSettingError

if TYPE_CHECKING:
    from sketchrnn.data.data_file import Split

_NAMED = 8
"""The most names that a message lists."""
_COUNTED_AT_ONCE = 1 << 20


def category_index(name: str, known: Sequence[str]) -> int:
    """Return the place of a category among those that a model knows.

    Raises:
        BadSettingError: If it is not among them; the message names the nearest.
    """
    if name in known:
        return known.index(name)
    begun = [one for one in known if name and one.lower().startswith(str(name).lower())]
    near = begun if len(begun) == 1 else difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {listed(known)}"
    raise BadSettingError(f"unknown category {name!r}", hint=hint)


def category_indices(split: Split, known: Sequence[str]) -> NDArray[np.int32]:
    """Return the place of each of the file's categories among those that a model knows.

    Returns:
        (65536,): `category_indices(split, known)[split.categories]` are the drawings' places.

    Raises:
        BadFileError: If a drawing of the split has no category, or one that is not among them.
    """
    table = np.zeros(NO_CATEGORY + 1, dtype=np.int32)
    for index in np.flatnonzero(_counted(split)):
        if index == NO_CATEGORY:
            problem = "has no category, and the model is told of categories"
            hint: str | None = "convert drawings that have one, or train with category_size=0"
        else:
            name = split.category_names[index]
            try:
                table[index] = category_index(name, known)
                continue
            except BadSettingError as error:
                problem, hint = f"its category {name!r} is unknown to the model", error.hint
        first = int(np.argmax(split.categories == index))
        where = f"{split.name}, drawing {first}"
        raise BadFileError(problem, path=split.path, where=where, hint=hint)
    return table


def _counted(split: Split) -> NDArray[np.int64]:
    """Return how many drawings have each of the file's numbers of categories, (65536,)."""
    counts = np.zeros(NO_CATEGORY + 1, dtype=np.int64)
    for first in range(0, len(split), _COUNTED_AT_ONCE):
        part = split.categories[first : first + _COUNTED_AT_ONCE]
        counts += np.bincount(part, minlength=len(counts))
    return counts


def check_learned(split: Split, known: Sequence[str]) -> None:
    """Refuse a training split that lacks drawings of a category that a model is to know.

    Raises:
        BadFileError: If a category has none; see also `category_indices`.
    """
    category_indices(split, known)
    learned = {split.category_names[index] for index in np.flatnonzero(_counted(split))}
    missing = [name for name in known if name not in learned]
    if missing:
        raise BadFileError(
            f"has no training drawings of {listed(missing)}",
            path=split.path,
            hint="convert more drawings, or leave that category out",
        )


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first few of many."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(repr(name) for name in names[:_NAMED]) + more
