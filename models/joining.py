"""Join the parts of a split file as they come, so that an interrupted fetch goes on after the last whole part.

Beside the growing file stands a note of how many parts it holds and how many bytes these are. Bytes behind that length
are an interrupted part and are cut off. A part's own hash is not known: only the whole file can be checked.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import IO

NOTE_SUFFIX = ".parts"


class TooLongError(Exception):
    """The parts together are longer than the file they should make."""


def finished_parts(path: Path) -> tuple[int, int]:
    """How many whole parts the growing file holds, and their length in bytes; (0, 0) when there are none."""
    try:
        note = json.loads(_note(path).read_text("ascii"))
        parts, length = int(note["parts"]), int(note["bytes"])
        return (parts, length) if path.stat().st_size >= length else (0, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def append_part(path: Path, part: IO[bytes], *, limit: int) -> None:
    """Add the next part to the growing file; it counts once it is on the disk as a whole.

    Args:
        path: the growing file, made when it is not there.
        part: the bytes of the part, read to its end.
        limit: the size of the whole file in bytes.

    Raises:
        TooLongError: when the file would become longer than ``limit``.
    """
    parts, length = finished_parts(path)
    path.touch()
    with path.open("r+b") as whole:
        whole.truncate(length)
        whole.seek(length)
        while block := part.read(1 << 20):
            if whole.tell() + len(block) > limit:
                raise TooLongError(f"more than the {limit} bytes that it should have")
            whole.write(block)
        whole.flush()
        os.fsync(whole.fileno())
        length = whole.tell()
    draft = path.with_name(path.name + ".note")
    draft.write_text(json.dumps({"parts": parts + 1, "bytes": length}), "ascii")
    draft.replace(_note(path))


def discard(path: Path) -> None:
    """Forget the growing file and its note."""
    path.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)


def clean(folder: Path) -> None:
    """Remove what an interrupted process left in the folder, except growing files that the next one can go on with."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.suffix not in (".joined", ".resumed", NOTE_SUFFIX):
            entry.unlink(missing_ok=True)


def _note(path: Path) -> Path:
    return path.with_name(path.name + NOTE_SUFFIX)
