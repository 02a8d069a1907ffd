"""Writing the catalogue: values to rows. Plain functions over a connection, each inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from indexer.catalogue import CHUNK_COLUMNS, SOURCE_COLUMNS, quoted
from indexer.coverage import chunk_warning, coverage_of
from indexer.digests import digest
from indexer.records import SourceRow, encode_coverage, encode_pages
from indexer.vectors import to_blob
from schema import Chunk, Extraction, FileStatus, FootnoteError, Page, Source


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """Everything that one commit writes about one document.

    ``vectors`` is (chunks, dimension) float32; ``root`` is the folder that its path is below, empty for a text that no
    file holds; ``recipe`` names how the document was read and chunked; ``sync`` is what an indexing run remembers of
    the file (see `indexer.notes`).
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


def require_vectors(documents: Iterable[IndexedDocument], dimension: int) -> None:
    """Each chunk has a vector that can be searched: one of another length would make all others unreadable.

    Raises:
        FootnoteError: when the embedder gave something else.
    """
    for document in documents:
        vectors = np.asarray(document.vectors)
        if document.chunks and (vectors.shape[1:] != (dimension,) or not np.isfinite(vectors).all()):
            raise FootnoteError(
                f"The embedder gave other vectors for {document.source.source_id} than {dimension} finite numbers for "
                "each passage, so it was not written. Look for the cause with: footnote doctor"
            )


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
    row_id = connection.execute(insert_into("source", [*SOURCE_COLUMNS, "digest"]), (*row, digest(*row))).lastrowid
    connection.execute("INSERT INTO source_text VALUES (?, ?, ?, ?)", (row_id, *text))
    connection.executemany(
        insert_into("page_box", ["source", "page", "boxes", "digest"]), [(row_id, *one) for one in boxes]
    )
    connection.executemany(
        insert_into("chunk", ["source", *CHUNK_COLUMNS, "digest", "vector", "vector_digest"]),
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
    found = [  # one by one: in a list in JSON an id would end at its first NUL
        row for name in source_ids for row in connection.execute("SELECT id FROM source WHERE source_id = ?", (name,))
    ]
    for table, column in (("chunk", "source"), ("page_box", "source"), ("source_text", "source"), ("source", "id")):
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", found)  # noqa: S608  (our own names)


def insert_into(table: str, columns: Sequence[str]) -> str:
    """The statement that writes these columns of a row, a parameter for each."""
    return f"INSERT INTO {table} ({quoted(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  (constants)
