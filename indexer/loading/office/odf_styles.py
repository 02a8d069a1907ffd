"""What the styles of an OpenDocument file hide: text, sections, sheets and slides; and which are those of titles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_URN = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, STYLE, TEXT = f"{_URN}office:1.0}}", f"{_URN}style:1.0}}", f"{_URN}text:1.0}}"
TABLE, DRAW, PRESENTATION = f"{_URN}table:1.0}}", f"{_URN}drawing:1.0}}", f"{_URN}presentation:1.0}}"
_FO = f"{_URN}xsl-fo-compatible:1.0}}"
_TINY = re.compile(r"(?:0?\.\d+|[01](?:\.0*)?)pt")


@dataclass(frozen=True, slots=True)
class Styles:
    """The names of the styles that hide what they are given to, and of the styles of a title."""

    hidden_text: frozenset[str]
    hidden_tables: frozenset[str]
    hidden_slides: frozenset[str]
    titles: frozenset[str]

    def hides_text(self, element: Any) -> bool:
        """Whether nobody sees this paragraph or span."""
        return element.get(f"{TEXT}style-name") in self.hidden_text

    def hides_section(self, element: Any) -> bool:
        """Whether nobody sees this part of a text."""
        return bool(element.tag == f"{TEXT}section" and element.get(f"{TEXT}display") == "none")

    def hides_table(self, element: Any) -> bool:
        """Whether this sheet is hidden."""
        return element.get(f"{TABLE}style-name") in self.hidden_tables

    def hides_slide(self, element: Any) -> bool:
        """Whether this slide is hidden."""
        return element.get(f"{DRAW}style-name") in self.hidden_slides

    def level(self, element: Any) -> int:
        """1 for a paragraph in the style of a title, else 0."""
        return int(element.get(f"{TEXT}style-name") in self.titles)


def read_styles(roots: Iterable[Any]) -> Styles:
    """The styles of several parts of a document together."""
    text, tables, slides, titles = set(), set(), set(), {"Title"}
    for style in (one for root in roots for one in root.iter(f"{STYLE}style")):
        name = style.get(f"{STYLE}name") or ""
        if style.get(f"{STYLE}parent-style-name") == "Title":
            titles.add(name)
        for properties in style:
            kind = properties.tag.rpartition("}")[2]
            if kind == "text-properties" and _is_invisible(properties):
                text.add(name)
            if kind == "table-properties" and properties.get(f"{TABLE}display") == "false":
                tables.add(name)
            if kind == "drawing-page-properties" and properties.get(f"{PRESENTATION}visibility") == "hidden":
                slides.add(name)
    return Styles(*map(frozenset, (text, tables, slides, titles)))


def _is_invisible(properties: Any) -> bool:
    size = properties.get(f"{_FO}font-size") or ""
    return properties.get(f"{TEXT}display") == "none" or bool(_TINY.fullmatch(size))
