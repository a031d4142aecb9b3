"""Drawings as they come -> drawings in data units, counted and written."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.conversion_plan import ConversionPlan
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.data.examples import Examples
from sketchrnn.data.filters import Filters
from sketchrnn.data.packed_drawings import PackedDrawings
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.split import SPLITS, bundle_keys, splits_of
from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing, geometry
from sketchrnn.drawing.pen_order import join_strokes
from sketchrnn.sources import Item, OnSkip

_FIRST_BATCH = 32
_BATCH = 1024
_BATCH_POINTS = 1 << 17
"""So many drawings, or points of drawings, are prepared at once. The first batch is small, and each
has twice as many as the one before, so that who reads pictures sees soon that something happens."""

_MOST_NEEDED = 1 << 20
_SHARE_SHORT_ENOUGH = 0.99

Simplify = Callable[[Drawing], Drawing]
Reading = tuple[Callable[[OnSkip], Iterator[Item]], "Simplify | None"]
"""Makes the iterator of a source's drawings; and the data set's own simplification, if any."""


class Conversion:
    """Writes drawings to a data file and counts what was done.

    Args:
        plan: What is to be done.
        writer: Of the data file.
        skip: Called for what is not written.

    Attributes:
        report: What was done so far.
        duplicates: Of the drawings written.
        examples: Of the drawings written.
    """

    def __init__(self, plan: ConversionPlan, writer: DataFileWriter, skip: OnSkip) -> None:
        """Begin with nothing written."""
        self.report = ConversionReport(epsilon=plan.preparation.epsilon, epsilon_chosen=plan.auto)
        self.duplicates = DuplicateCounter()
        self.examples = Examples()
        self._plan = plan
        self._writer = writer
        self._skip = skip

    def add_all(self, batch: Batch) -> None:
        """Write drawings, and say of those that are not written why not."""
        plan, report = self._plan, self.report
        after, reasons = batch.after, dict(batch.problems)
        most = plan.preparation.max_steps
        too_long = after.steps > (after.steps if most is None else most)
        if most is not None and too_long.any():
            if plan.shorten:
                shorter = {
                    k: shortened(after.drawing(k), most) for k in np.flatnonzero(too_long).tolist()
                }
                after = after.replaced(shorter)
            for k in np.flatnonzero(after.steps > most).tolist():
                reasons[k] = f"has more than {most} steps"
        places = [k for k in range(len(batch.items)) if k not in reasons]
        chosen = [batch.items[k] for k in places]
        by_hash = splits_of([batch.groups[k] for k in places], plan.seed, plan.shares)
        splits = [item.split or split for item, split in zip(chosen, by_hash, strict=True)]
        notes = [plan.preparation.kept_notes(batch.notes[k]) for k in places]
        categories = [item.drawing.category for item in chosen]
        taken = after if len(places) == len(after) else after.take(_mask(places, len(after)))
        # an offset, or one category too many, that the file cannot hold
        problems = self._writer.append_all(splits, taken, categories, notes)
        reasons |= {places[k]: problem for k, problem in problems.items()}
        for k in sorted(reasons):
            self._skip(batch.items[k].name, reasons[k])
        kept = [k for k in range(len(places)) if k not in problems]
        here = _mask([places[k] for k in kept], len(after))
        report.read += len(kept)
        report.kept += len(kept)
        report.outlines += sum("outlines" in batch.notes[places[k]] for k in kept)
        report.before.add_all(batch.before.steps[here])
        report.after.add_all(after.steps[here])
        report.shortened += int((too_long & here).sum())
        report.splits.update([splits[k] for k in kept])
        report.categories.update([categories[k] or "" for k in kept])
        before = batch.before if len(kept) == len(after) else batch.before.take(here)
        self.duplicates.add_all([categories[k] for k in kept], before)
        for k in np.flatnonzero(here).tolist():
            item = batch.items[k]
            if self.examples.wants(item.name):
                result = after.drawing(k, item.drawing.category)
                self.examples.consider(item.name, item.drawing, result, plan.preparation)


@dataclasses.dataclass(frozen=True)
class Batch:
    """Some drawings that the filters keep, and what they become.

    Args:
        items: The drawings as they come.
        groups: What must not be torn apart by a split; of those that belong to no group their
            content's key.
        before: The drawings as they come.
        after: In data units, simplified; empty where there is a problem.
        notes: The metadata of each.
        problems: What is wrong, by the drawings' numbers.
    """

    items: list[Item]
    groups: list[str]
    before: PackedDrawings
    after: PackedDrawings
    notes: list[Mapping[str, Any]]
    problems: dict[int, str]


def prepared(
    readings: Iterable[Reading],
    plan: ConversionPlan,
    skip: OnSkip,
    kept: Counter[str] | None = None,
) -> Iterator[Batch]:
    """Yield the drawings that the filters keep with what they become, some hundred at a time.

    Args:
        readings: The sources.
        plan: What is to be done.
        skip: Called for what is not kept.
        kept: Category -> how many count towards the limit already.
    """
    kept = Counter(kept)
    for read, simplify in readings:
        for items in _batches(filtered(read, plan.filters, kept, skip, plan.join)):
            drawings = [item.drawing for item in items]
            before = ready = PackedDrawings.of(drawings)
            problems: dict[int, str] = {}
            if plan.own and simplify is not None:
                for k, drawing in enumerate(drawings):
                    try:
                        drawings[k] = simplify(drawing)
                    except BadDrawingError as error:
                        problems[k] = error.problem
                        drawings[k] = Drawing([])
                ready = PackedDrawings.of(drawings)
            notes: list[Mapping[str, Any]] = [drawing.metadata for drawing in drawings]
            after, others = plan.preparation.apply_to(ready, notes)
            problems |= {k: error.problem for k, error in others.items()}
            groups = [
                item.group or key for item, key in zip(items, bundle_keys(before), strict=True)
            ]
            yield Batch(items, groups, before, after, notes, problems)


def filtered(
    read: Callable[[OnSkip], Iterator[Item]],
    filters: Filters,
    kept: Counter[str],
    skip: OnSkip,
    join: float | None = None,
) -> Iterator[Item]:
    """Yield the drawings that the filters keep; count them in `kept`, by category.

    Args:
        read: Makes the iterator of drawings.
        filters: What is kept.
        kept: Category -> how many count towards the limit.
        skip: Called for what is not kept.
        join: The distance within which ends of strokes are joined first; None: not at all.
    """
    chosen = dataclasses.replace(filters, limit=None) != Filters()
    for item in read(skip):
        drawing = item.drawing
        if join is not None:
            strokes = join_strokes(drawing.strokes, join)
            drawing = Drawing(strokes, drawing.category, drawing.metadata)
            item = dataclasses.replace(item, drawing=drawing)
        reason = None if drawing.num_steps else "has no strokes"
        if chosen and reason is None:
            reason = filters.reason(drawing)
        if reason is None and filters.limit is not None:
            if kept[drawing.category or ""] >= filters.limit:
                reason = f"is beyond the limit of {filters.limit} of a category"
            kept[drawing.category or ""] += 1
        if reason is None:
            yield item
        else:
            skip(item.name, reason)


class Tolerances:
    """The tolerances that drawings need to be short enough, in bounded memory.

    Attributes:
        needed: Of every drawing, or of every 2nd, 4th, ….
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.needed: list[float] = []
        self._stride = 1
        self._seen = 0

    def add_all(
        self, readings: Iterable[Reading], plan: ConversionPlan, kept: Counter[str] | None = None
    ) -> None:
        """Look at drawings.

        Each tells the tolerance that it needs: the weight of the first point too many.
        """
        most_steps = plan.preparation.max_steps
        assert most_steps is not None
        unsimplified = dataclasses.replace(plan.preparation, epsilon=0.0)
        plan = dataclasses.replace(plan, preparation=unsimplified)
        batches = prepared(readings, plan, lambda *_: None, kept)
        for drawing in itertools.chain.from_iterable(map(_results, batches)):
            self._seen += 1
            if self._seen % self._stride:
                continue
            counts = drawing.counts
            most = most_steps + (counts[0] > 1)  # points; the first makes no step
            weight = 0.0
            if drawing.num_points > most:
                weights = geometry.weights(drawing.points, counts)
                weight = float(np.sort(weights)[-most - 1])
            if weight < np.inf:  # more strokes than steps: no tolerance would do
                self.needed.append(weight)
            if len(self.needed) == _MOST_NEEDED:
                self.needed, self._stride = self.needed[::2], self._stride * 2

    def choose(self, least: float) -> float:
        """Return the least tolerance with which nearly all drawings have few enough steps."""
        if not self.needed:
            return least
        needed = sorted(self.needed)
        weight = needed[math.ceil(len(needed) * _SHARE_SHORT_ENOUGH) - 1]
        # a little more than the weight, as a number that can be typed
        return max(least, math.ceil(weight * 100 + 1e-6) / 100 if weight else 0.0)


def shortened(drawing: Drawing, most_steps: int) -> Drawing:
    """Simplify a drawing by the least tolerance with which it has few enough steps.

    One that was simplified before becomes what the drawing itself would have become. What has
    too many strokes for any tolerance is returned as it is.
    """
    counts = drawing.counts
    most = most_steps + (counts[0] > 1)  # points; the first makes no step
    points = drawing.points
    weights = geometry.weights(points, counts)
    if len(points) <= most or not np.isfinite(least := np.sort(weights)[-most - 1]):
        return drawing
    keep = weights > least
    kept = np.add.reduceat(keep.astype(int), np.cumsum([0, *counts[:-1]])).tolist()
    return Drawing.from_points(points[keep], kept, drawing.category, drawing.metadata)


def check_result(report: ConversionReport, name: str) -> None:
    """Refuse a conversion that kept nothing to learn from; order the report's splits.

    Raises:
        BadFileError: If nothing is kept, or nothing in the training split; it names `name`.
    """
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


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    points = 0
    most = _FIRST_BATCH
    for item in items:
        batch.append(item)
        points += item.drawing.num_points
        if len(batch) >= most or points >= _BATCH_POINTS:
            yield batch
            batch, points, most = [], 0, min(2 * most, _BATCH)
    if batch:
        yield batch


def _results(batch: Batch) -> Iterator[Drawing]:
    return (batch.after.drawing(k) for k in range(len(batch.items)) if k not in batch.problems)


def _mask(places: Sequence[int], size: int) -> NDArray[np.bool_]:
    mask = np.zeros(size, dtype=bool)
    mask[places] = True
    return mask
