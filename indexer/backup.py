"""An index in one file or folder: the documents of one moment, also while another process adds more.

SQLite's own online backup copies one generation; what is derived (the file of the vectors) is left out. Every file is
in the manifest with its sha256, and a backup is whole or not there: it is made under another name, checked, synced and
renamed. What this module does not do: restore (indexer/restoring.py), or keep settings and weights.

SQLite's backup interface: sqlite.org/backup.html.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.catalogue import DATABASE, FORMAT_VERSION, open_catalogue
from indexer.checking import check_whole
from indexer.entries import read_generation, read_meta
from indexer.vectors import flushed, sha256_of
from indexer.work_folders import made_beside, packed
from schema import FootnoteError

MANIFEST = "manifest.json"
BESIDE = ("feedback.jsonl",)
"""Files of the folder that nothing else holds; each is only ever added to at its end."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: of which moment it is, how much there is, and the sha256 of each file by its name."""

    format: str
    generation: int
    documents: int
    chunks: int
    embedder: str
    made_at: str
    files: dict[str, str]

    @property
    def sentence(self) -> str:
        """For people."""
        documents = "1 document" if self.documents == 1 else f"{self.documents:,} documents"
        return f"{documents} in {self.chunks:,} chunks, as of {self.made_at[:16].replace('T', ' ')} UTC"


def back_up(index: Path, target: Path) -> Manifest:
    """Write a backup of an index, also while it is read and written.

    Args:
        index: its folder.
        target: a file whose name ends in ``.zip``, or a folder; there must be nothing of that name yet.

    Raises:
        FootnoteError: there is no index, it is damaged, or the target is there or can't be written.
    """
    if os.path.lexists(target):
        raise FootnoteError(f"{target} is there already. Name a new file or folder, or move it away.")
    try:
        with made_beside(target) as folder:
            manifest = _copy(index, folder)
            if target.suffix.lower() == ".zip":
                _pack(folder, packed(folder))
                move(packed(folder), target)
            else:
                move(folder, target)
    except (OSError, sqlite3.Error) as error:
        raise FootnoteError(f"The backup {target} can't be written: {reason_of(error)}.") from error
    return manifest


def _copy(index: Path, folder: Path) -> Manifest:
    """One generation of an index, and what else is in its folder, with a manifest."""
    touch(folder / DATABASE)
    with closing(open_catalogue(index, create=False)) as connection, closing(_plain(folder)) as copy:
        connection.backup(copy)  # in one step, so that it is of one generation
        copy.execute("PRAGMA journal_mode = DELETE")
    for name in BESIDE:
        if (index / name).exists():
            touch(folder / name)
            shutil.copyfile(index / name, folder / name)
    manifest = described(folder)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
    for file in folder.iterdir():
        flushed(file)
    return manifest


def described(folder: Path) -> Manifest:
    """The manifest of a copied catalogue, which is checked wholly on the way.

    Raises:
        FootnoteError: it is damaged.
    """
    with closing(open_catalogue(folder, create=False)) as connection:
        if (verdict := check_whole(connection)) != "ok":
            raise FootnoteError(f"The index is damaged ({verdict}): a backup of it would be of no use.")
        generation, embedder = read_generation(connection), read_meta(connection, "embedder") or ""
        documents, chunks = counts(connection)
        connection.execute("PRAGMA journal_mode = DELETE")  # everything in the one file
    files = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(FORMAT_VERSION, generation, documents, chunks, embedder, made_at, files)


def _pack(folder: Path, target: Path) -> None:
    """The files of a folder in one, as they are."""
    touch(target)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    flushed(target)


def move(path: Path, target: Path) -> None:
    """Rename, and let the disk know of it."""
    if path.is_dir():
        flushed(path)
    path.rename(target)
    flushed(target.parent)


def _plain(folder: Path) -> sqlite3.Connection:
    """The database of a folder as SQLite opens it, without a look into it."""
    return sqlite3.connect(folder / DATABASE, isolation_level=None)


def counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """The numbers of documents and of chunks."""
    row = connection.execute("SELECT (SELECT count(*) FROM source), (SELECT count(*) FROM chunk)").fetchone()
    return int(row[0]), int(row[1])


def touch(path: Path) -> None:
    """An empty file that nobody else can read: a backup holds the text of all documents."""
    path.touch(mode=0o600)


def reason_of(error: BaseException) -> str:
    """Why something failed, for a sentence."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()).rstrip(".") or type(error).__name__
