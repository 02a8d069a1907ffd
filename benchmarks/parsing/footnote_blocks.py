"""Footnote as a reader: the blocks of every document of a file, as its own loaders give them.

Below the header of a spreadsheet Footnote puts the name of its column before each value (`Year: 2021`), so that a row
can be quoted alone. References don't; the names are taken off here where they repeat the header above.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from indexer.loading import load_all
from indexer.loading.tables import cells_of
from schema import Extraction, FootnoteError

Piece = tuple[str, str | list[str]]


def read(path: Path) -> dict[str, Any]:
    """The blocks in order; cells are what a row's text has between its bars.

    Raises:
        FootnoteError: when nothing of the file can be read.
    """
    found: list[Piece] = []
    for member in load_all(path):
        if member.extraction:
            found += pieces(member.extraction)
        elif not member.name:
            raise FootnoteError(member.problem)
    return {"pieces": found}


def pieces(extraction: Extraction) -> Iterator[Piece]:
    """Each block as a heading, text or the cells of a row."""
    text = extraction.text
    for kind, blocks in groupby(extraction.blocks, key=lambda block: block.kind):
        lines = [text[block.start : block.end] for block in blocks]
        if kind == "table_row":
            yield from (("row", row) for row in cells_of(lines))
        else:
            yield from (("heading" if kind == "heading" else "text", line) for line in lines)
