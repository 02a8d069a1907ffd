"""What searches the chunks of a catalogue, whatever does it: by a vector, and by words.

The catalogue is the truth, and an engine is derived from it: it knows chunks by the ids of their rows, gives such ids
with scores, and holds nothing that the catalogue does not hold. Ids of rows are never used twice. What an engine does
not do: know passages, or decide what is searched for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from schema import Filter, Words

Scored = list[tuple[int, float]]
"""Row ids of chunks with their scores, best first, ties by id."""
Weights = tuple[float, float, float]
"""Of a word in the title, in the headings and in the text."""
EVEN: Weights = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class VectorState:
    """What ``footnote sources`` and ``doctor`` say of the vectors: how they are searched, why, and what it costs.

    ``kind`` is ``exact``, ``clusters`` or the name of another engine; ``recall`` is the measured share of the ten
    nearest that a search finds, NaN where nobody measured it; ``bytes`` is the size of the file, 0 when there is none.
    """

    kind: str
    chunks: int
    recall: float
    why: str
    bytes: int

    @property
    def sentence(self) -> str:
        """For people: ``searched exactly, as it is up to 50,000 chunks``."""
        how = {"exact": "exactly", "clusters": "in clusters"}.get(self.kind, f"by {self.kind}")
        return f"searched {how}, {self.why}"


class IndexMovedError(Exception):
    """The index was changed in the middle of a search."""


class Engine(Protocol):
    """A search engine over one catalogue.

    Searches are of the catalogue's snapshot: they are made inside a transaction, and what the snapshot does not hold is
    not found. An engine that can't look back raises `IndexMovedError` when the snapshot is not of the last generation.

    Attributes:
        notice: what whoever opened the index should know; empty for nothing.
        holds_labels: whether it holds what is said of documents: then chunks get new rows when that changes.
    """

    notice: str
    holds_labels: bool

    def require(self) -> None:
        """Nothing, as far as that is known at once.

        Raises:
            FootnoteError: no search would be answered now.
        """

    def dense(self, query: np.ndarray, top_k: int, within: Filter) -> Scored:
        """The closest chunks to a vector, (dimension,) float32, by inner product.

        Raises:
            FootnoteError: it is not a vector of the index's dimension, or not of finite numbers.
        """

    def lexical(self, words: Words, top_k: int, within: Filter, weights: Weights) -> Scored:
        """The best chunks by BM25 for any of some words; scores above 0."""

    def committing(self, touched: Collection[str]) -> AbstractContextManager[None]:
        """Around the changes of one commit to documents of these ids, inside its transaction.

        What the block adds can be searched as soon as the transaction is committed, and not before.
        """

    def committed(self) -> None:
        """After a commit: drop what it removed."""

    def save(self, *, thorough: bool) -> None:
        """Write what is searched to disk as far as that is due; the caller holds the writer's lock.

        Args:
            thorough: whether nothing of what was removed may be left.

        Raises:
            FootnoteError: it can't be written.
        """

    def describe(self) -> VectorState:
        """How the vectors are searched, why, and with which recall."""

    def held(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All row ids that are searched, ascending, with their vectors, in batches: (n,) int64, (n, dimension) float32.

        Inside a snapshot, which may hold others.
        """

    def close(self) -> None:
        """Let go of whatever it holds open."""
