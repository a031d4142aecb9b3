"""Numbers that are none, nesting without end, bombs, files within files: one line, soon."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib

import numpy as np
import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources import open_source


def line(drawing: object) -> bytes:
    return json.dumps({"word": "cat", "drawing": drawing}).encode() + b"\n"


def hanzi(medians: str) -> bytes:
    return f'{{"character": "一", "medians": {medians}}}\n'.encode()


def svg(body: str, head: str = "") -> bytes:
    return f'{head}<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>'.encode()


def npz(*rows: object) -> bytes:
    drawings = np.empty(len(rows), dtype=object)
    drawings[:] = [np.array(its, dtype=np.float64) for its in rows]
    file = io.BytesIO()
    np.savez_compressed(file, train=drawings)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """A picture that says it is large and has nothing in it."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    parts = (
        struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in (head, body)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


DEEP = "[" * 1000 + "]" * 1000
USES = "".join(f'<g id="a{n}">{f"""<use href="#a{n - 1}"/>""" * 10}</g>' for n in range(1, 12))
BAD = {
    "nan.ndjson": (b'{"drawing": [[[NaN, 1], [0, 1]]]}', "NaN or infinite"),
    "infinite.ndjson": (b'{"drawing": [[[1e999, 1], [0, 1]]]}', "NaN or infinite"),
    "digits.ndjson": (b'{"drawing": [[[' + b"9" * 5000 + b"], [1]]]}", "is not JSON"),
    "long.ndjson": (line([[[0] * 100_001] * 2]), "more than 100,000 points"),
    "deep.ndjson": (f'{{"drawing": {DEEP * 100}}}'.encode(), "nests too deeply"),
    "unequal.ndjson": (line([[[1, 2, 3], [1, 2]]]), "x and y of a stroke differ"),
    "stroke.ndjson": (line([[[], []]]), "has no points"),
    "nan.jsonl": (b"[[[NaN, 1], [2, 3]]]", "NaN or infinite"),
    "digits.jsonl": (b"[[[" + b"9" * 400 + b", 1], [2, 3]]]", "must be numbers"),
    "deep.jsonl": (DEEP.encode() * 100, "nests too deeply"),
    "nan.txt": (b"START\nNaN,2,3\nBREAK\n", "is not x,y,t"),
    "far.txt": (b"START\n1e300,2,3\nBREAK\n", "far outside"),
    "graphics.txt": (hanzi("[[[NaN, 2], [3, 4]]]"), "far outside"),
    "far/graphics.txt": (hanzi("[[[1e300, 2], [3, 4]]]"), "far outside"),
    "deep/graphics.txt": (hanzi(DEEP * 100), "nests too deeply"),
    "empty/graphics.txt": (hanzi("[]"), "has no strokes"),
    "nan.svg": (svg('<path d="M0 0LNaN 3"/>'), "cannot be read"),
    "infinite.svg": (svg('<path d="M0 0L1e999 3"/>'), "NaN or infinite"),
    "far.svg": (svg('<path d="M0 0L1e300 3"/>'), "too large"),
    "scale.svg": (svg('<g transform="scale(1e300 1e300)"><path d="M0 0h1e99"/></g>'), "infinite"),
    "deep.svg": (svg("<g>" * 1000 + '<path d="M0 0h1"/>' + "</g>" * 1000), "elements deep"),
    "itself.svg": (svg('<g id="a"><use href="#a"/></g>'), "uses itself"),
    "uses.svg": (svg(f'<path id="a0" d="M0 0h1"/>{USES}<use href="#a11"/>'), "draws more than"),
    "other.svg": (svg('<use href="file:///etc/passwd#a"/>'), "uses another file"),
    "entity.svg": (
        svg("", '<!DOCTYPE svg [<!ENTITY a SYSTEM "x.txt">]>'),
        "declares an XML entity",
    ),
    "parameter.svg": (svg("", '<!DOCTYPE svg [<!ENTITY % a SYSTEM "b"> %a;]>'), "XML entity"),
    "nan.inkml": (b"<ink><trace>NaN 2, 3 4</trace></ink>", "for a number"),
    "empty.inkml": (b"<ink><trace></trace></ink>", "has no traces"),
    "deep.inkml": (b"<ink>" + b"<traceGroup>" * 1000 + b"</traceGroup>" * 1000, "elements deep"),
    "entity.inkml": (b'<!DOCTYPE ink [<!ENTITY a SYSTEM "x.txt">]><ink/>', "XML entity"),
    "nan.npz": (npz([[np.nan, 2, 1]], [[1, 2, 1], [3, 4, 1]]), "NaN or infinite"),
    "far.npz": (npz([[1e308, 2, 0], [1e308, 0, 1]], [[1, 2, 1]]), "NaN or infinite"),
    "stroke.bin": (struct.pack("<Q2sbIHH", 5, b"DE", 1, 0, 1, 0), "no points"),
    "strokes.bin": (struct.pack("<Q2sbIH", 5, b"DE", 1, 0, 9) + b"\xff" * 500_000, "points"),
    "bomb.ndjson.gz": (gzip.compress(b'{"drawing": ' + b" " * (17 << 20) + b"}"), "unpacks to"),
    "bomb.svgz": (gzip.compress(b"<svg>" + b" " * (17 << 20) + b"</svg>"), "unpacks to"),
    "bomb.png": (png(30_000, 30_000), "million pixels"),
    "large.png": (png(5000, 5000), "million"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_line_that_names_the_file(tmp_path, name):
    data, problem = BAD[name]
    if name.endswith(".png"):
        pytest.importorskip("skimage")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    with pytest.raises(BadFileError) as caught:
        list(open_source(path).items())
    message = str(caught.value)
    assert problem in message and path.name in message
    assert "\n" not in message and len(message) < 500


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "doctype.svg",
            svg('<path d="M0 0h1"/>', '<!DOCTYPE svg PUBLIC "-//W3C//DTD" "http://x/y">'),
        ),
        ("outside.svg", svg('<path d="M0 0h1"/>', '<!DOCTYPE svg SYSTEM "file:///etc/passwd">')),
        ("far.ndjson", line([[[0, 1e300], [0, 1e300]]])),
        ("far.jsonl", b"[[[1e300, 1], [-1e300, 3]]]"),
        ("far.inkml", b"<ink><trace>1e300 2, 3 4</trace></ink>"),
    ],
)
def test_what_is_odd_and_no_harm(tmp_path, name, data):
    """A document type alone is fine, what it names is not fetched; large numbers are numbers."""
    (tmp_path / name).write_bytes(data)
    (item,) = open_source(tmp_path / name).items()
    assert item.drawing.num_points == 2
    assert item.drawing.simplify(1.0).num_points == 2


def test_a_bad_drawing_among_good_ones_is_skipped_and_named(tmp_path):
    good = line([[[0, 9], [0, 9]]])
    (tmp_path / "a.ndjson").write_bytes(good + line([[[1], [1, 2]]]) + b"{\n" + good)
    skipped: list[tuple[str, str]] = []
    items = list(open_source(tmp_path / "a.ndjson").items(lambda *what: skipped.append(what)))
    assert [item.name for item in items] == ["a.ndjson:1", "a.ndjson:4"]
    assert [name for name, _ in skipped] == ["a.ndjson:2", "a.ndjson:3"]
