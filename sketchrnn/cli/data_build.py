"""`sketchrnn data build`: make a folder of data files, in pieces, with Apache Beam."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sketchrnn.cli.data_convert import conversion_options, conversion_settings
from sketchrnn.cli.progress import progress_bar


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FOLDER", help="The folder to write.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes of this machine, where no other runner is asked for.",
)
@click.option(
    "--beam-option",
    "beam_options",
    multiple=True,
    metavar="OPTION",
    help="An option of Beam's, such as --beam-option=--runner=FlinkRunner.",
)
@click.option(
    "--piece-size",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    metavar="MB",
    help="How much of an input makes a shard.",
)
@conversion_options
@click.option("--force", is_flag=True, help="Replace a folder that exists.")
def build(
    inputs: tuple[str, ...],
    output: str,
    workers: int,
    beam_options: tuple[str, ...],
    piece_size: int,
    force: bool,
    **options: Any,
) -> None:
    """Make a folder of data files, for more drawings than one process should convert.

    It does what convert does, as an Apache Beam pipeline: the same drawings, in the same splits.
    Lines of .ndjson and records of .bin are cut into pieces, folders by their files; every piece
    becomes a shard. A build that was broken off goes on when it is called again. The folder is
    given to train, evaluate, info and show like a data file.

    What stands after -- are options of Beam's, as with --beam-option: another runner does the
    work elsewhere, and needs inputs and output under the same names on all of its machines.

    \b
    Examples:
      sketchrnn data build simplified/*.ndjson -o quickdraw --workers 8
      sketchrnn data build cat.ndjson -o cats --limit 20000 --recognized
      sketchrnn data build simplified/*.ndjson -o quickdraw -- --runner=FlinkRunner
    """
    from sketchrnn.data.beam import build as build_data
    from sketchrnn.drawing.errors import printable

    # no file has such a name that could not be given as ./--name
    files = [name for name in inputs if not name.startswith("--")]
    asked = [*(name for name in inputs if name.startswith("--")), *beam_options]
    if workers > 1:
        asked += [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    with _workers_aside(), progress_bar("shards") as (progress, _):
        report = build_data(
            files,
            output,
            piece_bytes=piece_size << 20,
            beam_options=asked,
            overwrite=force,
            progress=progress,
            **conversion_settings(**options),
        )
    for line in report.lines():
        click.echo(printable(line))


@contextmanager
def _workers_aside() -> Iterator[None]:
    """Keep what worker processes write to the error output, and show it if something unknown fails.

    Beam's local runner lets them log every step that they take, and asks for no option. What this
    process says to its user still gets there.
    """
    from sketchrnn.drawing import SketchRNNError

    told = sys.stderr
    try:
        real = told.fileno() == 2
    except (OSError, ValueError):  # somebody has put another stream in its place
        real = False
    if not real:
        yield
        return
    told.flush()
    with (
        os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace") as ours,
        tempfile.TemporaryFile() as aside,
    ):
        os.dup2(aside.fileno(), 2)
        sys.stderr = ours
        try:
            yield
        except SketchRNNError:
            raise
        except Exception:
            aside.seek(0)
            ours.write(aside.read().decode(errors="replace"))
            raise
        finally:
            sys.stderr = told
            os.dup2(ours.fileno(), 2)
