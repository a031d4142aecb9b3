"""What is to be done with drawings on their way into a data file: one plan for all that do it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sketchrnn.data.filters import Filters
from sketchrnn.data.normalize import EXTENT, Preparation
from sketchrnn.data.split import SHARES, check_shares
from sketchrnn.drawing import BadSettingError
from sketchrnn.sources import Source, open_source

MAX_STEPS = 250
"""The longest drawing kept unless one asks for more: about what the models can learn."""


@dataclasses.dataclass(frozen=True)
class ConversionPlan:
    """Everything about a conversion but the drawings; it can be sent to another machine.

    Args:
        inputs: Files or folders, as `open_source` takes them.
        variants: Whether variants of KanjiVG's characters are kept.
        scripts: The scripts of KanjiVG that are kept.
        symbols: Whether the labelled symbols of InkML are drawings of their own.
        join: The distance, in units of the input, within which ends of strokes are joined.
        preparation: How drawings become data units.
        filters: What is kept.
        own: Whether drawings go through their data set's own simplification first.
        auto: Whether the tolerance is to be chosen so that drawings are short enough.
        shorten: Whether what is still too long is simplified further, rather than dropped.
        integer: Whether all offsets are whole numbers of 16 bits.
        shares: Of train, valid and test.
        seed: Of the division into splits.
        info: Licence, attribution, sources, for the data file.
    """

    inputs: tuple[str, ...]
    variants: bool
    scripts: tuple[str, ...]
    symbols: bool
    join: float | None
    preparation: Preparation
    filters: Filters
    own: bool
    auto: bool
    shorten: bool
    integer: bool
    shares: tuple[float, float, float]
    seed: int
    info: dict[str, Any]

    def open(self, name: str) -> Source:
        """Open one of the inputs."""
        return open_source(name, variants=self.variants, scripts=self.scripts, symbols=self.symbols)


def make_plan(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    epsilon: float | Literal["auto"] | None = None,
    max_steps: int | None = MAX_STEPS,
    splits: Sequence[float] = SHARES,
    seed: int = 0,
    extent: float = EXTENT,
    keep_scale: bool = False,
    variants: bool = False,
    scripts: Collection[str] = ("kanji",),
    symbols: bool = False,
    join: float | None = None,
    licence: str | None = None,
    attribution: str | None = None,
    **filters: Any,
) -> tuple[ConversionPlan, list[Source]]:
    """Open the inputs and settle what is done with their drawings.

    Args:
        inputs: As for `convert`, and so all others.
        epsilon: The tolerance, "auto", or None for what suits the inputs.
        max_steps: The longest drawing.
        splits: Shares of train, valid and test.
        seed: Of the splits.
        extent: The side of the square of data units.
        keep_scale: Leave coordinates as they are.
        variants: Keep variants of KanjiVG's characters.
        scripts: The scripts of KanjiVG to keep.
        symbols: Give the labelled symbols of InkML one by one.
        join: Join strokes whose ends are so close, in units of the input; None: none.
        licence: The licence of the drawings; None: what the sources say.
        attribution: Whom to name; None: what the sources say.
        **filters: Of `Filters`.

    Returns:
        The plan, and the inputs, opened.

    Raises:
        BadFileError: If an input cannot be opened.
        BadSettingError: If a setting cannot be used, or inputs cannot share one file.
        MissingDependencyError: If KanjiVG is asked for and not installed.
    """
    shares = check_shares(splits)
    chosen = Filters(**filters)
    auto = epsilon == "auto"
    if auto and max_steps is None:
        raise BadSettingError("epsilon is auto without a limit of steps", hint="give --max-steps")
    if not (epsilon is None or auto or (isinstance(epsilon, int | float) and epsilon >= 0)):
        raise BadSettingError(f"epsilon is {epsilon}, and must be 0 or more, or auto")
    given = None if isinstance(epsilon, str) else epsilon
    names = [inputs] if isinstance(inputs, str | PathLike) else list(inputs)
    if not names:
        raise BadSettingError("there is no input", hint="name a file, a folder or `kanjivg`")
    if join is not None and not 0 <= join < math.inf:
        raise BadSettingError(f"join is {join}, and must be a number of 0 or more")
    sources = [
        open_source(name, variants=variants, scripts=scripts, symbols=symbols) for name in names
    ]
    preparation = _preparation(sources, given, max_steps, extent, keep_scale)
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
    plan = ConversionPlan(
        inputs=tuple(str(name) for name in names),
        variants=variants,
        scripts=tuple(scripts),
        symbols=symbols,
        join=join,
        preparation=preparation,
        filters=chosen,
        # what the user asks for replaces what the data set does by itself
        own=epsilon in (None, "auto") and not keep_scale,
        auto=auto,
        # who says how much to simplify, or that nothing is to be, is taken at the word
        shorten=given is None and preparation.epsilon > 0,
        integer=preparation.fit == "keep" and all(source.integer for source in sources),
        shares=shares,
        seed=seed,
        info=info,
    )
    return plan, sources


def check_apart(inputs: Sequence[str], out: str | PathLike[str]) -> None:
    """Refuse an output that would replace an input, whether or not files may be replaced.

    Raises:
        BadSettingError: If the output is an input, or a folder that holds one.
    """
    target = Path(out).resolve()
    for name in inputs:
        place = Path(name).resolve()
        if place.exists() and (target == place or target in place.parents):
            raise BadSettingError(
                "would replace the input", path=Path(out), hint="choose another output"
            )


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


def _joined(texts: Any) -> str | None:
    """Return the different texts as one, in order; None where there is none."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
