"""What a catalogue records of a search engine outside of its folder: which it is, and what is to go from it.

Entries are written inside the caller's transaction. What this module does not do: speak to an engine.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from indexer.entries import read_meta, write_meta

ENGINE, WAITING, FILLING = "engine", "engine gone", "engine filling"
ENTRIES = (ENGINE, WAITING, FILLING)
"""The entries: of no use where the rows of chunks have other ids, or are of another moment than those of the engine."""


@dataclass(frozen=True, slots=True)
class Outside:
    """An engine outside: its address, and the name of what it holds of this index there, which no other index has."""

    uri: str
    name: str


def read_outside(connection: sqlite3.Connection) -> Outside | None:
    """The engine that searches the index; ``None`` when that is done in its own folder."""
    recorded = read_meta(connection, ENGINE)
    return Outside(*json.loads(recorded)) if recorded else None


def record_outside(connection: sqlite3.Connection, outside: Outside | None) -> None:
    """Say which engine searches the index from now on; nothing is to go from that one, and none is being filled."""
    write_meta(connection, ENGINE, json.dumps([outside.uri, outside.name]) if outside else "")
    for entry in (WAITING, FILLING):
        write_meta(connection, entry, "")


def read_waiting(connection: sqlite3.Connection) -> list[int]:
    """The row ids of chunks that are in the catalogue no more, and may still be in the engine."""
    return [int(one) for one in json.loads(read_meta(connection, WAITING) or "[]")]


def record_waiting(connection: sqlite3.Connection, ids: Collection[int]) -> None:
    """Replace the list of what is to go."""
    write_meta(connection, WAITING, json.dumps(sorted(ids)) if ids else "")


def forget_outside(connection: sqlite3.Connection) -> None:
    """Make the index one that is searched in its own folder, whatever searched it before."""
    connection.executemany("DELETE FROM meta WHERE key = ?", [(entry,) for entry in ENTRIES])
