"""Helpers of the loading tests: the blocks of an extraction as plain tuples."""

from indexer.loading import load_bytes
from schema import Extraction


def spans(extraction: Extraction) -> list[tuple[str, str]]:
    """Each block as (kind with level, its text)."""
    return [
        (block.kind + (str(block.level) if block.level else ""), extraction.text[block.start : block.end])
        for block in extraction.blocks
    ]


def read(name: str, content: str | bytes) -> Extraction:
    """Load a document made in a test."""
    return load_bytes(name, content.encode() if isinstance(content, str) else content)
