"""What was committed last, noted beside the database: by this an index that has lost commits is told from a whole one.

SQLite takes a damaged end of its write-ahead log for the end of it, and serves the commits before; a database that was
put back, or another index's, is whole in itself. The note is written after each commit and never synced: it may be
behind the database, which says nothing, and is never ahead of it unless something was lost. What this module does not
do: look into the database.
"""

from __future__ import annotations

import os
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schema import FootnoteError

COMMIT = "COMMIT"

_LINE = re.compile(rb"([0-9a-f]{1,32}) (\d{1,19}) ([0-9a-f]{8}) *\n")
_WIDTH = 64


@dataclass(frozen=True, slots=True)
class LastCommit:
    """An index, by the name that it was given when it was made, and the generation of its last commit."""

    index: str
    generation: int


def note_commit(folder: Path, commit: LastCommit) -> None:
    """Note a commit that has just been made, for which the caller holds the writer's lock.

    The commit stands also when this fails, as on a full disk: then the note is behind.
    """
    text = f"{commit.index} {commit.generation}"
    line = f"{text} {zlib.crc32(text.encode()):08x}".ljust(_WIDTH - 1) + "\n"
    with suppress(OSError):
        descriptor = os.open(folder / COMMIT, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, line.encode(), 0)  # one call, within one sector: a reader sees no half of it
        finally:
            os.close(descriptor)


def noted_commit(folder: Path) -> LastCommit | None:
    """The note; ``None`` when there is none or it can't be read. To be asked before the database is looked into."""
    try:
        match = _LINE.match((folder / COMMIT).read_bytes()[:_WIDTH])
    except OSError:
        return None
    if match is None:
        return None
    index, generation, check = match.groups()
    if int(check, 16) != zlib.crc32(index + b" " + generation):
        return None
    return LastCommit(index.decode(), int(generation))


def forget_commit(folder: Path) -> None:
    """Remove the note, as whoever puts another database in the place of the old one has to do.

    Raises:
        OSError: it can't be removed.
    """
    (folder / COMMIT).unlink(missing_ok=True)


def lost_since(folder: Path, noted: LastCommit | None, found: LastCommit) -> str:
    """A sentence for the user when the database lacks commits that were noted; empty when all is well.

    Args:
        folder: of the index.
        noted: by `noted_commit`, before the database was looked into.
        found: in the database.

    Raises:
        FootnoteError: the database is another index's.
    """
    if noted is None or (noted.index == found.index and noted.generation <= found.generation):
        return ""
    if noted.index != found.index:
        raise FootnoteError(
            f"The database in {folder} is of another index than its file {COMMIT}: one of the two was put there from "
            f"elsewhere. Restore the database from a backup, or remove {COMMIT} if the database is the right one."
        )
    lost = noted.generation - found.generation
    return (
        f"The index {folder} has lost its last {lost} {'commit' if lost == 1 else 'commits'}: its database, or the log "
        "of it, was damaged or replaced by an older one. What is left is whole; index your documents again to bring it "
        "up to date."
    )
