"""Drawings for sheets and fonts: drawn by a model, or read from a file, a folder, a data file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import options

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing

Command = Callable[..., Any]

READ_LIMIT = 100_000
"""The most drawings that are read; more fit neither on paper nor into a font."""

_SAMPLING = ("temperature", "temperature_rule", "seed", "category")
_ATTEMPTS = 4  # to get as many as wanted from a model that leaves some blank


@dataclass(frozen=True)
class Supply:
    """Drawings and where they come from.

    Attributes:
        drawings: None of them blank.
        recipe: How to get them again; JSON types.
        licence: Of the drawings, where it is known.
        attribution: Whom to name, where it is known.
        blank: How many were left out because there was nothing in them.
        seed: Of a model's drawings.
    """

    drawings: list[Drawing]
    recipe: dict[str, Any]
    licence: str | None
    attribution: str | None
    blank: int
    seed: int | None = None


def supply_options(command: Command) -> Command:
    """Add INPUT, -n and how a model draws to a command."""
    for option in (
        options.category_option("What a model draws, for one that knows several categories."),
        options.sampling_options(temperature=None),
        click.option("-n", "--number", type=options.MANY, help="How many drawings."),
        click.argument("input"),
    ):
        command = option(command)
    return command


def take_drawings(
    input: str, number: int | None, if_model: int, sampling: Mapping[str, Any]
) -> Supply:
    """Let a model draw, or read drawings.

    Args:
        input: A model folder; a data file, all splits of which are read; what `sources.read_all`
            reads; or, where there is no such file or folder, the name of a shipped model.
        number: How many; None: all of a file, and `if_model` of a model.
        if_model: How many a model draws without being told.
        sampling: temperature, temperature_rule, seed and category; for models alone.

    Raises:
        BadFileError: If there is nothing to read.
        BadSettingError: If it is asked how a model is to draw, and there is none.
    """
    from sketchrnn.drawing import BadFileError, BadSettingError

    if is_model(input):
        found = _let_draw(input, number or if_model, sampling)
    else:
        context = click.get_current_context()
        default = click.core.ParameterSource.DEFAULT
        for name in _SAMPLING:
            if context.get_parameter_source(name) is not default:
                option = name.replace("_", "-")
                raise BadSettingError(
                    f"--{option} is for models, and this is none",
                    path=input,
                    hint="leave it away, or name a model",
                )
        found = _read(input, number)
    if not found.drawings:
        raise BadFileError("holds no drawing that has strokes", path=input)
    return found


def is_model(input: str) -> bool:
    """Tell whether an input is a model: a folder that looks like one, or a shipped one's name."""
    from sketchrnn.model.folder import CONFIG_FILE, shipped_models

    path = Path(input)
    if path.exists():
        return (path / CONFIG_FILE).is_file()
    return input in shipped_models()


def _let_draw(name: str, number: int, sampling: Mapping[str, Any]) -> Supply:
    from sketchrnn.sketch_rnn import load

    model = load(name)
    seed = options.fresh_seed(sampling["seed"])
    category = options.categories(model, sampling["category"])
    request = {**sampling, "category": category, "seed": seed}
    if request["temperature"] is None:
        request["temperature"] = model.temperature
    asked = number
    for _ in range(_ATTEMPTS):
        with options.drawing(model):
            drawings = model.generate(asked, **request)
        numbers = [i for i, drawing in enumerate(drawings) if drawing.strokes][:number]
        if len(numbers) == number:
            break
        asked += 2 * (number - len(numbers))
    recipe = options.recipe_of(model, name, command="generate", n=asked, **request)
    if numbers != list(range(asked)):
        recipe["numbers"] = numbers
    data = model.provenance.get("data") or {}
    blank = (numbers[-1] + 1 if len(numbers) == number else asked) - len(numbers)
    return Supply(
        [drawings[i] for i in numbers],
        recipe,
        data.get("licence"),
        data.get("attribution"),
        blank,
        seed,
    )


def _read(name: str, number: int | None) -> Supply:
    import itertools

    from sketchrnn import __version__
    from sketchrnn.data import is_data, open_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.sources.open import open_source

    most = READ_LIMIT if number is None else number
    if is_data(name):
        with open_data(name) as file:
            licence, attribution = file.info.get("licence"), file.info.get("attribution")
            every = itertools.chain.from_iterable(file[split] for split in file.splits)
            drawings = list(itertools.islice(every, most + 1))
    else:
        source = open_source(name)
        licence, attribution = source.licence, source.attribution
        items = itertools.islice(source.items(), most + 1)
        drawings = [item.drawing for item in items]
    if number is None and len(drawings) > most:
        raise BadSettingError(
            f"holds more than {most} drawings", path=name, hint="say how many with -n"
        )
    drawings = drawings[:most]
    shown = [drawing for drawing in drawings if drawing.strokes]
    recipe = {"input": options.name_of(name), "sketchrnn": __version__, "n": len(shown)}
    return Supply(shown, recipe, licence, attribution, len(drawings) - len(shown))
