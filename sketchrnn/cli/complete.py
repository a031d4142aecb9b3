"""`sketchrnn complete`: endings for a drawing that is only begun."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options


@click.command()
@click.argument("model")
@click.argument("partial")
@click.option("-n", "number", type=click.IntRange(1, 10_000), default=9, show_default=True)
@click.option("--open", "is_open", is_flag=True, help="Go on from the middle of the last stroke.")
@click.option(
    "--canvas",
    type=float,
    metavar="SIDE",
    help="The side of the canvas that a whole drawing fills, in PARTIAL's units. Otherwise what "
    "PARTIAL says of it, or else the size at which the model finds it likeliest.",
)
@click.option("--scale", type=float, help="The model's data units for one of PARTIAL's instead.")
@click.option(
    "--like", metavar="DRAWING", help="Draw from the encoding of another drawing, or of several."
)
@click.option(
    "--z",
    type=click.Choice(["fitting", "prior", "own"]),
    default="fitting",
    show_default=True,
    help="What it may become: as probable as PARTIAL makes it; anything; or what PARTIAL alone is.",
)
@options.category_option(
    "What it is to become, for a model that knows several categories; several share the endings "
    "out. Otherwise what PARTIAL says."
)
@click.option("--max-steps", type=options.STEPS, help="The most steps of the whole.")
@options.sampling_options(temperature=0.25)
@click.option("--ending-color", metavar="COLOR", help="Of what the model draws.")
@click.option("--nats", is_flag=True, help="Write the nats per step of each ending under it.")
@options.output_options
def complete(
    model: str,
    partial: str,
    number: int,
    is_open: bool,
    canvas: float | None,
    scale: float | None,
    like: str | None,
    z: str,
    category: tuple[str, ...],
    max_steps: int | None,
    temperature: Any,
    temperature_rule: str,
    seed: int | None,
    nats: bool,
    output: str,
    force: bool,
    **look: Any,
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
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept

    options.check_output(output, force)
    loaded = load(model)
    (begun,) = options.read_input(partial, 1)
    sources = [kept(partial, [begun], 1)]
    models = None
    if like is not None:
        models = options.read_input(like, number)
        sources.append(kept(like, models, number))
    seed = options.fresh_seed(seed)
    request: dict[str, Any] = {
        "open": is_open,
        "canvas": canvas,
        "scale": scale,
        "z": z,
        "category": options.categories(loaded, category),
        "max_steps": max_steps,
        "temperature": temperature,
        "temperature_rule": temperature_rule,
        "seed": seed,
    }
    if like is not None:
        with options.naming(like):
            loaded.encode(models or [], category=request["category"])
    with options.naming(partial), options.drawing(loaded):
        drawings = loaded.complete(begun, number, like=models, **request)
    unended = sum(not drawing.metadata["ended"] for drawing in drawings)
    if unended:
        limit = max_steps or loaded.config.max_seq_len
        click.echo(
            f"sketchrnn: {unended} of {number} did not end by themselves within {limit} steps",
            err=True,
        )
    recipe = options.recipe_of(
        loaded,
        model,
        command="complete",
        input=options.name_of(partial),
        n=number,
        like=None if like is None else options.name_of(like),
        **request,
        sources=sources,
    )
    if nats:
        look["captions"] = [f"{drawing.metadata['nats_per_step']:.2f}" for drawing in drawings]
    options.write_page(drawings, output, force=force, recipe=recipe, **look)
