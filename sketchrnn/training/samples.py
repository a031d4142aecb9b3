"""What drawings of a model are worth: valid, new, diverse; and what a reconstruction loses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from sketchrnn.data.data_file import InMemory
from sketchrnn.drawing import Drawing, distance
from sketchrnn.sampling.selection import COPY_DISTANCE

FEW_SINGLE = 0.05
"""Where a smaller share of the training drawings has one stroke only, one is not enough."""

_NEAREST_PAIRS = 16


@dataclasses.dataclass(frozen=True)
class Pair:
    """A sample and the training drawing nearest to it.

    Attributes:
        sample: What the model drew.
        training: The nearest training drawing, in data units.
        number: The sample's place.
        index: The training drawing's place in its split.
        distance: Theirs, in units of size; see `drawing.distance`.
    """

    sample: Drawing
    training: Drawing
    number: int
    index: int
    distance: float


@dataclasses.dataclass(frozen=True)
class SampleMetrics:
    """Figures of samples, and the pairs nearest to each other, nearest first."""

    figures: dict[str, Any]
    pairs: tuple[Pair, ...]


def evaluate_samples(
    samples: Sequence[Drawing | None],
    training: InMemory | None,
    real: Sequence[Drawing],
    *,
    max_steps: int,
    unseen: bool,
) -> SampleMetrics:
    """Measure drawings that a model made up.

    Args:
        samples: n drawings, one at least; None for one with a coordinate that is no finite number.
        training: What the model learned from; None: novelty is left out.
        real: Real drawings to compare with; of these as many are looked for in the training
            drawings as there are samples.
        max_steps: A drawing of so many steps has not ended by itself.
        unseen: Whether the real drawings are none of the training drawings.

    Returns:
        `samples`, how many; `valid_rate`, the share that is finite, is not blank (has ink in more
        than one place), ended before `max_steps`, and has more than one stroke, unless 5 % or more
        of the training drawings have one only; `blank_rate`, `one_stroke_rate`, `unended_rate`.

        Of the samples that are not blank, `diversity`, the mean distance of all pairs, and
        `diversity_ratio`, to that of the real drawings; `novelty`, the median distance to the
        nearest training drawing, `novelty_p05`, the quantile at 5 %, and `novelty_min`;
        `copy_rate`, the share nearer than `copy_distance`. The last four also for the real
        drawings, if the model has not seen them, with `_held_out` added to the name. Distances
        are in units of a drawing's size, as `drawing.distance` measures them.

        What too few drawings leave undefined is left out.
    """
    drawn = [(k, d) for k, d in enumerate(samples) if d is not None]
    blank = {k for k, d in drawn if is_blank(d)}
    unended = {k for k, d in drawn if d.num_steps >= max_steps}
    single = {k for k, d in drawn if len(d.strokes) == 1} - blank
    one_will_do = training is None or training.one_stroke_share >= FEW_SINGLE
    count = len(samples)
    invalid = blank | unended | (set() if one_will_do else single)
    figures: dict[str, Any] = {
        "samples": count,
        "valid_rate": (len(drawn) - len(invalid)) / count,
        "blank_rate": len(blank) / count,
        "one_stroke_rate": len(single) / count,
        "unended_rate": len(unended) / count,
        "one_stroke_is_valid": one_will_do,
    }
    inked = [(k, d) for k, d in drawn if k not in blank]
    if len(inked) > 1:
        figures["diversity"] = distance.mean_distance(d for _, d in inked)
        usual = distance.mean_distance(real) if len(real) > 1 else 0.0
        if usual > 0:
            figures["diversity_ratio"] = figures["diversity"] / usual
    if not training or not inked:
        return SampleMetrics(figures, ())
    compared = list(real[:count]) if unseen else []
    found = distance.nearest([*(d for _, d in inked), *compared], training)
    near = found.distances[:, 0]
    figures["copy_distance"] = COPY_DISTANCE
    for suffix, some in (("", near[: len(inked)]), ("_held_out", near[len(inked) :])):
        if len(some):
            figures[f"novelty{suffix}"] = float(np.median(some))
            figures[f"novelty_p05{suffix}"] = float(np.quantile(some, 0.05))
            figures[f"novelty_min{suffix}"] = float(some.min())
            figures[f"copy_rate{suffix}"] = float((some < COPY_DISTANCE).mean())
    pairs = []
    for place in np.argsort(near[: len(inked)], kind="stable")[:_NEAREST_PAIRS]:
        number, sample = inked[place]
        index = int(found.indices[place, 0])
        pairs.append(Pair(sample, training[index], number, index, float(near[place])))
    return SampleMetrics(figures, tuple(pairs))


def reconstruction_figures(
    originals: Sequence[Drawing], again: Sequence[Drawing]
) -> dict[str, float]:
    """Measure how far reconstructions lie from what they stand for.

    Args:
        originals: n drawings, one at least.
        again: Their reconstructions, in the same unit.

    Returns:
        `reconstructions`, how many; `reconstruction_error`, the mean Chamfer distance in units of
        the original's size, and `reconstruction_error_median`. A blank one counts as a dot. Of two
        drawings or more also `reconstruction_error_other`, the mean where some other of the
        originals stands in for the reconstruction: what is no better has kept nothing.
    """
    errors = distance.paired(originals, again, same_scale=True)
    figures = {
        "reconstructions": len(errors),
        "reconstruction_error": float(errors.mean()),
        "reconstruction_error_median": float(np.median(errors)),
    }
    if len(originals) > 1:
        # half of the list away, as neighbours may be equal where drawings lie by their content
        half = len(originals) // 2
        others = [*originals[half:], *originals[:half]]
        apart = distance.paired(originals, others, same_scale=True)
        figures["reconstruction_error_other"] = float(apart.mean())
    return figures


def is_blank(drawing: Drawing) -> bool:
    """Say whether a drawing has ink in one place at most."""
    x_min, y_min, x_max, y_max = drawing.bounds
    return x_max == x_min and y_max == y_min
