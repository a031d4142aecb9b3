"""A run as one page: its curves and drawings, with reconstructions where the data are there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.data import DataFile, open_data
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, SketchRNNError
from sketchrnn.drawing.files import whole_file
from sketchrnn.sampling.sampler import Sampler, SamplingSettings
from sketchrnn.training.report import Run, read_run, run_page

SUFFIXES = (".html", ".htm")

RECONSTRUCTED = 12
"""Validation drawings that are shown with what the model makes of them."""

_TEMPERATURE = 0.1
"""Of the reconstructions."""

_NO_DATA = "They need the data, which are not where the run says: name them with --data FILE.h5"


@dataclass(frozen=True)
class Report:
    """A run's page, not yet written. Made by `report`.

    Attributes:
        html: One HTML document that loads nothing.
    """

    html: str

    def _repr_html_(self) -> str:
        """Show in a notebook, in a frame: the page has styles of its own."""
        page = escape(self.html)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 600px; border: 0"></iframe>'

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Write the page as .html.

        Args:
            path: The file to write.
            overwrite: Whether a file that exists may be replaced.

        Returns:
            The path.

        Raises:
            BadSettingError: If the suffix is another.
            OutputExistsError: If the file exists.
        """
        check_suffix(path)
        with whole_file(path, overwrite=overwrite) as beside:
            beside.write_text(self.html, "utf-8")
        return Path(path)


def report(run: str | PathLike[str], data: str | PathLike[str] | None = None) -> Report:
    """Show how a run learns: curves, drawings over time, reconstructions, settings, data.

    No framework is loaded. The run may still be going, or have been broken off.

    Args:
        run: Its folder.
        data: The data file that it learns from, for reconstructions; None: where the run says.

    Raises:
        BadFileError: If there is no such run, or the data are others.
    """
    found = read_run(Path(run))
    pairs: list[tuple[Drawing, Drawing]] = []
    facts: dict[str, Any] = {}
    note = _NO_DATA
    opened = _open_data(found, data)
    if opened is not None:
        with opened:
            facts = _facts(opened)
            pairs, note = _reconstruct(found, opened)
    elif not found.config.get("conditional", True):
        note = ""
    return Report(run_page(found, reconstructions=pairs, data_facts=facts, note=note))


def check_suffix(path: str | PathLike[str]) -> None:
    """Refuse a path that does not end in .html.

    Raises:
        BadSettingError: If it does not.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise BadSettingError("a report is HTML", path=path, hint="write report.html")


def _open_data(run: Run, given: str | PathLike[str] | None) -> DataFile | None:
    """Open the data of a run: what is given, or what the run names, if it is still there."""
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
    if not run.config.get("conditional", True):
        return [], ""
    if not run.model:
        return [], "There is no model yet."
    try:
        sampler = Sampler.load(run.path)
        split = data.splits.get("valid") or data["train"]
        limit = sampler.config.max_seq_len
        fit = np.flatnonzero((split.lengths > 0) & (split.lengths <= limit))
        chosen = fit[np.linspace(0, len(fit) - 1, min(RECONSTRUCTED, len(fit))).astype(int)]
        originals = [split[int(place)] for place in chosen]
        settings = SamplingSettings(_TEMPERATURE, seed=0)
        again = sampler.reconstruct(originals, settings, prepare=False)
    except SketchRNNError as error:
        return [], f"There are none: {error}"
    return list(zip(originals, again, strict=True)), ""
