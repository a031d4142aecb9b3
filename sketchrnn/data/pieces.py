"""A large conversion in pieces: cut, each converted to a shard of its own, counted together."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn import __version__
from sketchrnn.data.conversion import Conversion, Reading, Tolerances, filtered, prepared
from sketchrnn.data.conversion_plan import ConversionPlan
from sketchrnn.data.data_file import FORMAT_VERSION
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.report import ConversionReport, Lengths, Skipped
from sketchrnn.drawing import BadFileError, SketchRNNError
from sketchrnn.drawing.files import whole_file
from sketchrnn.sources import Item, OnSkip, Source
from sketchrnn.sources.open import kind_of_file
from sketchrnn.sources.quickdraw import (
    Stretch,
    cut_lines,
    cut_records,
    open_bin,
    open_ndjson,
    open_stretch,
)
from sketchrnn.sources.source import OR_SKIP, Skip

PIECE_BYTES = 64 << 20
"""Of input: some 140,000 drawings of a simplified `.ndjson`, half a minute of work or more."""

_BYTES_OF_A_FILE = 8 << 10  # what a file of one drawing counts for
_PACKED = 4  # packed records are so many times smaller than lines
_GZIP = b"\x1f\x8b"

Result = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of an input.

    Args:
        number: Among all pieces, in the order of the inputs and of what they hold.
        input: Which of the plan's inputs.
        unit: What `start` and `end` count: "bytes", "files", or "all" for an input as a whole.
        start: Where it begins.
        end: Where the next one begins.
        before: For bytes: how many lines or records of the input come before.
    """

    number: int
    input: int
    unit: str = "all"
    start: int = 0
    end: int = 0
    before: int = 0


def cut(plan: ConversionPlan, sources: Sequence[Source], size: int = PIECE_BYTES) -> list[Piece]:
    """Cut the inputs where their format allows it.

    Lines of `.ndjson` and packed records are cut by bytes, folders by files. Other files, and what
    is gzipped, are a piece each.

    Args:
        plan: What is to be done.
        sources: The plan's inputs, opened.
        size: Bytes of lines in a piece; of other kinds, as much as makes about as many drawings.

    Returns:
        The pieces, in order; at least one for each input.
    """
    pieces: list[Piece] = []
    for index, (name, source) in enumerate(zip(plan.inputs, sources, strict=True)):
        for values in _cuts(Path(name), source, size):
            pieces.append(Piece(len(pieces), index, *values))
    return pieces


def _cuts(path: Path, source: Source, size: int) -> Iterator[tuple[Any, ...]]:
    if source.num_files:
        # a file of many drawings is a piece; of files with one drawing, many are
        step = max(1, size // _BYTES_OF_A_FILE) if source.length == source.num_files else 1
        for start in range(0, source.num_files, step):
            yield "files", start, min(start + step, source.num_files)
        return
    if path.is_file() and not _is_gzipped(path):
        kind = kind_of_file(path)
        if kind == "quickdraw":
            yield from (("bytes", *stretch) for stretch in cut_lines(path, size))
            return
        if kind == "packed":
            yield from (("bytes", *s) for s in cut_records(path, max(1, size // _PACKED)))
            return
    yield ("all",)


def _is_gzipped(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == _GZIP


def count_piece(piece: Piece, plan: ConversionPlan, folder: Path) -> None:
    """Write how many drawings of each category a piece has that the filters keep."""

    def work(result: Result) -> None:
        kept: Counter[str] = Counter()
        # with an endless limit, which counts as a limit does
        filters = dataclasses.replace(plan.filters, limit=1 << 62)
        (read, _), skip = _reading(piece, plan, result), lambda *_: None
        for _ in filtered(read, filters, kept, skip, plan.join):
            pass
        result["kept"] = dict(kept)

    _do(piece, folder, "count", work)


def weigh_piece(piece: Piece, plan: ConversionPlan, folder: Path, kept: Mapping[str, int]) -> None:
    """Write the tolerances that a piece's drawings need; see `Tolerances`."""

    def work(result: Result) -> None:
        tolerances = Tolerances()
        tolerances.add_all([_reading(piece, plan, result)], plan, Counter(kept))
        result["needed"] = tolerances.needed

    _do(piece, folder, "weigh", work)


def convert_piece(
    piece: Piece, plan: ConversionPlan, folder: Path, kept: Mapping[str, int]
) -> None:
    """Write a shard, and beside it what is to be counted together.

    Args:
        piece: The piece.
        plan: What is to be done.
        folder: Where the shard goes; what is there from an earlier run is kept.
        kept: Category -> how many drawings of earlier pieces count towards the limit.
    """

    def work(result: Result) -> None:
        def skip(name: str, reason: str) -> None:
            conversion.report.skip(name, reason)

        path = shard_path(folder, piece)
        with (
            whole_file(path, overwrite=True) as beside,
            DataFileWriter(
                beside, plan.preparation, integer=plan.integer, info=plan.info
            ) as writer,
        ):
            conversion = Conversion(plan, writer, skip)
            reading = _reading(piece, plan, result)
            for batch in prepared([reading], plan, skip, Counter(kept)):
                conversion.add_all(batch)
            report, statistics = conversion.report, writer.statistics
            report.scale_factor = statistics.scale_factor
            report.duplicates = conversion.duplicates.count
            report.duplicates_exact = conversion.duplicates.exact
            writer.examples = conversion.examples.lines()
            writer.close(report=report.to_dict())
        with whole_file(path.with_suffix(".npz"), overwrite=True) as beside:
            arrays: dict[str, Any] = {**conversion.duplicates.state(), "sides": statistics.sides}
            np.savez(beside, **arrays)
        result |= {
            "report": vars(report),
            "examples": writer.examples,
            "categories": writer.categories,
            "fingerprint": writer.fingerprint,
            "offsets": [statistics.count, statistics.mean, statistics.squares],
        }

    _do(piece, folder, "part", work)


def shard_path(folder: Path, piece: Piece) -> Path:
    """Return where the shard of a piece is."""
    return folder / f"part-{piece.number:05}.h5"


def result_path(folder: Path, piece: Piece, task: str) -> Path:
    """Return where the result of a task ("count", "weigh", "part") is, once it is done."""
    return folder / f"{task}-{piece.number:05}.json"


def read_result(folder: Path, piece: Piece, task: str) -> Result:
    """Return the result of a task that is done.

    Raises:
        BadFileError: If the task said that an input cannot be converted.
    """
    result: Result = json.loads(result_path(folder, piece, task).read_text(encoding="utf-8"))
    if "error" in result:
        result_path(folder, piece, task).unlink()  # to be tried again
        raise BadFileError(**result["error"])
    return result


def report_of(result: Result) -> ConversionReport:
    """Return the report that a `convert_piece` wrote."""
    values = dict(result["report"])
    for name in ("before", "after"):
        lengths = dict(values[name])
        lengths["counts"] = Counter({int(k): n for k, n in lengths["counts"].items()})
        values[name] = Lengths(**lengths)
    values["skipped"] = {why: Skipped(**entry) for why, entry in values["skipped"].items()}
    for name in ("splits", "categories"):
        values[name] = Counter(values[name])
    return ConversionReport(**values)


def digest_of(plan: ConversionPlan, pieces: Sequence[Piece]) -> str:
    """Return what tells one build from another: inputs with size and time, settings, version."""
    state = []
    for name in plan.inputs:
        path = Path(name)
        facts = path.stat() if path.exists() else None
        state.append((name, facts and facts.st_size, facts and facts.st_mtime_ns))
    values = [
        __version__,
        FORMAT_VERSION,
        state,
        dataclasses.asdict(plan),
        [dataclasses.astuple(piece) for piece in pieces],
    ]
    return hashlib.blake2b(json.dumps(values).encode(), digest_size=16).hexdigest()


def _do(piece: Piece, folder: Path, task: str, work: Callable[[Result], None]) -> None:
    """Do a task, unless it is done; its result appears last, and whole."""
    path = result_path(folder, piece, task)
    if path.exists():
        return
    result: Result = {}
    try:
        work(result)
    except SketchRNNError as error:  # told by the one who gathers, in one line
        place = None if error.path is None else str(error.path)
        result = {
            "error": {
                "problem": error.problem, "path": place, "where": error.where, "hint": error.hint
            }
        }  # fmt: skip
    with whole_file(path, overwrite=True) as beside:
        beside.write_text(json.dumps(result, default=vars), encoding="utf-8")


def _reading(piece: Piece, plan: ConversionPlan, result: Result) -> Reading:
    """Return how a piece is read; whether anything was found, and if not why, goes to `result`."""
    name = plan.inputs[piece.input]
    source = plan.open(name)
    part = source.read
    if piece.unit == "bytes":
        path = Path(name)
        stretch = Stretch(piece.start, piece.end, piece.before)
        open_part = open_ndjson if kind_of_file(path) == "quickdraw" else open_bin
        part = open_part(name, partial(open_stretch, path, stretch)).read
    elif piece.unit == "files":
        read_files = source.read_files
        assert read_files is not None  # it was cut by files

        def part(skip: Skip) -> Iterator[Item]:
            return read_files(skip, piece.start, piece.end)

    result["found"] = False

    def read(on_skip: OnSkip) -> Iterator[Item]:
        def skip(name: str, why: str | SketchRNNError) -> None:
            if isinstance(why, SketchRNNError):
                hint = (why.hint or "").removesuffix(OR_SKIP) or None
                result.setdefault("problem", [why.problem, why.where, hint])
                why = why.problem
            on_skip(_renumbered(name, piece.before), why)

        for item in part(skip):
            result["found"] = True
            name = _renumbered(item.name, piece.before)
            yield Item(item.drawing, name, item.split, item.group)

    return read, source.simplify


def _renumbered(name: str, before: int) -> str:
    """Return a name such as cat.ndjson:7 with the number that the whole file gives it."""
    if not before:
        return name
    label, _, number = name.rpartition(":")
    return f"{label}:{int(number) + before}"
