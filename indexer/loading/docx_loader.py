"""DOCX to blocks in document order: headings by style or outline level, lists, tables row by row, text boxes, notes.

The archive is judged by its directory before anything is unpacked. Deleted revisions and field codes are not text; page
numbers do not exist in this format.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.parser import parse_xml

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.html_loader import join_cells
from indexer.loading.packages import open_archive
from schema import Extraction, FootnoteError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TEXT = frozenset({f"{_W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_HEADING_NAME = re.compile(r"heading ([1-9])", re.IGNORECASE)
_SKIPPED = frozenset({f"{_W}txbxContent", f"{_MC}Fallback", f"{_W}pPr", f"{_W}rPr", f"{_W}del", f"{_W}moveFrom"})
_SPACES = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_NOT_A_TITLE = re.compile(r"microsoft word|untitled|word document|document\d*$|\.docx?$|dokument", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Style:
    """What a paragraph style says: the level of a heading (0: none) and whether it makes list items."""

    level: int = 0
    is_list: bool = False


def load(data: bytes) -> Extraction:
    """Read a DOCX document from bytes.

    Raises:
        FootnoteError: when the archive is a zip bomb or no document.
    """
    open_archive(data)
    try:
        document = Document(io.BytesIO(data))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as error:
        if _is_strict(data):
            raise FootnoteError("It is in the Strict Open XML form: save it as an ordinary DOCX document.") from error
        raise FootnoteError(f"It can't be read as a DOCX document ({error}): it may be damaged.") from error
    builder = TextBuilder()
    reader = _Reader(builder, _styles(document))
    reader.read(document.element.body)
    for notes in _notes(document):
        reader.read(notes)
    title = _sensible_title(document) or builder.text_of_first(1) or builder.text_of_first(6)
    return builder.build(title=title, date=find_date(builder.head()))


class _Reader:
    """Walks the elements of a document part and appends their blocks."""

    def __init__(self, builder: TextBuilder, styles: dict[str, _Style]) -> None:
        self._builder = builder
        self._styles = styles

    def read(self, container: Any) -> None:
        """Append the paragraphs and tables in ``container``, also those in content controls and text boxes."""
        stack = [iter(container)]
        while stack:
            element = next(stack[-1], None)
            if element is None:
                stack.pop()
            elif element.tag == f"{_W}p":
                self._paragraph(element)
                stack.append(_text_boxes(element))
            elif element.tag == f"{_W}tbl" and not _is_frame(element):
                self._table(element)
            elif isinstance(element.tag, str) and element.tag not in _SKIPPED - {f"{_W}txbxContent"}:
                stack.append(iter(element))

    def _paragraph(self, paragraph: Any) -> None:
        style = self._style(paragraph)
        kind = "heading" if style.level else "list_item" if style.is_list else "paragraph"
        self._builder.add(kind, _text(paragraph), level=style.level)  # type: ignore[arg-type]

    def _table(self, table: Any) -> None:
        for row in table.iter(f"{_W}tr"):
            if _nearest_table(row) is table:
                cells = [" ".join(_text(p) for p in cell.iter(f"{_W}p")) for cell in _cells(row)]
                self._builder.add("table_row", join_cells([clean_line(cell) for cell in cells]))

    def _style(self, paragraph: Any) -> _Style:
        """The paragraph's own outline level and numbering go before those of its style."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return _Style()
        named = properties.find(f"{_W}pStyle")
        style = self._styles.get(named.get(f"{_W}val"), _Style()) if named is not None else _Style()
        own = _own_style(properties)
        return _Style(own.level or style.level, own.is_list or style.is_list)


def _styles(document: Any) -> dict[str, _Style]:
    """What every paragraph style of the document says, with what it inherits."""
    styles: dict[str, _Style] = {}
    for element in document.styles.element.iter(f"{_W}style"):
        styles[element.get(f"{_W}styleId")] = _read_style(element, styles)
    return styles


def _read_style(element: Any, known: dict[str, _Style]) -> _Style:
    name_element = element.find(f"{_W}name")
    name = name_element.get(f"{_W}val") or "" if name_element is not None else ""
    if match := _HEADING_NAME.fullmatch(name):
        return _Style(level=min(int(match[1]), 6))
    if name.lower() == "title":
        return _Style(level=1)
    based_on = element.find(f"{_W}basedOn")
    parent = known.get(based_on.get(f"{_W}val"), _Style()) if based_on is not None else _Style()
    properties = element.find(f"{_W}pPr")
    own = _own_style(properties) if properties is not None else _Style()
    is_list = (own.is_list and name.lower() != "subtitle") or name.lower().startswith("list ")
    return _Style(own.level or parent.level, is_list or parent.is_list)


def _own_style(properties: Any) -> _Style:
    """The outline level and numbering that paragraph properties state themselves."""
    outline = properties.find(f"{_W}outlineLvl")
    value = outline.get(f"{_W}val") or "" if outline is not None else ""
    level = min(int(value) + 1, 6) if value.isdigit() and int(value) < 9 else 0
    number = properties.find(f"{_W}numPr/{_W}numId")
    return _Style(level, number is not None and number.get(f"{_W}val") != "0")


def _text(paragraph: Any) -> str:
    """The words of one paragraph, without those of text boxes in it and without deleted ones."""
    return "".join(_pieces(paragraph))


def _pieces(paragraph: Any) -> Iterator[str]:
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in _TEXT:
            yield element.text or ""
        elif element.tag in _SPACES:
            yield _SPACES[element.tag]
        elif isinstance(element.tag, str) and element.tag not in _SKIPPED:
            stack.append(iter(element))


def _text_boxes(paragraph: Any) -> Iterator[Any]:
    """The text boxes anchored in a paragraph; each is stored twice, for new and for old programs."""
    boxes = list(paragraph.iter(f"{_W}txbxContent"))
    current = [box for box in boxes if not any(a.tag == f"{_MC}Fallback" for a in box.iterancestors())]
    return iter([box for box in current if next(box.iterancestors(f"{_W}p"), None) is paragraph])


def _cells(row: Any) -> list[Any]:
    return [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr"), None) is row]


def _nearest_table(row: Any) -> Any:
    return next(row.iterancestors(f"{_W}tbl"), None)


def _is_frame(table: Any) -> bool:
    """Whether a table is a frame around text: it has one cell in every row."""
    return all(len(_cells(row)) <= 1 for row in table.iter(f"{_W}tr") if _nearest_table(row) is table)


def _notes(document: Any) -> Iterator[Any]:
    """The roots of the parts that hold footnotes and endnotes."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            yield parse_xml(relation.target_part.blob)


def _is_strict(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _STRICT in archive.read("word/document.xml")[:10_000]
    except (KeyError, zipfile.BadZipFile):
        return False


def _sensible_title(document: Any) -> str | None:
    """The title in the document's properties, unless a program filled it in."""
    try:
        title = clean_line(document.core_properties.title or "")
    except (AttributeError, ValueError):  # broken properties are no reason to lose the text
        return None
    return title if len(title) >= 4 and not _NOT_A_TITLE.search(title) else None
