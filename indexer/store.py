"""The index on disk: SQLite as the truth, a search engine derived from it, one transaction for each commit.

A store is opened for reading or for writing. Readers always see one generation: an engine finds what the generation
that the database shows holds. A writer holds the folder's lock. What this module does not do: read files, chunk, embed,
or decide what is searched for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer import records
from indexer.catalogue import (
    damage_explained,
    file_of_database,
    impatient,
    is_alone,
    transaction,
)
from indexer.changing import Change, apply_change, note_sync, renumber_chunks
from indexer.checking import check_whole, open_checked
from indexer.engine import Engine, VectorState
from indexer.engines import made_for, open_engine
from indexer.entries import documents_recorded, read_generation, read_meta, write_meta
from indexer.last_commit import LastCommit, lost_since, note_commit, noted_commit
from indexer.locking import POLL_SECONDS, writer_lock
from indexer.milvus_address import Address
from indexer.opened import OpenCatalogue
from indexer.outside import read_outside
from indexer.reading import IndexReader, Opened
from indexer.work_folders import remove_leftovers
from indexer.writing import IndexedDocument, delete_sources, insert_document, require_vectors
from schema import (
    EmbedderIdentity,
    FileStatus,
    FootnoteError,
    Source,
)

__all__ = ["IndexStore", "IndexedDocument", "KnownFile", "VectorState"]

_ALONE = (
    "The disk that holds {folder} is full, so that only one process at a time can use the index. Free space on it, "
    "then start whatever has the index open again."
)


_STAYS = (
    "Removed text is still in the files of the index {folder}, because another process has been reading it all the "
    "time. It is gone when every process that has the index open has ended."
)
ERASING_SECONDS = 30.0
"""How long erasing waits for those who read what was there before."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the catalogue remembers of a document: its source, the folder of its file if it has one, how it was read."""

    source: Source
    root: str
    recipe: str
    status: FileStatus
    chunks: int
    pages: int
    reason: str
    sync: str = ""


class IndexStore(IndexReader):
    """One index folder.

    Args:
        folder: of the index.
        identity: of the embedder whose vectors are stored and searched.
        create: make the index when it is not there.
        lock_wait_s: seconds to wait for another writer.
        milvus: where Milvus is that searches it; ``None`` for search in the folder.

    Raises:
        FootnoteError: no index, a damaged one, or one that was made with another embedder or has another engine.
    """

    def __init__(
        self,
        folder: Path,
        identity: EmbedderIdentity,
        *,
        create: bool = False,
        lock_wait_s: float = 10.0,
        milvus: Address | None = None,
    ) -> None:
        self.folder = folder
        self.identity = identity
        self._lock_wait_s = lock_wait_s
        noted = noted_commit(folder)
        self._connection = open_checked(folder, create=create)
        catalogue = OpenCatalogue(folder, identity, self._connection)
        self._mutex, self._reading = catalogue.mutex, catalogue.reading
        self._file = file_of_database(folder)
        try:
            if create:
                self._record_embedder(milvus)
            with self._reading():
                recorded = read_meta(self._connection, "embedder")
                if recorded is not None:
                    _refuse_other_embedder(folder, EmbedderIdentity(**json.loads(recorded)), identity)
                lost = lost_since(folder, noted, self._last_commit())
                engine, self._outside = open_engine(catalogue, milvus), read_outside(self._connection)
        except BaseException:
            self._connection.close()
            raise
        super().__init__(Opened(catalogue, engine))
        alone = _ALONE.format(folder=folder) if is_alone(self._connection) else ""
        self.notices = [notice for notice in (lost, alone, engine.notice) if notice]

    @property
    def engine(self) -> Engine:
        """What searches it, whatever may be seen."""
        return self._engine

    def close(self) -> None:
        """Close the database; the store can't be used afterwards."""
        with self._mutex:
            self._engine.close()
            self._connection.close()

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock of the folder for a series of commits.

        Raises:
            FootnoteError: when another process has the lock, or has put another index here meanwhile.
        """
        with writer_lock(self.folder, wait_seconds=self._lock_wait_s):
            if file_of_database(self.folder) != self._file:
                raise FootnoteError(
                    f"The index {self.folder} was restored or mended by another process, and this one still has what "
                    "was there before: start it again."
                )
            yield

    def put(self, documents: Sequence[IndexedDocument]) -> None:
        """Add or replace documents in one transaction: when this returns, all of them are on disk."""
        require_vectors(documents, self.identity.dimension)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._commit([document.source.source_id for document in documents]):
            for document in documents:
                delete_sources(self._connection, [document.source.source_id])
                insert_document(self._connection, document, now)

    def apply(self, changes: Sequence[Change]) -> None:
        """Write what the files of a run change, all of it in one transaction."""
        require_vectors((one for change in changes for one in change.documents), self.identity.dimension)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._commit([name for change in changes for name in change.touched]):
            for change in changes:
                apply_change(self._connection, change, now)
                if self._engine.holds_labels:
                    for one in change.relabelled:
                        renumber_chunks(self._connection, one.source.source_id)

    def note(self, notes: Mapping[str, str]) -> None:
        """Replace what runs remember of unchanged documents, by their ids; the generation stays the same."""
        with self._mutex, damage_explained(self.folder), self._recording(notes.keys()):
            note_sync(self._connection, notes)

    def delete(self, source_ids: Sequence[str]) -> None:
        """Remove documents and everything derived from them in one transaction; unknown ones are ignored."""
        with self._commit(source_ids):
            delete_sources(self._connection, source_ids)

    def erase_leftovers(self) -> None:
        """Merge the full-text index and the write-ahead log, so that removed text is nowhere on disk any more.

        Beside a process that goes on reading for longer than `ERASING_SECONDS` it stays; then ``notices`` says so.
        """
        with self._mutex, damage_explained(self.folder):
            self._connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('optimize')")
        remove_leftovers(self.folder)
        deadline = time.monotonic() + ERASING_SECONDS
        while not (is_empty := self._has_emptied_log()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if not is_empty:
            self.notices.append(_STAYS.format(folder=self.folder))
        self.save_vectors(thorough=True)

    def save_vectors(self, *, thorough: bool = False) -> None:
        """Let the engine write what it searches as far as that is due; the caller holds the writer's lock.

        Args:
            thorough: whether it must hold this generation exactly, and nothing of what was removed.

        Raises:
            FootnoteError: when it can't be written.
        """
        self._engine.save(thorough=thorough)
        with self._reading():  # a loss of commits, which was told at opening, is known from here on
            note_commit(self.folder, self._last_commit())

    def describe(self) -> VectorState:
        """How the vectors are searched, why, and with which recall."""
        return self._engine.describe()

    # Looking after it

    def known_files(self, collection: str) -> list[KnownFile]:
        """What is known of every file of a collection."""
        with self._reading():
            rows = [row for _, row in records.source_rows(self._connection, "s.collection = ?", (collection,))]
        return [
            KnownFile(row.source, row.root, row.recipe, row.status, row.chunks, row.info.pages, row.reason, row.sync)
            for row in rows
        ]

    def check(self) -> str:
        """Every check of the database that there is: ``ok`` or what is wrong."""
        with self._mutex, damage_explained(self.folder):
            return check_whole(self._connection)

    # Within

    @contextmanager
    def _recording(self, touched: Collection[str]) -> Iterator[None]:
        """One transaction that changes documents of these ids."""
        with transaction(self._connection, write=True), documents_recorded(self._connection, touched):
            yield

    @contextmanager
    def _commit(self, touched: Collection[str]) -> Iterator[None]:
        """One commit of changes to documents of these ids, in the catalogue and in the engine."""
        with self._mutex:
            with self._moving_on(touched):
                self._require_engine()
                with self._engine.committing(touched):
                    yield
            self._engine.committed()

    def _require_engine(self) -> None:
        """The engine that is told of a commit is the one that searches the index.

        Raises:
            FootnoteError: another one does since this was opened.
        """
        if read_outside(self._connection) != self._outside:
            raise FootnoteError(
                f"Another engine searches the index {self.folder} since this process opened it: start it again."
            )

    @contextmanager
    def _moving_on(self, touched: Collection[str]) -> Iterator[None]:
        """One transaction that changes documents of these ids: the generation moves on with it."""
        with self._mutex, damage_explained(self.folder):
            with self._recording(touched):
                yield
                write_meta(self._connection, "generation", str(read_generation(self._connection) + 1))
                last = self._last_commit()
            note_commit(self.folder, last)

    def _has_emptied_log(self) -> bool:
        """Move all that is in the write-ahead log to where it belongs, unless somebody reads what was there before."""
        with self._mutex, damage_explained(self.folder), impatient(self._connection):
            is_kept, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_kept

    def _last_commit(self) -> LastCommit:
        """This index, ``0`` when it was made without a name, and its generation; inside a transaction."""
        return LastCommit(read_meta(self._connection, "index") or "0", read_generation(self._connection))

    def _record_embedder(self, milvus: Address | None) -> None:
        """Make a new index one of this embedder and engine; looked at again under the lock: two may be making it."""
        if read_meta(self._connection, "embedder") is not None:
            return
        with self.writing(), self._moving_on(()):
            if read_meta(self._connection, "embedder") is None:
                write_meta(self._connection, "embedder", json.dumps(asdict(self.identity)))
                if milvus:
                    made_for(self._connection, milvus, self.identity.dimension)


def _refuse_other_embedder(folder: Path, recorded: EmbedderIdentity, given: EmbedderIdentity) -> None:
    if recorded == given:
        return
    raise FootnoteError(
        f"The index {folder} was made with the embedder {recorded.name} ({recorded.sha256[:12] or 'no hash'}, "
        f"{recorded.dimension} dimensions), not with {given.name} ({given.sha256[:12] or 'no hash'}, "
        f"{given.dimension}); their vectors don't mix. Set FOOTNOTE_EMBEDDER={recorded.name}, or index the documents "
        "into another folder with --index."
    )
