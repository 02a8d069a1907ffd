"""What one file of a run changes in the catalogue: documents that go, that get new labels, that are written anew.

Plain functions over a connection, each inside the caller's transaction.

A label is what a document is called and what is said about it: its identity, title, date and fields. Its text, chunks
and vectors stand, and so do the ids of its chunks' rows, by which the vectors in memory are known. What this module
does not do: decide what changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from indexer.catalogue import CHUNK_COLUMNS, quoted
from indexer.writing import IndexedDocument, delete_sources, insert_document, insert_into
from schema import Chunk, Source

_CHUNK = ("source", *CHUNK_COLUMNS, "digest", "vector", "vector_digest")


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A document that is known as ``source_id`` and will be ``source``, found under the folder ``root``."""

    source_id: str
    source: Source
    root: str
    metadata: Mapping[str, Any]
    sync: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one file changes; it is written in this order: ids of documents to remove, new labels, whole documents."""

    gone: tuple[str, ...] = ()
    relabelled: tuple[Relabelled, ...] = ()
    documents: tuple[IndexedDocument, ...] = ()

    @property
    def touched(self) -> tuple[str, ...]:
        """The ids of all documents that come, change or go."""
        labels = [name for one in self.relabelled for name in (one.source_id, one.source.source_id)]
        return (*self.gone, *labels, *(document.source.source_id for document in self.documents))

    def __bool__(self) -> bool:
        return bool(self.gone or self.relabelled or self.documents)


def apply_change(connection: sqlite3.Connection, change: Change, now: str) -> None:
    """Write one change; ``now`` is ISO 8601."""
    if change.gone:
        delete_sources(connection, change.gone)
    for one in sorted(change.relabelled, key=_in_turn):
        relabel(connection, one)
    for document in change.documents:
        delete_sources(connection, [document.source.source_id])
        insert_document(connection, document, now)


def _in_turn(one: Relabelled) -> int:
    """Documents of one file that was moved below its own old name, or up from there: the one whose name is taken first.

    All their names grow or shrink by as much, so that is the longest of names that grow, the shortest of others.
    """
    return len(one.source_id) * (-1 if len(one.source.source_id) > len(one.source_id) else 1)


def relabel(connection: sqlite3.Connection, one: Relabelled) -> None:
    """Give a document its new labels; one that is not there is ignored. The new identity must be free."""
    found = connection.execute("SELECT id, title FROM source WHERE source_id = ?", (one.source_id,)).fetchone()
    if found is None:
        return
    row_id, title = found
    source = one.source
    connection.execute(
        "UPDATE source SET source_id = ?, collection = ?, path = ?, root = ?, title = ?, date = ?, metadata = ?, "
        "sync = ? WHERE id = ?",
        (
            *(source.source_id, source.collection, source.path, one.root, source.title, source.date),
            *(json.dumps(dict(one.metadata)), one.sync, row_id),
        ),
    )
    if source.source_id != one.source_id:
        _rename_chunks(connection, row_id, source.source_id)
    if source.title != title:
        _retitle_chunks(connection, row_id, source.title)


def renumber_chunks(connection: sqlite3.Connection, source_id: str) -> None:
    """Give the chunks of a document new rows, for an engine in which a row is never changed."""
    rows = connection.execute(
        f"SELECT {quoted(_CHUNK, 'c')} FROM chunk c JOIN source s ON s.id = c.source "  # noqa: S608  (constants)
        "WHERE s.source_id = ? ORDER BY c.id",
        (source_id,),
    ).fetchall()
    connection.execute("DELETE FROM chunk WHERE source IN (SELECT id FROM source WHERE source_id = ?)", (source_id,))
    connection.executemany(insert_into("chunk", _CHUNK), rows)


def note_sync(connection: sqlite3.Connection, notes: Mapping[str, str]) -> None:
    """Replace what the sync remembers of documents, by their ids; nothing that is searched or shown changes."""
    connection.executemany(
        "UPDATE source SET sync = ? WHERE source_id = ?", [(text, name) for name, text in notes.items()]
    )


def _rename_chunks(connection: sqlite3.Connection, row_id: int, source_id: str) -> None:
    """The ids of chunks derive from that of their source."""
    rows = connection.execute('SELECT id, start, "end", text FROM chunk WHERE source = ?', (row_id,))
    renamed = [(Chunk(source_id, start, end, text).chunk_id, key) for key, start, end, text in rows]
    connection.executemany("UPDATE chunk SET chunk_id = ? WHERE id = ?", renamed)


def _retitle_chunks(connection: sqlite3.Connection, row_id: int, title: str) -> None:
    """The full-text index holds the title of each chunk, and is told what it held before."""
    connection.execute(
        "INSERT INTO chunk_fts (chunk_fts, rowid, title, heading, text) "
        "SELECT 'delete', id, title, heading, text FROM chunk WHERE source = ?",
        (row_id,),
    )
    connection.execute("UPDATE chunk SET title = ? WHERE source = ?", (title, row_id))
    connection.execute(
        "INSERT INTO chunk_fts (rowid, title, heading, text) "
        "SELECT id, title, heading, text FROM chunk WHERE source = ?",
        (row_id,),
    )
