"""Options that several commands share, and what they stand for: models, categories, sampling.

A command makes a request: options of the request's fields come from `requests` by `request_options`
and `sampling_options`, those of its page from `page_output.page_options`.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sketchrnn import requests
from sketchrnn.cli.progress import watching
from sketchrnn.requests import Sampling

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN
    from sketchrnn.drawing import Drawing

Command = Callable[..., Any]

MANY = click.IntRange(1, requests.MAX_DRAWINGS)
RULES = click.Choice(["paper", "magenta", "js"])


class TemperatureType(click.ParamType):
    """A number, or FIRST:LAST, or FIRST:LAST:STEPS."""

    name = "TEMPERATURE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | list[float]:
        """Return a number, or a schedule as `sampling.temperature` takes it."""
        if not isinstance(value, str):
            return float(value)
        try:
            numbers = [float(part) for part in value.split(":")]
        except ValueError:
            numbers = []
        if not 1 <= len(numbers) <= 3:
            self.fail(f"{value!r} is not a number, FIRST:LAST or FIRST:LAST:STEPS", param, ctx)
        return numbers[0] if len(numbers) == 1 else numbers


UNUSUAL = 2.0
"""Beyond this temperature little is left of what a model has learned."""

HIGHEST = 1e6
"""What is higher is no temperature, and refused by whoever draws."""

OTHERWISE = 0.4
"""The temperature of the outputs that have none of their own, where a command has no default."""


def request_options(
    kind: type[msgspec.Struct], *names: str, **defaults: Any
) -> Callable[[Command], Command]:
    """Add options for fields of a request; the command gets them as a dict `fields`.

    Help, bounds and defaults are those of `requests`.

    Args:
        kind: A struct of `requests`.
        *names: Of fields.
        **defaults: Of fields whose default the command has another of.
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    known = {field.name: field for field in msgspec.structs.fields(kind)}

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(*arguments: Any, **given: Any) -> Any:
            own = {name: given.pop(name) for name in names}
            given["fields"] = {**given.get("fields", {}), **own}
            return command(*arguments, **given)

        made: Command = gathered
        for name in reversed(names):
            default = defaults.get(name, known[name].default)
            made = _option(name, hints[name], default)(made)
        return made

    return add


def _option(name: str, hint: Any, default: Any) -> Callable[[Command], Command]:
    """Return the option of one field."""
    base, metas = _unwrap(hint)
    text = next((meta.description for meta in metas if meta.description), None)
    extras: list[dict[str, Any]] = [meta.extra for meta in metas if meta.extra]
    flags = [*(extras[0]["flags"] if extras else [f"--{name.replace('_', '-')}"])]
    if not flags[-1].startswith("-"):  # the name that click gives it
        flags.pop()
    settings: dict[str, Any] = {"help": text, "default": default}
    least: Any = next((meta.ge for meta in metas if meta.ge is not None), None)
    most: Any = next((meta.le for meta in metas if meta.le is not None), None)
    if base is bool:
        return click.option(*flags, name, is_flag=True, help=text)
    if typing.get_origin(base) is typing.Literal:
        settings["type"] = click.Choice(typing.get_args(base))
    elif base is int:
        settings["type"] = click.IntRange(least, None if most and most >= 1 << 62 else most)
    elif base is float:
        bounded = most is not None and most < 1e300
        settings["type"] = click.FloatRange(least, most) if bounded else float
    settings["show_default"] = default is not None
    return click.option(*flags, name, **settings)


def _unwrap(hint: Any) -> tuple[Any, list[msgspec.Meta]]:
    """Return the type of a field without None, and what is noted of it."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = [part for part in typing.get_args(hint) if part is not type(None)]
    if typing.get_origin(hint) is typing.Annotated:
        base, *metas = typing.get_args(hint)
        inner, more = _unwrap(base)
        return inner, [*metas, *more]
    return hint, []


def sampling_options(temperature: float | None) -> Callable[[Command], Command]:
    """Add -t and its kin, --temperature-rule and --seed to a command.

    The command gets them as `sampling`, a `requests.Sampling` with a seed: a fresh one that is
    short enough to be typed, if none is given.

    Args:
        temperature: The default; None: the model's own, unless that of an output is given.
    """

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def tempered(*arguments: Any, **given: Any) -> Any:
            each = {name: given.pop(f"temperature_{name}") for name in ("pi", "pen", "sigma")}
            common = given["temperature"]
            if any(own is not None for own in each.values()):
                common = OTHERWISE if common is None else common
                given["temperature"] = {
                    name: common if own is None else own for name, own in each.items()
                }
            note_temperature(given["temperature"])
            if given["seed"] is None:
                given["seed"] = secrets.randbelow(1_000_000)
            names = ("temperature", "temperature_rule", "seed")
            given["sampling"] = Sampling(**{name: given.pop(name) for name in names})
            return command(*arguments, **given)

        tempered_command: Command = tempered
        for option in (
            click.option(
                "--seed",
                type=click.IntRange(min=0),
                help="Seed of the random numbers: the same seed draws the same. Otherwise a "
                "new one, which is "
                "printed.",
            ),
            click.option(
                "--temperature-rule",
                type=RULES,
                default="paper",
                show_default=True,
                help="Which definition of temperature is used: the paper's, Magenta's or "
                "sketch-rnn-js's.",
            ),
            *(
                click.option(
                    f"--temperature-{name}",
                    type=TemperatureType(),
                    help=f"A temperature for {what} alone.",
                )
                for name, what in (
                    ("sigma", "the spread of offsets"),
                    ("pen", "lifting the pen and ending"),
                    ("pi", "the choice among the mixture's components"),
                )
            ),
            click.option(
                "-t",
                "--temperature",
                type=TemperatureType(),
                default=temperature,
                show_default=f"what suits the model, mostly {OTHERWISE}"
                if temperature is None
                else True,
                help="How varied the drawings are: 0 draws the likeliest, 1 as varied as "
                "the data. 0.8:0.2 goes from one to the "
                "other within the model's longest drawing, 0.8:0.2:30 within 30 steps.",
            ),
        ):
            tempered_command = option(tempered_command)
        return tempered_command

    return add


def note_temperature(given: Any) -> None:
    """Say so if a temperature is beyond all that makes sense; it is used all the same."""
    parts = list(given.values()) if isinstance(given, dict) else [given]
    courses = [part[:2] if isinstance(part, list) else [part] for part in parts]
    highest = max((number for course in courses for number in course if number), default=0)
    if UNUSUAL < highest <= HIGHEST:
        note(f"temperature {highest:g} makes scribbles: 0.2 to 1 is usual, 1 is as the data vary")


def category_option(text: str) -> Callable[[Command], Command]:
    """Add --category, with its help, to a command."""
    return click.option("-C", "--category", multiple=True, metavar="NAME", help=text)


def categories(model: SketchRNN, given: tuple[str, ...]) -> str | list[str] | None:
    """Return what --category names: None, one, or several; a known name may hold a comma.

    Raises:
        BadSettingError: If categories are named, and the model knows none.
    """
    from sketchrnn.drawing import BadSettingError

    if given and not model.categories:
        raise BadSettingError("this model knows no categories", hint="omit --category")
    names: list[str] = []
    for name in given:
        parts = [name] if name in model.categories else name.split(",")
        names += [_known_spelling(part.strip(), model.categories) for part in parts]
    return names[0] if len(names) == 1 else names or None


def _known_spelling(name: str, known: Sequence[str]) -> str:
    """Return a category as the model writes it, where capitals alone differ."""
    alike = [one for one in known if one.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 and name not in known else name


def is_model(name: str) -> bool:
    """Return whether an argument is a model folder or, where no such file is, a shipped model."""
    from sketchrnn.model.folder import CONFIG_FILE, shipped_models

    path = Path(name)
    return (path / CONFIG_FILE).is_file() or (name in shipped_models() and not path.exists())


def load_model(name: str, *drawings: str) -> SketchRNN:
    """Load the model of an argument, and say which is meant where a folder has its name.

    Args:
        name: A model folder, or the name of a shipped model.
        *drawings: The arguments that stand for drawings, which may be in its place.

    Raises:
        BadSettingError: If one of the drawings is a model, and `name` is none.
        BadFileError: If there is no such model, or it cannot be read.
    """
    from sketchrnn.api import load
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.model.folder import shipped_models

    here = Path(name).is_dir()
    shadowed = here and name in shipped_models()
    if not is_model(name) and not shadowed:
        exchanged = next((other for other in drawings if is_model(other)), None)
        if exchanged is not None:
            raise BadSettingError(
                f"{name} is no model, and {exchanged} is one",
                hint="write the model first, and then what it is given",
            )
    if shadowed and is_model(name):
        note(f"the model folder {name} of this place is used, not the model that comes along")
    elif shadowed:
        note(f"the model {name} that comes along is used: the folder {name} here is no model")
    return load(name)


def note(line: str) -> None:
    """Write a line on standard error that begins with the program's name."""
    click.echo(f"sketchrnn: {line}", err=True)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 drawing, 2 drawings."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def with_default_temperature(sampling: Sampling, model: SketchRNN) -> Sampling:
    """Return how to draw, at the model's default temperature if none is given."""
    from sketchrnn.sampling.temperature import plain

    if sampling.temperature is not None:
        return sampling
    return msgspec.structs.replace(sampling, temperature=plain(model.temperature))


@contextlib.contextmanager
def drawing(model: SketchRNN, what: str = "drawing") -> Iterator[None]:
    """Show how many drawings a model has drawn, where somebody looks.

    Args:
        model: What draws.
        what: Stands before the bar.
    """
    before = model.progress
    with watching(what) as progress:
        model.progress = progress
        try:
            yield
        finally:
            model.progress = before


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Let what is wrong with a drawing name the argument that it came by."""
    from sketchrnn.drawing import BadDrawingError

    try:
        yield
    except BadDrawingError as error:
        raise BadDrawingError(
            error.problem, path=error.path or name, where=error.where, hint=error.hint
        ) from error


def check_encodes(model: SketchRNN, drawings: Sequence[Drawing], name: str, category: Any) -> None:
    """Let what is wrong with drawings name the argument that they came by.

    Raises:
        BadDrawingError: If the model cannot encode one of them.
    """
    with naming(name):
        model.encode(drawings, category=category)


def check_each(
    model: SketchRNN, drawings: Sequence[Drawing], names: Sequence[str], category: Any
) -> None:
    """Do what `check_encodes` does for drawings that came by an argument each."""
    from sketchrnn.sampling.categories import share_out

    each = None if category is None else share_out(category, len(names), model.categories)
    for place, (drawing, name) in enumerate(zip(drawings, names, strict=True)):
        check_encodes(model, [drawing], name, each and each[place])
