"""`sketchrnn reconstruct`: drawings above what the model makes of them."""

from __future__ import annotations

import click

from sketchrnn.cli import options
from sketchrnn.requests import Reconstruct, Sampling


@click.command()
@click.argument("model")
@click.argument("input")
@click.option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="The most drawings.",
)
@options.category_option(
    "The category of the drawings, for a model that knows several; otherwise their own."
)
@options.sampling_options(temperature=0.1)
@options.page_options
def reconstruct(
    model: str,
    input: str,
    number: int,
    category: tuple[str, ...],
    sampling: Sampling,
    page: options.PageOutput,
) -> None:
    """Draw given drawings again, from what the model's encoder keeps of them.

    INPUT is a file of drawings, a data file, of which its test drawings are taken, or kanjivg: and
    characters. The page shows each drawing above its reconstruction; a folder gets the
    reconstructions alone.

    \b
    Examples:
      sketchrnn reconstruct kanji kanjivg:山水花火 -o again.svg
      sketchrnn reconstruct kanji mine.svg -t 0.2 -o again.png
      sketchrnn reconstruct kanji kanji.h5 -n 16 -o tests.png
    """
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, input)
    inputs = InputResolver()
    columns = page.columns or 8
    request = Reconstruct(
        drawings=inputs.read(input, number),
        category=options.categories(loaded, category),
        sampling=sampling,
        columns=columns,
        pairs=not page.is_folder,
    )
    with options.naming(input):
        options.draw_page(request, loaded, model, page, inputs, columns=columns)
