"""`sketchrnn generate`: a page of drawings that nobody has drawn."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options


@click.command()
@click.argument("model")
@click.option("-n", "number", type=options.MANY, default=64, show_default=True)
@options.sampling_options(temperature=None)
@options.category_option(
    "What to draw, for a model that knows several categories; several names, by commas or by "
    "repeating, share the drawings out. Otherwise all are drawn as often."
)
@click.option("--max-steps", type=options.STEPS, help="The most steps of a drawing.")
@click.option(
    "--best-of", type=click.IntRange(1, 100), help="Keep the likeliest of so many for each drawing."
)
@click.option("--no-blank", is_flag=True, help="Keep nothing blank.")
@click.option("--min-strokes", type=click.IntRange(min=0), help="Keep none with fewer.")
@click.option("--max-strokes", type=click.IntRange(min=0), help="Keep none with more.")
@click.option("--min-points", type=click.IntRange(min=0), help="Keep none with fewer.")
@click.option("--max-points", type=click.IntRange(min=0), help="Keep none with more.")
@click.option("--min-size", type=float, help="Of the longer side, in data units.")
@click.option("--max-size", type=float, help="Of the longer side, in data units.")
@click.option("--novel-to", metavar="FILE.h5", help="Keep no copy of its training drawings.")
@click.option(
    "--novelty", type=float, help="What is nearer is a copy, in shares of the size; otherwise 0.01."
)
@click.option("--diverse", is_flag=True, help="Choose drawings that differ from each other.")
@options.output_options
def generate(
    model: str,
    number: int,
    temperature: Any,
    temperature_rule: str,
    seed: int | None,
    category: tuple[str, ...],
    max_steps: int | None,
    no_blank: bool,
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
      sketchrnn generate kanji -n 16 --best-of 4 --novel-to kanji.h5 --diverse -o choice.svg
      sketchrnn generate runs/pets -n 16 --category cat,dog -o pets.svg
    """
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.choosing import Choice, Report
    from sketchrnn.sketch_rnn.inputs import kept_data

    options.check_output(output, force)
    loaded = load(model)
    seed = options.fresh_seed(seed)
    request: dict[str, Any] = {
        "temperature": loaded.temperature if temperature is None else temperature,
        "temperature_rule": temperature_rule,
        "category": options.categories(loaded, category),
        "max_steps": max_steps,
        "seed": seed,
    }
    names = set(Choice.__annotations__) & set(look)
    choice = {name: look.pop(name) for name in sorted(names)}
    choice = {
        name: value for name, value in choice.items() if value is not None and value is not False
    }
    if no_blank:
        choice["blank"] = False
    reports: list[Report] = []
    told = {**choice, "report": reports.append} if choice else {}
    with options.drawing(loaded):
        drawings = loaded.generate(number, **request, **told)
    for report in reports:
        click.echo(f"sketchrnn: {report}", err=True)
    if "novel_to" in choice:
        choice["novel_to"] = kept_data(choice["novel_to"])
    noted = {"choice": choice} if choice else {}
    recipe = options.recipe_of(loaded, model, command="generate", n=number, **request, **noted)
    options.write_page(drawings, output, force=force, recipe=recipe, **look)
