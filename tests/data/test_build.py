"""Conversion: units, splits, provenance, a reason for everything skipped, and no half file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.data import Preparation, convert, open_data
from sketchrnn.data.duplicates import DuplicateCounter
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    Drawing,
    MissingDependencyError,
    OutputExistsError,
    SketchRNNError,
    geometry,
)
from sketchrnn.sources import kanjivg, read_all
from sketchrnn.sources.kanjivg import read_kanjivg


def line(strokes, word="cat", **more):
    return json.dumps({"word": word, "drawing": strokes, **more})


def scribble(seed, points=12, size=255):
    rng = np.random.default_rng(seed)
    return [
        [sorted(rng.integers(0, size, points).tolist()), rng.integers(0, size, points).tolist()]
    ]


@pytest.fixture
def ndjson(tmp_path):
    """40 cats, 20 dogs, among them two bad lines and an empty drawing."""
    lines = [line(scribble(i), countrycode="XX") for i in range(40)]
    lines += [line(scribble(100 + i), "dog") for i in range(20)]
    lines[7:7] = ["no json"]
    lines[9:9] = [line([[[0, float("nan")], [1, 2]]])]
    lines[30:30] = [line([])]
    path = tmp_path / "pets.ndjson"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def save_npz(path, **splits):
    arrays = {}
    for key, drawings in splits.items():
        arrays[key] = np.empty(len(drawings), dtype=object)
        for i, rows in enumerate(drawings):
            arrays[key][i] = np.asarray(rows)
    np.savez(path, **arrays)
    return path


def test_every_drawing_is_kept_or_accounted_for(ndjson, tmp_path):
    skipped = []
    report = convert(
        ndjson, tmp_path / "a.h5", on_skip=lambda name, reason: skipped.append((name, reason))
    )
    assert (report.read, report.kept) == (63, 60)
    assert report.read == report.kept + sum(entry.count for entry in report.skipped.values())
    assert [(Path(name).name, reason) for name, reason in skipped] == [
        ("pets.ndjson:8", "is not JSON"),
        ("pets.ndjson:10", "a coordinate is NaN or infinite"),
        ("pets.ndjson:31", "has no strokes"),
    ]
    assert report.categories == {"cat": 40, "dog": 20}
    assert sum(report.splits.values()) == 60
    text = "\n".join(report.lines())
    assert "read 63, kept 60" in text and "pets.ndjson:8" in text and "cat 40, dog 20" in text
    with open_data(tmp_path / "a.h5") as data:
        assert len(data) == 60
        assert data.categories == ["cat", "dog"]
        assert data.info["report"] == json.loads(json.dumps(report.to_dict()))
        assert data.info["licence"] == "CC BY 4.0"
        assert "Google" in data.info["attribution"]
        assert data.info["sources"] == [{"name": "pets.ndjson", "version": None}]
        assert str(tmp_path) not in json.dumps(data.info)
        assert data.scale_factor == report.scale_factor
        lengths = np.concatenate([split.lengths for split in data.splits.values()])
        assert report.after.mean == pytest.approx(lengths.mean())
        assert report.after.longest == lengths.max() <= report.before.longest


def test_the_longer_side_becomes_the_extent_and_small_detail_goes(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(line([[[10, 20, 30, 110], [5, 5.5, 5, 45]]]) + "\n")
    convert(path, tmp_path / "a.h5", splits=(1, 0, 0))
    with open_data(tmp_path / "a.h5") as data:
        (drawing,) = data["train"]
        assert drawing.bounds == pytest.approx((0, 0, 255, 102), abs=1e-4)
        assert drawing.num_points == 3
        assert (data.preparation.fit, data.preparation.epsilon) == ("longer_side", 2.0)
    convert(path, tmp_path / "b.h5", splits=(1, 0, 0), extent=100, epsilon=0)
    with open_data(tmp_path / "b.h5") as data:
        assert data["train"][0].bounds == pytest.approx((0, 0, 100, 40), abs=1e-4)
        assert data["train"][0].num_points == 4
        assert data.preparation.extent == 100


def test_keep_scale_leaves_coordinates_and_points(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(line([[[10, 20, 30], [5, 5.25, 5]]]) + "\n")
    convert(path, tmp_path / "a.h5", splits=(1, 0, 0), keep_scale=True)
    with open_data(tmp_path / "a.h5") as data:
        assert data["train"][0].strokes[0].tolist() == [[10, 5], [20, 5.25], [30, 5]]
        assert (data.preparation.fit, data.preparation.epsilon) == ("keep", 0.0)
        assert data.preparation.median_side == 20


def test_stroke_3_files_keep_numbers_and_splits(tmp_path):
    rows = [np.array([(3, 4, 0), (3, 4, 0), (1, -1, 1), (5, 5, 1)], np.int16) * [i, i, 1]
            for i in range(1, 9)]  # fmt: skip
    rows = [np.asarray(r, np.int16) for r in rows]
    path = save_npz(tmp_path / "pig.npz", train=rows[:5], valid=rows[5:7], test=rows[7:])
    report = convert(path, tmp_path / "a.h5")
    assert report.splits == {"train": 5, "valid": 2, "test": 1}
    with open_data(tmp_path / "a.h5") as data:
        stored = data["train"].rows(2)
        assert stored.dtype == np.int16
        assert np.array_equal(stored, rows[2])
        assert data.preparation.fit == "keep"
        assert data.preparation.median_side == pytest.approx(
            np.median([12 * i for i in range(1, 6)])
        )
        assert data.categories == ["pig"]
    report = convert(path, tmp_path / "b.h5", epsilon=1)
    assert report.before.longest == 4 and report.after.longest == 3


def test_int16_s_least_number_does_not_fit_and_is_skipped(tmp_path):
    rows = [np.array([(1, 1, 1)], np.int16), np.array([(-32768, 0, 1)], np.int16)]
    report = convert(save_npz(tmp_path / "a.npz", train=rows), tmp_path / "a.h5")
    assert report.kept == 1
    assert "16 bits" in next(iter(report.skipped))


def test_what_is_longer_than_max_steps_is_dropped_and_reported(ndjson, tmp_path):
    report = convert(ndjson, tmp_path / "a.h5", max_steps=8, epsilon=10)
    dropped = report.skipped["has more than 8 steps"]
    assert dropped.count > 5 and len(dropped.first) == 5
    assert report.after.longest <= 8
    assert report.kept + dropped.count == 60
    with open_data(tmp_path / "a.h5") as data:
        assert data.preparation.max_steps == 8


def test_the_division_depends_on_seed_and_content_not_on_order(ndjson, tmp_path):
    def members(name, **options):
        convert(ndjson, tmp_path / name, splits=(50, 25, 25), **options)
        with open_data(tmp_path / name) as data:
            return {split: set(data[split]) for split in data.splits}

    first = members("a.h5")
    good = ndjson.read_text().splitlines()
    ndjson.write_text("\n".join(reversed(good)))
    assert members("b.h5") == first
    assert members("c.h5", seed=1) != first
    ndjson.write_text("\n".join(good + good))  # copies are never torn apart
    assert members("d.h5") == first


def test_the_same_input_makes_the_same_file(ndjson, tmp_path):
    for name in ("a.h5", "b.h5"):
        convert(ndjson, tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_several_inputs_and_who_made_them(ndjson, tmp_path):
    svgs = tmp_path / "svgs"
    svgs.mkdir()
    for i in range(12):
        (svgs / f"{i}.svg").write_text(f'<svg><path d="M0 0L{i} 9C1 2 3 4 5 {i}"/></svg>')
    out = tmp_path / "a.h5"
    report = convert([ndjson, svgs], out, attribution="me and Google", limit=30)
    assert report.categories == {"cat": 30, "dog": 20, "": 12}
    assert report.skipped["is beyond the limit of 30 of a category"].count == 10
    with open_data(out) as data:
        assert [source["name"] for source in data.info["sources"]] == ["pets.ndjson", "svgs"]
        assert data.info["attribution"] == "me and Google"


def test_inputs_in_different_units_do_not_share_a_file(ndjson, tmp_path):
    npz = save_npz(tmp_path / "pig.npz", train=[[(1, 2, 1)]])
    with pytest.raises(BadSettingError, match="--keep-scale"):
        convert([ndjson, npz], tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()
    assert convert([ndjson, npz], tmp_path / "a.h5", keep_scale=True).kept == 61


def test_progress_counts_everything(ndjson, tmp_path):
    calls = []
    report = convert(ndjson, tmp_path / "a.h5", progress=lambda done, total: calls.append(done))
    assert calls == sorted(calls) and calls[-1] == report.read


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"epsilon": -1}, "epsilon"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"max_steps": 0}, "max_steps"),
        ({"splits": (0, 1, 1)}, "90,5,5"),
        ({"extent": 0}, "extent"),
        ({"limit": 0}, "limit"),
        ({"scripts": ["klingon"]}, "klingon"),
    ],
)
def test_settings_that_cannot_be_used(ndjson, tmp_path, options, problem):
    with pytest.raises(BadSettingError, match=problem):
        convert(ndjson, tmp_path / "out" / "a.h5", **options)
    assert not (tmp_path / "out").exists()


def test_no_inputs(tmp_path):
    with pytest.raises(BadSettingError, match="no input"):
        convert([], tmp_path / "a.h5")


def test_an_output_that_exists_is_not_touched_unless_asked(ndjson, tmp_path):
    out = tmp_path / "a.h5"
    out.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="--force"):
        convert(ndjson, out)
    with pytest.raises(OutputExistsError):  # said before anything is looked at
        convert(tmp_path / "missing", out)
    assert out.read_bytes() == b"precious"
    convert(ndjson, out, overwrite=True)
    with open_data(out) as data:
        assert len(data) == 60


def bad_inputs(folder: Path) -> dict[str, Path]:
    """Every bad input, by what is wrong with it."""
    texts = {
        "not xml.svg": "hello",
        "entities.svg": '<!DOCTYPE svg [<!ENTITY a SYSTEM "b">]><svg><path d="M0 0h9"/></svg>',
        "no strokes.svg": "<svg/>",
        "nan.ndjson": line([[[float("nan")], [1]]]),
        "infinite.ndjson": line([[[1e999], [1]]]),
        "no json.ndjson": "hello",
        "empty.ndjson": "",
        "empty.svg": "",
        "empty.npz": "",
        "wrong.png": "x",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "empty folder").mkdir()
    np.savez(folder / "not arrays.npz", train=np.array([{"a": 1}, None], dtype=object))
    save_npz(folder / "nan.npz", train=[[(np.nan, 0.0, 1.0)]])
    save_npz(folder / "no drawings.npz", train=[])
    return {path.name: path for path in folder.iterdir()} | {"missing": folder / "missing"}


def test_each_bad_input_is_one_line_and_leaves_nothing_behind(tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name, path in bad_inputs(inputs).items():
        with pytest.raises(SketchRNNError) as caught:
            convert(path, tmp_path / "out" / "a.h5")
        message = str(caught.value)
        assert "\n" not in message and name in message, message
        assert list((tmp_path / "out").glob("*")) == [], name


def test_interrupted_nothing_is_left_behind(ndjson, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(ndjson, tmp_path / "out" / "a.h5", on_skip=interrupt)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_single_drawing_that_falls_out_of_training(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(line(scribble(0)))
    with pytest.raises(BadFileError, match="--splits 100,0,0"):
        convert(path, tmp_path / "a.h5", splits=(1e-9, 1, 1))


def test_what_is_too_long_is_simplified_further_where_nobody_said_how_much(tmp_path):
    generator = np.random.default_rng(0)
    wild = [generator.normal(size=(n, 2)).cumsum(axis=0) for n in (9, 60, 400, 900)]
    lines = [json.dumps({"drawing": [stroke.T.tolist()]}) for stroke in wild]
    many = json.dumps({"drawing": [[[k, k + 9], [0, 90]] for k in range(30)]})
    source = tmp_path / "wild.ndjson"
    source.write_text("\n".join([*lines, many]))
    report = convert(source, tmp_path / "a.h5", max_steps=40, splits=(100, 0, 0))
    assert (report.kept, report.after.longest) == (4, 40)
    assert report.shortened == 3
    assert report.skipped["has more than 40 steps"].count == 1  # thirty strokes of two points
    assert "simplified further, to be short enough: 3" in report.lines()
    with open_data(tmp_path / "a.h5") as data:
        for kept, stroke in zip(data["train"], wild, strict=True):
            scaled = Drawing([stroke]).fit((255, 255))
            scaled = scaled.transform(1.0, tuple(-scaled.strokes[0][0]))
            tolerance = 2.0 if len(stroke) == 9 else _tolerance(scaled, 41)
            expected = scaled.simplify(tolerance).strokes[0]
            found = kept.strokes[0] - kept.strokes[0][0]
            np.testing.assert_allclose(found, expected, atol=1e-3)
            if len(stroke) > 9:
                assert len(scaled.simplify(0.999 * tolerance).strokes[0]) > len(expected)
    dropped = convert(source, tmp_path / "b.h5", max_steps=40, epsilon=2.0, splits=(100, 0, 0))
    assert dropped.kept == 1 and dropped.shortened == 0


def _tolerance(drawing, most_points):
    """The least tolerance that leaves so many points, but no less than 2."""
    weights = np.sort(geometry.weights(drawing.strokes[0], [drawing.num_points]))
    return max(2.0, weights[-most_points - 1] * (1 + 1e-9))


def test_everything_too_long(ndjson, tmp_path):
    with pytest.raises(BadFileError, match=r"nothing is left to keep \(has more than 1 steps\)"):
        convert(ndjson, tmp_path / "a.h5", max_steps=1, epsilon=2.0)


@pytest.fixture
def package():
    try:
        return kanjivg.installed_folder()
    except MissingDependencyError:
        pytest.skip("needs the package kanjivg")


def test_kanji_keep_their_size_and_place_in_the_box(package, tmp_path):
    report = convert("kanjivg", tmp_path / "a.h5", limit=60)
    assert report.kept == 60
    with open_data(tmp_path / "a.h5") as data:
        assert (data.preparation.fit, data.preparation.epsilon) == ("box", 1.5)
        assert data.info["licence"] == "CC BY-SA 3.0"
        assert "Ulrich Apel" in data.info["attribution"]
        drawing = data[0]
        assert drawing.metadata["box"] == 255.0
        original = read_kanjivg(package / drawing.metadata["source"])
        expected = np.array(original.bounds) * 255 / 109
        assert np.allclose(drawing.bounds, expected, atol=1.5)
        start = original.strokes[0][0] * 255 / 109
        assert np.allclose(drawing.strokes[0][0], start, atol=1e-4)
        assert len(drawing.strokes) == len(original.strokes)


def test_variants_fall_into_the_split_of_their_character(package, tmp_path):
    convert("kanjivg", tmp_path / "a.h5", limit=150, variants=True, splits=(50, 25, 25))
    with open_data(tmp_path / "a.h5") as data:
        codes = [
            {drawing.metadata["code_point"] for drawing in data[split]} for split in data.splits
        ]
        assert sum(len(c) for c in codes) == len(set.union(*codes)) < len(data) == 150


@pytest.mark.long
def test_all_kanji(package, tmp_path):
    report = convert("kanjivg", tmp_path / "a.h5")
    assert report.kept == 6416
    assert report.skipped["a variant of a character (asked for by --variants)"].count == 4959
    assert report.read == 11_662
    assert report.after.mean <= 45 and report.after.longest <= 100
    assert report.splits["train"] == pytest.approx(6416 * 0.9, abs=60)


def test_real_drawings(shared_data, tmp_path):
    paths = sorted((shared_data / "quickdraw" / "simplified_345").glob("ca*.ndjson"))
    report = convert(paths, tmp_path / "a.h5", max_steps=None)
    assert report.kept == 25 * len(paths)
    assert len(report.categories) == len(paths)
    with open_data(tmp_path / "a.h5") as data:
        assert max(d.bounds[2] for d in data["train"]) == pytest.approx(255, abs=1e-3)
        first = next(d for d in read_all(paths[0]))
        assert any(
            d.metadata.get("key_id") == first.metadata["key_id"]
            for s in data.splits.values()
            for d in s
        )


def test_a_report_is_all_numbers_and_names(ndjson, tmp_path):
    report = convert(ndjson, tmp_path / "a.h5")
    assert set(report.to_dict()) == {field.name for field in dataclasses.fields(report)}
    assert all("\n" not in text for text in report.lines())


def test_a_drawing_may_be_a_dot(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(line([[[5], [5]]]) + "\n" + line([[[0, 9], [0, 9]], [[3, 3], [4, 4]]]))
    convert(path, tmp_path / "a.h5", splits=(1, 0, 0))
    with open_data(tmp_path / "a.h5") as data:
        assert data["train"][0] == Drawing([[(0, 0)]], "cat")
        assert len(data["train"][1].strokes[1]) == 2


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"recognized": True}, {"a", "c"}),
        ({"countries": ["de", "US"]}, {"a", "b"}),
        ({"min_strokes": 2}, {"c"}),
        ({"max_strokes": 1, "min_points": 3}, {"b"}),
        ({"max_points": 2}, {"a"}),
    ],
)
def test_filters_keep_what_they_say_and_count_the_rest(tmp_path, options, kept):
    path = tmp_path / "a.ndjson"
    path.write_text(
        "\n".join(
            [
                line([[[0, 9], [0, 9]]], "a", countrycode="DE", recognized=True),
                line([[[0, 9, 9], [0, 9, 0]]], "b", countrycode="US", recognized=False),
                line([[[0, 9], [0, 9]], [[5], [5]]], "c", countrycode="FR", recognized=True),
            ]
        )
    )
    report = convert(path, tmp_path / "a.h5", splits=(1, 0, 0), **options)
    assert set(report.categories) == kept
    assert report.read == 3 == report.kept + sum(entry.count for entry in report.skipped.values())


def test_a_chosen_epsilon_is_the_least_that_makes_drawings_short_enough(ndjson, tmp_path):
    report = convert(ndjson, tmp_path / "a.h5", epsilon="auto", max_steps=7)
    assert report.kept == 60 and report.after.longest == 7
    assert report.epsilon_chosen and report.epsilon > 2
    with open_data(tmp_path / "a.h5") as data:
        assert data.preparation.epsilon == report.epsilon == data.info["report"]["epsilon"]
    less = convert(ndjson, tmp_path / "b.h5", epsilon=report.epsilon - 0.02, max_steps=7)
    assert less.kept < 60
    assert convert(ndjson, tmp_path / "c.h5", epsilon="auto").epsilon == 2.0
    with pytest.raises(BadSettingError, match="max-steps"):
        convert(ndjson, tmp_path / "d.h5", epsilon="auto", max_steps=None)


def test_exact_duplicates_are_counted(ndjson, tmp_path):
    assert convert(ndjson, tmp_path / "a.h5").duplicates == 0
    ndjson.write_text("\n".join([ndjson.read_text()] * 3))
    report = convert(ndjson, tmp_path / "b.h5")
    assert (report.duplicates, report.duplicates_exact) == (120, True)
    assert "exact duplicates: 120" in "\n".join(report.lines())


def test_raw_drawings_become_what_quick_draw_made_of_them(tmp_path):
    x = [0.0, 100.5, 510.0, 510.0]
    y = [0.0, 0.0, 0.0, 255.0]
    path = tmp_path / "raw.ndjson"
    path.write_text(line([[x, y, [0, 1, 2, 3]]]))
    report = convert(path, tmp_path / "a.h5", splits=(1, 0, 0))
    assert (report.before.longest, report.after.longest) == (3, 2)
    with open_data(tmp_path / "a.h5") as data:
        assert data[0] == Drawing([[(0, 0), (255, 0), (255, 128)]], "cat")
    convert(path, tmp_path / "b.h5", splits=(1, 0, 0), epsilon=0)
    with open_data(tmp_path / "b.h5") as data:
        assert data[0].num_points == 4


@pytest.mark.long
def test_four_files_in_one(shared_data, tmp_path):
    names = ("car", "sun", "backpack", "shoe")
    paths = [shared_data / f"quickdraw/simplified/{name}.ndjson" for name in names]
    report = convert(paths, tmp_path / "a.h5", max_steps=None)
    assert report.kept == 35_340
    assert report.categories == {"car": 11_641, "sun": 8_117, "backpack": 7_827, "shoe": 7_755}
    assert report.duplicates == 0


def test_a_batch_is_prepared_as_each_drawing_is():
    drawings = []
    generator = np.random.default_rng(3)
    for _ in range(40):
        strokes = [generator.uniform(0, 50, (n, 2)) for n in generator.integers(1, 30, 4)]
        drawings.append(Drawing(strokes, "cat", {"box": 100.0}))
    drawings.insert(7, Drawing([]))
    for fit in ("box", "longer_side"):
        preparation = Preparation(fit=fit, epsilon=3.0)
        assert preparation.apply_all(drawings) == [preparation.apply(d) for d in drawings]


def test_memory_of_duplicates_is_bounded():
    counter = DuplicateCounter(most=64)
    for number in range(4000):
        counter.add(Drawing([[(number % 2000, 0)]]))
    assert len(counter._seen) <= 64 and not counter.exact
    assert 500 < counter.count < 4000


def test_the_only_drawing_is_bad(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"drawing": 3}\n')
    with pytest.raises(
        BadFileError, match=r"its field `drawing` is not a list of strokes; mend the line$"
    ):
        convert(path, tmp_path / "a.h5")
    with pytest.raises(BadFileError, match=r"mend the line, or let `convert` skip it$"):
        next(read_all(path))


def test_the_limit_is_a_categorys_over_all_inputs(tmp_path):
    for name, words in (("a", "cat cat dog cat"), ("b", "dog cat dog bird dog")):
        (tmp_path / f"{name}.ndjson").write_text(
            "\n".join(
                line(scribble(k), word, key_id=f"{name}{k}") for k, word in enumerate(words.split())
            )
        )
    report = convert(
        [tmp_path / "a.ndjson", tmp_path / "b.ndjson"], tmp_path / "c.h5", limit=2, splits=(1, 0, 0)
    )
    assert report.categories == {"cat": 2, "dog": 2, "bird": 1}
    assert (report.read, report.kept) == (9, 5)
    with open_data(tmp_path / "c.h5") as data:
        kept = [drawing.metadata["key_id"] for drawing in data["train"]]
    assert kept == ["a0", "a1", "a2", "b0", "b3"]  # the first ones


def test_a_component_keeps_what_has_it_or_is_it(package, tmp_path):
    report = convert(
        ["kanjivg:木林休口山花"], tmp_path / "a.h5", components=["木", "化"], splits=(1, 0, 0)
    )
    with open_data(tmp_path / "a.h5") as data:
        assert {drawing.metadata["character"] for drawing in data["train"]} == set("木林休花")
    assert report.skipped["has none of the components"].count == 2


def test_an_input_is_never_replaced(tmp_path):
    path = tmp_path / "cat.ndjson"
    text = '{"word": "cat", "drawing": [[[0, 9], [0, 9]]]}\n'
    path.write_text(text, encoding="utf-8")
    for out in (path, tmp_path):
        with pytest.raises(BadSettingError, match="would replace the input"):
            convert(path, out, splits=(100, 0, 0), overwrite=True)
    assert path.read_text(encoding="utf-8") == text


def test_touching_ends_are_joined_within_and_across_paths(tmp_path):
    paths = "M0 0L40 0M40 0L80 40", "M80 40L80 80", "M0 80L20 80"
    body = "".join(f'<path d="{d}" fill="none" stroke="#123"/>' for d in paths)
    (tmp_path / "a.svg").write_text(f'<svg width="100" height="100">{body}</svg>')
    for join, strokes, steps in ((None, 4, 7), (0.1, 2, 5)):
        out = tmp_path / f"{join}.h5"
        convert(tmp_path / "a.svg", out, join=join, epsilon=0, splits=(1, 0, 0))
        with open_data(out) as data:
            (drawing,) = data["train"]
        assert (len(drawing.strokes), drawing.num_steps) == (strokes, steps)
    with pytest.raises(BadSettingError, match="join is"):
        convert(tmp_path / "a.svg", tmp_path / "b.h5", join=-1.0)


def test_filled_outlines_are_told_as_such(tmp_path):
    shape = '<path d="M10 20C10 14 90 14 90 20C90 26 10 26 10 20Z"/>'
    (tmp_path / "a.svg").write_text(f'<svg width="100" height="40">{shape}</svg>')
    report = convert(tmp_path / "a.svg", tmp_path / "a.h5", splits=(1, 0, 0))
    assert any("filled outlines" in line for line in report.lines())
