"""Drawings -> a data file: prepared, split, counted, with licence and report."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.data.examples import Examples
from sketchrnn.data.filters import Filters
from sketchrnn.data.normalize import EXTENT, Preparation
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.split import SHARES, SPLITS, check_shares, content_key, split_of
from sketchrnn.data.store import DataFileWriter
from sketchrnn.drawing import BadDrawingError, BadFileError, BadSettingError, Drawing, geometry
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.sources import Item, OnSkip, Source, open_source

MAX_STEPS = 250
"""The longest drawing kept unless one asks for more: about what the models can learn."""

_BATCH = 256
_MOST_NEEDED = 1 << 20
_SHARE_SHORT_ENOUGH = 0.99

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
        max_steps: Longer drawings, in steps after simplification, are dropped; None: none is.
        splits: Shares of train, valid and test; a source that brings splits keeps them.
        seed: Of the division into splits.
        extent: The side of the square of data units.
        keep_scale: Leave coordinates as they are.
        variants: Keep variants of KanjiVG's characters.
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
    shares = check_shares(splits)
    filters = Filters(
        recognized,
        tuple(countries),
        tuple(components),
        min_strokes,
        max_strokes,
        min_points,
        max_points,
        limit,
    )
    auto = epsilon == "auto"
    if auto and max_steps is None:
        raise BadSettingError("epsilon is auto without a limit of steps", hint="give --max-steps")
    if not (epsilon is None or auto or (isinstance(epsilon, int | float) and epsilon >= 0)):
        raise BadSettingError(f"epsilon is {epsilon}, and must be 0 or more, or auto")
    given = None if isinstance(epsilon, str) else epsilon
    names = [inputs] if isinstance(inputs, str | PathLike) else list(inputs)
    if not names:
        raise BadSettingError("there is no input", hint="name a file, a folder or `kanjivg`")
    sources = [open_source(name, variants=variants, scripts=scripts) for name in names]
    preparation = _preparation(sources, given, max_steps, extent, keep_scale)
    # what the user asks for replaces what the data set does by itself
    own = epsilon in (None, "auto") and not keep_scale
    if auto:
        chosen = _choose_epsilon(sources, preparation, filters, own)
        preparation = dataclasses.replace(preparation, epsilon=chosen)
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
    report = ConversionReport(epsilon=preparation.epsilon, epsilon_chosen=auto)

    def skip(name: str, reason: str) -> None:
        report.skip(name, reason)
        if on_skip is not None:
            on_skip(name, reason)
        _tell(progress, report, length)

    lengths = [source.length for source in sources]
    length = None if None in lengths else sum(n or 0 for n in lengths)
    duplicates = DuplicateCounter()
    examples = Examples()
    with (
        whole_file(out, overwrite=overwrite) as path,
        DataFileWriter(path, preparation, integer=whole, info=info) as writer,
    ):
        for item, prepared in _prepared(sources, preparation, filters, own, skip):
            if _add(item, prepared, writer, report, skip, shares, seed):
                duplicates.add(item.drawing)
                examples.consider(item.name, item.drawing, prepared, preparation)
            _tell(progress, report, length)
        _check_result(report, sources)
        report.scale_factor = writer.scale_factor
        report.duplicates, report.duplicates_exact = duplicates.count, duplicates.exact
        writer.examples = examples.lines()
        writer.close(report=report.to_dict())
    if progress is not None:
        progress(report.read, report.read)
    return report


def _prepared(
    sources: Sequence[Source],
    preparation: Preparation,
    filters: Filters,
    own: bool,
    skip: OnSkip,
) -> Iterator[tuple[Item, Drawing]]:
    """Yield the drawings that the filters keep with what they become, some hundred at a time."""
    kept: Counter[str] = Counter()
    for source in sources:
        for batch in _batches(_filtered(source, filters, kept, skip)):
            drawings = [item.drawing for item in batch]
            ready: list[Drawing | BadDrawingError] = list(drawings)
            if own and source.simplify is not None:
                ready = [_simplified(source.simplify, drawing) for drawing in drawings]
            good = [drawing for drawing in ready if isinstance(drawing, Drawing)]
            results = iter(preparation.apply_all(good))
            for item, drawing in zip(batch, ready, strict=True):
                result = next(results) if isinstance(drawing, Drawing) else drawing
                if isinstance(result, BadDrawingError):
                    skip(item.name, result.problem)
                else:
                    yield item, result


def _filtered(source: Source, filters: Filters, kept: Counter[str], skip: OnSkip) -> Iterator[Item]:
    for item in source.items(skip):
        drawing = item.drawing
        reason = "has no strokes" if not drawing.strokes else filters.reason(drawing)
        if reason is None and filters.limit is not None:
            if kept[drawing.category or ""] >= filters.limit:
                reason = f"is beyond the limit of {filters.limit} of a category"
            kept[drawing.category or ""] += 1
        if reason is None:
            yield item
        else:
            skip(item.name, reason)


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(itertools.islice(items, _BATCH)):
        yield batch


def _simplified(
    simplify: Callable[[Drawing], Drawing], drawing: Drawing
) -> Drawing | BadDrawingError:
    try:
        return simplify(drawing)
    except BadDrawingError as error:
        return error


def _choose_epsilon(
    sources: Sequence[Source], preparation: Preparation, filters: Filters, own: bool
) -> float:
    """Return the least tolerance with which nearly all drawings have few enough steps.

    Each drawing tells the tolerance that it needs: the weight of the first point too many.
    """
    assert preparation.max_steps is not None
    unsimplified = dataclasses.replace(preparation, epsilon=0.0)
    needed: list[float] = []
    stride = 1
    seen = 0
    for _, drawing in _prepared(sources, unsimplified, filters, own, lambda *_: None):
        seen += 1
        if seen % stride:
            continue
        counts = [len(stroke) for stroke in drawing.strokes]
        most = preparation.max_steps + (counts[0] > 1)  # points; the first makes no step
        weight = 0.0
        if drawing.num_points > most:
            weights = geometry.weights(np.concatenate(drawing.strokes), counts)
            weight = float(np.sort(weights)[-most - 1])
        if weight < np.inf:  # more strokes than steps: no tolerance would do
            needed.append(weight)
        if len(needed) == _MOST_NEEDED:
            needed, stride = needed[::2], stride * 2
    if not needed:
        return preparation.epsilon
    needed.sort()
    weight = needed[math.ceil(len(needed) * _SHARE_SHORT_ENOUGH) - 1]
    # a little more than the weight, as a number that can be typed
    return max(preparation.epsilon, math.ceil(weight * 100 + 1e-6) / 100 if weight else 0.0)


def _add(
    item: Item,
    prepared: Drawing,
    writer: DataFileWriter,
    report: ConversionReport,
    skip: OnSkip,
    shares: tuple[float, float, float],
    seed: int,
) -> bool:
    """Write one drawing, or say why not; return whether it was written."""
    preparation = writer.preparation
    drawing = item.drawing
    steps = prepared.num_steps
    if preparation.max_steps is not None and steps > preparation.max_steps:
        skip(item.name, f"has more than {preparation.max_steps} steps")
        return False
    split = item.split or split_of(item.group or content_key(drawing), seed, shares)
    try:
        writer.append(split, prepared)
    except BadSettingError as error:  # an offset, or one category, too much for the file
        skip(item.name, error.problem)
        return False
    report.read += 1
    report.kept += 1
    report.before.add(drawing.num_steps)
    report.after.add(steps)
    report.splits[split] += 1
    report.categories[drawing.category or ""] += 1
    return True


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
