"""`sketchrnn train`: teaching, before the eyes of whoever waits."""

from __future__ import annotations

import math
import os
import shlex
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.training.progress import Progress


@click.command()
@click.argument("data", metavar="FILE.h5")
@click.option("-o", "--output", required=True, metavar="RUN", help="The run's folder.")
@click.option("--preset", help="magenta (the default), paper, kanji or small.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps in all.")
@click.option("--minutes", type=float, help="Stop after so much training time.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting that differs from the preset; may be repeated.",
)
@click.option(
    "--init-from",
    metavar="MODEL",
    help="Begin with the weights of a model folder, or of a shipped model.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in RUN.")
@click.option("--force", is_flag=True, help="Replace the run in RUN.")
@click.option(
    "--distributed",
    is_flag=True,
    help="Be one of several processes that train together; call it on each host.",
)
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    help="Where process 0 is; otherwise SLURM, Open MPI or Kubernetes tell.",
)
@click.option("--processes", type=click.IntRange(min=1), help="How many processes there are.")
@click.option("--process-id", type=click.IntRange(min=0), help="Which of them this is, from 0.")
@click.option(
    "--patience",
    "wait",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long the processes wait for one another at the start; 300 without it.",
)
def train(
    data: str,
    output: str,
    preset: str | None,
    steps: int | None,
    minutes: float | None,
    changes: tuple[str, ...],
    init_from: str | None,
    resume: bool,
    force: bool,
    distributed: bool,
    coordinator: str | None,
    processes: int | None,
    process_id: int | None,
    wait: float | None,
) -> None:
    """Teach a model to draw from a data file.

    RUN becomes a model folder, always of the best validation so far, with pages of drawings in
    RUN/samples, figures in RUN/metrics.jsonl and RUN/tensorboard, and checkpoints. Ctrl-C ends it
    with everything saved. A run that diverges goes back and lowers its learning rate.

    \b
    Presets, with what was measured, are described in docs/training.md:
      magenta  the reference's defaults: VAE, LSTM 256 / 512, z 128
      paper    layer-norm LSTM 512 / HyperLSTM 2048: for a GPU
      kanji    LSTM 192 / 512, z 32: some thousand drawings, in hours
      small    a decoder alone, LSTM 192: to see it learn, in minutes

    \b
    Examples:
      sketchrnn train kanji.h5 -o runs/kanji --preset kanji
      sketchrnn train kanji.h5 -o runs/kanji --resume --steps 40000
      sketchrnn train cats.h5 -o runs/cats --set batch_size=50 --set z_size=64
      sketchrnn train mine.h5 -o runs/mine --init-from kanji
      srun sketchrnn train all -o runs/all --distributed

    With --distributed it trains on JAX, on all devices of all hosts, as docs/scaling.md tells.
    """
    from sketchrnn.api import train as train_model
    from sketchrnn.cli.drawing_input import check_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.training import distributed as several
    from sketchrnn.training import presets

    settings: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise BadSettingError(f"--set {change!r} has no value", hint="write --set key=value")
        settings[key.strip()] = value.strip()
    if minutes is not None:
        settings["minutes"] = minutes
    if steps is not None:
        settings["steps"] = steps
    presets.check_names(settings)  # which are to be keywords
    if distributed:
        several.initialize(coordinator, processes, process_id, wait)
    elif (coordinator, processes, process_id, wait) != (None,) * 4:
        raise BadSettingError(
            "--coordinator, --processes, --process-id and --patience are for several processes",
            hint="add --distributed",
        )
    check_data(data)
    # of several processes the first tells what there is to tell
    view = _View(output) if several.process_index() == 0 else None
    try:
        train_model(
            data,
            output,
            preset,
            resume=resume,
            overwrite=force,
            init_from=init_from,
            watcher=view.watch if view else None,
            **settings,
        )
    except several.LostProcessError as error:
        if view:
            view.close()
        click.echo(f"sketchrnn: {error}", err=True)
        os._exit(several.EXIT_LOST)  # JAX would wait for the process that is gone
    finally:
        if view:
            view.close()
    if view:
        view.conclude()
    if distributed:
        several.shutdown()


class _View:
    """Shows a run on the terminal: a line that moves, and a line for what is worth keeping."""

    def __init__(self, output: str) -> None:
        from rich import progress
        from rich.console import Console

        self._output = shlex.quote(output)
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bar = progress.Progress(
            progress.TextColumn("{task.completed:>7,}/{task.total:,}"),
            progress.BarColumn(bar_width=24),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
            progress.TextColumn("{task.fields[losses]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,  # a log wants lines that stay
        )
        self._task: Any = None
        self._last: Progress | None = None
        self._began = (time.monotonic(), 0)
        self._reason = ""

    def watch(self, progress: Progress) -> None:
        """Show one event."""
        figures = progress.figures
        if progress.event == "start":
            self._start(progress)
        elif progress.event == "step":
            losses = f"loss {figures['loss']:.3f}  R {figures['loss_reconstruction']:.3f}"
            if figures.get("loss_kl"):
                losses += f"  KL {figures['loss_kl']:.3f}"
            self._bar.update(
                self._task, completed=progress.step, rate=self._rate(progress.step), losses=losses
            )
        elif progress.event == "validation":
            line = f"step {progress.step:>7,}   nats/point {figures['nats_per_point']:.3f}"
            if "kl_raw" in figures:
                line += f"   KL {figures['kl_raw']:.3f}"
            line += f"   objective {figures['objective']:.4f}"
            self._console.print(f"{line}   {self._rate(progress.step)}")
        elif progress.event in ("note", "divergence", "trouble"):
            self._console.print(progress.message)
        elif progress.event == "sample":
            self._console.print(f"step {progress.step:>7,}   drawings: {progress.path}")
        self._last = progress

    def close(self) -> None:
        """Take the moving line away."""
        if self._task is not None:
            self._bar.stop()

    def _rate(self, step: int) -> str:
        seconds = time.monotonic() - self._began[0]
        return f"{(step - self._began[1]) / max(seconds, 1e-9):.1f} steps/s"

    def conclude(self) -> None:
        """Say how it ended and how to go on."""
        last = self._last
        if last is None or last.event != "end":
            return
        if math.isfinite(last.figures["best_loss"]):
            best = last.figures["best_step"]
            self._console.print(f"the best model, of step {best:,.0f}, is in {self._output}")
        else:  # stopped before the first validation
            self._console.print(f"the model of step {last.step:,} is in {self._output}")
        if last.message:
            self._console.print(last.message)
        elif last.step < last.steps:
            self._console.print(
                f"stopped at step {last.step:,} of {last.steps:,}; "
                "go on with the same command and --resume"
            )
        if "waiting" in last.figures:
            costs = f"{last.figures['waiting']:.1%} of the time was waiting for drawings"
            if math.isfinite(last.figures["memory"]):
                costs += f"; at most {last.figures['memory']:,.0f} MB of memory"
            self._console.print(costs, style="dim")
        self._console.print(f"draw with it: sketchrnn generate {self._output} -o page.svg")

    def _start(self, progress: Progress) -> None:
        figures = progress.figures
        self._console.print(
            f"{figures['train']:,} drawings, {figures['valid']:,} to validate; "
            f"{figures['parameters']:,} parameters; batches of {figures['batch_size']} in "
            f"{figures['buckets']} lengths, {figures['padding']:.0%} padding"
        )
        if figures["devices"] > 1:
            self._console.print(
                f"{figures['devices']} devices of {figures['processes']} processes"
                if figures["processes"] > 1
                else f"{figures['devices']} devices"
            )
        if progress.step:
            self._console.print(f"going on from step {progress.step:,}")
        self._console.print("compiling …", style="dim")
        self._began = (time.monotonic(), progress.step)
        self._task = self._bar.add_task(
            "", total=progress.steps, completed=progress.step, rate="", losses=""
        )
        self._bar.start()
