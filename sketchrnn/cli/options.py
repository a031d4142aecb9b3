"""Options and outputs that several commands share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing
    from sketchrnn.sketch_rnn import SketchRNN

Command = Callable[..., Any]

RULES = click.Choice(["paper", "magenta", "js"])


def sampling_options(temperature: float) -> Callable[[Command], Command]:
    """Add -t, --temperature-rule and --seed to a command."""

    def add(command: Command) -> Command:
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
            click.option(
                "-t",
                "--temperature",
                type=float,
                default=temperature,
                show_default=True,
                help="0 draws the likeliest, 1 as varied as the data.",
            ),
        ):
            command = option(command)
        return command

    return add


def output_options(command: Command) -> Command:
    """Add -o and what a page looks like to a command."""
    for option in (
        click.option("--force", is_flag=True, help="Replace what exists."),
        click.option("--title", help="At the head of the page."),
        click.option("--color-by-order", is_flag=True, help="Colour strokes by their order."),
        click.option("--smooth", type=float, help="Draw curves, within so many px of the strokes."),
        click.option("--stroke-width", type=float, help="In px."),
        click.option("--columns", type=click.IntRange(min=1), help="Drawings side by side."),
        click.option(
            "-o",
            "--output",
            required=True,
            metavar="OUT",
            help="A page .svg, .png, .pdf or .html; a folder, with / at its end, for one SVG a "
            "drawing; - for SVG on standard output.",
        ),
    ):
        command = option(command)
    return command


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
        files.check_output(folder / _file_name(1), overwrite=True)
        return
    check_suffix(output)
    files.check_output(output, overwrite=force)


def is_folder(output: str) -> bool:
    """Tell whether an output asks for one file a drawing."""
    return output.endswith("/") or Path(output).is_dir()


def write_page(
    drawings: Sequence[Drawing] | Sequence[Sequence[Drawing]],
    output: str,
    *,
    force: bool,
    recipe: Mapping[str, Any],
    columns: int | None = None,
    **look: Any,
) -> None:
    """Write drawings as a page, as one file each, or to standard output.

    Args:
        drawings: A list, or a list of rows.
        output: As the option -o says.
        force: Whether a file that exists is replaced.
        recipe: How to make the drawings again; kept in the metadata of what is written.
        columns: Drawings side by side; None: as many as make a pleasant page.
        **look: As `render.gallery` takes; what is None or False is left to its default.
    """
    from sketchrnn.drawing import Drawing
    from sketchrnn.render import gallery

    seed = f"(seed {recipe['seed']})"
    style = {key: value for key, value in look.items() if value not in (None, False)}
    flat: list[Drawing] = []
    for item in drawings:
        flat += [item] if isinstance(item, Drawing) else list(item)
    if output != "-" and is_folder(output):
        style = {
            key: style[key] for key in ("stroke_width", "smooth", "color_by_order") if key in style
        }
        _write_folder(flat, Path(output), force, recipe, style)
        click.echo(f"{len(flat)} drawings in {Path(output)}  {seed}", err=True)
        return
    if columns is None:
        columns = 8 if len(flat) > 9 else max(1, min(len(flat), 3 if len(flat) == 9 else 5))
    page = gallery(drawings, columns=columns, recipe=recipe, **style)
    if output == "-":
        click.echo(page.encode(".svg"), nl=False)
        click.echo(f"standard output  {seed}", err=True)
        return
    page.save(output, overwrite=force, note=lambda line: click.echo(f"sketchrnn: {line}", err=True))
    click.echo(f"{output}  {seed}", err=True)


def _write_folder(
    drawings: Sequence[Drawing],
    folder: Path,
    force: bool,
    recipe: Mapping[str, Any],
    style: Mapping[str, Any],
) -> None:
    """Write one SVG a drawing; a folder that is new appears whole."""
    import dataclasses

    from sketchrnn.drawing.files import whole_folder
    from sketchrnn.render.save import drawing_to_page, save_page
    from sketchrnn.render.style import Style

    look = Style.of(dict(style))
    room: contextlib.AbstractContextManager[Path] = whole_folder(folder)
    if folder.exists():
        room = contextlib.nullcontext(folder)
    with room as place:
        for count, drawing in enumerate(drawings, 1):
            of_this = {**recipe, "number": drawing.metadata.get("number")}
            page = dataclasses.replace(drawing_to_page(drawing, look), recipe=of_this)
            save_page(page, place / _file_name(count), overwrite=force)


def _file_name(count: int) -> str:
    return f"{count:04}.svg"


def fresh_seed(seed: int | None) -> int:
    """Return the seed, or make one that is short enough to be typed."""
    import secrets

    return secrets.randbelow(1_000_000) if seed is None else seed


def recipe_of(model: SketchRNN, name: str, **request: Any) -> dict[str, Any]:
    """Return what it takes to make a page again."""
    from sketchrnn import __version__

    data = model.provenance.get("data") or {}
    return {
        "model": name,
        "model_step": model.provenance.get("step"),
        "licence": data.get("licence"),
        "attribution": data.get("attribution"),
        "sketchrnn": __version__,
        **request,
    }


def read_input(name: str, limit: int | None = None) -> list[Drawing]:
    """Read the drawings of an argument.

    Args:
        name: What `sources.read_all` reads, or a data file, of which it is the test drawings.
        limit: The most drawings; None for all.

    Raises:
        BadFileError: If there is nothing to read.
    """
    import itertools

    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadFileError
    from sketchrnn.sources import read_all

    if Path(name).suffix.lower() in (".h5", ".hdf5"):
        with open_data(name) as file:
            extent = file.preparation.extent
            found = itertools.islice(file["test"], limit)
            drawings = [drawing.with_metadata(extent=extent) for drawing in found]
    else:
        drawings = list(itertools.islice(read_all(name), limit))
    if not drawings:
        raise BadFileError("holds no drawing", path=name)
    return drawings


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
