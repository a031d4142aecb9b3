"""A sweep: a folder of runs whose settings differ, and what came of them.

The folder holds `sweep.json`, what is tried and on which data; `trials.jsonl`, the trials so far;
`results.csv` and `results.svg`; and a run's folder for each trial.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.data.data_file import DataFile
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    MissingDependencyError,
    OutputExistsError,
    SketchRNNError,
)
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.render.sweep_chart import Axis, Shown, slices
from sketchrnn.training import run
from sketchrnn.training.report import read_run
from sketchrnn.training.run_folder import RUN_FILE
from sketchrnn.training.search_space import Choice, Grid, shown

SWEEP_FILE = "sweep.json"
"""What makes a folder one of a sweep."""
TRIALS_FILE = "trials.jsonl"
TABLE_FILE = "results.csv"
PLOT_FILE = "results.svg"
LOGS_FOLDER = "logs"
FORMAT_VERSION = 2
"""2: a grid is tried in the order of Optuna's GridSampler."""
FIGURES = ("objective", "step", "nats_per_point", "nats_per_drawing", "kl_raw", "seconds")
"""What is told of a trial: its best validation, and the seconds of training in all."""
MEASURES = ("w_kl", "kl_min", "z_size", "conditional")
"""Settings that are part of the objective: with others it means something else."""
_LOCK_FILE = ".lock"
STUDY_NAME = "sweep"
_LARGEST_JOURNAL = 256 << 20
_LONGEST_NAME = 100
_REASON, _FIGURES = "reason", "figures"


@dataclasses.dataclass(frozen=True)
class Trial:
    """One combination of settings.

    Attributes:
        number: From 0.
        values: Of the settings that are varied.
        state: "running" (or broken off), "done" or "failed".
        figures: Of the best validation, with `objective`; empty if it is not done.
        reason: Why it failed.
    """

    number: int
    values: Mapping[str, Any]
    state: str = "running"
    figures: Mapping[str, float] = dataclasses.field(default_factory=dict)
    reason: str = ""

    @property
    def name(self) -> str:
        """The name of its run's folder.

        >>> Trial(2, {"decoder_size": 128, "learning_rate": 0.001}).name
        '003-decoder_size=128-learning_rate=0.001'
        """
        said = "-".join(f"{name}={shown(value)}" for name, value in self.values.items())
        return re.sub(r"[^\w.=+-]", "_", f"{self.number + 1:03}-{said}"[:_LONGEST_NAME])

    @property
    def objective(self) -> float:
        """The full objective of its best validation; infinite if there is none."""
        return self.figures.get("objective", float("inf"))


@dataclasses.dataclass(frozen=True)
class Job:
    """A trial, for whoever trains it.

    Attributes:
        trial: Its number and values.
        folder: Of its run.
        settings: All that differs from the preset.
        resume: Whether the folder holds the run's beginning.
        log: Where to keep what is said meanwhile.
        held: A descriptor that whoever trains keeps open while he writes into the folder, so that
            no second sweep does; None where there is none.
    """

    trial: Trial
    folder: Path
    settings: Mapping[str, Any]
    resume: bool
    log: Path
    held: int | None


Runner = Callable[[Job], str]
"""Trains until the run ends, and returns why it failed, or nothing. When the sweep is to stop it
stops the run, so that it can be resumed, and returns anything."""


@dataclasses.dataclass(frozen=True)
class Event:
    """What a sweep tells whoever watches it.

    Attributes:
        event: "begin", "done" or "failed".
        trial: Which.
        place: The how many-th in the sweep, from 1.
        of: Trials in all.
        resume: Whether it was broken off before.
        best: The best trial so far.
    """

    event: str
    trial: Trial
    place: int
    of: int
    resume: bool = False
    best: Trial | None = None


class Sweep:
    """A sweep in its folder, all of whose settings were checked.

    Args:
        data: The drawings.
        out: The folder; made when the sweep runs. One that was begun goes on.
        grid: What is tried.
        preset: What all trials begin from.
        init_from: A model whose weights all trials begin with.

    Raises:
        BadSettingError: If a combination cannot be used, or `out` holds another sweep.
        BadFileError: If a file of the folder is damaged.
        OutputExistsError: If `out` holds something else.
        MissingDependencyError: If Optuna is not installed.
    """

    def __init__(
        self,
        data: DataFile,
        out: Path,
        grid: Grid,
        *,
        preset: str | None = None,
        init_from: str | None = None,
    ) -> None:
        """Check all there is to check, and write nothing."""
        require_optuna()
        self.path = out
        self.grid = grid
        self._facts: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "data": data.fingerprint,
            "preset": preset,
            "init_from": init_from,
            **grid.to_dict(),
        }
        _check_folder(out, self._facts)
        _check_settings(data, grid, preset, init_from)

    def run(
        self,
        runner: Runner,
        watcher: Callable[[Event], None] = lambda event: None,
        stop: threading.Event | None = None,
    ) -> bool:
        """Train every trial that is not done yet; return whether all are.

        A trial that fails is kept with its reason, and the next one begins.

        Args:
            runner: Trains one.
            watcher: Is told.
            stop: Set, it ends the sweep; the trial at hand is to be gone on with.

        Raises:
            SketchRNNError: If another process is at work in the folder.
        """
        stop = stop or threading.Event()
        self.path.mkdir(parents=True, exist_ok=True)
        with _alone(self.path) as held:
            if not (self.path / SWEEP_FILE).is_file():
                with whole_file(self.path / SWEEP_FILE) as beside:
                    beside.write_text(json.dumps(self._facts, indent=2) + "\n", "utf-8")
            study = Study(self.path / TRIALS_FILE, self.grid)
            while not stop.is_set():
                trial = study.next()
                if trial is None:
                    self._write_results(study.trials())
                    return True
                folder = self.path / trial.name
                resume = (folder / RUN_FILE).is_file()
                place = 1 + sum(one.number < trial.number for one in study.trials())
                watcher(Event("begin", trial, place, self.grid.size, resume))
                log = self.path / LOGS_FOLDER / f"{trial.name}.txt"
                settings = {**self.grid.fixed, **trial.values}
                reason = runner(Job(trial, folder, settings, resume, log, held))
                if stop.is_set():
                    break
                figures = {} if reason else _figures(folder)
                if figures:
                    study.finish(trial, figures)
                else:
                    study.fail(trial, reason or "ended without a validation")
                trials = study.trials()
                self._write_results(trials)
                ended = next(one for one in trials if one.number == trial.number)
                best = ranked(trials)[0]
                watcher(
                    Event(
                        ended.state,
                        ended,
                        place,
                        self.grid.size,
                        best=best if best.state == "done" else None,
                    )
                )
        return False

    def trials(self) -> list[Trial]:
        """Return the trials so far, best first; those that failed come last."""
        path = self.path / TRIALS_FILE
        return ranked(Study(path, self.grid).trials()) if path.is_file() else []

    @property
    def measures(self) -> list[str]:
        """Settings that are varied, and change what the objective measures."""
        return [one.name for one in self.grid.varied if one.name in MEASURES]

    def _write_results(self, trials: list[Trial]) -> None:
        """Write table and plot."""
        names = [one.name for one in self.grid.varied]
        with (
            whole_file(self.path / TABLE_FILE, overwrite=True) as beside,
            open(beside, "w", encoding="utf-8", newline="") as file,
        ):
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["run", *names, "state", *FIGURES, "reason"])
            for trial in ranked(trials):
                figures = [_plain(trial.figures.get(name, "")) for name in FIGURES]
                values = [_plain(trial.values[name]) for name in names]
                table.writerow([trial.name, *values, trial.state, *figures, trial.reason])
        axes = [
            Axis(one.name, labels=tuple(shown(v) for v in _ascending(one.values)))
            if isinstance(one, Choice)
            else Axis(one.name, low=one.low, high=one.high, log=one.log)
            for one in self.grid.varied
        ]
        dots = [self._dot(trial) for trial in trials if trial.state != "running"]
        with whole_file(self.path / PLOT_FILE, overwrite=True) as beside:
            beside.write_text(slices(axes, dots, score="objective"), "utf-8")

    def _dot(self, trial: Trial) -> Shown:
        """Return a trial as the plot shows it."""
        places: list[float] = []
        for one in self.grid.varied:
            value = trial.values[one.name]
            if isinstance(one, Choice):
                value = _ascending(one.values).index(value)
            places.append(float(value))
        curve: list[tuple[float, float]] = []
        with contextlib.suppress(SketchRNNError):  # the run's folder may be gone
            curve = [
                (float(step), figures["objective"])
                for step, figures in read_run(self.path / trial.name).rows.get("valid", {}).items()
                if "objective" in figures
            ]
        done = trial.state == "done"
        return Shown(trial.name, tuple(places), trial.objective if done else None, tuple(curve))


class Study:
    """The trials of a sweep, kept by Optuna in a file of JSON lines.

    `optuna-dashboard` reads the file as well. Optuna's samplers choose what is tried next: of a
    grid `GridSampler`, within ranges `TPESampler`, with a seed made of the sweep's and the trial's
    number, so that a sweep that was interrupted tries what an undisturbed one would have tried.

    Args:
        path: The file; made if there is none.
        grid: What is tried.

    Raises:
        MissingDependencyError: If Optuna is not installed.
        BadFileError: If the file is damaged.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        """Open the file."""
        optuna = require_optuna()
        self._optuna: Any = optuna
        self._grid = grid
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        _cut_torn_line(path)
        try:
            backend = optuna.storages.journal.JournalFileBackend(str(path))
            open_study = optuna.load_study if path.stat().st_size else optuna.create_study
            self._study: Any = open_study(
                storage=optuna.storages.JournalStorage(backend), study_name=STUDY_NAME
            )
            self.trials()
        except OSError:
            raise
        except Exception as error:  # whatever a file that is none of Optuna's leads it to
            raise BadFileError(
                f"is damaged ({type(error).__name__})",
                path=path,
                hint="the runs beside it are whole; sweep anew in another folder",
            ) from error

    def trials(self) -> list[Trial]:
        """Return all that were begun, in their order."""
        states = self._optuna.trial.TrialState
        names = {states.COMPLETE: "done", states.FAIL: "failed"}
        return [
            Trial(
                one.number,
                {v.name: one.params[v.name] for v in self._grid.varied if v.name in one.params},
                names.get(one.state, "running"),
                dict(one.user_attrs.get(_FIGURES, {})),
                str(one.user_attrs.get(_REASON, "")),
            )
            for one in self._study.get_trials(deepcopy=False)
        ]

    def next(self) -> Trial | None:
        """Return what was interrupted, else begin the next trial; None if there is no other."""
        begun = self.trials()
        number = next((one.number for one in begun if one.state == "running"), len(begun))
        if number == self._grid.size:
            return None
        ordinary, self._study.sampler = self._study.sampler, self._sampler(number)
        if number == len(begun):
            self._study.ask()
        trial = self._attach(number)
        for one in self._grid.varied:  # those that are known already stay
            if isinstance(one, Choice):
                trial.suggest_categorical(one.name, one.values)
            elif one.whole:
                trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
            else:
                trial.suggest_float(one.name, one.low, one.high, log=one.log)
        self._study.sampler = ordinary  # a GridSampler wants to stop a loop that is not there
        return self.trials()[number]

    def finish(self, trial: Trial, figures: Mapping[str, float]) -> None:
        """Keep what a trial has come to; `figures` holds its `objective`."""
        self._attach(trial.number).set_user_attr(_FIGURES, dict(figures))
        self._study.tell(trial.number, figures["objective"])

    def fail(self, trial: Trial, reason: str) -> None:
        """Keep why a trial failed."""
        self._attach(trial.number).set_user_attr(_REASON, reason)
        self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)

    def _attach(self, number: int) -> Any:
        """Return a trial that values and notes can be added to."""
        frozen = self._study.get_trials(deepcopy=False)[number]
        return self._optuna.trial.Trial(self._study, frozen._trial_id)

    def _sampler(self, number: int) -> Any:
        """Return what chooses the values of a trial."""
        samplers = self._optuna.samplers
        if not self._grid.searched:
            space = {one.name: list(one.ends) for one in self._grid.varied}
            return samplers.GridSampler(space, seed=self._grid.seed)
        seed = np.random.SeedSequence((self._grid.seed, number)).generate_state(1)[0]
        return samplers.TPESampler(seed=int(seed))


def ranked(trials: list[Trial]) -> list[Trial]:
    """Return trials, best first; then what was broken off, then what failed."""
    order = {"done": 0, "running": 1, "failed": 2}
    return sorted(trials, key=lambda one: (order[one.state], one.objective, one.number))


def _figures(folder: Path) -> dict[str, float]:
    """Return the figures of a run's best validation; none if there was no validation."""
    rows = read_run(folder).rows
    known = {step: row for step, row in rows.get("valid", {}).items() if "objective" in row}
    if not known:
        return {}
    step = min(known, key=lambda s: known[s]["objective"])
    seconds = max(row.get("seconds", 0.0) for split in rows.values() for row in split.values())
    found = {**known[step], "step": float(step), "seconds": seconds}
    return {name: found[name] for name in FIGURES if name in found}


def _check_folder(out: Path, facts: Mapping[str, Any]) -> None:
    """Refuse a folder that holds anything but the beginning of this sweep."""
    path = out / SWEEP_FILE
    if not path.is_file():
        if out.exists() and not (out.is_dir() and not set(_names(out)) - {_LOCK_FILE}):
            raise OutputExistsError("exists and is no sweep", path=out, hint="choose another name")
        check_output(out, overwrite=True)
        return
    try:
        before = json.loads(path.read_text("utf-8"))
        before["format_version"], before["varied"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFileError("is damaged", path=path, hint="sweep in another folder") from error
    if before["format_version"] != FORMAT_VERSION:
        raise BadFileError(
            "is of another version of sketchrnn", path=path, hint="sweep in another folder"
        )
    if before.get("data") != facts["data"]:
        raise BadSettingError(
            "is a sweep on other data", path=out, hint="give those, or choose another folder"
        )
    for name in facts:
        # by way of JSON, which knows no tuples
        if before.get(name) != json.loads(json.dumps(facts[name])):
            said = {"varied": "--set", "fixed": "--set"}.get(name, "--" + name.replace("_", "-"))
            raise BadSettingError(
                f"is a sweep with another {said}",
                path=out,
                hint=f"{SWEEP_FILE} in it tells which: repeat it, or choose another folder",
            )


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _check_settings(data: DataFile, grid: Grid, preset: str | None, init_from: str | None) -> None:
    """Refuse the whole sweep if one combination cannot be used."""
    check = run.checker(data, preset, init_from)
    for corner in grid.corners():
        try:
            check({**grid.fixed, **corner})
        except BadSettingError as error:
            told = " ".join(f"{name}={shown(value)}" for name, value in corner.items())
            raise BadSettingError(
                error.problem, path=error.path, where=f"with {told}", hint=error.hint
            ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[int | None]:
    """Keep other sweeps out of a folder; the system forgets the lock with the last who holds it.

    Yields:
        The descriptor; None where the system has no such lock.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield None
        return
    held = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SketchRNNError(
                "another process is at work in it", path=folder, hint="wait for it, or end it"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield held
    finally:
        os.close(held)


def _ascending(values: tuple[Any, ...]) -> list[Any]:
    """Return numbers in their order, and names as they were given."""
    return list(values) if isinstance(values[0], str) else sorted(values)


def _plain(value: Any) -> Any:
    """Return a value as it stands in the table."""
    if isinstance(value, bool):
        return shown(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def require_optuna() -> Any:
    """Return Optuna.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import optuna
        import optuna.storages.journal
    except ImportError:
        raise MissingDependencyError(
            "a sweep needs Optuna", hint="pip install 'sketchrnn[sweep]'"
        ) from None
    return optuna


def _cut_torn_line(path: Path) -> None:
    """Cut off a line that a process was killed over; Optuna would glue the next one to it."""
    if not path.is_file():
        return
    size = path.stat().st_size
    if size > _LARGEST_JOURNAL:
        raise BadFileError("is larger than such a file can be", path=path)
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < size:
        with open(path, "r+b") as file:
            file.truncate(whole)
