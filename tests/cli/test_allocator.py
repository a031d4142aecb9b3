"""Large pages for a training: who begins anew, with what, and who is left alone."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from sketchrnn.cli import malloc_settings


@pytest.fixture
def begun(monkeypatch):
    """What a process would have become: (program, words, settings), one for each restart."""
    found = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(
        os,
        "execve",
        lambda program, words, to: found.append((program, words, to["GLIBC_TUNABLES"])),
    )
    return found


def test_a_training_begins_anew_with_large_pages(begun):
    command = ["python3", "-X", "dev", "-m", "sketchrnn", "train", "a.h5"]
    malloc_settings.restart(["train", "a.h5"], {"PATH": "/bin"}, command)
    words = [sys.executable, *command[1:]]
    assert begun == [(sys.executable, words, "glibc.malloc.hugetlb=1")]


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--backend", "jax", "train", "a.h5"], {}),
        (["--backend=jax", "train", "a.h5"], {}),
        (["train", "a.h5"], {"KERAS_BACKEND": "jax"}),
        (["--backend", "jax", "train", "a.h5"], {"KERAS_BACKEND": "tensorflow"}),
    ],
)
def test_jax_keeps_its_memory_too(begun, arguments, environment):
    malloc_settings.restart(arguments, environment, ["python3", "-m", "sketchrnn", *arguments])
    ((_, _, settings),) = begun
    assert "hugetlb=1" in settings
    assert "mmap_max=0" in settings


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["generate", "kanji"], {}),
        (["--help"], {}),
        (["train", "a.h5"], {"GLIBC_TUNABLES": ""}),  # the user's own; also the second time
        (["train", "a.h5"], {"GLIBC_TUNABLES": "glibc.malloc.check=3"}),
    ],
)
def test_others_are_left_alone(begun, arguments, environment):
    malloc_settings.restart(arguments, environment, ["python3", "-m", "sketchrnn", *arguments])
    assert begun == []


def test_a_folder_called_train_is_not_the_verb(begun):
    malloc_settings.restart(["render", "train", "a.h5"], {}, ["python3"])
    assert begun == []


def test_another_c_library_is_left_alone(begun, monkeypatch):
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    malloc_settings.restart(["train", "a.h5"], {}, ["python3"])
    monkeypatch.setattr(sys, "platform", "darwin")
    malloc_settings.restart(["train", "a.h5"], {}, ["python3"])
    assert begun == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_the_command_itself_begins_anew_and_says_what_is_wrong(tmp_path):
    environment = {
        k: v for k, v in os.environ.items() if k not in ("GLIBC_TUNABLES", "KERAS_BACKEND")
    }
    code = (
        "import os, sys\n"
        "real = os.execve\n"
        "os.execve = lambda *a: (print('anew', a[2]['GLIBC_TUNABLES'], flush=True), real(*a))\n"
        "from sketchrnn.cli.main import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "train", str(tmp_path / "no.h5")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if platform.libc_ver()[0] == "glibc":
        assert done.stdout.count("anew glibc.malloc.hugetlb=1") == 1
    assert done.returncode == 2
    assert "Missing option '-o'" in done.stderr
