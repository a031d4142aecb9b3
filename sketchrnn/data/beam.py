"""The conversion as an Apache Beam pipeline: pieces of the inputs -> a folder of shards."""

from __future__ import annotations

import dataclasses
import gc
import logging
import queue
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.data.build import Progress
from sketchrnn.data.conversion import Tolerances, check_result
from sketchrnn.data.conversion_plan import ConversionPlan, check_apart, make_plan
from sketchrnn.data.data_writer import TrainingStatistics
from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.data.examples import Examples
from sketchrnn.data.pieces import (
    PIECE_BYTES,
    Piece,
    Result,
    convert_piece,
    count_piece,
    cut,
    digest_of,
    read_result,
    report_of,
    result_path,
    shard_path,
    weigh_piece,
)
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.schema import NO_CATEGORY
from sketchrnn.data.shards import INDEX, write_index
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    MissingDependencyError,
    SketchRNNError,
)
from sketchrnn.drawing.files import check_folder, whole_file, whole_folder

RUNNER = "FnApiRunner"
"""What Beam's DirectRunner runs on this machine, without the server that it looks for first."""

CONTENTS = (INDEX, "part-*.h5")
"""The files of a data folder; one that holds others is not replaced."""

_DIGEST = "build.txt"
_PARTS = (_DIGEST, "*-[0-9][0-9][0-9][0-9][0-9].*", ".*")
"""The files of the folder of finished shards, and temporary ones of a build that was killed."""

_LOOK_SECONDS = 1.0
_LAST_SECONDS = 10.0
_THREADS = ("run_worker", "beam_control_read", "read_grpc_client_inputs")
"""Those of Beam's local runner that fail when a worker process ends; we say it in one line."""


def build(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    piece_bytes: int = PIECE_BYTES,
    beam_options: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> ConversionReport:
    """Write a folder of data files of the drawings of one or more sources, with Apache Beam.

    It is what `convert` does, in pieces, on as many processes or machines as the runner has: the
    same drawings in the same splits and the same order. `limit` keeps the first ones of a
    category too, for which the inputs are read twice; "auto" for `epsilon` reads them once more.

    Finished shards are kept beside `out`, in a folder `.NAME.parts`, until all are there; a run
    with the same inputs and settings goes on from them. The folder `out` appears whole.

    Args:
        inputs: Files or folders, "kanjivg" for the installed package.
        out: The folder to write. It and the inputs must have the same names on all machines.
        piece_bytes: How much of an input makes a shard; see `pieces.cut`.
        beam_options: Options of the pipeline and its runner, as on a command line. Without
            `--runner` Beam's local one does the work, `--direct_num_workers=N
            --direct_running_mode=multi_processing` in N processes.
        overwrite: Whether a folder that exists is replaced.
        progress: Called with the shards that are done, and how many there will be.
        **settings: All other settings of `convert`, but `on_skip`.

    Returns:
        The report, which is also stored in the folder's index.

    Raises:
        OutputExistsError: If the folder exists.
        BadFileError: If an input cannot be read at all, or nothing is kept.
        BadSettingError: If a setting cannot be used, or inputs cannot share one folder.
        MissingDependencyError: If Beam is not installed, or KanjiVG is asked for and not.
    """
    target = check_folder(out, overwrite=overwrite, contents=CONTENTS)
    beam = _beam()
    names = [inputs] if isinstance(inputs, str | PathLike) else list(inputs)
    if "-" in map(str, names):
        raise BadSettingError(
            "standard input cannot be cut into pieces", hint="give files, or use `data convert`"
        )
    plan, sources = make_plan(names, **settings)
    check_apart(plan.inputs, out)
    plan = dataclasses.replace(
        plan, inputs=tuple(str(Path(n).absolute()) if Path(n).exists() else n for n in plan.inputs)
    )
    pieces = cut(plan, sources, piece_bytes)
    parts = target.absolute().parent / f".{target.name}.parts"
    _begin(parts, digest_of(plan, pieces))
    kept: list[Mapping[str, int]] = [{} for _ in pieces]

    def run(task: str, work: Callable[..., None], with_kept: bool = True) -> list[Result]:
        """Do a task on all pieces; return the results."""
        jobs = [
            (piece, dict(kept[piece.number]) if with_kept else None)
            for piece in pieces
            if not result_path(parts, piece, task).exists()
        ]
        with _watched(parts, pieces, task, progress):
            if jobs:
                _run_pipeline(beam, work, jobs, plan, parts, beam_options)
        return [read_result(parts, piece, task) for piece in pieces]

    if plan.filters.limit is not None:
        before: Counter[str] = Counter()
        for piece, result in zip(pieces, run("count", count_piece, False), strict=True):
            kept[piece.number] = dict(before)
            before.update(result["kept"])
    if plan.auto:
        chosen = Tolerances()
        chosen.needed = [w for result in run("weigh", weigh_piece) for w in result["needed"]]
        epsilon = chosen.choose(plan.preparation.epsilon)
        plan = dataclasses.replace(
            plan, preparation=dataclasses.replace(plan.preparation, epsilon=epsilon)
        )
    results = run("part", convert_piece)
    for index, name in enumerate(plan.inputs):
        _check_input(name, [results[p.number] for p in pieces if p.input == index])
    report = _gather(plan, pieces, results, parts, target, overwrite)
    shutil.rmtree(parts, ignore_errors=True)
    return report


def _beam() -> Any:
    try:
        logging.disable(logging.WARNING)  # it misses libraries of a cloud that nobody asked for
        import apache_beam
    except ImportError:
        raise MissingDependencyError(
            "Apache Beam is not installed", hint="pip install 'sketchrnn[beam]'"
        ) from None
    finally:
        logging.disable(logging.NOTSET)
    return apache_beam


def _begin(parts: Path, digest: str) -> None:
    """Make the folder of finished shards; one that an earlier build of something else left goes."""
    note = parts / _DIGEST
    if note.is_file() and note.read_text(encoding="utf-8").strip() == digest:
        return
    if parts.exists():
        check_folder(parts, overwrite=True, contents=_PARTS)
        shutil.rmtree(parts)
    parts.mkdir(parents=True)
    with whole_file(note) as beside:
        beside.write_text(digest + "\n", encoding="utf-8")


def _run_pipeline(
    beam: Any,
    work: Callable[..., None],
    jobs: list[tuple[Piece, dict[str, int] | None]],
    plan: ConversionPlan,
    parts: Path,
    options: Sequence[str],
) -> None:
    """Let Beam's runner do the jobs; the results are files."""
    from apache_beam.options.pipeline_options import PipelineOptions

    given = list(options)
    if not any(option.split("=")[0] == "--runner" for option in given):
        given.append(f"--runner={RUNNER}")
    # it tells of every worker, and of every connection of one that has died; what matters is raised
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)

    def run() -> None:
        with beam.Pipeline(options=PipelineOptions(given)) as pipeline:
            _ = (
                pipeline
                | "pieces" >> beam.Create(jobs)
                | "spread" >> beam.Reshuffle()
                | "convert" >> beam.Map(partial(_do_job, work=work, plan=plan, parts=str(parts)))
            )

    _until_a_worker_dies(run)


def _until_a_worker_dies(run: Callable[[], None]) -> None:
    """Run a pipeline in a thread, and fail when one of its processes ends too early.

    Beam's local runner notices that in a thread of its own, and waits for the process for ever.

    Raises:
        SketchRNNError: If one does, and whatever the pipeline raises.
    """
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def go() -> None:
        try:
            run()
        except BaseException as error:
            outcome.put(error)
        else:
            outcome.put(None)

    def listen(failure: threading.ExceptHookArgs) -> None:
        name = "" if failure.thread is None else failure.thread.name
        if name not in _THREADS:
            before(failure)
        if name == _THREADS[0]:
            outcome.put(
                SketchRNNError(
                    "a worker process has ended in the middle of its work, killed or out of memory",
                    hint="what is finished is kept: call the same command again",
                )
            )

    before, threading.excepthook = threading.excepthook, listen
    try:
        threading.Thread(target=go, daemon=True).start()
        error = outcome.get()
        if error is not None:
            _end_workers()
            raise error
    finally:
        threading.excepthook = before


def _end_workers() -> None:
    """End the processes that are left of a pipeline, for which Python would wait when it ends."""
    for found in gc.get_objects():
        if isinstance(found, subprocess.Popen) and "sdk_worker_main" in str(found.args):
            found.kill()
    for thread in threading.enumerate():
        if thread.name == _THREADS[0]:
            thread.join(_LAST_SECONDS)


def _do_job(
    job: tuple[Piece, dict[str, int] | None],
    work: Callable[..., None],
    plan: ConversionPlan,
    parts: str,
) -> int:
    piece, kept = job
    arguments = () if kept is None else (kept,)
    work(piece, plan, Path(parts), *arguments)
    return piece.number


@contextmanager
def _watched(
    parts: Path, pieces: Sequence[Piece], task: str, progress: Progress | None
) -> Iterator[None]:
    """Tell every second how many pieces are done, as far as one sees from here."""
    over = threading.Event()

    def look() -> None:
        assert progress is not None
        while not over.wait(_LOOK_SECONDS):
            progress(sum(result_path(parts, p, task).exists() for p in pieces), len(pieces))

    watcher = threading.Thread(target=look, daemon=True)
    if progress is not None:
        watcher.start()
    try:
        yield
    finally:
        over.set()
        if progress is not None:
            watcher.join()


def _check_input(name: str, results: Sequence[Result]) -> None:
    """Refuse an input of which nothing could be read, as `Source.items` does."""
    if any(result["found"] for result in results):
        return
    for result in results:
        if "problem" in result:
            problem, where, hint = result["problem"]
            raise BadFileError(problem, path=name, where=where, hint=hint)
    raise BadFileError(
        "holds no drawings that the options keep",
        path=name,
        hint="choose another input, or let more in",
    )


def _gather(
    plan: ConversionPlan,
    pieces: Sequence[Piece],
    results: Sequence[Result],
    parts: Path,
    target: Path,
    overwrite: bool,
) -> ConversionReport:
    """Put the shards into the folder, with an index of what they are together."""
    report = ConversionReport(epsilon=plan.preparation.epsilon, epsilon_chosen=plan.auto)
    statistics = TrainingStatistics()
    duplicates = DuplicateCounter()
    examples = Examples()
    categories: dict[str, None] = {}
    shards = []
    for piece, result in zip(pieces, results, strict=True):
        of_part = report_of(result)
        report.merge(of_part)
        examples.merge(result["examples"])
        categories |= dict.fromkeys(result["categories"])
        with np.load(shard_path(parts, piece).with_suffix(".npz")) as arrays:
            count, mean, squares = result["offsets"]
            statistics.merge(count, mean, squares, arrays["sides"].tolist())
            duplicates.merge(arrays)
        if of_part.kept:
            shards.append(
                {
                    "file": shard_path(parts, piece).name,
                    "fingerprint": result["fingerprint"],
                    "splits": dict(of_part.splits),
                }
            )
    if len(categories) > NO_CATEGORY:
        raise BadSettingError("more than 65,535 categories in one data folder")
    check_result(report, plan.inputs[0])
    report.scale_factor = statistics.scale_factor
    report.duplicates, report.duplicates_exact = duplicates.count, duplicates.exact
    with whole_folder(target, overwrite=overwrite, contents=CONTENTS) as beside:
        write_index(
            beside,
            shards,
            preparation=dataclasses.replace(plan.preparation, median_side=statistics.median_side),
            scale_factor=report.scale_factor,
            categories=categories,
            info={**plan.info, "report": report.to_dict()},
            examples=examples.lines(),
        )
        for shard in shards:
            # a second name for the file, so that a run that is killed here has lost nothing
            try:
                (beside / shard["file"]).hardlink_to(parts / shard["file"])
            except OSError:  # not every file system has second names
                shutil.copyfile(parts / shard["file"], beside / shard["file"])
    return report
