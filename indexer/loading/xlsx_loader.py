"""Excel workbooks to a page for each sheet: its name as heading, then its rows with the names of their columns.

ECMA-376 part 1, chapter 18. Formulas are not computed: what Excel stored as their value is read. Hidden sheets, rows
and columns are read, since anybody can show them, and the report says so. Sheets are read as streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from indexer.loading.builder import TextBuilder
from indexer.loading.dates import find_date
from indexer.loading.number_formats import BUILT_IN, GENERAL, display
from indexer.loading.office_parts import (
    MACROS,
    RELATION_ID,
    Relation,
    chart_blocks,
    drawing_paragraphs,
    has_macros,
    is_on,
    main_part,
    properties,
    relations,
)
from indexer.loading.packages import Package, stream_xml
from indexer.loading.tables import Cell, CellBudget, add_rows
from schema import BlockKind, Extraction, FootnoteError

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MOST_SHEETS = 1000
_MOST_DIGITS = 7  # of the number of a row; Excel has 1,048,576


@dataclass(frozen=True, slots=True)
class _Workbook:
    """What all sheets share: strings, the format of each style, and where days count from."""

    strings: list[str]
    formats: list[str]
    from_1904: bool
    budget: CellBudget


@dataclass(slots=True)
class _Sheet:
    """The cells of one sheet by row and column, both from 0, and what is odd about it."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    last_row: int = -1
    hidden_rows: int = 0
    hidden_columns: int = 0
    without_value: int = 0


def load(data: bytes) -> Extraction:
    """Read a workbook from bytes.

    Raises:
        FootnoteError: when it is damaged or holds more than fits.
    """
    package = Package(data)
    part = main_part(package)
    root, named = package.xml(part), relations(package, part)
    workbook = _workbook(package, root, named)
    builder, warnings = TextBuilder(), [MACROS] if has_macros(package) else []
    sheets = list(root.iter(f"{_S}sheet"))
    if len(sheets) > _MOST_SHEETS:
        raise FootnoteError(f"It has {len(sheets):,} sheets, and {_MOST_SHEETS:,} is the most: split it.")
    for sheet in sheets:
        relation = named.get(sheet.get(RELATION_ID) or "")
        warnings += _add_sheet(builder, package, sheet, relation, workbook)
    title, metadata = properties(package)
    return builder.build(
        title=title,  # the name of the first sheet says nothing
        date=find_date(builder.head()),
        warnings=tuple(warnings),
        metadata=metadata,
    )


def _workbook(package: Package, root: Any, named: dict[str, Relation]) -> _Workbook:
    parts = {relation.kind: relation.target for relation in named.values()}
    settings = root.find(f"{_S}workbookPr")
    from_1904 = settings is not None and "date1904" in settings.attrib and is_on(settings.get("date1904"))
    shared = parts.get("sharedStrings")
    strings = [_string(one) for one in stream_xml(package.read(shared), shared, [f"{_S}si"])] if shared else []
    styles = package.xml(parts["styles"]) if "styles" in parts else etree.Element("none")
    codes = {one.get("numFmtId") or "": one.get("formatCode") or GENERAL for one in styles.iter(f"{_S}numFmt")}
    formats = [_code(one.get("numFmtId"), codes) for one in styles.iterfind(f"{_S}cellXfs/{_S}xf")]
    return _Workbook(strings, formats, from_1904, CellBudget())


def _code(number: str | None, codes: dict[str, str]) -> str:
    number = number or "0"
    return codes.get(number) or BUILT_IN.get(_integer(number, 0), GENERAL)


def _add_sheet(
    builder: TextBuilder, package: Package, sheet: Any, relation: Relation | None, workbook: _Workbook
) -> Iterator[str]:
    """Append one sheet as a page, when there is anything in it, and say what its reader should know."""
    name = sheet.get("name") or ""
    if relation is None:
        yield f"the sheet {name!r} is missing in the file"
        return
    content = _Sheet()
    if relation.kind == "worksheet":
        content = _read_sheet(package, relation.target, workbook)
        _fill_merged(content, workbook.budget)
    drawn = list(_drawn(package, relation.target))
    if content.rows or drawn:
        builder.add("heading", name, level=1)
        add_rows(builder, _in_order(content))
        for kind, text in drawn:
            builder.add(kind, text)
        builder.end_page(label=name)
    yield from _oddities(content, name, is_hidden=sheet.get("state") in ("hidden", "veryHidden"))


def _in_order(content: _Sheet) -> Iterator[dict[int, Cell] | None]:
    """The rows of a sheet with ``None`` for each gap between them."""
    before = -1
    for number in sorted(content.rows):
        if number > before + 1:
            yield None
        yield dict(sorted(content.rows[number].items()))
        before = number


def _oddities(content: _Sheet, name: str, *, is_hidden: bool) -> Iterator[str]:
    if is_hidden:
        yield f"the sheet {name!r} is hidden in the workbook, and was read"
    for count, what in ((content.hidden_rows, "rows"), (content.hidden_columns, "columns")):
        if count:
            yield f"the sheet {name!r} has {count} hidden {what}, which were read"
    if content.without_value:
        yield f"the sheet {name!r} has {content.without_value} formulas without a stored value: save it in Excel once"


def _read_sheet(package: Package, part: str, workbook: _Workbook) -> _Sheet:
    """The cells of one sheet; each element is let go as soon as it has been read."""
    sheet = _Sheet()
    for element in stream_xml(package.read(part), part, [f"{_S}{name}" for name in ("row", "col", "mergeCell")]):
        name = element.tag.rpartition("}")[2]
        if name == "row":
            _read_row(element, sheet, workbook)
        elif name == "col" and element.get("hidden") in ("1", "true"):
            first, last = _integer(element.get("min")), _integer(element.get("max"))
            sheet.hidden_columns += max(0, min(last, 16_384) - first + 1)
        elif name == "mergeCell":
            sheet.merged.append(element.get("ref") or "")
    return sheet


def _read_row(row: Any, sheet: _Sheet, workbook: _Workbook) -> None:
    """Add the cells of a row; cells and rows without an address follow the one before."""
    sheet.last_row = number = _integer(row.get("r"), sheet.last_row + 2) - 1
    cells = sheet.rows.get(number, {})
    column = -1
    for element in row.iterfind(f"{_S}c"):
        address = _ADDRESS.fullmatch(element.get("r") or "")
        column = column_number(address[1]) if address else column + 1
        cell = _cell(element, workbook)
        if cell.text:
            workbook.budget.count(cell.text)
            cells[column] = cell
        elif element.find(f"{_S}f") is not None and element.find(f"{_S}v") is None:
            sheet.without_value += 1
    if cells:
        sheet.rows[number] = cells
        sheet.hidden_rows += row.get("hidden") in ("1", "true")


def _integer(text: str | None, default: int = 1) -> int:
    """A number of the format, or the default for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default


def column_number(letters: str) -> int:
    """The place of a column, from 0.

    >>> [column_number(letters) for letters in ("A", "Z", "AA")]
    [0, 25, 26]
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(element: Any, workbook: _Workbook) -> Cell:
    """What a cell displays."""
    kind, value = element.get("t", "n"), element.findtext(f"{_S}v") or ""
    if kind == "inlineStr":
        inline = element.find(f"{_S}is")
        return Cell(_string(inline) if inline is not None else "")
    if kind == "s":
        place = _integer(value.strip(), len(workbook.strings))
        return Cell(workbook.strings[place] if place < len(workbook.strings) else "")
    if kind == "b":
        return Cell({"1": "TRUE", "0": "FALSE"}.get(value, value), is_words=False)
    return _number(value, element.get("s") or "", workbook) if kind == "n" else Cell(_unescape(value), kind == "str")


def _number(value: str, style: str, workbook: _Workbook) -> Cell:
    place = _integer(style, 0)
    code = workbook.formats[place] if place < len(workbook.formats) else GENERAL
    try:
        return Cell(display(float(value), code, from_1904=workbook.from_1904), is_words=False)
    except ValueError:
        return Cell(value)


def _string(element: Any) -> str:
    """The words of a string, without how they are pronounced."""
    texts = [text for text in element.iter(f"{_S}t") if text.getparent().tag != f"{_S}rPh"]
    return _unescape("".join(text.text or "" for text in texts))


def _unescape(text: str) -> str:
    """Characters that XML can't hold are written as ``_x000D_``."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _fill_merged(sheet: _Sheet, budget: CellBudget) -> None:
    """A label merged down over several rows stands in each of them: a row is read, and quoted, alone."""
    last = max(sheet.rows, default=-1)
    for reference in sheet.merged:
        corners = [_ADDRESS.fullmatch(corner) for corner in reference.split(":")]
        if len(corners) != 2 or not all(corners):
            continue
        (column, top), bottom = (corners[0][1], int(corners[0][2]) - 1), int(corners[1][2]) - 1  # type: ignore[index]
        place = column_number(column)
        cell = sheet.rows.get(top, {}).get(place)
        for number in range(top + 1, min(bottom, last) + 1) if cell else ():
            budget.count(cell.text)  # type: ignore[union-attr]
            if number in sheet.rows:
                sheet.rows[number].setdefault(place, cell)  # type: ignore[arg-type]


def _drawn(package: Package, part: str) -> Iterator[tuple[BlockKind, str]]:
    """The words of text boxes and charts that lie on a sheet, as blocks."""
    for relation in relations(package, part).values():
        if relation.kind == "drawing":
            for text in drawing_paragraphs(package.xml(relation.target)):
                yield "paragraph", text
            for chart in relations(package, relation.target).values():
                if chart.kind == "chart":
                    yield from chart_blocks(package.xml(chart.target))
