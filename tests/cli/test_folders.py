"""Commands that write a folder: `--force` deletes nothing that is not ours."""

from __future__ import annotations

import shutil

import pytest

COMMANDS = {
    "build": "data build {ndjson} -o {out} --force",
    "onnx": "model export {model} --to onnx -o {out} --force",
    "savedmodel": "model export {model} --to savedmodel -o {out} --force",
    "import": "model import {keras} -o {out} --force",
    "train": "train {data} -o {out} --preset small --steps 1 --force",
}
NEEDED = {"build": "apache_beam", "onnx": "onnx", "savedmodel": "tensorflow"}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("marked", ["a folder of papers", "a folder of ours with papers"])
def test_force_leaves_the_files_of_others(
    sketchrnn, refused, tmp_path, tiny_folder, tiny_data, name, marked
):
    """With and without our own files among the user's."""
    if name in NEEDED:
        pytest.importorskip(NEEDED[name])
    ndjson = tmp_path / "cat.ndjson"
    ndjson.write_text('{"word": "cat", "drawing": [[[0, 9, 90], [0, 40, 3]]]}\n' * 5)
    out = tmp_path / "mine"
    places = {"ndjson": ndjson, "model": tiny_folder, "data": tiny_data, "out": out}
    if name == "import":
        places["keras"] = tmp_path / "model.safetensors"
        pytest.importorskip("safetensors")
        sketchrnn("model", "export", tiny_folder, "-o", places["keras"])
    words = [word.format(**places) for word in COMMANDS[name].split()]
    if marked == "a folder of ours with papers":
        if name in ("build", "onnx"):  # the others are slow, and tested in their own places
            sketchrnn(*words)
        else:
            shutil.copytree(tiny_folder, out)
    papers = out / "papers"
    papers.mkdir(parents=True)
    (papers / "thesis.txt").write_text("years of work")
    (out / "photo.png").write_text("a cat")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    if name == "import" and marked == "a folder of ours with papers":
        sketchrnn(*words)  # replaces the two files of the model, and nothing else
        assert (papers / "thesis.txt").read_text() == "years of work"
        assert (out / "photo.png").read_text() == "a cat"
        return
    line = refused(*words)
    assert str(out) in line
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
