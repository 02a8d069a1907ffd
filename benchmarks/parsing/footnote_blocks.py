"""Footnote as a reader: the blocks of every document of a file, as its own loaders give them.

Below the header of a spreadsheet Footnote puts the name of its column before each value (`Year: 2021`), so that a row
can be quoted alone. References don't; the names are taken off here where they repeat the header above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from indexer.loading import load_all
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
    header: Sequence[str] = ()
    for block in extraction.blocks:
        text = extraction.text[block.start : block.end]
        if block.kind != "table_row":
            header = ()
            yield ("heading" if block.kind == "heading" else "text"), text
            continue
        row = text.split(" | ")
        values = [_without_name(cell, header) for cell in row]
        if values == row:
            header = row
        yield "row", values


def _without_name(cell: str, header: Sequence[str]) -> str:
    """A value without the name of its column.

    >>> _without_name("Year: 2021", ["Year", "Total"])
    '2021'
    """
    names = [name for name in header if name and cell.startswith(f"{name}: ")]
    return cell[len(max(names, key=len)) + 2 :] if names else cell
