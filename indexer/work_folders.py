"""Private folders for as long as something is at work, beside what it makes or elsewhere; what a kill left is removed.

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
    with made_in(target.parent, PREFIX, SUFFIX) as folder:
        yield folder


@contextmanager
def made_in(parent: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """A private folder in another one, gone at the end; so are those called alike whose makers were killed.

    A kind of folders has a name of its own, with the user in it where users share the parent.
    """
    remove_leftovers(parent, prefix, suffix)
    folder, lock = _made(parent, prefix, suffix)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def packed(folder: Path) -> Path:
    """The file that the files of such a folder may be packed into; it goes with the folder."""
    return folder.with_suffix(".packed")


def remove_leftovers(parent: Path, prefix: str = PREFIX, suffix: str = SUFFIX) -> None:
    """Remove such folders in another one whose makers were killed, since they hold the texts of documents."""
    for folder in parent.glob(f"{prefix}*{suffix}"):
        with suppress(OSError):  # as when somebody else is at it, or locks are not to be had here
            lock = _opened(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(lock)


def _made(parent: Path, prefix: str, suffix: str) -> tuple[Path, int]:
    """A new folder, with its lock where there are any; made again when it was taken for a leftover meanwhile."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
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
    if folder.suffix == SUFFIX:
        packed(folder).unlink(missing_ok=True)  # first: without its folder nobody would find it
    shutil.rmtree(folder, ignore_errors=True)
