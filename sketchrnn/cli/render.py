"""`sketchrnn render` and `redraw`: drawings as pictures, and a page again from its recipe."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli.options import counted, note
from sketchrnn.cli.page_output import asked_movement, check_output, movement_options, write_bytes
from sketchrnn.cli.progress import progress_bar

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing

GALLERY_LIMIT = 500
"""Drawings on a page where the caller does not say how many: more are for no eye to see."""

FOUR_DIGITS = 10_000
"""So many files of a folder, or more, are numbered with six digits, so that their names sort."""


@click.command()
@click.argument("input", metavar="INPUT")
@click.option(
    "-o",
    "--output",
    "output",
    required=True,
    metavar="OUT",
    help="A file .svg, .png, .pdf or .html; a movie .gif, .mp4 or .webm; a folder, with / at its "
    "end, for one file a drawing; - for standard output.",
)
@click.option(
    "--columns",
    type=int,
    default=8,
    show_default=True,
    help="How many drawings stand side by side.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"How many drawings to take; 0 takes all. Otherwise a page shows {GALLERY_LIMIT}.",
)
@click.option(
    "--size", metavar="WxH", help="The size of a picture (256x256) or of a cell (96x96), in px."
)
@click.option("--margin", type=float, help="Free space around a drawing, in px.")
@click.option("--stroke-width", type=float, help="The width of the strokes, in px.")
@click.option("--color", help="The colour of the pen: #rrggbb or a CSS name.")
@click.option(
    "--color-by-order",
    is_flag=True,
    help="Colour the strokes by their order, from dark blue to orange.",
)
@click.option("--background", help="The colour of the background, or none.")
@click.option(
    "--smooth", type=float, help="Draw smooth curves that stay within so many px of the strokes."
)
@click.option("--precision", type=int, help="Decimals of coordinates in SVG; otherwise 2.")
@click.option(
    "--fit",
    help="How drawings get their scale: auto, common, each, box or none (coordinates are px).",
)
@click.option("--scale", type=float, help="Pixels of a PNG for each px: 1, or 2 for a page.")
@click.option("--title", help="A title at the head of the page.")
@click.option("--captions", is_flag=True, help="Write the character or category under each.")
@click.option("--grid", is_flag=True, help="Draw a hairline around each cell.")
@click.option(
    "--format",
    "suffix",
    metavar="FORMAT",
    help="The format of the files in a folder, or of standard output: svg, png, pdf or html; "
    "otherwise svg.",
)
@click.option(
    "--paper",
    help="Fill sheets of A2 to A6, letter, legal, tabloid or 200x300mm; PDF takes several.",
)
@click.option(
    "--landscape", is_flag=True, help="Turn the paper so that its longer side is at the bottom."
)
@movement_options
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def render(
    input: str,
    output: str,
    columns: int,
    limit: int | None,
    size: str | None,
    title: str | None,
    captions: bool,
    grid: bool,
    paper: str | None,
    landscape: bool,
    suffix: str | None,
    force: bool,
    animate: bool,
    seconds: float | None,
    flip: bool | None,
    **options: Any,
) -> None:
    """Turn the drawings of INPUT into pictures.

    INPUT is a file of drawings, or - for standard input. One drawing becomes a picture, several
    become a page, and a folder gets one file for each.

    \b
    Examples:
      sketchrnn render cat.svg -o cat.png
      sketchrnn render cats.ndjson -o cats.svg --columns 10 --limit 100 --title Cats
      sketchrnn render kanji.npz -o kanji/ --format png --size 128x128
      sketchrnn render cat.svg -o cat.gif --seconds 3
    """
    from sketchrnn.drawing import BadFileError
    from sketchrnn.drawing.files import whole_file
    from sketchrnn.render import Gallery, gallery
    from sketchrnn.render.save import check_suffix, drawing_to_page
    from sketchrnn.render.style import Style
    from sketchrnn.sources import read_all

    style = _style(size, **options)
    checked = Style.of(style)  # before anything is read
    to_folder = output != "-" and (output.endswith("/") or Path(output).is_dir())
    if output == "-" or to_folder:
        ending = check_suffix(f"picture.{suffix or 'svg'}")
    else:
        ending = check_suffix(output)
        _check_format(suffix, ending, output)

    movement = asked_movement(ending, animate, seconds, flip)
    drawings: Iterator[Drawing] = iter(read_all(input))
    if to_folder:
        _save_each(
            drawings if not limit else itertools.islice(drawings, limit),
            Path(output),
            ending,
            checked,
            force,
            source=input,
            movement=movement,
        )
        return

    most = GALLERY_LIMIT if limit is None else limit
    shown = list(itertools.islice(drawings, most) if most else drawings)
    if not shown:
        raise BadFileError("holds no drawing", path=input)
    if limit is None and next(drawings, None) is not None:
        note(f"{input} holds more; the page shows {most}, and --limit 0 all of them")
    if len(shown) > 1 or title or captions or grid or paper or landscape:
        page = gallery(
            [drawing.with_metadata(command=None) for drawing in shown],
            columns=columns,
            title=title,
            captions=[_caption(drawing) for drawing in shown] if captions else None,
            grid=grid,
            paper=paper,
            landscape=landscape,
            **style,
        )
    else:
        scale = checked.scale or 1.0
        page = Gallery(drawing_to_page(shown[0], checked), scale, scale)
    if movement is not None:
        page = page.animate(**movement)
    if output == "-":
        sys.stdout.buffer.write(page.encode(ending, note))
        sys.stdout.buffer.flush()
    else:
        with whole_file(output, overwrite=force) as beside, progress_bar("frames") as (move, _):
            beside.write_bytes(page.encode(ending, note, move))
        click.echo(f"{output}  ({counted(len(shown), 'drawing')})", err=True)


def _style(size: str | None, **options: Any) -> dict[str, Any]:
    """Return what the caller said about the look, and nothing else, so that defaults hold."""
    from sketchrnn.drawing import BadSettingError

    style = {
        name: value for name, value in options.items() if value is not None and value is not False
    }
    if size is not None:
        sides = re.fullmatch(r"(\d+(?:\.\d+)?)(?:[x×](\d+(?:\.\d+)?))?", size.strip().lower())
        if sides is None:
            raise BadSettingError(f"size is {size!r}", hint="write it as 256x256")
        style["size"] = (float(sides[1]), float(sides[2] or sides[1]))
    if str(style.get("background", "")).lower() in ("none", "transparent"):
        style["background"] = None
    return style


def _caption(drawing: Drawing) -> str | None:
    return drawing.metadata.get("character") or drawing.category


def _check_format(suffix: str | None, ending: str, output: str) -> None:
    from sketchrnn.drawing import BadSettingError

    if suffix is not None and f".{suffix.lower().lstrip('.')}" != ending:
        raise BadSettingError(
            f"--format {suffix} does not go with the suffix",
            path=output,
            hint="omit --format; the suffix tells the format",
        )


def _save_each(
    drawings: Iterable[Drawing],
    folder: Path,
    ending: str,
    style: Any,
    force: bool,
    source: str,
    movement: Any,
) -> None:
    """Write one file a drawing: 0001-cat.svg, or 0001.svg for one without a category."""
    from sketchrnn.drawing import BadFileError
    from sketchrnn.render.bulk import drawings_to_pages
    from sketchrnn.render.folder import save_pages
    from sketchrnn.render.timeline import make_movement

    rest = iter(drawings)
    first = list(itertools.islice(rest, FOUR_DIGITS))
    if not first:
        raise BadFileError("holds no drawing", path=source)
    digits = 4 if len(first) < FOUR_DIGITS else 6  # so that they sort

    def named() -> Iterator[tuple[str, Any]]:
        moves = None if movement is None else make_movement(movement)
        each = drawings_to_pages(itertools.chain(first, rest), style)
        for count, page in enumerate(each, 1):
            name = "-".join(re.findall(r"\w+", page.title or ""))[:60]
            number = f"{count:0{digits}}"
            yield f"{number}-{name}" if name else number, page.with_(movement=moves)

    with progress_bar("pictures") as (progress, say):
        written = save_pages(
            named(),
            folder,
            ending,
            force,
            style.scale or 1.0,
            lambda line: say(f"sketchrnn: {line}"),
            progress,
        )
    click.echo(f"{counted(written, 'drawing')} in {folder}", err=True)


@click.command()
@click.argument("page")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A page .svg, .png, .pdf, .html, a movie; otherwise beside PAGE, with -again in its name.",
)
@click.option("--model", metavar="MODEL", help="Draw with this model, not with the recipe's.")
@click.option(
    "--data",
    multiple=True,
    metavar="FILE",
    help="The file that PAGE was made from, if it is not where the recipe says; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Draw even if it takes longer than a minute.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def redraw(
    page: str, output: str | None, model: str | None, data: tuple[str, ...], yes: bool, force: bool
) -> None:
    """Make a page again from the recipe that it carries.

    PAGE is an SVG, PNG, PDF, HTML or GIF file that generate, complete, reconstruct, interpolate,
    latent, atlas, data show or evaluate --pairs wrote, a plotter sheet of a model's drawings, or a
    script's gallery of what a model drew. A model that does not come with sketchrnn is named
    with --model. Drawings that a page was made from are in its recipe; a data file, and what is too
    long, is looked for below the current folder and beside PAGE, and must be as it was then. With
    the same model and versions the same bytes come out, which is told.

    \b
    Examples:
      sketchrnn redraw page.svg
      sketchrnn redraw page.png -o page.pdf
      sketchrnn redraw page.html --model run -o by-another.svg
      sketchrnn redraw atlas.svg --data moved/kanji.h5
    """
    from sketchrnn.render.plotter import PlotterSheet
    from sketchrnn.render.recipe import read_recipe
    from sketchrnn.requests import redraw as draw_again

    file = Path(page)
    if output is None:
        suffix = read_recipe(page)[1]
        output = str(file.with_name(f"{file.stem}-again{file.suffix or suffix}"))
    check_output(output, force)
    made = draw_again(
        page,
        model,
        data,
        note=note,
        allow=None if yes else _within_a_minute,
    )
    if isinstance(made, PlotterSheet):
        written = made.to_svg().encode()
        if output == "-":
            click.echo(made.to_svg(), nl=False)
        else:
            made.save(output, overwrite=force)
    else:
        written = write_bytes(made, output, force)
    if output == "-":
        return
    same = written == file.read_bytes()
    told = f"the same as {page}, byte for byte" if same else f"{page} made again"
    click.echo(f"{output}  ({told})", err=True)


PRODUCTS_A_SECOND = 10e9
"""Multiplications of a decoder on two cores: of small requests a third of what large ones reach."""


def _within_a_minute(steps: int, weights: int) -> None:
    """Refuse a page that would take longer than a minute: it may come from anybody."""
    from sketchrnn.drawing import BadSettingError

    seconds = steps * weights / PRODUCTS_A_SECOND
    if seconds > 60:
        raise BadSettingError(
            f"the page asks for up to {steps:,} steps of the pen, about {seconds / 60:.0f} minutes",
            hint="draw it all the same with --yes",
        )
