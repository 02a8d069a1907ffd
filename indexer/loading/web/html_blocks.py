"""A walk through a web page to blocks: what stands between the edges of its elements, and what kind of block that is.

Which elements are read is decided in `html_tree`, which tables are data in `html_tables`.
"""

from __future__ import annotations

import re

from bs4.element import Tag

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.tables import join_cells
from indexer.loading.web.html_pictures import description_of
from indexer.loading.web.html_tables import Spanning, Spans, layout_tables, span_of
from indexer.loading.web.html_tree import HEADING, LeftOut, Walk
from schema import BlockKind

_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup"),
        *("hr", "html", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    }
)
_GROUPS = ("table", "thead", "tbody", "tfoot")
_MOST_COLUMNS, _MOST_ROWS = 1_000, 65_534  # that a cell may cover, by the rules of HTML


def add_tree(builder: TextBuilder, root: Tag, *, furniture: bool = False, in_article: bool = False) -> LeftOut:
    """Append the blocks below ``root``.

    Args:
        builder: what they are appended to.
        root: a page or a part of one.
        furniture: whether the headers, footers and menus of the page are kept.
        in_article: whether all of it is an article, whose own header, footer and asides are kept.

    Returns:
        What of it is not in the text.
    """
    writer = _BlockWriter(builder, layout_tables=layout_tables(root))
    walk = Walk(root, furniture=furniture, in_article=in_article)
    for element, opens in walk:
        if isinstance(element, Tag):
            (writer.open if opens else writer.close)(element)
        else:
            writer.text(str(element))
    writer.flush()
    return walk.left_out


class _BlockWriter:
    """Gathers text between the edges of block elements and knows what kind of block it is."""

    def __init__(self, builder: TextBuilder, *, layout_tables: set[int]) -> None:
        self._builder = builder
        self._layout_tables = layout_tables
        self._parts: list[str] = []
        self._cells: list[Spanning] | None = None  # of the table row being read
        self._spans = Spans()
        self._depth = 0  # of cells within one another in that row
        self._tables: list[bool] = []  # for each open table, whether its rows are data
        self._lists: list[int | None] = []  # for each open list, the next number or None for bullets
        self._item = False
        self._level = 0
        self._breaks = 0
        self._pre = 0
        self._marker = ""
        self._pictures: list[str] = []  # what those in the block being gathered show

    def text(self, text: str) -> None:
        self._parts.append(text)
        if text.strip():
            self._breaks = 0

    def open(self, tag: Tag) -> None:
        if tag.name == "br":
            self._line_break()
        elif tag.name == "img":
            self._pictures.append(description_of(tag))
        elif tag.name in _BLOCKS:
            self.flush()
            self._open_block(tag, tag.name)

    def _open_block(self, tag: Tag, name: str) -> None:
        if HEADING.fullmatch(name):
            self._level = int(name[1])
        elif name in ("ul", "ol"):
            self._lists.append(_start_number(tag) if name == "ol" else None)
        elif name == "li":
            self._open_item()
        elif name == "table":
            is_data = id(tag) not in self._layout_tables and tag.get("role") != "presentation"
            self._tables.append(is_data and self._cells is None)  # one in a cell is part of its words
            self._end_group()
        elif name == "tr" and self._tables and self._tables[-1]:
            self._cells, self._depth = [], 0
        elif name in ("td", "th"):
            self._depth += 1
        elif name == "pre":
            self._pre += 1

    def close(self, tag: Tag) -> None:
        name = tag.name
        if name not in _BLOCKS:
            return
        if name in ("td", "th") and self._cells is not None:
            self._close_cell(tag, self._cells)
            return
        self.flush()
        if HEADING.fullmatch(name):
            self._level = 0
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif name == "li":
            self._item, self._marker = False, ""
        elif name in _GROUPS:
            self._end_group()
            if name == "table":
                del self._tables[-1:]
        elif name == "tr" and self._tables and self._tables[-1]:
            self._close_row()
        elif name == "pre":
            self._pre -= 1

    def flush(self) -> None:
        """End the block being gathered; within a data row a block's edge is only a space."""
        if self._cells is not None:
            self._parts.append(" ")
            return
        text = self._taken()
        self._breaks = 0
        if not text.strip():
            return
        kind: BlockKind = "heading" if self._level else "list_item" if self._item else "paragraph"
        self._builder.add(kind, self._marker + text, level=self._level, verbatim=bool(self._pre))
        self._marker = ""

    def _taken(self) -> str:
        """The words gathered, or what a picture shows that stands in their place; it begins anew."""
        text, shown = "".join(self._parts), " ".join(self._pictures)
        self._parts, self._pictures = [], []
        return text if text.strip() else shown

    def _line_break(self) -> None:
        """One break is a space, two in a row end a paragraph, as old pages write them."""
        self._breaks += 1
        self._parts.append("\n")
        if self._breaks > 1 and not self._pre:
            self.flush()

    def _open_item(self) -> None:
        self._item, self._marker = True, ""
        if self._lists and self._lists[-1] is not None:
            self._marker = f"{self._lists[-1]}. "
            self._lists[-1] += 1
        if self._cells is not None:
            self._parts.append(self._marker)

    def _close_cell(self, tag: Tag, cells: list[Spanning]) -> None:
        self._depth -= 1
        if self._depth > 0:
            self.flush()
            return
        cells.append(
            (clean_line(self._taken()), span_of(tag, "colspan", _MOST_COLUMNS), span_of(tag, "rowspan", _MOST_ROWS))
        )

    def _close_row(self) -> None:
        if self._cells is not None:
            if words := clean_line(self._taken()):  # beside its cells, where a browser shows them above the table
                self._cells.append((words, 1, 1))
            cells, self._cells = self._cells, None
            row = self._spans.row(cells)
            if any(words for words, *_ in cells):  # else nothing in it is its own
                self._builder.add("table_row", join_cells(row))

    def _end_group(self) -> None:
        if self._cells is None:
            self._spans.end_group()


def _start_number(tag: Tag) -> int:
    start = str(tag.get("start", "1"))
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1
