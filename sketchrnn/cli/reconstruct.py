"""`sketchrnn reconstruct`: drawings above what the model makes of them."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options


@click.command()
@click.argument("model")
@click.argument("input")
@click.option(
    "-n", "number", type=click.IntRange(min=1), default=8, show_default=True, help="At most."
)
@options.category_option(
    "What the drawings are, for a model that knows several categories; otherwise what they say."
)
@options.sampling_options(temperature=0.1)
@options.output_options
def reconstruct(
    model: str,
    input: str,
    number: int,
    category: tuple[str, ...],
    temperature: Any,
    temperature_rule: str,
    seed: int | None,
    output: str,
    force: bool,
    columns: int | None,
    **look: Any,
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
    from sketchrnn.render.layout import interleave_rows
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept, noted

    options.check_output(output, force)
    loaded = load(model)
    came = options.read_input(input, number)
    seed = options.fresh_seed(seed)
    with options.naming(input), options.drawing(loaded):
        given = [loaded.preparation.apply(drawing) for drawing in came]
        again = loaded.reconstruct(
            given,
            temperature,
            temperature_rule,
            seed,
            prepare=False,
            category=options.categories(loaded, category),
        )
    recipe = options.recipe_of(
        loaded,
        model,
        command="reconstruct",
        input=options.name_of(input),
        category=options.categories(loaded, category),
        temperature=temperature,
        temperature_rule=temperature_rule,
        seed=seed,
    )
    listed = noted(given)
    recipe |= {"sources": [kept(input, came, number)]} if listed is None else {"given": listed}
    columns = columns or 8
    rows: list[Any] = list(again)
    if output == "-" or not options.is_folder(output):
        # in data units, so that both rows have one scale
        shown = [drawing.with_metadata(box=None) for drawing in given]
        rows = interleave_rows(shown, again, columns)
    options.write_page(rows, output, force=force, recipe=recipe, columns=columns, **look)
