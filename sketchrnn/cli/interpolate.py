"""`sketchrnn interpolate`: the way from one drawing to another."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options

MOST_CELLS = 10_000


@click.command()
@click.argument("model")
@click.argument("a")
@click.argument("b", required=False)
@click.argument("more", nargs=-1)
@click.option(
    "--frames",
    type=click.IntRange(2, MOST_CELLS),
    help="How many drawings; otherwise 10, and of a loop 6 a drawing.",
)
@click.option("--loop", is_flag=True, help="Go through all drawings and back to the first.")
@click.option(
    "--grid", metavar="ROWSxCOLUMNS", help="Between four corners: A B above, the other two below."
)
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
    b: str | None,
    more: tuple[str, ...],
    frames: int | None,
    loop: bool,
    grid: str | None,
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
    is taken. With --loop and --grid there may be MORE than two.

    \b
    Examples:
      sketchrnn interpolate kanji kanjivg:水 kanjivg:火 --frames 10 -o way.svg
      sketchrnn interpolate kanji one.svg two.svg --method lerp -o way.png
      sketchrnn interpolate kanji kanjivg:林 kanjivg:銀 --frames 20 --seconds 8 -o way.gif
      sketchrnn interpolate kanji kanjivg:林 kanjivg:銀 kanjivg:花 --loop --frames 24 -o loop.svg
      sketchrnn interpolate kanji kanjivg:木 kanjivg:林 kanjivg:日 kanjivg:明 --grid 5x5 -o g.svg
    """
    from sketchrnn.sampling.categories import share_out
    from sketchrnn.sketch_rnn import load
    from sketchrnn.sketch_rnn.inputs import MOST_POINTS, noted

    if b is None:
        raise click.UsageError("One drawing makes no way, no loop and no grid: name two or more.")
    names = (a, b, *more)
    size = _size(grid)
    if size and loop:
        raise click.UsageError("--loop and --grid exclude each other.")
    if size and len(names) != 4:
        raise click.UsageError(f"--grid has four corners, and {len(names)} drawings are named.")
    if more and not (size or loop):
        raise click.UsageError("Between more than two drawings: --loop or --grid.")
    if size and frames:
        raise click.UsageError("--grid says how many drawings, --frames does not.")
    frames = frames or (6 * len(names) if loop else 10)
    options.check_output(output, force)
    loaded = load(model)
    ends = []
    named = options.categories(loaded, category)
    each = None if named is None else share_out(named, len(names), loaded.categories)
    for place, name in enumerate(names):
        ends += options.read_input(name, 1)
        with options.naming(name):  # which of them cannot be used
            loaded.encode(ends[-1], category=each and each[place])
    ends = [loaded.preparation.apply(drawing) for drawing in ends]
    seed = options.fresh_seed(seed)
    if look["flip"] is None and not size:  # frames of one movement
        look["flip"] = output.lower().endswith((".gif", ".mp4", ".webm")) or look["animate"]
    if size or loop:
        common: dict[str, Any] = {
            "method": method,
            "temperature": temperature,
            "temperature_rule": temperature_rule,
            "seed": seed,
        }
        made: dict[str, Any]
        page: Any
        if size:
            made = {"command": "grid", "rows": size[0], "columns": size[1]}
            with options.drawing(loaded):
                page = loaded.grid(ends, *size, **common, prepare=False, category=each)
        else:
            made = {"command": "loop", "frames": frames}
            with options.drawing(loaded):
                page = loaded.loop(ends, frames, **common, prepare=False, category=each)
        inputs = [options.name_of(name) for name in names]
        notes = {**made, "inputs": inputs, "category": named, **common}
        recipe = options.recipe_of(loaded, model, **notes, given=noted(ends, most=MOST_POINTS))
        columns = columns or min(frames, 12)
        options.write_page(page, output, force=force, recipe=recipe, columns=columns, **look)
        return
    first, last = ends
    with options.drawing(loaded):
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
        given=noted(ends, most=MOST_POINTS),
    )
    columns = columns or min(frames, 10)
    options.write_page(drawings, output, force=force, recipe=recipe, columns=columns, **look)


def _size(grid: str | None) -> tuple[int, int] | None:
    """Return the rows and columns of --grid."""
    if grid is None:
        return None
    rows, _, columns = grid.lower().partition("x")
    if not (rows.isdecimal() and columns.isdecimal() and min(int(rows), int(columns)) >= 2):
        raise click.UsageError(f"--grid {grid}: write it as 5x7, at least 2x2.")
    if int(rows) * int(columns) > MOST_CELLS:
        raise click.UsageError(f"--grid {grid}: that is more than {MOST_CELLS:,} drawings.")
    return int(rows), int(columns)
