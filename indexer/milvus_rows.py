"""The rows of an index in Milvus: one collection, whose rows are chunks, as numbers, vectors and search words.

A row holds no name and no text as it stands. What this module does not do: decide what is written and when
(indexer/milvus_engine.py), or know the catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.milvus_client import Connection
from indexer.milvus_filter import Numbers

LONGEST_TEXT = 65_535
"""Bytes of a VARCHAR of Milvus."""

Scored = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """A chunk: numbers of the catalogue, days and labels (indexer/milvus_filter.py), search words, its vector.

    ``words`` and ``head`` are tokens with blanks between them, as FTS5 makes them, of title, headings and text, and of
    title and headings alone. ``dense`` is (dimension,) float32.
    """

    chunk: int
    collection: int
    source: int
    born: int
    first_day: int
    last_day: int
    labels: tuple[int, ...]
    words: str
    head: str
    dense: np.ndarray


class Rows:
    """The collection ``footnote_<index id>`` over a connection.

    Args:
        connection: to Milvus.
        index_id: of the catalogue; hexadecimal digits.
        dimension: of every vector.
    """

    def __init__(self, connection: Connection, index_id: str, dimension: int) -> None:
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether the collection is there."""
        raise NotImplementedError

    def create(self) -> None:
        """Make the collection with its indexes and load it; nothing happens when it is there.

        Raises:
            FootnoteError: it is there with vectors of another dimension, or with other fields.
        """
        raise NotImplementedError

    def drop(self) -> None:
        """Remove the collection with all that is in it; nothing happens when it is not there."""
        raise NotImplementedError

    def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows, each in the place of one with its id, in batches that a server takes.

        Raises:
            FootnoteError: a vector is not of finite numbers or not of the dimension, or a text is too long; nothing is
                written then.
        """
        raise NotImplementedError

    def delete(self, ids: Collection[int]) -> None:
        """Remove rows by their ids; unknown ones are ignored."""
        raise NotImplementedError

    def delete_born_above(self, generation: int) -> None:
        """Remove the rows of later generations: what a writer left that was stopped before its commit."""
        raise NotImplementedError

    def flush(self) -> None:
        """Make what was written part of the index, which is what searches are fast in; and loaded again where needed."""
        raise NotImplementedError

    def dense(self, query: np.ndarray, top_k: int, within: Numbers) -> Scored:
        """Row ids with inner products, best first, ties by id.

        Args:
            query: (dimension,) float32.
            top_k: how many at most.
            within: which rows may be found.
        """
        raise NotImplementedError

    def lexical(
        self,
        words: Sequence[str],
        heads: Sequence[str],
        top_k: int,
        within: Numbers,
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> Scored:
        """Row ids with BM25 scores above 0, higher is better, best first, ties by id.

        Args:
            words: tokens to look for in ``words``; none leaves this field out.
            heads: tokens to look for in ``head``.
            top_k: how many at most; with both fields also how many of each are added up.
            within: which rows may be found.
            weights: of the two fields.
        """
        raise NotImplementedError

    def fused(self, query: np.ndarray, words: Sequence[str], top_k: int, within: Numbers) -> Scored:
        """Row ids by vector and words together, with the scores of reciprocal rank fusion (k = 60) by the server."""
        raise NotImplementedError

    def count(self, within: Numbers | None = None) -> int:
        """How many rows there are, or pass."""
        raise NotImplementedError

    def vectors(self, after: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """The next rows behind an id: their ids, (n,) int64, ascending, and their vectors, (n, dimension) float32.

        The vectors are those that were written, bit by bit; n is below ``limit`` at the end alone.
        """
        raise NotImplementedError
