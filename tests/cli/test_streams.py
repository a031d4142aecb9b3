"""Where the command stands: closed streams, narrow terminals, odd names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sketchrnn.drawing import Drawing

COMMAND = f"{sys.executable} -m sketchrnn"


@pytest.fixture
def shell(tmp_path):
    """Run a line of the shell in a folder with the drawing cat.svg."""
    Drawing([[(0, 0), (9, 9), (3, 8)]]).save(tmp_path / "cat.svg")
    root = Path(__file__).resolve().parents[2]

    def call(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            line.replace("sketchrnn", COMMAND),
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root), **environment},
            capture_output=True,
            check=False,
        )

    return call


@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(
    "line",
    [
        "sketchrnn render cat.svg -o out.svg >&-",
        "sketchrnn render cat.svg -o out.svg 2>&-",
        "sketchrnn render cat.svg -o out.svg <&-",
        "sketchrnn plot cat.svg -o out.svg >&- 2>&- <&-",
    ],
)
def test_a_stream_may_be_closed(shell, tmp_path, line):
    done = shell(line)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done
    assert (tmp_path / "out.svg").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("line", ["render - -o a.svg <&-", "render cat.svg -o - >&-"])
def test_what_needs_a_closed_stream_says_so_in_a_line(shell, line):
    done = shell(f"sketchrnn {line}")
    assert done.returncode == 2, done
    assert done.stderr.startswith(b"sketchrnn: "), done
    assert done.stderr.count(b"\n") == 1


def test_a_terminal_that_knows_latin_1_alone(shell):
    done = shell("sketchrnn render 火.svg -o out.svg", PYTHONIOENCODING="latin-1")
    assert done.returncode == 2
    assert done.stderr.startswith(b"sketchrnn: \\u706b.svg: ")
    help_text = shell("sketchrnn interpolate --help", PYTHONIOENCODING="latin-1")
    assert (help_text.returncode, help_text.stderr) == (0, b"")


@pytest.mark.parametrize(
    "line",
    ["render {long}.svg -o out.svg", "render cat.svg -o {long}.svg", "generate {long} -o out.svg",
     "generate kanji -n 1 -o {long}/", "font cat.svg -o {long}.otf",
     "plot cat.svg -o {long}.svg", "redraw {long}.svg", "reconstruct kanji {long} -o out.svg"],
)  # fmt: skip
def test_a_name_that_is_too_long(refused, monkeypatch, tmp_path, line):
    monkeypatch.chdir(tmp_path)
    Drawing([[(0, 0), (9, 9)]]).save("cat.svg")
    said = refused(*line.format(long="n" * 300).split())
    assert "n" * 300 in said


def test_names_that_begin_with_a_dash(sketchrnn, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Drawing([[(0, 0), (9, 9)]]).save("-cat.svg")
    assert sketchrnn("render", "-o", "-out.svg", "--", "-cat.svg").status == 0
    assert sketchrnn("render", "./-cat.svg", "-o", "./-out.png").status == 0
    assert (tmp_path / "-out.svg").is_file()


@pytest.mark.parametrize(
    "option", ["--speed 1e-308", "--travel-speed 1e-308", "--lift-time 1e308", "--speed nan"]
)
def test_times_that_nobody_waits(refused, monkeypatch, tmp_path, option):
    monkeypatch.chdir(tmp_path)
    Drawing([[(0, 0), (9, 9)]]).save("cat.svg")
    said = refused("plot", "cat.svg", "-o", "out.svg", *option.split())
    assert option.split()[0].strip("-").replace("-", " ") in said.replace("-", " ")
