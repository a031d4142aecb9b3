"""The order in which a pen draws strokes: short ways in the air, and strokes joined at their ends.

Points are complex numbers here, x + iy, in any unit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sketchrnn.drawing.errors import BadSettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Ends = NDArray[np.complex128]

BUDGET = 60_000_000
"""Exchanges that are tried at the most: a few seconds. More strokes look less far around."""

_BLOCK = 20_000  # strokes among which the nearest is looked for
_LONGEST_RUN = 3  # strokes that are moved together
_SWEEPS = 6  # that the budget is planned for
_GAIN = 1e-9  # of the whole way: less is rounding


class Turn(NamedTuple):
    """A stroke in its turn."""

    stroke: int
    back: bool


def way_between(strokes: Sequence[Points], home: tuple[float, float] | None = None) -> float:
    """Return how far the pen travels in the air from stroke to stroke.

    Args:
        strokes: (n, 2) points each, in the order of drawing.
        home: Where the pen comes from; None: from the first stroke.
    """
    if not strokes:
        return 0.0
    enter, leave = _ends(strokes)
    way = float(np.abs(enter[1:] - leave[:-1]).sum())
    return way if home is None else way + abs(complex(enter[0]) - complex(*home))


def order_strokes(
    strokes: Sequence[Points],
    home: tuple[float, float] = (0.0, 0.0),
    *,
    turn_round: bool = True,
    budget: int = BUDGET,
) -> list[Turn]:
    """Find an order in which the pen travels little between strokes.

    The nearest stroke is drawn next; then stretches of the way are turned round, and runs of up to
    three strokes moved elsewhere, as long as that makes it shorter. The result depends on nothing
    but the strokes, and is never longer than the order given.

    Args:
        strokes: (n, 2) points each.
        home: Where the pen comes from.
        turn_round: Whether a stroke may be drawn from its end.
        budget: Exchanges to try at the most.

    Returns:
        Every stroke once: its index, and whether it is drawn from its end.

    Source:
        Croes (1958), "A method for solving traveling-salesman problems" (2-opt); Or (1976).
    """
    if not strokes:
        return []
    enter, leave = _ends(strokes)
    start = complex(*home)
    given = np.arange(len(enter)), np.zeros(len(enter), dtype=bool)
    order, back = _nearest_next(enter, leave, start, turn_round)
    route = _Route(order, back, enter, leave, start)
    route.improve(turn_round, budget)
    if route.way() >= _Route(*given, enter, leave, start).way():
        order, back = given
    else:
        order, back = route.order, route.back
    return [Turn(int(i), bool(b)) for i, b in zip(order, back, strict=True)]


def join_strokes(strokes: Sequence[Points], within: float) -> list[Points]:
    """Join strokes whose ends meet into longer ones, so that the pen stays down.

    The closest ends are joined first. Dots are left alone, and no stroke is closed upon itself.

    Args:
        strokes: (n, 2) points each.
        within: The greatest distance of two ends; 0 joins only ends that coincide.

    Returns:
        As many strokes or fewer, each where the first of its parts was.

    Raises:
        BadSettingError: If the distance is negative or not finite.
    """
    if not (within >= 0 and math.isfinite(within)):
        raise BadSettingError(f"within is {within}, and must be a number of 0 or more")
    partner: dict[tuple[int, int], tuple[int, int]] = {}  # (stroke, 0 start / 1 end) -> the same
    chain = list(range(len(strokes)))  # union-find

    def root(index: int) -> int:
        while chain[index] != index:
            chain[index] = chain[chain[index]]
            index = chain[index]
        return index

    for _, one, other in sorted(_meetings(strokes, within)):
        if one in partner or other in partner or root(one[0]) == root(other[0]):
            continue
        partner[one], partner[other] = other, one
        chain[root(one[0])] = root(other[0])
    used = [False] * len(strokes)
    return [
        _chain_from(index, strokes, partner, used)
        for index in range(len(strokes))
        if not used[index]
    ]


def _meetings(
    strokes: Sequence[Points], within: float
) -> list[tuple[float, tuple[int, int], tuple[int, int]]]:
    """Return (distance, end, end) of all ends of different strokes that are near each other."""
    # far smaller cells than the drawing would make numbers of cells that are none
    reach = max((float(np.abs(stroke).max()) for stroke in strokes), default=0.0)
    side = max(within, reach * 1e-9) or 1.0
    cells: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    places: dict[tuple[int, int], complex] = {}
    for index, stroke in enumerate(strokes):
        if (stroke == stroke[0]).all():
            continue
        for end, point in ((0, stroke[0]), (1, stroke[-1])):
            places[index, end] = complex(*point)
            cells[math.floor(point[0] / side), math.floor(point[1] / side)].append((index, end))
    found = []
    for (column, row), here in cells.items():
        for x, y in ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 1)):
            for other in cells.get((column + x, row + y), ()):
                for one in here:
                    if one[0] == other[0] or ((x, y) == (0, 0) and one >= other):
                        continue
                    distance = abs(places[one] - places[other])
                    if distance <= within:
                        found.append((distance, min(one, other), max(one, other)))
    return found


def _chain_from(
    index: int,
    strokes: Sequence[Points],
    partner: dict[tuple[int, int], tuple[int, int]],
    used: list[bool],
) -> Points:
    """Return the points of the chain that a stroke belongs to, in that stroke's direction."""
    parts = [strokes[index]]
    used[index] = True
    for side in (1, 0):  # onwards from the end, then backwards from the start
        at = (index, side)
        while at in partner:
            stroke, entry = partner[at]
            used[stroke] = True
            along = strokes[stroke] if entry == 1 - side else strokes[stroke][::-1]
            parts = [*parts, along] if side else [along, *parts]
            at = (stroke, 1 - entry)
    points = np.concatenate(parts)
    keep = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    return points[keep] if len(parts) > 1 else points


def _ends(strokes: Sequence[Points]) -> tuple[Ends, Ends]:
    ends = np.array([(*stroke[0], *stroke[-1]) for stroke in strokes])
    return ends[:, 0] + 1j * ends[:, 1], ends[:, 2] + 1j * ends[:, 3]


def _nearest_next(
    enter: Ends, leave: Ends, home: complex, turn_round: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Always draw next what begins, or ends, nearest to the pen."""
    order = np.empty(len(enter), dtype=np.int64)
    back = np.zeros(len(enter), dtype=bool)
    here = home
    for first in range(0, len(enter), _BLOCK):
        left = np.arange(first, min(first + _BLOCK, len(enter)))
        starts, stops = enter[left], leave[left]
        for place in range(first, first + len(left)):
            count = first + len(left) - place
            to_start = _squares(starts[:count] - here)
            nearest = int(to_start.argmin())
            flipped = False
            if turn_round:
                to_stop = _squares(stops[:count] - here)
                other = int(to_stop.argmin())
                flipped = bool(to_stop[other] < to_start[nearest])
                nearest = other if flipped else nearest
            order[place], back[place] = left[nearest], flipped
            here = complex(starts[nearest] if flipped else stops[nearest])
            for array in (left, starts, stops):  # the last one takes the place that is free
                array[nearest] = array[count - 1]
    return order, back


def _squares(away: Ends) -> NDArray[np.float64]:
    result: NDArray[np.float64] = away.real**2 + away.imag**2
    return result


class _Route:
    """Strokes in an order that can be improved; where the pen goes down and where it goes up."""

    def __init__(
        self,
        order: NDArray[np.int64],
        back: NDArray[np.bool_],
        enter: Ends,
        leave: Ends,
        home: complex,
    ) -> None:
        self.order, self.back = order, back
        self.down = np.where(back, leave[order], enter[order])
        self.up = np.where(back, enter[order], leave[order])
        self.home = home

    def way(self) -> float:
        """Return the way in the air, from home on."""
        return float(np.abs(self.down[1:] - self.up[:-1]).sum() + abs(self.down[0] - self.home))

    def improve(self, turn_round: bool, budget: int) -> None:
        """Exchange until nothing gets better, or the budget is spent."""
        count = len(self.order)
        kinds = _LONGEST_RUN + 1
        window = max(30, budget // (_SWEEPS * kinds * count))
        least = _GAIN * (self.way() + 1e-300)
        while budget > 0:
            before = self.way()
            for first in range(count):
                if turn_round:
                    self._reverse_from(first, window, least)
                for length in range(1, _LONGEST_RUN + 1):
                    if first + length <= count:
                        self._move(first, length, window, turn_round, least)
                budget -= kinds * min(window, count)
            if self.way() > before - max(least, 1e-4 * before):
                return

    def _before(self, first: int) -> complex:
        return complex(self.up[first - 1]) if first else self.home

    def _reverse_from(self, first: int, window: int, least: float) -> None:
        """Turn the stretch from `first` on round that shortens the way most (2-opt)."""
        last = min(first + window, len(self.order))
        before, down = self._before(first), complex(self.down[first])
        ups, next_downs = self.up[first:last], self.down[first + 1 : last + 1]
        gain = abs(before - down) - np.abs(before - ups)
        inner = len(next_downs)  # what comes last has nothing after it
        gain[:inner] += np.abs(ups[:inner] - next_downs) - np.abs(down - next_downs)
        best = int(gain.argmax())
        if gain[best] > least:
            self._turn(first, first + best + 1)

    def _turn(self, first: int, last: int) -> None:
        self.order[first:last] = self.order[first:last][::-1].copy()
        self.back[first:last] = ~self.back[first:last][::-1]
        downs = self.down[first:last][::-1].copy()
        self.down[first:last] = self.up[first:last][::-1]
        self.up[first:last] = downs

    def _move(self, first: int, length: int, window: int, turn_round: bool, least: float) -> None:
        """Move a run of strokes to where it costs least, perhaps turned round (Or-opt)."""
        count = len(self.order)
        end = first + length
        before, down, up = self._before(first), complex(self.down[first]), complex(self.up[end - 1])
        freed = abs(before - down)
        if end < count:
            after = complex(self.down[end])
            freed += abs(up - after) - abs(before - after)
        if freed <= least:
            return
        low, high = max(0, first - window), min(count, end + window)
        # gap g lies before stroke g; those of the run itself, first to end, are no place to go
        gaps = np.concatenate([np.arange(low, first), np.arange(end + 1, high + 1)])
        if not len(gaps):
            return
        lefts = np.where(gaps > 0, self.up[gaps - 1], self.home)
        open_end = gaps == count
        rights = self.down[np.minimum(gaps, count - 1)]
        closed = np.where(open_end, 0.0, np.abs(lefts - rights))
        cost = np.abs(lefts - down) + np.where(open_end, 0.0, np.abs(up - rights)) - closed
        flipped = np.full(len(gaps), np.inf)
        if turn_round:
            flipped = np.abs(lefts - up) + np.where(open_end, 0.0, np.abs(down - rights)) - closed
        best = int(np.minimum(cost, flipped).argmin())
        if freed - min(cost[best], flipped[best]) <= least:
            return
        if flipped[best] < cost[best]:
            self._turn(first, end)
        gap = int(gaps[best])
        moved = np.arange(count)
        run = moved[first:end]
        rest = np.concatenate([moved[:first], moved[end:]])
        at = gap if gap <= first else gap - length
        moved = np.concatenate([rest[:at], run, rest[at:]])
        for name in ("order", "back", "down", "up"):
            setattr(self, name, getattr(self, name)[moved])
