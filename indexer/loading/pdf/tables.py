"""Pieces of lines of a page of a PDF to lines with the rows of its tables; pure functions, no PDF library.

A row is one line, its cells with `` | `` between them, empty ones too, so that each stands where its column is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import mean, median

import numpy as np

from indexer.boxes import no_boxes
from indexer.loading.pdf.columns import FIGURE, Found, find_tables
from indexer.loading.pdf.grids import Grid, find_grids, find_painted_grids
from indexer.loading.pdf.lines import Line
from indexer.loading.pdf.paragraphs import join_rows, run_together
from indexer.loading.pdf.shapes import Shapes

_JOINT = " | "
_LONGEST_CELL = 250  # characters on average; boxes with more hold prose
_MOST_APART = 0.15  # share of the cells of a grid with pieces side by side
_APART = 0.15  # sizes of type; letters of a word do not stand further apart
_TIGHT = 1.45  # sizes of type between lines of one cell
_MOST_IN_BAND = 6  # lines between two rules that can be one row

_Cells = dict[tuple[int, int], list[Line]]


def with_tables(lines: Sequence[Line], shapes: Shapes) -> list[Line]:
    """The pieces of a page with those of each table replaced by its rows, where its first piece stood."""
    taken: dict[int, list[Line]] = {}
    for grid in (*find_grids(shapes.lines), *find_painted_grids(shapes.painted)):
        own = [place for place, line in enumerate(lines) if place not in taken and _is_in(grid, line)]
        _take(taken, own, _rows_of_grid(grid, [lines[place] for place in own]))
    free = [place for place in range(len(lines)) if place not in taken]
    for found in find_tables(lines, free):
        own = sorted(place for row in found.rows for place in row)
        read = _one_after_the_other if found.is_prose else _rows_of_columns
        _take(taken, own, read(found, lines, shapes))
    result = [taken.get(place, [line]) for place, line in enumerate(lines)]
    return [line for item in _in_order(result) for line in item] if taken else list(lines)


def _take(taken: dict[int, list[Line]], own: Sequence[int], rows: list[Line]) -> None:
    """Note that pieces stand for rows: all rows at the first of them."""
    if rows:
        taken.update({place: [] for place in own} | {own[0]: rows})


def _in_order(items: Sequence[list[Line]]) -> list[list[Line]]:
    """Lines and tables, with what stands above a table and is written later moved before it."""
    order: dict[int, None] = {}
    for place, item in enumerate(items):
        if item and item[0].is_row:
            later = (other for other in range(place + 1, len(items)) if items[other])
            order |= {other: None for other in later if _stands_above(items[other][0], item)}
        order.setdefault(place)
    return [items[place] for place in order]


def _stands_above(line: Line, table: Sequence[Line]) -> bool:
    """Whether a single line stands over a table: not beside it, and not in it."""
    if line.is_row or line.angle:
        return False
    start, end = min(row.start for row in table), max(row.end for row in table)
    return line.baseline > table[0].baseline + 0.5 * line.size and min(end, line.end) > max(start, line.start)


def _middle(line: Line) -> tuple[float, float]:
    return (line.start + line.end) / 2, -line.baseline - 0.3 * line.size


def _rows_of_grid(grid: Grid, pieces: Iterable[Line]) -> list[Line]:
    """The rows of a table with ruling lines; none when its boxes only lay out a page."""
    cells: _Cells = defaultdict(list)
    for whole in pieces:
        _, y = _middle(whole)
        for piece in _split(whole, grid.edges_between(whole.start, whole.end, y)):
            spans = not grid.edges_between(piece.start, piece.end, y)
            column = grid.column_of(piece.start + 1 if spans else _middle(piece)[0])
            cells[grid.row_of(y, column), column].append(piece)
    apart = sum(_stand_apart(pieces) for pieces in cells.values())
    return _as_rows(cells) if apart <= _MOST_APART * len(cells) else []


def _stand_apart(pieces: Sequence[Line]) -> bool:
    """Whether pieces in one cell stand side by side, or are several figures: then it has cells without lines."""
    ordered = sorted(pieces, key=lambda piece: (-round(piece.baseline), piece.start))
    return _has_stacked_figures(ordered) or any(
        abs(before.baseline - after.baseline) < 0.4 * after.size and after.start - before.end > 1.5 * after.size
        for before, after in pairwise(ordered)
    )


def _has_stacked_figures(pieces: Sequence[Line]) -> bool:
    """Whether most of several pieces in one cell are figures."""
    figures = sum(FIGURE.fullmatch(piece.text.strip()) is not None for piece in pieces)
    return figures > 1 and figures > len(pieces) / 2


def _is_in(grid: Grid, line: Line) -> bool:
    """Whether a piece lies in a grid, and not over it: words of a cell are not crossed by several of its edges."""
    if not grid.holds(*_middle(line)):
        return False
    edges = grid.edges_between(line.start, line.end, _middle(line)[1])
    return sum(not _is_gap(line, cut) for cut in _cuts(line, edges)) < 2


def _split(line: Line, edges: Sequence[float]) -> list[Line]:
    """A piece cut at edges: a character belongs where its middle lies, a word on an edge where it begins."""
    bounds = [0, *(cut for cut in _cuts(line, edges) if _is_gap(line, cut)), len(line.text)]
    return (
        [part for first, last in pairwise(bounds) if (part := _part(line, first, last))] if len(bounds) > 2 else [line]
    )


def _cuts(line: Line, edges: Sequence[float]) -> list[int]:
    """The first character behind each edge."""
    if not edges or line.angle:
        return []
    middles = (line.boxes[:, 0].astype(float) + line.boxes[:, 2]) / 16
    placed = np.flatnonzero(line.boxes.any(axis=1))
    return [int(placed[middles[placed] > edge].min()) for edge in edges if (middles[placed] > edge).any()]


def _is_gap(line: Line, cut: int) -> bool:
    """Whether no word runs over the place before a character."""
    if cut < 1 or line.text[cut].isspace() or line.text[cut - 1].isspace():
        return True
    return float(line.boxes[cut, 0]) - float(line.boxes[cut - 1, 2]) > _APART * 8 * line.size


def _part(line: Line, first: int, last: int) -> Line | None:
    text, boxes = line.text[first:last], line.boxes[first:last]
    placed = boxes[boxes.any(axis=1)] / 8
    if not text.strip() or not len(placed):
        return None
    hyphen = line.hyphen and last == len(line.text)
    start, end = float(placed[:, 0].min()), float(placed[:, 2].max())
    return replace(line, text=text, boxes=boxes, start=start, end=end, hyphen=hyphen)


def _one_after_the_other(found: Found, lines: Sequence[Line], _: Shapes) -> list[Line]:
    """The pieces of columns of prose, column by column."""
    places = [place for row in found.rows for place in row]
    return [lines[place] for place in sorted(places, key=lambda place: _column_of(lines[place], found))]


def _rows_of_columns(found: Found, lines: Sequence[Line], shapes: Shapes) -> list[Line]:
    """The rows of a table without lines: what is written tightly below a row goes on with its cells."""
    rows = [{_column_of(lines[place], found): lines[place] for place in row} for row in found.rows]
    bands = _bands(found, lines, shapes)
    cells: _Cells = defaultdict(list)
    number = 0
    for index, row in enumerate(found.rows):
        if index:
            above = {column: cells[number, column] for column in rows[index]}
            goes_on = _goes_on(rows[index], above, lines[found.rows[index - 1][0]]) or _leads(rows, index - 1)
            number += not (bands[index] == bands[index - 1] if bands else goes_on)
        for place in row:
            cells[number, _column_of(lines[place], found)].append(lines[place])
    return _as_rows({place: pieces for place, pieces in cells.items() if pieces})


def _leads(rows: Sequence[Mapping[int, Line]], index: int) -> bool:
    """Whether a row of one piece is the first line of a cell of the row below, whose other cells stand lower."""
    if not 0 < index < len(rows) - 1 or len(rows[index]) > 1 or 0 in rows[index]:
        return False
    ((column, piece),) = rows[index].items()
    before, after = next(iter(rows[index - 1].values())), next(iter(rows[index + 1].values()))
    below = piece.baseline - after.baseline
    return 0 in rows[index + 1] and column in rows[index + 1] and before.baseline - piece.baseline > 1.15 * below


def _goes_on(pieces: Mapping[int, Line], row_above: Mapping[int, list[Line]], above: Line) -> bool:
    """Whether pieces, by column, go on with the cells of the row above them."""
    first = next(iter(pieces.values()))
    if 0 in pieces or above.baseline - first.baseline > _TIGHT * first.size or not all(row_above.values()):
        return False
    stacked = any(_has_stacked_figures([*row_above[column], piece]) for column, piece in pieces.items())
    return not stacked and (len(pieces) == 1 or any(piece.text.strip()[:1].islower() for piece in pieces.values()))


def _column_of(line: Line, found: Found) -> int:
    return max((index for index, (start, _) in enumerate(found.columns) if start <= line.start + 0.1), default=0)


def _bands(found: Found, lines: Sequence[Line], shapes: Shapes) -> list[int]:
    """The number of the band between rules, or of the coloured stripe, that each row lies in; empty without such."""
    left, right = found.columns[0][0], found.columns[-1][1]
    heights = [-lines[row[0]].baseline - 0.3 * lines[row[0]].size for row in found.rows]
    size = median(lines[row[0]].size for row in found.rows)
    rules = np.vstack((shapes.lines, shapes.painted))
    wide = np.minimum(rules[:, 2], right) - np.maximum(rules[:, 0], left) > 0.6 * (right - left)
    thin = rules[:, 3] - rules[:, 1] < 8 * size
    edges = np.unique(np.round(rules[wide & thin][:, [1, 3]].ravel()))
    inner = edges[(edges > heights[0]) & (edges < heights[-1])]
    bands = np.searchsorted(inner, heights).tolist()
    rows_of = [[row for row, own in zip(found.rows, bands, strict=True) if own == band] for band in sorted(set(bands))]
    return [int(band) for band in bands] if len(rows_of) >= 3 and _are_rows(rows_of, found, lines) else []


def _are_rows(bands: Sequence[Sequence[tuple[int, ...]]], found: Found, lines: Sequence[Line]) -> bool:
    """Whether what stands between two rules is always one row.

    Of a row that has several lines some cells have fewer than others. Where all have as many, they may be as many rows:
    they count as one among others that are.
    """
    uneven = even = 0
    for rows in bands:
        lengths = _lengths(rows, found, lines)
        if not lengths:
            return False
        if len(rows) > 1:
            is_uneven = min(lengths) < max(lengths) or len(lengths) == 1
            uneven, even = uneven + is_uneven, even + (not is_uneven)
    return even <= uneven


def _lengths(rows: Sequence[tuple[int, ...]], found: Found, lines: Sequence[Line]) -> list[int]:
    """How many pieces are in each column between two rules; none when they are too many for a row, or figures."""
    columns: dict[int, list[Line]] = defaultdict(list)
    for row in rows:
        for place in row:
            columns[_column_of(lines[place], found)].append(lines[place])
    if len(rows) > _MOST_IN_BAND or any(_has_stacked_figures(pieces) for pieces in columns.values()):
        return []
    return [len(pieces) for pieces in columns.values()]


def _as_rows(cells: Mapping[tuple[int, int], list[Line]]) -> list[Line]:
    """The rows of a table from the pieces in its cells; empty when it is none."""
    columns = sorted({column for _, column in cells})
    by_row: dict[int, dict[int, list[Line]]] = defaultdict(dict)
    for (row, column), pieces in sorted(cells.items()):
        by_row[row][column] = pieces
    several = sum(len(row) > 1 for row in by_row.values())
    length = mean(sum(len(piece.text) for piece in pieces) for pieces in cells.values()) if cells else 0
    if len(columns) < 2 or len(by_row) < 2 or not several or length > _LONGEST_CELL:
        return []
    return [_row([row.get(column, []) for column in columns]) for row in by_row.values()]


def _row(cells: Sequence[list[Line]]) -> Line:
    """One row as a line; empty cells at its end are left out."""
    last = max(index for index, cell in enumerate(cells) if cell)
    texts, boxes = [], []
    for index, cell in enumerate(cells[: last + 1]):
        text, placed = _cell(cell)
        texts.append(text)
        boxes += [placed, no_boxes(len(_JOINT) if index < last else 0)]
    pieces = [piece for cell in cells for piece in cell]
    first = max(pieces, key=lambda piece: piece.baseline)
    start, end = min(piece.start for piece in pieces), max(piece.end for piece in pieces)
    return Line(_JOINT.join(texts), start, end, first.baseline, first.size, is_row=True, boxes=np.vstack(boxes))


def _cell(pieces: Iterable[Line]) -> tuple[str, np.ndarray]:
    lines = join_rows(sorted(pieces, key=lambda piece: (-round(piece.baseline), piece.start)))
    return run_together(lines, Counter()) if lines else ("", no_boxes(0))
