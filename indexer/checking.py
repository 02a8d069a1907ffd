"""Whether a catalogue is as it was written: at every opening as far as that takes no time, and wholly when asked.

A row is also compared with its checksum whenever it is read for use (indexer/records.py); here it is done for all of
them, and for what no row's checksum covers: the tables themselves, SQLite's own structures, and the full-text index.
What this module does not do: mend anything.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from indexer.catalogue import (
    DATABASE,
    TABLES,
    damage_explained,
    impatient,
    one_line,
    open_catalogue,
    transaction,
)
from indexer.digests import present, require
from indexer.entries import read_meta, require_documents
from indexer.records import SourceRow, check_chunks, content_digest, page_boxes, source_rows, source_text

LARGEST_WHOLE_CHECK = 64 << 20
"""Bytes of a database that is checked wholly at every opening; ``footnote doctor`` checks any."""


def open_checked(folder: Path, *, create: bool) -> sqlite3.Connection:
    """Open a catalogue and compare it with its checksums: all of them in a small one, those of the documents in any.

    Raises:
        FootnoteError: there is no index there, or it was made by another version.
        DamagedIndexError: it is not as it was written.
    """
    connection = open_catalogue(folder, create=create)
    try:
        with damage_explained(folder):
            is_small = (folder / DATABASE).stat().st_size <= LARGEST_WHOLE_CHECK
            with transaction(connection, write=False):
                check_documents(connection)
                if is_small:
                    check_rows(connection)
            if is_small:
                _check_unless_written(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def check_whole(connection: sqlite3.Connection) -> str:
    """Every check there is, outside of a transaction: ``ok``, or what is wrong.

    Raises:
        sqlite3.OperationalError: when the database can't be read, as when it is locked.
    """
    try:
        with transaction(connection, write=False):
            check_documents(connection)
            check_rows(connection)
        check_structures(connection)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return "ok"


def check_documents(connection: sqlite3.Connection) -> None:
    """The tables are ours, and every entry and every document's row is there as it was written.

    Raises:
        sqlite3.DatabaseError: it is not so.
    """
    if _tables(connection) != _expected_tables():
        raise sqlite3.DatabaseError("its tables are not as they were made")
    for (key,) in connection.execute("SELECT key FROM meta").fetchall():
        read_meta(connection, key)
    chunks = sum(row.chunks for _, row in source_rows(connection))
    require_documents(connection)
    if connection.execute("SELECT count(*) FROM chunk").fetchone()[0] != chunks:
        raise sqlite3.DatabaseError("there are more or fewer passages than were written")
    if chunks:
        present(connection.execute("SELECT 1 FROM meta WHERE key = 'embedder'").fetchone(), "the entry 'embedder'")


def check_rows(connection: sqlite3.Connection) -> None:
    """Every text, page, passage and vector is as it was written, and belongs to its document.

    Raises:
        sqlite3.DatabaseError: it is not so.
    """
    for row_id, row in source_rows(connection):
        check_document(connection, row_id, row)
    for table in ("source_text", "page_box"):
        stray = f"SELECT 1 FROM {table} WHERE source NOT IN (SELECT id FROM source)"  # noqa: S608  (constants)
        if connection.execute(stray).fetchone():
            raise sqlite3.DatabaseError("there is a text without its document")


def check_document(connection: sqlite3.Connection, row_id: int, row: SourceRow) -> None:
    """What one document has in other tables is as it was written.

    Raises:
        sqlite3.DatabaseError: it is not so.
    """
    source_text(connection, row_id)
    for number in connection.execute("SELECT page FROM page_box WHERE source = ?", (row_id,)).fetchall():
        page_boxes(connection, row_id, *number)
    check_chunks(connection, row_id, row.source_id)
    require(row.content, content_digest(connection, row_id), f"the document {row.source_id}")


def check_structures(connection: sqlite3.Connection) -> None:
    """SQLite's full check of its pages and indexes, and FTS5's of its own against the chunks.

    Raises:
        sqlite3.DatabaseError: they are not in order.
    """
    verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if verdict != "ok":
        raise sqlite3.DatabaseError(one_line(verdict))
    try:
        connection.execute("INSERT INTO chunk_fts (chunk_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise sqlite3.DatabaseError(f"the full-text index does not fit the chunks: {error}") from error


def _check_unless_written(connection: sqlite3.Connection) -> None:
    """`check_structures`, but beside a writer without FTS5's check, which takes the writer's place for a moment.

    The writer made this check itself when it opened the index.

    Raises:
        sqlite3.DatabaseError: they are not in order.
    """
    try:
        with impatient(connection):
            check_structures(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    """The statements that made what is in the database, but for what FTS5 makes itself, which it checks itself."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: sql for name, sql in rows if not str(name).startswith(("chunk_fts_", "sqlite_"))}


@cache
def _expected_tables() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        return _tables(connection)
