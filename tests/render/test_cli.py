"""`sketchrnn render`: one, many, a folder, standard output."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from sketchrnn import sources
from sketchrnn.cli.render import GALLERY_LIMIT, render
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.render import drawing_to_svg, gallery

LINE = Drawing([[(0, 0), (1, 1)]], category="a line/..")
KANJI = Drawing([[(0, 0), (9, 0)]], category="kanji", metadata={"character": "一"})


@pytest.fixture
def run(monkeypatch):
    """Run the command on given drawings, as if they stood in the file `in.ndjson`."""

    def call(drawings, *arguments):
        def read_all(path):
            assert path == "in.ndjson"
            yield from drawings

        monkeypatch.setattr(sources, "read_all", read_all)
        return CliRunner().invoke(render, ["in.ndjson", *map(str, arguments)])

    return call


def good(result):
    if result.exception:
        raise result.exception
    return result


def test_one_drawing_is_a_picture(run, tmp_path):
    out = tmp_path / "a.svg"
    good(run([LINE], "-o", out, "--size", "64x32", "--color", "navy", "--margin", 2))
    assert out.read_text() == drawing_to_svg(LINE, size=(64, 32), color="navy", margin=2)


def test_many_are_a_page(run, tmp_path):
    out = tmp_path / "a.svg"
    good(
        run(
            [LINE] * 3,
            "-o",
            out,
            "--columns",
            2,
            "--title",
            "Lines",
            "--precision",
            0,
            "--margin",
            0,
        )
    )
    expected = gallery([LINE] * 3, columns=2, title="Lines", precision=0, margin=0)
    assert out.read_text() == expected.to_svg()


def test_all_styles_reach_the_page(run, tmp_path):
    out = tmp_path / "a.svg"
    look = ["--stroke-width", 3, "--color-by-order", "--background", "none", "--fit", "each"]
    good(run([LINE, KANJI], "-o", out, *look, "--grid", "--captions"))
    expected = gallery(
        [LINE, KANJI],
        stroke_width=3,
        color_by_order=True,
        background=None,
        fit="each",
        grid=True,
        captions=["a line/..", "一"],
    )
    assert out.read_text() == expected.to_svg()


def test_a_folder_gets_one_file_a_drawing(run, tmp_path):
    good(run([LINE, Drawing([]), LINE], "-o", f"{tmp_path}/new/", "--limit", 2))
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["0001-a-line.svg", "0002.svg"]
    good(run([LINE], "-o", tmp_path, "--format", "png"))
    assert (tmp_path / "0001-a-line.png").read_bytes().startswith(b"\x89PNG")


def test_standard_output_gets_svg_alone(run):
    assert good(run([LINE], "-o", "-")).stdout == drawing_to_svg(LINE)
    assert good(run([LINE], "-o", "-", "--format", "png")).stdout_bytes.startswith(b"\x89PNG")


def test_a_page_says_what_it_leaves_out(run):
    result = good(run([LINE] * (GALLERY_LIMIT + 1), "-o", "-"))
    assert "--limit 0" in result.stderr
    root = ET.fromstring(result.stdout)
    shown = [g for g in root.iter() if g.get("class") == "drawing"]
    assert len(shown) == GALLERY_LIMIT
    assert good(run([LINE] * 3, "-o", "-", "--limit", 2)).stderr == ""
    everything = good(run([LINE] * (GALLERY_LIMIT + 1), "-o", "-", "--limit", 0)).stdout
    assert everything.count('class="drawing"') == GALLERY_LIMIT + 1


def test_the_fallback_is_noted_on_standard_error(run, no_cairo, tmp_path):
    result = good(run([LINE], "-o", tmp_path / "a.png"))
    assert "Pillow" in result.stderr
    assert result.stdout == ""
    result = good(run([LINE] * 3, "-o", f"{tmp_path}/f/", "--format", "png"))
    assert result.stderr.count("Pillow") == 1


def test_nothing_is_overwritten_without_force(run, tmp_path):
    out = tmp_path / "a.svg"
    out.write_text("mine")
    assert isinstance(run([LINE], "-o", out).exception, OutputExistsError)
    assert out.read_text() == "mine"
    good(run([LINE], "-o", out, "--force"))
    assert out.read_text() == drawing_to_svg(LINE)


@pytest.mark.parametrize("out", ["-", "a.svg", "new/"])
def test_an_input_without_drawings_is_an_error(run, tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    result = run([], "-o", out)
    assert isinstance(result.exception, BadFileError)
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "a.bmp"],
        ["-o", "a"],
        ["-o", "a.svg", "--size", "big"],
        ["-o", "a.svg", "--color", "bluu"],
        ["-o", "a.svg", "--format", "png"],
        ["-o", "-", "--format", "bmp"],
        ["-o", "a.svg", "--columns", "0"],
        ["-o", "a.svg", "--fit", "cover"],
    ],
)
def test_bad_settings_are_the_users_errors(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    assert isinstance(run([LINE, LINE], *arguments).exception, BadSettingError)
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_can_be_read_and_written_again(tmp_path):
    out = tmp_path / "a.svg"
    face = Drawing([[(0, 0), (50, 80), (100, 0)], [(50, 30)], [(10, 90), (90, 90)]])
    face.save(out)
    result = CliRunner().invoke(render, [str(out), "-o", "-", "--fit", "common"])
    assert good(result).stdout == out.read_text()


def test_real_drawings_become_a_page(shared_data, tmp_path):
    source = shared_data / "quickdraw" / "simplified" / "sun.ndjson"
    if not source.exists():
        pytest.skip(f"needs {source}")
    out = tmp_path / "suns.png"
    good(CliRunner().invoke(render, [str(source), "-o", str(out), "--limit", "8"]))
    assert out.stat().st_size > 10_000


def test_names_of_a_large_folder_sort(run, tmp_path, monkeypatch):
    monkeypatch.setattr("sketchrnn.cli.render.FOUR_DIGITS", 3)
    good(run([LINE] * 2, "-o", f"{tmp_path}/few/"))
    good(run([LINE] * 3, "-o", f"{tmp_path}/many/"))
    assert all(path.name.startswith("000") for path in (tmp_path / "few").iterdir())
    assert not any(path.name.startswith("00000") for path in (tmp_path / "few").iterdir())
    assert all(path.name.startswith("00000") for path in (tmp_path / "many").iterdir())
