"""`sketchrnn data`: get drawings; its other commands are in files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli.data_build import build
from sketchrnn.cli.data_convert import convert
from sketchrnn.cli.data_show import info, show

if TYPE_CHECKING:
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
        ("FOLDER", "of KanjiVG's .svg files, or of any files named below, however deep"),
        ("FILE.npz", "drawings in sketch-rnn's format, with their splits"),
        ("FILE.ndjson", "Quick, Draw! drawings, simplified or raw; also gzipped"),
        ("FILE.bin", "Quick, Draw! drawings, packed"),
        ("FILE.svg", "one drawing, of the paths and shapes of the file"),
        ("FILE.png", "one drawing, traced from line art; also .jpg (extra `images`)"),
        ("FILE.jsonl", "drawings as plain lists of points, one a line"),
        ("FILE.inkml", "drawings of pen tablets, W3C Ink"),
        ("FILE.json", "Chinese characters of Make Me a Hanzi; also graphics.txt"),
        ("FILE.txt", "drawings of Omniglot, with their times"),
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


for _command in (convert, build, info, show):
    data.add_command(_command)
