"""Options and outputs that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
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


def check_output(output: str, force: bool) -> None:
    """Refuse an output that exists or cannot be written, before any work is done."""
    from sketchrnn.drawing import files
    from sketchrnn.render.save import check_suffix

    if output == "-":
        return
    if is_folder(output):
        folder = Path(output)
        if folder.is_dir() and any(folder.iterdir()) and not force:
            files.check_output(folder)
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
        recipe: How to make the page again; kept in its metadata.
        columns: Drawings side by side; None: as many as make a pleasant page.
        **look: As `render.gallery` takes; what is None or False is left to its default.
    """
    from sketchrnn.drawing import Drawing
    from sketchrnn.render import gallery

    style = {key: value for key, value in look.items() if value not in (None, False)}
    flat: list[Drawing] = []
    for item in drawings:
        flat += [item] if isinstance(item, Drawing) else list(item)
    if output != "-" and is_folder(output):
        style = {key: style[key] for key in ("stroke_width", "color_by_order") if key in style}
        for number, drawing in enumerate(flat, 1):
            path = drawing.save(Path(output) / f"{number:04}.svg", overwrite=force, **style)
        if flat:
            click.echo(f"{len(flat)} drawings: {path.parent}", err=True)
        return
    if columns is None:
        columns = 8 if len(flat) > 9 else max(1, min(len(flat), 3 if len(flat) == 9 else 5))
    page = gallery(drawings, columns=columns, recipe=recipe, **style)
    if output == "-":
        sys.stdout.write(page.to_svg())
        return
    page.save(output, overwrite=force, note=lambda line: click.echo(f"sketchrnn: {line}", err=True))
    click.echo(f"{output}  (seed {recipe['seed']})", err=True)


def fresh_seed(seed: int | None) -> int:
    """Return the seed, or make one that is short enough to be typed."""
    import secrets

    return secrets.randbelow(1_000_000) if seed is None else seed


def recipe_of(model: SketchRNN, name: str, **request: Any) -> dict[str, Any]:
    """Return what it takes to make a page again."""
    from sketchrnn import __version__

    return {
        "model": name,
        "model_step": model.provenance.get("step"),
        "licence": model.provenance.get("data", {}).get("licence"),
        "attribution": model.provenance.get("data", {}).get("attribution"),
        "sketchrnn": __version__,
        **request,
    }


def read_input(name: str, limit: int | None = None) -> list[Drawing]:
    """Read the drawings of an argument.

    Args:
        name: What `sources.read_all` reads.
        limit: The most drawings; None for all.

    Raises:
        BadFileError: If there is nothing to read.
    """
    import itertools

    from sketchrnn.drawing import BadFileError
    from sketchrnn.sources import read_all

    drawings = list(itertools.islice(read_all(name), limit))
    if not drawings:
        raise BadFileError("holds no drawing", path=name)
    return drawings
