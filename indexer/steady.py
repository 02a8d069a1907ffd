"""One search over one generation of an index that another process may change at any moment.

A search asks the index several times, from two threads. Each time is a snapshot of its own; that they are snapshots of
one generation is seen to here: a search that meets two is begun again. What this module does not do: search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from indexer.engine import IndexMovedError
from indexer.reading import IndexReader
from schema import Filter, FootnoteError, Passage, Words

__all__ = ["IndexMovedError", "SteadyReader", "steadily"]

TRIES = 50
"""Searches that are begun; a change in each of them would need one every few hundredths of a second."""

Found = TypeVar("Found")


class SteadyReader:
    """An index as one search asks it; ``fingerprint`` is that of the generation that answered.

    Raises:
        IndexMovedError: from every method, when another generation has answered before.
    """

    def __init__(self, reader: IndexReader) -> None:
        self.fingerprint = ""
        self._reader = reader
        self._generation: int | None = None

    def dense(self, query: np.ndarray, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """See `IndexReader.dense`."""
        with self._same():
            return self._reader.dense(query, top_k, within=within)

    def lexical(self, words: Words, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """See `IndexReader.lexical`."""
        with self._same():
            return self._reader.lexical(words, top_k, within=within)

    def vectors(self, chunk_ids: Sequence[str]) -> np.ndarray:
        """See `IndexReader.vectors`."""
        with self._same():
            return self._reader.vectors(chunk_ids)

    def span(self, source_id: str, start: int, end: int) -> str:
        """See `IndexReader.span`."""
        with self._same():
            return self._reader.span(source_id, start, end)

    @contextmanager
    def _same(self) -> Iterator[None]:
        """A snapshot of the generation that answered before; of any, the first time."""
        with self._reader.snapshot() as generation:
            if self._generation is None:
                self._generation, self.fingerprint = generation, self._reader.fingerprint()
            if self._generation != generation:
                raise IndexMovedError
            yield


def steadily(reader: IndexReader, search: Callable[[SteadyReader], Found]) -> tuple[Found, str]:
    """What a search finds in one generation, and the fingerprint of that generation.

    Raises:
        FootnoteError: what the search raises, or that the index never stood still.
    """
    for _ in range(TRIES):
        steady = SteadyReader(reader)
        try:
            return search(steady), steady.fingerprint or reader.fingerprint()
        except IndexMovedError:
            continue
    raise FootnoteError("The documents change faster than they can be searched. Ask again in a moment.")
