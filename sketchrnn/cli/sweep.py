"""`sketchrnn sweep`: the same training with other settings, again and again."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.training.sweep import Event, Job, Sweep, Trial

_LOOK = 0.2  # seconds between two looks whether to stop
_MOST_SHOWN = 20


@click.command()
@click.argument("data", metavar="FILE.h5")
@click.option("-o", "--output", required=True, metavar="SWEEP", help="The sweep's folder.")
@click.option("--preset", help="What all trials begin from; as for train.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps of each trial.")
@click.option("--minutes", type=float, help="Stop each trial after so much training time.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUES",
    help="One value for all trials, several (A,B,C), or a range (LOW..HIGH); may be repeated.",
)
@click.option("--init-from", metavar="MODEL", help="Begin each trial with the weights of a model.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    help="How many trials; otherwise every combination. Ranges need it.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is tried."
)
def sweep(
    data: str,
    output: str,
    preset: str | None,
    steps: int | None,
    minutes: float | None,
    changes: tuple[str, ...],
    init_from: str | None,
    trials: int | None,
    seed: int,
) -> None:
    """Train with many settings, and tell which do best.

    Each trial is a run of its own in SWEEP, which train --resume, report and generate take. All
    combinations are checked before the first begins. A trial that fails is noted with its reason,
    and the next begins. Ctrl-C stops with everything saved; the same command goes on, and repeats
    nothing.

    The best trial is the one with the least objective of its best validation. SWEEP/results.csv
    holds all figures, and SWEEP/results.svg shows what each setting does. It needs Optuna
    (pip install 'sketchrnn[sweep]'), which chooses values within ranges by the trials before.

    \b
    Examples:
      sketchrnn sweep kanji.h5 -o sweeps/size --preset small --set decoder_size=128,256
      sketchrnn sweep kanji.h5 -o sweeps/rate --set learning_rate=1e-4..1e-2 --trials 20
    """
    from pathlib import Path

    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadSettingError, SketchRNNError
    from sketchrnn.model import backend
    from sketchrnn.training import presets
    from sketchrnn.training.progress import asked_by_signal
    from sketchrnn.training.search_space import read_grid
    from sketchrnn.training.sweep import Sweep

    given: list[tuple[str, str]] = []
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise BadSettingError(f"--set {change!r} has no value", hint="write --set key=A,B")
        given.append((key.strip(), value.strip()))
    given += [("minutes", repr(minutes))] if minutes is not None else []
    given += [("steps", str(steps))] if steps is not None else []
    presets.of_name(preset or "magenta")
    grid = read_grid(given, trials, seed)
    with open_data(data) as file:
        planned = Sweep(file, Path(output), grid, preset=preset, init_from=init_from)
    backend.check()
    view = _View(planned)
    stop = threading.Event()

    def train(job: Job) -> str:
        return _train(job, data, preset, init_from, stop)

    view.begin()
    with asked_by_signal(stop):
        finished = planned.run(train, view.watch, stop)
    found = planned.trials()
    view.conclude(found, finished)
    if finished and found and all(one.state == "failed" for one in found):
        raise SketchRNNError(
            f"all {len(found)} trials failed",
            path=output,
            hint="results.csv in it tells why; sweep anew in another folder",
        )


def _train(
    job: Job, data: str, preset: str | None, init_from: str | None, stop: threading.Event
) -> str:
    """Let a process of its own train a trial; return why it failed, or nothing.

    A process each: memory is given back whole, and one that dies takes no other with it.
    """
    from sketchrnn.training.search_space import shown

    command = [sys.executable, "-m", "sketchrnn", "train", data, "-o", str(job.folder)]
    if job.resume:
        command.append("--resume")
    else:
        command += [f"--preset={preset}"] if preset is not None else []
        command += [f"--init-from={init_from}"] if init_from is not None else []
        for name, value in job.settings.items():
            exact = repr(value) if isinstance(value, float) else shown(value)
            command.append(f"--set={name}={exact}")
    job.log.parent.mkdir(exist_ok=True)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with open(job.log, "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
            # Ctrl-C is for us, who pass it on once: a second one would end the run at once
            **_own_group(job.held),
        )
        stream = process.stderr
        assert stream is not None

        def read() -> None:
            for line in stream:
                lines.put(line.rstrip())
            lines.put(None)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            last = _follow(process, lines, log.write, stop)
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reader.join()
            stream.close()
    return _failure(status, last)


def _own_group(held: int | None) -> dict[str, Any]:
    """Return how a process is started in a group of its own, which keeps a descriptor open."""
    if os.name != "posix":
        return {}
    return {"process_group": 0, "pass_fds": () if held is None else (held,)}


def _follow(
    process: subprocess.Popen[str],
    lines: queue.SimpleQueue[str | None],
    keep: Callable[[str], object],
    stop: threading.Event,
) -> str:
    """Show and keep what a run says until it ends, and pass on that it is to stop.

    Returns:
        The last line.
    """
    last = ""
    asked = False
    while True:
        if stop.is_set() and not asked:
            asked = True
            if os.name == "posix":
                process.send_signal(signal.SIGINT)
        try:
            line = lines.get(timeout=_LOOK)
        except queue.Empty:
            continue
        if line is None:
            return last
        keep(line + "\n")
        last = line or last
        if line.startswith("step ") and "drawings:" not in line:
            click.echo(f"    {line}", err=True)


def _failure(status: int, last: str) -> str:
    """Return why a process failed, by its status and last line; nothing if it did not."""
    if status == 0:
        return ""
    if status > 0:
        return last.removeprefix("sketchrnn: ") or f"ended with status {status}"
    name = signal.Signals(-status).name
    return f"killed ({name})" + (", perhaps for want of memory" if name == "SIGKILL" else "")


class _View:
    """Tells of a sweep on the terminal."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._began = 0.0
        self._took: list[float] = []

    def begin(self) -> None:
        """Say what is to come."""
        grid = self._sweep.grid
        what = "; ".join(str(one) for one in grid.varied)
        _say(f"{grid.size:,} {'trial' if grid.size == 1 else 'trials'}: {what}")
        if self._sweep.measures:
            _say(
                f"{' and '.join(self._sweep.measures)} is part of what the objective measures: "
                "compare nats and KL too"
            )

    def watch(self, event: Event) -> None:
        """Tell of one event."""
        if event.event == "begin":
            self._began = time.monotonic()
            verb = "going on with trial" if event.resume else "trial"
            _say(f"{verb} {event.place} of {event.of}: {_told(event.trial)}")
            return
        self._took.append(time.monotonic() - self._began)
        left = (event.of - event.place) * sum(self._took) / len(self._took)
        ahead = f"; {_duration(left)} to go" if event.place < event.of else ""
        if event.event == "failed":
            _say(f"  failed: {event.trial.reason}{ahead}")
            return
        line = f"  objective {event.trial.objective:.4f}"
        if event.best is not None:
            same = event.best.number == event.trial.number
            line += ", the best so far" if same else f"; the best so far {event.best.objective:.4f}"
        _say(line + ahead)

    def conclude(self, trials: list[Trial], finished: bool) -> None:
        """Print the table, and say how to go on."""
        from sketchrnn.training.sweep import PLOT_FILE, TABLE_FILE

        done = [one for one in trials if one.state != "running"]
        if done:
            for line in table(done[:_MOST_SHOWN]):
                click.echo(line)
            if len(done) > _MOST_SHOWN:
                click.echo(f"… and {len(done) - _MOST_SHOWN} more in {TABLE_FILE}")
            place = self._sweep.path
            _say(f"{place / TABLE_FILE}, {place / PLOT_FILE}")
        if not finished:
            _say(
                f"stopped with {len(done)} of {self._sweep.grid.size} trials done; "
                "go on with the same command"
            )
        elif done and done[0].state == "done":
            _say(f"draw with the best: sketchrnn generate {place / done[0].name} -o page.svg")


def table(trials: list[Trial]) -> list[str]:
    """Return the lines of a table of trials, in their order."""
    from sketchrnn.training.search_space import shown

    names = list(trials[0].values)
    kl = any("kl_raw" in one.figures for one in trials)
    head = ["", *names, "objective", "nats/point", *(["KL"] if kl else []), "step", "run"]
    rows = [head]
    for place, one in enumerate(trials, 1):
        values = [shown(one.values[name]) for name in names]
        if one.state == "done":
            told = [f"{one.objective:.4f}", f"{one.figures['nats_per_point']:.3f}"]
            told += [f"{one.figures['kl_raw']:.3f}" if "kl_raw" in one.figures else ""] * kl
            rows.append([str(place), *values, *told, f"{one.figures['step']:,.0f}", one.name[:3]])
        else:
            rows.append(["-", *values, "failed", *[""] * (2 + kl), one.name[:3]])
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return lines


def _told(trial: Trial) -> str:
    from sketchrnn.training.search_space import shown

    return " ".join(f"{name}={shown(value)}" for name, value in trial.values.items())


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes} min" if minutes < 90 else f"about {seconds / 3600:.1f} h"


def _say(line: str) -> None:
    click.echo(line, err=True)
