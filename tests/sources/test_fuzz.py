"""Whatever a file holds, reading it gives drawings or one line: never another error, never a hang.

A small valid file of each kind is cut off at every byte, and its bytes are changed by Hypothesis.
For a longer run, set how many examples each kind gets:

    SKETCHRNN_FUZZ=20000 .venv/bin/python -m pytest tests/sources/test_fuzz.py
"""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
from collections.abc import Callable

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchrnn.drawing import BadDrawingError, BadFileError
from sketchrnn.sources import open as opening
from sketchrnn.sources import open_source
from sketchrnn.sources.open import kind_of_file

EXAMPLES = int(os.environ.get("SKETCHRNN_FUZZ", "60"))

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="2cm">
<g transform="scale(2)">
<path d="M0 0h1v1zm1 1c1 2 3 4 5 6s1 2 3 4Q1 2 3 4T1 2A3 2 10 0 1 5 6"/><use href="#a" x="1"/></g>
<style>.b, rect#a{transform:scale(1); display:none !important}</style>
<defs><rect id="a" width="3" height="50%" rx="1"/></defs><polygon points="0,0 1,1 2,0"/></svg>"""
KANJIVG = """<svg viewBox="0 0 109 109"><g id="kvg:StrokePaths_x"><g id="x" kvg:element="二"
kvg:position="top"><path kvg:type="㇐" d="M10,10c2,5,3,6,9,20S1,2,3,4"/></g></g></svg>""".encode()
INKML = b"""<ink><definitions><context xml:id="c"><traceFormat><channel name="Y"/>
<channel name="X"/></traceFormat></context></definitions>
<traceGroup><trace contextRef="#c">1 2,'3 4,"1 -1,* ?</trace>
</traceGroup><traceGroup><trace>#A 5,!6 7</trace></traceGroup></ink>"""
HANZI = '{"character":"一","strokes":["M 1 2"],"medians":[[[0,900],[512,400]]]}\n'.encode()
OMNIGLOT = b"START\n20,-30,0\n40.5,-30,35\nBREAK\n60,-80,900\nBREAK\n"
POLYLINES = (
    b'{"strokes": [[[0, 1], [2.5, -3e1]]], "category": "a", "box": 9}\n[[[1, 2]], [[3, 4]]]\n'
)
NDJSON = (
    b'{"word":"cat","countrycode":"DE","recognized":true,"drawing":[[[0,9],[0,9]],[[1],[2]]]}\n'
)
XOPP = b'<xournal><page><layer><stroke tool="pen">0 1 2 3</stroke></layer></page></xournal>'
IAM = (
    b"<WhiteboardCaptureSession><StrokeSet><Stroke>"
    b'<Point x="1" y="2" time="5"/><Point x="3" y="4" time="6"/>'
    b"</Stroke></StrokeSet></WhiteboardCaptureSession>"
)
UNIPEN = b".VERSION 1.0\n.COORD X Y T\n.PEN_DOWN\n1 2 0\n3 -4e0 1\n.PEN_UP\n.PEN_DOWN\n5 6 9\n"
PACKED = struct.pack("<Q2sbIHH", 5, b"DE", 1, 1500000000, 1, 3) + bytes([0, 9, 9, 0, 0, 9])


def npz() -> bytes:
    file = io.BytesIO()
    rows = np.empty(2, dtype=object)
    rows[0] = np.array([[1, 2, 0], [3, 4, 1]], np.int16)
    rows[1] = rows[0][:1]
    np.savez_compressed(file, train=rows)
    return file.getvalue()


def picture(kind: str) -> bytes:
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("skimage")
    pixels = np.full((40, 40), 240, np.uint8)
    pixels[4:36, 19:22] = pixels[18:21, 4:36] = 20
    file = io.BytesIO()
    image.fromarray(pixels).save(file, kind)
    return file.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "a.svg": lambda: SVG,
    "04e8c.svg": lambda: KANJIVG,
    "a.inkml": lambda: INKML,
    "graphics.txt": lambda: HANZI * 2,
    "0001.txt": lambda: OMNIGLOT,
    "a.jsonl": lambda: POLYLINES,
    "a.json": lambda: json.dumps([[[1, 2], [3, 4]]], indent=1).encode(),
    "a.ndjson": lambda: NDJSON * 2,
    "a.ndjson.gz": lambda: gzip.compress(NDJSON * 2, mtime=0),
    "a.bin": lambda: PACKED * 2,
    "a.npz": npz,
    "a.xopp": lambda: gzip.compress(XOPP, mtime=0),
    "iam.xml": lambda: IAM,
    "a.unp": lambda: UNIPEN,
    "a.png": lambda: picture("PNG"),
    "a.jpg": lambda: picture("JPEG"),
}


def read_anyway(path, data: bytes) -> int:
    """Read a file as `convert` does, and strictly; return how many drawings there were."""
    path.write_bytes(data)
    kept = 0
    for on_skip in (None, lambda name, reason: None):
        try:
            kept = len(list(open_source(path).items(on_skip)))
        except (BadFileError, BadDrawingError) as error:
            message = str(error)
            assert "\n" not in message and len(message) < 1000
            kept = 0
    return kept


def test_every_reader_has_a_file(tmp_path):
    kinds = set()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content())
        kinds.add(kind_of_file(tmp_path / name))
    assert kinds == {*opening._READERS, "svg", "npz"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_at_every_byte(tmp_path, name):
    data = FILES[name]()
    path = tmp_path / name
    assert read_anyway(path, data) > 0
    for length in range(len(data)):
        read_anyway(path, data[:length])


_TELLING = [b"", b"\0", b"\xff", b"-", b"9" * 30, b"1e999", b"nan", b"[", b"<", b'"', b"&a;", b"z"]
edits = st.lists(
    st.tuples(
        st.integers(0, 1 << 16),  # where
        st.integers(0, 8),  # how many bytes go
        st.one_of(st.sampled_from(_TELLING), st.binary(max_size=6)),  # what comes
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("name", FILES)
@hypothesis.settings(
    max_examples=EXAMPLES,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@given(edits=edits)
def test_a_file_with_changed_bytes(tmp_path, name, edits):
    data = FILES[name]()
    for where, gone, come in edits:
        at = where % (len(data) + 1)
        data = data[:at] + come + data[at + gone :]
    read_anyway(tmp_path / name, data)


@pytest.mark.parametrize("name", FILES)
def test_content_counts_more_than_a_wrong_suffix(tmp_path, name):
    if name.endswith(".bin"):
        pytest.skip("a packed record has no mark of its own")
    for wrong in ("x.svg", "x.ndjson", "x.png", "x.dat", "x"):
        assert read_anyway(tmp_path / wrong, FILES[name]()) > 0
