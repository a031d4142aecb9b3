"""Keeping the good ones: filters, the best of several, what is new, what differs.

For each drawing that is wanted there is a place. Rounds of candidates are drawn for the places that
lack some; filters remove what does not do; of the candidates of a place the likeliest is taken.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data import DataFile, opened
from sketchrnn.data.batches import latent_noise
from sketchrnn.data.data_file import InMemory
from sketchrnn.drawing import BadSettingError, Drawing, distance
from sketchrnn.sampling import categories
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.sampling.sampler import Conditions, Sampler, SamplingSettings, make_condition

Array = NDArray[np.float32]

COPY_DISTANCE = 0.01
"""What lies nearer to a training drawing is called a copy: its ink is off by one hundredth of its
size on average, about what simplification drops. Drawings that were held out hardly ever lie so
near: 0.4 % of 250 of KanjiVG, none of as many of Quick, Draw!'s cars and faces. Of training
drawings stretched by up to 10 % each way and redrawn by an unsteady hand (2 data units) 49, 72 and
44 % do. `benchmarks/nearest.py` measures both."""

TRIES = 20
"""So many candidates are drawn for each that is wanted, before a place stays empty."""
DIVERSE_POOL = 4
"""Drawings that differ are chosen from so many times their number."""

Draw = Callable[[Sequence[int], int], list[Drawing]]
"""From places and the round's number to a drawing for each."""
Rate = Callable[[Sequence[Drawing]], Sequence[float]]
"""From drawings to how unlikely each is."""


class Choice(TypedDict, total=False):
    """What `generate` keeps of what it draws.

    Attributes:
        best_of: Each drawing is the likeliest, by nats per step given its own z, of so many.
        blank: False: nothing blank.
        min_strokes: The fewest strokes.
        max_strokes: The most strokes.
        min_points: The fewest points.
        max_points: The most points.
        min_size: The shortest that the longer side may be, in data units.
        max_size: The longest that the longer side may be, in data units.
        novel_to: A data file, its path (its training drawings), or drawings: nothing that is a
            copy of one of them.
        novelty: What is nearer than this is a copy; None: `COPY_DISTANCE`.
        diverse: Whether the drawings are to differ from each other as much as can be.
        report: Is called with how many were drawn, and how many each filter removed.
    """

    best_of: int
    blank: bool
    min_strokes: int | None
    max_strokes: int | None
    min_points: int | None
    max_points: int | None
    min_size: float | None
    max_size: float | None
    novel_to: str | PathLike[str] | DataFile | Sequence[Drawing] | None
    novelty: float | None
    diverse: bool
    report: Callable[[Report], None] | None


@dataclasses.dataclass(frozen=True)
class Criteria:
    """What drawings must be to be kept; None: it does not matter.

    Attributes:
        best_of: From how many good candidates each is chosen.
        novelty: The distance from the nearest known drawing that each must have.
        diverse: Whether they are chosen, from `DIVERSE_POOL` times as many, to differ from each
            other.
        blank: Whether it may be blank: no strokes, or all in one point.
        min_strokes: The fewest strokes.
        max_strokes: The most strokes.
        min_points: The fewest points.
        max_points: The most points.
        min_size: The shortest that its longer side may be, in data units.
        max_size: The longest that its longer side may be, in data units.
    """

    best_of: int = 1
    novelty: float = COPY_DISTANCE
    diverse: bool = False
    blank: bool = True
    min_strokes: int | None = None
    max_strokes: int | None = None
    min_points: int | None = None
    max_points: int | None = None
    min_size: float | None = None
    max_size: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be used, or nothing can pass."""
        if self.best_of < 1:
            raise BadSettingError(f"best_of is {self.best_of}, and must be 1 or more")
        if not 0 <= self.novelty < 1:
            raise BadSettingError(f"novelty is {self.novelty}, and must be from 0 to below 1")
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


def generate_chosen(
    sampler: Sampler,
    count: int,
    settings: SamplingSettings,
    conditions: Conditions,
    choice: Choice,
) -> list[Drawing]:
    """Return drawings as `Sampler.sample` does, as far as the choice leaves some.

    Args:
        sampler: What draws.
        count: How many are wanted.
        settings: How they are sampled.
        conditions: z and categories of the drawings.
        choice: What is kept.

    Raises:
        BadSettingError: If an argument cannot be used, or nothing is left.
        BadFileError: If the data file cannot be read.
        TypeError: If the choice has an unknown name.
    """
    for name in choice:
        if name not in Choice.__annotations__:
            raise TypeError(f"generate() got an unexpected keyword argument {name!r}")
    if count < 0:
        raise BadSettingError(f"the number of drawings is {count}, and must be 0 or more")
    settings, seed = settings.with_seed()
    z, names = conditions.z, conditions.categories
    if names is None and sampler.config.categories:
        names = categories.spread(sampler.config.categories, seed, range(count))
    fields = Criteria.__dataclass_fields__
    given = {name: value for name, value in choice.items() if name in fields}
    if choice.get("novelty") is None:
        given["novelty"] = COPY_DISTANCE
    criteria = Criteria(**given)  # type: ignore[arg-type]
    places = count  # of a round; as many more where drawings are to differ

    def draw(some: Sequence[int], turn: int) -> list[Drawing]:
        nonlocal places
        if turn == 0:
            places = len(some)
        own = Conditions(
            z=None if z is None else z[[place % count for place in some]],
            categories=None if names is None else [names[place % count] for place in some],
            numbers=[place + turn * places for place in some],
        )
        return sampler.sample(len(some), settings, own)

    def rate(drawings: Sequence[Drawing]) -> list[float]:
        numbers = [drawing.metadata["number"] for drawing in drawings]
        vectors = None
        if z is not None:
            vectors = z[[(number % places) % count for number in numbers]]
        elif sampler.config.conditional:
            size = sampler.config.z_size
            vectors = np.stack([latent_noise(seed, number, size) for number in numbers])
        embedding = None
        if names is not None:
            embedding = sampler.embed_categories([str(drawing.category) for drawing in drawings])
        return _nats_per_step(sampler, drawings, make_condition(vectors, embedding), settings)

    with contextlib.ExitStack() as files:
        known = choice.get("novel_to")
        if isinstance(known, (str, PathLike, DataFile)):
            known = InMemory(files.enter_context(opened(known))["train"])
        drawings, report = choose(draw, count, criteria, groups=names, rate=rate, known=known)
    notify = choice.get("report")
    if notify is not None:
        notify(report)
    return drawings


def _nats_per_step(
    sampler: Sampler,
    drawings: Sequence[Drawing],
    condition: Array | None,
    settings: SamplingSettings,
) -> list[float]:
    """Return how unlikely each of some drawings is, by the nats of a step."""
    limit = settings.max_steps or sampler.config.max_seq_len
    ended = [drawing.num_steps < limit for drawing in drawings]
    rows = []
    for drawing in drawings:
        steps = drawing.to_stroke5(drawing.num_steps)
        steps[:, :2] /= sampler.config.scale_factor
        rows.append(steps)
    nats = nats_of_rows(sampler.decoder, condition, rows, ended).totals()
    return [
        float(total) / max(1, len(own) + end)
        for total, own, end in zip(nats, rows, ended, strict=True)
    ]


def choose(
    draw: Draw,
    count: int,
    criteria: Criteria,
    *,
    groups: Sequence[object] | None = None,
    rate: Rate | None = None,
    known: Sequence[Drawing] | None = None,
) -> tuple[list[Drawing], Report]:
    """Draw until there are enough good drawings, or too many have been tried.

    Args:
        draw: Draws a candidate for each of some places.
        count: n, how many are wanted.
        criteria: What is kept.
        groups: (n,) what each place belongs to: where drawings differ, they do among their own.
        rate: How unlikely drawings are; needed for a `best_of` above 1.
        known: Drawings that nothing may be a copy of; see `drawing.distance`.

    Returns:
        n Drawings, or fewer where not enough were found, and what was removed.

    Raises:
        BadSettingError: If nothing is left.
    """
    best_of = criteria.best_of
    places = count * (DIVERSE_POOL if criteria.diverse else 1)
    report = Report(count)
    kept: list[list[Drawing]] = [[] for _ in range(places)]
    for turn in range(TRIES * best_of):
        open_places = [place for place in range(places) if len(kept[place]) < best_of]
        if not open_places:
            break
        drawn = draw(open_places, turn)
        report.drawn += len(drawn)
        faults = [criteria.fault(drawing) for drawing in drawn]
        _mark_copies(drawn, faults, known, criteria.novelty)
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
    if criteria.diverse:
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
