"""`sketchrnn redraw`: make a page again from what it says of itself."""

from __future__ import annotations

from pathlib import Path

import click

from sketchrnn.cli import options


@click.command()
@click.argument("page")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A page .svg, .png, .pdf, .html, a movie; otherwise beside PAGE, with -again in its name.",
)
@click.option("--model", metavar="MODEL", help="Draw with this model, not with the recipe's.")
@click.option(
    "--data",
    multiple=True,
    metavar="FILE",
    help="The file that PAGE was made from, if it is not where the recipe says; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Draw even if it takes longer than a minute.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def redraw(
    page: str, output: str | None, model: str | None, data: tuple[str, ...], yes: bool, force: bool
) -> None:
    """Make a page again from the recipe that it carries.

    PAGE is an SVG, PNG, PDF, HTML or GIF file that generate, complete, reconstruct, interpolate,
    latent, atlas, data show or evaluate --pairs wrote, a plotter sheet of a model's drawings, or a
    script's gallery of what a model drew. A model that does not come with sketchrnn is named
    with --model. Drawings that a page was made from are in its recipe; a data file, and what is too
    long, is looked for below the current folder and beside PAGE, and must be as it was then. With
    the same model and versions the same bytes come out, which is told.

    \b
    Examples:
      sketchrnn redraw page.svg
      sketchrnn redraw page.png -o page.pdf
      sketchrnn redraw page.html --model run -o by-another.svg
      sketchrnn redraw atlas.svg --data moved/kanji.h5
    """
    from sketchrnn.render.plotter import PlotterSheet
    from sketchrnn.render.recipe import read_recipe
    from sketchrnn.requests import redraw as draw_again

    file = Path(page)
    if output is None:
        suffix = read_recipe(page)[1]
        output = str(file.with_name(f"{file.stem}-again{file.suffix or suffix}"))
    options.check_output(output, force)
    made = draw_again(
        page,
        model,
        data,
        note=options.note,
        allow=None if yes else _within_a_minute,
    )
    if isinstance(made, PlotterSheet):
        written = made.to_svg().encode()
        if output == "-":
            click.echo(made.to_svg(), nl=False)
        else:
            made.save(output, overwrite=force)
    else:
        written = options.write_bytes(made, output, force)
    if output == "-":
        return
    same = written == file.read_bytes()
    told = f"the same as {page}, byte for byte" if same else f"{page} made again"
    click.echo(f"{output}  ({told})", err=True)


PRODUCTS_A_SECOND = 10e9
"""Multiplications of a decoder on two cores: of small requests a third of what large ones reach."""


def _within_a_minute(steps: int, weights: int) -> None:
    """Refuse a page that would take longer than a minute: it may come from anybody."""
    from sketchrnn.drawing import BadSettingError

    seconds = steps * weights / PRODUCTS_A_SECOND
    if seconds > 60:
        raise BadSettingError(
            f"the page asks for up to {steps:,} steps of the pen, about {seconds / 60:.0f} minutes",
            hint="draw it all the same with --yes",
        )
