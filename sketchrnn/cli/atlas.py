"""`sketchrnn atlas`: a page on which drawings lie by likeness."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options
from sketchrnn.cli.progress import watching
from sketchrnn.requests import Atlas


@click.command()
@click.argument("model")
@click.argument("input")
@options.request_options(Atlas, "n", "split", "method", "seed")
@click.option(
    "--cell",
    type=click.FloatRange(min=4),
    default=30,
    show_default=True,
    help="The side of a cell, in px.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    help="How many drawings stand side by side; otherwise the page is square.",
)
@click.option("--title", help="A title at the head of the page.")
@click.option("--stroke-width", type=float, help="The width of the strokes, in px.")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="A page .svg, .png, .pdf or .html."
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def atlas(
    model: str,
    input: str,
    fields: dict[str, Any],
    cell: float,
    columns: int | None,
    output: str,
    force: bool,
    **look: Any,
) -> None:
    """Lay the drawings of INPUT out on a page so that neighbours are alike, as MODEL sees them.

    INPUT is a data file or a file of drawings.

    \b
    Examples:
      sketchrnn atlas kanji kanji.h5 -n 2000 -o atlas.svg
      sketchrnn atlas kanji kanji.h5 --split test --map tsne --cell 40 -o atlas.png
    """
    from sketchrnn.recipe_inputs import InputResolver

    style = {name: value for name, value in look.items() if value is not None}
    page = options.PageOutput(output, force, columns, look=style)
    page.check()
    loaded = options.load_model(model, input)
    inputs = InputResolver()
    request = Atlas(data=inputs.read_pool(input), columns=columns, **fields)
    with watching("encoding") as progress, options.naming(input):
        rows = request.run(loaded, inputs, progress)
    size = (cell, cell)
    options.write_request(
        request, rows, loaded, model, page, columns=len(rows), size=size, gap=cell / 15
    )
