"""What a file is, by its bytes: its sha256, and the stamp by which a later run sees that it need not read it again.

A stamp is what the file system says of a file. It only vouches for bytes that were read well after they were written:
a file may change twice within one tick of a file system's clock (git calls such files racy). What this module does not
do: decide what is indexed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from schema import FootnoteError

Stamp = tuple[int, int, int, int]
"""Size in bytes, times of the last change of content and of anything in ns, and the number of the inode."""

RACY_NS = 10 * 10**9
"""Younger changes are not vouched for; the coarsest clock in use, that of FAT, has ticks of two seconds."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """The hash of a file, and its stamp if that vouches for it."""

    sha256: str
    stamp: Stamp | None


class ChangedError(FootnoteError):
    """A file that was read is not the one that was hashed before."""

    def __init__(self) -> None:
        super().__init__("It changed while it was read: the next run reads it again.")


def read_stamped(path: Path, known: Stamped | None) -> Stamped:
    """What a file is now; it is only read when its stamp is not the known one.

    Raises:
        FootnoteError: when it can't be read.
    """
    try:
        if known and known.stamp and known.stamp == _stamp(path.stat()):
            return known
        return _read(path)
    except OSError as error:
        raise FootnoteError(f"It can't be opened: {error.strerror}.") from error


def open_regular(path: Path, *, follow: bool) -> BufferedReader:
    """A regular file to read, opened without waiting: a pipe may have taken the place of one since it was found.

    Args:
        path: of the file.
        follow: whether a link counts as what it leads to.

    Raises:
        OSError: when it can't be opened.
        FootnoteError: when it is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise FootnoteError("It is not a regular file.")


def _read(path: Path) -> Stamped:
    with open_regular(path, follow=True) as file:
        before, now = os.fstat(file.fileno()), time.time_ns()
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        stamp = _stamp(before)
        is_settled = max(before.st_mtime_ns, before.st_ctime_ns) < now - RACY_NS
        return Stamped(sha256, stamp if is_settled and stamp == _stamp(os.fstat(file.fileno())) else None)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
