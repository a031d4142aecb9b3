"""The command `sketchrnn`: finds the verb, and says in one line what went wrong.

The help lists the verbs from a table, so that it imports none of them: with the frameworks that
some of them need, that would take seconds.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from sketchrnn import __version__

VERBS = {
    "data": ("sketchrnn.cli.data:data", "Get, make, inspect and show data files."),
    "train": ("sketchrnn.cli.train:train", "Teach a model to draw from a data file."),
    "sweep": ("sketchrnn.cli.sweep:sweep", "Train with many settings; tell which do best."),
    "report": ("sketchrnn.cli.report:report", "Show on one page how a run learns."),
    "evaluate": ("sketchrnn.cli.evaluate:evaluate", "Measure a model on a data file."),
    "generate": ("sketchrnn.cli.generate:generate", "Draw something new."),
    "reconstruct": ("sketchrnn.cli.generate:reconstruct", "Draw given drawings again."),
    "complete": ("sketchrnn.cli.generate:complete", "Finish what somebody has begun."),
    "interpolate": ("sketchrnn.cli.latent:interpolate", "Draw the way from one to another."),
    "studio": ("sketchrnn.cli.studio:studio", "Draw together with a model, in a browser."),
    "serve": ("sketchrnn.cli.serve:serve", "Draw for other programs, over HTTP."),
    "redraw": ("sketchrnn.cli.render:redraw", "Make a page again from its recipe."),
    "latent": ("sketchrnn.cli.latent:latent", "Shift, average, walk, and find what is like it."),
    "atlas": ("sketchrnn.cli.latent:atlas", "Lay thousands of drawings out by likeness."),
    "render": ("sketchrnn.cli.render:render", "Turn drawings into pictures."),
    "plot": ("sketchrnn.cli.plot:plot", "Lay drawings out on paper for a pen plotter."),
    "font": ("sketchrnn.cli.font:font", "Make a font of drawings."),
    "model": ("sketchrnn.cli.model:model", "Look into a model; read and write other files."),
    "doctor": ("sketchrnn.cli.doctor:doctor", "Tell what is installed and what is missing."),
}
"""Verb -> where its click command lives, as module:name, and a line for the help."""

EXIT_USER_ERROR = 2
EXIT_READER_GONE = 1
EXIT_INTERRUPTED = 130

# What the system may refuse whoever asks: no permission, no room, a medium that cannot be written,
# a name that is too long.
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG}


class VerbGroup(click.Group):
    """A click group that imports a verb when it is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the verbs, in the order in which one meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's command; None where there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which ones are spelt like it."""
        name = args[0]
        if name not in VERBS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, VERBS)
            guess = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(VERBS)}."
            raise click.UsageError(f"No such command '{name}'.{guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


@click.group(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.option(
    "--backend",
    type=click.Choice(["tensorflow", "jax"]),
    help="The framework that Keras computes with; otherwise KERAS_BACKEND or Keras's own setting.",
)
@click.version_option(__version__, message="sketchrnn %(version)s")
@click.pass_context
def cli(ctx: click.Context, backend: str | None) -> None:
    """Teach a machine to draw with a pen, and let it draw.

    Every command has a help of its own, with an example: sketchrnn generate --help
    """
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend  # before the verb's module can import keras
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit status.

    The status is 0, or 2 for the user's errors, 130 when interrupted, 1 when nobody reads the
    output any more. Errors of ours keep their traceback.

    Args:
        arguments: What stands after `sketchrnn`; None: what the shell gave.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own chatter
    _open_standard_streams()
    if arguments is None and "train" in sys.argv:
        from sketchrnn.cli import malloc_settings

        malloc_settings.restart(sys.argv[1:])
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _open_standard_streams() -> None:
    """Stand in for closed streams, and let a terminal show what it has no letter for.

    Reading from a closed standard input finds nothing, messages go nowhere, and what is written to
    a closed standard output is refused.
    """
    for name, mode in (("stdin", "r"), ("stdout", "r"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            stands_in = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 stays open
            setattr(sys, name, stands_in)
        elif name == "stdout" and getattr(stream, "errors", None) == "strict":
            stream.reconfigure(errors="backslashreplace")  # as standard error has by itself


def _backend_first(arguments: Sequence[str]) -> list[str]:
    """Return arguments with `--backend NAME` in front, where it also may stand after a command."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    for place, word in enumerate(words[:end]):
        if word == "--backend" or word.startswith("--backend="):
            taken = words[place : place + (1 if "=" in word else 2)]
            return taken + words[:place] + words[place + len(taken) :]
    return words


def _run(arguments: Sequence[str]) -> int:
    try:
        result = cli.main(_backend_first(arguments), prog_name="sketchrnn", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.UsageError as error:
        return _report_usage(error)
    except click.ClickException as error:
        return _complain(error.format_message())
    except click.Abort as abort:
        if isinstance(abort.__cause__, EOFError):  # click takes a truncated file for a Ctrl-D
            raise abort.__cause__ from None
        return _complain("interrupted", EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Python flushes once more when it leaves; give it somewhere to write.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_READER_GONE
    except Exception as error:
        # Imported here because it brings NumPy, which the help does not need.
        from sketchrnn.drawing.errors import SketchRNNError

        if isinstance(error, SketchRNNError):
            return _complain(str(error))
        if isinstance(error, io.UnsupportedOperation) and not sys.stdout.writable():
            return _complain("standard output is closed; name a file with -o")
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            return _complain(": ".join(str(x) for x in (error.filename, error.strerror) if x))
        raise


_ELSEWHERE = {
    "--epochs": "a training is counted in steps: --steps 10000",
    "--number": "the number of drawings is -n",
    "--count": "the number of drawings is -n",
    "--out": "what is written is named by -o",
    "--temp": "the temperature is -t",
    "--gpu": "the backend finds the GPU; `sketchrnn doctor` tells whether it does",
}
"""Options that people know from other programs, and what they are here."""

_OUTPUTS = {
    "RUN": "-o runs/mine",
    "FOLDER": "-o mine",
    "OUT.svg": "-o sheet.svg",
    "FILE.h5": "-o mine.h5",
}
"""An example of an output, by what an option's help calls it."""


def _advise(error: click.UsageError) -> str:
    """Return click's complaint, and what to do about it where click does not know."""
    line = error.format_message()
    if isinstance(error, click.NoSuchOption):
        advice = _ELSEWHERE.get(error.option_name) or _setting(error)
        return f"No such option '{error.option_name}'; {advice}" if advice else line
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Option):
        example = _OUTPUTS.get(error.param.metavar or "", "-o page.svg")
        if "-o" in error.param.opts:
            return f"{line.rstrip('.')}; say what to write, such as {example}"
    extra = re.search(r"unexpected extra arguments? \((.+)\)", line)
    if extra is None:
        return line
    words = extra[1].split()
    if words[0].isdecimal():
        return f"{line}; the number of drawings is -n {words[0]}"
    return f"{line}; write what has a space in quotes, such as 'black, red'"


def _setting(error: click.NoSuchOption) -> str | None:
    """Say how a setting of a training is given."""
    if error.ctx is None or error.ctx.info_name not in ("train", "sweep"):
        return None
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.training import presets

    name = error.option_name.lstrip("-").replace("-", "_")
    try:
        presets.check_names({name: ""})
    except BadSettingError:
        return None
    return f"it is a setting: --set {name}=VALUE"


def _report_usage(error: click.UsageError) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command; click >= 8.2
        click.echo(error.format_message(), err=True)
        return EXIT_USER_ERROR
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    return _complain(_advise(error))


def _complain(message: str, status: int = EXIT_USER_ERROR) -> int:
    click.echo(f"sketchrnn: {' '.join(message.split())}", err=True)
    return status
