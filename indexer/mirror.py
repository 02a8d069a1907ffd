"""The vectors of a catalogue as they are searched: those in the file, and what came and went since it was written.

A small index is searched exactly, and held in memory. A large one is searched in clusters, which are mapped from their
file and stand as they are: vectors that came since then are scored exactly beside them, and those that went are left
out. The file counts for as much as its hash in the catalogue says; whatever is wrong with it, the vectors come from
SQLite again. What this module does not do: lock, write the file, or decide when that is done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from indexer.catalogue import VECTORS
from indexer.clusters import ClusteredIndex
from indexer.engine import Scored
from indexer.entries import read_generation
from indexer.growing import CANDIDATES
from indexer.records import all_ids, vectors_after, vectors_of
from indexer.vector_file import Base, bring_level, open_base, read_base
from indexer.vectors import VectorIndex
from schema import FootnoteError

SCORED_EXACTLY = 2_000
"""Chunks that a filter admits up to which all are scored exactly, whatever the index: it takes milliseconds."""


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
        self.path = folder / VECTORS
        self.dimension = dimension
        self.base: Base | None = None
        self._refused: Base | None = None
        self._exact = VectorIndex(dimension)
        self._clusters: ClusteredIndex | None = None
        self._held = self._gone = np.zeros(0, np.int64)
        if (recorded := read_base(connection)) and not self.open(recorded):
            self.notice = f"The file {self.path} was missing or damaged; it was rebuilt from the database."

    def open(self, base: Base) -> bool:
        """Take over what is in the file; ``False``, and nothing changes, when it isn't what was recorded."""
        index = open_base(self.path, base, self.dimension)
        if index is None:
            self._refused = base
            return False
        self.base, self.generation, self._held = base, base.generation, np.sort(index.ids())
        self._gone = np.zeros(0, np.int64)
        self._clusters = index if isinstance(index, ClusteredIndex) else None
        self._exact = index if isinstance(index, VectorIndex) else VectorIndex(self.dimension)
        return True

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Bring the vectors level with the catalogue's snapshot; ids of chunks are never used twice."""
        generation = read_generation(connection)
        recorded = read_base(connection)
        if recorded and recorded.clustering and recorded not in (self.base, self._refused):
            self.open(recorded)  # made by another process; when that fails, what is held does as well
        if generation == self.generation:
            return
        self._add_new(connection)
        if connection.execute("SELECT count(*) FROM chunk").fetchone()[0] != len(self._held):
            self._leave_out_missing(connection)
        self.generation = generation

    def search(
        self, connection: sqlite3.Connection, query: np.ndarray, top_k: int, *, among: np.ndarray | None = None
    ) -> Scored:
        """The closest chunks of the catalogue's snapshot with their inner products, best first, ties by id.

        Args:
            connection: inside a transaction.
            query: (dimension,) float32.
            top_k: how many at most.
            among: (n,) int64, ascending; only these are scored when given.

        Raises:
            FootnoteError: the query is not a vector of the index's dimension, or not of finite numbers.
        """
        query = np.asarray(query, np.float32).reshape(-1)
        if len(query) != self.dimension or not np.isfinite(query).all():
            raise FootnoteError(
                f"The question's vector is not {self.dimension} finite numbers, as the vectors of this index are: "
                "the embedder does not work as it should. Look for the cause with: footnote doctor"
            )
        self.catch_up(connection)
        if top_k < 1 or not len(self._held) or (among is not None and not len(among)):
            return []
        if self._clusters is None:
            return self._exact.search(query, top_k, among=among)
        if among is not None and len(among) <= SCORED_EXACTLY:
            return self._scored(connection, query, among)[:top_k]
        found = self._scored(connection, query, self._likely(query, max(CANDIDATES, 2 * top_k), among))
        found += self._exact.search(query, top_k, among=among)
        return sorted(found, key=_best_first)[:top_k]

    def adopt(self, base: Base) -> None:
        """Go on with the file that has just been written for the catalogue's snapshot."""
        if base.clustering is None and self._clusters is None:
            self.base = base  # what it holds is here already
        else:
            self.open(base)

    def save_exact(self, connection: sqlite3.Connection) -> Base:
        """Write the file for exact search of the catalogue's snapshot; it is not recorded yet.

        Raises:
            OSError: when the file can't be written.
        """
        self.catch_up(connection)
        if self._clusters is None:
            return Base(self._exact.save(self.path), self.generation)
        whole = VectorIndex(self.dimension)
        bring_level(whole, connection, self.dimension)
        return Base(whole.save(self.path), self.generation)

    def held(self, connection: sqlite3.Connection) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All ids of the snapshot, ascending, with the vectors that their scores come from, in batches."""
        self.catch_up(connection)
        if self._clusters is None:
            yield self._exact.held()
        else:  # the clusters propose, the catalogue's vectors give the score
            yield from vectors_after(connection, -1, self.dimension)

    def in_clusters(self) -> np.ndarray:
        """The ids in the clusters, (n,) int64; none when the index is searched exactly."""
        return self._clusters.ids() if self._clusters else np.zeros(0, np.int64)

    def _add_new(self, connection: sqlite3.Connection) -> None:
        parts = [self._held]
        for ids, vectors in vectors_after(connection, int(self._held[-1]) if len(self._held) else -1, self.dimension):
            self._exact.add(ids, vectors)
            parts.append(ids)
        self._held = np.concatenate(parts)

    def _leave_out_missing(self, connection: sqlite3.Connection) -> None:
        current = all_ids(connection)
        missing = np.setdiff1d(self._held, current, assume_unique=True)
        self._exact.remove(missing)
        self._gone = np.union1d(self._gone, missing)
        self._held = current

    def _likely(self, query: np.ndarray, count: int, among: np.ndarray | None) -> np.ndarray:
        """Ids that the clusters propose, (n,) int64."""
        if self._clusters is None or self.base is None or self.base.clustering is None:
            return np.zeros(0, np.int64)
        probes = self.base.clustering.probes
        if among is not None:
            # As many admitted vectors are looked at as there would be vectors without a filter.
            probes = -(-probes * len(self._held) // len(among))
        for lists in (probes, self._clusters.lists):  # in all of them when the closest don't hold as many as wanted
            ids = self._clusters.candidates(query[np.newaxis], count, probes=lists, among=among, without=self._gone)[0]
            if ids[-1] >= 0:
                break
        found: np.ndarray = ids[ids >= 0]
        return found

    def _scored(self, connection: sqlite3.Connection, query: np.ndarray, ids: np.ndarray) -> Scored:
        """These chunks with their exact inner products, best first."""
        ids, vectors = vectors_of(connection, ids, self.dimension)
        return sorted(zip(ids.tolist(), (vectors @ query).tolist(), strict=True), key=_best_first)


def _best_first(pair: tuple[int, float]) -> tuple[float, int]:
    return -pair[1], pair[0]
