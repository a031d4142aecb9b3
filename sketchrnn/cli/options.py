"""Options and outputs that several commands share."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli.progress import progress_bar, watching

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing
    from sketchrnn.render import Gallery
    from sketchrnn.sketch_rnn import SketchRNN

Command = Callable[..., Any]

MOST_DRAWN = 100_000
"""Drawings that a command lets a model draw: more are drawn by several seeds, in several pages."""

MOST_STEPS = 10_000

MANY = click.IntRange(1, MOST_DRAWN)
STEPS = click.IntRange(1, MOST_STEPS)

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


OTHERWISE = 0.4
"""The temperature of the outputs that have none of their own, where a command has no default."""


def sampling_options(temperature: float | None) -> Callable[[Command], Command]:
    """Add -t and its kin, --temperature-rule and --seed to a command.

    Without a default the model's own temperature is taken, unless that of an output is given.
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
            return command(*arguments, **given)

        tempered_command: Command = tempered
        for option in (
            click.option(
                "--seed",
                type=click.IntRange(min=0),
                help="The same seed draws the same; otherwise a fresh one, which is told.",
            ),
            click.option(
                "--temperature-rule",
                type=RULES,
                default="paper",
                show_default=True,
                help="What the temperature acts on: the paper's, Magenta's or sketch-rnn-js's.",
            ),
            *(
                click.option(
                    f"--temperature-{name}",
                    type=TemperatureType(),
                    help=f"Of {what} alone.",
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
                help="0 draws the likeliest, 1 as varied as the data; 0.8:0.2 goes from one to the "
                "other within the model's longest drawing, 0.8:0.2:30 within 30 steps.",
            ),
        ):
            tempered_command = option(tempered_command)
        return tempered_command

    return add


def movement_options(command: Command) -> Command:
    """Add how a page moves to a command."""
    for option in (
        click.option(
            "--flip/--no-flip",
            default=None,
            help="In a movie, let drawings take turns in one place.",
        ),
        click.option("--seconds", type=float, help="Of drawing; otherwise as a pen takes."),
        click.option("--animate", is_flag=True, help="Let an SVG draw itself, stroke by stroke."),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """Add -o and what a page looks like to a command."""

    @functools.wraps(command)
    def checked(*arguments: Any, **given: Any) -> Any:
        _check_format(given["suffix"], given["output"])
        return command(*arguments, **given)

    checked_command: Command = movement_options(checked)
    for option in (
        click.option("--force", is_flag=True, help="Replace what exists."),
        click.option("--landscape", is_flag=True, help="Lay the paper on its longer side."),
        click.option(
            "--paper",
            help="Fill sheets of A2 to A6, letter, legal, tabloid or 200x300mm; PDF takes several.",
        ),
        click.option("--title", help="At the head of the page."),
        click.option("--color-by-order", is_flag=True, help="Colour strokes by their order."),
        click.option("--smooth", type=float, help="Draw curves, within so many px of the strokes."),
        click.option("--stroke-width", type=float, help="In px."),
        click.option("--columns", type=click.IntRange(min=1), help="Drawings side by side."),
        click.option(
            "--format",
            "suffix",
            type=click.Choice(["svg", "png", "pdf", "html"]),
            help="Of the files in a folder; otherwise svg.",
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


def category_option(text: str) -> Callable[[Command], Command]:
    """Add --category, with its help, to a command."""
    return click.option("-C", "--category", multiple=True, metavar="NAME", help=text)


def categories(model: SketchRNN, given: tuple[str, ...]) -> str | list[str] | None:
    """Return what --category names: None, one, or several; a known name may hold a comma."""
    names: list[str] = []
    for name in given:
        parts = [name] if name in model.categories else name.split(",")
        names += [part.strip() for part in parts]
    return names[0] if len(names) == 1 else names or None


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
        files.check_output(folder / f"{_file_name(1)}.svg", overwrite=True)
        return
    check_suffix(output)
    files.check_output(output, overwrite=force)


def is_folder(output: str) -> bool:
    """Tell whether an output asks for one file a drawing."""
    return output.endswith("/") or Path(output).is_dir()


def write_page(
    drawings: Sequence[Drawing] | Sequence[Sequence[Drawing | None]],
    output: str,
    *,
    force: bool,
    recipe: Mapping[str, Any],
    columns: int | None = None,
    animate: bool = False,
    seconds: float | None = None,
    flip: bool | None = None,
    suffix: str | None = None,
    **look: Any,
) -> None:
    """Write drawings as a page, as one file each, or to standard output.

    Args:
        drawings: A list, or a list of rows.
        output: As the option -o says.
        force: Whether a file that exists is replaced.
        recipe: How to make the drawings again; kept in the metadata of what is written.
        columns: Drawings side by side; None: as many as make a pleasant page.
        animate: Whether an SVG draws itself.
        seconds: See `Gallery.animate`.
        flip: See `Gallery.animate`.
        suffix: As the option --format says.
        **look: As `render.gallery` takes; what is None or False is left to its default.
    """
    from sketchrnn.drawing import Drawing
    from sketchrnn.render.layout import make_page

    seed = "" if recipe["seed"] is None else f"(seed {recipe['seed']})"
    style = {key: value for key, value in look.items() if value not in (None, False)}
    flat: list[Drawing] = []
    for item in drawings:
        flat += [item] if isinstance(item, Drawing) else [d for d in item if d is not None]
    if output != "-" and is_folder(output):
        style = {
            key: style[key]
            for key in ("stroke_width", "smooth", "color_by_order", "ending_color")
            if key in style
        }
        ending = f".{suffix or 'svg'}"
        movement = asked_movement(ending, animate, seconds, flip)
        _write_folder(flat, Path(output), ending, force, recipe, style, movement)
        click.echo(f"{len(flat)} drawings in {Path(output)}  {seed}", err=True)
        return
    if columns is None:
        columns = 8 if len(flat) > 9 else max(1, min(len(flat), 3 if len(flat) == 9 else 5))
    suffix = ".svg" if output == "-" else Path(output).suffix.lower()
    movement = asked_movement(suffix, animate, seconds, flip)
    made = make_page(drawings, recipe, {"columns": columns, **style}, movement)
    write_bytes(made, output, force)
    click.echo(f"{'standard output' if output == '-' else output}  {seed}", err=True)


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
        content = page.encode(
            suffix, lambda line: click.echo(f"sketchrnn: {line}", err=True), progress
        )
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
    named = ((_file_name(count), page) for count, page in enumerate(pages, 1))
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


def _file_name(count: int) -> str:
    return f"{count:04}"


def fresh_seed(seed: int | None) -> int:
    """Return the seed, or make one that is short enough to be typed."""
    import secrets

    return secrets.randbelow(1_000_000) if seed is None else seed


def recipe_of(model: SketchRNN, name: str, **request: Any) -> dict[str, Any]:
    """Return what it takes to make a page again."""
    from sketchrnn.sketch_rnn.origin import origin_of

    origin = origin_of(model)
    return {**origin, "model": origin["model"] or Path(name).name, **request}


def name_of(input: str) -> str:
    """Return how a recipe names an input: without the folders that somebody keeps it in."""
    return input if input.startswith("kanjivg:") else Path(input).name


def is_data(name: str) -> bool:
    """Tell whether an argument names a data file, or a folder of them."""
    from sketchrnn.data import is_data

    return is_data(name)


def read_input(name: str, limit: int | None = None) -> list[Drawing]:
    """Read the drawings of an argument; see `sketch_rnn.inputs.read_input`."""
    from sketchrnn.sketch_rnn.inputs import read_input

    return read_input(name, limit)


def read_pool(name: str) -> tuple[str | list[Drawing], dict[str, Any]]:
    """Return a data file's name or the drawings of another file, and how a recipe keeps them."""
    from sketchrnn.sketch_rnn.inputs import kept, kept_data

    if is_data(name):
        return name, kept_data(name)
    drawings = read_input(name)
    return drawings, kept(name, drawings)


@contextlib.contextmanager
def drawing(model: SketchRNN) -> Iterator[None]:
    """Show how many drawings a model has drawn, where somebody looks."""
    before = model.progress
    with watching("drawing") as progress:
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
