"""Files: suffixes, overwriting, and nothing half-written."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from sketchrnn.drawing import BadSettingError, Drawing, OutputExistsError
from sketchrnn.render import drawing_to_svg, gallery, save_drawing, svg

LINE = Drawing([[(0, 0), (1, 1)]], category="line")


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", b"<svg"), ("a.PNG", b"\x89PNG"), ("a.html", b"<!doctype html>")],
)
def test_the_suffix_tells_the_format(tmp_path, name, start):
    path = save_drawing(LINE, tmp_path / "new folder" / name)
    assert path == tmp_path / "new folder" / name
    assert path.read_bytes().startswith(start)


def test_a_drawing_saves_itself_with_a_style(tmp_path):
    path = LINE.save(tmp_path / "a.svg", color="navy")
    assert path.read_text() == drawing_to_svg(LINE, color="navy")


@pytest.mark.parametrize("name", ["a.bmp", "a", ".svg"])
def test_unknown_suffixes_list_the_known(tmp_path, name):
    for save in (lambda path: save_drawing(LINE, path), gallery([LINE]).save):
        with pytest.raises(BadSettingError, match=r"\.svg, \.png, \.pdf, \.html"):
            save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    for save in (lambda **how: save_drawing(LINE, path, **how), lambda **how: _page(path, **how)):
        with pytest.raises(OutputExistsError):
            save()
        assert path.read_text() == "mine"
    save_drawing(LINE, path, overwrite=True)
    assert path.read_text() == drawing_to_svg(LINE)


def _page(path, **how):
    return gallery([LINE]).save(path, **how)


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    count = 0

    def breaking(stroke):
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return "M0,0L0,0"

    monkeypatch.setattr(svg, "path_data", breaking)
    with pytest.raises(KeyboardInterrupt):
        gallery([LINE] * 5).save(path, overwrite=True)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_html_is_whole_and_escaped(tmp_path):
    text = gallery([LINE], title="<b>&").save(tmp_path / "a.html").read_text()
    assert "<title>&lt;b&gt;&amp;</title>" in text.split("<svg")[0]
    start, end = text.index("<svg"), text.index("</svg>") + len("</svg>")
    ET.fromstring(text[start:end])


def test_the_room_loads_its_writers_when_they_are_needed():
    code = (
        "import sys, sketchrnn.render\n"
        "late = {'svgwrite', 'cairosvg', 'cairocffi', 'PIL', 'keras', 'tensorflow', 'jax'}\n"
        "print(sorted(late & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_bars_of_a_plot_are_filled_in_a_pdf(tmp_path):
    pytest.importorskip("cairocffi", exc_type=(ImportError, OSError))
    from sketchrnn.render.page import Frame, Page
    from sketchrnn.render.pdf import pages_to_pdf

    def pdf(fill):
        frame = Frame(1, 1, 5, 5, "none", fill=fill)
        return pages_to_pdf([Page(9, 9, "#000000", 1, 2, frames=(frame,))])

    assert len({pdf(None), pdf("#ff0000"), pdf("#00ff00")}) == 3
