"""Progress bars on the terminal, where somebody looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Move = Callable[[int, "int | None"], None]
"""Called with how many are done, and of how many, where that is known."""


def is_watched() -> bool:
    """Return whether standard error is a terminal: rich takes as long to import as NumPy."""
    return sys.stderr.isatty()


@contextmanager
def progress_bar(what: str) -> Iterator[tuple[Move | None, Callable[[str], None]]]:
    """Show a bar while the block runs.

    Args:
        what: A word that stands before the bar.

    Yields:
        A function that moves the bar, None where nobody looks; and one that prints a line above
        it on standard error.
    """
    if not is_watched():
        import click

        yield None, lambda line: click.echo(line, err=True)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if not console.is_terminal:
        yield None, say
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total), say


@contextmanager
def watching(what: str) -> Iterator[Move]:
    """Show a bar while the block runs; see `progress_bar`.

    Args:
        what: A word that stands before the bar.

    Yields:
        A function that moves the bar, and does nothing where nobody looks.
    """
    with progress_bar(what) as (move, _):
        yield move or (lambda done, total: None)
