"""The index on disk: SQLite as the truth, FAISS derived from it, one transaction for each commit.

A store is opened for reading or for writing. Readers always see one generation: before each search the vectors in
memory are brought level with the generation that the database shows. A writer holds the folder's lock. What this module
does not do: read files, chunk, embed, or decide what is searched for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer import records
from indexer.advice import after_os
from indexer.catalogue import (
    beside,
    damage_explained,
    is_alone,
    read_generation,
    read_meta,
    transaction,
    write_documents,
    write_meta,
)
from indexer.changing import Change, apply_change, note_sync
from indexer.checking import check_whole, open_checked
from indexer.filtering import Admissions
from indexer.full_text import WordSearch
from indexer.growing import VectorState, wanted
from indexer.last_commit import LastCommit, lost_since, note_commit, noted_commit
from indexer.locking import writer_lock
from indexer.mirror import VectorMirror
from indexer.vector_file import Base, has_changed_much, read_base, record_base, vector_state, write_clusters
from indexer.writing import IndexedDocument, delete_sources, insert_document
from schema import (
    EmbedderIdentity,
    FileStatus,
    Filter,
    FootnoteError,
    PageView,
    Passage,
    Source,
    SourceInfo,
)

__all__ = ["IndexStore", "IndexedDocument", "KnownFile", "VectorState"]

_ALONE = (
    "The disk that holds {folder} is full, so that only one process at a time can use the index. Free space on it, "
    "then start whatever has the index open again."
)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the catalogue remembers of a document: its source, the folder of its file, how and as what it was read."""

    source: Source
    root: str
    recipe: str
    status: FileStatus
    chunks: int
    pages: int
    reason: str
    sync: str = ""


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
        self._lock_wait_s = lock_wait_s
        self._mutex = threading.RLock()
        noted = noted_commit(folder)
        self._connection = open_checked(folder, create=create)
        self._fingerprint = (-1, "")
        self._admissions = Admissions()
        self._words = WordSearch(self._connection)
        try:
            if create:
                self._record_embedder()
            with self._reading():
                recorded = read_meta(self._connection, "embedder")
                if recorded is not None:
                    _refuse_other_embedder(folder, EmbedderIdentity(**json.loads(recorded)), identity)
                lost = lost_since(folder, noted, self._last_commit())
                self._mirror = VectorMirror(folder, identity.dimension, self._connection)
        except BaseException:
            self._connection.close()
            raise
        alone = _ALONE.format(folder=folder) if is_alone(self._connection) else ""
        self.notices = [notice for notice in (lost, alone, self._mirror.notice) if notice]

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
                delete_sources(self._connection, [document.source.source_id])
                insert_document(self._connection, document, now)

    def apply(self, changes: Sequence[Change]) -> None:
        """Write what the files of a run change, all of it in one transaction."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._commit():
            for change in changes:
                apply_change(self._connection, change, now)

    def note(self, notes: Mapping[str, str]) -> None:
        """Replace what runs remember of unchanged documents, by their ids; the generation stays the same."""
        with self._mutex, damage_explained(self.folder), transaction(self._connection, write=True):
            note_sync(self._connection, notes)
            write_documents(self._connection)

    def delete(self, source_ids: Sequence[str]) -> None:
        """Remove documents and everything derived from them in one transaction; unknown ones are ignored."""
        with self._commit():
            delete_sources(self._connection, source_ids)

    def erase_leftovers(self) -> None:
        """Merge the full-text index and the write-ahead log, so that removed text is nowhere on disk any more."""
        with self._mutex, damage_explained(self.folder):
            self._connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('optimize')")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.save_vectors(thorough=True)

    def save_vectors(self, *, thorough: bool = False) -> None:
        """Write the file of the vectors if the one that is there no longer does, and record its hash.

        The caller holds the writer's lock. Killed between the two, the next reader finds a hash that doesn't fit, and
        reads the vectors from SQLite. Training new clusters takes a while, in which searches go on as before.

        Args:
            thorough: whether the file must hold this generation exactly, and nothing of what was removed.

        Raises:
            FootnoteError: when the file can't be written.
        """
        try:
            with damage_explained(self.folder):
                base = self._written(thorough=thorough)
        except OSError as error:
            raise FootnoteError(
                f"The file {self._mirror.path} can't be written: {error.strerror}. {after_os(self.folder, error)}"
            ) from error
        if base is not None:
            with self._mutex, damage_explained(self.folder):
                with transaction(self._connection, write=True):
                    record_base(self._connection, base)
                self._mirror.adopt(base)
        with self._reading():  # a loss of commits, which was told at opening, is known from here on
            note_commit(self.folder, self._last_commit())

    def describe(self) -> VectorState:
        """How the vectors are searched, why, and with which recall."""
        with self._reading():
            count = self._connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
            return vector_state(self._mirror.path, read_base(self._connection), count)

    # Reading

    def sources(self, collection: str | None = None) -> list[SourceInfo]:
        """The documents of one collection or of all."""
        with self._reading():
            return records.source_infos(self._connection, collection)

    def collections(self) -> list[str]:
        """The names of the collections that hold documents."""
        with self._reading():
            return records.collections(self._connection)

    def known_files(self, collection: str) -> list[KnownFile]:
        """What is known of every file of a collection."""
        with self._reading():
            rows = [row for _, row in records.source_rows(self._connection, "s.collection = ?", (collection,))]
        return [
            KnownFile(row.source, row.root, row.recipe, row.status, row.chunks, row.info.pages, row.reason, row.sync)
            for row in rows
        ]

    def find(self, name: str) -> Source:
        """The source that a user names by ``collection/path``, or by its path alone."""
        with self._reading():
            return records.find_source(self._connection, name)[1].source

    def file_of(self, name: str) -> tuple[Path, Source]:
        """Where the file of a source was when it was indexed, and the source; it may have gone since."""
        with self._reading():
            row = records.find_source(self._connection, name)[1]
        return Path(row.root) / row.source.path, row.source

    def text(self, name: str) -> str:
        """The extracted text of a source, exactly."""
        with self._reading():
            return records.source_text(self._connection, records.find_source(self._connection, name)[0])[0]

    def span(self, source_id: str, start: int, end: int) -> str:
        """The text of a source between two offsets, exactly; what lies outside of the text is left out.

        Raises:
            FootnoteError: there is no such source.
        """
        return self.text(source_id)[max(start, 0) : max(end, 0)]

    def vectors(self, chunk_ids: Sequence[str]) -> np.ndarray:
        """The stored vectors of chunks, (n, dimension) float32, in the order of their ids.

        Raises:
            FootnoteError: one of them is not in the index, or no longer.
        """
        with self._reading():
            return records.vectors(self._connection, chunk_ids, self.identity.dimension)

    def metadata(self, name: str) -> dict[str, Any]:
        """The fields that a caller stored with a source."""
        with self._reading():
            _, row = records.find_source(self._connection, name)
        return dict(json.loads(row.metadata))

    def page_views(self, name: str) -> list[PageView]:
        """The pages or sections of a source, without the places of their characters."""
        with self._reading():
            row_id, row = records.find_source(self._connection, name)
            text, pages = records.source_text(self._connection, row_id)
            starts = () if pages else records.chunk_starts(self._connection, row_id)
            return list(records.views(row.source, text, pages, starts))

    def page_view(self, name: str, number: int) -> PageView:
        """One page of a source with the places of its characters, or one section when it has no pages, from 1.

        Raises:
            FootnoteError: when there is no such source or page.
        """
        with self._reading():
            views = self.page_views(name)
            for view in views:
                if view.number == number:
                    row_id, _ = records.find_source(self._connection, name)
                    return replace(view, boxes=records.page_boxes(self._connection, row_id, number))
        raise FootnoteError(f"{name} has {len(views)} page(s); there is no page {number}.")

    def fingerprint(self) -> str:
        """A hash of the documents in the index, remembered for as long as the generation stands."""
        with self._reading():
            generation = read_generation(self._connection)
            if self._fingerprint[0] != generation:
                self._fingerprint = generation, records.corpus_fingerprint(self._connection)
            return self._fingerprint[1]

    def check(self) -> str:
        """Every check of the database that there is: ``ok`` or what is wrong."""
        with self._mutex, damage_explained(self.folder):
            return check_whole(self._connection)

    # Searching

    def dense(self, query: np.ndarray, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """Passages by inner product with a query vector, (dimension,) float32; scores in [-1, 1] for unit vectors.

        ``within`` says which documents are searched at all.
        """
        with self._reading():
            among = self._admitted(within)
            scored = self._mirror.search(self._connection, query, top_k, among=among)
            return records.passages(self._connection, scored, "dense")

    def lexical(
        self,
        match: str,
        top_k: int,
        *,
        within: Filter | None = None,
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> list[Passage]:
        """Passages by BM25 for an FTS5 match expression; scores above 0, higher is better.

        Args:
            match: the expression; nothing is found when it is empty.
            top_k: how many at most.
            within: which documents are searched at all; what it leaves out still counts for how rare a word is.
            weights: of a word in the title, in the headings and in the text.
        """
        if not match:
            return []
        with self._reading():
            among, generation = self._admitted(within), read_generation(self._connection)
            scored = self._words.search(match, top_k, weights=weights, generation=generation, among=among)
            return records.passages(self._connection, scored, "lexical")

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
        with self._mutex, damage_explained(self.folder):
            with transaction(self._connection, write=True):
                yield
                write_documents(self._connection)
                write_meta(self._connection, "generation", str(read_generation(self._connection) + 1))
                last = self._last_commit()
            note_commit(self.folder, last)

    def _last_commit(self) -> LastCommit:
        """This index, ``0`` when it was made without a name, and its generation; inside a transaction."""
        return LastCommit(read_meta(self._connection, "index") or "0", read_generation(self._connection))

    def _admitted(self, within: Filter | None) -> np.ndarray | None:
        """Row ids of the chunks that may be searched; ``None`` for all."""
        if within is None or within == Filter():
            return None
        return self._admissions.chunks(self._connection, within, generation=read_generation(self._connection))

    def _written(self, *, thorough: bool) -> Base | None:
        """The file written anew, unless the one that is there still does; it is not recorded yet."""
        with self._reading():
            base = read_base(self._connection)
            count = self._connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
            kind = wanted(count, base.clustering if base else None)
            if kind == "exact":
                is_level = base and not base.clustering and base.generation == read_generation(self._connection)
                return None if is_level and self._mirror.base == base else self._mirror.save_exact(self._connection)
            if kind == "clusters" and self._mirror.base == base and not self._has_changed(thorough=thorough):
                return None
        with closing(beside(self.folder)) as connection, transaction(connection, write=False):
            return write_clusters(self._mirror.path, connection, base, self.identity.dimension)

    def _has_changed(self, *, thorough: bool) -> bool:
        """Whether the clusters in the file are too far from this generation to be left as they are."""
        if thorough:
            return self._mirror.base is None or self._mirror.base.generation != read_generation(self._connection)
        return has_changed_much(self._connection, self._mirror.in_clusters())

    def _record_embedder(self) -> None:
        """Make a new index one of this embedder; looked at again under the lock, since two may be making it."""
        if read_meta(self._connection, "embedder") is not None:
            return
        with self.writing(), self._commit():
            if read_meta(self._connection, "embedder") is None:
                write_meta(self._connection, "embedder", json.dumps(asdict(self.identity)))


def _refuse_other_embedder(folder: Path, recorded: EmbedderIdentity, given: EmbedderIdentity) -> None:
    if recorded == given:
        return
    raise FootnoteError(
        f"The index {folder} was made with the embedder {recorded.name} ({recorded.sha256[:12] or 'no hash'}, "
        f"{recorded.dimension} dimensions), not with {given.name} ({given.sha256[:12] or 'no hash'}, "
        f"{given.dimension}); their vectors don't mix. Set FOOTNOTE_EMBEDDER={recorded.name}, or index the documents "
        "into another folder with --index."
    )
