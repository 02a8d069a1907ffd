"""The writer's lock of an index: one process writes, others wait for a while and are then told who holds it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from indexer.advice import after_os
from schema import FootnoteError

LOCK = "LOCK"
POLL_SECONDS = 0.05


@contextmanager
def writer_lock(folder: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold ``LOCK`` in the index folder; the kernel frees it when the process ends, however it ends.

    Raises:
        FootnoteError: when another process still holds it after ``wait_seconds``, naming that process, or when the
            folder can't be written to.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FootnoteError(
            f"The index {folder} can't be written to: {error.strerror}. {after_os(folder, error)}"
        ) from error
    try:
        _acquire(descriptor, folder, time.monotonic() + wait_seconds)
        with suppress(OSError):  # on a full disk the lock is held all the same, and only nobody can be told by whom
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace") or "unknown"
                raise FootnoteError(
                    f"The index {folder} is being written by another process (pid {holder}). "
                    "Wait until it is done, or stop it, and try again."
                ) from None
            time.sleep(POLL_SECONDS)
