"""InkML: channels, differences, groups, definitions, and what is refused."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import BadDrawingError, BadFileError
from sketchrnn.sources import open_source, read, read_all
from sketchrnn.sources.inkml import DEFAULT_FORMAT, Channel, TraceFormat, decode_trace, read_inkml


def ink(body: str) -> bytes:
    return f'<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">{body}</ink>'.encode()


def strokes(body: str) -> list[list[list[list[float]]]]:
    return [[s.tolist() for s in drawing.strokes] for drawing in read_inkml(ink(body), "a.inkml")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 0, 9 14", [[10, 0], [9, 14]]),
        ("10 0 , 9 14,", [[10, 0], [9, 14]]),
        # the example of the standard, section 3.2.1
        (
            "1125 18432,'23'43,\"7\"-8,3-5,7-3,6 2,6 8,3 6,2 4,*-1,-3 6",
            [
                [1125, 18432], [1148, 18475], [1178, 18510], [1211, 18540], [1251, 18567],
                [1297, 18596], [1349, 18633], [1404, 18676], [1461, 18723],
            ],
        ),
        ("#A #-F", None),
        ("#A -#F", [[10, -15]]),
        ("1 2, !3 4, '1'1, !9 9", [[1, 2], [3, 4], [4, 5], [9, 14]]),
        ("1 2, ? 4", [[1, 2], [1, 4]]),
        ("", []),
    ],
)  # fmt: skip
def test_the_text_of_a_trace(text, expected):
    if expected is None:
        with pytest.raises(BadDrawingError):
            decode_trace(text, DEFAULT_FORMAT)
    else:
        assert decode_trace(text, DEFAULT_FORMAT).tolist()[: len(expected or [])] == expected


def test_channels_in_any_order_and_direction():
    format_ = TraceFormat((Channel("F"), Channel("Y", reversed=True), Channel("X")))
    assert decode_trace("0.5 2 1, 0.6 4 3 T", format_).tolist() == [[1, -2], [3, -4]]


FORMAT = '<traceFormat xml:id="{}"><channel name="Y"/><channel name="X"/>{}</traceFormat>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<trace>1 2,3 4</trace><trace>5 6</trace>", [[[[1, 2], [3, 4]], [[5, 6]]]]),
        ('<trace type="penUp">1 2</trace><trace>5 6</trace>', [[[[5, 6]]]]),
        (FORMAT.format("f", "") + "<trace>1 2</trace>", [[[[2, 1]]]]),
        (
            "<context>" + FORMAT.format("f", "") + "</context><trace>1 2</trace>",
            [[[[2, 1]]]],
        ),
        (
            "<definitions>"
            + FORMAT.format("f", "")
            + '<context xml:id="c" traceFormatRef="#f"/><trace>7 7</trace></definitions>'
            '<trace contextRef="#c">1 2</trace><trace>1 2</trace>',
            [[[[2, 1]], [[1, 2]]]],
        ),
        (
            FORMAT.format("f", '<intermittentChannels><channel name="F"/></intermittentChannels>')
            + "<trace>1 2 9,3 4</trace>",
            [[[[2, 1], [4, 3]]]],
        ),
        # groups: one is the drawing, several are drawings, inner ones are not
        (
            "<trace>1 1</trace><traceGroup><trace>2 2</trace></traceGroup>",
            [[[[1, 1]], [[2, 2]]]],
        ),
        (
            "<traceGroup><trace>1 1</trace></traceGroup><trace>3 3</trace>"
            "<traceGroup><traceGroup><trace>2 2</trace></traceGroup>"
            "<trace>4 4</trace></traceGroup>",
            [[[[3, 3]]], [[[1, 1]]], [[[2, 2]], [[4, 4]]]],
        ),
        ("<trace>1 1</trace><traceGroup><traceView/></traceGroup>", [[[[1, 1]]]]),
        (
            '<trace id="a" continuation="begin">1 1</trace><trace>8 8</trace>'
            '<trace id="b" priorRef="#a" continuation="middle">2 2</trace>'
            '<trace priorRef="#b" continuation="end">3 3</trace>',
            [[[[1, 1], [2, 2], [3, 3]], [[8, 8]]]],
        ),
    ],
)
def test_files(body, expected):
    assert strokes(body) == expected


def test_annotations_and_names(tmp_path):
    path = tmp_path / "two.inkml"
    group = '<traceGroup><annotation type="truth">{0}</annotation><trace>1 1</trace></traceGroup>'
    path.write_bytes(ink('<annotation type="writer">A</annotation>' + group.format("x") * 2))
    items = list(open_source(path).items())
    assert [item.name for item in items] == ["two.inkml[0]", "two.inkml[1]"]
    assert items[0].drawing.metadata == {
        "source": "two.inkml",
        "annotation writer": "A",
        "annotation truth": "x",
    }
    (tmp_path / "b.svg").write_bytes(ink("<trace>1 2</trace>"))  # known by its content
    assert read(tmp_path / "b.svg").num_points == 1


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (ink(""), "has no traces"),
        (ink("<trace></trace>"), "has no traces"),
        (ink("<trace>1</trace>"), "trace 1: point 0 has fewer than 2 numbers"),
        (ink("<trace>1 x</trace>"), "trace 1: point 0 has 'x' for a number"),
        (ink("<trace>'1 2</trace>"), "difference before any value"),
        (ink("<trace>1e999 2</trace>"), "infinite"),
        (ink('<trace xml:id="t7">1 nan</trace>'), "trace t7"),
        (ink(FORMAT.format("f", "").replace('"X"', '"Z"')), "no channels X and Y"),
        (ink('<trace contextRef="http://example.invalid/c">1 2</trace>'), "another file"),
        (ink("<g>" * 1000 + "</g>" * 1000), "deep"),
        (b"<html/>", "not SVG|not InkML"),
        (b"<ink><trace>1 2</trace>", "is not XML"),
        (b'<!DOCTYPE ink [<!ENTITY a SYSTEM "x.txt">]><ink><trace>&a;</trace></ink>', "entity"),
    ],
)
def test_what_is_refused(tmp_path, data, problem):
    path = tmp_path / "a.inkml"
    path.write_bytes(data)
    with pytest.raises(BadFileError, match=problem) as caught:
        list(read_all(path))
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_too_many_points(monkeypatch):
    monkeypatch.setattr("sketchrnn.sources.inkml.MAX_POINTS", 5)
    assert len(strokes("<trace>1 1,2 2,3 3</trace><trace>1 1</trace>")[0]) == 2
    with pytest.raises(BadFileError, match="more than"):
        strokes("<trace>1 1,2 2,3 3</trace><trace>1 1,2 2,3 3</trace>")


LABELS = b"""<ink><annotation type="truth">$a+b$</annotation><trace id="t1">0 0, 1 1</trace>
<trace id="t2">2 0, 2 2</trace><trace id="t3">5 5</trace><traceGroup><annotation type="truth">
Segmentation</annotation><traceGroup><annotation type="truth">+</annotation>
<traceView traceDataRef="t1"/><traceView traceDataRef="#t2"/></traceGroup><traceGroup>
<annotation type="truth"> a </annotation><traceView traceDataRef="t3"/></traceGroup>
</traceGroup></ink>"""


def test_labels_are_categories_and_symbols_can_be_had_one_by_one(tmp_path):
    path = tmp_path / "a.inkml"
    path.write_bytes(LABELS)
    whole = read(path)
    assert whole.category == "$a+b$" and len(whole.strokes) == 3
    found = [item.drawing for item in open_source(path, symbols=True).items()]
    assert [(d.category, len(d.strokes)) for d in found] == [("+", 2), ("a", 1)]
    path.write_bytes(b"<ink><trace>1 2</trace></ink>")
    with pytest.raises(BadFileError, match="no labelled symbols"):
        list(open_source(path, symbols=True).items())
    view = b'<traceView traceDataRef="t3"/>'
    path.write_bytes(LABELS.replace(view, view * 2))
    with pytest.raises(BadFileError, match="more than one symbol"):
        list(open_source(path, symbols=True).items())


def test_notes_of_a_file_do_not_multiply():
    notes = "".join(f'<annotation type="n{n}">{"x" * 1000}</annotation>' for n in range(100))
    groups = "<traceGroup><trace>1 2</trace></traceGroup>" * 3
    for drawing in read_inkml(f"<ink>{notes}{groups}</ink>".encode(), "a.inkml"):
        assert len(str(drawing.metadata)) < 20_000
