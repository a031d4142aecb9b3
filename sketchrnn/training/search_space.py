"""What a sweep varies: settings with several values, or anywhere within a range."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sketchrnn.drawing import BadSettingError
from sketchrnn.training import presets

MOST_TRIALS = 1000
"""A grid of more is a slip of the pen, or wants `--trials`."""
_DECADE = 10.0
"""A range whose ends differ by this factor or more is searched by orders of magnitude."""
_DOTS = ".."
_MOST_CORNERS = 100_000


@dataclasses.dataclass(frozen=True)
class Choice:
    """A setting that takes each of some values.

    Attributes:
        name: The setting.
        values: Two or more, all different.
    """

    name: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        """Say what it takes."""
        return f"{self.name} {', '.join(shown(value) for value in self.values)}"

    @property
    def ends(self) -> tuple[Any, ...]:
        """What is to be checked before any work."""
        return self.values


@dataclasses.dataclass(frozen=True)
class Range:
    """A setting that takes any value from one to another.

    Attributes:
        name: The setting.
        low: The least.
        high: The greatest.
        whole: Whether it takes whole numbers alone.
        log: Whether orders of magnitude count, rather than differences.
    """

    name: str
    low: float
    high: float
    whole: bool
    log: bool

    def __str__(self) -> str:
        """Say what it takes."""
        return f"{self.name} {shown(self.low)} to {shown(self.high)}"

    @property
    def ends(self) -> tuple[Any, ...]:
        """What is to be checked before any work."""
        return (self.low, self.high)


@dataclasses.dataclass(frozen=True)
class Grid:
    """All that a sweep tries.

    Attributes:
        fixed: Settings that all trials share.
        varied: Settings that differ.
        trials: How many trials; None: every combination.
        seed: Of the order in which values are tried.
    """

    fixed: Mapping[str, Any]
    varied: tuple[Choice | Range, ...]
    trials: int | None = None
    seed: int = 0

    @property
    def searched(self) -> bool:
        """Whether a sampler looks for values, as there is a range."""
        return any(isinstance(one, Range) for one in self.varied)

    @property
    def size(self) -> int:
        """How many trials there are in all."""
        if self.searched:
            assert self.trials is not None
            return self.trials
        every = math.prod(len(one.ends) for one in self.varied)
        return every if self.trials is None else min(self.trials, every)

    def corners(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of values and of the ends of ranges."""
        names = [one.name for one in self.varied]
        for values in itertools.product(*(one.ends for one in self.varied)):
            yield dict(zip(names, values, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the grid for JSON; equal grids give equal dicts."""
        return {
            "fixed": dict(self.fixed),
            "varied": [dataclasses.asdict(one) for one in self.varied],
            "trials": self.trials,
            "seed": self.seed,
        }


def read_grid(changes: Sequence[tuple[str, str]], trials: int | None = None, seed: int = 0) -> Grid:
    """Read what a sweep varies.

    Args:
        changes: Names and values: `128`, several as `128,256,512`, a range as `1e-4..1e-2`.
        trials: How many trials; ranges need it.
        seed: Of the order in which values are tried.

    Raises:
        BadSettingError: If a name or a value cannot be used, nothing is varied, or there are
            too many combinations.

    >>> grid = read_grid([("decoder_size", "64,128"), ("batch_size", "50")])
    >>> list(grid.corners()), grid.fixed
    ([{'decoder_size': 64}, {'decoder_size': 128}], {'batch_size': 50})
    """
    fixed: dict[str, Any] = {}
    varied: list[Choice | Range] = []
    seen: set[str] = set()
    for name, text in changes:
        presets.check_names([name])
        if name in seen:
            raise BadSettingError(
                f"{name} is set twice", hint=f"write several values as {name}=A,B"
            )
        seen.add(name)
        if _DOTS in text:
            varied.append(_range(name, text))
            continue
        values = tuple(presets.as_setting(name, word.strip()) for word in text.split(","))
        for place, value in enumerate(values):
            if value in values[:place]:
                raise BadSettingError(f"{name} has the value {shown(value)} twice")
        if len(values) > 1:
            varied.append(Choice(name, values))
        else:
            fixed[name] = values[0]
    grid = Grid(fixed, tuple(varied), trials, seed)
    if not varied:
        raise BadSettingError(
            "nothing is varied", hint="give a setting several values: --set decoder_size=128,256"
        )
    if grid.searched and trials is None:
        name = next(one.name for one in varied if isinstance(one, Range))
        raise BadSettingError(
            f"{name} is a range, which never ends", hint="say how many trials with --trials"
        )
    corners = math.prod(len(one.ends) for one in varied)
    if max(corners if trials is None or grid.searched else 0, trials or 0) > MOST_TRIALS:
        count = trials if (trials or 0) > MOST_TRIALS else corners
        raise BadSettingError(
            f"{count:,} {'trials' if count == trials else 'combinations'} are more than "
            f"{MOST_TRIALS:,}",
            hint="vary less, or try some of them with --trials",
        )
    if corners > _MOST_CORNERS:
        raise BadSettingError(
            f"{corners:,} combinations are too many even to choose from", hint="vary less"
        )
    return grid


def _range(name: str, text: str) -> Range:
    """Read `LOW..HIGH`."""
    kind = presets.kind_of(name)
    if kind not in ("int", "float"):
        raise BadSettingError(
            f"{name} has no range", hint=f"write its values as {name}=A,B, with commas"
        )
    low, _, high = (part.strip() for part in text.partition(_DOTS))
    first, last = presets.as_setting(name, low), presets.as_setting(name, high)
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        raise BadSettingError(
            f"{name}={text} is no range", hint=f"write {name}=LOW{_DOTS}HIGH, the lesser one first"
        )
    return Range(name, first, last, kind == "int", first > 0 and last / first >= _DECADE)


def shown(value: Any) -> str:
    """Write a value as one would give it.

    >>> shown(True), shown(0.00031622776), shown(1e-05), shown(256)
    ('true', '0.0003162', '1e-05', '256')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
