"""`sketchrnn latent`: arithmetic, walks and neighbours in a model's latent space."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options
from sketchrnn.cli.progress import watching
from sketchrnn.requests import Average, Neighbours, Sampling, Shift, Walk

CATEGORY = "The category of the drawings, for a model that knows several; otherwise their own."
SET_LIMIT = 1000
"""So many drawings of a file stand for a set."""


@click.group()
def latent() -> None:
    """Shift drawings, average them, walk away from them, and find what is like them.

    A drawing is given as a file, or as kanjivg: and a character; several are a file of several, a
    data file, of which the test drawings are taken, or kanjivg: and characters.
    """


@latent.command()
@click.argument("model")
@click.argument("input")
@click.option("--away", required=True, metavar="SET", help="Move away from the mean of these.")
@click.option("--towards", required=True, metavar="SET", help="Move towards the mean of these.")
@click.option(
    "--strength",
    multiple=True,
    type=float,
    default=(1.0,),
    help="How far to move: 1 (the default) is the whole way. Each repetition "
    "adds a row to the page.",
)
@click.option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="The most drawings.",
)
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.page_options
def shift(
    model: str,
    input: str,
    away: str,
    towards: str,
    strength: tuple[float, ...],
    number: int,
    category: tuple[str, ...],
    sampling: Sampling,
    page: options.PageOutput,
) -> None:
    """Draw the drawings of INPUT moved by the difference of two sets: style, or an analogy.

    With one drawing each it is the analogy INPUT - AWAY + TOWARDS.

    \b
    Examples:
      sketchrnn latent shift kanji kanjivg:休 --away kanjivg:人 --towards kanjivg:水 -o new.svg
      sketchrnn latent shift kanji a.svg --away thin/ --towards bold/ --strength 0.5 -o s.svg
    """
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, input)
    inputs = InputResolver()
    named = options.categories(loaded, category)
    sets = {}
    for field, name, limit in (
        ("drawings", input, number),
        ("away", away, SET_LIMIT),
        ("towards", towards, SET_LIMIT),
    ):
        sets[field] = inputs.read(name, limit)
        options.check_encodes(loaded, inputs.drawings(sets[field]), name, named)
    request = Shift(**sets, strength=list(strength), category=named, sampling=sampling)
    look: dict[str, Any] = {}
    if len(strength) > 1:
        look["row_labels"] = [f"{one:g}" for one in strength]
    options.draw_page(request, loaded, model, page, inputs, **look)


@latent.command()
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True)
@options.request_options(Average, "n")
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.page_options
def average(
    model: str,
    inputs: tuple[str, ...],
    fields: dict[str, Any],
    category: tuple[str, ...],
    sampling: Sampling,
    page: options.PageOutput,
) -> None:
    """Draw what the drawings of INPUTS have in common, the mean of their codes, a few times.

    \b
    Example:
      sketchrnn latent average kanji kanjivg:語説読記 -o common.svg
    """
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, *inputs)
    named = options.categories(loaded, category)
    found = InputResolver()
    sources = []
    for name in inputs:
        sources.append(found.read(name, SET_LIMIT))
        options.check_encodes(loaded, found.drawings(sources[-1]), name, named)
    request = Average(drawings=sources, **fields, category=named, sampling=sampling)
    options.draw_page(request, loaded, model, page, found)


@latent.command()
@click.argument("model")
@click.argument("start", required=False)
@options.request_options(Walk, "frames", "stride")
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.page_options
def walk(
    model: str,
    start: str | None,
    fields: dict[str, Any],
    category: tuple[str, ...],
    sampling: Sampling,
    page: options.PageOutput,
) -> None:
    """Draw a random walk from the drawing START, or from anywhere.

    \b
    Examples:
      sketchrnn latent walk kanji --frames 24 --seed 7 -o walk.svg
      sketchrnn latent walk kanji kanjivg:花 --stride 0.15 -o away.svg
    """
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, *([start] if start else []))
    inputs = InputResolver()
    begin = None if start is None else inputs.read(start, 1)
    named = options.categories(loaded, category)
    if isinstance(named, list):
        raise BadSettingError("a walk stays in one category", hint="name one")
    if start is not None and begin is not None:
        options.check_encodes(loaded, inputs.drawings(begin), start, named)
    request = Walk(start=begin, **fields, category=named, sampling=sampling)
    options.draw_page(request, loaded, model, page, inputs, columns=min(request.frames, 12))


@latent.command()
@click.argument("model")
@click.argument("drawing")
@click.argument("data")
@options.request_options(Neighbours, "n", "split")
@options.page_options
def neighbours(
    model: str, drawing: str, data: str, fields: dict[str, Any], page: options.PageOutput
) -> None:
    """Find the drawings of DATA that are most like DRAWING, which the page shows first.

    \b
    Example:
      sketchrnn latent neighbours kanji kanjivg:鳥 kanji.h5 -n 8 -o like-it.svg
    """
    from sketchrnn.recipe_inputs import InputResolver

    page.check()
    loaded = options.load_model(model, drawing, data)
    inputs = InputResolver()
    own = inputs.read(drawing, 1)
    options.check_encodes(loaded, inputs.drawings(own), drawing, None)
    request = Neighbours(drawing=own, data=inputs.read_pool(data), **fields)
    with watching("encoding") as progress, options.naming(data):
        shown = request.run(loaded, inputs, progress)
    captions = ["", *(f"{one.metadata['distance']:.2f}" for one in shown[1:])]
    columns = min(len(shown), 9)
    options.write_request(request, shown, loaded, model, page, columns=columns, captions=captions)
