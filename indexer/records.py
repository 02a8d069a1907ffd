"""Reading the catalogue: rows to values. Plain functions over a connection, each inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from indexer.vectors import from_blobs
from schema import Chunk, FootnoteError, Origin, Page, PageView, Passage, Source, SourceInfo

SECTION_CHARACTERS = 3000
"""Length from which a source without pages is cut, at the next line break, into sections for the viewer."""
BATCH = 10_000
"""Vectors read at a time."""

_SOURCE = "s.collection, s.path, s.title, s.date, s.sha256"


def source_infos(connection: sqlite3.Connection, collection: str | None) -> list[SourceInfo]:
    """The documents of one collection or of all, in order of collection and path."""
    rows = connection.execute(
        f"SELECT {_SOURCE}, s.characters, s.pages, s.status, s.reason, s.indexed_at, "  # noqa: S608  (a constant)
        "(SELECT count(*) FROM chunk WHERE source = s.id) FROM source s "
        "WHERE ? IS NULL OR s.collection = ? ORDER BY s.collection, s.path",
        (collection, collection),
    )
    return [_to_info(row) for row in rows]


def collections(connection: sqlite3.Connection) -> list[str]:
    """The names of the collections that hold documents."""
    return [row[0] for row in connection.execute("SELECT DISTINCT collection FROM source ORDER BY collection")]


def find_source(connection: sqlite3.Connection, name: str) -> tuple[int, Source]:
    """The row id and the source for ``collection/path``, or for a path that only one collection has.

    Raises:
        FootnoteError: when there is none, or more than one, naming what there is.
    """
    rows = connection.execute(
        f"SELECT s.id, {_SOURCE} FROM source s "  # noqa: S608  (a constant)
        "WHERE s.source_id = ? OR s.path = ? ORDER BY s.source_id = ? DESC",
        (name, name, name),
    ).fetchall()
    found = [(int(row[0]), Source(*row[1:])) for row in rows]
    if not found:
        raise FootnoteError(f"There is no document {name!r} in the index. List them with: footnote sources")
    if len(found) > 1 and found[0][1].source_id != name:
        choices = ", ".join(source.source_id for _, source in found)
        raise FootnoteError(f"{name!r} names more than one document. Say which: {choices}")
    return found[0]


def source_text(connection: sqlite3.Connection, row_id: int) -> str:
    """The whole extracted text of a source; offsets of chunks and quotes point into it."""
    return str(connection.execute("SELECT text FROM source_text WHERE source = ?", (row_id,)).fetchone()[0])


def source_pages(connection: sqlite3.Connection, row_id: int) -> tuple[Page, ...]:
    """The pages of a source; empty when its format has none."""
    return decode_pages(connection.execute("SELECT pages FROM source WHERE id = ?", (row_id,)).fetchone()[0])


def chunk_starts(connection: sqlite3.Connection, row_id: int) -> list[int]:
    """The offsets at which the chunks of a source start, in order."""
    rows = connection.execute("SELECT start FROM chunk WHERE source = ? ORDER BY start", (row_id,))
    return [int(row[0]) for row in rows]


def views(source: Source, text: str, pages: Sequence[Page], starts: Sequence[int]) -> Iterator[PageView]:
    """The pages of a source for the viewer, or sections of it when it has no pages.

    Args:
        source: what is viewed.
        text: the whole of it.
        pages: empty when its format has none.
        starts: of its chunks, in order; sections may be cut there too, since no quote crosses from one to the next.
    """
    spans = pages or tuple(_sections(text, starts))
    for page in spans:
        yield PageView(source, page.number, len(spans), bool(pages), page.start, text[page.start : page.end])


def passages(connection: sqlite3.Connection, scored: Sequence[tuple[int, float]], origin: Origin) -> list[Passage]:
    """The chunks with these row ids as passages, in the given order; ids that are gone are left out."""
    rows = connection.execute(
        f'SELECT c.id, c.start, c."end", c.text, c.page, c.heading, {_SOURCE} '  # noqa: S608  (a constant)
        "FROM chunk c JOIN source s ON s.id = c.source WHERE c.id IN (SELECT value FROM json_each(?))",
        (json.dumps([key for key, _ in scored]),),
    )
    found = {}
    for row_id, start, end, text, page, heading, *fields in rows:
        source = Source(*fields)
        found[row_id] = Chunk(source.source_id, start, end, text, page, heading), source
    kept = [(found[key], score) for key, score in scored if key in found]
    return [Passage(chunk, source, score, rank, origin) for rank, ((chunk, source), score) in enumerate(kept, start=1)]


def vectors(connection: sqlite3.Connection, chunk_ids: Sequence[str], dimension: int) -> np.ndarray:
    """The vectors of the chunks with these ids, (n, dimension) float32, in their order.

    Raises:
        FootnoteError: one of them is not there.
    """
    found = dict(
        connection.execute(
            "SELECT chunk_id, vector FROM chunk WHERE chunk_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
    )
    if missing := [chunk_id for chunk_id in chunk_ids if chunk_id not in found]:
        raise FootnoteError(f"The passage {missing[0]} is no longer in the index: it changed meanwhile. Ask again.")
    return from_blobs([found[chunk_id] for chunk_id in chunk_ids], dimension)


def all_ids(connection: sqlite3.Connection) -> np.ndarray:
    """The row ids of all chunks, (n,) int64, ascending."""
    return np.fromiter((row[0] for row in connection.execute("SELECT id FROM chunk ORDER BY id")), np.int64)


def vectors_of(connection: sqlite3.Connection, ids: np.ndarray, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of the row ids, (n,) int64, that are there, ascending, with their vectors, (n, dimension) float32."""
    rows = connection.execute(
        "SELECT id, vector FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(ids.tolist()),),
    ).fetchall()
    return _matrix(rows, dimension)


def vectors_after(
    connection: sqlite3.Connection, row_id: int, dimension: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All row ids above one, ascending, with their vectors: (n,) int64 and (n, dimension) float32, in batches."""
    rows = connection.execute("SELECT id, vector FROM chunk WHERE id > ? ORDER BY id", (row_id,))
    while batch := rows.fetchmany(BATCH):
        yield _matrix(batch, dimension)


def corpus_fingerprint(connection: sqlite3.Connection) -> str:
    """A hash of what the documents are: the same files in the same collections give the same 16 digits."""
    digest = hashlib.sha256()
    for row in connection.execute("SELECT source_id, sha256 FROM source ORDER BY source_id"):
        digest.update("\x1f".join(row).encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()[:16]


def encode_pages(pages: Sequence[Page]) -> str:
    """Pages as JSON triples."""
    return json.dumps([[page.number, page.start, page.end] for page in pages])


def decode_pages(encoded: str) -> tuple[Page, ...]:
    """Pages from JSON triples."""
    return tuple(Page(*triple) for triple in json.loads(encoded))


def _matrix(rows: Sequence[tuple[int, bytes]], dimension: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row[0] for row in rows], np.int64), from_blobs([row[1] for row in rows], dimension)


def _to_info(row: Sequence[Any]) -> SourceInfo:
    characters, encoded, status, reason, indexed_at, chunks = row[5:]
    pages = decode_pages(encoded)
    empty = sum(page.start == page.end for page in pages)
    return SourceInfo(Source(*row[:5]), characters, len(pages), empty, chunks, status, reason, indexed_at)


def _sections(text: str, starts: Sequence[int]) -> Iterator[Page]:
    """Cut at line breaks, or where a chunk starts if lines are too long; the sections together are the whole text."""
    start, number = 0, 1
    while start < len(text) or number == 1:
        end = text.find("\n", start + SECTION_CHARACTERS, start + 2 * SECTION_CHARACTERS) + 1
        if not end:
            later = bisect_left(starts, start + SECTION_CHARACTERS)
            end = starts[later] if later < len(starts) else len(text)
        yield Page(number, start, end)
        start, number = end, number + 1
