"""A backup made an index again: all of it is checked before anything of the old index is touched.

The index is made beside the old one and swapped in by renaming folders, in one step where the system can;
the old one stays under another name. A process that has the old one open goes on with it until it is started again.
What this module does not do: make backups (indexer/backup.py).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from indexer.backup import BESIDE, MANIFEST, Manifest, counts, described, move, reason_of, touch
from indexer.catalogue import DATABASE, FORMAT_VERSION, open_catalogue, transaction
from indexer.exchanging import exchange
from indexer.locking import writer_lock
from indexer.outside import forget_outside
from indexer.store import IndexStore
from indexer.vectors import flushed, sha256_of
from indexer.work_folders import made_beside
from schema import EmbedderIdentity, FootnoteError

LARGEST_MANIFEST = 1 << 20


def restore(
    source: Path, index: Path, *, force: bool = False, lock_wait_s: float = 10.0
) -> tuple[Manifest, Path | None]:
    """Make an index of a backup, after all of the backup has been checked.

    Args:
        source: a backup.
        index: the folder to restore to.
        force: put it in the place of an index with documents, which is kept beside it under another name.
        lock_wait_s: seconds to wait for a writer of the old index.

    Returns:
        What was restored, and where the old index is now, if there was one.

    Raises:
        FootnoteError: the backup is not whole or of another version, or the index has documents and ``force`` is not
            given; nothing is changed then.
    """
    try:
        if not force and (held := _held(index)):
            raise FootnoteError(
                f"{index} {held}. Add --force to put the backup in its place; what is there is kept under another name."
            )
        with made_beside(index) as folder:
            manifest = _fetch(source, folder)
            _finish(folder, manifest, source)
            return manifest, _swap(folder, index, lock_wait_s)
    except (OSError, sqlite3.Error) as error:
        raise FootnoteError(f"The index {index} can't be restored: {reason_of(error)}.") from error


def _fetch(source: Path, folder: Path) -> Manifest:
    """Copy the files of a backup into a folder, each compared with the manifest.

    Raises:
        FootnoteError: it is no backup, not whole, or of another version.
    """
    try:
        if source.is_dir():
            return _copied(lambda name: (source / name).open("rb"), folder)
        with zipfile.ZipFile(source) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise ValueError("it is packed in another way")
            return _copied(archive.open, folder)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        raise FootnoteError(f"{source} is not a whole backup: {reason_of(error)}.") from error


def _copied(opened: Callable[[str], IO[bytes]], folder: Path) -> Manifest:
    """Copy what a manifest lists; ``opened`` gives the files of the backup by name.

    Raises:
        ValueError: one is not as the manifest says, or the manifest is none.
    """
    try:
        with opened(MANIFEST) as file:
            manifest = Manifest(**json.loads(file.read(LARGEST_MANIFEST)))
    except (KeyError, FileNotFoundError) as error:
        raise ValueError(f"it holds no {MANIFEST}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"its {MANIFEST} is not that of a backup") from error
    if manifest.format != FORMAT_VERSION:
        raise ValueError(f"it has format {manifest.format}, and this version of Footnote reads {FORMAT_VERSION}")
    if not isinstance(manifest.files, dict) or not isinstance(manifest.made_at, str):
        raise ValueError(f"its {MANIFEST} is not that of a backup")
    if DATABASE not in manifest.files or not set(manifest.files) <= {DATABASE, *BESIDE}:
        raise ValueError("it holds other files than a backup does")
    for name, sha256 in manifest.files.items():
        touch(folder / name)
        with opened(name) as file, (folder / name).open("wb") as copy:
            shutil.copyfileobj(file, copy)
        if sha256_of(flushed(folder / name)) != sha256:
            raise ValueError(f"{name} is not as it was when the backup was made")
    return manifest


def _finish(folder: Path, manifest: Manifest, source: Path) -> None:
    """Check a restored catalogue wholly, against its manifest too, and make the file of its vectors."""
    found = described(folder)
    if replace(found, made_at=manifest.made_at, files=manifest.files) != manifest:
        raise FootnoteError(f"{source} is not a whole backup: its manifest is of another one.")
    if not manifest.embedder:
        return
    with closing(open_catalogue(folder, create=False)) as connection, transaction(connection, write=True):
        forget_outside(connection)  # an engine outside is of another moment by now
    with closing(IndexStore(folder, EmbedderIdentity(**json.loads(manifest.embedder)))) as store, store.writing():
        store.save_vectors()


def _swap(folder: Path, index: Path, lock_wait_s: float) -> Path | None:
    """Put a finished index where it belongs; the old one goes beside it. The path of the old one, if there was one."""
    if not index.exists() or not any(index.iterdir()):
        move(folder, index)
        return None
    with writer_lock(index, wait_seconds=lock_wait_s):
        old = index.with_name(f"{index.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
        flushed(folder).rename(old)  # the new one, for a moment under the name that the old one is to have
        if exchange(old, index):
            flushed(index.parent)
        else:
            old.rename(folder)
            _swap_in_two_steps(folder, index, old)
    return old


def _swap_in_two_steps(folder: Path, index: Path, old: Path) -> None:
    """Where names can't be exchanged: between the two there is no index, which a kill may leave under the old name."""
    index.rename(old)
    try:
        move(folder, index)
    except OSError:
        old.rename(index)
        raise


def _held(index: Path) -> str:
    """What there is in the folder of an index that must not be lost, in words; empty when there is nothing."""
    if not index.exists() or not any(index.iterdir()):
        return ""
    try:
        with closing(open_catalogue(index, create=False)) as connection:
            documents, _ = counts(connection)
    except (FootnoteError, OSError):
        return "is not empty, and can't be read as an index"
    return f"holds an index of {documents:,} document{'s' * (documents != 1)}" if documents else ""
