"""One sheet of an Excel workbook to the cells that are shown, read as a stream: nothing of it is kept but the cells.

ECMA-376 part 1, chapter 18.3. What becomes of the cells is decided in `xlsx_loader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from indexer.loading.office.xlsx_cells import S, Workbook, column_number, integer, shown_cell
from indexer.loading.packages import Package, PartError, stream_xml
from indexer.loading.tables import LONGEST_LABEL, Cell, CellBudget

_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class Sheet:
    """The cells of one sheet by row and column, both from 0, and what is odd about it."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    last_row: int = -1
    hidden_rows: int = 0
    hidden_columns: int = 0
    without_value: int = 0
    hidden: int = 0
    damage: PartError | None = None

    def in_order(self) -> Iterator[dict[int, Cell] | None]:
        """The rows with ``None`` for each gap between them."""
        before = -1
        for number in sorted(self.rows):
            if number > before + 1:
                yield None
            yield dict(sorted(self.rows[number].items()))
            before = number


def read_sheet(package: Package, part: str, workbook: Workbook) -> Sheet:
    """The cells of a sheet, of a damaged one those before the damage; each element is let go when it has been read.

    Raises:
        FootnoteError: when there are more cells or characters than fit.
    """
    sheet = Sheet()
    try:
        for element in stream_xml(package.read(part), part, [f"{S}{name}" for name in ("row", "col", "mergeCell")]):
            _read_element(element, sheet, workbook)
    except PartError as error:
        sheet.damage = error
    _fill_merged(sheet, workbook.budget)
    return sheet


def _read_element(element: Any, sheet: Sheet, workbook: Workbook) -> None:
    name = element.tag.rpartition("}")[2]
    if name == "row":
        _read_row(element, sheet, workbook)
    elif name == "col" and element.get("hidden") in ("1", "true"):
        first, last = integer(element.get("min")), integer(element.get("max"))
        sheet.hidden_columns += max(0, min(last, 16_384) - first + 1)
    elif name == "mergeCell":
        sheet.merged.append(element.get("ref") or "")


def _read_row(row: Any, sheet: Sheet, workbook: Workbook) -> None:
    """Add the cells of a row; cells and rows without an address follow the one before."""
    sheet.last_row = number = integer(row.get("r"), sheet.last_row + 2) - 1
    cells = sheet.rows.get(number, {})
    column = -1
    for element in row.iterfind(f"{S}c"):
        address = _ADDRESS.fullmatch(element.get("r") or "")
        column = column_number(address[1]) if address else column + 1
        cell, hidden = shown_cell(element, workbook)
        sheet.hidden += hidden
        if cell.text:
            workbook.budget.count(cell.text)
            cells[column] = cell
        elif element.find(f"{S}f") is not None and element.find(f"{S}v") is None:
            sheet.without_value += 1
    if cells:
        sheet.rows[number] = cells
        sheet.hidden_rows += row.get("hidden") in ("1", "true")


def _fill_merged(sheet: Sheet, budget: CellBudget) -> None:
    """A label merged down over several rows stands in each of them: a row is quoted alone. Prose stands once."""
    last = max(sheet.rows, default=-1)
    for reference in sheet.merged:
        corners = [_ADDRESS.fullmatch(corner) for corner in reference.split(":")]
        if len(corners) != 2 or not all(corners):
            continue
        (column, top), bottom = (corners[0][1], int(corners[0][2]) - 1), int(corners[1][2]) - 1  # type: ignore[index]
        place = column_number(column)
        cell = sheet.rows.get(top, {}).get(place)
        if cell is None or len(cell.text) > LONGEST_LABEL:
            continue
        for number in range(top + 1, min(bottom, last) + 1):
            budget.count(cell.text)
            if number in sheet.rows:
                sheet.rows[number].setdefault(place, cell)
