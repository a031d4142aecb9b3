"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sketchrnn.drawing import BadSettingError, OutputExistsError
from sketchrnn.drawing.files import check_output, whole_file, whole_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "page.svg"
    with whole_file(target) as beside:
        assert beside.parent == target.parent
        assert beside.suffix == ".svg"
        beside.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names(target.parent) == ["page.svg"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_an_error_leaves_what_was_there(tmp_path):
    target = tmp_path / "page.svg"
    target.write_text("old")
    with pytest.raises(RuntimeError), whole_file(target, overwrite=True) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["page.svg"]


def test_nothing_is_replaced_unasked(tmp_path):
    target = tmp_path / "page.svg"
    target.write_text("old")
    refused = pytest.raises(OutputExistsError, match=r"page\.svg: exists already; .*--force")
    with refused, whole_file(target):
        raise AssertionError("never reached")
    with whole_file(target, overwrite=True) as beside:
        beside.write_text("new")
    assert target.read_text() == "new"


def test_a_folder_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "model"
    with whole_folder(target) as beside:
        (beside / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    with whole_folder(target, overwrite=True, contents=("a", "b")) as beside:
        (beside / "b").write_text("2")
    assert names(target) == ["b"]
    with pytest.raises(RuntimeError), whole_folder(target, overwrite=True, contents=("b",)):
        raise RuntimeError
    assert names(target) == ["b"]
    with pytest.raises(OutputExistsError), whole_folder(target):
        raise AssertionError("never reached")
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["mark", "a.onnx", "papers/thesis.txt"], "holds 'papers/thesis.txt', which sketchrnn"),
        (["mark", "sub/a.onnx"], "holds 'sub/a.onnx'"),
        (["mark", "a.onnx", ".hidden"], "holds '.hidden'"),
        (["a.onnx"], "has no mark"),
        (["mark", "a.onnx", "deep/1.h5"], None),
        ([], None),
    ],
)
def test_a_folder_is_replaced_only_if_it_is_ours(tmp_path, files, problem):
    target = tmp_path / "mine"
    target.mkdir()
    for name in files:
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text(name)
    asked = {"overwrite": True, "contents": ("mark", "*.onnx", "deep/*.h5")}
    if problem is None:
        with whole_folder(target, **asked) as beside:
            (beside / "mark").write_text("new")
        assert names(target) == ["mark"]
        return
    with pytest.raises(OutputExistsError, match=problem), whole_folder(target, **asked):
        raise AssertionError("never reached")
    assert sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()) == sorted(
        files
    )
    assert names(tmp_path) == ["mine"]


def test_a_file_and_a_link_are_no_folders_to_replace(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name, problem in (("file", "is a file, not a folder"), ("link", "is a symbolic link")):
        refused = pytest.raises(OutputExistsError, match=problem)
        with refused, whole_folder(tmp_path / name, overwrite=True):
            raise AssertionError("never reached")
    assert names(tmp_path) == ["file", "folder", "link"]


def test_what_came_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "mine"
    with pytest.raises(OutputExistsError), whole_folder(target, overwrite=True) as beside:
        (beside / "mark").write_text("ours")
        target.mkdir()
        (target / "thesis.txt").write_text("mine")
    assert names(target) == ["thesis.txt"]
    assert names(tmp_path) == ["mine"]


def test_a_place_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettingError, match="is a file, not a folder"):
        check_output(tmp_path / "file" / "page.svg")
    assert check_output(tmp_path / "a" / "b" / "page.svg").name == "page.svg"


def test_a_place_that_takes_no_files(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    line = r"cannot be written to \(no such file or directory\); choose another place"
    with pytest.raises(BadSettingError, match=line), whole_file(tmp_path / "page.svg"):
        raise AssertionError("never reached")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_appears_in_the_meantime_is_not_overwritten(tmp_path):
    for name, write in (("a.txt", whole_file), ("a", whole_folder)):
        target = tmp_path / name
        with pytest.raises(OutputExistsError, match="exists already"), write(target) as beside:
            if write is whole_file:
                beside.write_text("late")
                target.write_text("first")
            else:
                (beside / "b").write_text("late")
                target.mkdir()
                (target / "b").write_text("first")
        place = target if write is whole_file else target / "b"
        assert place.read_text() == "first"
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_what_a_run_that_was_killed_left_is_cleared(tmp_path):
    code = (
        "import os, sys\n"
        "from sketchrnn.drawing.files import whole_file, whole_folder\n"
        "with whole_file('a.txt') as one, whole_folder('b') as two:\n"
        "    (two / 'c').write_text('half')\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 9
    (tmp_path / ".a.mine").write_text("not ours")
    with whole_file(tmp_path / "a.txt") as running:
        assert len(list(tmp_path.iterdir())) == 3  # this, that of the folder, and the user's
        with whole_file(tmp_path / "a.txt", overwrite=True) as other:
            assert running.exists() and other.exists()
        (tmp_path / "a.txt").unlink()
    with whole_folder(tmp_path / "b"):
        pass
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", "b", ".a.mine"}
