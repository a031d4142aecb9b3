"""What the pages say is true: examples run, commands are spelt right, the reference is current."""

from __future__ import annotations

import doctest
import importlib.util
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

import sketchrnn
from sketchrnn.cli.main import VERBS, cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "datasets").glob("*/README.md")),
    *sorted((ROOT / "checkpoints").glob("*/README.md")),
]
SHELLS = {"sh", "bash", "bat", "console"}
LINK = re.compile(r"\]\((?!\w+:)([^)#]+)")


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """Line, language and text of each fenced block."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def written_commands(page: Path) -> list[tuple[str, bool]]:
    """The words after each `sketchrnn`, and whether they stand in a block, so in full."""
    in_blocks = [
        (match[1], True)
        for _, language, text in blocks(page)
        if language in SHELLS
        for match in re.finditer(r"^(?:\$ )?(?:\S*[\\/])?sketchrnn\s(.*)", text, re.MULTILINE)
    ]
    plain = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    in_lines = [
        (match[1], False)
        for match in re.finditer(r"`sketchrnn ([^`]+)`", plain)
        if not re.search(r"COMMAND|…|\.\.\.", match[1])
    ]
    return in_blocks + in_lines


def check_command(words: list[str], *, complete: bool) -> None:
    """Parse a command line as click would, without running it or looking for its files.

    Raises:
        click.UsageError: If a verb, an option or a value is not one that the command knows.
        ModuleNotFoundError: If the verb's module is not there.
    """
    command: click.Command = cli
    context = click.Context(cli, info_name="sketchrnn")
    while True:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
        for parameter in command.params:
            value = values.get(parameter.name)
            given = value is not None and value not in ((), [])
            if complete and parameter.required and not given:
                raise click.MissingParameter(ctx=context, param=parameter)
            if isinstance(value, str) and not isinstance(parameter.type, click.Path | click.File):
                parameter.type.convert(value, parameter, context)
        if not isinstance(command, click.Group):
            if rest:
                raise click.UsageError(f"too many words: {rest}", context)
            return
        if not rest:
            return
        name, sub_command, words = command.resolve_command(context, rest)
        assert sub_command is not None
        command, context = sub_command, click.Context(sub_command, context, info_name=name)


def check_words(text: str, *, complete: bool) -> None:
    """Check one written command; skip one whose verb is not written yet."""
    words = shlex.split(text.partition(" #")[0].partition(" | ")[0].partition(" > ")[0])
    if words[0] in VERBS:
        module = VERBS[words[0]][0].partition(":")[0]
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not written yet")
    check_command(words, complete=complete)


COMMANDS = [
    pytest.param(text, complete, id=f"{page.relative_to(ROOT).as_posix()}:{text[:60]}")
    for page in PAGES
    for text, complete in written_commands(page)
]
DEMO = re.findall(r"^\t\$\(SKETCHRNN\) (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize(("text", "complete"), COMMANDS)
def test_every_command_in_the_pages_is_one_that_the_cli_knows(text, complete):
    check_words(text, complete=complete)


@pytest.mark.parametrize("text", DEMO)
def test_every_command_of_the_demo_is_one_that_the_cli_knows(text):
    check_words(text, complete=True)


@pytest.mark.parametrize(
    "text", ["doktor", "doctor --dep", "doctor twice", "--backend theano doctor", "doctor --json=1"]
)
def test_the_check_of_commands_can_fail(text):
    with pytest.raises(click.UsageError):
        check_words(text, complete=True)


def test_the_readme_has_commands_and_examples_to_check():
    texts = [text for text, _ in written_commands(ROOT / "README.md")]
    assert len(texts) > 10
    assert "doctor" in texts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_after_a_prompt_run(page):
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_blocks_run(page, tmp_path, monkeypatch):
    scripts = [(line, t) for line, lang, t in blocks(page) if lang == "python" and ">>>" not in t]
    if not scripts:
        pytest.skip("has no script")
    if not (ROOT / "checkpoints/kanji/config.json").exists():
        pytest.skip("needs the model kanji, which is not there yet")
    monkeypatch.chdir(tmp_path)
    for line, script in scripts:
        exec(compile("\n" * line + script, str(page), "exec"), {"__name__": "example"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    awaited = {"docs/kanji.png"} if not (ROOT / "checkpoints/kanji/config.json").exists() else set()
    missing = [t for t in targets if t not in awaited and not (page.parent / t).exists()]
    assert missing == []


def write_reference():
    """The script beside the page it writes."""
    spec = importlib.util.spec_from_file_location("w", ROOT / "docs/write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current():
    written = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert written == write_reference().reference(), "run `make docs`"


def test_every_command_has_help_and_an_example():
    lacking = [
        name
        for command, name, _ in write_reference().commands()
        if not isinstance(command, click.Group)
        and not re.search(rf"\b{name}\s", (command.help or "").partition("\n")[2])
    ]
    assert lacking == []


def test_the_changelog_knows_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {sketchrnn.__version__}" in changelog


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_bench_runs_every_script_that_needs_no_words():
    """`rivals.py` is started by another script; by itself it would end all that come after."""
    told = subprocess.run(
        ["make", "-n", "bench"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    assert {*re.findall(r"benchmarks/(\w+\.py)", told)} == scripts - {"rivals.py"}
