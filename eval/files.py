"""Writes files so that a crash at any moment leaves them as they were or complete, and records as lines of JSON."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

PART = ".part"


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file beside its place, bring it to disk, and rename it into place.

    Raises:
        OSError: when it can't be written; the file is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with temporary.open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    sync_folder(path.parent)


def sweep(path: Path) -> None:
    """Delete what processes that were killed while they wrote this file have left beside it."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
        stale.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk; without this, a file may be safe and its name lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def json_line(record: Mapping[str, Any]) -> bytes:
    """One record as a line without its end, with letters of every alphabet as they are; NaN is an error."""
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:  # half a character, which another system's output may hold
        return json.dumps(record, allow_nan=False).encode()
