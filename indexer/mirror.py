"""The vectors of a catalogue in memory and in their FAISS file, both derived: a mirror that is brought level by ids.

The file counts for as much as its hash in the catalogue says; whatever is wrong with it, the vectors come from SQLite
again. What this module does not do: lock, or decide when to save.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np

from indexer.catalogue import VECTORS, read_generation, read_meta, transaction, write_meta
from indexer.filtering import admitted_chunks
from indexer.vectors import VectorIndex, from_blobs
from schema import Filter, FootnoteError

BATCH = 10_000
"""Vectors read from SQLite at a time."""
FILTERS_KEPT = 16
"""Filters whose chunks are remembered; each costs 8 bytes for each chunk that it admits."""


class VectorMirror:
    """The vectors of one index, for one reader.

    Args:
        folder: of the index.
        dimension: of every vector.
        connection: to its catalogue, inside a transaction.
    """

    def __init__(self, folder: Path, dimension: int, connection: sqlite3.Connection) -> None:
        self.notice = ""
        self.generation = -1
        self._path = folder / VECTORS
        self._index = VectorIndex(dimension)
        self._saved = -1
        self._among: dict[Filter, np.ndarray] = {}
        if recorded := read_meta(connection, "vectors"):
            self._open(*json.loads(recorded))

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Bring the vectors level with the catalogue's snapshot; ids of chunks are never used twice."""
        generation = read_generation(connection)
        if generation == self.generation:
            return
        current = np.array([row[0] for row in connection.execute("SELECT id FROM chunk ORDER BY id")], np.int64)
        held = self._index.ids()
        self._index.remove(np.setdiff1d(held, current))
        self._add(connection, np.setdiff1d(current, held))
        self._among.clear()
        self.generation = generation

    def search(
        self, connection: sqlite3.Connection, query: np.ndarray, top_k: int, *, within: Filter | None
    ) -> list[tuple[int, float]]:
        """The closest chunks of the catalogue's snapshot with their inner products, best first.

        Args:
            connection: inside a transaction.
            query: (dimension,) float32.
            top_k: how many at most.
            within: only what it admits is scored; ``None`` for all.
        """
        self.catch_up(connection)
        among = None if within is None else self._admitted(connection, within)
        return self._index.search(query, top_k, among=among)

    def save(self, connection: sqlite3.Connection) -> None:
        """Write the file for the present generation, if it isn't there yet, and record its hash.

        The caller holds the writer's lock. Killed between the two steps, the next reader finds a hash that doesn't fit
        and reads the vectors from SQLite.

        Raises:
            FootnoteError: when the file can't be written.
        """
        with transaction(connection, write=False):
            self.catch_up(connection)
        if self._saved == self.generation:
            return
        try:
            sha256 = self._index.save(self._path)
        except OSError as error:
            raise FootnoteError(f"The file {self._path} can't be written: {error.strerror}.") from error
        with transaction(connection, write=True):
            write_meta(connection, "vectors", json.dumps([sha256, self.generation]))
        self._saved = self.generation

    def _open(self, sha256: str, generation: int) -> None:
        loaded = VectorIndex.load(self._path, sha256=sha256, dimension=self._index.dimension)
        if loaded is None:
            self.notice = f"The file {self._path} was missing or damaged; it was rebuilt from the database."
        else:
            self._index, self.generation, self._saved = loaded, generation, generation

    def _add(self, connection: sqlite3.Connection, ids: np.ndarray) -> None:
        rows = connection.execute(
            "SELECT id, vector FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(ids.tolist()),),
        )
        while batch := rows.fetchmany(BATCH):
            matrix = from_blobs([row[1] for row in batch], self._index.dimension)
            self._index.add(np.array([row[0] for row in batch], np.int64), matrix)

    def _admitted(self, connection: sqlite3.Connection, within: Filter) -> np.ndarray:
        """Row ids of the chunks that a filter admits, remembered for as long as the generation stands."""
        found = self._among.pop(within, None)
        if found is None:
            found = admitted_chunks(connection, within)
        self._among[within] = found
        if len(self._among) > FILTERS_KEPT:
            del self._among[next(iter(self._among))]
        return found
