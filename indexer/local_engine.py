"""The engine of one machine: FAISS and SQLite's full-text search, both in the folder of the index.

Vectors are brought level with the catalogue before each search (indexer/mirror.py); the words are those of the
catalogue itself, so a commit has nothing to do here. What this module does not do: lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager

import numpy as np

from indexer.advice import after_os
from indexer.catalogue import beside, damage_explained, transaction
from indexer.engine import Scored, VectorState, Weights
from indexer.filtering import admitted_chunks
from indexer.full_text import WordSearch, match_expression
from indexer.growing import wanted
from indexer.mirror import VectorMirror
from indexer.opened import OpenCatalogue
from indexer.remembering import Remembered
from indexer.seen_words import SeenWords
from indexer.vector_file import Base, has_changed_much, read_base, record_base, vector_state, write_clusters
from schema import Filter, FootnoteError, Words

FILTERS_KEPT = 16
"""Filters whose chunks are remembered; each costs 8 bytes for each chunk that it admits."""
VIEWS_KEPT = 32
"""Sets of collections of which it is remembered what they hold; each costs 16 bytes for each of its chunks."""


class LocalEngine:
    """Search in the folder of an index; see `indexer.engine.Engine`.

    Args:
        catalogue: inside a snapshot.
    """

    holds_labels = False

    def __init__(self, catalogue: OpenCatalogue) -> None:
        self._catalogue = catalogue
        self._connection = catalogue.connection
        self.mirror = VectorMirror(catalogue.folder, catalogue.identity.dimension, self._connection)
        self.words = WordSearch(self._connection)
        self.notice = self.mirror.notice
        self._chunks: Remembered[Filter, np.ndarray] = Remembered(FILTERS_KEPT)
        self._seen_words: Remembered[tuple[str, ...], SeenWords] = Remembered(VIEWS_KEPT)

    # Searching

    def require(self) -> None:
        """It is in this process."""

    def dense(self, query: np.ndarray, top_k: int, within: Filter) -> Scored:
        """By inner product; exactly, or in clusters where there are many."""
        return self.mirror.search(self._connection, query, top_k, among=self._admitted(within))

    def lexical(self, words: Words, top_k: int, within: Filter, weights: Weights) -> Scored:
        """By FTS5's BM25, with the statistics of the collections that are permitted."""
        if not (match := match_expression(words)):
            return []
        generation, among = self._catalogue.generation(), self._admitted(within)
        if among is None or within.permitted is None:
            return self.words.search(match, top_k, weights=weights, generation=generation, among=among)
        permitted = within.permitted
        seen = self._seen_words.of(generation, permitted, lambda: self._counted(permitted))
        return seen.search(match, top_k, weights=weights, among=among)

    def _counted(self, permitted: tuple[str, ...]) -> SeenWords:
        everything = self._admitted(Filter(permitted=permitted))
        return SeenWords(self._connection, np.zeros(0, np.int64) if everything is None else everything)

    def _admitted(self, within: Filter) -> np.ndarray | None:
        """Row ids of the chunks that may be searched, (n,) int64, ascending; ``None`` for all."""
        if within == Filter():
            return None
        generation = self._catalogue.generation()
        return self._chunks.of(generation, within, lambda: admitted_chunks(self._connection, within))

    # Keeping level

    @contextmanager
    def committing(self, touched: Collection[str]) -> Iterator[None]:
        """Nothing: what is searched is read from the catalogue."""
        yield

    def committed(self) -> None:
        """Nothing, as before."""

    def save(self, *, thorough: bool) -> None:
        """Write the file of the vectors if the one that is there no longer does, and record its hash.

        Killed between the two, the next reader finds a hash that doesn't fit, and reads the vectors from SQLite.
        Training new clusters takes a while, in which searches go on as before.
        """
        folder = self._catalogue.folder
        try:
            with damage_explained(folder):
                base = self._written(thorough=thorough)
        except OSError as error:
            raise FootnoteError(
                f"The file {self.mirror.path} can't be written: {error.strerror}. {after_os(folder, error)}"
            ) from error
        if base is not None:
            with self._catalogue.mutex, damage_explained(folder):
                with transaction(self._connection, write=True):
                    record_base(self._connection, base)
                self.mirror.adopt(base)

    def _written(self, *, thorough: bool) -> Base | None:
        """The file written anew, unless the one that is there still does; it is not recorded yet."""
        with self._catalogue.reading():
            base = read_base(self._connection)
            kind = wanted(self._catalogue.chunks(), base.clustering if base else None)
            if kind == "exact":
                is_level = base and not base.clustering and base.generation == self._catalogue.generation()
                return None if is_level and self.mirror.base == base else self.mirror.save_exact(self._connection)
            if kind == "clusters" and self.mirror.base == base and not self._has_changed(thorough=thorough):
                return None
        with closing(beside(self._catalogue.folder)) as connection, transaction(connection, write=False):
            return write_clusters(self.mirror.path, connection, base, self.mirror.dimension)

    def _has_changed(self, *, thorough: bool) -> bool:
        """Whether the clusters in the file are too far from this generation to be left as they are."""
        if thorough:
            return self.mirror.base is None or self.mirror.base.generation != self._catalogue.generation()
        return has_changed_much(self._connection, self.mirror.in_clusters())

    def describe(self) -> VectorState:
        """How the vectors are searched, why, and with which recall."""
        with self._catalogue.reading():
            return vector_state(self.mirror.path, read_base(self._connection), self._catalogue.chunks())

    def held(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The vectors that scores come from."""
        return self.mirror.held(self._connection)

    def close(self) -> None:
        """Nothing: the connection is the catalogue's."""
