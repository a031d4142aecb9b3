"""The part of SketchRNN that keeps the good ones of what it draws."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data import DataFile, open_data
from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.sampling import categories
from sketchrnn.sampling.likelihood import nats_of_rows
from sketchrnn.sampling.selection import Filters, Report, choose
from sketchrnn.sampling.temperature import TemperatureSpec
from sketchrnn.sketch_rnn.held import Held

Array = NDArray[np.float32]


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
        novelty: What is nearer than this is a copy; see `training.samples.COPY_DISTANCE`, which it
            is otherwise.
        diverse: Whether the drawings are to differ from each other as much as can be.
        report: Is told how many were drawn, and how many each filter removed.
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


def generate_chosen(
    model: Held,
    count: int,
    z: Array | None,
    named: Sequence[str] | None,
    temperature: TemperatureSpec,
    rule: str,
    max_steps: int | None,
    seed: int | None,
    choice: Choice,
) -> list[Drawing]:
    """Return drawings as `generate` does, as far as the choice leaves some.

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
    number = model._check_seed(seed)
    if named is None and model.categories:
        named = categories.spread(model.categories, number, range(count))
    settings = {k: v for k, v in choice.items() if k in Filters.__dataclass_fields__}
    filters = Filters(**settings)  # type: ignore[arg-type]
    places = count  # of a round; as many more where drawings are to differ

    def draw(some: Sequence[int], turn: int) -> list[Drawing]:
        nonlocal places
        if turn == 0:
            places = len(some)
        return model._draw(
            len(some),
            None if z is None else z[[place % count for place in some]],
            temperature,
            rule,
            max_steps,
            number,
            numbers=[place + turn * places for place in some],
            categories=None if named is None else [named[place % count] for place in some],
        )

    def rate(drawings: Sequence[Drawing]) -> list[float]:
        told = []
        if z is not None:
            own = [(drawing.metadata["number"] % places) % count for drawing in drawings]
            told.append(z[own])
        elif model.config.conditional:
            size = model.config.z_size
            noise = [latent_noise(number, d.metadata["number"], size) for d in drawings]
            told.append(np.stack(noise))
        if named is not None:
            told.append(model._embedded([str(drawing.category) for drawing in drawings]))
        limit = max_steps or model.config.max_seq_len
        ended = [drawing.num_steps < limit for drawing in drawings]
        rows = []
        for drawing in drawings:
            steps = drawing.to_stroke5(drawing.num_steps)
            steps[:, :2] /= model.config.scale_factor
            rows.append(steps)
        condition = np.concatenate(told, axis=1) if told else None
        nats = nats_of_rows(model._decoder, condition, rows, ended).totals()
        return [
            float(total) / max(1, len(own) + end)
            for total, own, end in zip(nats, rows, ended, strict=True)
        ]

    with contextlib.ExitStack() as files:
        known, novelty = _known(choice, files)
        drawings, report = choose(
            draw,
            count,
            filters=filters,
            groups=named,
            best_of=choice.get("best_of", 1),
            rate=rate,
            known=known,
            novelty=novelty,
            diverse=choice.get("diverse", False),
        )
    tell = choice.get("report")
    if tell is not None:
        tell(report)
    return drawings


def _known(choice: Choice, files: contextlib.ExitStack) -> tuple[Sequence[Drawing] | None, float]:
    """Return what nothing may be a copy of, and how near a copy is."""
    from sketchrnn.training.samples import COPY_DISTANCE, InMemory

    novelty = choice.get("novelty")
    novelty = COPY_DISTANCE if novelty is None else novelty
    data = choice.get("novel_to")
    if isinstance(data, (str, PathLike)):
        data = files.enter_context(open_data(data))
    if isinstance(data, DataFile):
        return InMemory(data["train"]), novelty
    return data, novelty
