"""`sketchrnn report`: a run as one page to look at and to send about."""

from __future__ import annotations

import click


@click.command()
@click.argument("run")
@click.option("-o", "--output", metavar="OUT.html", help="Otherwise RUN/report.html.")
@click.option(
    "--data",
    metavar="FILE.h5",
    help="The data that it learns from, for reconstructions; otherwise where the run says.",
)
@click.option(
    "--force", is_flag=True, help="Replace a page that exists, other than RUN/report.html."
)
def report(run: str, output: str | None, data: str | None, force: bool) -> None:
    """Show how a run learns: curves, drawings over time, reconstructions, settings, data.

    The page is one HTML file that loads nothing. RUN may still be going, or have been broken off.
    No framework is loaded.

    \b
    Examples:
      sketchrnn report runs/kanji
      sketchrnn report runs/kanji --data moved/kanji.h5 -o kanji.html
    """
    from pathlib import Path

    from sketchrnn.drawing import files
    from sketchrnn.training.run_report import check_suffix
    from sketchrnn.training.run_report import report as make

    place = Path(output) if output else Path(run) / "report.html"
    check_suffix(place)
    overwrite = force or output is None
    if output:
        files.check_output(place, overwrite=overwrite)
    make(run, data).save(place, overwrite=overwrite)
    click.echo(str(place), err=True)
