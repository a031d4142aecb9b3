"""`sketchrnn plot`: a sheet for a pen plotter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import drawing_input
from sketchrnn.cli.options import counted, note
from sketchrnn.requests import Sampling, Sheet

if TYPE_CHECKING:
    from sketchrnn.render import PlotterSheet

DRAWN = 64
"""Drawings of a model where the caller does not say how many."""


SLOWEST = 0.001
"""In mm a second: nobody waits longer for a pen."""

LONGEST_LIFT = 3600.0
"""In seconds."""


@click.command()
@drawing_input.supply_options
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT.svg",
    help="The sheet to write; - for standard output.",
)
@click.option(
    "--paper",
    default="A4",
    show_default=True,
    help="The paper: A2 to A6, letter, legal, tabloid, or its sides, such as 200x300mm.",
)
@click.option(
    "--landscape", is_flag=True, help="Turn the paper so that its longer side is at the bottom."
)
@click.option(
    "--margin", default="10mm", show_default=True, help="The margin that is left free on all sides."
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    help="How many drawings stand side by side; otherwise as many as make them largest.",
)
@click.option(
    "--size",
    help="The size of a drawing, such as 25mm or 25x40mm; otherwise as large as they all fit.",
)
@click.option("--gap", help="The gap between drawings; otherwise an eighth of their size.")
@click.option(
    "--fit",
    type=click.Choice(["auto", "common", "each", "box"]),
    default="auto",
    show_default=True,
    help="How drawings get their scale.",
)
@click.option("--pen", default="0.3mm", show_default=True, help="The width of the pen's line.")
@click.option(
    "--pens", metavar="COLOUR,…", help="The colours of the pens, each #rrggbb or a CSS name."
)
@click.option(
    "--pen-by",
    type=click.Choice(["sheet", "category", "drawing", "stroke"]),
    default="sheet",
    show_default=True,
    help="What gets a pen of its own; pens are taken in turn.",
)
@click.option(
    "--smooth",
    metavar="LENGTH",
    help="Draw smooth curves that stay this close to the strokes: 0.2mm, or 1% of a drawing.",
)
@click.option(
    "--join", metavar="LENGTH", help="Join strokes of a drawing whose ends are this close."
)
@click.option(
    "--order",
    type=click.Choice(["short", "hand"]),
    default="short",
    show_default=True,
    help="Order strokes for short ways in the air (short), or as they were drawn (hand).",
)
@click.option("--keep-direction", is_flag=True, help="Draw every stroke from its beginning.")
@click.option(
    "--speed",
    type=float,
    default=40.0,
    show_default=True,
    help="The speed of the pen on the paper, in mm a second, for the estimate of time.",
)
@click.option(
    "--travel-speed",
    type=float,
    default=120.0,
    show_default=True,
    help="The speed of the pen in the air, in mm a second.",
)
@click.option(
    "--lift-time",
    type=click.FloatRange(0, LONGEST_LIFT),
    default=0.3,
    show_default=True,
    help="How long lifting and lowering the pen takes, in seconds.",
)
@click.option("--title", help="The title of the document; it is not drawn.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def plot(
    input: str,
    number: int | None,
    sampling: Sampling,
    category: tuple[str, ...],
    output: str,
    pens: str | None,
    keep_direction: bool,
    speed: float,
    travel_speed: float,
    lift_time: float,
    force: bool,
    **sheet: Any,
) -> None:
    """Lay drawings out on paper for a pen plotter.

    INPUT is a model folder or the name of a model that comes with sketchrnn, which draws; or a file
    or folder of drawings, or a data file. The sheet is an SVG in millimetres: single lines, a layer
    for each pen, no fills. It tells how far the pen travels, and about how long that takes.

    \b
    Examples:
      sketchrnn plot kanji -n 64 --seed 7 --paper A4 --smooth 1% -o sheet.svg
      sketchrnn plot cats.ndjson -n 12 --size 4cm --pens black,crimson --pen-by drawing -o cats.svg
      vpype read sheet.svg write --device hp7475a --page-size a4 sheet.hpgl
    """
    from sketchrnn.drawing import files
    from sketchrnn.render.paper import parse_paper
    from sketchrnn.render.plotter import check_suffix
    from sketchrnn.render.plotter import plot as lay_out
    from sketchrnn.render.style import check_number

    if output != "-":
        check_suffix(output)
        files.check_output(output, overwrite=force)
    parse_paper(sheet["paper"])  # before a model draws
    check_number("speed", speed, lowest=SLOWEST)
    check_number("travel speed", travel_speed, lowest=SLOWEST)
    check_number("lift time", lift_time, lowest=0)
    colors = None if pens is None else [color.strip() for color in pens.split(",")]
    found = drawing_input.take_drawings(input, number, DRAWN, sampling, category)
    settings = {
        **{key: value for key, value in sheet.items() if value not in (None, False)},
        **({} if colors is None else {"pens": colors}),
        **({"turn_round": False} if keep_direction else {}),
    }
    made = lay_out(found.drawings, recipe=found.recipe(Sheet(**settings)), **settings)
    if output == "-":
        click.echo(made.to_svg(), nl=False)
    else:
        made.save(output, overwrite=force)
    for line in _report(made, len(found.drawings), speed, travel_speed, lift_time):
        click.echo(line, err=True)
    seed = "" if found.seed is None else f"  (seed {found.seed})"
    click.echo(f"{'standard output' if output == '-' else output}{seed}", err=True)
    if found.blank:
        note(f"left out: {counted(found.blank, 'blank drawing')}")


def _report(
    sheet: PlotterSheet, count: int, speed: float, travel_speed: float, lift_time: float
) -> list[str]:
    """Say what is on a sheet, how far the pen travels and how long it takes."""
    width, height = sheet.size
    pens = len(sheet.layers)
    seconds = sheet.seconds(speed, travel_speed, lift_time)
    by_hand = sheet.seconds(speed, travel_speed, lift_time, by_hand=True)
    return [
        f"{sheet.paper}: {counted(count, 'drawing')} of {width:.4g} x {height:.4g} mm, "
        f"{counted(sheet.num_strokes, 'stroke')}, {counted(pens, 'pen')}",
        f"pen down {sheet.down / 1000:.2f} m, pen up {sheet.up / 1000:.2f} m "
        f"({sheet.up_by_hand / 1000:.2f} m in the order of the drawings)",
        f"about {_duration(seconds)} at {speed:g} mm/s ({_duration(by_hand)} in that order)",
    ]


def _duration(seconds: float) -> str:
    """Write a time as people say it: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
