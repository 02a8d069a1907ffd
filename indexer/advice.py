"""What a user can do when an index can't be read or written, as a sentence to end a message with.

What this module does not do: find out what went wrong; SQLite and the kernel say that in numbers.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

_KEPT = "nothing that was reported as indexed is lost."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


def after_sqlite(folder: Path, error: sqlite3.Error) -> str:
    """What to do about an error that is not damage; codes are those of sqlite.org/rescode.html."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _free_space(folder)
    if code == sqlite3.SQLITE_IOERR:
        return f"Check the disk that holds {folder}, free space on it, then run the same command again; {_KEPT}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "Another process is using it: wait until that one is done, or stop it, and try again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _check_rights(folder)
    return "Run the same command again; if that is of no use, footnote doctor says more."


def after_os(folder: Path, error: OSError) -> str:
    """The same about an error of the file system."""
    if error.errno in _FULL:
        return _free_space(folder)
    if error.errno == errno.EIO:
        return f"Check the disk that holds {folder}, then run the same command again; {_KEPT}"
    if error.errno in _REFUSED:
        return _check_rights(folder)
    return f"Run the same command again; {_KEPT}"


def _check_rights(folder: Path) -> str:
    return f"Check that you may write to {folder} and to all files in it, then run the same command again."


def _free_space(folder: Path) -> str:
    return f"Free space on the disk that holds {folder}, then run the same command again; {_KEPT}"
