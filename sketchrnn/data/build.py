"""Drawings -> a data file: prepared, split, counted, with licence and report."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.data.normalize import EXTENT, Preparation
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.split import SHARES, SPLITS, check_shares, content_key, split_of
from sketchrnn.data.store import DataFileWriter
from sketchrnn.drawing import BadDrawingError, BadFileError, BadSettingError
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.sources import Item, OnSkip, Source, open_source

MAX_STEPS = 250
"""The longest drawing kept unless one asks for more: about what the models can learn."""

Progress = Callable[[int, "int | None"], None]
"""Called with how many drawings were looked at, and of how many, where that is known."""


def convert(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    epsilon: float | None = None,
    max_steps: int | None = MAX_STEPS,
    splits: Sequence[float] = SHARES,
    seed: int = 0,
    extent: float = EXTENT,
    keep_scale: bool = False,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
    limit: int | None = None,
    licence: str | None = None,
    attribution: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    on_skip: OnSkip | None = None,
) -> ConversionReport:
    """Write a data file of the drawings of one or more sources.

    Args:
        inputs: Files or folders, "kanjivg" for the installed package, "-" for standard input.
        out: The data file to write, by custom .h5.
        epsilon: The RDP tolerance in data units; 0: no simplification; None: what suits the
            source (KanjiVG 1.5, stroke-3 files and `keep_scale` none, others 2).
        max_steps: Longer drawings, in steps after simplification, are dropped; None: none is.
        splits: Shares of train, valid and test; a source that brings splits keeps them.
        seed: Of the division into splits.
        extent: The side of the square of data units.
        keep_scale: Leave coordinates as they are.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.
        limit: Keep at most so many drawings.
        licence: The licence of the drawings; None: what the sources say.
        attribution: Whom to name; None: what the sources say.
        overwrite: Whether a file that exists is replaced.
        progress: Called now and then.
        on_skip: Called with name and reason of everything skipped.

    Returns:
        The report, which is also stored in the file.

    Raises:
        OutputExistsError: If the file exists.
        BadFileError: If an input cannot be read at all, or nothing is kept.
        BadSettingError: If a setting cannot be used, or inputs cannot share one file.
        MissingDependencyError: If KanjiVG is asked for and not installed.
    """
    check_output(out, overwrite=overwrite)
    shares = check_shares(splits)
    if limit is not None and limit < 1:
        raise BadSettingError(f"limit is {limit}, and must be 1 or more")
    if epsilon is not None and not epsilon >= 0:
        raise BadSettingError(f"epsilon is {epsilon}, and must be 0 or more")
    names = [inputs] if isinstance(inputs, str | PathLike) else list(inputs)
    if not names:
        raise BadSettingError("there is no input", hint="name a file, a folder or `kanjivg`")
    sources = [open_source(name, variants=variants, scripts=scripts) for name in names]
    preparation = _preparation(sources, epsilon, max_steps, extent, keep_scale)
    whole = preparation.fit == "keep" and all(source.integer for source in sources)
    info: dict[str, Any] = {
        "licence": licence or _joined(source.licence for source in sources),
        "attribution": attribution or _joined(source.attribution for source in sources),
        "sources": [
            # the name alone: the folders of whoever converts are nobody else's business
            {"name": Path(source.name).name, "version": source.version}
            for source in sources
        ],
        "splits": list(shares),
        "seed": seed,
    }
    report = ConversionReport()

    def skip(name: str, reason: str) -> None:
        report.skip(name, reason)
        if on_skip is not None:
            on_skip(name, reason)
        _tell(progress, report, length)

    lengths = [source.length for source in sources]
    length = None if None in lengths else sum(n or 0 for n in lengths)
    with (
        whole_file(out, overwrite=overwrite) as path,
        DataFileWriter(path, preparation, integer=whole, info=info) as writer,
    ):
        items = itertools.chain.from_iterable(source.items(skip) for source in sources)
        for item in items:
            _add(item, writer, report, skip, shares, seed)
            _tell(progress, report, length)
            if report.kept == limit:
                break
        _check_result(report, sources)
        report.scale_factor = writer.scale_factor
        writer.close(report=report.to_dict())
    if progress is not None:
        progress(report.read, report.read)
    return report


def _add(
    item: Item,
    writer: DataFileWriter,
    report: ConversionReport,
    skip: OnSkip,
    shares: tuple[float, float, float],
    seed: int,
) -> None:
    """Prepare one drawing and write it, or say why not."""
    preparation = writer.preparation
    drawing = item.drawing
    if not drawing.strokes:
        skip(item.name, "has no strokes")
        return
    try:
        if preparation.fit != "keep":
            prepared = preparation.apply(drawing)
        elif preparation.epsilon > 0:
            prepared = drawing.simplify(preparation.epsilon)
        else:
            prepared = drawing
    except BadDrawingError as error:
        skip(item.name, error.problem)
        return
    steps = prepared.num_steps
    if preparation.max_steps is not None and steps > preparation.max_steps:
        skip(item.name, f"has more than {preparation.max_steps} steps")
        return
    split = item.split or split_of(item.group or content_key(drawing), seed, shares)
    try:
        writer.append(split, prepared)
    except BadSettingError as error:  # an offset, or one category, too much for the file
        skip(item.name, error.problem)
        return
    report.read += 1
    report.kept += 1
    report.before.add(drawing.num_steps)
    report.after.add(steps)
    report.splits[split] += 1
    report.categories[drawing.category or ""] += 1


def _preparation(
    sources: Sequence[Source],
    epsilon: float | None,
    max_steps: int | None,
    extent: float,
    keep_scale: bool,
) -> Preparation:
    """Return how the drawings of all sources become data units.

    Raises:
        BadSettingError: If the sources do not agree.
    """
    fits = {source.fit for source in sources}
    if len(fits) > 1 and not keep_scale:
        raise BadSettingError(
            "the inputs come in different units: "
            + ", ".join(f"{source.name} ({source.fit})" for source in sources),
            hint="convert them to a file each, or take their numbers as they are with --keep-scale",
        )
    if epsilon is None:
        # where the scale is the user's own, nobody but the user knows what is small
        epsilon = 0.0 if keep_scale else min(source.epsilon or 0.0 for source in sources)
    fit = "keep" if keep_scale else fits.pop()
    return Preparation(extent=extent, fit=fit, epsilon=epsilon, max_steps=max_steps)


def _check_result(report: ConversionReport, sources: Sequence[Source]) -> None:
    name = sources[0].name
    if not report.kept:
        reason = max(report.skipped, key=lambda key: report.skipped[key].count, default="empty")
        raise BadFileError(f"nothing is left to keep ({reason})", path=name)
    if not report.splits["train"]:
        raise BadFileError(
            f"none of {report.kept} drawings fell into the training split",
            path=name,
            hint="add drawings, or give --splits 100,0,0",
        )
    report.splits = type(report.splits)({name: report.splits[name] for name in SPLITS})


def _joined(texts: Any) -> str | None:
    """Return the different texts as one, in order; None where there is none."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None


def _tell(progress: Progress | None, report: ConversionReport, length: int | None) -> None:
    if progress is not None and report.read % 64 == 0:
        progress(report.read, length)
