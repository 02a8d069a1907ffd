"""Rows of cells to lines of text in which each value stands beside the name of its column.

A row of a spreadsheet is quoted, retrieved and judged alone, often far below the header. So a table that has a header
keeps it as its first row, and each row below says `Year: 2021 | Total: 12`. Reading files is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from schema import FootnoteError

LONGEST_LABEL = 200
"""Characters of a merged cell that stands in each of its rows; a longer one is prose, and stands once."""
MOST_CELLS = 1_000_000
MOST_CHARACTERS = 50_000_000  # a text that is stored once may fill every cell
_LONGEST_NAME = 80  # characters of the name of a column; longer ones are prose
_MOST_ALIGNED = 64  # columns; in wider tables without a header empty cells leave no trace
_JOINT = " | "
_BARS = re.compile(r"(?:^| )\|(?= |$)")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not empty: what is displayed, and whether it is words (a header is; numbers and dates are not)."""

    text: str
    is_words: bool = True


Row = Mapping[int, Cell]
"""The cells of one row that are not empty, by column from 0, in order."""


class CellBudget:
    """Counts what a file unpacks to, since a few bytes may repeat a cell a million times."""

    def __init__(self) -> None:
        self._cells = self._characters = 0

    def count(self, text: str) -> None:
        """Count one cell.

        Raises:
            FootnoteError: when there are more cells or characters than fit; nothing is cut off silently.
        """
        self._cells += 1
        self._characters += len(text)
        if self._cells > MOST_CELLS:
            raise FootnoteError(
                f"It holds more than {MOST_CELLS:,} cells with content, the most that is read: split it."
            )
        if self._characters > MOST_CHARACTERS:
            raise FootnoteError(
                f"Its cells hold more than {MOST_CHARACTERS:,} characters, the most that is read: split it."
            )


def add_rows(builder: TextBuilder, rows: Iterable[Row | None]) -> None:
    """Append the rows of a sheet; an empty row (or ``None``) ends a table, and a lone line above one is its title."""
    region: list[Row] = []
    for row in (*rows, None):
        if row:
            region.append(row)
        elif region:
            _add_region(builder, region)
            region = []


def lines_of(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of one table.

    >>> rows = [{0: Cell("Year"), 1: Cell("Total")}, {0: Cell("2021", is_words=False), 1: Cell("12", is_words=False)}]
    >>> list(lines_of(rows))
    ['Year | Total', 'Year: 2021 | Total: 12']
    """
    header = {column: _name(cell.text) for column, cell in rows[0].items()} if _is_header(rows) else {}
    used = sorted({column for row in rows for column in row})
    is_aligned = len(used) <= _MOST_ALIGNED and any(len(row) > 1 for row in rows)
    for index, row in enumerate(rows):
        if header and index:
            yield _JOINT.join(_named(header.get(column, ""), cell) for column, cell in row.items())
        else:
            columns = [column for column in used if column <= max(row)] if is_aligned else list(row)
            yield _JOINT.join(clean_line(row[column].text) if column in row else "" for column in columns)


def join_cells(cells: Sequence[str]) -> str:
    """One row as text, without names of columns; a row without any text is empty.

    >>> join_cells(["Year", "Total"])
    'Year | Total'
    """
    return _JOINT.join(cells) if any(cells) else ""


def cells_of(lines: Sequence[str]) -> list[list[str]]:
    """The cells of a table's lines again, aligned under the header where there is one: for measuring, not for reading.

    >>> cells_of(["Year | Total | Note", "Year: 2021 | Note: x"])
    [['Year', 'Total', 'Note'], ['2021', '', 'x']]
    >>> cells_of(["| | 12"])
    [['', '', '12']]
    """
    rows: list[list[str]] = []
    names: list[str] = []
    for line in lines:
        cells = [cell.strip() for cell in _BARS.split(line)]
        found = {name: cell.removeprefix(f"{name}: ") for cell in cells for name in names if _holds(name, cell)}
        if any(found) and len(found) == len(cells):
            rows.append([found.get(name, "") for name in names])
        else:  # the header of a table, or a row of one that has none
            rows.append(cells)
            names = [_name(cell) for cell in cells]
    return rows


def _holds(name: str, cell: str) -> bool:
    return cell.startswith(f"{name}: ") if name else ": " not in cell


def _name(text: str) -> str:
    """The name of a column as it stands before values."""
    return clean_line(text).rstrip(":").rstrip()


def _named(name: str, cell: Cell) -> str:
    return f"{name}: {clean_line(cell.text)}" if name else clean_line(cell.text)


def _add_region(builder: TextBuilder, region: list[Row]) -> None:
    """The tables in rows without a gap between them."""
    for table in _side_by_side(region):
        titles = _titles(table)
        for row in table[:titles]:
            builder.add("paragraph", next(iter(row.values())).text)
        for line in lines_of(table[titles:]) if len(table) > titles else ():
            builder.add("table_row", line)


def _titles(table: Sequence[Row]) -> int:
    """How many rows at the top hold a single cell while others hold more: lines above a table."""
    if len(table) == 1:
        return int(len(table[0]) == 1)
    if all(len(row) == 1 for row in table):
        return 0
    return next(index for index, row in enumerate(table) if len(row) > 1)


def _side_by_side(region: list[Row]) -> list[list[Row]]:
    """The tables that stand beside one another, when an empty column parts them and each has a header of its own.

    In a form an empty column is only space: what stands left of it belongs to what stands right of it.
    """
    used = sorted({column for row in region for column in row})
    starts = [column for before, column in pairwise(used) if column > before + 1]
    if not starts or len(used) > _MOST_ALIGNED:
        return [region]
    bounds = [used[0], *starts, used[-1] + 1]
    parts: list[list[Row]] = [
        [part for row in region if (part := {column: row[column] for column in row if first <= column < end})]
        for first, end in pairwise(bounds)
    ]
    return parts if all(_is_header(part[_titles(part) :]) for part in parts) else [region]


def _is_header(rows: Sequence[Row]) -> bool:
    """Whether the first row names the columns: short, different words over every column that is used below."""
    first, *rest = rows or [{}]
    names = {clean_line(cell.text).casefold() for cell in first.values()}
    used = {column for row in rest for column in row}
    leading = {min(used)} if used else set()  # the column of labels often has no name
    return (
        len(first) > 1
        and len(names) == len(first)
        and all(cell.is_words and len(cell.text) <= _LONGEST_NAME for cell in first.values())
        and bool(used)
        and used - leading <= set(first)
        and 4 * sum(len(row) == 1 for row in rest) <= len(rest)  # else it is a form, not a table
    )
