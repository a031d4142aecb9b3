"""The front door: exit statuses, one-line errors, and a help that loads nothing."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import click
import pytest

from sketchrnn import __version__
from sketchrnn.cli import main as front_door
from sketchrnn.drawing import BadFileError, MissingDependencyError

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> int:
    """The exit status of `sketchrnn ARGUMENTS…`, in this process."""
    with pytest.raises(SystemExit) as leaving:
        front_door.main(list(arguments))
    assert isinstance(leaving.value.code, int)
    return leaving.value.code


@pytest.fixture
def verb(monkeypatch):
    """Put a command of the test's own among the verbs, under the name `try`."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # put back after the test
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")

    def put(body):
        module = types.ModuleType("made_up_verb")

        @click.command()
        @click.option("--seed", type=int)
        def command(seed):
            return body()

        module.command = command
        monkeypatch.setitem(sys.modules, "made_up_verb", module)
        monkeypatch.setitem(front_door.VERBS, "try", ("made_up_verb:command", "Try."))

    return put


def raising(error: BaseException):
    def body():
        raise error

    return body


def test_a_verb_that_ends_well_is_status_0(verb):
    verb(lambda: None)
    assert run("try") == 0


def test_an_error_of_the_users_is_one_line_and_status_2(verb, capsys):
    verb(raising(BadFileError("is not XML", path="a.svg", where="line 3", hint="save it again")))
    assert run("try") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "sketchrnn: a.svg: line 3: is not XML; save it again\n"


def test_a_missing_framework_is_one_line_too(verb, capsys):
    verb(raising(MissingDependencyError("no Keras", hint="pip install 'sketchrnn[cpu]'")))
    assert run("try") == 2
    assert capsys.readouterr().err == "sketchrnn: no Keras; pip install 'sketchrnn[cpu]'\n"


def test_an_error_of_ours_keeps_its_traceback(verb):
    verb(raising(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        front_door.main(["try"])


def test_a_truncated_file_is_not_taken_for_an_interrupt(verb):
    verb(raising(EOFError("Ran out of input")))
    with pytest.raises(EOFError):
        front_door.main(["try"])


def test_a_full_disk_is_one_line(verb, capsys):
    verb(raising(OSError(errno.ENOSPC, "No space left on device", "out/run")))
    assert run("try") == 2
    assert capsys.readouterr().err == "sketchrnn: out/run: No space left on device\n"


def test_ctrl_c_is_status_130(verb, capsys):
    verb(raising(KeyboardInterrupt()))
    assert run("try") == 130
    assert capsys.readouterr().err.strip() == "sketchrnn: interrupted"


def test_the_backend_is_set_before_the_verb_is_imported(verb):
    seen = []
    verb(lambda: seen.append(os.environ["KERAS_BACKEND"]))
    assert run("--backend", "jax", "try") == 0
    assert seen == ["jax"]


@pytest.mark.parametrize(
    ("arguments", "usage", "complaint"),
    [
        (["genrate"], "sketchrnn [OPTIONS]", "'genrate'. Did you mean 'generate'?"),
        (["xyzzy"], "sketchrnn [OPTIONS]", "No such command 'xyzzy'. There are: data, "),
        (["try", "--sed", "7"], "sketchrnn try", "'--sed'"),
        (["try", "--seed", "x"], "sketchrnn try", "'x' is not a valid integer"),
        (["--backend", "numpy", "try"], "sketchrnn [OPTIONS]", "'numpy' is not one of"),
    ],
)
def test_a_usage_error_is_the_usage_and_one_line(verb, capsys, arguments, usage, complaint):
    verb(lambda: None)
    assert run(*arguments) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"Usage: {usage}")
    assert second.startswith("sketchrnn: ")
    assert complaint in second


def test_a_misspelt_option_is_guessed(verb, capsys):
    verb(lambda: None)
    run("try", "--sed", "7")
    assert "--seed" in capsys.readouterr().err


def test_the_help_lists_every_verb_and_the_version_is_ours(capsys):
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for name, (_, line) in front_door.VERBS.items():
        assert f"  {name} " in shown
        assert line in shown
    assert run() == 0
    assert capsys.readouterr().out == shown
    assert run("--version") == 0
    assert capsys.readouterr().out == f"sketchrnn {__version__}\n"


@pytest.mark.parametrize("name", front_door.VERBS)
def test_every_verb_is_where_the_table_says(name):
    module = front_door.VERBS[name][0].split(":")[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not written yet")
    command = front_door.cli.get_command(click.Context(front_door.cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_the_help_imports_no_verb_and_no_numpy():
    script = (
        "import sys\n"
        "from sketchrnn.cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit as leaving:\n"
        "    assert leaving.code == 0\n"
        "heavy = {'numpy', 'h5py', 'keras', 'tensorflow', 'jax', 'torch', 'rich'}\n"
        "verbs = {m for m in sys.modules if m.startswith('sketchrnn.cli.')}\n"
        "print(sorted(heavy & set(sys.modules) | verbs), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr.strip() == "['sketchrnn.cli.main']"


def test_the_help_takes_less_than_half_a_second():
    resource = pytest.importorskip("resource")

    def seconds():  # of computing, which other work on the machine does not lengthen
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = seconds()
    command = [sys.executable, "-m", "sketchrnn", "--help"]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    assert seconds() - before < 0.5


def test_python_m_and_a_reader_who_leaves_early():
    command = [sys.executable, "-m", "sketchrnn", "--help"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == front_door.EXIT_READER_GONE
