"""Which paragraphs of a PDF are headings beyond their type: what the outline says, and what runs over every page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median_low

from indexer.boxes import Boxes, no_boxes
from indexer.loading.pdf.document import Bookmark

_LOWEST = 6
_SHORTEST = 3  # letters of a title that can be found again
_SECTION = re.compile(r"^(?:chapter|section|part|appendix)?\s*[\d.]+\s*[:.)]?\s*(?=\D)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a page, or a row of a table.

    ``level`` is above 0 for a heading, ``is_item`` marks an item of a list. ``boxes`` (characters, 4) are those of the
    characters of ``text``.
    """

    text: str
    size: float
    level: int = 0
    is_item: bool = False
    is_row: bool = False
    boxes: Boxes = field(default_factory=lambda: no_boxes(0), compare=False)


def key_of(text: str) -> str:
    """Letters and digits of a title without its number, to compare an outline with what is printed."""
    return "".join(filter(str.isalnum, _SECTION.sub("", text.strip()).casefold()))


def titles_by_page(outline: Iterable[Bookmark]) -> dict[int, dict[str, int]]:
    """The titles of an outline that lead to each page, from 0, with their depths."""
    pages: dict[int, dict[str, int]] = defaultdict(dict)
    for bookmark in outline:
        key = key_of(bookmark.title)
        if bookmark.page is not None and len(key) >= _SHORTEST:
            pages[bookmark.page].setdefault(key, bookmark.depth)
    return dict(pages)


def with_outline(
    pages: Sequence[Sequence[Paragraph]], outline: Mapping[int, Mapping[str, int]]
) -> list[list[Paragraph]]:
    """Make headings of the first paragraph on each page that is the title of an entry; others stay what they are.

    A level that only the outline knows is that which its other entries of this depth have by their type, so that both
    kinds of heading fit together.
    """
    levels = _levels(pages, outline)
    changed = []
    for index, page in enumerate(pages):
        titles = dict(outline.get(index, {}))
        changed.append([_titled(paragraph, titles, levels) if titles else paragraph for paragraph in page])
    return changed


def _levels(pages: Sequence[Sequence[Paragraph]], outline: Mapping[int, Mapping[str, int]]) -> dict[int, int]:
    """For each depth of the outline the level of its headings, as far as their type tells; else one below the depth."""
    found: dict[int, list[int]] = defaultdict(list)
    for index, titles in outline.items():
        for paragraph in pages[index] if 0 <= index < len(pages) else ():
            depth = titles.get(key_of(paragraph.text)) if paragraph.level else None
            if depth is not None:
                found[depth].append(paragraph.level)
    depths = {depth for titles in outline.values() for depth in titles.values()}
    return {depth: median_low(found[depth]) if depth in found else min(depth + 1, _LOWEST) for depth in depths}


def _titled(paragraph: Paragraph, titles: dict[str, int], levels: Mapping[int, int]) -> Paragraph:
    """The paragraph as a heading when it is one of ``titles``, from which it is then taken."""
    depth = None if paragraph.is_row else titles.pop(key_of(paragraph.text), None)
    if depth is None or paragraph.level:
        return paragraph
    return replace(paragraph, level=levels[depth], is_item=False)


def without_running_heads(pages: list[list[Paragraph]]) -> list[list[Paragraph]]:
    """What stands at the edge of most pages, its numbers aside, heads nothing: it stays, as a paragraph."""
    edges = [[paragraph for paragraph in (*page[:3], *page[3:][-2:]) if paragraph.level] for page in pages]
    counts = Counter(key for edge in edges for key in {_without_numbers(paragraph) for paragraph in edge})
    running = {key for key, count in counts.items() if count >= 3 and count > len(pages) / 2}
    return [[replace(p, level=0) if p.level and _without_numbers(p) in running else p for p in page] for page in pages]


def _without_numbers(paragraph: Paragraph) -> str:
    return re.sub(r"\d+", "0", paragraph.text)
