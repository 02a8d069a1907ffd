"""OpenDocument texts, spreadsheets and presentations: read straight from `content.xml`, in document order.

OASIS OpenDocument 1.3 part 3. A sheet and a slide are pages. Tracked deletions, comments and headers are not text; what
the styles hide in a text, or a merged cell covers, is left out and counted; hidden sheets and slides are read, and the
report says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.office.odf_lists import list_labels
from indexer.loading.office.odf_parts import (
    COVERED,
    FLOATING,
    PARAGRAPHS,
    SKIPPED,
    boxes_in,
    document_properties,
    paragraphs_in,
    pictures_in,
    repeated,
)
from indexer.loading.office.odf_styles import DRAW, OFFICE, PRESENTATION, TABLE, TEXT, Styles, read_styles
from indexer.loading.office.office_parts import MACROS, sensible_title
from indexer.loading.packages import Package
from indexer.loading.tables import Cell, CellBudget, Row, add_rows, join_cells
from schema import Extraction, FootnoteError

_MOST_SPACES = 100
_NUMBERS = frozenset({"float", "percentage", "currency", "date", "time", "boolean"})


def load(data: bytes) -> Extraction:
    """Read an OpenDocument text, spreadsheet or presentation from bytes.

    Raises:
        FootnoteError: when it is damaged, locked by a password, or no such document.
    """
    package = Package(data)
    if "META-INF/manifest.xml" in package.names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise FootnoteError("It is protected by a password: save a copy without the password.")
    content = package.xml("content.xml")
    roots = [content, *([package.xml("styles.xml")] if "styles.xml" in package.names else [])]
    styles, body = read_styles(roots), content.find(f"{OFFICE}body")
    reader = _Reader(styles, list_labels(body, roots) if body is not None else {})
    for document in body if body is not None else ():
        reader.read_document(document)
        reader.warnings += pictures_in(document, styles).warnings()
    if any(name.startswith("Basic/") and not name.endswith(("-lc.xml", "-lb.xml", "/")) for name in package.names):
        reader.warnings.append(MACROS)
    if reader.hidden:
        reader.warnings.append(f"{reader.hidden:,} characters of hidden text were left out")
    title, metadata = document_properties(package)
    builder = reader.builder
    return builder.build(
        title=title or ("" if reader.is_spreadsheet else reader.first_title()),
        date=find_date(builder.head()),
        warnings=tuple(reader.warnings),
        metadata=metadata,
        hidden=reader.hidden,
    )


class _Reader:
    """Appends the blocks of one document."""

    def __init__(self, styles: Styles, labels: Mapping[Any, str]) -> None:
        self.builder = TextBuilder()
        self._hidden: dict[Any, int] = {}
        self.warnings: list[str] = []
        self.is_spreadsheet = False
        self._styles = styles
        self._labels = labels
        self._notes: list[Any] = []
        self._budget = CellBudget()

    @property
    def hidden(self) -> int:
        """How many characters were left out; an element that is looked at twice counts once."""
        return sum(self._hidden.values())

    def read_document(self, document: Any) -> None:
        """Read what is in the body: sheets, slides or flowing text, then the notes of the text."""
        if document.tag == f"{OFFICE}spreadsheet":
            self.is_spreadsheet = True
            for table in document.iter(f"{TABLE}table"):
                self._sheet(table)
        elif document.tag == f"{OFFICE}presentation":
            for number, slide in enumerate(document.iterfind(f"{DRAW}page"), start=1):
                self._slide(slide, number)
        else:
            self._flow(document)
            for note in self._notes:
                self._flow(note)

    def first_title(self) -> str | None:
        """The first heading of the highest rank that there is, unless it is one that was made up for a slide."""
        return sensible_title(self.builder.text_of_first(1) or self.builder.text_of_first(6) or "")

    def _flow(self, container: Any, kind: str = "paragraph") -> None:
        """The paragraphs, lists, tables and boxes in an element; `packages` limits how deep they nest."""
        for element in container:
            if element.tag in PARAGRAPHS:
                self._paragraph(element, kind)
            elif element.tag == f"{TABLE}table":
                self._table(element)
            elif element.tag in (f"{TEXT}list-item", f"{TEXT}list-header"):
                self._flow(element, "list_item")
            elif self._styles.hides_section(element):
                self._hidden[element] = len(clean_line("".join(element.itertext())))
            elif element.tag not in SKIPPED:
                self._flow(element, kind)

    def _paragraph(self, element: Any, kind: str) -> None:
        text = self._text(element)
        level = element.get(f"{TEXT}outline-level", "1") if element.tag == f"{TEXT}h" else self._styles.level(element)
        if level:
            self.builder.add("heading", text, level=int(level) if str(level) in "123456789" else 1)
        else:
            self.builder.add(kind, text)  # type: ignore[arg-type]
        for box in boxes_in(element):
            self._flow(box)

    def _table(self, table: Any) -> None:
        for row, times in repeated(table, "row"):
            found = [cell for cell, _ in repeated(row, "cell")]
            cells = [self._cell_text(cell) for cell in found]
            for _ in repeat(None, times if any(cells) else 0):
                self._budget.count("".join(cells))
                self.builder.add("table_row", join_cells(cells))
            for paragraph in (one for cell in found if cell.tag != COVERED for one in paragraphs_in(cell)):
                for box in boxes_in(paragraph):
                    self._flow(box)

    def _sheet(self, table: Any) -> None:
        name = table.get(f"{TABLE}name") or ""
        rows = list(self._rows(table))
        drawn = [box for shapes in table.iterfind(f"{TABLE}shapes") for box in boxes_in(shapes)]
        if any(rows) or drawn:
            self.builder.add("heading", name, level=1)
            add_rows(self.builder, rows)
            for box in drawn:
                self._flow(box)
            self.builder.end_page(label=name)
        if self._styles.hides_table(table):
            self.warnings.append(f"the sheet {name!r} is hidden in the document, and was read")
        for kind in ("row", "column"):
            found = table.iter(f"{TABLE}table-{kind}")
            if hidden := sum(one.get(f"{TABLE}visibility") in ("collapse", "filter") for one in found):
                self.warnings.append(f"the sheet {name!r} has {hidden} hidden ranges of {kind}s, which were read")

    def _rows(self, table: Any) -> Iterator[Row | None]:
        """The rows of a sheet; empty ones, however often they are repeated, are one gap."""
        for row, times in repeated(table, "row"):
            cells: dict[int, Cell] = {}
            column = 0
            for element, copies in repeated(row, "cell"):
                text = self._cell_text(element)
                for place in range(column, column + copies) if text else ():
                    self._budget.count(text)
                    cells[place] = Cell(text, element.get(f"{OFFICE}value-type") not in _NUMBERS)
                column += copies
            for _ in range(times if cells else 1):
                for cell in cells.values():
                    self._budget.count(cell.text)
                yield cells or None

    def _slide(self, slide: Any, number: int) -> None:
        frames = [frame for frame in slide if frame.tag in FLOATING]
        titles = [frame for frame in frames if frame.get(f"{PRESENTATION}class") == "title"]
        title = clean_line(" ".join(self._cell_text(frame) for frame in titles))
        notes = [box for notes in slide.iterfind(f"{PRESENTATION}notes") for box in notes.iter(f"{DRAW}text-box")]
        if title or any(self._cell_text(one) for one in (*frames, *notes)):
            self.builder.add("heading", title or f"Slide {number}", level=1)
        for frame in frames:
            if frame not in titles:
                self._flow([frame])
        if any(self._cell_text(box) for box in notes):
            self.builder.add("heading", "Notes", level=2)
            for box in notes:
                self._flow(box)
        self.builder.end_page()
        if self._styles.hides_slide(slide):
            self.warnings.append(f"slide {number} is hidden in the presentation, and was read")

    def _cell_text(self, element: Any) -> str:
        """All paragraphs in an element on one line; none of a cell that a merged one lies over."""
        if element.tag == COVERED:
            if covered := clean_line(" ".join(element.itertext())):
                self._hidden[element] = len(covered)
            return ""
        return clean_line(" ".join(self._text(one) for one in paragraphs_in(element)))

    def _text(self, element: Any) -> str:
        """The words of a paragraph behind its number."""
        text, label = "".join(self._pieces(element, is_root=True)), self._labels.get(element)
        return f"{label} {text}" if label and clean_line(text) else text

    def _pieces(self, element: Any, *, is_root: bool = False) -> Iterator[str]:
        """The words of a paragraph; floating boxes come after it, and notes at the end of the document."""
        if element.tag == f"{TEXT}note":
            self._notes.extend(element.iterfind(f"{TEXT}note-body"))
        elif self._styles.hides_text(element):
            self._hidden[element] = len(clean_line("".join(element.itertext())))
        elif element.tag == f"{TEXT}number":  # which some programs store, for those that don't count
            yield f"{element.text or ''} " if element.getparent() not in self._labels else ""
        elif element.tag == f"{TEXT}s":
            count = element.get(f"{TEXT}c", "1")
            yield " " * min(int(count) if count.isascii() and count.isdigit() else 1, _MOST_SPACES)
        elif element.tag in (f"{TEXT}tab", f"{TEXT}line-break"):
            yield " "
        elif element.tag not in SKIPPED and element.tag not in FLOATING:
            yield element.text or ""
            for child in element:
                yield from self._pieces(child)
        if not is_root:
            yield element.tail or ""
