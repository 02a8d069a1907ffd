"""DOCX to blocks in document order: headings by style or outline level, lists, tables row by row, text boxes, notes.

ECMA-376 part 1, chapter 17. Deleted revisions, field codes, comments and page headers are not text; what nobody sees is
left out and counted; page numbers do not exist in this format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.docx_math import MATH, MATH_TEXT, math_signs
from indexer.loading.docx_numbering import Numbering
from indexer.loading.docx_styles import PLAIN, Style, W, is_invisible, own_style, read_styles
from indexer.loading.html_loader import join_cells
from indexer.loading.office_parts import (
    MACROS,
    graphic_blocks,
    has_macros,
    main_part,
    properties,
    relations,
)
from indexer.loading.packages import Package
from indexer.loading.tables import LONGEST_LABEL
from schema import BlockKind, Extraction

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TEXT = frozenset({f"{W}t", MATH_TEXT})
_SKIPPED = frozenset({f"{W}txbxContent", f"{_MC}Fallback", f"{W}pPr", f"{W}rPr", f"{W}del", f"{W}moveFrom"})
_SPACES = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}


def load(data: bytes) -> Extraction:
    """Read a DOCX document from bytes.

    Raises:
        FootnoteError: when it is damaged, a bomb or no document.
    """
    package = Package(data)
    part = main_part(package)
    named: dict[str, list[str]] = {}
    related = relations(package, part)
    for relation in related.values():
        named.setdefault(relation.kind, []).append(relation.target)
    styles, numbering = (package.xml(named[kind][0]) if kind in named else None for kind in ("styles", "numbering"))
    builder = TextBuilder()
    reader = _Reader(
        builder,
        read_styles(styles) if styles is not None else {},
        Numbering(numbering),
        lambda element: graphic_blocks(element, package, related),
    )
    for container in (part, *named.get("footnotes", ()), *named.get("endnotes", ())):
        reader.read(package.xml(container))
    warnings = [MACROS] if has_macros(package) else []
    if reader.hidden:
        warnings.append(f"{reader.hidden:,} characters of hidden text were left out")
    title, metadata = properties(package)
    return builder.build(
        title=title or builder.text_of_first(1) or builder.text_of_first(6),
        date=find_date(builder.head()),
        warnings=tuple(warnings),
        metadata=metadata,
        hidden=reader.hidden,
    )


class _Reader:
    """Walks the elements of a document part and appends their blocks; ``hidden`` counts characters left out."""

    def __init__(
        self,
        builder: TextBuilder,
        styles: dict[str, Style],
        numbering: Numbering,
        graphics: Callable[[Any], Iterator[tuple[BlockKind, str]]],
    ) -> None:
        self.hidden = 0
        self._builder = builder
        self._styles = styles
        self._numbering = numbering
        self._graphics = graphics

    def read(self, container: Any) -> None:
        """Append the paragraphs and tables in ``container``, also those in content controls and text boxes."""
        stack = [iter(container)]
        while stack:
            element = next(stack[-1], None)
            if element is None:
                stack.pop()
            elif element.tag == f"{W}p":
                self._paragraph(element)
                stack.append(_text_boxes(element))
            elif element.tag == f"{W}tbl" and not _is_frame(element):
                self._table(element)
            elif isinstance(element.tag, str) and element.tag not in _SKIPPED - {f"{W}txbxContent"}:
                stack.append(iter(element))

    def _paragraph(self, paragraph: Any) -> None:
        style = self._style(paragraph)
        kind = "heading" if style.level else "list_item" if style.is_list else "paragraph"
        self._builder.add(kind, self._text(paragraph, style), level=style.level)  # type: ignore[arg-type]
        for what, text in self._graphics(paragraph):
            self._builder.add(what, text)

    def _table(self, table: Any) -> None:
        """Add the rows; a cell merged down stands in each of them, as in a spreadsheet."""
        above: dict[int, str] = {}
        for row in table.iter(f"{W}tr"):
            if next(row.iterancestors(f"{W}tbl"), None) is table:
                cells, place = [], 0
                for cell in _cells(row):
                    paragraphs = (self._text(paragraph, self._style(paragraph)) for paragraph in cell.iter(f"{W}p"))
                    text = clean_line(" ".join(paragraphs))
                    above[place] = text or (above.get(place, "") if _goes_on(cell) else "")
                    cells.append(above[place] if len(above[place]) <= LONGEST_LABEL else text)
                    place += _width(cell)
                self._builder.add("table_row", join_cells(cells))

    def _style(self, paragraph: Any) -> Style:
        """The paragraph's own outline level and numbering go before those of its style."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return PLAIN
        named = properties.find(f"{W}pStyle")
        style = self._styles.get(named.get(f"{W}val"), PLAIN) if named is not None else PLAIN
        return own_style(properties, style)

    def _text(self, paragraph: Any, style: Style) -> str:
        """The words of one paragraph behind its number, without those of text boxes in it and without deleted ones."""
        text = "".join(self._pieces(paragraph, style))
        label = self._numbering.next_label(style.numbered) if style.numbered and clean_line(text) else ""
        return f"{label} {text}" if label else text

    def _pieces(self, paragraph: Any, style: Style) -> Iterator[str]:
        stack = [iter(paragraph)]
        while stack:
            element = next(stack[-1], None)
            if element is None:
                stack.pop()
            elif isinstance(element, str):
                yield element
            elif element.tag in _TEXT:
                yield element.text or ""
            elif element.tag in MATH:
                before, after = math_signs(element)
                stack.append(chain([before], element, [after]))
            elif element.tag in _SPACES:
                yield _SPACES[element.tag]
            elif element.tag == f"{W}r" and is_invisible(element, style, self._styles):
                self.hidden += len(clean_line("".join(text.text or "" for text in element.iter(*_TEXT))))
            elif isinstance(element.tag, str) and element.tag not in _SKIPPED:
                stack.append(iter(element))


def _text_boxes(paragraph: Any) -> Iterator[Any]:
    """The text boxes anchored in a paragraph; each is stored twice, for new and for old programs."""
    boxes = list(paragraph.iter(f"{W}txbxContent"))
    current = [box for box in boxes if not any(a.tag == f"{_MC}Fallback" for a in box.iterancestors())]
    return iter([box for box in current if next(box.iterancestors(f"{W}p"), None) is paragraph])


def _cells(row: Any) -> list[Any]:
    return [cell for cell in row.iter(f"{W}tc") if next(cell.iterancestors(f"{W}tr"), None) is row]


def _goes_on(cell: Any) -> bool:
    """Whether a cell is merged with the one above."""
    merged = cell.find(f"{W}tcPr/{W}vMerge")
    return merged is not None and merged.get(f"{W}val", "continue") == "continue"


def _width(cell: Any) -> int:
    """How many columns a cell covers."""
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    width = "" if span is None else span.get(f"{W}val", "")
    return int(width) if width.isascii() and width.isdigit() and len(width) < 4 else 1


def _is_frame(table: Any) -> bool:
    """Whether a table is a frame around text: it has one cell in every row."""
    rows = (row for row in table.iter(f"{W}tr") if next(row.iterancestors(f"{W}tbl"), None) is table)
    return all(len(_cells(row)) <= 1 for row in rows)
