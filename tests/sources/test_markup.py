"""XML from anywhere: bounded, and no entity is expanded beyond a short text."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.content import MAX_DEPTH, read_bytes, walk


def tags(data: bytes) -> list[str]:
    seen: list[str] = []
    walk(data, "x.svg", lambda tag, _: seen.append(tag), lambda tag: None)
    return seen


def test_elements_in_order_and_in_any_encoding():
    assert tags(b"<a><b/><k:c/></a>") == ["a", "b", "k:c"]
    assert tags('<?xml version="1.0" encoding="UTF-16"?><ä/>'.encode("utf-16")) == ["ä"]


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "lol"><!ENTITY b "&a;&a;">',
        "".join(f'<!ENTITY a{n} "lol">' for n in range(101)),
        '<!ENTITY % p "lol">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://example.invalid/evil.dtd"> %p;',
    ],
)
def test_an_entity_is_refused_where_it_is_declared(declaration):
    with pytest.raises(BadFileError, match="entity") as caught:
        tags(f"<!DOCTYPE a [{declaration}]><a/>".encode())
    assert "x.svg" in str(caught.value)


def test_an_attribute_list_is_no_entity_and_its_defaults_are_not_handed_out():
    seen = []
    data = (
        b'<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd" [<!ATTLIST a x CDATA "y">]><a z="1"/>'
    )
    walk(data, "x.svg", lambda tag, attributes: seen.append(attributes), lambda tag: None)
    assert seen == [{"z": "1"}]


@pytest.mark.parametrize(
    "data",
    [
        b"no xml",
        b"<a>",
        b"<a></b>",
        b"<a>&undeclared;</a>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b"\x00\x01\x02",
        b"<a/>\xff",
    ],
)
def test_what_is_not_xml(data):
    with pytest.raises(BadFileError, match="is not XML"):
        tags(data)


def test_depth_is_bounded():
    assert len(tags(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)) == MAX_DEPTH
    with pytest.raises(BadFileError, match="deep"):
        tags(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1))


def test_reading_is_bounded(tmp_path):
    path = tmp_path / "a.svg"
    with pytest.raises(BadFileError, match="no such file"):
        read_bytes(path)
    path.write_bytes(b"")
    with pytest.raises(BadFileError, match="empty"):
        read_bytes(path)
    path.write_bytes(b"x" * 11)
    assert read_bytes(path, 11) == b"x" * 11
    with pytest.raises(BadFileError, match="larger"):
        read_bytes(path, 10)
    with pytest.raises(BadFileError, match="directory"):
        read_bytes(tmp_path)


def test_a_short_text_that_an_entity_stands_for_is_put_in():
    seen = []
    data = b'<!DOCTYPE a [<!ENTITY ns "http://ns.adobe.com/x/">]><a x="&ns;"/>'
    walk(data, "x.svg", lambda tag, attributes: seen.append(attributes), lambda tag: None)
    assert seen == [{"x": "http://ns.adobe.com/x/"}]


def test_entities_do_not_make_a_file_much_longer():
    data = b'<!DOCTYPE a [<!ENTITY l "%s">]><a x="%s"/>'
    tags(data % (b"m" * 1000, b"&l;" * 10))
    with pytest.raises(BadFileError, match="entity"):
        tags(data % (b"m" * 1000, b"&l;" * 1000))
