"""Drawings -> a data file: prepared, split, counted, with licence and report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from os import PathLike
from typing import Literal

from sketchrnn.data.conversion import Conversion, Tolerances, check_result, prepared
from sketchrnn.data.conversion_plan import MAX_STEPS, check_apart, make_plan
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import EXTENT
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.split import SHARES
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.sources import OnSkip

Progress = Callable[[int, "int | None"], None]
"""Called with how many drawings were looked at, and of how many, where that is known."""


def convert(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    epsilon: float | Literal["auto"] | None = None,
    max_steps: int | None = MAX_STEPS,
    splits: Sequence[float] = SHARES,
    seed: int = 0,
    extent: float = EXTENT,
    keep_scale: bool = False,
    variants: bool = False,
    symbols: bool = False,
    join: float | None = None,
    scripts: Collection[str] = ("kanji",),
    recognized: bool = False,
    countries: Collection[str] = (),
    components: Collection[str] = (),
    min_strokes: int | None = None,
    max_strokes: int | None = None,
    min_points: int | None = None,
    max_points: int | None = None,
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
            source (KanjiVG 1.5, stroke-3 files and `keep_scale` none, others 2; raw Quick, Draw!
            drawings go through its own simplification first). "auto": the least from there on
            with which 99 of 100 drawings have at most `max_steps`; reads the input twice.
        max_steps: The most steps of a drawing after simplification; None: any number. A longer
            one is simplified further, where `epsilon` is not given and the source's own is not
            none; otherwise it is dropped, as it is if it has too many strokes.
        splits: Shares of train, valid and test; a source that brings splits keeps them.
        seed: Of the division into splits.
        extent: The side of the square of data units.
        keep_scale: Leave coordinates as they are.
        variants: Keep variants of KanjiVG's characters.
        symbols: Give the labelled symbols of InkML one by one.
        join: Join strokes whose ends are so close, in units of the input; None: none.
        scripts: The scripts of KanjiVG to keep.
        recognized: Keep only what Quick, Draw!'s machine recognized.
        countries: Keep only drawings from these countries, by their codes of two letters.
        components: Keep only characters with one of these components, of KanjiVG.
        min_strokes: The fewest strokes of a drawing.
        max_strokes: The most strokes.
        min_points: The fewest points of a drawing, as it comes.
        max_points: The most points.
        limit: Keep at most so many drawings of a category.
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
    plan, sources = make_plan(
        inputs,
        epsilon=epsilon,
        max_steps=max_steps,
        splits=splits,
        seed=seed,
        extent=extent,
        keep_scale=keep_scale,
        variants=variants,
        symbols=symbols,
        join=join,
        scripts=scripts,
        licence=licence,
        attribution=attribution,
        recognized=recognized,
        countries=tuple(countries),
        components=tuple(components),
        min_strokes=min_strokes,
        max_strokes=max_strokes,
        min_points=min_points,
        max_points=max_points,
        limit=limit,
    )
    check_apart(plan.inputs, out)
    readings = [(source.items, source.simplify) for source in sources]
    if plan.auto:
        tolerances = Tolerances()
        tolerances.add_all(readings, plan)
        chosen = tolerances.choose(plan.preparation.epsilon)
        preparation = dataclasses.replace(plan.preparation, epsilon=chosen)
        plan = dataclasses.replace(plan, preparation=preparation)
    lengths = [source.length for source in sources]
    length = None if None in lengths else sum(n or 0 for n in lengths)
    with (
        whole_file(out, overwrite=overwrite) as path,
        DataFileWriter(path, plan.preparation, integer=plan.integer, info=plan.info) as writer,
    ):

        def skip(name: str, reason: str) -> None:
            report.skip(name, reason)
            if on_skip is not None:
                on_skip(name, reason)
            _tell(progress, report, length)

        conversion = Conversion(plan, writer, skip)
        report = conversion.report
        for batch in prepared(readings, plan, skip):
            conversion.add_all(batch)
            if progress is not None:
                progress(report.read, length)
        check_result(report, sources[0].name)
        report.scale_factor = writer.statistics.scale_factor
        duplicates = conversion.duplicates
        report.duplicates, report.duplicates_exact = duplicates.count, duplicates.exact
        writer.examples = conversion.examples.lines()
        writer.close(report=report.to_dict())
    if progress is not None:
        progress(report.read, report.read)
    return report


def _tell(progress: Progress | None, report: ConversionReport, length: int | None) -> None:
    if progress is not None and report.read % 64 == 0:
        progress(report.read, length)
