"""What must be remembered over a restart and among processes: tokens that were used up, and sessions.

``access.sqlite`` in the state folder, for its owner only. A commit is on disk when it returns (WAL, synchronous FULL).
The file holds hashes of ids, never an id or a token. What this module does not do: say what a session means.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from access.files import held
from schema import FootnoteError

FILE = "access.sqlite"
VERSION = 1
BUSY_SECONDS = 10.0
KEPT_SECONDS = 3600
"""How long a used token is remembered after its end, in case the clock is set back."""
_ANEW = "Remove it and start the server again: everybody signs in again."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
_REFUSED_CODES = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_TABLES = """
CREATE TABLE used (token BLOB PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX used_expires ON used (expires);
CREATE TABLE session (
    id BLOB PRIMARY KEY, person TEXT NOT NULL, groups TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);
"""


class Database:
    """The open file; several threads and several processes may use it at once.

    Raises:
        FootnoteError: when it can't be opened, or was made by a newer Footnote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._explained():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with held(path):
                self._connection = _opened(path)

    def use_once(self, issuer: str, token_id: str, *, until: float, now: float) -> bool:
        """Write down that a token was used; ``False`` when it had been. One INSERT decides, whoever else is at it.

        Args:
            issuer: whose token it is; ids of two issuers may be alike.
            token_id: its ``jti``.
            until: when it ends, in seconds since 1970.
            now: the time.
        """
        digest = hashlib.sha256(f"{len(issuer)}:{issuer}{token_id}".encode()).digest()
        self.run("DELETE FROM used WHERE expires < ?", (now - KEPT_SECONDS,))
        _, changed = self.run("INSERT INTO used VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, until))
        return changed == 1

    def run(self, statement: str, values: Sequence[Any] = ()) -> tuple[list[tuple[Any, ...]], int]:
        """Run one statement as a transaction of its own: the rows that it found, and how many it changed.

        Raises:
            FootnoteError: when the file can't be used.
        """
        with self._explained(), self._lock:
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall(), cursor.rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise FootnoteError(f"{self.path} can't be used: {_said(error)}") from error


def _said(error: sqlite3.Error | OSError) -> str:
    """What is wrong and what to do about it; codes are those of sqlite.org/rescode.html."""
    code, number = getattr(error, "sqlite_errorcode", 0) & 0xFF, getattr(error, "errno", None)
    if code == sqlite3.SQLITE_FULL or number in _FULL:
        return "the disk is full. Free space on it, then try again."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another process keeps it to itself. Wait until that one is done, or stop it, and try again."
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"it is damaged. {_ANEW}"
    if code in _REFUSED_CODES or number in _REFUSED:
        return "it can't be opened or written. See that it and its folder belong to the user that runs Footnote."
    return f"the system refused it. Look at the disk and at who owns the file. If it is damaged: {_ANEW}"


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is made when it isn't there; to be called while the folder is held."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)  # before SQLite makes the files beside it, which get the same
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {setting}")
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    elif version != VERSION:
        raise FootnoteError(f"{path} was made by another version of Footnote (format {version}). Update Footnote.")
