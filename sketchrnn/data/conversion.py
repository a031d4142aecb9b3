"""Drawings as they come -> drawings in data units, counted and written."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.data.examples import Examples
from sketchrnn.data.filters import Filters
from sketchrnn.data.plan import Plan
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.split import SPLITS, content_keys, split_of
from sketchrnn.data.store import DataFileWriter
from sketchrnn.drawing import BadDrawingError, BadFileError, BadSettingError, Drawing, geometry
from sketchrnn.sources import Item, OnSkip

_BATCH = 256
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

    def __init__(self, plan: Plan, writer: DataFileWriter, skip: OnSkip) -> None:
        """Begin with nothing written."""
        self.report = ConversionReport(epsilon=plan.preparation.epsilon, epsilon_chosen=plan.auto)
        self.duplicates = DuplicateCounter()
        self.examples = Examples()
        self._plan = plan
        self._writer = writer
        self._skip = skip

    def add(self, item: Item, prepared: Drawing) -> None:
        """Write one drawing, or say why not."""
        preparation = self._plan.preparation
        drawing = item.drawing
        most = preparation.max_steps
        too_long = most is not None and prepared.num_steps > most
        if most is not None and too_long and self._plan.shorten:
            prepared = shortened(prepared, most)
        steps = prepared.num_steps
        if most is not None and steps > most:
            self._skip(item.name, f"has more than {most} steps")
            return
        assert item.group is not None  # `prepared` sees to it
        split = item.split or split_of(item.group, self._plan.seed, self._plan.shares)
        try:
            self._writer.append(split, prepared)
        except BadSettingError as error:  # an offset, or one category, too much for the file
            self._skip(item.name, error.problem)
            return
        report = self.report
        report.read += 1
        report.kept += 1
        report.before.add(drawing.num_steps)
        report.after.add(steps)
        report.shortened += too_long
        report.splits[split] += 1
        report.categories[drawing.category or ""] += 1
        self.duplicates.add(drawing)
        self.examples.consider(item.name, drawing, prepared, preparation)


def prepared(
    readings: Iterable[Reading], plan: Plan, skip: OnSkip, kept: Counter[str] | None = None
) -> Iterator[tuple[Item, Drawing]]:
    """Yield the drawings that the filters keep with what they become, some hundred at a time.

    Those that belong to no group have their content's key as theirs.

    Args:
        readings: The sources.
        plan: What is to be done.
        skip: Called for what is not kept.
        kept: Category -> how many count towards the limit already.
    """
    kept = Counter(kept)
    for read, simplify in readings:
        for batch in _batches(filtered(read, plan.filters, kept, skip)):
            drawings = [item.drawing for item in batch]
            ready: list[Drawing | BadDrawingError] = list(drawings)
            if plan.own and simplify is not None:
                ready = [_simplified(simplify, drawing) for drawing in drawings]
            good = [drawing for drawing in ready if isinstance(drawing, Drawing)]
            results = iter(plan.preparation.apply_all(good))
            keys = content_keys(drawings)
            for item, drawing, key in zip(batch, ready, keys, strict=True):
                result = next(results) if isinstance(drawing, Drawing) else drawing
                if isinstance(result, BadDrawingError):
                    skip(item.name, result.problem)
                else:
                    yield Item(item.drawing, item.name, item.split, item.group or key), result


def filtered(
    read: Callable[[OnSkip], Iterator[Item]], filters: Filters, kept: Counter[str], skip: OnSkip
) -> Iterator[Item]:
    """Yield the drawings that the filters keep; count them in `kept`, by category."""
    for item in read(skip):
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
        self, readings: Iterable[Reading], plan: Plan, kept: Counter[str] | None = None
    ) -> None:
        """Look at drawings.

        Each tells the tolerance that it needs: the weight of the first point too many.
        """
        most_steps = plan.preparation.max_steps
        assert most_steps is not None
        unsimplified = dataclasses.replace(plan.preparation, epsilon=0.0)
        plan = dataclasses.replace(plan, preparation=unsimplified)
        for _, drawing in prepared(readings, plan, lambda *_: None, kept):
            self._seen += 1
            if self._seen % self._stride:
                continue
            counts = [len(stroke) for stroke in drawing.strokes]
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
    counts = [len(stroke) for stroke in drawing.strokes]
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
    while batch := list(itertools.islice(items, _BATCH)):
        yield batch


def _simplified(
    simplify: Callable[[Drawing], Drawing], drawing: Drawing
) -> Drawing | BadDrawingError:
    try:
        return simplify(drawing)
    except BadDrawingError as error:
        return error
