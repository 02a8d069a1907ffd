"""Writing the catalogue: values to rows. Plain functions over a connection, each inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from indexer.records import encode_pages
from indexer.vectors import to_blob
from schema import Chunk, Extraction, FileStatus, Source


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """Everything that one commit writes about one document.

    ``vectors`` is (chunks, dimension) float32; ``recipe`` names how the document was read and chunked.
    """

    source: Source
    extraction: Extraction
    chunks: Sequence[Chunk]
    vectors: np.ndarray
    root: str = ""
    recipe: str = ""
    status: FileStatus = "indexed"
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def insert_document(connection: sqlite3.Connection, document: IndexedDocument, now: str) -> None:
    """Add a document that is not there yet, with its chunks; ``now`` is ISO 8601."""
    source, extraction = document.source, document.extraction
    row_id = connection.execute(
        "INSERT INTO source (source_id, collection, path, root, recipe, title, date, sha256, status, reason, "
        "indexed_at, pages, metadata, characters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(source.source_id, source.collection, source.path, document.root, document.recipe),
            *(source.title, source.date, source.sha256, document.status, document.reason, now),
            *(encode_pages(extraction.pages), json.dumps(dict(document.metadata)), len(extraction.text)),
        ),
    ).lastrowid
    connection.execute("INSERT INTO source_text VALUES (?, ?)", (row_id, extraction.text))
    connection.executemany(
        'INSERT INTO chunk (chunk_id, source, start, "end", page, title, heading, text, vector) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(chunk.chunk_id, row_id, chunk.start, chunk.end, chunk.page),
                *(source.title, chunk.heading, chunk.text, to_blob(vector)),
            )
            for chunk, vector in zip(document.chunks, document.vectors, strict=True)
        ],
    )


def delete_sources(connection: sqlite3.Connection, source_ids: Sequence[str]) -> None:
    """Remove documents with all that belongs to them; unknown ones are ignored."""
    names = json.dumps(list(source_ids))
    gone = "(SELECT id FROM source WHERE source_id IN (SELECT value FROM json_each(?)))"
    for statement in (
        f"DELETE FROM chunk WHERE source IN {gone}",  # noqa: S608  (a constant)
        f"DELETE FROM source_text WHERE source IN {gone}",  # noqa: S608  (a constant)
        f"DELETE FROM source WHERE id IN {gone}",  # noqa: S608  (a constant)
    ):
        connection.execute(statement, (names,))
