"""Xournal++, IAM-OnDB and UNIPEN: strokes as they were written, in one line what is wrong."""

from __future__ import annotations

import gzip

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources import open_source, read_all

XOPP = b"""<?xml version="1.0"?><xournal creator="x"><title/><page width="612" height="792">
<background type="solid"/><layer><stroke tool="pen" width="1.4 2">0 1 2 3</stroke><text>a</text>
<stroke tool="eraser">5 5 6 6</stroke></layer></page><page><layer/></page>
<page><layer><stroke tool="pen">7 8 7 8</stroke></layer></page></xournal>"""
IAM = b"""<?xml version="1.0"?><WhiteboardCaptureSession><StrokeSet><Stroke colour="black">
<Point x="1" y="2" time="5"/><Point x="3" y="4" time="6"/></Stroke><Stroke><Point x="5" y="6"/>
</Stroke></StrokeSet></WhiteboardCaptureSession>"""
UNIPEN = b""".VERSION 1.0
.COORD X Y T P
.SEGMENT CHARACTER 0-1 ? "a"
.PEN_DOWN
 1 2 0 9
 3 4 1 9
.PEN_UP
 4 4 2 0
.PEN_DOWN
 5 6 3 9
.PEN_UP
"""


def found(path, data):
    path.write_bytes(data)
    return [[stroke.tolist() for stroke in drawing.strokes] for drawing in read_all(path)]


def test_pages_of_xournal_are_drawings(tmp_path):
    for data in (XOPP, gzip.compress(XOPP)):
        pages = found(tmp_path / "a.xopp", data)
        assert pages == [[[[0, 1], [2, 3]]], [[[7, 8], [7, 8]]]]
    first = next(read_all(tmp_path / "a.xopp"))
    assert first.metadata == {"source": "a.xopp", "ignored": "text"}


def test_iam_and_unipen(tmp_path):
    strokes = [[[1, 2], [3, 4]], [[5, 6]]]
    assert found(tmp_path / "a.xml", IAM) == [strokes]
    upwards = [[[x, -y] for x, y in stroke] for stroke in strokes]
    for name in ("a.unp", "a.dat", "a.txt"):
        assert found(tmp_path / name, UNIPEN) == [upwards]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<xournal/>", "has no strokes"),
        (b"<xournal><page><stroke>1 b</stroke></page></xournal>", "stroke 0: has a point"),
        (b'<WhiteboardCaptureSession><Stroke><Point x="1"/></Stroke>', "is not XML"),
        (b".VERSION 1\n.COORD T\n.PEN_DOWN\n1\n", "line 2: .COORD names no X and Y"),
        (b".VERSION 1\n.COORD X Y\n.PEN_DOWN\n1 2 3\n", "line 4: has 3 numbers"),
        (b".VERSION 1\n.PEN_DOWN\n1 nan\n", "NaN"),
        (b"\x93NUMPY\x01\x00", "single array of NumPy"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"PK\x05\x06" + bytes(18), "of no known kind"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, data, problem):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(BadFileError, match=problem) as caught:
        list(open_source(tmp_path / "a").items())
    assert "\n" not in str(caught.value)
