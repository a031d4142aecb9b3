"""What a recipe asks for, each value checked when it is taken: it may come from anybody."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from typing import Any

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sketch_rnn.choosing import Choice
from sketchrnn.sketch_rnn.inputs import MOST_DRAWINGS, Finder, read_noted

MOST_BEST_OF = 100

_LARGEST = 1e300  # a whole number may be beyond all floats


class Asked:
    """What a recipe asks for.

    Args:
        recipe: As it was read.
        path: Of the page, which what is wrong is said of.
        finder: Of what the page was made from.
    """

    def __init__(
        self, recipe: Mapping[str, Any], path: str | PathLike[str], finder: Finder
    ) -> None:
        """Keep them."""
        self.recipe = recipe
        self.path = path
        self.finder = finder

    def refuse(self, key: str, problem: str) -> BadFileError:
        """Return what is to be raised where a value cannot be used."""
        return BadFileError(problem, path=self.path, where=f"recipe, {key!r}")

    def whole(self, key: str, most: int, default: int | None = None) -> int | None:
        """Return a whole number from 0 to `most`, or the default where there is none."""
        value = self.recipe.get(key)
        if value is None:
            return default
        if type(value) is not int or not 0 <= value <= most:
            raise self.refuse(key, f"must be a whole number from 0 to {most}")
        return value

    def flag(self, key: str) -> bool:
        """Return whether something was asked for."""
        value = self.recipe.get(key)
        if value not in (None, True, False):
            raise self.refuse(key, "must be true or false")
        return bool(value)

    def number_or_none(self, key: str) -> float | None:
        """Return a number, or None where there is none."""
        return None if self.recipe.get(key) is None else self.number(key)

    def numbers(self, key: str) -> list[float]:
        """Return a list of numbers."""
        value = self.recipe.get(key)
        if not isinstance(value, list) or not 0 < len(value) <= MOST_DRAWINGS:
            raise self.refuse(key, "must be a list of numbers")
        if any(type(item) not in (int, float) or not abs(item) < _LARGEST for item in value):
            raise self.refuse(key, "must be a list of numbers")
        return [float(item) for item in value]

    def number(self, key: str) -> float:
        """Return a finite number."""
        value: Any = self.recipe.get(key)
        try:
            if type(value) in (int, float) and math.isfinite(value):
                return float(value)
        except OverflowError:  # a whole number beyond all floats
            pass
        raise self.refuse(key, "must be a number")

    def text(self, key: str, default: str | None = None) -> str | None:
        """Return a short text, or the default where there is none."""
        value = self.recipe.get(key)
        if value is None:
            return default
        if not isinstance(value, str) or len(value) > 1000:
            raise self.refuse(key, "must be a short text")
        return value

    def category(self) -> str | list[str] | None:
        """Return what is to be drawn: a name, several, or whatever the model knows."""
        value = self.recipe.get("category")
        if not isinstance(value, list):
            return self.text("category")
        if len(value) > MOST_DRAWINGS or not all(isinstance(name, str) for name in value):
            raise self.refuse("category", "must be a list of names")
        return value

    def wholes(self, key: str) -> list[int] | None:
        """Return a list of whole numbers from 0, or None where there is none."""
        value = self.recipe.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > MOST_DRAWINGS:
            raise self.refuse(key, "must be a list of whole numbers")
        if any(type(item) is not int or item < 0 for item in value):
            raise self.refuse(key, "must be a list of whole numbers")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a table, an empty one where there is none."""
        value = self.recipe.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.refuse(key, "must be a table")
        return dict(value or {})

    def layout(self) -> dict[str, Any]:
        """Return how the page is laid out: of the right types; `gallery` checks the values."""
        layout = self.mapping("page")
        types = {"title": str, "captions": list, "row_labels": list}
        for key, kind in types.items():
            if not isinstance(layout.get(key), (kind, type(None))):
                raise self.refuse("page", f"has a {key} that is none")
        if "drawings" in layout or "recipe" in layout:
            raise self.refuse("page", "is no layout")
        return layout

    def sampling(self) -> dict[str, Any]:
        """Return what all commands have."""
        return {
            "temperature": self.temperature(),
            "temperature_rule": self.text("temperature_rule", "paper"),
            "seed": self.sampling_seed(),
        }

    def sampling_seed(self) -> int:
        """Return the seed, which there must be."""
        seed = self.whole("seed", (1 << 63) - 1)
        if seed is None:
            raise self.refuse("seed", "is missing")
        return seed

    def temperature(self) -> Any:
        """Return a number, or what else `sampling.temperature` takes; it checks the values."""
        value = self.recipe.get("temperature")
        parts = list(value.values()) if isinstance(value, dict) else [value]
        for part in parts:
            numbers = part if isinstance(part, list) else [part]
            if any(type(number) not in (int, float) for number in numbers):
                raise self.refuse("temperature", "must be a number")
        return self.number("temperature") if type(value) in (int, float) else value

    def choice(self) -> dict[str, Any]:
        """Return what was kept of what was drawn; `generate` checks the values."""
        choice = self.mapping("choice")
        novel_to = choice.pop("novel_to", None)
        for name, value in choice.items():
            if name not in Choice.__annotations__ or type(value) not in (int, float, bool):
                raise self.refuse("choice", "is none")
        if type(choice.get("best_of", 1)) is not int or choice.get("best_of", 1) > MOST_BEST_OF:
            raise self.refuse("choice", f"has a best_of above {MOST_BEST_OF}")
        if novel_to is not None:
            try:
                choice["novel_to"] = self.finder.data(novel_to)
            except ValueError as error:
                raise self.refuse("choice", str(error)) from error
        return choice

    def given(self) -> list[Drawing]:
        """Return the drawings that a model was given, in data units."""
        try:
            return read_noted(self.recipe.get("given"))
        except ValueError as error:
            raise self.refuse("given", str(error)) from error

    def sources(self, *counts: int) -> list[Any]:
        """Return what the page was made from, as `inputs.kept` returned it.

        Args:
            *counts: How many there may be; none: any number from 1.
        """
        listed = self.recipe.get("sources")
        if not isinstance(listed, list) or not 0 < len(listed) <= MOST_DRAWINGS:
            raise self.refuse("sources", "does not hold what the page was made from")
        if counts and len(listed) not in counts:
            raise self.refuse("sources", f"holds {len(listed)} of what the page was made from")
        return listed

    def drawings(self, source: Any) -> list[Drawing]:
        """Return the drawings of one source."""
        try:
            return self.finder.drawings(source)
        except ValueError as error:
            raise self.refuse("sources", str(error)) from error

    def data(self, source: Any) -> str | list[Drawing]:
        """Return the path of one source that is a data file, or its drawings."""
        try:
            return self.finder.data(source)
        except ValueError as error:
            raise self.refuse("sources", str(error)) from error
