"""Options, inputs and outputs that several commands share.

A command makes a request: options of the request's fields come from `requests` by `request_options`
and `sampling_options`, those of its page from `page_options`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import secrets
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sketchrnn import requests
from sketchrnn.cli.progress import progress_bar, watching
from sketchrnn.requests import Sampling

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN
    from sketchrnn.drawing import Drawing
    from sketchrnn.recipe_inputs import InputResolver
    from sketchrnn.render import Gallery

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


def movement_options(command: Command) -> Command:
    """Add how a page moves to a command."""
    for option in (
        click.option(
            "--flip/--no-flip",
            default=None,
            help="In a movie, show drawings one after another in the same place.",
        ),
        click.option(
            "--seconds",
            type=float,
            help="How long the drawing takes; otherwise as long as a pen does.",
        ),
        click.option(
            "--animate", is_flag=True, help="Make an SVG that draws itself, stroke by stroke."
        ),
    ):
        command = option(command)
    return command


def page_options(command: Command) -> Command:
    """Add -o and what a page looks like to a command, which gets them as `page`, a `PageOutput`."""

    @functools.wraps(command)
    def checked(*arguments: Any, **given: Any) -> Any:
        _check_format(given["suffix"], given["output"])
        own = {name: given.pop(name) for name in _PAGE_NAMES}
        look = {name: given.pop(name) for name in _LOOK_NAMES if name in given}
        page = PageOutput(**own, look={k: v for k, v in look.items() if v not in (None, False)})
        return command(*arguments, page=page, **given)

    checked_command: Command = movement_options(checked)
    for option in (
        click.option("--force", is_flag=True, help="Replace a file that exists."),
        click.option(
            "--landscape",
            is_flag=True,
            help="Turn the paper so that its longer side is at the bottom.",
        ),
        click.option(
            "--paper",
            help="Fill sheets of A2 to A6, letter, legal, tabloid or 200x300mm; PDF takes several.",
        ),
        click.option("--title", help="A title at the head of the page."),
        click.option("--color-by-order", is_flag=True, help="Colour the strokes by their order."),
        click.option(
            "--smooth",
            type=float,
            help="Draw smooth curves that stay within so many px of the strokes.",
        ),
        click.option("--stroke-width", type=float, help="The width of the strokes, in px."),
        click.option(
            "--columns", type=click.IntRange(min=1), help="How many drawings stand side by side."
        ),
        click.option(
            "--format",
            "suffix",
            type=click.Choice(["svg", "png", "pdf", "html"]),
            help="The format of the files in a folder; otherwise svg.",
        ),
        click.option(
            "-o",
            "--output",
            required=True,
            metavar="OUT",
            help="A page .svg, .png, .pdf or .html; a movie .gif, .mp4 or .webm; a folder, with / "
            "at its end, for one file a drawing; - for SVG on standard output.",
        ),
    ):
        checked_command = option(checked_command)
    return checked_command


def _check_format(suffix: str | None, output: str) -> None:
    """Refuse --format where the output's suffix tells another."""
    from sketchrnn.drawing import BadSettingError

    if suffix is None or (output != "-" and is_folder(output)):
        return
    if output == "-" or Path(output).suffix.lower() != f".{suffix}":
        raise BadSettingError(
            f"--format {suffix} is for the files in a folder", hint="write -o folder/"
        )


_PAGE_NAMES = ("output", "force", "columns", "suffix", "animate", "seconds", "flip")
_LOOK_NAMES = (
    *("title", "smooth", "stroke_width", "color_by_order", "paper", "landscape", "ending_color"),
)


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


def check_output(output: str, force: bool) -> None:
    """Refuse an output that exists or cannot be written, before any work is done."""
    from sketchrnn.drawing import BadSettingError, files
    from sketchrnn.render.save import check_suffix

    if output == "-":
        return
    if not output:
        raise BadSettingError("the name of the output is empty", hint="write -o page.svg")
    if is_folder(output):
        folder = Path(output)
        if folder.is_dir() and any(folder.iterdir()) and not force:
            files.check_output(folder)
        files.check_output(folder / "0001.svg", overwrite=True)
        return
    check_suffix(output)
    files.check_output(output, overwrite=force)


def is_folder(output: str) -> bool:
    """Tell whether an output asks for one file a drawing."""
    return output.endswith("/") or Path(output).is_dir()


@dataclasses.dataclass
class PageOutput:
    """Where drawings are written, and what the page looks like.

    Attributes:
        output: As the option -o says: a page, a movie, a folder, or - for standard output.
        force: Whether a file that exists is replaced.
        columns: Drawings side by side; None: as many as make a pleasant page.
        suffix: As the option --format says.
        animate: Whether an SVG draws itself.
        seconds: See `Gallery.animate`.
        flip: See `Gallery.animate`.
        look: As `render.gallery` takes, but for what is as by default.
    """

    output: str
    force: bool = False
    columns: int | None = None
    suffix: str | None = None
    animate: bool = False
    seconds: float | None = None
    flip: bool | None = None
    look: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether one file a drawing is written."""
        return self.output != "-" and is_folder(self.output)

    def check(self) -> None:
        """Refuse an output that exists or cannot be written; see `check_output`."""
        check_output(self.output, self.force)

    def write(
        self,
        drawings: Sequence[Drawing] | Sequence[Sequence[Drawing | None]],
        recipe: Mapping[str, Any],
        seed: int | None = None,
        columns: int | None = None,
        **look: Any,
    ) -> None:
        """Write drawings as a page, as one file each, or to standard output.

        Args:
            drawings: A list, or a list of rows.
            recipe: How to make the drawings again; kept in the metadata of what is written.
            seed: Told beside the output.
            columns: Drawings side by side where the user does not say.
            **look: As `render.gallery` takes, besides the options.
        """
        from sketchrnn.render.layout import make_page

        told = "" if seed is None else f"(seed {seed})"
        flat = list(requests.flatten(drawings))
        style = {**self.look, **look}
        if self.is_folder:
            alone = ("stroke_width", "smooth", "color_by_order", "ending_color")
            style = {key: style[key] for key in alone if key in style}
            ending = f".{self.suffix or 'svg'}"
            folder = Path(self.output)
            _write_folder(flat, folder, ending, self.force, recipe, style, self._movement(ending))
            click.echo(f"{counted(len(flat), 'drawing')} in {folder}  {told}".rstrip(), err=True)
            return
        columns = self.columns or columns
        if columns is None:
            columns = 8 if len(flat) > 9 else max(1, min(len(flat), 3 if len(flat) == 9 else 5))
        suffix = ".svg" if self.output == "-" else Path(self.output).suffix.lower()
        layout = {"columns": columns, **style}
        made = make_page(drawings, recipe, layout, self._movement(suffix))
        write_bytes(made, self.output, self.force)
        place = "standard output" if self.output == "-" else self.output
        click.echo(f"{place}  {told}".rstrip(), err=True)

    def _movement(self, suffix: str) -> dict[str, Any] | None:
        return asked_movement(suffix, self.animate, self.seconds, self.flip)


def draw_page(
    request: requests.Request,
    model: SketchRNN,
    name: str,
    page: PageOutput,
    inputs: InputResolver | None = None,
    *,
    columns: int | None = None,
    **look: Any,
) -> None:
    """Carry a request out and write its page.

    Args:
        request: What is wanted.
        model: What draws.
        name: As the user named it.
        page: Where to.
        inputs: What read the request's drawings.
        columns: Drawings side by side where the user does not say.
        **look: As `render.gallery` takes, besides the options.
    """
    with drawing(model):
        drawings = request.run(model, inputs)
    write_request(request, drawings, model, name, page, columns=columns, **look)


def write_request(
    request: requests.Request,
    drawings: Sequence[Any],
    model: SketchRNN,
    name: str,
    page: PageOutput,
    **look: Any,
) -> None:
    """Write the page of a request that was carried out; see `draw_page`."""
    sampling = getattr(request, "sampling", None)
    seed = getattr(request, "seed", None) if sampling is None else sampling.seed
    page.write(drawings, requests.page_recipe(request, model, name), seed, **look)


def with_default_temperature(sampling: Sampling, model: SketchRNN) -> Sampling:
    """Return how to draw, at the model's default temperature if none is given."""
    from sketchrnn.sampling.temperature import plain

    if sampling.temperature is not None:
        return sampling
    return msgspec.structs.replace(sampling, temperature=plain(model.temperature))


def asked_movement(
    suffix: str, animate: bool, seconds: float | None, flip: bool | None
) -> dict[str, Any] | None:
    """Return how a page is to move; None: it stands still, or moves as movies do by default.

    Raises:
        BadSettingError: If a kind of page that stands still is to move.
    """
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.render.movie import MOVIES
    from sketchrnn.render.timeline import make_movement

    moves = suffix in MOVIES or animate
    if not moves and (seconds is not None or flip):
        raise BadSettingError(
            "--seconds and --flip are for what moves",
            hint="write .gif, .mp4 or .webm, or .svg with --animate",
        )
    if animate and suffix not in (".svg", *MOVIES):
        raise BadSettingError(f"{suffix} is not animated by --animate", hint="write .svg or .gif")
    asked = {"seconds": seconds, "flip": flip or None}
    given = {key: value for key, value in asked.items() if value is not None}
    make_movement(given)
    return given if moves and (animate or given) else None


def write_bytes(page: Gallery, output: str, force: bool) -> bytes:
    """Write a page to a file, or as SVG to standard output, and return what was written."""
    from sketchrnn.drawing.files import whole_file
    from sketchrnn.render.movie import MOVIES
    from sketchrnn.render.save import check_suffix

    suffix = ".svg" if output == "-" else check_suffix(output)
    bar = progress_bar("frames") if suffix in MOVIES else contextlib.nullcontext((None, None))
    with bar as (progress, _):
        content = page.encode(suffix, note, progress)
    if output == "-":
        click.echo(content, nl=False)
    else:
        with whole_file(output, overwrite=force) as beside:
            beside.write_bytes(content)
    return content


def _write_folder(
    drawings: Sequence[Drawing],
    folder: Path,
    suffix: str,
    force: bool,
    recipe: Mapping[str, Any],
    style: Mapping[str, Any],
    movement: Mapping[str, Any] | None,
) -> None:
    """Write one file a drawing; a folder that is new appears whole."""
    from sketchrnn.render.folder import save_pages
    from sketchrnn.render.layout import make_pages

    pages = make_pages(drawings, recipe, style, movement)
    digits = max(4, len(str(len(drawings))))  # so that they sort
    named = ((f"{count:0{digits}}", page) for count, page in enumerate(pages, 1))
    with progress_bar("pictures") as (progress, say):
        save_pages(
            named,
            folder,
            suffix,
            force,
            note=lambda line: say(f"sketchrnn: {line}"),
            progress=progress,
            total=len(drawings),
        )


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
