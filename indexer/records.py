"""Reading the catalogue: rows to values. Plain functions over a connection, each inside the caller's transaction.

A row is compared with its digest before anything of it is used; one that is not as it was written is a
`sqlite3.DatabaseError`, which `indexer.catalogue.damage_explained` turns into a sentence.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from indexer.catalogue import CHUNK_COLUMNS, SOURCE_COLUMNS, quoted
from indexer.coverage import document_warning, languages_of, shown_metadata
from indexer.digests import digest, present, require
from indexer.filtering import admitted
from indexer.vectors import from_blobs
from schema import (
    Chunk,
    Coverage,
    FileStatus,
    Filter,
    FootnoteError,
    Origin,
    Page,
    PageView,
    Passage,
    Source,
    SourceInfo,
    encodable,
)

SECTION_CHARACTERS = 3000
"""Length from which a source without pages is cut, at the next line break, into sections for the viewer."""
BATCH = 10_000
"""Vectors read at a time."""

EVERYTHING = Filter()
"""What admits every document."""

_SOURCE = quoted(("digest", *SOURCE_COLUMNS), "s")
_CHUNK = quoted(("digest", *CHUNK_COLUMNS), "c")


class SourceRow(NamedTuple):
    """The row of one document, as its digest covers it; ``coverage`` and ``metadata`` are JSON.

    ``content`` is a digest of its text, pages, boxes and vectors: of what is in other tables.
    """

    source_id: str
    collection: str
    path: str
    root: str
    recipe: str
    title: str
    date: str | None
    sha256: str
    status: FileStatus
    reason: str
    indexed_at: str
    coverage: str
    metadata: str
    chunks: int
    content: bytes
    sync: str

    @property
    def source(self) -> Source:
        """What every door shows of it."""
        return Source(self.collection, self.path, self.title, self.date, self.sha256)

    @property
    def info(self) -> SourceInfo:
        """The row of ``footnote sources``."""
        metadata = json.loads(self.metadata)
        # Fields and date may have been changed since by whoever describes the document from outside.
        languages, dated = languages_of(metadata), self.date is not None
        coverage = replace(decode_coverage(self.coverage), languages=languages, dated=dated)
        return SourceInfo(
            *(self.source, coverage.characters, coverage.pages, coverage.empty, self.chunks),
            *(self.status, self.reason, self.indexed_at, coverage, shown_metadata(metadata)),
        )


def source_rows(
    connection: sqlite3.Connection, condition: str = "1", values: Sequence[str | int | None] = ()
) -> Iterator[tuple[int, SourceRow]]:
    """Ids and rows of the documents for which a condition over ``source s`` holds, in order of collection and path.

    Raises:
        sqlite3.DatabaseError: one of them is not as it was written.
    """
    for row_id, *columns in connection.execute(
        f"SELECT s.id, {_SOURCE} FROM source s WHERE {condition} ORDER BY s.collection, s.path",  # noqa: S608
        values,
    ):
        yield row_id, _as_written(columns)


def _as_written(columns: Sequence[Any]) -> SourceRow:
    """The row of a document from its digest and its other columns."""
    require(columns[0], digest(*columns[1:]), f"the entry of the document {columns[1]!r}")
    return SourceRow(*columns[1:])


def source_infos(connection: sqlite3.Connection, within: Filter = EVERYTHING) -> list[SourceInfo]:
    """The documents that a filter admits, in order of collection and path."""
    return [row.info for _, row in source_rows(connection, *admitted(within))]


def collections(connection: sqlite3.Connection, within: Filter = EVERYTHING) -> list[str]:
    """The names of the collections that hold documents which a filter admits."""
    condition, values = admitted(within)
    statement = f"SELECT DISTINCT s.collection FROM source s WHERE {condition} ORDER BY s.collection"  # noqa: S608
    return [row[0] for row in connection.execute(statement, values)]


def source_ids(connection: sqlite3.Connection, within: Filter = EVERYTHING) -> list[str]:
    """The ids of the documents that a filter admits, in order of their characters."""
    condition, values = admitted(within)
    statement = f"SELECT s.source_id FROM source s WHERE {condition} ORDER BY s.source_id"  # noqa: S608
    return [row[0] for row in connection.execute(statement, values)]


def find_source(connection: sqlite3.Connection, name: str, within: Filter = EVERYTHING) -> tuple[int, SourceRow]:
    """The id and the row of the document for ``collection/path``, or for a path that only one collection has.

    What the filter leaves out is not there, and the words are the same.

    Raises:
        FootnoteError: when there is none, or more than one, naming what there is.
    """
    name = encodable(name)
    condition, values = admitted(within)
    found = list(source_rows(connection, f"(s.source_id = ? OR s.path = ?) AND {condition}", (name, name, *values)))
    if not found:
        raise FootnoteError(f"There is no document {name!r} in the index. List them with: footnote sources")
    exact = [one for one in found if one[1].source_id == name]
    if len(found) > 1 and not exact:
        choices = ", ".join(row.source_id for _, row in found)
        raise FootnoteError(f"{name!r} names more than one document. Say which: {choices}")
    return (exact or found)[0]


def source_text(connection: sqlite3.Connection, row_id: int) -> tuple[str, tuple[Page, ...]]:
    """The whole extracted text of a source, into which offsets point, and its pages: none when its format has none."""
    row = connection.execute("SELECT digest, text, pages FROM source_text WHERE source = ?", (row_id,)).fetchone()
    stored, text, pages = present(row, "the text of a document")
    require(stored, digest(text, pages), "the text of a document")
    return text, decode_pages(pages)


def page_boxes(connection: sqlite3.Connection, row_id: int, number: int) -> bytes:
    """Where the characters of a page stand (see `schema.Extraction`); empty when that is not known."""
    row = connection.execute(
        "SELECT digest, page, boxes FROM page_box WHERE source = ? AND page = ?", (row_id, number)
    ).fetchone()
    if row is None:
        return b""
    require(row[0], digest(*row[1:]), "the places of the characters on a page")
    return bytes(row[2])


def chunk_starts(connection: sqlite3.Connection, row_id: int) -> list[int]:
    """The offsets at which the chunks of a source start, in order."""
    rows = connection.execute("SELECT start FROM chunk WHERE source = ? ORDER BY start", (row_id,))
    return [int(row[0]) for row in rows]


def check_chunks(connection: sqlite3.Connection, row_id: int, source_id: str) -> None:
    """Every chunk of a source, and its vector, is as it was written.

    Raises:
        sqlite3.DatabaseError: it is not so.
    """
    rows = connection.execute(
        f"SELECT c.vector, c.vector_digest, {_CHUNK} FROM chunk c WHERE c.source = ?",  # noqa: S608  (constants)
        (row_id,),
    )
    for vector, stored, *columns in rows:
        _vector(vector, stored)
        _chunk_of(columns, source_id)


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
        yield PageView(
            *(source, page.number, len(spans), bool(pages), page.start, text[page.start : page.end]),
            *(page.label, page.status, page.problem, page.width, page.height),
        )


def passages(connection: sqlite3.Connection, scored: Sequence[tuple[int, float]], origin: Origin) -> list[Passage]:
    """The chunks with these row ids as passages, in the given order.

    Raises:
        sqlite3.DatabaseError: one of them is not there, or is not as it was written: a search is of one snapshot.
    """
    rows = connection.execute(
        f"SELECT c.id, {_CHUNK}, {_SOURCE} FROM chunk c JOIN source s ON s.id = c.source "  # noqa: S608  (constants)
        "WHERE c.id IN (SELECT value FROM json_each(?))",
        (json.dumps([key for key, _ in scored]),),
    )
    found = {row_id: _passage_of(columns) for row_id, *columns in rows}
    kept = [(*present(found.get(key), "a passage"), score) for key, score in scored]
    return [
        Passage(chunk, source, score, rank, origin, warning=warning)
        for rank, (chunk, source, warning, score) in enumerate(kept, start=1)
    ]


def _passage_of(columns: Sequence[Any]) -> tuple[Chunk, Source, str]:
    """A chunk, its document and what to beware of in it, from the columns of both."""
    row = _as_written(columns[len(CHUNK_COLUMNS) + 1 :])
    chunk, warning = _chunk_of(columns[: len(CHUNK_COLUMNS) + 1], row.source_id)
    return chunk, row.source, warning or document_warning(decode_coverage(row.coverage), row.status)


def _chunk_of(columns: Sequence[Any], source_id: str) -> tuple[Chunk, str]:
    """A chunk and what to beware of in it, from its digest and its other columns."""
    stored, *fields = columns
    chunk_id, start, end, page, _, heading, text, warning = fields
    require(stored, digest(*fields), "a passage")
    chunk = Chunk(source_id, start, end, text, page, heading)
    require(chunk_id, chunk.chunk_id, "the document of a passage")
    return chunk, warning


def vectors(
    connection: sqlite3.Connection, chunk_ids: Sequence[str], dimension: int, within: Filter = EVERYTHING
) -> np.ndarray:
    """The vectors of the chunks with these ids, (n, dimension) float32, in their order.

    Raises:
        FootnoteError: one of them is not there, or left out by the filter.
    """
    condition, values = admitted(within)
    rows = connection.execute(
        "SELECT c.chunk_id, c.vector, c.vector_digest FROM chunk c JOIN source s ON s.id = c.source "  # noqa: S608
        f"WHERE c.chunk_id IN (SELECT value FROM json_each(?)) AND {condition}",
        (json.dumps(list(chunk_ids)), *values),
    )
    found = {chunk_id: _vector(vector, stored) for chunk_id, vector, stored in rows}
    if missing := [chunk_id for chunk_id in chunk_ids if chunk_id not in found]:
        raise FootnoteError(f"The passage {missing[0]} is no longer in the index: it changed meanwhile. Ask again.")
    return from_blobs([found[chunk_id] for chunk_id in chunk_ids], dimension)


def all_ids(connection: sqlite3.Connection) -> np.ndarray:
    """The row ids of all chunks, (n,) int64, ascending."""
    return np.fromiter((row[0] for row in connection.execute("SELECT id FROM chunk ORDER BY id")), np.int64)


def vectors_of(connection: sqlite3.Connection, ids: np.ndarray, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of the row ids, (n,) int64, that are there, ascending, with their vectors, (n, dimension) float32."""
    rows = connection.execute(
        "SELECT id, vector, vector_digest FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(ids.tolist()),),
    ).fetchall()
    return _matrix(rows, dimension)


def vectors_after(
    connection: sqlite3.Connection, row_id: int, dimension: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All row ids above one, ascending, with their vectors: (n,) int64 and (n, dimension) float32, in batches."""
    rows = connection.execute("SELECT id, vector, vector_digest FROM chunk WHERE id > ? ORDER BY id", (row_id,))
    while batch := rows.fetchmany(BATCH):
        yield _matrix(batch, dimension)


def chunk_rows_after(
    connection: sqlite3.Connection, row_id: int, most: int
) -> Iterator[tuple[int, int, str, Chunk, bytes]]:
    """The next chunks behind a row id, ascending: the ids of their rows and of their documents', title, chunk, vector.

    Raises:
        sqlite3.DatabaseError: one of them is not as it was written.
    """
    rows = connection.execute(
        f"SELECT c.id, c.source, s.source_id, c.title, c.vector, c.vector_digest, {_CHUNK} "  # noqa: S608  (constants)
        "FROM chunk c JOIN source s ON s.id = c.source WHERE c.id > ? ORDER BY c.id LIMIT ?",
        (row_id, most),
    )
    for number, source, source_id, title, vector, stored, *columns in rows:
        yield number, source, title, _chunk_of(columns, source_id)[0], _vector(vector, stored)


def admitted_rows(connection: sqlite3.Connection, ids: Sequence[int], within: Filter = EVERYTHING) -> set[int]:
    """Those of the row ids of chunks that are there, of documents that a filter admits."""
    condition, values = admitted(within)
    rows = connection.execute(
        "SELECT c.id FROM chunk c JOIN source s ON s.id = c.source "  # noqa: S608  (constants)
        f"WHERE c.id IN (SELECT value FROM json_each(?)) AND {condition}",
        (json.dumps(list(ids)), *values),
    )
    return {row[0] for row in rows}


def corpus_fingerprint(connection: sqlite3.Connection, within: Filter = EVERYTHING) -> str:
    """A hash of what the documents are: the same files in the same collections give the same 16 digits."""
    digest = hashlib.sha256()
    condition, values = admitted(within)
    statement = f"SELECT s.source_id, s.sha256 FROM source s WHERE {condition} ORDER BY s.source_id"  # noqa: S608
    for row in connection.execute(statement, values):
        digest.update("\x1f".join(row).encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()[:16]


def content_digest(connection: sqlite3.Connection, row_id: int) -> bytes:
    """The digest of what a document has in other tables, from the digests there, in the order in which it was written.

    Raises:
        sqlite3.DatabaseError: there is no text.
    """
    text = connection.execute("SELECT digest FROM source_text WHERE source = ?", (row_id,)).fetchone()
    boxes = connection.execute("SELECT digest FROM page_box WHERE source = ? ORDER BY id", (row_id,))
    chunks = connection.execute("SELECT vector_digest FROM chunk WHERE source = ? ORDER BY id", (row_id,))
    return digest(*present(text, "the text of a document"), *(row[0] for row in boxes), *(row[0] for row in chunks))


def encode_pages(pages: Sequence[Page]) -> str:
    """Pages as JSON lists: number, start, end, label, status, problem, width, height."""
    return json.dumps([[getattr(page, name) for name in Page.__slots__] for page in pages])


def decode_pages(encoded: str) -> tuple[Page, ...]:
    """Pages from JSON lists."""
    return tuple(Page(*columns) for columns in json.loads(encoded))


def encode_coverage(coverage: Coverage) -> str:
    """A certificate as JSON."""
    return json.dumps(asdict(coverage))


def decode_coverage(encoded: str) -> Coverage:
    """A certificate from JSON."""
    fields = json.loads(encoded)
    lists = {name: tuple(fields[name]) for name in ("languages", "warnings")}
    return Coverage(**{**fields, **lists})


def _matrix(rows: Sequence[tuple[int, bytes, bytes]], dimension: int) -> tuple[np.ndarray, np.ndarray]:
    blobs = [_vector(vector, stored) for _, vector, stored in rows]
    return np.array([row[0] for row in rows], np.int64), from_blobs(blobs, dimension)


def _vector(vector: bytes, stored: bytes) -> bytes:
    require(stored, digest(vector), "a vector")
    return vector


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
