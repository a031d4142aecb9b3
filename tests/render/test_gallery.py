"""Galleries: where things stand, and at what scale."""

from __future__ import annotations

import numpy as np
import pytest

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.render import gallery


def square(side: float, **metadata: object) -> Drawing:
    return Drawing([[(0, 0), (side, 0), (side, side), (0, side), (0, 0)]], metadata=metadata)


def sides(page) -> list[float]:
    return [float(np.ptp(np.concatenate(picture.strokes)[:, 0])) for picture in page.pictures]


def centers(page) -> list[list[float]]:
    found = []
    for picture in page.pictures:
        points = np.concatenate(picture.strokes)
        found.append(((points.min(axis=0) + points.max(axis=0)) / 2).tolist())
    return found


def test_no_drawings_make_a_valid_page():
    for page in (gallery([]), gallery([], title="Nothing"), gallery([[], []], captions=[])):
        assert page.to_svg().startswith("<svg")
        assert page.page.width > 0
        assert page.page.height > 0


def test_cells_stand_in_rows():
    page = gallery([square(1)] * 5, columns=3, size=100, gap=10, page_margin=20).page
    assert (page.width, page.height) == (3 * 100 + 2 * 10 + 40, 2 * 100 + 10 + 40)
    assert centers(page) == [[70, 70], [180, 70], [290, 70], [70, 180], [180, 180]]


def test_fewer_drawings_than_columns_make_a_narrow_page():
    assert gallery([square(1)], columns=8, size=100, page_margin=20).page.width == 140


def test_rows_may_differ_in_length_and_have_empty_cells():
    page = gallery([[square(1), None, square(1)], [square(1)]], size=100, gap=0, page_margin=0).page
    assert (page.width, page.height) == (300, 200)
    assert centers(page) == [[50, 50], [250, 50], [50, 150]]


def test_the_small_stay_small_and_an_outlier_dwarfs_nobody():
    page = gallery([square(100)] * 18 + [square(10), square(1000)], size=120, margin=10).page
    assert sides(page) == [100] * 18 + [10, 100]


def test_each_drawing_fills_its_cell_where_asked():
    page = gallery([square(100), square(10), square(1000)], size=120, margin=10, fit="each").page
    assert sides(page) == [100, 100, 100]


def test_a_box_keeps_size_and_place():
    dash = Drawing([[(20, 80), (40, 80)]], metadata={"box": 100})
    page = gallery([dash, square(50, box=100)], size=120, margin=10, gap=0, page_margin=0).page
    assert page.pictures[0].strokes[0].tolist() == [[30, 90], [50, 90]]
    assert sides(page) == [20, 50]


def test_boxes_are_not_used_unless_all_have_one_or_it_is_asked_for():
    mixed = [square(50, box=100), square(50)]
    assert sides(gallery(mixed, size=120, margin=10).page) == [100, 100]
    assert sides(gallery(mixed, size=120, margin=10, fit="box").page) == [50, 100]
    assert sides(gallery(mixed[:1], size=120, margin=10, fit="common").page) == [100]


def test_coordinates_can_be_px_of_the_cell():
    page = gallery([square(7)] * 2, size=20, gap=5, page_margin=3, fit="none").page
    assert [picture.strokes[0][0].tolist() for picture in page.pictures] == [[3, 3], [28, 3]]


def test_dots_and_empty_drawings_do_not_set_the_scale():
    page = gallery([Drawing([]), Drawing([[(5, 5)]]), square(10)], size=120, margin=10).page
    assert len(page.pictures) == 3
    assert sides(gallery([Drawing([[(5, 5)]]), square(10)], size=120, margin=10).page) == [0, 100]


def test_degenerate_drawings_stay_in_their_cells(degenerate):
    page = gallery([square(1), degenerate], size=100, gap=0, page_margin=0).page
    for stroke in page.pictures[1].strokes:
        assert (stroke >= [100, 0]).all()
        assert (stroke <= [200, 100]).all()


def test_captions_stand_centred_under_their_cells():
    page = gallery([square(1)] * 3, columns=2, captions=["one", None, "three"], size=100).page
    assert [label.text for label in page.labels] == ["one", "three"]
    assert [(label.x, label.anchor) for label in page.labels] == [(74, "middle"), (74, "middle")]
    assert 124 < page.labels[0].y < page.height - 100
    bare = gallery([square(1)] * 3, columns=2, size=100).page
    assert page.height > bare.height
    assert page.width == bare.width


def test_long_captions_are_cut_and_kept_whole_for_the_pointer():
    whole = "a hippopotamus under a chandelier"
    page = gallery([square(1)], captions=[whole])
    (label,) = page.page.labels
    assert label.text.endswith("…")
    assert label.whole == whole
    assert f"<title>{whole}</title>" in page.to_svg()


def test_row_labels_stand_left_of_the_cells():
    rows = [[square(1)], [square(1)]]
    page = gallery(rows, row_labels=["original", "reconstruction"], page_margin=20).page
    left = min(picture.strokes[0][:, 0].min() for picture in page.pictures)
    assert all(label.x == 20 and label.x + 60 < left for label in page.labels)
    assert page.labels[0].y < page.labels[1].y


def test_a_long_title_is_broken_and_widens_a_narrow_page_only_so_far():
    page = gallery([square(1)], title="word " * 60).page
    assert len(page.labels) > 3
    assert page.width <= 400
    assert all("…" not in label.text for label in page.labels)


def test_a_title_keeps_the_margin(tmp_path):
    image = pytest.importorskip("PIL.Image")
    page = gallery([square(1)], title="A character that does not exist", page_margin=24)
    page.save(tmp_path / "page.png")
    pixels = np.asarray(image.open(tmp_path / "page.png").convert("L"))
    scale = pixels.shape[1] / page.page.width
    columns = np.flatnonzero((pixels < 200).any(axis=0)) / scale
    assert columns[-1] < page.page.width - 20  # bold letters run wider than plain ones


def test_a_grid_frames_the_cells():
    page = gallery([square(1), None, square(1)], grid=True, size=100, gap=10, page_margin=0).page
    assert [(frame.x, frame.width) for frame in page.frames] == [(0, 100), (220, 100)]


def test_drawings_may_come_from_a_generator():
    assert len(gallery(square(1) for _ in range(3)).page.pictures) == 3


def test_five_hundred_drawings(strokes_of):
    svg = gallery([square(1)] * 500, columns=25).to_svg()
    assert len(strokes_of(svg)) == 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": 0}, "columns is 0"),
        ({"columns": 2.5}, "columns is 2.5"),
        ({"captions": ["a"]}, "1 captions for 2 drawings"),
        ({"captions": "ab"}, "captions is one text"),
        ({"row_labels": ["a", "b"]}, "2 row_labels for 1 row"),
        ({"gap": -1}, "gap is -1"),
        ({"page_margin": None}, "page_margin is None"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(BadSettingError, match=message):
        gallery([square(1)] * 2, **arguments)


@pytest.mark.parametrize("drawings", [[square(1), 7], [[square(1)], square(1)], [[7]]])
def test_what_is_not_drawings_is_refused(drawings):
    with pytest.raises(BadSettingError, match="drawings"):
        gallery(drawings)


def test_a_notebook_shows_a_page_but_not_a_huge_one():
    assert gallery([square(1)])._repr_svg_().startswith("<svg")
    line = Drawing([[(k, k % 2) for k in range(1000)]])
    assert gallery([line] * 201)._repr_svg_() is None
    on_paper = gallery([square(k + 1) for k in range(50)], columns=5, paper="A4")
    assert len(on_paper.sheets) == 2
    assert on_paper._repr_svg_().count("<path") == 50


def test_paper_is_filled_and_a_pdf_takes_as_many_sheets_as_it_needs(tmp_path):
    drawings = [square(k + 1, number=k) for k in range(50)]
    page = gallery(drawings, columns=5, paper="A4", title="Fifty", captions=range(50))
    assert page.page.width == pytest.approx(210 * 96 / 25.4, abs=0.1)
    assert [len(sheet.pictures) for sheet in page.sheets] == [30, 20]
    for sheet in page.sheets:
        assert (sheet.width, sheet.height) == pytest.approx((210 * 96 / 25.4, 297 * 96 / 25.4))
        for picture in sheet.pictures:
            left, top, width, height = picture.cell
            assert left >= 24 - 0.01 and left + width <= sheet.width - 24 + 0.01
            assert top >= 24 - 0.01 and top + height <= sheet.height - 24 + 0.01
            for stroke in picture.strokes:
                assert (stroke >= [left, top]).all()
                assert (stroke <= [left + width, top + height]).all()
    texts = [label.text for sheet in page.sheets for label in sheet.labels]
    assert sorted(texts) == sorted(["Fifty", *map(str, range(50))])
    with pytest.raises(BadSettingError, match=r"2 sheets of paper do not go into one .*pdf"):
        page.save(tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("cairocffi", exc_type=(ImportError, OSError))
    reader = pypdf.PdfReader(page.save(tmp_path / "a.pdf"), strict=True)
    sides = [[float(side) * 25.4 / 72 for side in sheet.mediabox[2:]] for sheet in reader.pages]
    assert sides == [pytest.approx([210, 297], abs=0.1)] * 2


def test_one_sheet_is_an_svg_in_millimetres():
    svg = gallery([square(1)] * 6, columns=3, paper="letter", landscape=True).to_svg()
    assert 'width="279.4mm"' in svg
    assert 'height="215.9mm"' in svg
    page = gallery([square(1)] * 2, columns=1, paper=(100, 300), size=40, row_labels=["a", "b"])
    assert len(page.sheets) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paper": "A9"}, "no paper is called"),
        ({"landscape": True}, "landscape is for paper"),
        ({"paper": "A6", "size": 900}, "does not fit on A6"),
        ({"paper": "A6", "columns": 500}, "leave no room"),
    ],
)
def test_what_fits_on_no_paper_is_refused(options, message):
    with pytest.raises(BadSettingError, match=message):
        gallery([square(1)] * 4, **options)
