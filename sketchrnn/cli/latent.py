"""`sketchrnn latent`: arithmetic, walks and neighbours in a model's latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import options
from sketchrnn.cli.progress import watching

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing
    from sketchrnn.sketch_rnn import SketchRNN

CATEGORY = "What the drawings are, for a model that knows several; otherwise what they say."
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
    help="1 for the whole way, otherwise 1; repeated: a row of the page for each.",
)
@click.option(
    "-n", "number", type=click.IntRange(min=1), default=8, show_default=True, help="At most."
)
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.output_options
def shift(
    model: str,
    input: str,
    away: str,
    towards: str,
    strength: tuple[float, ...],
    number: int,
    category: tuple[str, ...],
    output: str,
    force: bool,
    columns: int | None,
    **given: Any,
) -> None:
    """Draw the drawings of INPUT moved by the difference of two sets: style, or an analogy.

    With one drawing each it is the analogy INPUT - AWAY + TOWARDS.

    \b
    Examples:
      sketchrnn latent shift kanji kanjivg:休 --away kanjivg:人 --towards kanjivg:水 -o new.svg
      sketchrnn latent shift kanji a.svg --away thin/ --towards bold/ --strength 0.5 -o s.svg
    """
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept

    options.check_output(output, force)
    loaded = load(model)
    moved = options.read_input(input, number)
    sources, ends = [kept(input, moved, number)], []
    for name in (away, towards):
        ends.append(options.read_input(name, SET_LIMIT))
        sources.append(kept(name, ends[-1], SET_LIMIT))
        _check(loaded, ends[-1], name, category)
    _check(loaded, moved, input, category)
    request, look = _apart(given)
    named = options.categories(loaded, category)
    with options.drawing(loaded):
        rows = [
            loaded.shift(moved, ends[0], ends[1], one, category=named, **request)
            for one in strength
        ]
    recipe = options.recipe_of(
        loaded,
        model,
        command="shift",
        input=options.name_of(input),
        away=options.name_of(away),
        towards=options.name_of(towards),
        strength=list(strength),
        category=named,
        **request,
        sources=sources,
    )
    if len(rows) > 1:
        look["row_labels"] = [f"{one:g}" for one in strength]
    page: Any = rows if len(rows) > 1 else rows[0]
    options.write_page(page, output, force=force, recipe=recipe, columns=columns, **look)


@latent.command()
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True)
@click.option("-n", "number", type=options.MANY, default=4, show_default=True)
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.output_options
def average(
    model: str,
    inputs: tuple[str, ...],
    number: int,
    category: tuple[str, ...],
    output: str,
    force: bool,
    columns: int | None,
    **given: Any,
) -> None:
    """Draw what the drawings of INPUTS have in common, the mean of their codes, a few times.

    \b
    Example:
      sketchrnn latent average kanji kanjivg:語説読記 -o common.svg
    """
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept

    options.check_output(output, force)
    loaded = load(model)
    drawings: list[Drawing] = []
    sources = []
    for name in inputs:
        some = options.read_input(name, SET_LIMIT)
        _check(loaded, some, name, category)
        sources.append(kept(name, some, SET_LIMIT))
        drawings += some
    request, look = _apart(given)
    named = options.categories(loaded, category)
    with options.drawing(loaded):
        made = loaded.average(drawings, number, category=named, **request)
    names = [options.name_of(name) for name in inputs]
    recipe = options.recipe_of(
        loaded,
        model,
        command="average",
        inputs=names,
        n=number,
        category=named,
        **request,
        sources=sources,
    )
    options.write_page(made, output, force=force, recipe=recipe, columns=columns, **look)


@latent.command()
@click.argument("model")
@click.argument("start", required=False)
@click.option("--frames", type=click.IntRange(1, 10_000), default=16, show_default=True)
@click.option(
    "--stride",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="How far a step goes: 0 stands still, 1 draws every frame anew.",
)
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@options.output_options
def walk(
    model: str,
    start: str | None,
    frames: int,
    stride: float,
    category: tuple[str, ...],
    output: str,
    force: bool,
    columns: int | None,
    **given: Any,
) -> None:
    """Draw a random walk from the drawing START, or from anywhere.

    \b
    Examples:
      sketchrnn latent walk kanji --frames 24 --seed 7 -o walk.svg
      sketchrnn latent walk kanji kanjivg:花 --stride 0.15 -o away.svg
    """
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept

    options.check_output(output, force)
    loaded = load(model)
    begin = None if start is None else options.read_input(start, 1)[0]
    named = options.categories(loaded, category)
    if isinstance(named, list):
        raise BadSettingError("a walk stays in one category", hint="name one")
    if begin is not None and start is not None:
        _check(loaded, [begin], start, category)
    request, look = _apart(given)
    with options.drawing(loaded):
        made = loaded.walk(begin, frames, stride, category=named, **request)
    recipe = options.recipe_of(
        loaded,
        model,
        command="walk",
        input=None if start is None else options.name_of(start),
        frames=frames,
        stride=stride,
        category=named,
        **request,
        sources=None if start is None or begin is None else [kept(start, [begin], 1)],
    )
    columns = columns or min(frames, 12)
    options.write_page(made, output, force=force, recipe=recipe, columns=columns, **look)


@latent.command()
@click.argument("model")
@click.argument("drawing")
@click.argument("data")
@click.option("-n", "number", type=click.IntRange(min=1), default=8, show_default=True)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test", "all"]),
    default="all",
    show_default=True,
    help="Of a data file.",
)
@options.output_options
def neighbours(
    model: str,
    drawing: str,
    data: str,
    number: int,
    split: str,
    output: str,
    force: bool,
    columns: int | None,
    **look: Any,
) -> None:
    """Find the drawings of DATA that are most like DRAWING, which the page shows first.

    \b
    Example:
      sketchrnn latent neighbours kanji kanjivg:鳥 kanji.h5 -n 8 -o like-it.svg
    """
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import kept
    from sketchrnn.sketch_rnn.redrawing import show_neighbours

    options.check_output(output, force)
    loaded = load(model)
    (own,) = options.read_input(drawing, 1)
    _check(loaded, [own], drawing, ())
    pool, kept_pool = options.read_pool(data)
    with watching("encoding") as progress, options.naming(data):
        found = loaded.neighbours(own, pool, number, split, progress=progress)
    shown = show_neighbours(loaded, own, found)
    texts = ["", *(f"{one.metadata['distance']:.2f}" for one in found)]
    recipe = options.recipe_of(
        loaded,
        model,
        command="neighbours",
        input=options.name_of(drawing),
        data=options.name_of(data),
        n=number,
        split=split,
        seed=None,
        sources=[kept(drawing, [own], 1), kept_pool],
    )
    columns = columns or min(len(shown), 9)
    options.write_page(
        shown, output, force=force, recipe=recipe, columns=columns, captions=texts, **look
    )


def _apart(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part the options that `sampling_options` adds from those of the page."""
    request = {key: given.pop(key) for key in ("temperature", "temperature_rule", "seed")}
    request["seed"] = options.fresh_seed(request["seed"])
    return request, given


def _check(model: SketchRNN, drawings: list[Drawing], name: str, category: tuple[str, ...]) -> None:
    """Let what is wrong with drawings name the argument that they came by."""
    with options.naming(name):
        model.encode(drawings, category=options.categories(model, category))
