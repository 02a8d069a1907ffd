"""A damaged catalogue made whole again: documents that are as they were written are kept, with their vectors.

What is kept goes into a new file, document by document, each compared with its digests; the damaged file stays in the
folder under another name. Whatever was not kept is unknown to the next run of indexing, which reads it again. What this
module does not do: decide that a catalogue is damaged, or bring back what can't be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.advice import after_os
from indexer.catalogue import (
    CHUNK_COLUMNS,
    DATABASE,
    SOURCE_COLUMNS,
    DamagedIndexError,
    damage_explained,
    open_catalogue,
    quoted,
    transaction,
)
from indexer.checking import check_document, check_whole, open_checked
from indexer.entries import read_meta, record_documents, write_meta
from indexer.last_commit import forget_commit, noted_commit
from indexer.locking import writer_lock
from indexer.outside import ENTRIES
from indexer.records import source_rows
from indexer.vectors import flushed
from indexer.work_folders import made_beside
from indexer.writing import insert_into
from schema import FootnoteError

LOST_NAMED = 5
COPIED = {
    "source": (*SOURCE_COLUMNS, "digest"),
    "source_text": ("text", "pages", "digest"),
    "page_box": ("page", "boxes", "digest"),
    "chunk": (*CHUNK_COLUMNS, "digest", "vector", "vector_digest"),
}
"""The columns of each table that belong to a document, without the numbers of rows."""
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""How damage shows itself; the second when SQLite quotes what can't be decoded."""
MADE_ANEW = {"format", "generation", "documents", "vectors", "clusters", *ENTRIES}

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a damaged catalogue: how many documents were kept, which were not, and where the old file is.

    ``lost`` names only those whose entries could be read.
    """

    kept: int
    lost: tuple[str, ...]
    damaged: Path

    @property
    def sentence(self) -> str:
        """For people."""
        lost = ", ".join(self.lost[:LOST_NAMED]) + (" and more" if len(self.lost) > LOST_NAMED else "")
        return (
            f"The database of the index was damaged. {self.kept:,} documents in it are whole and were kept"
            + (f"; not whole: {lost}" if lost else "")
            + ". All others are read again when the folders that hold them are indexed, this one now. The damaged file "
            f"is kept as {self.damaged}; delete it when you need it no more, since it holds the old texts."
        )


def mend(folder: Path, *, lock_wait_s: float = 10.0) -> Mended | None:
    """Replace a damaged catalogue by one that holds the documents of it that are whole.

    Returns:
        What was kept; ``None`` when the catalogue is not damaged, as after another process has mended it.

    Raises:
        FootnoteError: another process is writing, or the new file can't be written; nothing is changed then.
        DamagedIndexError: the file is missing or empty, so that nothing is known of what it held.
    """
    with writer_lock(folder, wait_seconds=lock_wait_s):
        try:
            open_checked(folder, create=False).close()
        except DamagedIndexError as error:
            if not error.can_be_mended:
                raise
        else:
            return None
        try:
            with made_beside(folder / DATABASE) as work, damage_explained(work):
                kept, lost = _kept(folder, work)
                return Mended(kept, tuple(lost), _swap(folder, flushed(work / DATABASE)))
        except OSError as error:
            raise FootnoteError(
                f"The index {folder} can't be mended: {error.strerror}. {after_os(folder, error)}"
            ) from error


def _kept(folder: Path, work: Path) -> tuple[int, list[str]]:
    """Fill a new catalogue with what is whole; the number of documents, and the names of those that are not."""
    kept, lost = 0, []
    address = f"{(folder / DATABASE).absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, isolation_level=None, uri=True)) as old,
        closing(open_catalogue(work, create=True)) as new,
        transaction(new, write=True),
    ):
        entries, noted = dict(_entries(old)), noted_commit(folder)
        if noted:  # the file goes on under the note, which is not forgotten before it is in its place
            entries.setdefault("index", noted.index)
        for key, value in entries.items():
            write_meta(new, key, value)
        if "embedder" in entries:  # or nobody knows whose vectors they are
            for row_id in _ids(old):
                name, tables = _whole(old, row_id)
                if tables:
                    _write(new, tables)
                    kept += 1
                elif name:
                    lost.append(name)
        record_documents(new)
        last = max(int(_meta(old, "generation") or "0"), noted.generation if noted else 0)
        write_meta(new, "generation", str(last + 1))
    with closing(open_catalogue(work, create=False)) as new:
        if (verdict := check_whole(new)) != "ok":
            raise sqlite3.DatabaseError(verdict)
    return kept, lost


def _entries(old: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """What is known of the index itself and can be read, but for what is made anew."""
    with suppress(*UNREADABLE):
        for (key,) in old.execute("SELECT key FROM meta").fetchall():
            if key not in MADE_ANEW and (value := _meta(old, key)) is not None:
                yield key, value


def _meta(connection: sqlite3.Connection, key: str) -> str | None:
    try:
        return read_meta(connection, key)
    except UNREADABLE:
        return None


def _ids(connection: sqlite3.Connection) -> list[int]:
    """The row ids of all documents that can be got at, from either end of the table."""
    return sorted({row_id for order in ("ASC", "DESC") for row_id in _as_far_as_can_be_read(connection, order)})


def _as_far_as_can_be_read(connection: sqlite3.Connection, order: str) -> Iterator[int]:
    with suppress(*UNREADABLE):
        # Not by an index, which may be damaged itself.
        for (row_id,) in connection.execute(f"SELECT id FROM source NOT INDEXED ORDER BY id {order}"):  # noqa: S608
            yield row_id


def _whole(old: sqlite3.Connection, row_id: int) -> tuple[str, dict[str, list[Row]]]:
    """The name of a document, if it can be read, and its rows in each table, none when any is not as it was written."""
    name = ""
    try:
        for _, row in source_rows(old, "s.id = ?", (row_id,)):
            name = row.source_id
            check_document(old, row_id, row)
        return name, {table: _rows(old, table, row_id) for table in COPIED} if name else {}
    except UNREADABLE:
        return name, {}


def _rows(old: sqlite3.Connection, table: str, row_id: int) -> list[Row]:
    names, key = quoted(COPIED[table]), "id" if table == "source" else "source"
    return old.execute(f"SELECT {names} FROM {table} WHERE {key} = ? ORDER BY rowid", (row_id,)).fetchall()  # noqa: S608


def _write(new: sqlite3.Connection, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write the rows of one document as they are; only their ids are new."""
    own: int | None = None
    for table, rows in tables.items():
        insert = insert_into(table, COPIED[table] if table == "source" else ("source", *COPIED[table]))
        for row in rows:
            written = new.execute(insert, row if table == "source" else (own, *row))
            own = written.lastrowid if table == "source" else own


def _swap(folder: Path, mended: Path) -> Path:
    """Put the new file in the place of the damaged one, which goes on under another name, with its log.

    A kill before the last step leaves the note of the last commit: without its log, the damaged file may be whole and
    of an earlier generation, which is to be told.
    """
    database = folder / DATABASE
    damaged = folder / f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.sqlite3"
    damaged.hardlink_to(database)
    log = folder / f"{DATABASE}-wal"
    if log.exists():  # it belongs to the old file, and SQLite would play it into the new one
        log.rename(f"{damaged}-wal")
    (folder / f"{DATABASE}-shm").unlink(missing_ok=True)
    mended.replace(database)
    flushed(folder)
    forget_commit(folder)  # it may be of another index
    return damaged
