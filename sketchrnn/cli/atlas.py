"""`sketchrnn atlas`: a page on which drawings lie by likeness."""

from __future__ import annotations

import click

from sketchrnn.cli import options
from sketchrnn.cli.progress import watching


@click.command()
@click.argument("model")
@click.argument("input")
@click.option(
    "-n", "number", type=click.IntRange(min=1), default=1000, show_default=True, help="At most."
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test", "all"]),
    default="all",
    show_default=True,
    help="Of a data file.",
)
@click.option(
    "--map",
    "method",
    type=click.Choice(["pca", "tsne"]),
    default="pca",
    show_default=True,
    help="How it begins: tsne keeps neighbours better, takes longer, and needs scikit-learn.",
)
@click.option("--cell", type=click.FloatRange(min=4), default=30, show_default=True, help="In px.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the choice."
)
@click.option("--columns", type=click.IntRange(min=1), help="Otherwise a square.")
@click.option("--title", help="At the head of the page.")
@click.option("--stroke-width", type=float, help="In px.")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="A page .svg, .png, .pdf or .html."
)
@click.option("--force", is_flag=True, help="Replace what exists.")
def atlas(
    model: str,
    input: str,
    number: int,
    split: str,
    method: str,
    cell: float,
    seed: int,
    columns: int | None,
    title: str | None,
    stroke_width: float | None,
    output: str,
    force: bool,
) -> None:
    """Lay the drawings of INPUT out on a page so that neighbours are alike, as MODEL sees them.

    INPUT is a data file or a file of drawings.

    \b
    Examples:
      sketchrnn atlas kanji kanji.h5 -n 2000 -o atlas.svg
      sketchrnn atlas kanji kanji.h5 --split test --map tsne --cell 40 -o atlas.png
    """
    from sketchrnn.sketch_rnn import load

    options.check_output(output, force)
    loaded = load(model)
    data, kept_data = options.read_pool(input)
    with watching("encoding") as progress, options.naming(input):
        rows = loaded.atlas(data, number, split, columns, method, seed, progress)
    recipe = options.recipe_of(
        loaded,
        model,
        command="atlas",
        input=options.name_of(input),
        n=number,
        split=split,
        method=method,
        seed=seed,
        columns=columns,
        sources=[kept_data],
    )
    options.write_page(
        rows,
        output,
        force=force,
        recipe=recipe,
        columns=columns or len(rows),
        size=(cell, cell),
        gap=cell / 15,
        title=title,
        stroke_width=stroke_width,
    )
