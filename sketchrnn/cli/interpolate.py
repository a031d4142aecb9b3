"""`sketchrnn interpolate`: the way from one drawing to another."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options


@click.command()
@click.argument("model")
@click.argument("a")
@click.argument("b")
@click.option("--frames", type=click.IntRange(min=2), default=10, show_default=True)
@click.option(
    "--method",
    type=click.Choice(["slerp", "lerp"]),
    default="slerp",
    show_default=True,
    help="Along a sphere, or straight.",
)
@options.category_option(
    "What both are, or (A,B) each is, for a model that knows several categories; otherwise what "
    "they say."
)
@options.sampling_options(temperature=0.1)
@options.output_options
def interpolate(
    model: str,
    a: str,
    b: str,
    frames: int,
    method: str,
    category: tuple[str, ...],
    temperature: Any,
    temperature_rule: str,
    seed: int | None,
    output: str,
    force: bool,
    columns: int | None,
    **look: Any,
) -> None:
    """Draw the way from drawing A to drawing B.

    A and B are files, or kanjivg: and a character. Of a file that holds several drawings, the first
    is taken.

    \b
    Examples:
      sketchrnn interpolate kanji kanjivg:水 kanjivg:火 --frames 10 -o way.svg
      sketchrnn interpolate kanji one.svg two.svg --method lerp -o way.png
      sketchrnn interpolate kanji kanjivg:林 kanjivg:銀 --frames 20 --seconds 8 -o way.gif
    """
    from sketchrnn.sampling.categories import share_out
    from sketchrnn.sketch_rnn import load

    options.check_output(output, force)
    loaded = load(model)
    ends = []
    named = options.categories(loaded, category)
    each = None if named is None else share_out(named, 2, loaded.categories)
    for place, name in enumerate((a, b)):
        ends += options.read_input(name, 1)
        with options.naming(name):  # which of the two cannot be used
            loaded.encode(ends[-1], category=each and each[place])
    first, last = [loaded.preparation.apply(drawing) for drawing in ends]
    seed = options.fresh_seed(seed)
    drawings = loaded.interpolate(
        first,
        last,
        frames,
        method,
        temperature,
        temperature_rule,
        seed,
        prepare=False,
        category=each,
    )
    recipe = options.recipe_of(
        loaded,
        model,
        command="interpolate",
        a=options.name_of(a),
        b=options.name_of(b),
        frames=frames,
        method=method,
        category=named,
        temperature=temperature,
        temperature_rule=temperature_rule,
        seed=seed,
        given=options.noted([first, last]),
    )
    columns = columns or min(frames, 10)
    if look["flip"] is None:  # frames of one movement
        look["flip"] = output.lower().endswith((".gif", ".mp4", ".webm")) or look["animate"]
    options.write_page(drawings, output, force=force, recipe=recipe, columns=columns, **look)
