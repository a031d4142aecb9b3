"""Style sheets of SVG files, as far as they decide what is drawn: simple rules, written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sketchrnn.sources.svg_tree import Element

MAX_RULES = 10_000
MAX_MATCHES = 2_000_000
"""How often a rule may meet an element."""

_PROPERTIES = {
    "display", "visibility", "opacity", "fill", "stroke", "transform", "transform-origin"
}  # fmt: skip
_SIMPLE = re.compile(r"(\*|[\w-]+)?((?:[.#][\w-]+)*)")
_UNCONDITIONAL = {"screen", "all"}  # kinds of media that a drawing is for


@dataclass(frozen=True)
class Rule:
    """A rule for elements of a name, with classes or an id.

    Args:
        tag: The name; "" or "*" for any.
        names: `.class` and `#id`, all of which an element must have.
        declarations: Such as "display:none;fill:red".
        important: Those that beat the element's own.
    """

    tag: str
    names: frozenset[str]
    declarations: str
    important: str

    @property
    def rank(self) -> tuple[int, int, int]:
        """What decides between rules: ids, then classes, then names."""
        ids = sum(name.startswith("#") for name in self.names)
        return (ids, len(self.names) - ids, int(self.tag not in ("", "*")))


def apply_style_sheets(root: Element, css: str) -> bool:
    """Write what the rules of style sheets say into the style attributes of elements.

    Args:
        root: The root of the file; its elements are changed.
        css: The text of all `<style>` elements.

    Returns:
        Whether every rule was understood: of names, classes and ids, without combinators.
    """
    try:
        rules, understood = _read(css)
    except RecursionError:
        return False
    if len(rules) > MAX_RULES:
        return False
    rules.sort(key=lambda rule: rule.rank)  # a stable sort: the later of two equals wins
    by_key: dict[str, list[tuple[int, Rule]]] = {}
    for place, rule in enumerate(rules):
        by_key.setdefault(min(rule.names, default=rule.tag or "*"), []).append((place, rule))
    styles: list[tuple[Element, str]] = []
    todo = [root]
    met = 0
    while todo:
        element = todo.pop()
        todo += element.children
        classes = {f".{name}" for name in element.get("class").split()}
        own = classes | ({f"#{element.get('id')}"} if element.get("id") else set())
        found = [pair for key in (*own, element.tag, "*") for pair in by_key.get(key, ())]
        met += len(found)
        if met > MAX_MATCHES:
            return False
        matching = [
            rule
            for _, rule in sorted(found, key=lambda pair: pair[0])
            if rule.names <= own and rule.tag in ("", "*", element.tag)
        ]
        if matching:
            parts = [rule.declarations for rule in matching]
            parts += [element.get("style"), *(rule.important for rule in matching)]
            styles.append((element, ";".join(part for part in parts if part)))
    for element, style in styles:  # all of them or none
        element.attributes["style"] = style
    return understood


def _read(css: str) -> tuple[list[Rule], bool]:
    """Return the rules of a style sheet, and whether there are no others."""
    import tinycss2  # comes with CairoSVG

    rules: list[Rule] = []
    understood = True
    todo: list[Any] = list(
        reversed(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))
    )
    while todo:
        part = todo.pop()
        if part.type == "at-rule" and part.lower_at_keyword == "media" and part.content:
            if tinycss2.serialize(part.prelude).strip().lower() in _UNCONDITIONAL:
                todo += reversed(
                    tinycss2.parse_rule_list(part.content, skip_comments=True, skip_whitespace=True)
                )
        elif part.type == "at-rule":
            understood &= part.lower_at_keyword != "import"
        elif part.type == "qualified-rule":
            kinds = tinycss2.parse_declaration_list(
                part.content, skip_comments=True, skip_whitespace=True
            )
            plain, important = (_declarations(kinds, which) for which in (False, True))
            for selector in tinycss2.serialize(part.prelude).split(","):
                match = _SIMPLE.fullmatch(selector.strip())
                if match is None or not match[0]:
                    understood = False
                elif plain or important:
                    names = frozenset(re.findall(r"[.#][\w-]+", match[2]))
                    rules.append(Rule(match[1] or "", names, plain, important))
    return rules, understood


def _declarations(parts: list[Any], important: bool) -> str:
    def texts() -> Iterator[str]:
        import tinycss2

        for part in parts:
            if (part.type, getattr(part, "important", None)) != ("declaration", important):
                continue
            if part.lower_name in _PROPERTIES:
                yield f"{part.lower_name}:{tinycss2.serialize(part.value).strip()}"

    return ";".join(texts())
