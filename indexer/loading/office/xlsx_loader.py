"""Excel workbooks to a page for each sheet: its name as heading, then its rows with the names of their columns.

ECMA-376 part 1, chapter 18. Formulas are not computed: what Excel stored as their value is read. Hidden sheets, rows
and columns are read, since anybody can show them, and the report says so; what a cell's format hides is left out and
counted. A damaged sheet costs itself, or what stands behind the damage (indexer/loading/office/xlsx_sheets.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.dates import find_date
from indexer.loading.office.office_parts import (
    RELATION_ID,
    Relation,
    Salvage,
    chart_blocks,
    drawing_paragraphs,
    main_part,
    properties,
    relations,
)
from indexer.loading.office.pictures import Pictures
from indexer.loading.office.xlsx_cells import S, Workbook, read_workbook
from indexer.loading.office.xlsx_sheets import Sheet, read_sheet
from indexer.loading.packages import Package, PartError
from indexer.loading.tables import add_rows
from schema import BlockKind, Extraction, FootnoteError, PageStatus

_MOST_SHEETS = 1000
_WITH_PICTURES = ("xl/richData/richValueRel.xml", "xl/cellimages.xml")
"""Parts whose relations are the pictures in cells, of Excel and of WPS Office."""


def load(data: bytes) -> Extraction:
    """Read a workbook from bytes.

    Raises:
        FootnoteError: when it holds more than fits, or is damaged so that none of its sheets can be read.
    """
    package = Package(data)
    part = main_part(package)
    root, named = package.xml(part), relations(package, part)
    reader = _Reader(package, read_workbook(package, root, named))
    sheets = list(root.iter(f"{S}sheet"))
    if len(sheets) > _MOST_SHEETS:
        raise FootnoteError(f"It has {len(sheets):,} sheets, and {_MOST_SHEETS:,} is the most: split it.")
    for sheet in sheets:
        reader.add_sheet(sheet, named.get(sheet.get(RELATION_ID) or ""))
    return reader.finish()


class _Reader:
    """Appends sheets to one document, and keeps what the report says of them."""

    def __init__(self, package: Package, workbook: Workbook) -> None:
        self._package = package
        self._workbook = workbook
        self._builder, self._salvage, self._pictures = TextBuilder(), Salvage(package), Pictures()
        self._hidden = 0

    def add_sheet(self, sheet: Any, relation: Relation | None) -> None:
        """Append one sheet as a page, when there is anything in it, or should be."""
        name = sheet.get("name") or ""
        if relation is None:
            self._salvage.warnings.append(f"the sheet {name!r} is missing in the file")
            self._builder.end_page(label=name, status="unreadable", problem="it is missing in the file")
            return
        content = Sheet()
        if relation.kind == "worksheet":
            content = read_sheet(self._package, relation.target, self._workbook)
        drawn = list(self._drawn(relation.target, name))
        if content.rows or drawn:
            self._builder.add("heading", name, level=1)
            add_rows(self._builder, content.in_order())
            for kind, text in drawn:
                self._builder.add(kind, text)
        if content.rows or drawn or content.damage:
            status: PageStatus | None = "unreadable" if not (content.rows or drawn) else None
            self._builder.end_page(label=name, status=status, problem="it is damaged" if content.damage else "")
        self._hidden += content.hidden
        self._tell(content, name, is_hidden=sheet.get("state") in ("hidden", "veryHidden"))

    def finish(self) -> Extraction:
        """The document, once all sheets were added."""
        self._salvage.refuse_if_nothing_is_left(self._builder.blocks)
        for part in _WITH_PICTURES:
            self._pictures.take_named(self._salvage.relations(part, "the list of pictures in cells"))
        warnings = [*self._salvage.warnings, *self._pictures.warnings()]
        if self._hidden:
            warnings.append(f"{self._hidden:,} characters of hidden text were left out")
        title, metadata = properties(self._package)
        return self._builder.build(
            title=title,  # the name of the first sheet says nothing
            date=find_date(self._builder.head()),
            warnings=tuple(warnings),
            metadata=metadata,
            hidden=self._hidden,
        )

    def _drawn(self, part: str, name: str) -> Iterator[tuple[BlockKind, str]]:
        """The words of text boxes and charts that lie on a sheet, as blocks."""
        try:
            named = relations(self._package, part)
            self._pictures.take_named(named)
            for relation in [one for one in named.values() if one.kind == "drawing"]:
                yield from self._drawing(relation.target, name)
        except PartError as error:
            self._salvage.lose(f"what is drawn on the sheet {name!r}", error)

    def _drawing(self, part: str, name: str) -> Iterator[tuple[BlockKind, str]]:
        root, named = self._package.xml(part), relations(self._package, part)
        self._pictures.look(root, named)
        for text in drawing_paragraphs(root):
            yield "paragraph", text
        for relation in [one for one in named.values() if one.kind == "chart"]:
            chart = self._salvage.xml(relation.target, f"a chart on the sheet {name!r}")
            yield from chart_blocks(chart) if chart is not None else ()

    def _tell(self, content: Sheet, name: str, *, is_hidden: bool) -> None:
        """Say what the reader of a sheet should know."""
        warnings = self._salvage.warnings
        if content.damage and not content.rows:
            self._salvage.lose(f"the sheet {name!r}", content.damage)
        elif content.damage:
            warnings.append(
                f"the sheet {name!r} is damaged behind row {content.last_row + 1}, and was read until there"
            )
        if is_hidden:
            warnings.append(f"the sheet {name!r} is hidden in the workbook, and was read")
        for count, what in ((content.hidden_rows, "rows"), (content.hidden_columns, "columns")):
            if count:
                warnings.append(f"the sheet {name!r} has {count} hidden {what}, which were read")
        if count := content.without_value:
            warnings.append(f"the sheet {name!r} has {count} formulas without a stored value: save it in Excel once")
