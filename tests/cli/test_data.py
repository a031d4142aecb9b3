"""`sketchrnn data`: list, convert, info, show, and one line for each mistake."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import h5py
import pytest

from sketchrnn import render
from sketchrnn.cli import main as front_door
from sketchrnn.data import open_data
from sketchrnn.sources import kanjivg


@pytest.fixture
def run(capsys, monkeypatch):
    """Run `sketchrnn data ARGUMENTS…`; return its exit status, output and errors."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")  # put back after the test

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            front_door.main(["data", *map(str, arguments)])
        out, err = capsys.readouterr()
        return leaving.value.code, out, err

    return call


def write_pets(path, n=40):
    lines = [
        json.dumps({"word": "cat" if i % 4 else "dog", "drawing": [[[0, i + 1, 9], [0, 9, 99]]]})
        for i in range(n)
    ]
    lines.insert(3, "no json")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def pets(tmp_path):
    return write_pets(tmp_path / "pets.ndjson")


@pytest.fixture
def data_file(run, pets, tmp_path):
    path = tmp_path / "pets.h5"
    assert run("convert", pets, "-o", path, "--licence", "CC0", "--splits", "70,15,15")[0] == 0
    return path


def test_list_names_every_kind_of_input(run):
    status, out, _ = run("list")
    assert status == 0
    for word in ("kanjivg", ".npz", ".ndjson", ".svg", "sketchrnn data convert"):
        assert word in out


def test_list_says_how_to_get_what_is_missing(run, monkeypatch):
    def missing(name):
        raise kanjivg.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(kanjivg.metadata, "distribution", missing)
    status, out, _ = run("list")
    assert status == 0 and "pip install 'sketchrnn[kanjivg]'" in out


LINE = json.dumps({"word": "cat", "drawing": [[[0, 9], [0, 9]]]}).encode() + b"\n"


@pytest.fixture
def quickdraw(tmp_path, monkeypatch):
    """The address of a server that has simplified cats and hot dogs, and nothing else."""
    for name in ("cat", "hot dog"):
        path = tmp_path / "remote/full/simplified" / f"{name}.ndjson"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE * 50)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    handler = functools.partial(Quiet, directory=str(tmp_path / "remote"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_get_fetches_files_that_convert_reads(run, quickdraw, tmp_path):
    arguments = (
        "get",
        "quickdraw",
        "Cat",
        "hot dog",
        "--format",
        "simplified",
        "--base",
        quickdraw,
    )
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    files = [f"quickdraw/simplified/{name}.ndjson" for name in ("cat", "hot dog")]
    assert out.splitlines() == files
    assert run("convert", *files, "-o", "a.h5")[0] == 0
    assert "was there already" in run(*arguments)[1]
    (tmp_path / files[0]).write_text("old")
    assert run(*arguments, "--force", "-o", "quickdraw/simplified")[0] == 0
    assert (tmp_path / files[0]).read_bytes() == LINE * 50


def test_get_heeds_the_environment_and_says_what_failed(run, quickdraw, tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHRNN_QUICKDRAW", quickdraw)
    status, out, err = run("get", "quickdraw", "cat", "dog", "pig", "--format", "simplified")
    assert status == 2 and out.splitlines() == ["quickdraw/simplified/cat.ndjson"]
    assert err.count("answers 404") == 2 and "dog.ndjson" in err and "pig.ndjson" in err
    assert all(line.startswith("sketchrnn: ") for line in err.splitlines())


def test_get_knows_the_categories(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = run("get", "quickdraw", "cat", "eifel tower", "--base", "http://127.0.0.1:9")
    assert status == 2 and "did you mean 'The Eiffel Tower'" in err
    assert run("list", "quickdraw")[1].splitlines().count("hot dog") == 1
    assert list(tmp_path.iterdir()) == []


def test_convert_reports_what_it_did(run, pets, tmp_path):
    status, out, err = run("convert", pets, "-o", tmp_path / "a.h5")
    assert (status, err) == (0, "")
    assert "read 41, kept 40" in out
    assert "skipped 1: is not JSON: pets.ndjson:4" in out
    assert "steps a drawing" in out and "cat 30, dog 10" in out and "scale factor" in out


def test_verbose_names_everything_skipped(run, pets, tmp_path):
    _, _, err = run("convert", pets, "-o", tmp_path / "a.h5", "-v")
    assert "skipped pets.ndjson:4: is not JSON" in err


def test_convert_heeds_its_options(run, pets, tmp_path):
    out = tmp_path / "a.h5"
    options = "--epsilon 0 --max-steps 0 --splits 50,25,25 --seed 3 --extent 100 --limit 20"
    status, _, _ = run("convert", pets, "-o", out, *options.split(), "--attribution", "me")
    assert status == 0
    with open_data(out) as data:
        assert len(data) == 30  # 20 cats and all 10 dogs
        assert data.preparation.epsilon == 0 and data.preparation.extent == 100
        assert data.preparation.max_steps is None
        assert (data.info["splits"], data.info["seed"]) == ([50, 25, 25], 3)
        assert data.info["attribution"] == "me"
    status, _, _ = run("convert", pets, "-o", out, "--keep-scale", "--force")
    assert status == 0
    with open_data(out) as data:
        assert data.preparation.fit == "keep" and data.preparation.max_steps == 250


def test_convert_reads_standard_input(pets, tmp_path):
    command = [sys.executable, "-m", "sketchrnn", "data", "convert", "-", "-o", tmp_path / "a.h5"]
    done = subprocess.run(command, input=pets.read_bytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with open_data(tmp_path / "a.h5") as data:
        assert len(data) == 40
        assert data.info["sources"][0]["name"] == "standard input"


def test_info_for_people(run, data_file):
    status, out, _ = run("info", data_file)
    assert status == 0
    for text in ("drawings      40", "train", "cat 30, dog 10", "CC0", "epsilon 2", "float32"):
        assert text in out
    assert "extent 255, fit longer_side" in out and "pets.ndjson" in out


def test_info_as_json(run, data_file):
    facts = json.loads(run("info", data_file, "--json")[1])
    assert facts["drawings"] == 40
    assert sum(split["drawings"] for split in facts["splits"].values()) == 40
    assert facts["categories"] == {"cat": 30, "dog": 10}
    assert facts["preparation"]["extent"] == 255
    assert facts["report"]["read"] == 41
    assert facts["licence"] == "CC0" and facts["attribution"] is None
    with open_data(data_file) as data:
        assert facts["fingerprint"] == data.fingerprint
        assert facts["scale_factor"] == data.scale_factor
        train = data["train"]
        assert facts["splits"]["train"]["steps"] == train.lengths.sum()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".html"])
def test_show_draws_a_page(run, data_file, tmp_path, suffix):
    page = tmp_path / f"page{suffix}"
    assert run("show", data_file, "-o", page, "-n", 6, "--columns", 3)[0] == 0
    assert page.stat().st_size > 500


def test_info_plots_lengths_before_and_after(run, data_file, tmp_path):
    plot = tmp_path / "lengths.svg"
    status, out, _ = run("info", data_file, "--plot", plot)
    assert status == 0 and "drawings      40" in out
    text = plot.read_text()
    assert "As they came" in text and "In the data file" in text and "40 drawings" in text
    status, _, err = run("info", data_file, "--plot", plot)
    assert status == 2 and "--force" in err
    assert run("info", data_file, "--plot", tmp_path / "lengths.doc")[0] == 2


def test_show_before_and_after(run, data_file, tmp_path):
    status, out, _ = run("show", data_file, "-o", "-", "--before-after", "-n", 3)
    assert status == 0
    assert out.count(">kept: ") == 3 and out.count(">pets.ndjson:") == 3
    dogs = run("show", data_file, "-o", "-", "--before-after", "--category", "dog")[1]
    with open_data(data_file) as data:
        assert dogs.count(">kept: ") == sum(e.after.category == "dog" for e in data.examples)
    with h5py.File(data_file, "a") as file:  # as files of older versions are
        del file["examples"]
    status, _, err = run("show", data_file, "-o", tmp_path / "p.svg", "--before-after")
    assert status == 2 and "convert the drawings again" in err


def test_show_chooses_by_seed_split_and_category(run, data_file):
    def show(*options):
        status, out, _ = run("show", data_file, "-o", "-", *options)
        assert status == 0
        return out

    assert show("-n", 5) == show("-n", 5) != show("-n", 5, "--seed", 1)
    everything = show("--split", "all", "-n", 100)
    assert everything.count(">cat<") == 30 and everything.count(">dog<") == 10
    dogs = show("--split", "all", "-n", 100, "--category", "dog", "--title", "Dogs")
    assert dogs.count(">dog<") == 10 and ">cat<" not in dogs and "Dogs" in dogs
    assert "CC0" in everything  # the licence travels in the metadata


class Page:
    """A gallery that is not drawn."""

    def save(self, path, **options):
        pass


def test_characters_are_captions_in_svg_and_code_points_where_they_are_painted(
    run, tmp_path, monkeypatch
):
    try:
        kanjivg.installed_folder()
    except kanjivg.MissingDependencyError:
        pytest.skip("needs the package kanjivg")
    out = tmp_path / "kanji.h5"
    assert run("convert", "kanjivg", "-o", out, "--limit", 10)[0] == 0
    _, svg, _ = run("show", out, "-o", "-")
    assert ">上<" in svg
    captions = []
    monkeypatch.setattr(
        render, "gallery", lambda *_, **options: captions.extend(options["captions"]) or Page()
    )
    assert run("show", out, "-o", tmp_path / "kanji.png")[0] == 0
    assert "U+4E0A" in captions


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "missing.svg", "-o", "a.h5"], ["missing.svg", "no such file"]),
        (["convert", "pets.ndjson", "-o", "pets.ndjson"], ["exists already", "--force"]),
        (["convert", "pets.ndjson", "-o", "a.h5", "--splits", "lots"], ["90,5,5"]),
        (["convert", "pets.ndjson", "-o", "a.h5", "--splits", "0,1,1"], ["90,5,5"]),
        (["convert", "pets.ndjson", "-o", "a.h5", "--scripts", "klingon"], ["klingon", "kana"]),
        (["convert", "pets.ndjson", "-o", "a.h5", "--epsilon", "-3"], ["epsilon"]),
        (["convert", "pets.ndjson", "-o", "a.h5", "--epsilon", "some"], ["'some'", "auto"]),
        (["info", "missing.h5"], ["missing.h5", "data convert"]),
        (["info", "pets.ndjson"], ["pets.ndjson", "not a data file"]),
        (["show", "missing.h5", "-o", "a.svg"], ["missing.h5"]),
        (["show", "pets.h5", "-o", "a.bmp"], [".bmp"]),
        (["show", "pets.h5", "-o", "pets.svg"], ["exists already"]),
        (["show", "pets.h5", "-o", "a.svg", "--category", "cow"], ["cow", "cat"]),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    run, data_file, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pets.svg").write_text("mine")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("sketchrnn: ") and err.count("\n") == 1
    assert all(word in err for word in words), err
    assert (tmp_path / "pets.svg").read_text() == "mine"
    assert not (tmp_path / "a.h5").exists() and not (tmp_path / "a.svg").exists()


def test_show_of_an_empty_split_says_which_are_not(run, tmp_path):
    pets = write_pets(tmp_path / "few.ndjson", 5)
    run("convert", pets, "-o", tmp_path / "few.h5", "--splits", "1,0,0")
    status, _, err = run("show", tmp_path / "few.h5", "-o", "-", "--split", "test")
    assert status == 2 and "'test'" in err and "train" in err


def test_a_folder_of_shards_is_built_and_looked_into(run, pets, tmp_path, monkeypatch):
    from sketchrnn.data import beam

    given = []

    def here(_, work, jobs, plan, parts, options):
        given.append(options)
        for job in jobs:
            beam._do_job(job, work, plan, str(parts))

    monkeypatch.setattr(beam, "_beam", lambda: None)
    monkeypatch.setattr(beam, "_run_pipeline", here)
    out = tmp_path / "many"
    code, text, _ = run(
        "build", pets, "-o", out, "--workers", "3", "--beam-option", "--a=b",
        "--", "--runner=FlinkRunner",
    )  # fmt: skip
    assert code == 0 and "read " in text and "scale factor" in text
    assert given == [
        [
            "--runner=FlinkRunner",
            "--a=b",
            "--direct_num_workers=3",
            "--direct_running_mode=multi_processing",
        ]
    ]
    code, text, _ = run("info", out, "--json")
    assert code == 0 and json.loads(text)["drawings"] == len(open_data(out))
    assert run("show", out, "-o", tmp_path / "page.svg")[0] == 0
    assert (tmp_path / "page.svg").exists()
    assert run("info", tmp_path)[0] == 2
