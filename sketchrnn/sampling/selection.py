"""Keeping the good ones: filters, the best of several, what is new, what differs.

For each drawing that is wanted there is a place. Rounds of candidates are drawn for the places that
lack some; filters remove what does not do; of the candidates of a place the likeliest is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from sketchrnn.drawing import BadSettingError, Drawing, distance

TRIES = 20
"""So many candidates are drawn for each that is wanted, before a place stays empty."""
DIVERSE_POOL = 4
"""Drawings that differ are chosen from so many times their number."""

Draw = Callable[[Sequence[int], int], list[Drawing]]
"""From places and the round's number to a drawing for each."""
Rate = Callable[[Sequence[Drawing]], Sequence[float]]
"""From drawings to how unlikely each is."""


@dataclasses.dataclass(frozen=True)
class Filters:
    """What a drawing must be to be kept; None: it does not matter.

    Attributes:
        blank: Whether it may be blank: no strokes, or all in one point.
        min_strokes: The fewest strokes.
        max_strokes: The most strokes.
        min_points: The fewest points.
        max_points: The most points.
        min_size: The shortest that its longer side may be, in data units.
        max_size: The longest that its longer side may be, in data units.
    """

    blank: bool = True
    min_strokes: int | None = None
    max_strokes: int | None = None
    min_points: int | None = None
    max_points: int | None = None
    min_size: float | None = None
    max_size: float | None = None

    def __post_init__(self) -> None:
        """Refuse what nothing can pass."""
        for what in ("strokes", "points", "size"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                raise BadSettingError(f"min_{what} is {least}, and max_{what} is {most}")

    def fault(self, drawing: Drawing) -> str | None:
        """Return the name of the first filter that removes a drawing; None: it is kept."""
        x_min, y_min, x_max, y_max = drawing.bounds
        size = max(x_max - x_min, y_max - y_min)
        if not self.blank and size == 0:
            return "blank"
        measures = {"strokes": len(drawing.strokes), "points": drawing.num_points, "size": size}
        for what, measure in measures.items():
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and measure < least:
                return f"min_{what}"
            if most is not None and measure > most:
                return f"max_{what}"
        return None


@dataclasses.dataclass
class Report:
    """What choosing did.

    Attributes:
        wanted: How many drawings were asked for.
        found: How many there are.
        drawn: How many candidates were drawn.
        removed: How many each filter removed, by its name.
    """

    wanted: int
    found: int = 0
    drawn: int = 0
    removed: dict[str, int] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in a line."""
        by = ", ".join(f"{name} removed {count}" for name, count in self.removed.items())
        return f"{self.found} of {self.wanted} found among {self.drawn} drawn" + (by and f": {by}")


def choose(
    draw: Draw,
    count: int,
    *,
    filters: Filters,
    groups: Sequence[object] | None = None,
    best_of: int = 1,
    rate: Rate | None = None,
    known: Sequence[Drawing] | None = None,
    novelty: float = 0.0,
    diverse: bool = False,
) -> tuple[list[Drawing], Report]:
    """Draw until there are enough good drawings, or too many have been tried.

    Args:
        draw: Draws a candidate for each of some places.
        count: n, how many are wanted.
        filters: What is kept.
        groups: (n,) what each place belongs to: where drawings differ, they do among their own.
        best_of: How many good candidates each is chosen from, by `rate`.
        rate: How unlikely drawings are; needed for a `best_of` above 1.
        known: Drawings that nothing may be a copy of.
        novelty: The distance from the nearest of them that a drawing must have; see
            `drawing.distance`.
        diverse: Choose drawings that differ from each other, from `DIVERSE_POOL` times as many.

    Returns:
        n Drawings, or fewer where not enough were found, and what was removed.

    Raises:
        BadSettingError: If an argument cannot be used, or nothing is left.
    """
    if best_of < 1:
        raise BadSettingError(f"best_of is {best_of}, and must be 1 or more")
    if not 0 <= novelty < 1:
        raise BadSettingError(f"novelty is {novelty}, and must be from 0 to below 1")
    places = count * (DIVERSE_POOL if diverse else 1)
    report = Report(count)
    kept: list[list[Drawing]] = [[] for _ in range(places)]
    for turn in range(TRIES * best_of):
        open_places = [place for place in range(places) if len(kept[place]) < best_of]
        if not open_places:
            break
        drawn = draw(open_places, turn)
        report.drawn += len(drawn)
        faults = [filters.fault(drawing) for drawing in drawn]
        _mark_copies(drawn, faults, known, novelty)
        for place, drawing, fault in zip(open_places, drawn, faults, strict=True):
            if fault is None:
                kept[place].append(drawing)
            else:
                report.removed[fault] = report.removed.get(fault, 0) + 1
    best: list[tuple[int, Drawing]] = []
    for place, some in enumerate(kept):
        if some:
            nats = rate(some) if rate is not None and len(some) > 1 else [0.0]
            best.append((place, some[int(np.argmin(nats))]))
    if count and not best:
        raise BadSettingError(f"nothing is left: {report}", hint="loosen what removed the most")
    if diverse:
        best = _differing(best, count, groups)
    report.found = len(best)
    return [drawing for _, drawing in best], report


def _mark_copies(
    drawn: Sequence[Drawing],
    faults: list[str | None],
    known: Sequence[Drawing] | None,
    novelty: float,
) -> None:
    """Name as a fault that a drawing is near to one that is known."""
    good = [k for k, fault in enumerate(faults) if fault is None and drawn[k].strokes]
    if known is None or not len(known) or not good:
        return
    found = distance.nearest([drawn[k] for k in good], known)
    for k, nearest in zip(good, found.distances[:, 0], strict=True):
        if nearest < novelty:
            faults[k] = "novelty"


def _differing(
    best: Sequence[tuple[int, Drawing]], count: int, groups: Sequence[object] | None
) -> list[tuple[int, Drawing]]:
    """Choose drawings that differ, as many of each group as it has places."""
    names: Sequence[object] = [None] * count if groups is None else groups
    chosen: list[tuple[int, Drawing]] = []
    for name in dict.fromkeys(names):
        own = [each for each in best if names[each[0] % count] == name]
        quota = sum(other == name for other in names)
        order = far_apart([drawing for _, drawing in own], quota)
        chosen += [own[k] for k in order]
    return chosen


def far_apart(drawings: Sequence[Drawing], count: int) -> list[int]:
    """Choose drawings each as far from those chosen before as can be (Gonzalez, 1985).

    Args:
        drawings: The first is chosen first.
        count: How many.

    Returns:
        Their places, at most `count`.
    """
    if not drawings or count < 1:
        return []
    apart = distance.estimate(drawings, drawings)
    chosen = [0]
    nearest = apart[0].copy()
    while len(chosen) < min(count, len(drawings)):
        nearest[chosen] = -np.inf
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, apart[chosen[-1]])
    return chosen
