"""Style of SVG elements: attributes, style sheets, style attributes; and what a paint comes to."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

MAX_RULES = 10_000
MAX_MATCHES = 2_000_000
"""How often selectors may look at an element, its ancestors and siblings included."""

MAX_TOKENS = 200
"""The longest selector that is read, in tokens."""

PROPERTIES = frozenset({
    "clip-path", "color", "display", "fill", "fill-opacity", "mask", "opacity", "stroke",
    "stroke-opacity", "stroke-width", "transform", "transform-origin", "visibility",
})  # fmt: skip
_UNCONDITIONAL = {"screen", "all"}  # kinds of media that a drawing is for
_OPAQUE = (-1.0, -1.0, -1.0, 1.0)  # such as a gradient: it is seen on any ground
_MAX_PAINT = 100  # characters

RGBA = tuple[float, float, float, float]
Declarations = dict[str, str]


class _TooMuchError(Exception):
    """The selectors ask for more work than a drawing needs."""


class Styles:
    """What is declared for each element.

    Attributes:
        understood: Whether every rule could be applied.
    """

    def __init__(self, root: Element, css: str) -> None:
        """Match the rules of style sheets.

        Args:
            root: The root of the file.
            css: The text of all `<style>` elements.
        """
        self.understood = True
        self._matched: dict[Element, tuple[list[Declarations], list[Declarations]]] = {}
        self._declared: dict[Element, Declarations] = {}
        if css.strip():
            try:
                self._match(root, css)
            except Exception:  # the libraries stumble in many ways; then no rule holds
                self.understood = False
                self._matched = {}

    def of(self, element: Element) -> Mapping[str, str]:
        """Return the properties that an element declares itself or by rules."""
        if element not in self._declared:
            found = {
                name: value.strip()
                for name, value in element.attrib.items()
                if name in PROPERTIES and value.strip()
            }
            plain, important = self._matched.get(element, ((), ()))
            for rule in plain:
                found |= rule
            own = [(n, v, i) for n, v, i in declarations(element.get("style", "")) if v]
            found |= {name: value for name, value, is_important in own if not is_important}
            for rule in important:
                found |= rule
            found |= {name: value for name, value, is_important in own if is_important}
            self._declared[element] = found
        return self._declared[element]

    def _match(self, root: Element, css: str) -> None:
        rules = self._read(css)
        by_key: dict[tuple[str, str | None], list[tuple[Any, ...]]] = {}
        for place, (selector, is_heavy, plain, important) in enumerate(rules):
            key = (
                ("id", selector.id)
                if selector.id
                else ("class", selector.class_name)
                if selector.class_name
                else ("tag", selector.local_name)
            )
            rank = (selector.specificity, place)
            by_key.setdefault(key, []).append((rank, selector.test, is_heavy, plain, important))
        budget = _Budget(MAX_MATCHES)
        for element in _wrapped(root, budget).iter_subtree():
            keys = [("id", element.id), ("tag", element.local_name), ("tag", None)]
            keys += [("class", name) for name in element.classes]
            found = []
            for rank, test, is_heavy, plain, important in (
                rule for key in keys for rule in by_key.get(key, ())
            ):
                budget.spend(1 + is_heavy * len(element.etree_siblings))
                if test(element):
                    found.append((rank, plain, important))
            if found:
                found.sort(key=lambda rule: rule[0])
                self._matched[element.etree_element] = (
                    [plain for _, plain, _ in found if plain],
                    [important for _, _, important in found if important],
                )

    def _read(self, css: str) -> list[tuple[Any, bool, Declarations, Declarations]]:
        """Return (selector, whether it counts siblings, declarations, important ones) of rules."""
        import cssselect2
        import tinycss2

        rules: list[tuple[Any, bool, Declarations, Declarations]] = []
        skipped = {"skip_comments": True, "skip_whitespace": True}
        todo: list[Any] = list(reversed(tinycss2.parse_stylesheet(css, **skipped)))
        count = 0
        while todo:
            part = todo.pop()
            if part.type == "at-rule" and part.lower_at_keyword == "media" and part.content:
                if tinycss2.serialize(part.prelude).strip().lower() in _UNCONDITIONAL:
                    todo += reversed(tinycss2.parse_rule_list(part.content, **skipped))
            elif part.type == "at-rule":
                self.understood &= part.lower_at_keyword != "import"
            elif part.type == "qualified-rule":
                count += 1 + sum(token == "," for token in part.prelude)
                if count > MAX_RULES:
                    raise _TooMuchError
                plain: Declarations = {}
                important: Declarations = {}
                for one in tinycss2.parse_declaration_list(part.content, **skipped):
                    if one.type == "declaration" and one.lower_name in PROPERTIES:
                        value = tinycss2.serialize(one.value).strip()
                        (important if one.important else plain)[one.lower_name] = value
                try:
                    if len(part.prelude) > MAX_TOKENS:
                        raise _TooMuchError
                    selectors = cssselect2.compile_selector_list(part.prelude)
                except Exception:  # of selectors that are malformed, nest too deeply, and others
                    self.understood = False
                    continue
                is_heavy = any(token == ":" for token in part.prelude)
                rules += [
                    (selector, is_heavy, plain, important)
                    for selector in selectors
                    if selector.pseudo_element is None and (plain or important)
                ]
        return rules


class _Budget:
    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooMuchError


def _wrapped(root: Element, budget: _Budget) -> Any:
    """Return the root for cssselect2, whose ancestors and siblings are counted as they are seen."""
    import cssselect2

    class Wrapped(cssselect2.ElementWrapper):
        @property
        def ancestors(self) -> Iterator[Any]:
            return self._chain("parent")

        @property
        def previous_siblings(self) -> Iterator[Any]:
            return self._chain("previous")

        def _chain(self, link: str) -> Iterator[Any]:
            other = getattr(self, link)
            while other is not None:
                budget.spend()
                yield other
                other = getattr(other, link)

        def iter_children(self) -> Iterator[Any]:
            for child in super().iter_children():
                budget.spend()
                yield child

    return Wrapped.from_xml_root(root)


def declarations(style: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, value, whether it is important) of a style attribute, of `PROPERTIES` alone."""
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        name = name.strip().lower()
        if colon and name in PROPERTIES:
            value = value.strip()
            head, mark, tail = value.rpartition("!")
            important = bool(mark) and tail.strip().lower() == "important"
            yield name, head.rstrip() if important else value, important


@functools.lru_cache(maxsize=1024)
def _parsed_color(text: str) -> RGBA | str | None:
    from tinycss2.color3 import parse_color

    found = parse_color(text)
    return found if found is None or isinstance(found, str) else tuple(found)


def paint(text: str, current: str = "") -> RGBA | None:
    """Return the colour of a fill or stroke, each part from 0 to 1; None for no paint.

    Args:
        text: Such as "none", "#fff", "rgb(1, 2, 3)", "currentColor", "url(#gradient)".
        current: What currentColor stands for; "" for black.

    Returns:
        What is no plain colour, such as a gradient, has the parts -1, -1, -1, 1.

    >>> paint("#fff"), paint("none"), paint("transparent")[3]
    ((1.0, 1.0, 1.0, 1.0), None, 0.0)
    """
    if text == "none":
        return None
    if len(text) > _MAX_PAINT:
        return _OPAQUE
    found = _parsed_color(text)
    if isinstance(found, str):  # currentColor
        found = _parsed_color(current or "black") if len(current) <= _MAX_PAINT else None
    return found if isinstance(found, tuple) else _OPAQUE


def number(text: str, otherwise: float = 1.0) -> float:
    """Return an opacity, from 0 to 1; what cannot be read is `otherwise`.

    >>> number("50%"), number(".2"), number("inherit", 0.7)
    (0.5, 0.2, 0.7)
    """
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return otherwise
    return min(max(value, 0.0), 1.0)
