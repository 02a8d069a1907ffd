"""What a user is told to do when an index can't be used."""

import errno
import sqlite3
from pathlib import Path

import pytest

from indexer.advice import after_os, after_sqlite

FOLDER = Path("/data/index")
FREE = "Free space on the disk that holds /data/index, then run the same command again; nothing that was reported as"
RIGHTS = "Check that you may write to /data/index and to all files in it, then run the same command again."


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (sqlite3.SQLITE_FULL, FREE),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "Check the disk that holds /data/index, free space on it, then run the same "),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "Another process is using it: wait until that one is done, or stop it, and try"),
        (sqlite3.SQLITE_READONLY, RIGHTS),
        (sqlite3.SQLITE_CANTOPEN, RIGHTS),
        (sqlite3.SQLITE_ERROR, "Run the same command again; if that is of no use, footnote doctor says more."),
        (None, "Run the same command again; if that is of no use, footnote doctor says more."),
    ],
)
def test_each_error_of_sqlite_has_its_advice(code, advice):
    error = sqlite3.OperationalError("some error")
    if code is not None:
        error.sqlite_errorcode = code
    assert after_sqlite(FOLDER, error).startswith(advice)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, FREE),
        (errno.EDQUOT, FREE),
        (errno.EIO, "Check the disk that holds /data/index, then run the same command again; nothing that was"),
        (errno.EACCES, RIGHTS),
        (errno.EROFS, RIGHTS),
        (errno.EINTR, "Run the same command again; nothing that was reported as indexed is lost."),
    ],
)
def test_each_error_of_a_file_system_has_its_advice(number, advice):
    assert after_os(FOLDER, OSError(number, "some error")).startswith(advice)
