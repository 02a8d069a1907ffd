"""DOCX to blocks in document order: headings by style or outline level, lists, tables row by row, text boxes, notes.

ECMA-376 part 1, chapter 17. Deleted revisions, field codes, comments and page headers are not text; what nobody sees is
left out and counted; page numbers do not exist in this format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.office.docx_math import MATH, MATH_TEXT, math_signs
from indexer.loading.office.docx_numbering import Numbering
from indexer.loading.office.docx_styles import PLAIN, Style, W, is_invisible, own_style, read_styles
from indexer.loading.office.office_parts import (
    GRAPHICS,
    Relation,
    Salvage,
    graphic_blocks,
    main_part,
    properties,
    relations,
)
from indexer.loading.office.pictures import Pictures
from indexer.loading.packages import Package, PartError
from indexer.loading.tables import LONGEST_LABEL, join_cells
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
    builder, salvage, pictures = TextBuilder(), Salvage(package), Pictures()
    reader = _Reader(
        builder,
        read_styles(styles) if styles is not None else {},
        Numbering(numbering),
        lambda graphics: graphic_blocks(graphics, salvage, related),
    )
    for root, theirs in _parts(salvage, part, related):
        reader.read(root)
        pictures.look(root, theirs)
    salvage.refuse_if_nothing_is_left(builder.blocks)
    warnings = [*salvage.warnings, *pictures.warnings()]
    if count := len(named.get("aFChunk", ())):
        warnings.append(f"holds {count} other {'document' if count == 1 else 'documents'} in its text, not read")
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


def _parts(salvage: Salvage, part: str, related: dict[str, Relation]) -> Iterator[tuple[Any, dict[str, Relation]]]:
    """The document and its notes, each with the parts that it names; damaged notes cost themselves alone."""
    yield salvage.package.xml(part), related
    for kind in ("footnotes", "endnotes"):
        for notes in [relation.target for relation in related.values() if relation.kind == kind]:
            try:
                found = salvage.package.xml(notes), relations(salvage.package, notes)
            except PartError as error:
                salvage.lose(f"its part of {kind}", error)
            else:
                yield found


class _Reader:
    """Walks the elements of a document part and appends their blocks; ``hidden`` counts characters left out."""

    def __init__(
        self,
        builder: TextBuilder,
        styles: dict[str, Style],
        numbering: Numbering,
        graphics: Callable[[Iterable[Any]], Iterator[tuple[BlockKind, str]]],
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
        self._add_graphics(one for one in paragraph.iter(*GRAPHICS) if next(one.iterancestors(f"{W}p")) is paragraph)

    def _table(self, table: Any) -> None:
        """Add the rows; a cell merged down stands in each of them, as in a spreadsheet."""
        above: dict[int, str] = {}
        for row in table.iter(f"{W}tr"):
            if next(row.iterancestors(f"{W}tbl"), None) is table:
                cells, place = [], _count(row.find(f"{W}trPr/{W}gridBefore"), 0)
                for cell in _cells(row):
                    own = (one for one in cell.iter(f"{W}p") if not _is_for_old_programs(one))
                    paragraphs = (self._text(paragraph, self._style(paragraph)) for paragraph in own)
                    text = clean_line(" ".join(paragraphs))
                    above[place] = text or (above.get(place, "") if _goes_on(cell) else "")
                    cells.append(above[place] if len(above[place]) <= LONGEST_LABEL else text)
                    place += _count(cell.find(f"{W}tcPr/{W}gridSpan"), 1)
                self._builder.add("table_row", join_cells(cells))
        self._add_graphics(table.iter(*GRAPHICS))

    def _add_graphics(self, graphics: Iterable[Any]) -> None:
        for kind, text in self._graphics(one for one in graphics if not _is_for_old_programs(one)):
            self._builder.add(kind, text)

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
    current = [box for box in boxes if not _is_for_old_programs(box)]
    return iter([box for box in current if next(box.iterancestors(f"{W}p"), None) is paragraph])


def _cells(row: Any) -> list[Any]:
    return [cell for cell in row.iter(f"{W}tc") if next(cell.iterancestors(f"{W}tr"), None) is row]


def _goes_on(cell: Any) -> bool:
    """Whether a cell is merged with the one above."""
    merged = cell.find(f"{W}tcPr/{W}vMerge")
    return merged is not None and merged.get(f"{W}val", "continue") == "continue"


def _is_for_old_programs(element: Any) -> bool:
    """Whether an element says again, for old programs, what stands beside it for new ones."""
    return any(ancestor.tag == f"{_MC}Fallback" for ancestor in element.iterancestors())


def _count(element: Any, default: int) -> int:
    """How many columns an element of the format says; the default for none."""
    count = "" if element is None else element.get(f"{W}val", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 4 else default


def _is_frame(table: Any) -> bool:
    """Whether a table is a frame around text: it has one cell in every row."""
    rows = (row for row in table.iter(f"{W}tr") if next(row.iterancestors(f"{W}tbl"), None) is table)
    return all(len(_cells(row)) <= 1 for row in rows)
