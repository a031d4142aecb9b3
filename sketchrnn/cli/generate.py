"""`sketchrnn generate`: a page of drawings that nobody has drawn."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options


@click.command()
@click.argument("model")
@click.option("-n", "number", type=click.IntRange(min=1), default=64, show_default=True)
@options.sampling_options(temperature=0.4)
@options.category_option(
    "What to draw, for a model that knows several categories; several names, by commas or by "
    "repeating, share the drawings out. Otherwise all are drawn as often."
)
@click.option("--max-steps", type=click.IntRange(min=1), help="The most steps of a drawing.")
@options.output_options
def generate(
    model: str,
    number: int,
    temperature: Any,
    temperature_rule: str,
    seed: int | None,
    category: tuple[str, ...],
    max_steps: int | None,
    output: str,
    force: bool,
    **look: Any,
) -> None:
    """Draw something new.

    MODEL is a model folder, or the name of a model that comes with sketchrnn.

    \b
    Examples:
      sketchrnn generate kanji -n 64 -t 0.4 --seed 7 -o kanji.svg
      sketchrnn generate kanji -n 9 -o kanji/
      sketchrnn generate kanji -n 200 -o choose.html
      sketchrnn generate kanji -n 12 --animate -o moving.svg
      sketchrnn generate runs/pets -n 16 --category cat,dog -o pets.svg
    """
    from sketchrnn.sketch_rnn import load

    options.check_output(output, force)
    loaded = load(model)
    seed = options.fresh_seed(seed)
    request: dict[str, Any] = {
        "temperature": temperature,
        "temperature_rule": temperature_rule,
        "category": options.categories(loaded, category),
        "max_steps": max_steps,
        "seed": seed,
    }
    drawings = loaded.generate(number, **request)
    recipe = options.recipe_of(loaded, model, command="generate", n=number, **request)
    options.write_page(drawings, output, force=force, recipe=recipe, **look)
