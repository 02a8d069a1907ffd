"""The numbers that an OpenDocument file shows before list items and headings but does not store.

OASIS OpenDocument 1.3 part 3, 5.3 (lists), 16.30 to 16.33 (their styles) and 16.34 (outline). Bullets have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from indexer.loading.office.docx_numbering import format_number
from indexer.loading.office.odf_styles import STYLE, TEXT

_ID = "{http://www.w3.org/XML/1998/namespace}id"
_KINDS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
_OUTLINE = " outline"  # as the name of a style, which has no space in front
_LONGEST_LABEL = 40
_DEEPEST = 10  # levels of a list


@dataclass(frozen=True, slots=True)
class _Level:
    """How one depth of a list is counted and shown; a kind of "" shows nothing."""

    kind: str = ""
    before: str = ""
    after: str = ""
    start: int = 1
    levels: int = 1


_PLAIN = _Level()
_Levels = dict[int, _Level]
_Counts = dict[int, int]


@dataclass(frozen=True, slots=True)
class _List:
    """The list that an element is in: its style, its counts so far, and how deep it is, from 1."""

    style: str
    counts: _Counts
    depth: int = 1


def list_labels(body: Any, roots: Iterable[Any]) -> dict[Any, str]:
    """The number of each paragraph and heading in ``body`` that has one, by its element.

    Args:
        body: the element that holds the document.
        roots: the parts with its styles.
    """
    labels = _Labels(roots)
    return dict(labels.read(body)) if labels.are_used else {}


class _Labels:
    """Counts the items of all lists of a document, in document order."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._styles: dict[str, _Levels] = {}
        self._of_paragraphs: dict[str, str] = {}
        for root in roots:
            for style in root.iter(f"{TEXT}list-style", f"{TEXT}outline-style"):
                name = style.get(f"{STYLE}name") or "" if style.tag == f"{TEXT}list-style" else _OUTLINE
                self._styles[name] = dict(map(_level, style))
            for style in root.iter(f"{STYLE}style"):
                if (named := style.get(f"{STYLE}list-style-name")) is not None:
                    self._of_paragraphs[style.get(f"{STYLE}name") or ""] = named
        self.are_used = any(level.kind for levels in self._styles.values() for level in levels.values())
        self._lists: dict[str, _List] = {}
        self._latest: dict[str, _List] = {}
        self._outline = _Counts()

    def read(self, element: Any, within: _List | None = None) -> Iterator[tuple[Any, str]]:
        """The paragraphs with numbers below an element; `packages` limits how deep they nest."""
        for child in element:
            if child.tag == f"{TEXT}list":
                yield from self.read(child, self._enter(child, within))
            elif child.tag == f"{TEXT}list-item":
                yield from self._item(child, within)
            elif child.tag == f"{TEXT}h" and within is None:
                yield from self._heading(child)
                yield from self.read(child)
            elif child.tag != f"{TEXT}tracked-changes":
                yield from self.read(child, None if child.tag in _PARAGRAPHS else within)

    def _enter(self, element: Any, within: _List | None) -> _List:
        """The list that begins or goes on with an element."""
        style = element.get(f"{TEXT}style-name") or (within.style if within else self._style_below(element))
        before = self._lists.get(element.get(f"{TEXT}continue-list") or "")
        if before is None and element.get(f"{TEXT}continue-numbering") == "true":
            before = self._latest.get(style)
        if before is None and within is not None and within.style == style:
            before = within
        counts = before.counts if before else dict(within.counts) if within else {}
        found = _List(style, counts, min(within.depth + 1, _DEEPEST) if within else 1)
        if before is None:
            counts.pop(found.depth, None)
        self._latest[style] = found
        if name := element.get(_ID):
            self._lists[name] = found
        return found

    def _style_below(self, element: Any) -> str:
        """The list style of the first paragraph in a list that names none."""
        first = next(element.iter(*_PARAGRAPHS), None)
        return "" if first is None else self._of_paragraphs.get(first.get(f"{TEXT}style-name") or "", "")

    def _item(self, item: Any, within: _List | None) -> Iterator[tuple[Any, str]]:
        """An item counts when it begins with a paragraph; else it only makes room for the list in it."""
        first = next(item.iterchildren(*_PARAGRAPHS, f"{TEXT}list"), None)
        if within is not None and first is not None and first.tag in _PARAGRAPHS:
            label = self._next(within.style, within.counts, within.depth, item.get(f"{TEXT}start-value"))
            if label:
                yield first, label
        yield from self.read(item, within)

    def _heading(self, heading: Any) -> Iterator[tuple[Any, str]]:
        """A heading outside of lists has the number of the outline, unless its style takes it off."""
        own = self._of_paragraphs.get(heading.get(f"{TEXT}style-name") or "")
        if heading.get(f"{TEXT}is-list-header") == "true" or own == "":
            return
        depth = min(_number(heading.get(f"{TEXT}outline-level"), 1), _DEEPEST)
        start = (
            _number(heading.get(f"{TEXT}start-value"), 1) if heading.get(f"{TEXT}restart-numbering") == "true" else None
        )
        if label := self._next(_OUTLINE, self._outline, depth, start):
            yield heading, label

    def _next(self, style: str, counts: _Counts, depth: int, start: str | int | None) -> str:
        levels = self._styles.get(style, {})
        level = levels.get(depth, _PLAIN)
        for above in range(1, depth):  # a level that was left out counts as if it had been there
            counts.setdefault(above, levels.get(above, _PLAIN).start)
        following = counts.get(depth, level.start - 1) + 1
        counts[depth] = _number(str(start), following) if start is not None else following
        for deeper in [one for one in counts if one > depth]:
            del counts[deeper]
        if not level.kind:
            return ""
        shown = [(counts[one], levels.get(one, _PLAIN).kind) for one in range(1, depth + 1)][-max(1, level.levels) :]
        number = ".".join(format_number(count, kind) for count, kind in shown if kind)
        return f"{level.before}{number}{level.after}".strip()[:_LONGEST_LABEL]


def _level(element: Any) -> tuple[int, _Level]:
    return _number(element.get(f"{TEXT}level"), 1), _Level(
        _KINDS.get(element.get(f"{STYLE}num-format") or "", ""),
        element.get(f"{STYLE}num-prefix") or "",
        element.get(f"{STYLE}num-suffix") or "",
        _number(element.get(f"{TEXT}start-value"), 1),
        _number(element.get(f"{TEXT}display-levels"), 1),
    )


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else default
