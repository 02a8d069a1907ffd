"""The engine of several machines: Milvus searches, and the catalogue stays the truth.

A commit has four steps. Before it, rows that a stopped writer left go (those born later than the catalogue's
generation), and new rows come, born in the next generation, so that no search sees them yet. With the commit the
catalogue notes what is to go; after it, that goes. Stopped anywhere, the next commit finishes what was begun. A chunk
whose document is called or dated otherwise gets a new row, since a row that is changed would change for all at once.

Each search is of the catalogue's snapshot: hits that it does not hold, or that the filter does not admit there, are
left out. Of a Milvus that did not answer a search no other one is asked until it is back. What this module does not
do: retry, or fall back on another engine.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import cached_property

import numpy as np

from indexer.catalogue import beside, damage_explained, is_alone, transaction
from indexer.engine import EVEN, IndexMovedError, Scored, VectorState, Weights
from indexer.entries import read_generation
from indexer.milvus_address import Address
from indexer.milvus_client import Connection, StoreUnavailable
from indexer.milvus_filter import Numbers
from indexer.milvus_numbers import numbers_of, rows_for
from indexer.milvus_presence import Presence
from indexer.milvus_rows import MOST_FOUND, Rows
from indexer.milvus_sharing import borrowed, given_back
from indexer.opened import OpenCatalogue
from indexer.outside import Outside, read_waiting, record_waiting
from indexer.records import admitted_rows, vectors_of
from indexer.remembering import Remembered
from indexer.searchable import last_row, rows_of, searchable_after
from indexer.terms import terms_of
from schema import Filter, FootnoteError, Words

BATCH = 1000
"""Chunks that are read, told and read back at a time."""
FILTERS_KEPT = 16
"""Filters of which it is remembered what they admit."""


class MilvusEngine:
    """Search by Milvus; see `indexer.engine.Engine`.

    Args:
        catalogue: the index.
        outside: where its rows are.
        address: the same address, with the token.
    """

    holds_labels = True

    def __init__(self, catalogue: OpenCatalogue, outside: Outside, address: Address) -> None:
        self.notice = ""
        self._catalogue = catalogue
        self._connection = catalogue.connection
        self._outside, self._address = outside, address
        self._numbers: Remembered[Filter, Numbers] = Remembered(FILTERS_KEPT)
        self._presence = Presence(lambda: self.rows.dense(np.ones(catalogue.identity.dimension), 1, Numbers()))
        self._lent: list[Connection] = []
        self._is_written = False

    @cached_property
    def rows(self) -> Rows:
        """What Milvus holds of this index, connected to at its first use."""
        connection = borrowed(self._address)
        self._lent.append(connection)
        return Rows(connection, self._outside.name, self._catalogue.identity.dimension)

    def look(self) -> None:
        """Compare what Milvus holds with the catalogue's snapshot, roughly; ``notice`` says what is wrong.

        Raises:
            FootnoteError: it holds nothing of this index, or can't be used as it is set.
        """
        try:
            if not self.rows.exists():
                raise FootnoteError(
                    f"Milvus at {self._outside.uri} does not hold the index {self._catalogue.folder}. Fill it from the "
                    "index with: footnote migrate --to milvus"
                )
            self.rows.create()
            held = self.rows.count(Numbers(born=self._catalogue.generation()))
            chunks, waiting = self._catalogue.chunks(), len(read_waiting(self._connection))
            if not chunks <= held <= chunks + waiting:
                self.notice = (
                    f"Milvus at {self._outside.uri} holds {held:,} passages of the {chunks:,} in the index "
                    f"{self._catalogue.folder}. Fill it again with: footnote migrate --to milvus"
                )
        except StoreUnavailable as error:
            self._presence.lost(error, is_told=True)
            self.notice = str(error)

    # Searching

    def require(self) -> None:
        """It did not fail the last search, or was there again since."""
        self._presence.require()

    def dense(self, query: np.ndarray, top_k: int, within: Filter) -> Scored:
        """By inner product, with the vectors of the catalogue for what Milvus finds."""
        query = np.asarray(query, np.float32).reshape(-1)
        found = self.found(lambda count, numbers: self.rows.dense(query, count, numbers), top_k, within)
        ids, vectors = vectors_of(self._connection, np.array([key for key, _ in found], np.int64), len(query))
        scored = zip(ids.tolist(), (vectors @ query).tolist(), strict=True)
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))

    def lexical(self, words: Words, top_k: int, within: Filter, weights: Weights) -> Scored:
        """By Milvus's BM25, whose statistics are those of all rows; phrases count as their words.

        Raises:
            ValueError: words are to weigh otherwise in titles or headings.
        """
        if weights != EVEN:
            raise ValueError("Milvus holds title, headings and text in one field: their words weigh the same")
        terms = [term for one in terms_of([*words.phrases, *words.terms]) for term in one]
        fields = ([], terms) if words.headings_only else (terms, [])
        return self.found(lambda count, numbers: self.rows.lexical(*fields, count, numbers), top_k, within)

    def found(self, ask: Callable[[int, Numbers], Scored], top_k: int, within: Filter) -> Scored:
        """The best of what Milvus finds that the snapshot holds and the filter admits.

        ``ask`` searches the rows for so many that numbers admit. More is asked for until there is enough, and the last
        is not level with what was cut off.

        Raises:
            IndexMovedError: the snapshot is not of the last generation any more.
        """
        if top_k < 1:
            return []
        generation = self._catalogue.generation()
        numbers = self._numbers.of(generation, within, lambda: numbers_of(self._connection, within, generation))
        count = top_k + 1 + len(read_waiting(self._connection))
        while True:
            with self._presence.asked():
                found = ask(count, numbers)
            seen = admitted_rows(self._connection, [key for key, _ in found], within)
            kept = [pair for pair in found if pair[0] in seen]
            is_all = len(found) < min(count, MOST_FOUND) or count >= MOST_FOUND
            if is_all or (len(kept) > top_k and kept[-1][1] < kept[top_k - 1][1]):
                break
            count *= 2
        self._require_last(generation)
        return kept[:top_k]

    def _require_last(self, generation: int) -> None:
        """A writer may have dropped rows of the snapshot while it was searched.

        Raises:
            IndexMovedError: the catalogue is of another generation now.
        """
        if not is_alone(self._connection) and read_generation(self._now) != generation:
            raise IndexMovedError

    @cached_property
    def _now(self) -> sqlite3.Connection:
        return beside(self._catalogue.folder)

    # Keeping level

    @contextmanager
    def committing(self, touched: Collection[str]) -> Iterator[None]:
        """Steps one and two of a commit, and what the third notes."""
        generation, last = self._catalogue.generation(), last_row(self._connection)
        before = rows_of(self._connection, touched)
        waiting = read_waiting(self._connection)
        self.rows.delete_born_above(generation)
        yield
        self.add(last, born=generation + 1)
        gone = before - rows_of(self._connection, touched)
        if gone:
            record_waiting(self._connection, gone.union(waiting))

    def add(self, row: int, *, born: int, most: int | None = None) -> int:
        """Tell Milvus of the chunks behind a row id, of so many at most; the last row id that it was told of."""
        told = 0
        while most is None or told < most:
            chunks = searchable_after(self._connection, row, BATCH if most is None else min(BATCH, most - told))
            if not chunks:
                break
            self.rows.upsert(rows_for(chunks, born))
            self._is_written = True
            row, told = chunks[-1].row, told + len(chunks)
        return row

    def committed(self) -> None:
        """Step four; what Milvus can't do now is done after the next commit, or at the end of the next run."""
        waiting = read_waiting(self._connection)
        if not waiting:
            return
        try:
            self.rows.delete(waiting)
        except FootnoteError:  # the commit is made, whatever Milvus says now
            return
        with damage_explained(self._catalogue.folder), transaction(self._connection, write=True):
            record_waiting(self._connection, ())

    def save(self, *, thorough: bool) -> None:
        """Let Milvus make what was written part of its index, and drop what it could not drop before."""
        with self._catalogue.mutex:
            self.committed()
            if self._is_written or thorough:
                self.rows.flush()
                self._is_written = False

    def describe(self) -> VectorState:
        """Where they are searched."""
        with self._catalogue.reading():
            chunks = self._catalogue.chunks()
        return VectorState("Milvus", chunks, math.nan, f"at {self._outside.uri}", 0)

    def held(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What Milvus gives back."""
        row = -1
        while True:
            ids, vectors = self.rows.vectors(row, BATCH)
            if not len(ids):
                return
            yield ids, vectors
            row = int(ids[-1])

    def close(self) -> None:
        """Give the connection back."""
        self._presence.close()
        if "_now" in self.__dict__:
            with closing(self._now):
                pass
        while self._lent:
            given_back(self._lent.pop())
