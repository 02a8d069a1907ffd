"""Small files that people edit while the server runs: read again when they change, written in one step.

What this module does not do: know what stands in them.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import time
import tomllib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from schema import FootnoteError

SETTLED_NS = 100_000_000
"""Age, in nanoseconds, from which a file's times tell it from a later edit: clocks of file systems tick coarsely."""

_log = logging.getLogger(__name__)
Value = TypeVar("Value")
Mark = tuple[int, ...]


class _Seen(NamedTuple, Generic[Value]):
    """What was read, and what the file looked like then (empty: it was not there)."""

    mark: Mark
    settled: bool
    value: Value


class Live(Generic[Value]):
    """What stands in a file, as of now: it is looked at each time and read again when it changed.

    An edit that can't be read, and a file that vanished, leave the last good value in force, and the log says so once:
    rules must not disappear while somebody saves them.

    Raises:
        FootnoteError: from ``read``, when the file is wrong to begin with.
    """

    def __init__(self, path: Path, read: Callable[[Path], Value]) -> None:
        self.path = path
        self._read = read
        self._told: Mark | None = None
        mark = _mark(path)
        self._seen = _Seen(mark, _is_settled(mark), read(path))

    @property
    def current(self) -> Value:
        """The value as of now."""
        seen, mark = self._seen, _mark(self.path)
        if mark == seen.mark and seen.settled:
            return seen.value
        try:
            # One assignment, so that a thread that read an older file can only bring back an older mark with it.
            self._seen = _Seen(mark, _is_settled(mark), self._read_again(mark))
        except FootnoteError as error:
            if self._told != mark:
                self._told = mark
                _log.error("%s What it said before stays in force.", error)
        return self._seen.value

    def _read_again(self, mark: Mark) -> Value:
        if self._seen.mark and not mark:
            raise FootnoteError(f"{self.path} is gone.")
        return self._read(self.path)


def _mark(path: Path) -> Mark:
    """What tells one state of a file from another."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _is_settled(mark: Mark) -> bool:
    return not mark or time.time_ns() - max(mark[2:]) > SETTLED_NS


def read_toml(path: Path, *, tables: Collection[str]) -> dict[str, Any]:
    """The tables of a TOML file; none when there is no file.

    Raises:
        FootnoteError: when it can't be read, or holds anything beside ``tables``: a rule in a misspelt table would
            otherwise be a rule that isn't there.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FootnoteError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error
    for name, value in document.items():
        if name not in tables:
            raise FootnoteError(f"{path}: there is no table {name!r}; there are {', '.join(tables)}.")
        if not isinstance(value, dict):
            raise FootnoteError(f"{path}: {name} has to be a table, [{name}].")
    return document


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Only one process at a time reads, changes and writes a file of this folder.

    Raises:
        FootnoteError: when the folder can't be used.
    """
    folder = path.resolve().parent
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FootnoteError(f"The folder {folder} can't be used: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Put a file in the place of another: after a crash at any moment there is the old one or the new one, whole.

    The new one is on disk when this returns. ``mode`` is that of the new file; by default that of the old. To be called
    within `held`.

    Raises:
        FootnoteError: when it can't be written; the old file is as it was.
    """
    target = path.resolve()
    try:
        _clear_leftovers(target)
        mode = mode if mode is not None else _mode_of(target)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
        try:
            _write_new(temporary, content, mode)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise FootnoteError(f"{path} can't be written: {error.strerror}.") from error


def _mode_of(target: Path) -> int:
    return target.stat().st_mode & 0o777 if target.exists() else 0o644


def _clear_leftovers(target: Path) -> None:
    """Remove what a crash left of earlier writes; the lock says that nobody is at it."""
    for leftover in target.parent.glob(f".{target.name}.*.new"):
        leftover.unlink(missing_ok=True)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
