"""The errors of the user's making: one class, one line, and what to do about it."""

from __future__ import annotations

import re
from os import PathLike

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return a text of others as a terminal may have it, on one line.

    Args:
        text: A name, a category, an answer of a server: it may hold anything.

    Returns:
        The text with escape sequences, other control characters, halves of surrogate pairs and
        marks that turn the direction of writing spelled out.

    >>> print(printable("cat\x1b[31m"))
    cat\x1b[31m
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class SketchRNNError(Exception):
    """Something the user can mend: a bad file, a bad setting, an output in the way.

    The command line prints it as one line and exits with status 2.

    Args:
        problem: What is wrong, in a few words, without a full stop.
        path: The file or folder that is wrong, if there is one.
        where: The place in it: a line, a key, a stroke.
        hint: What to do about it, as an imperative.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | PathLike[str] | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Keep the four parts, so that a report can group by them."""
        super().__init__(problem)
        self.problem = problem
        self.path = None if path is None else str(path)
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return the parts as one line: file, place, problem, what to do."""
        prefix = [part for part in (self.path, self.where) if part]
        line = ": ".join([*prefix, self.problem])
        if self.hint:
            line += f"; {self.hint}"
        return printable(" ".join(line.split()))


class BadDrawingError(SketchRNNError, ValueError):
    """Numbers that do not make a drawing: a wrong shape, NaN, an infinite coordinate."""


class BadFileError(SketchRNNError):
    """A file or folder whose content is not what was expected."""


class BadSettingError(SketchRNNError, ValueError):
    """An argument, option or configuration value that cannot be used."""


class MissingDependencyError(SketchRNNError, ImportError):
    """An optional package that is not installed; the hint says how to get it."""


class OutputExistsError(SketchRNNError, FileExistsError):
    """An output that is already there and was not asked to be replaced."""
