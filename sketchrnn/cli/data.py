"""`sketchrnn data`: make data files, look into them, and show what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.data import DataFile
    from sketchrnn.data.build import Progress
    from sketchrnn.drawing import Drawing
    from sketchrnn.sources.download import Progress as Transfers


@click.group()
def data() -> None:
    """Get, make, inspect and show data files."""


@data.command("list")
@click.argument("name", required=False, type=click.Choice(["quickdraw"]))
def list_(name: str | None) -> None:
    """Tell which drawings can be converted, and how; of quickdraw, which categories there are.

    \b
    Examples:
      sketchrnn data list
      sketchrnn data list quickdraw
    """
    from sketchrnn.drawing import MissingDependencyError
    from sketchrnn.sources import kanjivg

    if name == "quickdraw":
        from sketchrnn.sources.quickdraw_files import CATEGORIES

        click.echo("\n".join(CATEGORIES))
        return
    try:
        kanjivg.installed_folder()
        state = "installed"
    except MissingDependencyError as error:
        state = f"not installed: {error.hint}"
    rows = [
        ("kanjivg", f"6,416 kanji in brush order, {kanjivg.LICENCE} ({state})"),
        ("FOLDER", "of KanjiVG's .svg files, or of any .svg files, a drawing each"),
        ("FILE.npz", "drawings in sketch-rnn's format, with their splits"),
        ("FILE.ndjson", "Quick, Draw! drawings, simplified or raw; also gzipped"),
        ("FILE.bin", "Quick, Draw! drawings, packed"),
        ("FILE.svg", "one drawing, of the paths of the file"),
    ]
    for name, text in rows:
        click.echo(f"{name:12}  {text}")
    click.echo("\nConvert one: sketchrnn data convert kanjivg -o kanji.h5")
    click.echo("Get one of 345 categories of Quick, Draw!: sketchrnn data get quickdraw cat")


@data.command()
@click.argument("name", metavar="NAME", type=click.Choice(["quickdraw"]))
@click.argument("categories", metavar="CATEGORY...", nargs=-1, required=True)
@click.option(
    "--format",
    "format",
    type=click.Choice(["npz", "full-npz", "simplified", "raw", "binary"]),
    default="npz",
    show_default=True,
    help="npz has 75,000 drawings in splits, the others have all.",
)
@click.option(
    "-o", "--output", metavar="FOLDER", help="Where the files go. Otherwise quickdraw/FORMAT."
)
@click.option(
    "--base",
    envvar="SKETCHRNN_QUICKDRAW",
    metavar="URL",
    help="Another address of the files; also SKETCHRNN_QUICKDRAW.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 16), default=4, show_default=True, help="Files at once."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
def get(
    name: str,
    categories: tuple[str, ...],
    format: str,
    output: str | None,
    base: str | None,
    jobs: int,
    force: bool,
) -> None:
    """Fetch files of Quick, Draw!, 345 categories by players of Google's game, CC BY 4.0.

    What was broken off goes on where it ended; what is there is not fetched again.

    \b
    Examples:
      sketchrnn data get quickdraw cat pig
      sketchrnn data get quickdraw "hot dog" --format simplified -o drawings/
    """
    from sketchrnn.sources import quickdraw_files
    from sketchrnn.sources.download import fetch_all

    folder = output or f"{name}/{format}"
    address = base or quickdraw_files.BASE
    requests = quickdraw_files.requests(categories, format, folder, address)
    with _transfers() as progress:
        results = fetch_all(requests, overwrite=force, workers=jobs, progress=progress)
    failed = [result.error for result in results if result.error is not None]
    for result in results:
        if result.error is None:
            what = "" if result.fetched else "  (was there already)"
            click.echo(f"{result.request.target}{what}")
    for error in failed[1:]:
        click.echo(f"sketchrnn: {error}", err=True)
    if failed:
        raise failed[0]


@data.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE.h5", help="The data file to write.")
@click.option(
    "--epsilon",
    metavar="FLOAT|auto",
    help="Simplify to within so many data units; 0: not at all; auto: as little as makes 99 of "
    "100 drawings short enough. Otherwise 1.5 for KanjiVG, 2 for other drawings, none for npz.",
)
@click.option(
    "--max-steps",
    type=click.IntRange(min=0),
    help="Drop longer drawings; 0 keeps all. Otherwise 250.",
)
@click.option(
    "--splits",
    default="90,5,5",
    show_default=True,
    metavar="A,B,C",
    help="Shares of train, valid and test, where the input has no splits of its own.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the splits.")
@click.option("--extent", type=float, help="The side that drawings are fitted to. Otherwise 255.")
@click.option("--keep-scale", is_flag=True, help="Leave coordinates as they are.")
@click.option("--variants", is_flag=True, help="Keep variants of KanjiVG's characters.")
@click.option(
    "--scripts",
    default="kanji",
    show_default=True,
    metavar="A,B,…",
    help="Of KanjiVG: kanji, extended, hiragana, katakana, latin, digits, radicals, other, all.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Keep at most so many of a category.")
@click.option("--recognized", is_flag=True, help="Keep what Quick, Draw! recognized.")
@click.option(
    "--country", "countries", multiple=True, metavar="CODE", help="Keep drawings from it."
)
@click.option(
    "--component", "components", multiple=True, help="Keep characters with it, of KanjiVG."
)
@click.option("--min-strokes", type=click.IntRange(min=1), help="Drop drawings with fewer.")
@click.option("--max-strokes", type=click.IntRange(min=1), help="Drop drawings with more.")
@click.option("--min-points", type=click.IntRange(min=1), help="Drop drawings with fewer.")
@click.option("--max-points", type=click.IntRange(min=1), help="Drop drawings with more.")
@click.option("--licence", help="Of the drawings, where the input does not say.")
@click.option("--attribution", help="Whom to name, where the input does not say.")
@click.option("-v", "--verbose", is_flag=True, help="Name everything skipped, not the first few.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def convert(
    inputs: tuple[str, ...],
    output: str,
    epsilon: str | None,
    max_steps: int | None,
    splits: str,
    scripts: str,
    extent: float | None,
    verbose: bool,
    force: bool,
    **options: Any,
) -> None:
    """Make a data file of drawings.

    INPUT is `kanjivg` for the installed package, a folder of its files, a folder or file of SVG,
    an .npz or .ndjson file, or - for standard input.

    \b
    Examples:
      sketchrnn data convert kanjivg -o kanji.h5
      sketchrnn data convert cat.ndjson dog.ndjson -o pets.h5 --limit 20000 --recognized
      sketchrnn data convert raw/ant.ndjson -o ants.h5 --epsilon auto --max-steps 60
      sketchrnn data convert drawings/ -o mine.h5 --licence CC0 --splits 80,10,10
    """
    from sketchrnn.data import EXTENT
    from sketchrnn.data import convert as convert_data
    from sketchrnn.data.build import MAX_STEPS

    with _progress() as (progress, say):
        report = convert_data(
            inputs,
            output,
            epsilon=_epsilon(epsilon),
            max_steps=MAX_STEPS if max_steps is None else max_steps or None,
            splits=_shares(splits),
            scripts=[name.strip() for name in scripts.split(",") if name.strip()],
            extent=EXTENT if extent is None else extent,
            overwrite=force,
            progress=progress,
            on_skip=(lambda name, reason: say(f"skipped {name}: {reason}")) if verbose else None,
            **options,
        )
    for line in report.lines():
        click.echo(line)


@data.command()
@click.argument("file", metavar="FILE.h5")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def info(file: str, as_json: bool) -> None:
    """Tell what a data file holds.

    \b
    Example:
      sketchrnn data info kanji.h5
    """
    from sketchrnn.data import open_data

    with open_data(file) as opened:
        facts = _facts(opened)
    if as_json:
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    preparation = facts["preparation"]
    epsilon = preparation["epsilon"]
    rows = [
        ("file", facts["file"]),
        ("drawings", f"{facts['drawings']:,}"),
        *(
            (
                f"  {name}",
                f"{split['drawings']:,}, {split['mean_steps']:.1f} steps in the mean, "
                f"{split['max_steps']} at most",
            )
            for name, split in facts["splits"].items()
        ),
        ("categories", _common(facts["categories"]) or "none"),
        ("scale factor", f"{facts['scale_factor']:.4f}"),
        ("data units", f"extent {preparation['extent']:g}, fit {preparation['fit']}"),
        ("simplified", f"epsilon {epsilon:g}" if epsilon > 0 else "no"),
        ("numbers", facts["numbers"]),
        ("licence", facts["licence"] or "unknown"),
        ("attribution", facts["attribution"] or "unknown"),
        ("source", ", ".join(facts["sources"]) or "unknown"),
        ("fingerprint", facts["fingerprint"]),
    ]
    for name, text in rows:
        click.echo(f"{name:12}  {text}")


@data.command()
@click.argument("file", metavar="FILE.h5")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="A file .svg, .png, .pdf or .html; - for SVG on standard output.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test", "all"]),
    default="train",
    show_default=True,
    help="Where to choose from.",
)
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="How many."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice.")
@click.option("--columns", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--category", help="Choose from one category.")
@click.option("--title", help="At the head of the page.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def show(
    file: str,
    output: str,
    split: str,
    count: int,
    seed: int,
    columns: int,
    category: str | None,
    title: str | None,
    force: bool,
) -> None:
    """Draw a random choice of a data file's drawings on a page.

    \b
    Examples:
      sketchrnn data show kanji.h5 -o kanji.png
      sketchrnn data show kanji.h5 -o test.svg --split test -n 200 --columns 20 --seed 7
    """
    import numpy as np

    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.drawing.files import check_output
    from sketchrnn.render import gallery
    from sketchrnn.render.save import check_suffix

    if output != "-":
        check_suffix(output)
        check_output(output, overwrite=force)
    with open_data(file) as opened:
        pool: Any = opened if split == "all" else opened[split]
        indices = np.arange(len(pool))
        if category is not None:
            if category not in opened.categories:
                raise BadSettingError(
                    f"has no category {category!r}",
                    path=file,
                    hint=f"choose one of {', '.join(opened.categories[:10]) or 'none'}",
                )
            parts = list(opened.splits.values()) if split == "all" else [pool]
            wanted = opened.categories.index(category)
            indices = np.flatnonzero(np.concatenate([part.categories for part in parts]) == wanted)
        chosen = np.random.default_rng(seed).permutation(indices)[:count]
        drawings = [pool[int(index)] for index in sorted(chosen)]
        recipe = {
            "data": Path(file).name,
            "fingerprint": opened.fingerprint,
            "split": split,
            "seed": seed,
            "licence": opened.info.get("licence"),
            "attribution": opened.info.get("attribution"),
        }
        many = len(opened.categories) > 1
    # where a font is needed to paint, few machines have one for every character
    painted = output.lower().endswith((".png", ".pdf"))
    captions = [_character(d, painted) or (d.category if many else None) for d in drawings]
    page = gallery(
        drawings,
        columns=min(columns, max(len(drawings), 1)),
        title=title,
        captions=captions if any(captions) else None,
        recipe=recipe,
    )
    if output == "-":
        click.echo(page.to_svg().rstrip())
    else:
        page.save(output, overwrite=force, note=lambda line: click.echo(line, err=True))


def _character(drawing: Drawing, as_code_point: bool) -> str | None:
    character = drawing.metadata.get("character")
    if not isinstance(character, str) or len(character) != 1:
        return None
    return f"U+{ord(character):04X}" if as_code_point else character


def _facts(opened: DataFile) -> dict[str, Any]:
    """Return everything that `info` tells, for JSON."""
    import numpy as np

    splits = {}
    categories: dict[str, int] = {}
    for name, split in opened.splits.items():
        lengths = split.lengths
        splits[name] = {
            "drawings": len(split),
            "steps": int(lengths.sum()),
            "mean_steps": round(float(lengths.mean()), 3) if len(split) else 0.0,
            "max_steps": int(lengths.max(initial=0)),
        }
        numbers, counts = np.unique(split.categories, return_counts=True)
        for number, count in zip(numbers, counts, strict=True):
            if number < len(opened.categories):
                word = opened.categories[number]
                categories[word] = categories.get(word, 0) + int(count)
    first = next(iter(opened.splits.values()), None)
    sources = opened.info.get("sources", [])
    return {
        "file": str(opened.path),
        "drawings": len(opened),
        "splits": splits,
        "categories": categories,
        "scale_factor": opened.scale_factor,
        "preparation": opened.preparation.to_dict(),
        "numbers": str(first.rows(0).dtype) if first is not None and len(first) else None,
        "licence": opened.info.get("licence"),
        "attribution": opened.info.get("attribution"),
        "sources": [" ".join(str(x) for x in source.values() if x) for source in sources],
        "fingerprint": opened.fingerprint,
        "report": opened.info.get("report"),
    }


def _common(counts: dict[str, int], most: int = 8) -> str:
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    text = ", ".join(f"{name} {count:,}" for name, count in ranked[:most])
    return text + (f" and {len(ranked) - most} more" if len(ranked) > most else "")


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


@contextmanager
def _transfers() -> Iterator[Transfers | None]:
    """Give a function that moves a bar for each file on the terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def move(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield move


@contextmanager
def _progress() -> Iterator[tuple[Progress | None, Any]]:
    """Give a function that moves a bar on the terminal, and one that prints above it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if not console.is_terminal:
        yield None, say
        return
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def move(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield move, say
