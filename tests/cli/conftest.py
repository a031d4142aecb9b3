"""What the tests of several commands need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sketchrnn.cli import main as front_door


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def sketchrnn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run `sketchrnn ARGUMENTS…` in this process."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")  # put back after the test

    def call(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as leaving:
            front_door.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert isinstance(leaving.value.code, int)
        return Done(leaving.value.code, out, err)

    return call


@pytest.fixture
def refused(sketchrnn, tmp_path: Path) -> Callable[..., str]:
    """Run a command that must fail: status 2, one line, and nothing on the disk has changed.

    Returns the line. Click's own complaints come with a line of usage before it.
    """

    def call(*arguments: object) -> str:
        before = tree(tmp_path)
        done = sketchrnn(*arguments)
        assert done.status == 2, done
        assert done.out == ""
        *usage, line = done.err.splitlines()
        assert usage == [] or (len(usage) == 1 and usage[0].startswith("Usage: "))
        assert line.startswith("sketchrnn: ")
        assert tree(tmp_path) == before
        return line.removeprefix("sketchrnn: ")

    return call


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its content, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
