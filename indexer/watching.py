"""Keeps an index level with folders that change: looks at them every few seconds, and syncs when something is new.

Looking means reading folders and what the file system says of each file, never a file: it works on network shares too,
which tell nobody of changes. What this module does not do: index.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from hashlib import blake2b
from pathlib import Path

from indexer.sidecars import FOLDER_FILE, SUFFIX
from indexer.surveying import absolute
from indexer.walking import find_files
from schema import FootnoteError

LOOK_S = 2.0
"""Seconds from one look to the next."""
SHARE = 20
"""Looking takes at most one part in so many of the time."""
MOST_WAITS = 15
"""Looks that are waited for things to stand still; a log that is always written to is indexed all the same."""


def look_at(paths: Iterable[Path], skip: Collection[Path]) -> bytes:
    """A digest of what there is: other bytes when a file, or one that describes it, is new, changed, moved or gone."""
    seen = blake2b(digest_size=16)
    for path in paths:
        place, folders = absolute(path), list[Path]()
        try:
            for found in find_files(path, skip, folders.append):
                seen.update(_seen(found.path, follow=not found.problem))
                seen.update(found.problem.encode("utf-8", "surrogatepass"))
        except FootnoteError as error:
            seen.update(str(error).encode("utf-8", "surrogatepass"))
        if not folders:
            seen.update(_seen(place.parent / (place.name + SUFFIX)))
        for folder in (*folders, *place.parents):  # above it too: it may be part of a folder that was indexed before
            seen.update(_seen(folder / FOLDER_FILE))
    return seen.digest()


def watch(look: Callable[[], bytes], sync: Callable[[], bool], wait: Callable[[float], None] = time.sleep) -> None:
    """Sync now, and again whenever something changed and then stood still; goes on until ``wait`` or ``sync`` raises.

    Args:
        look: gives other bytes when something changed.
        sync: says whether it was done; when not, it is tried again after the next look.
        wait: for some seconds.
    """
    known: bytes | None = None
    while True:
        started = time.monotonic()
        seen = look()  # before the sync: what changes meanwhile is news
        pause = max(LOOK_S, SHARE * (time.monotonic() - started))
        if seen != known:
            if known is not None:
                seen = _settled(look, seen, partial(wait, pause))
            known = seen if sync() else None
        wait(pause)


def _settled(look: Callable[[], bytes], seen: bytes, wait: Callable[[], None]) -> bytes:
    """What is seen when two looks see the same."""
    for _ in range(MOST_WAITS):
        wait()
        before, seen = seen, look()
        if seen == before:
            break
    return seen


def _seen(path: Path, *, follow: bool = False) -> bytes:
    """What the file system says of a path, and of what it leads to if it is a link to follow."""
    try:
        facts = _facts(path.lstat())
        if follow and path.is_symlink():
            facts += _facts(path.stat())
    except OSError as error:
        facts = b"%d" % (error.errno or 0)
    return b"%b\0%b\0" % (os.fsencode(path), facts)


def _facts(status: os.stat_result) -> bytes:
    return b"%d %d %d %d " % (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
