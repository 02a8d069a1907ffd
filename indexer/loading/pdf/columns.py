"""Tables of a page of a PDF without ruling lines: rows whose pieces stand in columns; pure functions over lines.

Two columns of prose also stand side by side. A table is told from them by short pieces, and a table of two columns also
by labels, by figures, or by being written row by row.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median

from indexer.loading.pdf.lines import Line

_GUTTER = 0.6  # sizes of type, the least between two columns
_FURTHEST = 3.6  # sizes of type from one row to the next
_TIGHT = 1.45  # sizes of type between lines of one cell
_LONGEST = 45.0  # characters of a cell on average
_LONGEST_OF_TWO = 32.0
_FEWEST_ROWS = 3
_MOST_ROWS = 150  # of one table on a page; the rest is another one
_MOST_PIECES = 3_000  # on a page; what has more is a drawing
_MARK = re.compile(r"[•‣◦▪●○■□►➢✓*–-]|\(?[\divxa-z]{1,4}[.)]|[\uf0b7\uf0a7\uf0d8\uf0fc]")
_ITEM = re.compile(r"(?:[•‣◦▪●○■□➢\uf0b7\uf0a7\uf0d8]|\(?\d{1,3}[.)])(?:\s+(?=\S)|$)")
_INDENT = 2.5  # sizes of type, the most between the mark of an item and its words
FIGURE = re.compile(r"\(?[$€£+-]?\s?\d[\d.,:/ -]*%?\)?|n/?a|-+|–|—|yes|no|tbd", re.IGNORECASE)
"""What stands alone in a cell: a figure, or a word that stands for one."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """A table: the intervals of its columns, and its rows as they stand, each the places of its pieces.

    ``is_prose`` marks columns of prose that are written row by row, across them.
    """

    columns: tuple[Interval, ...]
    rows: tuple[tuple[int, ...], ...]
    is_prose: bool = False


def find_tables(lines: Sequence[Line], free: Sequence[int]) -> list[Found]:
    """The tables among pieces of lines, and the columns of prose that were not read one after the other.

    Args:
        lines: the pieces of a page, in the order in which they are written.
        free: the places of those that may belong to a table.
    """
    if len(free) > _MOST_PIECES:
        return []
    rows = _visual_rows(lines, [place for place in free if lines[place].angle == 0])
    found, index = [], 0
    while index < len(rows):
        table = _table_at(lines, rows, index)
        if table:
            found.append(table)
        index += len(table.rows) if table else 1
    return found


def _table_at(lines: Sequence[Line], rows: Sequence[tuple[int, ...]], first: int) -> Found | None:
    """The table whose first row is ``first``; a header may run over several columns, or stand beside its own."""
    header = rows[first]
    if len(header) < 2:
        return None
    table = _table(lines, rows[first : _grow(lines, rows, first)])
    if first + 1 == len(rows) or not _is_near(lines, rows, first + 1):
        return table
    if len(rows[first + 1]) <= len(header) and not (table and _collides(lines, table)):
        return table
    below = _table(lines, rows[first + 1 : _grow(lines, rows, first + 1)])
    if below is None or below.is_prose or (table and len(below.columns) < len(table.columns)):
        return table
    if len(header) == len(below.columns):
        heads = [lines[place] for place in header]
        wider = [(min(head.start, start), end) for head, (start, end) in zip(heads, below.columns, strict=True)]
        return Found(tuple(wider), (header, *below.rows))
    return Found(below.columns, (header, *below.rows)) if len(rows[first + 1]) > len(header) else table


def _collides(lines: Sequence[Line], table: Found) -> bool:
    """Whether two pieces of a row stand in one column: the header made one of two."""
    starts = [start for start, _ in table.columns]
    columns = [[bisect(starts, lines[place].start + 0.1) for place in row] for row in table.rows]
    return any(len(set(row)) < len(row) for row in columns)


def _is_near(lines: Sequence[Line], rows: Sequence[tuple[int, ...]], index: int) -> bool:
    """Whether a row is no further from the one above than rows of a table are."""
    above, row = lines[rows[index - 1][0]], lines[rows[index][0]]
    return above.baseline - row.baseline <= _FURTHEST * max(above.size, row.size)


def _visual_rows(lines: Sequence[Line], places: list[int]) -> list[tuple[int, ...]]:
    """Pieces on one height, from the top of the page, each row from the left."""
    rows: list[list[int]] = []
    for place in sorted(places, key=lambda place: -lines[place].baseline):
        line = lines[place]
        first = lines[rows[-1][0]] if rows else None
        if first and first.baseline - line.baseline < 0.4 * min(first.size, line.size):
            rows[-1].append(place)
        else:
            rows.append([place])
    return [tuple(sorted(row, key=lambda place: lines[place].start)) for row in rows]


def _grow(lines: Sequence[Line], rows: Sequence[tuple[int, ...]], first: int) -> int:
    """Behind the last row that fits the columns which begin at ``first``."""
    columns = _columns(lines, rows[first])
    most, end = len(columns), first + 1
    for index in range(first + 1, min(len(rows), first + _MOST_ROWS)):
        wider = _columns(lines, rows[index], columns)
        if not _is_near(lines, rows, index) or len(wider) < max(2, most * 0.6):
            break
        if len(rows[index]) == 1 and not _goes_on(lines, rows, index):
            break
        columns, most = wider, max(most, len(wider))
        end = index + 1
    while end > first and len(rows[end - 1]) == 1 and not _is_tight(lines, rows[end - 2], rows[end - 1]):
        end -= 1
    return end


def _goes_on(lines: Sequence[Line], rows: Sequence[tuple[int, ...]], index: int) -> bool:
    """Whether a row of one piece can belong to the table above: in an inner column, or no farther than rows are."""
    line, above = lines[rows[index][0]], lines[rows[index - 1][0]]
    if line.bold and not all(lines[place].bold for place in rows[index - 1]):
        return False
    earlier = lines[rows[index - 2][0]] if index > 1 else above
    if any(abs(lines[place].start - line.start) < 0.2 * line.size for place in rows[index - 1][1:]):
        return True
    usual = max(earlier.baseline - above.baseline, 1.2 * line.size)
    return abs(line.size - above.size) < 0.15 * above.size and above.baseline - line.baseline <= 1.3 * usual


def _is_tight(lines: Sequence[Line], above: tuple[int, ...], row: tuple[int, ...]) -> bool:
    """Whether a row of one piece goes on with a cell of the row above."""
    line = lines[row[0]]
    near = lines[above[0]].baseline - line.baseline <= _TIGHT * line.size
    inner = above[1:] or above  # a single piece above is the line before, in the same cell
    return near and any(abs(lines[place].start - line.start) < line.size for place in inner)


def _columns(lines: Sequence[Line], row: Sequence[int], columns: tuple[Interval, ...] = ()) -> tuple[Interval, ...]:
    """Intervals that hold all pieces, with gutters between them that no piece touches."""
    pieces = sorted([*columns, *((lines[place].start, lines[place].end) for place in row)])
    gutter = _GUTTER * min(lines[place].size for place in row)
    merged = [pieces[0]]
    for start, end in pieces[1:]:
        if start - merged[-1][1] < gutter:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def _table(lines: Sequence[Line], rows: Sequence[tuple[int, ...]]) -> Found | None:
    """The rows as a table, when they look like one."""
    columns: tuple[Interval, ...] = ()
    for row in rows:
        columns = _columns(lines, row, columns)
    several = [row for row in rows if len(row) > 1]
    if len(columns) < 2 or (len(several) < _FEWEST_ROWS and not _is_small_table(rows)):
        return None
    if _is_list(lines, several):
        return None
    if not _has_short_cells(lines, rows, columns):
        in_turn = len(several) > _FEWEST_ROWS and _in_turn(several) > 0.7
        return Found(columns, tuple(rows), is_prose=True) if in_turn else None
    if len(columns) == 2 and not _is_pairs(lines, several):
        return None
    return Found(columns, tuple(rows))


def _is_small_table(rows: Sequence[tuple[int, ...]]) -> bool:
    """Whether two rows alone are a table: a header and as many values."""
    return len(rows) == 2 and len(rows[0]) == len(rows[1]) >= 3


def _has_short_cells(lines: Sequence[Line], rows: Sequence[tuple[int, ...]], columns: Sequence[Interval]) -> bool:
    """Whether pieces are short, and do not fill their columns as prose does."""
    pieces = [lines[place] for row in rows for place in row]
    if mean(len(piece.text) for piece in pieces) > (_LONGEST if len(columns) > 2 else _LONGEST_OF_TWO):
        return False
    widths = {column: column[1] - column[0] for column in columns}
    full = [
        (piece.end - piece.start) / max(width, 1.0) > 0.85 and piece.text.count(" ") >= 3
        for piece in pieces
        for column, width in widths.items()
        if column[0] <= piece.start <= column[1]
    ]
    return mean(full) < 0.5


def _is_list(lines: Sequence[Line], rows: Sequence[tuple[int, ...]]) -> bool:
    """Whether the first pieces are only marks of list items, or lists stand side by side."""
    marks = [_MARK.fullmatch(lines[row[0]].text.strip()) is not None for row in rows]
    if all(len(row) == 2 for row in rows) and mean(marks) > 0.5:
        return True
    return mean(_items([lines[place] for place in row]) > 1 for row in rows) > 0.5


def _items(row: Sequence[Line]) -> int:
    """How many list items stand in a row, each one piece or its mark and its words."""
    marks = [_ITEM.match(piece.text.strip()) for piece in row]
    own = sum(mark is not None and mark.end() < len(piece.text.strip()) for mark, piece in zip(marks, row, strict=True))
    return own + sum(
        mark is not None
        and mark.end() == len(piece.text.strip())
        and 0 < after.start - piece.end < _INDENT * after.size
        for mark, (piece, after) in zip(marks, pairwise(row), strict=False)
    )


def _is_pairs(lines: Sequence[Line], rows: Sequence[tuple[int, ...]]) -> bool:
    """Whether two columns are labels or figures with what they stand for, or are written row by row in short words."""
    labels = mean(lines[row[0]].text.rstrip().endswith(":") for row in rows)
    figures = mean(FIGURE.fullmatch(lines[row[-1]].text.strip()) is not None for row in rows)
    longest = median(len(lines[place].text) for row in rows for place in row)
    return max(labels, figures) > 0.5 or (_in_turn(rows) > 0.7 and longest <= 20)


def _in_turn(rows: Sequence[tuple[int, ...]]) -> float:
    """The share of rows whose pieces are written one after the other, 0 to 1."""
    return mean(all(after - before == 1 for before, after in pairwise(row)) for row in rows)
