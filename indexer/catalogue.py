"""The SQLite file of an index: its tables, how it is opened, and how damage is told from mere absence.

SQLite is the truth of an index; everything else in the folder can be deleted and comes back. One transaction is one
commit. What this module does not do: know what a document or a search is, or compare rows with their checksums
(indexer/checking.py).
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer.advice import after_os, after_sqlite
from indexer.digests import digest
from indexer.entries import read_meta, record_documents, write_meta
from indexer.locking import LOCK
from schema import FootnoteError

FORMAT_VERSION = "3"
DATABASE = "catalogue.sqlite3"
VECTORS = "vectors.faiss"
LARGEST_QUICK_CHECK = 256 << 20
"""Bytes; larger databases are checked by ``footnote doctor`` instead of at every opening."""

_NO_SHARED_MEMORY = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP)
"""How SQLite fails where the file of the memory that processes share can't be made, as on a full disk."""

SOURCE_COLUMNS = (
    *("source_id", "collection", "path", "root", "recipe", "title", "date", "sha256", "status", "reason", "indexed_at"),
    *("coverage", "metadata", "chunks", "content", "sync"),
)
"""What the digest of a document's row covers."""
CHUNK_COLUMNS = ("chunk_id", "start", "end", "page", "title", "heading", "text", "warning")
"""What the digest of a chunk's row covers; its vector has one of its own."""


def quoted(columns: Iterable[str], row: str = "") -> str:
    """The names of columns for SQL, perhaps with that of their row: ``c."start", c."end"``."""
    return ", ".join(f'{row}."{name}"' if row else f'"{name}"' for name in columns)


def _sealed(table: str, columns: Sequence[str]) -> str:
    """A trigger that keeps the digest of a row level with changes to it, unless the row was damaged before."""
    before, after = (f"row_digest({quoted(columns, row)})" for row in ("old", "new"))
    update = f"UPDATE {table} SET digest = {after} WHERE id = new.id;"  # noqa: S608  (constants)
    return (
        f"CREATE TRIGGER {table}_changed AFTER UPDATE OF {quoted(columns)} ON {table} WHEN old.digest = {before}\n"
        f"BEGIN\n    {update}\nEND;\n"
    )


_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL UNIQUE,
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    root TEXT NOT NULL,
    recipe TEXT NOT NULL,
    title TEXT NOT NULL,
    date TEXT,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    indexed_at TEXT NOT NULL,
    coverage TEXT NOT NULL,
    metadata TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    content BLOB NOT NULL,
    sync TEXT NOT NULL,
    digest BLOB NOT NULL
);
CREATE INDEX source_of_path ON source (path);
CREATE INDEX source_by_digest ON source (digest);
CREATE TABLE source_text (
    source INTEGER PRIMARY KEY REFERENCES source (id),
    text TEXT NOT NULL,
    pages TEXT NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE page_box (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id),
    page INTEGER NOT NULL,
    boxes BLOB NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (source, page)
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chunk_id TEXT NOT NULL UNIQUE,
    source INTEGER NOT NULL REFERENCES source (id),
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER,
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    warning TEXT NOT NULL,
    digest BLOB NOT NULL,
    vector BLOB NOT NULL,
    vector_digest BLOB NOT NULL
);
CREATE INDEX chunk_of_source ON chunk (source);
CREATE VIRTUAL TABLE chunk_fts USING fts5 (
    title, heading, text, content='chunk', content_rowid='id', tokenize='porter unicode61'
);
CREATE TRIGGER chunk_added AFTER INSERT ON chunk BEGIN
    INSERT INTO chunk_fts (rowid, title, heading, text) VALUES (new.id, new.title, new.heading, new.text);
END;
CREATE TRIGGER chunk_removed AFTER DELETE ON chunk BEGIN
    INSERT INTO chunk_fts (chunk_fts, rowid, title, heading, text)
    VALUES ('delete', old.id, old.title, old.heading, old.text);
END;
"""
TABLES = _TABLES + _sealed("source", SOURCE_COLUMNS) + _sealed("chunk", CHUNK_COLUMNS)


class DamagedIndexError(FootnoteError):
    """The database of an index can't be trusted.

    Args:
        message: a sentence.
        can_be_mended: whether there is something of which documents may be kept (indexer/mending.py).
    """

    def __init__(self, message: str, *, can_be_mended: bool) -> None:
        super().__init__(message)
        self.can_be_mended = can_be_mended


def open_catalogue(folder: Path, *, create: bool) -> sqlite3.Connection:
    """Open the database of an index and check that it is whole.

    Args:
        folder: of the index.
        create: make the folder and the tables when they are not there.

    Raises:
        FootnoteError: there is no index there, or it was made by another version.
        DamagedIndexError: the file is not a whole SQLite database.
    """
    _look_into(folder, create=create)
    with damage_explained(folder):
        try:
            return _opened(folder, create=create, alone=False)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _NO_SHARED_MEMORY:
                raise
        return _opened(folder, create=create, alone=True)


def is_alone(connection: sqlite3.Connection) -> bool:
    """Whether a connection keeps all others out of the database, for want of room for the memory they would share."""
    return str(connection.execute("PRAGMA locking_mode").fetchone()[0]) == "exclusive"


def file_of_database(folder: Path) -> tuple[int, int]:
    """Device and inode of the database in a folder now, which an open connection may no longer be to; or zeros."""
    try:
        status = (folder / DATABASE).stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def beside(folder: Path) -> sqlite3.Connection:
    """A second connection to the database of an open index, for reading while the first goes on."""
    path = (folder / DATABASE).absolute().as_uri()
    return sqlite3.connect(f"{path}?mode=ro", timeout=30, isolation_level=None, check_same_thread=False, uri=True)


@contextmanager
def damage_explained(folder: Path) -> Iterator[None]:
    """Turn SQLite's reports of a damaged file into one sentence for the user."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if str(error).startswith("Could not decode"):  # what was stored as text is none any more
            raise _damaged(folder, "a text of it can't be decoded") from error
        raise FootnoteError(f"The index {folder} can't be used: {error}. {after_sqlite(folder, error)}") from error
    except UnicodeDecodeError as error:  # of the sentence itself, in which SQLite quotes a damaged table
        raise _damaged(folder, "its tables can't be read") from error
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # mistakes of ours, about which the file says nothing
    except sqlite3.DatabaseError as error:
        raise _damaged(folder, str(error)) from error


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """One snapshot for reading, or one commit for writing; rolled back when the body raises."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back after some errors, such as a full disk
            connection.execute("ROLLBACK")
        raise


@contextmanager
def impatient(connection: sqlite3.Connection) -> Iterator[None]:
    """Within it nothing waits for what another process holds."""
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience}")


def _look_into(folder: Path, *, create: bool) -> None:
    """Make what is to be made, and tell an index that is not there from one that has lost its database."""
    database = folder / DATABASE
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In this order: whoever is making the index at this moment writes the tables before these files.
        in_use = (folder / LOCK).exists() or (folder / VECTORS).exists()
        size = database.stat().st_size if database.exists() else -1
        if in_use and size <= 0:
            raise _lost(folder, "missing" if size < 0 else "empty")
        if size < 0 and not create:
            raise FootnoteError(f"There is no index in {folder}. Make one with: footnote index PATH --index {folder}")
        if size < 0:
            database.touch(mode=0o600)
    except OSError as error:
        raise FootnoteError(
            f"The index folder {folder} can't be {'made' if create else 'read'}: {error.strerror}. "
            f"{after_os(folder, error)}"
        ) from error


def _damaged(folder: Path, what: str) -> DamagedIndexError:
    return DamagedIndexError(
        f"The database {folder / DATABASE} is damaged ({what}). Index the documents again with the same command as "
        "before: what is whole is kept, the rest is read again. Or restore a backup: footnote restore FILE --force.",
        can_be_mended=True,
    )


def _lost(folder: Path, what: str) -> DamagedIndexError:
    """Not mended by itself: a new index in its place would hold less than the old one, and nobody could say what."""
    return DamagedIndexError(
        f"The database {folder / DATABASE} is damaged (it is {what}). Restore a backup with: footnote restore FILE "
        "--force. Or move the folder away and index the documents again.",
        can_be_mended=False,
    )


def _opened(folder: Path, *, create: bool, alone: bool) -> sqlite3.Connection:
    """A connection that is ready for use; ``alone`` is without the file of 32 KB in which processes agree."""
    path = folder / DATABASE
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        if alone:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        _prepare(connection, path, create=create)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    """Settings of the connection, the tables of a new index, and the checks of an old one."""
    connection.create_function("row_digest", -1, digest, deterministic=True)
    for pragma in (
        *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"),
        "cache_size=-65536",  # 64 MiB instead of 2: a search touches some hundred pages all over the file
    ):
        connection.execute(f"PRAGMA {pragma}")
    if path.stat().st_size <= LARGEST_QUICK_CHECK:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(one_line(verdict))
    if create and not _has_tables(connection):  # asked first, since an index that is there may be written by others
        with transaction(connection, write=True):
            _create_tables(connection)
    version = _version(connection)
    if version is None and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise FootnoteError(
            f"The index {path.parent} is not made yet: the command that began it was stopped, or is just at it. "
            f"Run the same command again: footnote index PATH --index {path.parent}"
        )
    if version != FORMAT_VERSION:
        raise _other_format(path.parent, version)


def _other_format(folder: Path, version: str | None) -> FootnoteError:
    """What to do about the index of another version, or a database that is none."""
    if version is None:
        return FootnoteError(f"{folder / DATABASE} is not a database of Footnote. Name another folder with --index.")
    found = f"The index {folder} has format {version}, and this version of Footnote reads format {FORMAT_VERSION}."
    if version.isdecimal() and int(version) > int(FORMAT_VERSION):
        return FootnoteError(f"{found} Update Footnote, or name another folder with --index.")
    return FootnoteError(
        f"{found} The documents have to be read again: move that folder away, then run footnote index PATH --index "
        f"{folder}, with the same files and folders as before."
    )


def one_line(verdict: str) -> str:
    """What SQLite says of a damaged file, for a sentence."""
    return " ".join(verdict.removeprefix("*** in database main ***\n").split())


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


def _version(connection: sqlite3.Connection) -> str | None:
    """The format of the tables, also of older ones without digests; ``None`` when there are no tables."""
    if not _has_tables(connection):
        return None
    if "digest" in [row[1] for row in connection.execute("PRAGMA table_info(meta)")]:
        return read_meta(connection, "format")
    row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    return str(row[0]) if row else None


def _create_tables(connection: sqlite3.Connection) -> None:
    if _has_tables(connection):
        return
    for statement in _statements(TABLES):
        connection.execute(statement)
    write_meta(connection, "format", FORMAT_VERSION)
    write_meta(connection, "generation", "0")
    write_meta(connection, "index", secrets.token_hex(8))
    record_documents(connection)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would commit the transaction around them."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
