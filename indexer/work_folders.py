"""Private folders in which files are made beside the place they are meant for; those that a kill left are removed.

Whoever makes something holds a lock on its folder, which the kernel frees however the process ends: a folder whose lock
can be had is nobody's any more. What this module does not do: know what is made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX, SUFFIX = ".footnote-", ".part"


@contextmanager
def made_beside(target: Path) -> Iterator[Path]:
    """A private folder beside the target, so on the same disk; gone at the end if it is still there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent)
    folder, lock = _made(target.parent)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def packed(folder: Path) -> Path:
    """The file that the files of such a folder may be packed into; it goes with the folder."""
    return folder.with_suffix(".packed")


def remove_leftovers(parent: Path) -> None:
    """Remove such folders in another one whose makers were killed, since they hold the texts of documents."""
    for folder in parent.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):  # as when somebody else is at it, or locks are not to be had here
            lock = _opened(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(lock)


def _made(parent: Path) -> tuple[Path, int]:
    """A new folder, with its lock where there are any; made again when it was taken for a leftover meanwhile."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, suffix=SUFFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = _opened(folder)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _remove(folder: Path) -> None:
    packed(folder).unlink(missing_ok=True)  # first: without its folder nobody would find it
    shutil.rmtree(folder, ignore_errors=True)
