"""The page of a run: whole, of a run that has just begun, broken off, or of a later version."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.render.line_chart import Series, line_plot, ticks
from sketchrnn.training.report import read_run, run_page

PNG = bytes.fromhex("89504e470d0a1a0a")
VOID = {"meta", "img", "line", "circle", "polyline", "path", "rect", "br"}


class Whole(HTMLParser):
    """Holds that every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def checked(page):
    """The page, if it is whole and asks for nothing from elsewhere."""
    parser = Whole()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    for address in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)\)""", page):
        assert "".join(address).startswith("data:")
    assert "<script" not in page
    assert "@import" not in page
    return page


def row(step, split, **figures):
    return json.dumps({"step": step, "seconds": step / 2, "split": split, **figures})


@pytest.fixture
def run(tmp_path):
    """A run of four validations, the third the best, broken off while it wrote a line."""
    folder = tmp_path / "my <run>"
    (folder / "samples").mkdir(parents=True)
    config = {"conditional": True, "z_size": 6, "max_seq_len": 24, "encoder_size": 12}
    told = {"preset": "small", "config": config, "training": {"steps": 1000, "w_kl": 0.2}}
    (folder / "run.json").write_text(json.dumps(told))
    provenance = {
        "backend": "jax",
        "versions": {"keras": "3.8"},
        "data": {
            "licence": "CC0 <& co>",
            "attribution": "A. Nonymous",
            "sources": [{"name": "dice", "version": "6"}, "coins"],
            "drawings": {"train": 900, "valid": 50},
        },
    }
    (folder / "config.json").write_text(json.dumps({"provenance": provenance}))
    lines = []
    for step, objective in ((250, 0.5), (500, 0.1), (750, -0.25), (900, -0.2)):
        lines.append(row(step, "train", loss_reconstruction=objective, loss_kl=0.5, w_kl=0.1))
        valid = {"nats_per_drawing": 24 * objective, "kl_raw": 0.4, "active_units": 5}
        lines.append(row(step, "valid", objective=objective, nats_per_point=objective, **valid))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 1000, "spl')
    for step in range(100, 1300, 100):
        (folder / "samples" / f"step-{step:08d}.png").write_bytes(PNG + bytes([step // 100]))
    return folder


def test_a_page_says_it_all(run):
    pair = (Drawing([[(0, 0), (9, 9)]]), Drawing([[(0, 0), (8, 9)], [(1, 1)]]))
    page = checked(run_page(read_run(run), reconstructions=[pair], data_facts={"read": 999}))
    for words in (
        "my &lt;run&gt;", "Step 900 of 1,000", "that of step 750", "-0.25", "CC0 &lt;&amp; co&gt;",
        "dice 6, coins", "A. Nonymous", "999", "8 min", "steps a second", "small", "keras",
        "1 line(s) of metrics.jsonl", "Reconstructions", "prefers-color-scheme: dark",
        'name="viewport"',
    ):  # fmt: skip
        assert words in page, words
    assert page.count('class="plot"') == 4  # nothing was told of learning rate and pen
    assert page.count("data:image/png;base64,") == 9
    assert "step 100<" in page
    assert "step 1,200<" in page


def test_the_latest_of_equal_steps_counts(run):
    with open(run / "metrics.jsonl", "a") as file:
        file.write("\n" + row(500, "valid", objective=-0.9, nats_per_drawing=1.0) + "\n")
    found = read_run(run)
    assert found.rows["valid"][500]["objective"] == -0.9
    assert list(found.rows["valid"]) == [250, 500, 750, 900]
    assert "that of step 500" in run_page(found)


def test_what_a_later_version_writes_breaks_nothing(run):
    with open(run / "metrics.jsonl", "a") as file:
        file.write("\n" + row(950, "ema", objective=1.0, note="text", nested={"a": [1]}) + "\n")
        file.write(json.dumps({"step": 960, "event": "rollback", "why": "a <jump>"}) + "\n")
        file.write(row(970, "valid", objective=float("nan"), nats_per_drawing=float("inf")) + "\n")
        file.write('[1, 2]\n"x"\n\n{"step": "many"}\n')
    page = checked(run_page(read_run(run)))
    assert "step 960: event rollback, why a &lt;jump&gt;" in page
    assert "that of step 750" in page
    assert "nan" not in page.partition("</style>")[2].partition("Data")[0]


def test_a_run_that_has_just_begun(run):
    for name in ("config.json", "metrics.jsonl"):
        (run / name).unlink()
    for page in (run / "samples").iterdir():
        page.unlink()
    page = checked(run_page(read_run(run), note="not yet"))
    assert "there are no figures yet" in page
    assert 'class="plot"' not in page
    assert "not yet" in page


def test_a_decoder_alone_has_no_encoder_on_its_card(run):
    told = json.loads((run / "run.json").read_text())
    told["config"]["conditional"] = False
    (run / "run.json").write_text(json.dumps(told))
    page = checked(run_page(read_run(run)))
    assert "decoder only" in page
    assert "encoder size" not in page


def test_what_is_no_run(run, tmp_path):
    with pytest.raises(BadFileError, match="no such folder"):
        read_run(tmp_path / "none")
    with pytest.raises(BadFileError, match="is no run"):
        read_run(tmp_path)
    (run / "config.json").write_text("{")
    with pytest.raises(BadFileError, match=r"config\.json: is not JSON"):
        read_run(run)
    (run / "config.json").write_text("[]")
    with pytest.raises(BadFileError, match="no object"):
        read_run(run)


def test_a_curve_is_where_its_numbers_are():
    svg = line_plot(
        [Series("a & b", [0, 50, 100], [0.0, 1.0, float("nan")]), Series("dot", [100], [0.5])],
        title='"t"', x_label="step", y_label="<nats>", mark=50,
    )  # fmt: skip
    root = ET.fromstring(svg)
    assert root.get("aria-label") == '"t"'
    space = "{http://www.w3.org/2000/svg}"
    frame = root.find(f"{space}svg")
    width, height = float(frame.get("width")), float(frame.get("height"))
    points = frame.find(f"{space}polyline").get("points")
    assert points == f"0.0,{height:.1f} {width / 2:.1f},0.0"
    circle = frame.find(f"{space}circle")
    assert (float(circle.get("cx")), float(circle.get("cy"))) == (width, height / 2)
    assert frame.find(f"{space}line").get("x1") == f"{width / 2:.1f}"
    texts = {text.text for text in root.iter(f"{space}text")}
    assert {"a & b", "dot", "step", "<nats>", "100", "0.2", "1.0"} < texts


def test_a_spike_does_not_flatten_the_rest():
    values = [1.0 - k / 100 for k in range(100)]
    values[50] = 1e6
    svg = line_plot([Series("a", range(100), values)], title="t", x_label="x", y_label="y")
    assert "1,000,000" not in svg


@pytest.mark.parametrize("low, high", [(0, 1), (-3.2, 17), (1e-5, 9e-4), (5, 5), (0, 0), (-2, 1e9)])
def test_ticks_hold_what_they_should(low, high):
    found = ticks(low, high)
    assert found[0] <= low <= high <= found[-1]
    assert 2 <= len(found) <= 12
    assert found == sorted(set(found))


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "1e300", "1" + 400 * "0"])
def test_numbers_that_no_float_holds(tmp_path, number):
    (tmp_path / "run.json").write_text(f'{{"training": {{"steps": {number}}}}}')
    rows = [
        f'{{"step": {step}, "seconds": {number}, "split": "{split}", "loss": {number}, '
        f'"objective": {number}, "nats_per_point": {number}}}'
        for step in ("1", "2", number)
        for split in ("train", "valid", "rollback")
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(rows))
    checked(run_page(read_run(tmp_path)))
