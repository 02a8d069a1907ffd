"""What must be true of every index folder at every moment, looked up in its tables and files and not asked of a store.

`problems` is for an index that nobody is writing. What it can't know is which documents there should be.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np

from indexer.catalogue import DATABASE, VECTORS
from indexer.checking import check_whole
from indexer.last_commit import COMMIT
from indexer.locking import LOCK
from indexer.records import all_ids
from indexer.vector_file import open_base, read_base
from indexer.vectors import VectorIndex
from schema import Chunk

FILES = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", VECTORS, LOCK, COMMIT, Path(VECTORS).with_suffix(".tmp").name}
"""What an index folder may hold; the last one is left by a kill, and overwritten by the next writer."""

ORPHANS = {
    "chunks without a source": "SELECT count(*) FROM chunk WHERE source NOT IN (SELECT id FROM source)",
    "texts without a source": "SELECT count(*) FROM source_text WHERE source NOT IN (SELECT id FROM source)",
    "sources without a text": "SELECT count(*) FROM source WHERE id NOT IN (SELECT source FROM source_text)",
    "chunks without full-text row": "SELECT count(*) FROM chunk WHERE id NOT IN (SELECT id FROM chunk_fts_docsize)",
    "full-text rows without chunk": "SELECT count(*) FROM chunk_fts_docsize WHERE id NOT IN (SELECT id FROM chunk)",
    "chunk ids that may come again": "SELECT count(*) FROM chunk WHERE id > (SELECT max(seq) FROM sqlite_sequence)",
    "boxes without a source": "SELECT count(*) FROM page_box WHERE source NOT IN (SELECT id FROM source)",
    "sources twice": "SELECT count(*) - count(DISTINCT source_id) FROM source",
    "chunks twice": "SELECT count(*) - count(DISTINCT chunk_id) FROM chunk",
}


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with an index folder, as short sentences; empty when nothing is.

    SQLite's own checks of the file and of the full-text index; every digest of a row; no orphans and no doubles; each
    chunk is the piece of its source's text that it says, under the id that follows from it; vectors are finite and of
    one length; the file of the vectors is the recorded one and holds the catalogue's vectors, or will be noticed as
    another.
    """
    with closing(_opened(folder)) as connection:
        try:
            found = list(_of_sqlite(connection))
            return found or [*_of_rows(connection), *_of_vectors(folder, connection), *_of_files(folder)]
        except (sqlite3.DatabaseError, ValueError, KeyError) as error:
            return [f"it can't be read: {error}"]


def documents(folder: Path) -> dict[str, tuple[str, list[tuple[str, bytes]]]]:
    """The text of each document by its path, with its chunks as (id, vector)."""
    with closing(_opened(folder)) as connection:
        rows = connection.execute("SELECT s.id, s.path, t.text FROM source s JOIN source_text t ON t.source = s.id")
        return {
            path: (text, connection.execute("SELECT chunk_id, vector FROM chunk WHERE source = ?", (key,)).fetchall())
            for key, path, text in rows.fetchall()
        }


def _opened(folder: Path) -> sqlite3.Connection:
    """The database as it is; alone with it where a full disk has no room for what processes share."""
    connection = sqlite3.connect(folder / DATABASE, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(folder / DATABASE, isolation_level=None)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    except sqlite3.DatabaseError:
        pass  # damage is for the caller to see
    return connection


def _of_sqlite(connection: sqlite3.Connection) -> Iterator[str]:
    verdicts = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if verdicts != ["ok"]:
        yield f"SQLite: {'; '.join(verdicts)}"
        return
    for row in connection.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} belongs to none of {row[2]}"
    if (verdict := check_whole(connection)) != "ok":  # digests of all rows, and the full-text index against them
        yield verdict


def _of_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for what, query in ORPHANS.items():
        if count := connection.execute(query).fetchone()[0]:
            yield f"{count} {what}"
    sources = connection.execute(
        "SELECT s.id, s.source_id, s.collection || '/' || s.path, s.title, s.chunks, s.coverage, t.text "
        "FROM source s JOIN source_text t ON t.source = s.id"
    ).fetchall()
    for key, source_id, name, title, chunks, coverage, text in sources:
        if source_id != name:
            yield f"{source_id} is not {name}"
        if json.loads(coverage)["characters"] != len(text):
            yield f"{source_id} says another number of characters than {len(text)}"
        pieces = connection.execute(
            'SELECT chunk_id, start, "end", text, title FROM chunk WHERE source = ? ORDER BY start', (key,)
        ).fetchall()
        if len(pieces) != chunks:
            yield f"{source_id} says {chunks} chunks and has {len(pieces)}"
        for piece in pieces:
            yield from _of_chunk(piece, source_id, title, text)


def _of_chunk(row: tuple[str, int, int, str, str], source_id: str, title: str, text: str) -> Iterator[str]:
    chunk_id, start, end, piece, heading = row
    if text[start:end] != piece:
        yield f"a chunk of {source_id} is not its text from {start} to {end}"
    if Chunk(source_id, start, end, piece).chunk_id != chunk_id:
        yield f"the chunk {chunk_id} of {source_id} has an id that does not follow from it"
    if heading != title:
        yield f"the chunk {chunk_id} of {source_id} has another title"


def _of_vectors(folder: Path, connection: sqlite3.Connection) -> Iterator[str]:
    """Each vector is whole; and the file, when its hash is the recorded one, holds nothing else than SQLite does."""
    recorded = connection.execute("SELECT value FROM meta WHERE key = 'embedder'").fetchone()
    dimension = json.loads(recorded[0])["dimension"] if recorded else 0
    rows = connection.execute("SELECT id, vector FROM chunk ORDER BY id").fetchall()
    for key, blob in rows:
        if len(blob) != 4 * dimension or not np.isfinite(np.frombuffer(blob, "<f4")).all():
            yield f"the vector of chunk {key} is not {dimension} finite numbers"
    base, path = read_base(connection), folder / VECTORS
    if base is None or not path.exists() or sha256(path.read_bytes()).hexdigest() != base.sha256:
        return  # the store has to notice, and reads the vectors from SQLite
    index = open_base(path, base, dimension)
    if index is None:
        yield f"{VECTORS} has the recorded hash and can't be read"
        return
    held = Counter(index.ids().tolist())
    generation = int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])
    if max(held.values(), default=1) > 1 or base.generation > generation:
        yield f"{VECTORS} holds ids twice, or is of generation {base.generation}, after {generation}"
    if base.generation == generation and sorted(held) != all_ids(connection).tolist():
        yield f"{VECTORS} does not hold the chunks of generation {generation}"
    data = path.read_bytes() if isinstance(index, VectorIndex) else b""
    if data and any(blob not in data for key, blob in rows if key in held):
        yield f"{VECTORS} holds another vector than the catalogue"


def _of_files(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.name not in FILES:
            yield f"{path.name} does not belong there"
        if path.stat().st_mode & 0o077:
            yield f"{path.name} can be read by others"
