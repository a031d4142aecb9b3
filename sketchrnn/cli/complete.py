"""`sketchrnn complete`: endings for a drawing that is only begun."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options
from sketchrnn.requests import Complete, Sampling


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
@options.page_options
def complete(
    model: str,
    partial: str,
    fields: dict[str, Any],
    like: str | None,
    category: tuple[str, ...],
    sampling: Sampling,
    nats: bool,
    page: options.PageOutput,
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
    options.write_request(request, drawings, loaded, model, page, **look)
