"""`sketchrnn report`: a run as one page to look at and to send about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.data import DataFile
    from sketchrnn.drawing import Drawing
    from sketchrnn.training.report import Run

_RECONSTRUCTED = 12


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

    from sketchrnn.drawing import BadSettingError, files
    from sketchrnn.training.report import read_run, run_page

    found = read_run(Path(run))
    place = Path(output) if output else found.path / "report.html"
    if place.suffix.lower() not in (".html", ".htm"):
        raise BadSettingError("a report is HTML", path=place, hint="write -o report.html")
    overwrite = force or output is None
    files.check_output(place, overwrite=overwrite)
    pairs: list[tuple[Drawing, Drawing]] = []
    facts: dict[str, Any] = {}
    note = "They need the data, which are not where the run says: name them with --data FILE.h5"
    opened = _open_data(found, data)
    if opened is not None:
        with opened:
            facts = _facts(opened)
            pairs, note = _reconstruct(found, opened)
    elif not found.config.get("conditional", True):
        note = ""
    page = run_page(found, reconstructions=pairs, data_facts=facts, note=note)
    with files.whole_file(place, overwrite=overwrite) as beside:
        beside.write_text(page, "utf-8")
    click.echo(str(place), err=True)


def _open_data(run: Run, given: str | None) -> DataFile | None:
    """Open the data of a run: what is given, or what the run names, if it is still there."""
    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadFileError, SketchRNNError

    named = run.run.get("data")
    named = named if isinstance(named, dict) else {}
    known = run.data.get("fingerprint") or named.get("fingerprint")
    if given is not None:
        file = open_data(given)
        if known and file.fingerprint != known:
            file.close()
            raise BadFileError(
                "is not the data of the run", path=given, hint="give the file that it learns from"
            )
        return file
    path = named.get("path")
    if not known or not isinstance(path, str) or "\0" in path:
        return None
    try:
        file = open_data(run.path / path)
    except (SketchRNNError, OSError):  # moved, replaced, out of reach: the report goes without
        return None
    if file.fingerprint == known:
        return file
    file.close()
    return None


def _facts(data: DataFile) -> dict[str, Any]:
    info = data.info
    facts: dict[str, Any] = {key: info.get(key) for key in ("licence", "attribution")}
    facts |= {f"{name} drawings": len(split) for name, split in data.splits.items()}
    if data.categories:
        facts["categories"] = ", ".join(data.categories[:20])
    counts = info.get("report")
    if isinstance(counts, dict):
        facts |= {k: counts[k] for k in ("read", "kept", "duplicates") if counts.get(k)}
        reasons = counts.get("skipped")
        if isinstance(reasons, dict) and reasons:
            number = {
                k: v.get("count", 0) if isinstance(v, dict) else v for k, v in reasons.items()
            }
            facts["skipped"] = "; ".join(f"{count:,} {reason}" for reason, count in number.items())
    return {key: value for key, value in facts.items() if value is not None}


def _reconstruct(run: Run, data: DataFile) -> tuple[list[tuple[Drawing, Drawing]], str]:
    """Return validation drawings with their reconstructions, or why there are none."""
    import numpy as np

    from sketchrnn.drawing import SketchRNNError
    from sketchrnn.sketch_rnn import load

    if not run.config.get("conditional", True):
        return [], ""
    if not run.model:
        return [], "There is no model yet."
    try:
        model = load(run.path)
        split = data.splits.get("valid") or data["train"]
        limit = model.config.max_seq_len
        fit = np.flatnonzero((split.lengths > 0) & (split.lengths <= limit))
        chosen = fit[np.linspace(0, len(fit) - 1, min(_RECONSTRUCTED, len(fit))).astype(int)]
        originals = [split[int(place)] for place in chosen]
        again = model.reconstruct(originals, seed=0, prepare=False)
    except SketchRNNError as error:
        return [], f"There are none: {error}"
    return list(zip(originals, again, strict=True)), ""
