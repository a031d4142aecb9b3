"""Write docs/reference.md from the commands' own help; `make docs` runs this.

The text is made of what the commands declare, not of click's formatted help, so that it does not
change with the width of a terminal or the version of click.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from sketchrnn.cli.main import VERBS, cli

TARGET = Path(__file__).with_name("reference.md")
OPENING = """\
# Commands

Made from the commands' help by `make docs`; `sketchrnn COMMAND --help` shows the same.
"""


def reference() -> str:
    """Return the whole page: the group, then every verb and its sub-commands."""
    lines = [OPENING]
    for command, name, depth in commands():
        lines += describe(command, name, depth)
    return "\n".join(lines)


def commands() -> Iterator[tuple[click.Command, str, int]]:
    """Yield every command with the words that call it and its depth, the group first."""
    yield cli, "sketchrnn", 0
    for verb, (home, _) in VERBS.items():
        if importlib.util.find_spec(home.partition(":")[0]) is not None:
            command = cli.get_command(click.Context(cli), verb)
            if command is not None:
                yield from _below(command, f"sketchrnn {verb}", 1)


def _below(
    command: click.Command, name: str, depth: int
) -> Iterator[tuple[click.Command, str, int]]:
    yield command, name, depth
    if isinstance(command, click.Group):
        for word, sub_command in command.commands.items():
            yield from _below(sub_command, f"{name} {word}", depth + 1)


def describe(command: click.Command, name: str, depth: int) -> Iterator[str]:
    """Yield the lines of one command: usage, what it does, its options."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield f"{'#' * min(depth + 2, 4)} {name}\n"
    yield f"```text\n{usage}\n```\n"
    yield from _paragraphs(command.help or "")
    options = [_option(option, context) for option in command.params if _is_shown(option)]
    if options:
        yield "\n".join(options) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    r"""Yield a help text's paragraphs; what stands after a \b keeps its lines, as code does."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith("\b"):
            yield " ".join(paragraph.split()) + "\n"
            continue
        lines = paragraph.splitlines()[1:]
        if lines and lines[0].startswith(("Example", "For example")):
            yield f"{lines.pop(0)}\n"
        yield "```sh\n" + inspect.cleandoc("\n" + "\n".join(lines)) + "\n```\n"


def _is_shown(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


def _option(option: click.Parameter, context: click.Context) -> str:
    assert isinstance(option, click.Option)
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = ""
    if isinstance(option.type, click.Choice):
        value = " " + " or ".join(f"`{choice}`" for choice in option.type.choices)
    elif not option.is_flag and not option.count:
        value = f" {option.metavar or option.type.name.removesuffix(' range').upper()}"
    notes = []
    if option.required:
        notes.append("required")
    if option.multiple:
        notes.append("may be given several times")
    default = option.default
    if option.show_default and not option.is_flag and isinstance(default, str | int | float):
        notes.append(f"default {default}")
    meaning = f": {option.help}" if option.help else ""
    return f"- {names}{value}{meaning}" + (f" ({'; '.join(notes)})" if notes else "")


def main() -> int:
    """Write the page; say whether that changed it."""
    text = reference()
    changed = not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text
    TARGET.write_text(text, encoding="utf-8")
    click.echo(f"{TARGET.name} {'is new' if changed else 'was up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
