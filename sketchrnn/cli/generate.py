"""`sketchrnn generate`, `complete` and `reconstruct`: new drawings, endings, and copies."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options, page_output
from sketchrnn.requests import Choice, Complete, Generate, Reconstruct, Sampling

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
@page_output.page_options
def generate(
    model: str,
    fields: dict[str, Any],
    sampling: Sampling,
    category: tuple[str, ...],
    no_blank: bool,
    novel_to: str | None,
    page: page_output.PageOutput,
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
    page_output.write_request(request, drawings, loaded, model, page)


@click.command()
@click.argument("model")
@click.argument("partial")
@options.request_options(Complete, "n", "open", "canvas", "scale", "z", "max_steps")
@click.option(
    "--like", metavar="DRAWING", help="Draw from the encoding of another drawing, or of several."
)
@options.category_option(
    "The category to draw, for a model that knows several; the endings are "
    "shared out among several "
    "names. Otherwise the category of PARTIAL."
)
@options.sampling_options(temperature=0.25)
@click.option("--ending-color", metavar="COLOR", help="The colour of what the model draws.")
@click.option("--nats", is_flag=True, help="Write the nats per step of each ending under it.")
@page_output.page_options
def complete(
    model: str,
    partial: str,
    fields: dict[str, Any],
    like: str | None,
    category: tuple[str, ...],
    sampling: Sampling,
    nats: bool,
    page: page_output.PageOutput,
) -> None:
    """Finish the drawing PARTIAL in several ways, the likeliest first.

    PARTIAL is a file, or kanjivg: and a character; of a file that holds several drawings, the first
    is taken. Its strokes stay as they are, in their units and place.

    \b
    Examples:
      sketchrnn complete kanji begun.svg -n 9 --ending-color crimson -o endings.svg
      sketchrnn complete kanji begun.svg --open --canvas 109 -o endings/
      sketchrnn complete kanji begun.svg --like kanjivg:語 -t 0.4:0.1 -o like.png
    """
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, partial)
    inputs = InputResolver()
    named = options.categories(loaded, category)
    request = Complete(
        **fields,
        partial=inputs.read(partial, 1),
        like=None if like is None else inputs.read(like, fields["n"]),
        category=named,
        sampling=sampling,
    )
    if like is not None and request.like is not None:
        options.check_encodes(loaded, inputs.drawings(request.like), like, named)
    begun = inputs.drawings(request.partial)[0]
    sizes = (request.canvas, request.scale, begun.metadata.get("extent"), begun.metadata.get("box"))
    known = any(size is not None for size in sizes)
    what = "drawing" if known else "finding the size, then drawing"
    with options.naming(partial), options.drawing(loaded, what):
        drawings = request.run(loaded, inputs)
    if drawings and not known:
        side = loaded.preparation.extent / drawings[0].metadata["scale"]
        options.note(
            f"a whole drawing is taken to be {side:.4g} units large; --canvas says another"
        )
    unended = sum(not drawing.metadata["ended"] for drawing in drawings)
    if unended:
        limit = request.max_steps or loaded.config.max_seq_len
        options.note(f"{unended} of {request.n} did not end by themselves within {limit} steps")
    look: dict[str, Any] = {}
    if nats:
        look["captions"] = [f"{drawing.metadata['nats_per_step']:.2f}" for drawing in drawings]
    page_output.write_request(request, drawings, loaded, model, page, **look)


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
@page_output.page_options
def reconstruct(
    model: str,
    input: str,
    number: int,
    category: tuple[str, ...],
    sampling: Sampling,
    page: page_output.PageOutput,
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
        page_output.draw_page(request, loaded, model, page, inputs, columns=columns)
