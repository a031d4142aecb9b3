"""`sketchrnn interpolate`: the way from one drawing to another."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options
from sketchrnn.requests import Grid, Interpolate, Loop, Request, Sampling

MOST_CELLS = 10_000


@click.command()
@click.argument("model")
@click.argument("a")
@click.argument("b", required=False)
@click.argument("more", nargs=-1)
@click.option(
    "--frames",
    type=click.IntRange(2, MOST_CELLS),
    help="How many drawings; otherwise 10, or 6 for each drawing of a loop.",
)
@click.option("--loop", is_flag=True, help="Go through all drawings and back to the first.")
@click.option(
    "--grid",
    metavar="ROWSxCOLUMNS",
    help="Fill a grid between four drawings: A and B above, the other two below.",
)
@options.request_options(Interpolate, "method")
@options.category_option(
    "The category of both drawings, or of each (A,B), for a model that knows several; otherwise "
    "their own."
)
@options.sampling_options(temperature=0.1)
@options.page_options
def interpolate(
    model: str,
    a: str,
    b: str | None,
    more: tuple[str, ...],
    frames: int | None,
    loop: bool,
    grid: str | None,
    fields: dict[str, Any],
    category: tuple[str, ...],
    sampling: Sampling,
    page: options.PageOutput,
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
    from sketchrnn.recipe_inputs import InputResolver

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
    page.check()
    loaded = options.load_model(model, *names)
    inputs = InputResolver()
    named = options.categories(loaded, category)
    settings: dict[str, Any] = {
        **fields,
        "ends": inputs.read_each(names),
        "category": named,
        "sampling": sampling,
    }
    options.check_each(loaded, inputs.drawings(settings["ends"]), names, named)
    request: Request
    if size:
        columns = 10
        request = Grid(rows=size[0], columns=size[1], **settings)
    else:
        frames = frames or (6 * len(names) if loop else 10)
        columns = min(frames, 12 if loop else 10)
        request = (Loop if loop else Interpolate)(frames=frames, **settings)
        if page.flip is None:  # frames of one movement
            page.flip = page.animate or page.output.lower().endswith((".gif", ".mp4", ".webm"))
    options.draw_page(request, loaded, model, page, inputs, columns=columns)


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
