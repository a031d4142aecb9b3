"""Drawings for sheets and fonts: drawn by a model, or read from a file, a folder, a data file."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sketchrnn.cli import options
from sketchrnn.requests import Generate, Sampling, Sheet

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
        request: How a model draws them again; None where they were read.
        origin: What a recipe says besides of where they come from; JSON types.
        licence: Of the drawings, where it is known.
        attribution: Whom to name, where it is known.
        blank: How many were left out because there was nothing in them.
    """

    drawings: list[Drawing]
    request: Generate | None
    origin: dict[str, Any]
    licence: str | None
    attribution: str | None
    blank: int

    @property
    def seed(self) -> int | None:
        """The seed of a model's drawings."""
        return None if self.request is None else self.request.sampling.seed

    def recipe(self, sheet: Sheet) -> dict[str, Any]:
        """Return what a plotter sheet keeps of them."""
        if self.request is None:
            return self.origin
        request = msgspec.structs.replace(self.request, sheet=sheet)
        return {**self.origin, "request": request.to_dict()}


def supply_options(command: Command) -> Command:
    """Add INPUT, -n and how a model draws to a command."""
    for option in (
        options.category_option("The category to draw, for a model that knows several."),
        options.sampling_options(temperature=None),
        click.option("-n", "--number", type=options.MANY, help="How many drawings."),
        click.argument("input"),
    ):
        command = option(command)
    return command


def take_drawings(
    input: str,
    number: int | None,
    if_model: int,
    sampling: Sampling,
    category: tuple[str, ...] = (),
) -> Supply:
    """Let a model draw, or read drawings.

    Args:
        input: A model folder; a data file, all splits of which are read; what `sources.read_all`
            reads; or, where there is no such file or folder, the name of a shipped model.
        number: How many; None: all of a file, and `if_model` of a model.
        if_model: How many a model draws without being told.
        sampling: How a model draws.
        category: What a model draws.

    Raises:
        BadFileError: If there is nothing to read.
        BadSettingError: If it is asked how a model is to draw, and there is none.
    """
    from sketchrnn.drawing import BadFileError, BadSettingError
    from sketchrnn.model.folder import shipped_models

    if options.is_model(input):
        found = _let_draw(input, number or if_model, sampling, category)
    else:
        context = click.get_current_context()
        default = click.core.ParameterSource.DEFAULT
        for name in _SAMPLING:
            if context.get_parameter_source(name) is not default:
                option = name.replace("_", "-")
                raise BadSettingError(
                    f"--{option} is for models, and this is none",
                    path=input,
                    hint="omit it, or name a model",
                )
        if input in shipped_models():
            options.note(f"{input} here is read, not the model {input} that comes along")
        found = _read(input, number)
    if not found.drawings:
        raise BadFileError("holds no drawing that has strokes", path=input)
    return found


def check_data(name: str) -> None:
    """Refuse what is no data file but holds drawings, or is a model, by what to do with it.

    Raises:
        BadFileError: If it is one of these; what is missing is left to whoever opens it.
    """
    from sketchrnn.data import is_data
    from sketchrnn.drawing import BadFileError

    path = Path(name)
    if is_data(name):
        return
    if path.exists() and not options.is_model(name):
        made = shlex.join(["sketchrnn", "data", "convert", name, "-o", f"{path.stem}.h5"])
        raise BadFileError("is no data file", path=name, hint=f"make one of it: `{made}`")
    if options.is_model(name):
        raise BadFileError("is a model, and data are needed", path=name, hint="name a data file")


def _let_draw(name: str, number: int, sampling: Sampling, category: tuple[str, ...]) -> Supply:
    from sketchrnn.requests import page_recipe

    model = options.load_model(name)
    request = Generate(
        n=number,
        category=options.categories(model, category),
        sampling=options.with_default_temperature(sampling, model),
    )
    numbers: list[int] = []
    for attempt in range(_ATTEMPTS):
        if attempt:
            more = 2 * (number - len(numbers))
            request = msgspec.structs.replace(request, n=request.n + more)
        with options.drawing(model):
            drawings = request.run(model)
        numbers = [i for i, drawing in enumerate(drawings) if drawing.strokes][:number]
        if len(numbers) == number:
            break
    if numbers != list(range(request.n)):
        request = msgspec.structs.replace(request, numbers=numbers)
    data = model.provenance.get("data") or {}
    blank = (numbers[-1] + 1 if len(numbers) == number else request.n) - len(numbers)
    return Supply(
        [drawings[i] for i in numbers],
        request,
        page_recipe(request, model, name),
        data.get("licence"),
        data.get("attribution"),
        blank,
    )


def _read(name: str, number: int | None) -> Supply:
    import itertools

    from sketchrnn import __version__
    from sketchrnn.data import is_data, open_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.recipe_inputs import name_of
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
    recipe = {"input": name_of(name), "sketchrnn": __version__, "n": len(shown)}
    return Supply(shown, None, recipe, licence, attribution, len(drawings) - len(shown))
