"""KanjiVG: strokes in writing order, labels, filters, and files that are not what they seem."""

from __future__ import annotations

import itertools
from collections import Counter
from importlib import metadata

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError, BadSettingError, MissingDependencyError
from sketchrnn.sources import kanjivg, open_source, read, read_all
from sketchrnn.sources.kanjivg import read_kanjivg, read_together

DOCTYPE = """<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.0//EN" "http://www.w3.org/TR/svg10.dtd" [
<!ATTLIST g xmlns:kvg CDATA #FIXED "http://kanjivg.tagaini.net" kvg:element CDATA #IMPLIED >
]>"""
FILE = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}
<svg xmlns="http://www.w3.org/2000/svg" width="109" height="109" viewBox="0 0 109 109">
<g id="kvg:StrokePaths_0{code}" style="fill:none">
<g id="kvg:0{code}" kvg:element="好">
  <g id="kvg:0{code}-g1" kvg:element="女" kvg:part="1" kvg:position="left" kvg:radical="general">
    <path id="kvg:0{code}-s1" kvg:type="㇛" d="M20,10c2,5,3,6,9,20"/>
  </g>
  <g id="kvg:0{code}-g2" kvg:element="子" kvg:phon="子V"><g kvg:element="了" kvg:radical="tradit">
    <path id="kvg:0{code}-s2" d="M60,20C70,21,80,22,90,20S95,40,80,50"/></g>
  </g>
  <g id="kvg:0{code}-g3" kvg:element="女" kvg:part="2" kvg:radical="general">
    <path id="kvg:0{code}-s3" d="m 5,50 c 5,0 60,0 100,-2"/>
  </g>
</g>
</g>
<g id="kvg:StrokeNumbers_0{code}" style="font-size:8"><g>
  <text transform="matrix(1 0 0 1 10 20)">1</text><path d="M0,0L1,1"/></g>
</g>
</svg>
"""


def text(code="597d", doctype=DOCTYPE):
    return FILE.format(code=code, doctype=doctype)


@pytest.fixture
def folder(tmp_path):
    """A KanjiVG of five files: a kanji, its variant, its compatibility form, a kana, a digit."""
    for name in ("0597d", "0597d-Kaisho", "0f9a8", "03042", "00031"):
        (tmp_path / f"{name}.svg").write_text(text(name[1:5]), encoding="utf-8")
    return tmp_path


def test_a_file_gives_strokes_in_order_and_its_labels(folder):
    drawing = read_kanjivg(folder / "0597d.svg")
    assert len(drawing.strokes) == 3
    assert [stroke[0].tolist() for stroke in drawing.strokes] == [[20, 10], [60, 20], [5, 50]]
    assert [stroke[-1].tolist() for stroke in drawing.strokes] == [[29, 30], [80, 50], [105, 48]]
    assert drawing.category == "kanji"
    assert drawing.metadata == {
        "box": 109.0,
        "source": "0597d.svg",
        "character": "好",
        "code_point": "0597d",
        "components": ["女", "子", "了"],
        "radical": {"general": "女", "tradit": "了"},
        "groups": [
            {"element": "好", "strokes": [0, 3]},
            {
                "element": "女",
                "position": "left",
                "radical": "general",
                "part": "1",
                "strokes": [0, 1],
            },
            {"element": "子", "phon": "子V", "strokes": [1, 2]},
            {"element": "了", "radical": "tradit", "strokes": [1, 2]},
            {"element": "女", "radical": "general", "part": "2", "strokes": [2, 3]},
        ],
        "stroke_types": ["㇛", "", ""],
    }


def test_the_strokes_of_a_component_can_be_cut_out(folder):
    drawing = read_kanjivg(folder / "0597d.svg")
    (first, last) = next(
        group["strokes"] for group in drawing.metadata["groups"] if group["element"] == "子"
    )
    assert [stroke[0].tolist() for stroke in drawing.strokes[first:last]] == [[60, 20]]


def test_kanji_by_default_and_a_reason_for_everything_else(folder):
    source = open_source(folder)
    skipped = []
    items = list(source.items(lambda name, reason: skipped.append((name, reason))))
    assert [item.name for item in items] == ["0597d.svg"]
    assert [name for name, _ in skipped] == [
        "00031.svg",
        "03042.svg",
        "0597d-Kaisho.svg",
        "0f9a8.svg",
    ]
    assert all(reason for _, reason in skipped)
    assert (source.fit, source.length, source.epsilon) == ("box", 5, 1.5)
    assert source.licence == "CC BY-SA 3.0" and "Ulrich Apel" in source.attribution


def test_variants_and_scripts_by_flags(folder):
    def names(**options):
        return [item.name for item in open_source(folder, **options).items()]

    assert names(variants=True) == ["0597d-Kaisho.svg", "0597d.svg"]
    assert names(scripts=["hiragana", "digits"]) == ["00031.svg", "03042.svg"]
    assert len(names(scripts=["all"], variants=True)) == 5
    kana = next(read_all(folder, scripts=["hiragana"]))
    assert (kana.category, kana.metadata["character"]) == ("hiragana", "あ")


def test_variants_and_compatibility_forms_are_one_group(folder):
    items = open_source(folder, variants=True, scripts=["kanji", "extended"]).items()
    groups = {item.name: item.group for item in items}
    assert groups["0597d.svg"] == groups["0597d-Kaisho.svg"] == "0597d"
    assert groups["0f9a8.svg"] == "04ee4"  # 令


def test_an_unknown_script_is_named(folder):
    with pytest.raises(BadSettingError, match="klingon"):
        open_source(folder, scripts=["klingon"])
    with pytest.raises(BadSettingError, match="hiragana"):
        open_source(folder, scripts=[])


def test_a_single_file_keeps_its_box(folder):
    assert read(folder / "03042.svg").metadata["box"] == 109.0
    assert len(read(folder / "0597d-Kaisho.svg").strokes) == 3


def test_a_declared_entity_is_refused(folder):
    bomb = '<!DOCTYPE svg [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
    (folder / "0597d.svg").write_text(text(doctype=bomb), encoding="utf-8")
    with pytest.raises(BadFileError, match=r"0597d\.svg.*entity"):
        list(read_all(folder))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0 0 109 109", "0 0 109 50", "view box"),
        ("0 0 109 109", "zero", "view box"),
        ("0 0 109 109", "0 0 nan nan", "view box"),
        ("M20,10c2,5,3,6,9,20", "M20,10c2,5,3", "lacks a number"),
        ("M20,10c2,5,3,6,9,20", "M20,10L1e9,0", "outside the box"),
        ("</svg>", "", "not XML"),
        ("<path", "<desc", "no strokes"),
    ],
)
def test_a_damaged_file_is_named_with_the_reason(folder, old, new, problem):
    (folder / "0597d.svg").write_text(text().replace(old, new), encoding="utf-8")
    with pytest.raises(BadFileError, match=problem) as caught:
        list(read_all(folder))
    assert "0597d.svg" in str(caught.value)
    assert "\n" not in str(caught.value)
    # what is skipped when converting: named, and the rest is read
    skipped = Counter()
    source = open_source(folder, variants=True)
    kept = list(source.items(lambda name, reason: skipped.update({name: 1})))
    assert [item.name for item in kept] == ["0597d-Kaisho.svg"]
    assert skipped["0597d.svg"] == 1


def test_without_the_package_one_is_told_how_to_get_it(monkeypatch, tmp_path):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kanjivg.metadata, "distribution", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sketchrnn\[kanjivg\]'"):
        open_source("kanjivg")


def test_a_folder_without_its_files(tmp_path):
    with pytest.raises(BadFileError, match="no files of KanjiVG"):
        kanjivg.open_kanjivg(tmp_path)


@pytest.fixture
def installed():
    try:
        return kanjivg.installed_folder()
    except MissingDependencyError:
        pytest.skip("needs the package kanjivg")


def test_the_installed_package(installed):
    """The figures of the whole are in the conversion's test; here a character one knows."""
    source = open_source("kanjivg")
    assert source.version == metadata.version("kanjivg")
    assert source.length > 11_000
    drawing = read_kanjivg(installed / "06f22.svg")
    assert len(drawing.strokes) == 13
    assert drawing.metadata["character"] == "漢"
    assert drawing.metadata["components"] == ["氵", "艹", "口", "夫", "大"]
    assert drawing.metadata["radical"] == {"general": "氵"}
    x_min, y_min, x_max, y_max = drawing.bounds
    assert 0 < x_min < x_max < 109 and 0 < y_min < y_max < 109


def test_the_first_kanji_are_smooth_and_in_the_box(installed):
    for item in itertools.islice(open_source("kanjivg").items(), 20):
        for stroke in item.drawing.strokes:
            assert len(stroke) >= 2
            assert np.abs(stroke).max() < 109


@pytest.mark.parametrize("box", [109, 218])
def test_files_read_together_are_as_files_read_one_by_one(tmp_path, monkeypatch, box):
    monkeypatch.setattr(kanjivg, "MAX_POINTS", 300)
    curve = "M10,{0}c{1},-80,{1},80,40,0"
    paths = [tmp_path / f"0597{n}.svg" for n in range(7)]
    for n, path in enumerate(paths):
        strokes = [curve.format(20 + stroke, 5 * n + stroke) for stroke in range(1 + n)]
        if n == 5:
            strokes = [curve.format(stroke, 90) for stroke in range(60)]  # too many points
        side = box if n == 3 else 109
        body = "".join(f'<path d="{data}"/>' for data in strokes)
        path.write_text(f'<svg viewBox="0 0 {side} {side}"><g>{body}</g></svg>', encoding="utf-8")
    paths[2].write_text("<svg", encoding="utf-8")
    paths[4].unlink()
    paths[6].write_text(paths[6].read_text(encoding="utf-8").replace("c", "q"), encoding="utf-8")
    for chosen in (paths, [paths[0], paths[1]], paths[:5], paths[2:3], []):
        results = read_together(chosen)
        assert len(results) == len(chosen)
        for path, result in zip(chosen, results, strict=True):
            try:
                expected = read_kanjivg(path)
            except BadFileError as error:
                assert str(result) == str(error)
            else:
                assert result == expected
                assert result.metadata == expected.metadata
