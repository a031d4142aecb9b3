"""`sketchrnn latent`, `interpolate` and `atlas`: ways, sums and maps in a model's latent space."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli import options, page_output
from sketchrnn.cli.progress import watching
from sketchrnn.requests import (
    Atlas,
    Average,
    Grid,
    Interpolate,
    Loop,
    Neighbours,
    Request,
    Sampling,
    Shift,
    Walk,
)

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
@page_output.page_options
def shift(
    model: str,
    input: str,
    away: str,
    towards: str,
    strength: tuple[float, ...],
    number: int,
    category: tuple[str, ...],
    sampling: Sampling,
    page: page_output.PageOutput,
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
    page_output.draw_page(request, loaded, model, page, inputs, **look)


@latent.command()
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True)
@options.request_options(Average, "n")
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@page_output.page_options
def average(
    model: str,
    inputs: tuple[str, ...],
    fields: dict[str, Any],
    category: tuple[str, ...],
    sampling: Sampling,
    page: page_output.PageOutput,
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
    page_output.draw_page(request, loaded, model, page, found)


@latent.command()
@click.argument("model")
@click.argument("start", required=False)
@options.request_options(Walk, "frames", "stride")
@options.category_option(CATEGORY)
@options.sampling_options(temperature=0.1)
@page_output.page_options
def walk(
    model: str,
    start: str | None,
    fields: dict[str, Any],
    category: tuple[str, ...],
    sampling: Sampling,
    page: page_output.PageOutput,
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
    page_output.draw_page(request, loaded, model, page, inputs, columns=min(request.frames, 12))


@latent.command()
@click.argument("model")
@click.argument("drawing")
@click.argument("data")
@options.request_options(Neighbours, "n", "split")
@page_output.page_options
def neighbours(
    model: str, drawing: str, data: str, fields: dict[str, Any], page: page_output.PageOutput
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
    page_output.write_request(
        request, shown, loaded, model, page, columns=columns, captions=captions
    )


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
@page_output.page_options
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
    page: page_output.PageOutput,
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
    page_output.draw_page(request, loaded, model, page, inputs, columns=columns)


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


@click.command()
@click.argument("model")
@click.argument("input")
@options.request_options(Atlas, "n", "split", "method", "seed")
@click.option(
    "--cell",
    type=click.FloatRange(min=4),
    default=30,
    show_default=True,
    help="The side of a cell, in px.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    help="How many drawings stand side by side; otherwise the page is square.",
)
@click.option("--title", help="A title at the head of the page.")
@click.option("--stroke-width", type=float, help="The width of the strokes, in px.")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="A page .svg, .png, .pdf or .html."
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def atlas(
    model: str,
    input: str,
    fields: dict[str, Any],
    cell: float,
    columns: int | None,
    output: str,
    force: bool,
    **look: Any,
) -> None:
    """Lay the drawings of INPUT out on a page so that neighbours are alike, as MODEL sees them.

    INPUT is a data file or a file of drawings.

    \b
    Examples:
      sketchrnn atlas kanji kanji.h5 -n 2000 -o atlas.svg
      sketchrnn atlas kanji kanji.h5 --split test --map tsne --cell 40 -o atlas.png
    """
    from sketchrnn.recipe_inputs import InputResolver

    style = {name: value for name, value in look.items() if value is not None}
    page = page_output.PageOutput(output, force, columns, look=style)
    page.check()
    loaded = options.load_model(model, input)
    inputs = InputResolver()
    request = Atlas(data=inputs.read_pool(input), columns=columns, **fields)
    with watching("encoding") as progress, options.naming(input):
        rows = request.run(loaded, inputs, progress)
    size = (cell, cell)
    page_output.write_request(
        request, rows, loaded, model, page, columns=len(rows), size=size, gap=cell / 15
    )
