"""Saving to a file object."""

from __future__ import annotations

import io

import pytest

import sketchrnn as sr
from sketchrnn.drawing import BadSettingError

LINE = sr.Drawing([[(0, 0), (9, 9)]])


@pytest.mark.parametrize("saved", [LINE, sr.gallery([LINE, LINE])], ids=["drawing", "gallery"])
def test_a_file_object_gets_what_a_file_gets(tmp_path, saved):
    for format in ("svg", "png", ".pdf"):
        file = io.BytesIO()
        assert saved.save(file, format) is None
        path = saved.save(tmp_path / f"page.{format.removeprefix('.')}")
        assert path is not None
        if format != ".pdf":  # which says when it was made
            assert file.getvalue() == path.read_bytes()
        assert file.getvalue()[:4] == path.read_bytes()[:4]


@pytest.mark.parametrize("saved", [LINE, sr.gallery([LINE])], ids=["drawing", "gallery"])
def test_text_goes_to_a_file_that_is_open_for_text(saved):
    file = io.StringIO()
    saved.save(file, "svg")
    assert file.getvalue().startswith("<svg")
    with pytest.raises(BadSettingError, match='open it with "wb"'):
        saved.save(io.StringIO(), "png")


@pytest.mark.parametrize("saved", [LINE, sr.gallery([LINE])], ids=["drawing", "gallery"])
def test_a_format_is_needed_and_known(saved):
    with pytest.raises(BadSettingError, match="name a format"):
        saved.save(io.BytesIO())
    with pytest.raises(BadSettingError, match="jpg"):
        saved.save(io.BytesIO(), "jpg")
    with pytest.raises(BadSettingError, match="format is True"):
        saved.save(io.BytesIO(), True)


def test_a_format_may_name_what_the_suffix_does_not(tmp_path):
    path = LINE.save(tmp_path / "page", "svg")
    assert path is not None
    assert path.read_text().startswith("<svg")
