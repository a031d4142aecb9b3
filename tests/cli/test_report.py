"""`sketchrnn report`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sketchrnn as sr
from sketchrnn.data import open_data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tiny_folder, tiny_data):
    """A run whose model is the tiny one, and whose data are the tiny ones."""
    path = tiny_folder / "config.json"
    values = json.loads(path.read_text())
    told = {"preset": None, "config": values["config"], "training": {"steps": 9}}
    (tiny_folder / "run.json").write_text(json.dumps(told))
    with open_data(tiny_data) as data:
        values["provenance"]["data"]["fingerprint"] = data.fingerprint
    path.write_text(json.dumps(values))
    (tiny_folder / "metrics.jsonl").write_text('{"step": 9, "split": "valid", "objective": 1.5}\n')
    return tiny_folder


def test_a_report_with_reconstructions(sketchrnn, run, tiny_data, tmp_path):
    done = sketchrnn("report", run, "--data", tiny_data, "-o", tmp_path / "page.html")
    assert (done.status, done.out) == (0, "")
    page = (tmp_path / "page.html").read_text()
    assert "A. Nonymous" in page
    assert page.count('class="paper pair"') == 2  # as many as there are to validate with
    assert "--data FILE.h5" not in page
    made = sr.report(run, tiny_data)
    assert made.html == page
    assert made.save(tmp_path / "again.html").read_text() == page
    found = []
    parser = HTMLParser()  # which keeps the lines of an attribute, as a browser does
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(made._repr_html_())
    assert [(tag, attributes["srcdoc"]) for tag, attributes in found] == [("iframe", page)]


def test_a_report_stands_in_the_run_and_is_made_anew(sketchrnn, run):
    for objective in (1.5, 1.25):
        (run / "metrics.jsonl").write_text(
            json.dumps({"step": 9, "split": "valid", "objective": objective})
        )
        assert sketchrnn("report", run).status == 0
        assert str(objective) in (run / "report.html").read_text()
    assert "--data FILE.h5" in (run / "report.html").read_text()


def name_data(run, **named):
    """Let run.json say where the data are."""
    told = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**told, "data": named}))


def test_the_data_are_found_where_the_run_says(sketchrnn, run, tiny_data):
    for path in (tiny_data, os.path.relpath(tiny_data, run.resolve())):
        name_data(run, path=str(path))
        (run / "report.html").unlink(missing_ok=True)
        assert sketchrnn("report", run).status == 0
        assert 'class="paper pair"' in (run / "report.html").read_text()


def test_data_that_are_gone_or_others_are_left_out(sketchrnn, run, tiny_data, tmp_path):
    photo = tmp_path / "photo.h5"
    photo.write_bytes(b"\xff\xd8\xff\xe0" * 50)
    for path in ("gone.h5", "\0", str(photo), 7, "x" * 999):
        name_data(run, path=path)
        assert sketchrnn("report", run).status == 0
        assert 'class="paper pair"' not in (run / "report.html").read_text()
    path = run / "config.json"
    values = json.loads(path.read_text())
    for fingerprint in ("another", None):  # none: nothing says whose data they are
        values["provenance"]["data"]["fingerprint"] = fingerprint
        path.write_text(json.dumps(values))
        name_data(run, path=str(tiny_data))
        assert sketchrnn("report", run).status == 0
        assert 'class="paper pair"' not in (run / "report.html").read_text()


def test_a_damaged_model_leaves_the_rest_of_the_report(sketchrnn, run, tiny_data):
    (run / "model.weights.h5").write_bytes(b"\0" * 99)
    assert sketchrnn("report", run, "--data", tiny_data).status == 0
    page = (run / "report.html").read_text()
    assert "There are none:" in page
    assert "1.5" in page


def test_what_is_refused(refused, run, tiny_data, tmp_path):
    (tmp_path / "page.html").write_text("mine")
    other = tmp_path / "other.h5"
    other.write_bytes(b"no data")
    for words, message in (
        ((tmp_path / "none",), "none: no such folder; name the folder"),
        ((tmp_path,), "is no run; name the folder"),
        ((run, "-o", tmp_path / "page.pdf"), "page.pdf: a report is HTML"),
        ((run, "-o", tmp_path / "page.html"), "page.html: exists already"),
        ((run, "--data", other), "other.h5: is not a data file"),
    ):
        assert message in refused("report", *words)
    values = json.loads((run / "config.json").read_text())
    values["provenance"]["data"]["fingerprint"] = "another"
    (run / "config.json").write_text(json.dumps(values))
    assert "is not the data of the run" in refused("report", run, "--data", tiny_data)


def test_a_report_loads_no_framework(run, tiny_data):
    script = (
        "import sys\n"
        "from sketchrnn.cli.main import _run\n"
        f"assert _run(['report', {str(run)!r}, '--data', {str(tiny_data)!r}]) == 0\n"
        "print(sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"
