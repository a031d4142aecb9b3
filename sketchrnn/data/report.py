"""What a conversion did: counted, with a line for everything skipped."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_NAMES = 5
_MAX_REASONS = 50


@dataclasses.dataclass
class Skipped:
    """What was skipped for one reason.

    Args:
        count: How many.
        first: The names of the first few.
    """

    count: int = 0
    first: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Lengths:
    """Steps of drawings, counted as they come.

    Args:
        count: Drawings counted.
        total: Their steps.
        longest: The most steps of one.
        counts: Steps -> drawings; beyond 1,000 steps rounded to three digits, so that the memory
            is bounded.
    """

    count: int = 0
    total: int = 0
    longest: int = 0
    counts: Counter[int] = dataclasses.field(default_factory=Counter)

    def add_all(self, steps: NDArray[np.int64]) -> None:
        """Count drawings that have so many steps, (D,)."""
        for number, count in _tally(steps):
            self.count += count
            self.total += number * count
            self.longest = max(self.longest, number)
            self.counts[number if number < 1000 else int(float(f"{number:.2e}"))] += count

    def merge(self, other: Lengths) -> None:
        """Count what another has counted."""
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        self.counts += other.counts

    @property
    def mean(self) -> float:
        """The mean number of steps; 0 where there is no drawing."""
        return self.total / self.count if self.count else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return mean, longest and counts for JSON."""
        return {
            "mean": round(self.mean, 3),
            "longest": self.longest,
            "counts": {str(steps): self.counts[steps] for steps in sorted(self.counts)},
        }


def _tally(numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield each number and how often it is there."""
    found, counts = np.unique(numbers, return_counts=True)
    return zip(found.tolist(), counts.tolist(), strict=True)


@dataclasses.dataclass
class ConversionReport:
    """What `convert` read, kept and skipped.

    Args:
        read: Drawings looked at, skipped ones included.
        kept: Drawings written.
        skipped: Reason -> how many, and the first names.
        before: Lengths of the drawings kept, as they came.
        after: Lengths of the drawings kept, simplified.
        shortened: How many were simplified further than the others, to have few enough steps.
        splits: Split -> drawings.
        categories: Category -> drawings; "" for drawings that have none.
        scale_factor: Of the training drawings.
        epsilon: The simplification, in data units; 0 or less: none.
        epsilon_chosen: Whether it was chosen to meet the most steps that were asked for.
        duplicates: How many of the drawings kept are exact copies of others.
        outlines: How many of the drawings kept have filled outlines in place of lines.
        duplicates_exact: Whether that is a count; otherwise an estimate.
    """

    read: int = 0
    kept: int = 0
    skipped: dict[str, Skipped] = dataclasses.field(default_factory=dict)
    before: Lengths = dataclasses.field(default_factory=Lengths)
    after: Lengths = dataclasses.field(default_factory=Lengths)
    shortened: int = 0
    splits: Counter[str] = dataclasses.field(default_factory=Counter)
    categories: Counter[str] = dataclasses.field(default_factory=Counter)
    scale_factor: float = 1.0
    epsilon: float = 0.0
    epsilon_chosen: bool = False
    duplicates: int = 0
    duplicates_exact: bool = True
    outlines: int = 0

    def skip(self, name: str, reason: str) -> None:
        """Count a drawing that was skipped."""
        self.read += 1
        entry = self._entry(reason)
        entry.count += 1
        if len(entry.first) < FIRST_NAMES:
            entry.first.append(name)

    def merge(self, other: ConversionReport) -> None:
        """Count what the report of the next part of the input has counted.

        Duplicates, epsilon and scale factor are not looked at: they do not add up.
        """
        self.read += other.read
        self.outlines += other.outlines
        self.kept += other.kept
        for reason, theirs in other.skipped.items():
            entry = self._entry(reason)
            entry.count += theirs.count
            entry.first += theirs.first[: FIRST_NAMES - len(entry.first)]
        self.before.merge(other.before)
        self.after.merge(other.after)
        self.shortened += other.shortened
        self.splits += other.splits
        self.categories += other.categories

    def _entry(self, reason: str) -> Skipped:
        if reason not in self.skipped and len(self.skipped) >= _MAX_REASONS:
            reason = "other reasons"
        return self.skipped.setdefault(reason, Skipped())

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "read": self.read,
            "kept": self.kept,
            "skipped": {why: dataclasses.asdict(entry) for why, entry in self.skipped.items()},
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "shortened": self.shortened,
            "splits": dict(self.splits),
            "categories": dict(self.categories),
            "scale_factor": self.scale_factor,
            "epsilon": self.epsilon,
            "epsilon_chosen": self.epsilon_chosen,
            "duplicates": self.duplicates,
            "duplicates_exact": self.duplicates_exact,
            "outlines": self.outlines,
        }

    def lines(self) -> list[str]:
        """Return the report for people, a line a fact."""
        splits = ", ".join(f"{name} {count}" for name, count in self.splits.items())
        lines = [f"read {self.read}, kept {self.kept} ({splits})"]
        for reason, entry in sorted(self.skipped.items(), key=lambda pair: -pair[1].count):
            names = ", ".join(entry.first) + (", …" if entry.count > len(entry.first) else "")
            lines.append(f"skipped {entry.count}: {reason}: {names}")
        lines.append(
            f"steps a drawing: mean {self.after.mean:.1f}, longest {self.after.longest}"
            f" (before simplification {self.before.mean:.1f}, {self.before.longest})"
        )
        if self.epsilon_chosen:
            lines.append(f"epsilon {self.epsilon:g}, chosen so that drawings are short enough")
        if self.shortened:
            lines.append(f"simplified further, to be short enough: {self.shortened}")
        if self.duplicates:
            about = "" if self.duplicates_exact else "about "
            lines.append(f"exact duplicates: {about}{self.duplicates}, kept")
        if self.outlines:
            lines.append(
                f"filled outlines, as brushes leave them: in {self.outlines} drawings, "
                "whose strokes go around them"
            )
        if set(self.categories) - {""}:
            common = [f"{name or '(none)'} {n}" for name, n in self.categories.most_common(8)]
            more = len(self.categories) - len(common)
            lines.append(
                "categories: " + ", ".join(common) + (f" and {more} more" if more > 0 else "")
            )
        lines.append(f"scale factor {self.scale_factor:.4f}")
        return lines
