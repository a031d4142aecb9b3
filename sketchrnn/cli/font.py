"""`sketchrnn font`: drawings as a font to write with."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import drawing_input
from sketchrnn.cli.options import counted, note
from sketchrnn.cli.progress import watching
from sketchrnn.requests import Sampling

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing
    from sketchrnn.render.font_file import Font

DRAWN = 500
"""Glyphs of a model where the caller says neither how many nor which characters."""


@click.command()
@drawing_input.supply_options
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="The font to write: .otf, .ttf, .woff2 or .woff.",
)
@click.option("--name", help="The name of the font family; otherwise the file's name.")
@click.option(
    "--characters",
    metavar="TEXT|FILE",
    help="The characters that the glyphs stand for, in order; otherwise code "
    "points for private use.",
)
@click.option(
    "--own-characters",
    is_flag=True,
    help="Take each drawing for the character of its label, category or file name: A.svg, "
    "U+5C71.svg. A folder of files so named needs no option.",
)
@click.option(
    "--start", metavar="U+XXXX", default="U+E000", show_default=True, help="The first code point."
)
@click.option(
    "--pen-width",
    type=float,
    default=40.0,
    show_default=True,
    help="The width of the line at its widest; a glyph is 1000 wide.",
)
@click.option(
    "--contrast",
    type=float,
    default=0.0,
    show_default=True,
    help="The contrast of a broad nib: at 0 all lines are equally wide, at 0.7 "
    "the thinnest are 0.3 of "
    "the widest.",
)
@click.option(
    "--angle", type=float, default=30.0, show_default=True, help="The angle of the nib, in degrees."
)
@click.option(
    "--cap",
    type=click.Choice(["round", "flat"]),
    default="round",
    show_default=True,
    help="How strokes end.",
)
@click.option(
    "--smooth",
    type=float,
    default=8.0,
    show_default=True,
    help="Draw smooth curves that stay this close to the strokes; 0 keeps the strokes as they are.",
)
@click.option(
    "--fit",
    type=click.Choice(["auto", "common", "each", "box"]),
    default="auto",
    show_default=True,
    help="How drawings get their scale.",
)
@click.option(
    "--margin", type=float, help="The margin around a drawing; otherwise half the pen's width."
)
@click.option("--licence", help="The licence of the font; otherwise that of the model or the data.")
@click.option("--attribution", help="Whom to credit; otherwise whom the model or the data credit.")
@click.option("--designer", help="The designer of the font.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def font(
    input: str,
    number: int | None,
    sampling: Sampling,
    category: tuple[str, ...],
    output: str,
    name: str | None,
    characters: str | None,
    own_characters: bool,
    start: str,
    licence: str | None,
    attribution: str | None,
    force: bool,
    **look: Any,
) -> None:
    """Make a font of drawings.

    INPUT is a model folder or the name of a model that comes with sketchrnn, which draws; or a file
    or folder of drawings, or a data file. Strokes are outlined with a pen; every glyph is as wide
    as the others. Without characters to stand for, glyphs get code points for private use.

    \b
    Examples:
      sketchrnn font kanji -n 500 --seed 7 -o invented.otf
      sketchrnn font kanji --characters 天地玄黃 --pen-width 80 --contrast 0.7 -o four.woff2
      sketchrnn font drawings/ --own-characters --name "My Hand" -o mine.otf
    """
    from sketchrnn.drawing import files
    from sketchrnn.render.font_characters import check_characters, check_count, private_use
    from sketchrnn.render.font_file import check_suffix
    from sketchrnn.render.font_file import font as make
    from sketchrnn.render.font_tables import check_name
    from sketchrnn.render.pen_outline import Nib

    check_suffix(output)
    files.check_output(output, overwrite=force)
    family = check_name(Path(output).stem if name is None else name)
    Nib(look["pen_width"], look["contrast"], look["angle"], look["cap"])  # before a model draws
    first = _code_point(start)
    wanted = None if characters is None else check_characters(_text(characters))
    _check_choice(own_characters, wanted is not None)
    if number is None and wanted is not None:
        number = len(wanted)
    check_count(number or 0)
    if wanted is None and not own_characters:
        private_use(number or 1, first)
    found = drawing_input.take_drawings(input, number, DRAWN, sampling, category)
    shown = found.drawings
    by_names = not own_characters and wanted is None and _named_by_characters(input, shown)
    if own_characters or by_names:
        wanted = check_characters([_own(drawing) for drawing in shown])
    made = make(
        shown,
        family,
        characters=wanted,
        start=first,
        licence=licence or found.licence,
        attribution=attribution or found.attribution,
        description=_describe(found),
        **look,
    )
    with watching("glyphs") as progress:
        made.save(output, overwrite=force, progress=lambda done: progress(done, len(shown)))
    seed = "" if found.seed is None else f"  (seed {found.seed})"
    if by_names:
        note("the glyphs are the characters that name their files; otherwise: --start U+E000")
    click.echo(f"{counted(len(shown), 'glyph')}, {_range(made)}", err=True)
    click.echo(f"{output}{seed}", err=True)
    if found.blank:
        note(f"left out: {counted(found.blank, 'blank drawing')}")


def _check_choice(own: bool, named: bool) -> None:
    from sketchrnn.drawing import BadSettingError

    if own + named + _is_given("start") > 1:
        raise BadSettingError(
            "--characters, --own-characters and --start exclude one another", hint="choose one"
        )


def _code_point(text: str) -> int:
    from sketchrnn.drawing import BadSettingError

    found = re.fullmatch(r"(?:u\+?|0x|uni)?([0-9a-f]{1,6})", text.strip().lower())
    if found is None:
        raise BadSettingError(f"--start is {text!r}", hint="write a code point such as U+E000")
    return int(found[1], 16)


def _text(characters: str) -> str:
    """Return the characters of an argument, which may name a file of them."""
    from sketchrnn.drawing import BadFileError

    path = Path(characters)
    with contextlib.suppress(OSError, ValueError):  # too long a text for a name
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                raise BadFileError("is not UTF-8", path=path, hint="save it as UTF-8") from None
    return characters


def _own(drawing: Any) -> str:
    from sketchrnn.drawing import BadDrawingError
    from sketchrnn.render.font_characters import own_character

    character = own_character(drawing)
    if character is None:
        raise BadDrawingError(
            "a drawing does not say which character it is",
            path=drawing.metadata.get("source"),
            hint="name its file by it, such as A.svg or U+5C71.svg, or use --characters",
        )
    return character


def _named_by_characters(input: str, drawings: list[Drawing]) -> bool:
    """Return whether the files of a folder each have the name of another character.

    A code point that is given says what else they are to stand for.
    """
    from sketchrnn.render.font_characters import own_character

    if _is_given("start") or not Path(input).is_dir():
        return False
    stems = [Path(str(drawing.metadata.get("source") or "")).stem for drawing in drawings]
    own = [own_character(drawing) for drawing in drawings]
    return None not in own and len(set(own)) == len(set(stems)) == len(drawings)


def _is_given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT


def _describe(found: drawing_input.Supply) -> str:
    from sketchrnn import __version__

    origin, request = found.origin, found.request
    if request is None:
        return f"Made by sketchrnn {__version__} from {origin['n']} drawings of {origin['input']}."
    sampling = request.sampling
    return (
        f"Drawn by sketchrnn {__version__}: model {origin['model']}, step "
        f"{origin['model_step']}, n {request.n}, temperature {_short(sampling.temperature)} "
        f"({sampling.temperature_rule}), seed {sampling.seed}."
    )


def _short(temperature: Any) -> str:
    """Write a temperature as options do: 0.4, 0.8:0.2, pi 0.8:0.2 pen 0.1 sigma 0.4."""
    if isinstance(temperature, dict):
        return " ".join(f"{name} {_short(own)}" for name, own in temperature.items())
    numbers = temperature if isinstance(temperature, (list, tuple)) else [temperature]
    return ":".join(f"{number:g}" for number in numbers)


def _range(made: Font) -> str:
    """Say where the glyphs are."""
    points = made.characters
    first, last = points[0], points[-1]
    if last - first == len(points) - 1:
        return f"U+{first:04X}" if first == last else f"U+{first:04X} to U+{last:04X}"
    text = made.text
    return text if len(text) <= 12 else f"{text[:6]} … {text[-5:]}"
