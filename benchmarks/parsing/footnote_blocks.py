"""Footnote as a reader: the blocks of every document of a file, as its own loaders give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from indexer.loading import load_all
from schema import Block, FootnoteError


def read(path: Path) -> dict[str, Any]:
    """The blocks in order; cells are what a row's text has between its bars.

    Raises:
        FootnoteError: when nothing of the file can be read.
    """
    pieces: list[tuple[str, str | list[str]]] = []
    for member in load_all(path):
        if member.extraction:
            text = member.extraction.text
            pieces += [_piece(block, text[block.start : block.end]) for block in member.extraction.blocks]
        elif not member.name:
            raise FootnoteError(member.problem)
    return {"pieces": pieces}


def _piece(block: Block, text: str) -> tuple[str, str | list[str]]:
    if block.kind == "table_row":
        return "row", text.split(" | ")
    return ("heading" if block.kind == "heading" else "text"), text
