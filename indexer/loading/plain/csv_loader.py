"""CSV and its kin to rows with the names of their columns; the delimiter is found, decoding is as for every text.

RFC 4180 as far as files keep to it: quoted fields may hold delimiters and line breaks, rows may be shorter or longer.

A row without values ends a table, as it does in a spreadsheet: no row behind it takes the names of the columns before
it, which may not be its own. What follows has a header where its own first row is one. As wide as the table before and
of words alone, it may as well go on: its rows stand without names, for a wrong name says what the file doesn't. A lone
row of words is the header of figures behind it; and where every row stands alone, empty lines are spacing.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from indexer.loading.builder import TextBuilder
from indexer.loading.plain.decoding import decode
from indexer.loading.tables import Cell, CellBudget, Row, add_rows
from schema import Extraction, FootnoteError

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_FIELD = 10_000_000  # characters; a quote that is never closed takes the rest of the file
_SAMPLE_ROWS = 200
_NUMBER = re.compile(r"[-+(]?[€$£]?\s?\d[\d.,\s:/-]*[)%€$£]?")


def load(data: bytes) -> Extraction:
    """Read a CSV file from bytes.

    Raises:
        FootnoteError: when it holds more cells than fit, or a field without end.
    """
    text, warnings = decode(data)
    text = text.replace("\0", "")
    declared = re.match(r"sep=(.)\r?\n", text)  # what Excel writes for itself
    text, delimiter = (text[declared.end() :], declared[1]) if declared else (text, find_delimiter(text))
    builder, budget = TextBuilder(), CellBudget()
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        rows = [_row(fields, budget) for fields in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as error:
        raise FootnoteError(f"It can't be read as CSV: {error}.") from error
    add_rows(builder, (row for table in _tables(rows) for row in (*table, None)))
    return builder.build(warnings=warnings)


def _tables(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each table."""
    groups = [list(group) for is_filled, group in groupby(rows, key=bool) if is_filled]
    if all(len(group) == 1 for group in groups):
        return [[row for (row,) in groups]]
    tables: list[list[Row]] = []
    before: list[Row] = []
    for group in groups:
        if len(before) == 1 and _is_words(before[0]) and not _is_words(group[0]):
            before = tables[-1] = before + group
        else:
            tables.append(_without_header(group) if _may_go_on(before, group) else group)
            before = group
    return tables


def _is_words(row: Row) -> bool:
    """Whether a row holds several words and no figures, as a header does."""
    return len(row) > 1 and all(cell.is_words for cell in row.values())


def _may_go_on(before: Sequence[Row], rows: Sequence[Row]) -> bool:
    """Whether rows may be some more of the table before them: as wide, and nothing tells the first from the rest."""
    width = max((max(row) for row in before), default=-1)
    has_figures = any(not cell.is_words for row in rows[1:] for cell in row.values())
    return max(max(row) for row in rows) == width and not has_figures


def _without_header(rows: Sequence[Row]) -> list[Row]:
    """Rows whose first one is taken for no header."""
    return [{column: Cell(cell.text, is_words=False) for column, cell in row.items()} for row in rows]


def find_delimiter(text: str) -> str:
    r"""The delimiter that splits the beginning into rows of the same number of fields, the more fields the better.

    >>> find_delimiter("name;size\nx;1,5\ny;2,5\n")
    ';'
    """
    return max(_DELIMITERS, key=lambda delimiter: _evenness(text[:100_000], delimiter))


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    """The share of rows with the most usual number of fields, 0 when that is one; then that number."""
    counts: Counter[int] = Counter()
    try:
        for fields, _ in zip(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), range(_SAMPLE_ROWS), strict=False
        ):
            counts[len(fields)] += bool(fields)
    except csv.Error:
        return 0.0, 0
    width, rows = counts.most_common(1)[0] if counts else (1, 0)
    return (rows / counts.total() if width > 1 else 0.0), width


def _row(fields: list[str], budget: CellBudget) -> Row:
    row = {}
    for column, field in enumerate(fields):
        if field.strip():
            budget.count(field)
            row[column] = Cell(field, is_words=not _NUMBER.fullmatch(field.strip()[:100]))
    return row
