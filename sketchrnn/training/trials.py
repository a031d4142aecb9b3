"""The trials of a sweep, kept by Optuna in a file of JSON lines, which chooses what to try next.

`optuna-dashboard` reads the file as well. A trial's values depend on the seed, its number and the
trials before it alone, so that a sweep that was interrupted tries what an undisturbed one would
have tried.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.drawing import BadFileError, MissingDependencyError
from sketchrnn.training.search_space import Choice, Grid, Range, shown

NAME = "sweep"
"""Of the study in the file."""
_LARGEST_JOURNAL = 256 << 20
_LONGEST_NAME = 100
_REASON, _FIGURES, _VOID = "reason", "figures", "void"


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


class Study:
    """Which trials there were, and which is next. One process writes the file at a time.

    Args:
        path: The file; made if there is none.
        grid: What is tried.

    Raises:
        MissingDependencyError: If Optuna is not installed.
        BadFileError: If the file is damaged.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        """Open the file."""
        optuna = require()
        self._optuna: Any = optuna
        self._grid = grid
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        _mend(path)
        lock: Any = _Held()
        try:
            backend = optuna.storages.journal.JournalFileBackend(str(path), lock_obj=lock)
            storage = optuna.storages.JournalStorage(backend)
            # what it samples with is chosen anew for each trial
            sampler = optuna.samplers.RandomSampler(seed=grid.seed)
            open_study = optuna.load_study if path.stat().st_size else optuna.create_study
            self._study: Any = open_study(storage=storage, sampler=sampler, study_name=NAME)
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
        return [self._trial(one) for one in self._begun()]

    def next(self) -> Trial | None:
        """Return what was broken off, else begin the next trial; None if there is no other."""
        for one in self._begun():
            if one.state.is_finished():
                continue
            if set(one.params) == {varied.name for varied in self._grid.varied}:
                return self._trial(one)
            # a process that died while it wrote the values down; they are tried under a new number
            self._attach(one.number).set_user_attr(_VOID, True)
            self._study.tell(one.number, state=self._optuna.trial.TrialState.FAIL)
        return self._search() if self._grid.searched else self._choose()

    def finish(self, trial: Trial, figures: Mapping[str, float]) -> None:
        """Keep what a trial has come to; `figures` holds its `objective`."""
        self._attach(trial.number).set_user_attr(_FIGURES, dict(figures))
        self._study.tell(trial.number, figures["objective"])

    def fail(self, trial: Trial, reason: str) -> None:
        """Keep why a trial failed."""
        self._attach(trial.number).set_user_attr(_REASON, reason)
        self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)

    def _begun(self) -> list[Any]:
        waiting = self._optuna.trial.TrialState.WAITING
        return [
            one
            for one in self._study.get_trials(deepcopy=False)
            if one.state != waiting and _VOID not in one.user_attrs
        ]

    def _attach(self, number: int) -> Any:
        """Return a trial that notes can be added to."""
        frozen = self._study.get_trials(deepcopy=False)[number]
        return self._optuna.trial.Trial(self._study, frozen._trial_id)

    def _trial(self, one: Any) -> Trial:
        states = self._optuna.trial.TrialState
        state = {states.COMPLETE: "done", states.FAIL: "failed"}.get(one.state, "running")
        values = {v.name: one.params[v.name] for v in self._grid.varied if v.name in one.params}
        return Trial(
            one.number,
            values,
            state,
            dict(one.user_attrs.get(_FIGURES, {})),
            str(one.user_attrs.get(_REASON, "")),
        )

    def _choose(self) -> Trial | None:
        """Begin the next combination that was not tried."""
        waiting = self._study.get_trials(
            deepcopy=False, states=(self._optuna.trial.TrialState.WAITING,)
        )
        if not waiting:
            tried = [one.params for one in self._begun()]
            left = [one for one in self._grid.combinations() if one not in tried]
            if not left:
                return None
            self._study.enqueue_trial(left[0])
        return self._trial(self._ask())

    def _search(self) -> Trial | None:
        """Let the sampler choose, by what it knows of the trials before."""
        if len(self._begun()) >= self._grid.size:
            return None
        number = len(self._study.get_trials(deepcopy=False))
        seed = int(np.random.SeedSequence((self._grid.seed, number)).generate_state(1)[0])
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
        return self._trial(self._ask())

    def _ask(self) -> Any:
        asked = self._study.ask({one.name: self._distribution(one) for one in self._grid.varied})
        return self._study.get_trials(deepcopy=False)[asked.number]

    def _distribution(self, one: Choice | Range) -> Any:
        of = self._optuna.distributions
        if isinstance(one, Choice):
            return of.CategoricalDistribution(one.values)
        kind = of.IntDistribution if one.whole else of.FloatDistribution
        return kind(one.low, one.high, log=one.log)


class _Held:
    """Optuna's lock of the file, which the lock of the sweep's folder makes needless.

    Its own stay behind when a process is killed, and are then waited for.
    """

    def acquire(self) -> bool:
        """Do nothing."""
        return True

    def release(self) -> None:
        """Do nothing."""


def require() -> Any:
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


def _mend(path: Path) -> None:
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
