"""`sketchrnn generate`: a page of drawings that nobody has drawn."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options
from sketchrnn.requests import Choice, Generate, Sampling

_CHOICE = ("best_of", "min_strokes", "max_strokes", "min_points", "max_points", "min_size",
           "max_size", "novelty", "diverse")  # fmt: skip


@click.command()
@click.argument("model")
@options.request_options(Generate, "n", "max_steps", n=64)
@options.sampling_options(temperature=None)
@options.category_option(
    "What to draw, for a model that knows several categories; several names, by commas or by "
    "repeating, share the drawings out. Otherwise all are drawn as often."
)
@options.request_options(Choice, *_CHOICE)
@click.option("--no-blank", is_flag=True, help="Keep no blank drawings.")
@click.option(
    "--novel-to", metavar="FILE.h5", help="Keep no copy of a training drawing of this data file."
)
@options.page_options
def generate(
    model: str,
    fields: dict[str, Any],
    sampling: Sampling,
    category: tuple[str, ...],
    no_blank: bool,
    novel_to: str | None,
    page: options.PageOutput,
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
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model)
    inputs = InputResolver()
    choice = Choice(
        **{name: fields.pop(name) for name in _CHOICE},
        blank=not no_blank,
        novel_to=None if novel_to is None else inputs.read_data(novel_to),
    )
    request = Generate(
        **fields,
        sampling=options.with_default_temperature(sampling, loaded),
        category=options.categories(loaded, category),
        choice=None if choice == Choice() else choice,
    )
    reports: list[Any] = []
    with options.drawing(loaded):
        drawings = request.run(loaded, inputs, reports.append if request.choice else None)
    for report in reports:
        options.note(str(report))
    options.write_request(request, drawings, loaded, model, page)
