"""The index on disk: SQLite as the truth, FAISS derived from it, one transaction for each commit.

A store is opened for reading or for writing. Readers always see one generation: before each search the vectors in
memory are brought level with the generation that the database shows. A writer holds the folder's lock. What this module
does not do: read files, chunk, embed, or decide what is searched for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer import records
from indexer.catalogue import check_whole, damage_explained, open_catalogue, read_meta, transaction, write_meta
from indexer.locking import writer_lock
from indexer.vectors import VectorIndex, from_blobs, to_blob
from schema import (
    Chunk,
    EmbedderIdentity,
    Extraction,
    FileStatus,
    FootnoteError,
    PageView,
    Passage,
    Source,
    SourceInfo,
)

VECTORS = "vectors.faiss"


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """Everything that one commit writes about one document; ``vectors`` is (chunks, dimension) float32."""

    source: Source
    extraction: Extraction
    chunks: Sequence[Chunk]
    vectors: np.ndarray
    root: str = ""
    status: FileStatus = "indexed"
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the catalogue remembers of a file: its source, the folder it was found under, and its content hash."""

    source: Source
    root: str
    status: FileStatus
    chunks: int
    pages: int
    reason: str


class IndexStore:
    """One index folder.

    Args:
        folder: of the index.
        identity: of the embedder whose vectors are stored and searched.
        create: make the index when it is not there.
        lock_wait_s: seconds to wait for another writer.

    Raises:
        FootnoteError: no index, a damaged one, or one that was made with another embedder.
    """

    def __init__(
        self, folder: Path, identity: EmbedderIdentity, *, create: bool = False, lock_wait_s: float = 10.0
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.notices: list[str] = []
        self._lock_wait_s = lock_wait_s
        self._mutex = threading.RLock()
        self._connection = open_catalogue(folder, create=create)
        self._among: dict[str, np.ndarray] = {}
        self._fingerprint: str | None = None
        with self._reading():
            recorded = read_meta(self._connection, "embedder")
        if recorded is None and create:
            with self.writing(), self._commit():
                write_meta(self._connection, "embedder", json.dumps(asdict(identity)))
        elif recorded is not None:
            _refuse_other_embedder(folder, EmbedderIdentity(**json.loads(recorded)), identity)
        self._vectors, self._generation = self._open_vectors()

    def close(self) -> None:
        """Close the database; the store can't be used afterwards."""
        with self._mutex:
            self._connection.close()

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock of the folder for a series of commits."""
        with writer_lock(self.folder, wait_seconds=self._lock_wait_s):
            yield

    def put(self, documents: Sequence[IndexedDocument]) -> None:
        """Add or replace documents in one transaction: when this returns, all of them are on disk."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._commit():
            for document in documents:
                self._delete_rows([document.source.source_id])
                self._insert(document, now)

    def delete(self, source_ids: Sequence[str]) -> None:
        """Remove documents and everything derived from them in one transaction; unknown ones are ignored."""
        with self._commit():
            self._delete_rows(source_ids)

    def move(self, source_id: str, root: str) -> None:
        """Note that an unchanged document is now found under another folder."""
        with self._commit():
            row_id, _ = records.find_source(self._connection, source_id)
            self._connection.execute("UPDATE source SET root = ? WHERE id = ?", (root, row_id))

    def erase_leftovers(self) -> None:
        """Merge the full-text index and the write-ahead log, so that removed text is nowhere on disk any more."""
        with self._mutex, damage_explained(self.folder):
            self._connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('optimize')")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.save_vectors()

    def save_vectors(self) -> None:
        """Write the FAISS file for the present generation and record its hash."""
        with self._mutex:
            with self._reading():
                self._catch_up()
            sha256 = self._vectors.save(self.folder / VECTORS)
            with transaction(self._connection, write=True):
                write_meta(self._connection, "vectors", json.dumps([sha256, self._generation]))

    def set_recipe(self, recipe: str) -> bool:
        """Record how documents are read and chunked; true when that is new, so that all must be read again."""
        with self._mutex, damage_explained(self.folder), transaction(self._connection, write=True):
            changed = read_meta(self._connection, "recipe") != recipe
            write_meta(self._connection, "recipe", recipe)
        return changed

    # Reading

    def sources(self, collection: str | None = None) -> list[SourceInfo]:
        """The documents of one collection or of all."""
        with self._reading():
            return records.source_infos(self._connection, collection)

    def known_files(self, collection: str) -> list[KnownFile]:
        """What is known of every file of a collection."""
        with self._reading():
            roots = dict(self._connection.execute("SELECT path, root FROM source WHERE collection = ?", (collection,)))
            infos = records.source_infos(self._connection, collection)
        return [
            KnownFile(info.source, roots[info.source.path], info.status, info.chunks, info.pages, info.reason)
            for info in infos
        ]

    def find(self, name: str) -> Source:
        """The source that a user names by ``collection/path``, or by its path alone."""
        with self._reading():
            return records.find_source(self._connection, name)[1]

    def text(self, name: str) -> str:
        """The extracted text of a source, exactly."""
        with self._reading():
            return records.source_text(self._connection, records.find_source(self._connection, name)[0])

    def metadata(self, name: str) -> dict[str, Any]:
        """The fields that a caller stored with a source."""
        with self._reading():
            row_id, _ = records.find_source(self._connection, name)
            encoded = self._connection.execute("SELECT metadata FROM source WHERE id = ?", (row_id,)).fetchone()[0]
        return dict(json.loads(encoded))

    def page_views(self, name: str) -> list[PageView]:
        """The pages or sections of a source."""
        with self._reading():
            row_id, source = records.find_source(self._connection, name)
            text = records.source_text(self._connection, row_id)
            return list(records.views(source, text, records.source_pages(self._connection, row_id)))

    def fingerprint(self) -> str:
        """A hash of the documents in the index, remembered for as long as the generation stands."""
        with self._reading():
            self._catch_up()
            if self._fingerprint is None:
                self._fingerprint = records.corpus_fingerprint(self._connection)
            return self._fingerprint

    def check(self) -> str:
        """A full check of the database: ``ok`` or what is wrong."""
        with self._mutex, damage_explained(self.folder):
            return check_whole(self._connection)

    # Searching

    def dense(self, query: np.ndarray, top_k: int, *, collection: str | None = None) -> list[Passage]:
        """Passages by inner product with a query vector, (dimension,) float32; scores in [-1, 1] for unit vectors."""
        with self._reading():
            self._catch_up()
            among = None if collection is None else self._ids_of(collection)
            scored = self._vectors.search(query, top_k, among=among)
            return records.passages(self._connection, scored, "dense")

    def lexical(self, match: str, top_k: int, *, collection: str | None = None) -> list[Passage]:
        """Passages by BM25 for an FTS5 match expression; scores above 0, higher is better."""
        if not match:
            return []
        with self._reading():
            rows = self._connection.execute(
                "SELECT c.id, -bm25(chunk_fts) FROM chunk_fts JOIN chunk c ON c.id = chunk_fts.rowid "
                "JOIN source s ON s.id = c.source WHERE chunk_fts MATCH ? AND (? IS NULL OR s.collection = ?) "
                "ORDER BY bm25(chunk_fts), c.id LIMIT ?",
                (match, collection, collection, top_k),
            ).fetchall()
            return records.passages(self._connection, rows, "lexical")

    # Within

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One snapshot of the database; nested uses share the outer one."""
        with self._mutex, damage_explained(self.folder):
            if self._connection.in_transaction:
                yield
            else:
                with transaction(self._connection, write=False):
                    yield

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """One commit of changes to documents: the generation moves on with it."""
        with self._mutex, damage_explained(self.folder), transaction(self._connection, write=True):
            yield
            generation = int(read_meta(self._connection, "generation") or "0")
            write_meta(self._connection, "generation", str(generation + 1))

    def _insert(self, document: IndexedDocument, now: str) -> None:
        source, extraction = document.source, document.extraction
        row_id = self._connection.execute(
            "INSERT INTO source (source_id, collection, path, root, title, date, sha256, status, reason, indexed_at, "
            "pages, metadata, characters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(source.source_id, source.collection, source.path, document.root, source.title, source.date),
                *(source.sha256, document.status, document.reason, now, records.encode_pages(extraction.pages)),
                *(json.dumps(dict(document.metadata)), len(extraction.text)),
            ),
        ).lastrowid
        self._connection.execute("INSERT INTO source_text VALUES (?, ?)", (row_id, extraction.text))
        self._connection.executemany(
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

    def _delete_rows(self, source_ids: Sequence[str]) -> None:
        names = json.dumps(list(source_ids))
        gone = "(SELECT id FROM source WHERE source_id IN (SELECT value FROM json_each(?)))"
        for statement in (
            f"DELETE FROM chunk WHERE source IN {gone}",  # noqa: S608  (a constant)
            f"DELETE FROM source_text WHERE source IN {gone}",  # noqa: S608  (a constant)
            f"DELETE FROM source WHERE id IN {gone}",  # noqa: S608  (a constant)
        ):
            self._connection.execute(statement, (names,))

    def _open_vectors(self) -> tuple[VectorIndex, int]:
        """The vectors from the FAISS file when its recorded hash is right, else an empty index to be filled."""
        with self._reading():
            recorded = read_meta(self._connection, "vectors")
        dimension = self.identity.dimension
        if recorded is None:
            return VectorIndex(dimension), -1
        sha256, generation = json.loads(recorded)
        loaded = VectorIndex.load(self.folder / VECTORS, sha256=sha256, dimension=dimension)
        if loaded is not None:
            return loaded, int(generation)
        self.notices.append(
            f"The file {self.folder / VECTORS} was missing or damaged; it was rebuilt from the database."
        )
        return VectorIndex(dimension), -1

    def _catch_up(self) -> None:
        """Bring the vectors in memory level with the database; chunk ids are never used twice."""
        generation = int(read_meta(self._connection, "generation") or "0")
        if generation == self._generation:
            return
        current = np.array([row[0] for row in self._connection.execute("SELECT id FROM chunk ORDER BY id")], np.int64)
        held = self._vectors.ids()
        self._vectors.remove(np.setdiff1d(held, current))
        self._add_vectors(np.setdiff1d(current, held))
        self._generation = generation
        self._among.clear()
        self._fingerprint = None

    def _add_vectors(self, ids: np.ndarray) -> None:
        rows = self._connection.execute(
            "SELECT id, vector FROM chunk WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids.tolist()),)
        )
        while batch := rows.fetchmany(10_000):
            matrix = from_blobs([row[1] for row in batch], self.identity.dimension)
            self._vectors.add(np.array([row[0] for row in batch], np.int64), matrix)

    def _ids_of(self, collection: str) -> np.ndarray:
        """Row ids of a collection's chunks, remembered for as long as the generation stands."""
        if collection not in self._among:
            rows = self._connection.execute(
                "SELECT c.id FROM chunk c JOIN source s ON s.id = c.source WHERE s.collection = ?", (collection,)
            )
            self._among[collection] = np.array([row[0] for row in rows], np.int64)
        return self._among[collection]


def recorded_embedder(folder: Path) -> EmbedderIdentity | None:
    """The embedder that an index was made with; ``None`` for a new one."""
    connection = open_catalogue(folder, create=False)
    try:
        recorded = read_meta(connection, "embedder")
    finally:
        connection.close()
    return None if recorded is None else EmbedderIdentity(**json.loads(recorded))


def _refuse_other_embedder(folder: Path, recorded: EmbedderIdentity, given: EmbedderIdentity) -> None:
    if recorded == given:
        return
    raise FootnoteError(
        f"The index {folder} was made with the embedder {recorded.name} ({recorded.sha256[:12] or 'no hash'}, "
        f"{recorded.dimension} dimensions), not with {given.name} ({given.sha256[:12] or 'no hash'}, "
        f"{given.dimension}); their vectors don't mix. Set FOOTNOTE_EMBEDDER={recorded.name}, or index the documents "
        "into another folder with --index."
    )
