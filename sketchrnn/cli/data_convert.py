"""`sketchrnn data convert`: make a data file of drawings."""

from __future__ import annotations

from typing import Any

import click

from sketchrnn.cli.progress import progress_bar

_OPTIONS = (
    click.option(
        "--epsilon",
        metavar="FLOAT|auto",
        help="Simplify to within so many data units; 0: not at all; auto: as little as makes 99 of "
        "100 drawings short enough. Otherwise 1.5 for KanjiVG, 2 for other drawings, none for npz.",
    ),
    click.option(
        "--max-steps",
        type=click.IntRange(min=0),
        help="The most steps of a drawing, otherwise 250; 0 for any number. Longer ones are "
        "simplified further, or dropped where --epsilon is a number.",
    ),
    click.option(
        "--splits",
        default="90,5,5",
        show_default=True,
        metavar="A,B,C",
        help="Shares of train, valid and test, where the input has no splits of its own.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of the splits."),
    click.option(
        "--extent", type=float, help="The side that drawings are fitted to. Otherwise 255."
    ),
    click.option("--keep-scale", is_flag=True, help="Leave coordinates as they are."),
    click.option("--variants", is_flag=True, help="Keep variants of KanjiVG's characters."),
    click.option(
        "--scripts",
        default="kanji",
        show_default=True,
        metavar="A,B,…",
        help="Of KanjiVG: kanji, extended, hiragana, katakana, latin, digits, radicals, other, "
        "all.",
    ),
    click.option("--symbols", is_flag=True, help="Take the labelled symbols of InkML one by one."),
    click.option(
        "--join",
        type=click.FloatRange(min=0),
        metavar="LENGTH",
        help="Join strokes whose ends are so close, in units of the input.",
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Keep at most so many of a category."),
    click.option("--recognized", is_flag=True, help="Keep what Quick, Draw! recognized."),
    click.option(
        "--country", "countries", multiple=True, metavar="CODE", help="Keep drawings from it."
    ),
    click.option(
        "--component", "components", multiple=True, help="Keep characters with it, of KanjiVG."
    ),
    click.option("--min-strokes", type=click.IntRange(min=1), help="Drop drawings with fewer."),
    click.option("--max-strokes", type=click.IntRange(min=1), help="Drop drawings with more."),
    click.option("--min-points", type=click.IntRange(min=1), help="Drop drawings with fewer."),
    click.option("--max-points", type=click.IntRange(min=1), help="Drop drawings with more."),
    click.option("--licence", help="Of the drawings, where the input does not say."),
    click.option("--attribution", help="Whom to name, where the input does not say."),
)
"""What `convert` and `build` both take."""


def conversion_options(command: Any) -> Any:
    """Give a command the options of a conversion."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def conversion_settings(
    epsilon: str | None,
    max_steps: int | None,
    splits: str,
    scripts: str,
    extent: float | None,
    **options: Any,
) -> dict[str, Any]:
    """Return the settings that the options of a conversion ask for."""
    from sketchrnn.data import EXTENT
    from sketchrnn.data.conversion_plan import MAX_STEPS

    return {
        "epsilon": _epsilon(epsilon),
        "max_steps": MAX_STEPS if max_steps is None else max_steps or None,
        "splits": _shares(splits),
        "scripts": [name.strip() for name in scripts.split(",") if name.strip()],
        "extent": EXTENT if extent is None else extent,
        **options,
    }


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE.h5", help="The data file to write.")
@conversion_options
@click.option("-v", "--verbose", is_flag=True, help="Name everything skipped, not the first few.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def convert(
    inputs: tuple[str, ...], output: str, verbose: bool, force: bool, **options: Any
) -> None:
    """Make a data file of drawings.

    INPUT is `kanjivg` for the installed package, a file of drawings (SVG, PNG or JPEG of line art,
    InkML, .npz, .ndjson, .bin, and more: see `sketchrnn data list`), a folder of such files, or -
    for standard input. What a file is, is known by what it holds.

    \b
    Examples:
      sketchrnn data convert kanjivg -o kanji.h5
      sketchrnn data convert cat.ndjson dog.ndjson -o pets.h5 --limit 20000 --recognized
      sketchrnn data convert raw/ant.ndjson -o ants.h5 --epsilon auto --max-steps 60
      sketchrnn data convert drawings/ -o mine.h5 --licence CC0 --splits 80,10,10
    """
    from sketchrnn.data import convert as convert_data
    from sketchrnn.drawing.errors import printable

    with progress_bar("reading") as (progress, say):
        report = convert_data(
            inputs,
            output,
            overwrite=force,
            progress=progress,
            on_skip=(lambda name, reason: say(printable(f"skipped {name}: {reason}")))
            if verbose
            else None,
            **conversion_settings(**options),
        )
    for line in report.lines():
        click.echo(printable(line))


def _epsilon(text: str | None) -> Any:
    from sketchrnn.drawing import BadSettingError

    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise BadSettingError(f"epsilon is {text!r}", hint="give a number, or auto") from None


def _shares(text: str) -> list[float]:
    from sketchrnn.drawing import BadSettingError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BadSettingError(
            f"splits are {text!r}", hint="give three shares, such as --splits 90,5,5"
        ) from None
