"""Which of a data file's drawings a page shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.data import DataFile
from sketchrnn.data.examples import Example
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing


def choose_some(
    opened: DataFile, split: str, count: int, seed: int, category: str | None = None
) -> list[Drawing]:
    """Choose drawings at random.

    Args:
        opened: The data file.
        split: "train", "valid", "test" or "all".
        count: How many at the most.
        seed: Of the choice.
        category: Choose from one category.

    Returns:
        Drawings, in the order of the file.

    Raises:
        BadFileError: If there is no such split.
        BadSettingError: If there is no such category.
    """
    check_category(opened, category)
    pool: Any = opened if split == "all" else opened[split]
    indices = np.arange(len(pool))
    if category is not None:
        parts = list(opened.splits.values()) if split == "all" else [pool]
        wanted = opened.categories.index(category)
        indices = np.flatnonzero(np.concatenate([part.categories for part in parts]) == wanted)
    chosen = np.random.default_rng(seed).permutation(indices)[:count]
    return [pool[int(index)] for index in sorted(chosen)]


def choose_examples(opened: DataFile, count: int, category: str | None = None) -> list[Example]:
    """Return the first examples of drawings before and after the conversion.

    Args:
        opened: The data file.
        count: How many at the most.
        category: Of one category alone.

    Raises:
        BadFileError: If the file holds none.
        BadSettingError: If there is no such category.
    """
    check_category(opened, category)
    examples = [e for e in opened.examples if category is None or e.after.category == category]
    if not examples:
        what = "of that category " if category is not None else ""
        raise BadFileError(
            f"holds no examples {what}from before the conversion",
            path=opened.path,
            hint="convert the drawings again" if category is None else "leave --category away",
        )
    return examples[:count]


def check_category(opened: DataFile, category: str | None) -> None:
    """Refuse a category that a data file does not have.

    Raises:
        BadSettingError: If it has none of that name.
    """
    if category is not None and category not in opened.categories:
        raise BadSettingError(
            f"has no category {category!r}",
            path=Path(opened.path),
            hint=f"choose one of {', '.join(opened.categories[:10]) or 'none'}",
        )
