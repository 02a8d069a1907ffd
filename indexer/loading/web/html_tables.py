"""Tables of web pages: which are data and which lay out the page, and cells that span rows; appends nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bs4.element import NavigableString, PageElement, Tag

from indexer.loading.tables import LONGEST_LABEL

_LAYOUT = ("table", "h1", "h2", "h3", "ul", "ol")  # a table that holds one of these mostly lays out the page
_MOST_HEADERS = 20_000
_MOST_IN_CELL = 300  # elements and texts
_MOST_REPEATED = 50_000  # cells from above, in all rows of a page

Spanning = tuple[str, int, int]
"""A cell as its words, its width in columns and its height in rows."""


def layout_tables(root: Tag) -> set[int]:
    """The ids of the tables that lay out a page: what they hold is read as if they were not there."""
    holding = holders(root, _LAYOUT) - _with_headers(root)
    return {id(table) for table in root.find_all("table") if id(table) in holding and not _is_grid(table)}


def _is_grid(table: Tag) -> bool:
    """Whether a table is data, whatever is in it: rows of as many cells each, all short, headings only on top."""
    groups = [table, *table.find_all(("thead", "tbody", "tfoot"), recursive=False)]
    lines = [row for group in groups for row in group.find_all("tr", recursive=False)]
    rows = [row.find_all(("td", "th"), recursive=False) for row in lines]
    same = len(rows) > 1 and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1
    return same and all(_is_short(cell, may_head=not index) for index, row in enumerate(rows) for cell in row)


def _is_short(cell: Tag, *, may_head: bool) -> bool:
    """Whether a cell holds little: few words, and no table with headers."""
    found = inside(cell, _MOST_IN_CELL)
    names = {one.name for one in found if isinstance(one, Tag)}
    length = sum(len(one.strip()) for one in found if isinstance(one, NavigableString))
    taken = ("th",) if may_head else ("th", "h1", "h2", "h3")
    return len(found) <= _MOST_IN_CELL and length <= LONGEST_LABEL and names.isdisjoint(taken)


def _with_headers(root: Tag) -> set[int]:
    """The ids of the tables that name their columns or rows, as tables that lay out a page do not."""
    found = (header.find_parent("table") for header in root.find_all("th", limit=_MOST_HEADERS))
    tables = {id(table): table for table in found if table is not None}  # each is searched once, not for each header
    return {key for key, table in tables.items() if table.find(_LAYOUT[1:4]) is None}


def holders(root: Tag, names: tuple[str, ...]) -> set[int]:
    """The ids of all elements that hold an element of these names; each is visited once, however deep the tree is."""
    found: set[int] = set()
    for tag in root.find_all(names):
        parent = tag.parent
        while parent is not None and id(parent) not in found:
            found.add(id(parent))
            parent = parent.parent
    return found


def inside(tag: Tag, most: int) -> list[PageElement]:
    """The first elements and texts in an element, in no order; of those that hold more than ``most`` a few more."""
    found: list[PageElement] = []
    stack = [tag]
    while stack and len(found) <= most:
        children = stack.pop().contents[: most + 1]
        found += children
        stack += [child for child in children if isinstance(child, Tag)]
    return found


class Spans:
    """The cells of a table that go on in the rows below: their words stand in each row that they span.

    So a row can be quoted alone. A cell of prose stands once, and leaves its place empty.
    """

    def __init__(self) -> None:
        self._left: dict[int, Spanning] = {}  # by column, with the rows that are still to come
        self._repeated = 0

    def end_group(self) -> None:
        """No cell goes on from a head, body or foot of a table into the next, or into another table."""
        self._left = {}

    def row(self, cells: Iterable[Spanning]) -> list[str]:
        """The words of the cells of the next row, with those from above in their columns."""
        above = self._left
        self._repeated += len(above)
        self._left = {column: (text, width, rows - 1) for column, (text, width, rows) in above.items() if rows > 1}
        found = {column: text for column, (text, *_) in above.items()}
        column = 0
        for text, width, height in cells:
            while column in above:
                column += above[column][1]
            found[column] = text
            if height > 1:
                self._left[column] = (text if len(text) <= LONGEST_LABEL else "", width, height - 1)
            column += width
        if self._repeated > _MOST_REPEATED:
            self.end_group()
        return [found[column] for column in sorted(found)]


def span_of(tag: Tag, name: str, most: int) -> int:
    """How many columns or rows a cell covers, 1 to ``most``; 0 stands for all that are left."""
    stated = str(tag.get(name, "1")).strip()
    return min(int(stated) or most, most) if re.fullmatch(r"[0-9]{1,9}", stated) else 1
