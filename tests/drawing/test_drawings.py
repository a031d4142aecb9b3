"""Lists of drawings: lists in every way, and pages in a notebook."""

from __future__ import annotations

import copy
import pickle

from sketchrnn.drawing import Drawing, Drawings

LINE = Drawing([[(0, 0), (9, 3)]])


def test_it_is_a_list():
    some = Drawings([LINE] * 3)
    assert some == [LINE] * 3
    assert some == [LINE] * 3
    assert isinstance(some, list)
    assert repr(some) == repr([LINE] * 3)
    some.append(LINE)
    assert len(some) == 4
    assert [*some, LINE] == [LINE] * 5
    assert pickle.loads(pickle.dumps(some)) == copy.copy(some) == some


def test_a_part_of_it_is_one_as_well():
    some = Drawings([LINE] * 3)
    assert some[0] is LINE
    for part in (some[1:], some[:2], some[:1] + some[1:2]):
        assert type(part) is Drawings
        assert part == [LINE] * 2


def test_a_notebook_shows_it_as_a_page():
    picture = Drawings([LINE] * 9)._repr_svg_()
    assert picture is not None
    assert picture.count('class="drawing"') == 9
    rows = Drawings([[LINE, None], [LINE, LINE]])._repr_svg_()
    assert rows is not None
    assert rows.count('class="drawing"') == 3


def test_what_is_no_page_is_shown_as_a_list():
    assert Drawings()._repr_svg_() is None
    assert Drawings([LINE, 7])._repr_svg_() is None
    assert Drawings([Drawing([[(k, k % 7) for k in range(99_999)]])] * 9)._repr_svg_() is None
