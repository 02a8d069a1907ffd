"""Writing the catalogue: values to rows. Plain functions over a connection, each inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from indexer.catalogue import CHUNK_COLUMNS, SOURCE_COLUMNS
from indexer.coverage import chunk_warning, coverage_of
from indexer.digests import digest
from indexer.records import SourceRow, encode_coverage, encode_pages
from indexer.vectors import to_blob
from schema import Chunk, Extraction, FileStatus, Page, Source


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """Everything that one commit writes about one document.

    ``vectors`` is (chunks, dimension) float32; ``recipe`` names how the document was read and chunked; ``sync`` is what
    an indexing run remembers of the file (see `indexer.notes`).
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
    sync: str = ""


def insert_document(connection: sqlite3.Connection, document: IndexedDocument, now: str) -> None:
    """Add a document that is not there yet, with its chunks; ``now`` is ISO 8601."""
    source, extraction = document.source, document.extraction
    text = source_text_row(extraction)
    boxes = [page_box_row(*one) for one in zip(extraction.pages, extraction.boxes, strict=False) if one[1]]
    chunks = [
        (*chunk_row(chunk, source.title, extraction.pages), blob := to_blob(vector), digest(blob))
        for chunk, vector in zip(document.chunks, document.vectors, strict=True)
    ]
    metadata = {**extraction.metadata, **document.metadata}
    row = SourceRow(
        source_id=source.source_id,
        collection=source.collection,
        path=source.path,
        root=document.root,
        recipe=document.recipe,
        title=source.title,
        date=source.date,
        sha256=source.sha256,
        status=document.status,
        reason=document.reason,
        indexed_at=now,
        coverage=encode_coverage(coverage_of(extraction, metadata)),
        metadata=json.dumps(metadata),
        chunks=len(chunks),
        content=digest(text[-1], *(one[-1] for one in boxes), *(one[-1] for one in chunks)),
        sync=document.sync,
    )
    row_id = connection.execute(_insert("source", [*SOURCE_COLUMNS, "digest"]), (*row, digest(*row))).lastrowid
    connection.execute("INSERT INTO source_text VALUES (?, ?, ?, ?)", (row_id, *text))
    connection.executemany(
        _insert("page_box", ["source", "page", "boxes", "digest"]), [(row_id, *one) for one in boxes]
    )
    connection.executemany(
        _insert("chunk", ["source", *CHUNK_COLUMNS, "digest", "vector", "vector_digest"]),
        [(row_id, *one) for one in chunks],
    )


def source_text_row(extraction: Extraction) -> tuple[str, str, bytes]:
    """Text and pages with their digest."""
    pages = encode_pages(extraction.pages)
    return extraction.text, pages, digest(extraction.text, pages)


def page_box_row(page: Page, boxes: bytes) -> tuple[int, bytes, bytes]:
    """The places of a page's characters with their digest."""
    return page.number, boxes, digest(page.number, boxes)


def chunk_row(chunk: Chunk, title: str, pages: Sequence[Page]) -> tuple[str | int | bytes | None, ...]:
    """What is stored of a chunk but its vector, with its digest."""
    row = (
        *(chunk.chunk_id, chunk.start, chunk.end, chunk.page),
        *(title, chunk.heading, chunk.text, chunk_warning(chunk, pages)),
    )
    return *row, digest(*row)


def delete_sources(connection: sqlite3.Connection, source_ids: Sequence[str]) -> None:
    """Remove documents with all that belongs to them; unknown ones are ignored."""
    names = json.dumps(list(source_ids))
    gone = "(SELECT id FROM source WHERE source_id IN (SELECT value FROM json_each(?)))"
    for statement in (
        f"DELETE FROM chunk WHERE source IN {gone}",  # noqa: S608  (a constant)
        f"DELETE FROM page_box WHERE source IN {gone}",  # noqa: S608  (a constant)
        f"DELETE FROM source_text WHERE source IN {gone}",  # noqa: S608  (a constant)
        f"DELETE FROM source WHERE id IN {gone}",  # noqa: S608  (a constant)
    ):
        connection.execute(statement, (names,))


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  (constants)
