"""The command `sketchrnn`: finds the verb, and says in one line what went wrong.

The help lists the verbs from a table, so that it imports none of them: with the frameworks that
some of them need, that would take seconds.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
from collections.abc import Sequence
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
    "reconstruct": ("sketchrnn.cli.reconstruct:reconstruct", "Draw given drawings again."),
    "complete": ("sketchrnn.cli.complete:complete", "Finish what somebody has begun."),
    "interpolate": ("sketchrnn.cli.interpolate:interpolate", "Draw the way from one to another."),
    "studio": ("sketchrnn.cli.studio:studio", "Draw together with a model, in a browser."),
    "serve": ("sketchrnn.cli.serve:serve", "Draw for other programs, over HTTP."),
    "redraw": ("sketchrnn.cli.redraw:redraw", "Make a page again from its recipe."),
    "latent": ("sketchrnn.cli.latent:latent", "Shift, average, walk, and find what is like it."),
    "atlas": ("sketchrnn.cli.atlas:atlas", "Lay thousands of drawings out by likeness."),
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

# What the system may refuse whoever asks: no permission, no room, a medium that cannot be written.
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


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
    if arguments is None and "train" in sys.argv:
        from sketchrnn.cli import malloc_settings

        malloc_settings.restart(sys.argv[1:])
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name="sketchrnn", standalone_mode=False)
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
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            return _complain(": ".join(str(x) for x in (error.filename, error.strerror) if x))
        raise


def _report_usage(error: click.UsageError) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command; click >= 8.2
        click.echo(error.format_message(), err=True)
        return EXIT_USER_ERROR
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    return _complain(error.format_message())


def _complain(message: str, status: int = EXIT_USER_ERROR) -> int:
    click.echo(f"sketchrnn: {' '.join(message.split())}", err=True)
    return status
