"""Chunks of a catalogue as an engine outside of it takes them: with the numbers of their rows, and what filters ask.

Plain functions over a connection, each inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from indexer.filtering import stored_fields
from indexer.records import BATCH, chunk_rows_after
from schema import Chunk


@dataclass(frozen=True, slots=True)
class Document:
    """What filters ask of a document: the number of its row, its labels, and its fields with their values as text."""

    row: int
    source_id: str
    collection: str
    date: str | None
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Searchable:
    """A chunk to search: the number of its row, its document, its title and its vector, (dimension,) float32."""

    row: int
    document: Document
    title: str
    chunk: Chunk
    vector: np.ndarray


def searchable_after(connection: sqlite3.Connection, row: int, most: int = BATCH) -> list[Searchable]:
    """The next chunks behind a row id, in the order of their rows.

    Raises:
        sqlite3.DatabaseError: one of them is not as it was written.
    """
    documents: dict[int, Document] = {}
    found = []
    for number, source, title, chunk, vector in chunk_rows_after(connection, row, most):
        if source not in documents:
            documents[source] = _document(connection, source)
        found.append(Searchable(number, documents[source], title, chunk, np.frombuffer(vector, "<f4")))
    return found


def _document(connection: sqlite3.Connection, row: int) -> Document:
    statement = "SELECT source_id, collection, date FROM source WHERE id = ?"
    source_id, collection, date = connection.execute(statement, (row,)).fetchone()
    return Document(row, source_id, collection, date, stored_fields(connection, row))


def rows_of(connection: sqlite3.Connection, source_ids: Collection[str]) -> set[int]:
    """The row ids of all chunks of these documents."""
    # One by one: in a list in JSON an id would end at its first NUL.
    statement = "SELECT c.id FROM chunk c JOIN source s ON s.id = c.source WHERE s.source_id = ?"
    return {row[0] for name in set(source_ids) for row in connection.execute(statement, (name,))}


def last_row(connection: sqlite3.Connection) -> int:
    """The largest row id that a chunk has ever had; the next one is above it."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunk'").fetchone()
    return int(found[0]) if found else 0
