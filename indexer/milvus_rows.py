"""The rows of an index in Milvus: one collection, whose rows are chunks, as numbers, vectors and search words.

It is one module since all of it is calls about one collection. What it does not do: say what a row is
(indexer/milvus_row.py), decide what is written and when (indexer/milvus_engine.py), or know the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from indexer.milvus_client import Connection
from indexer.milvus_filter import Numbers, expression
from indexer.milvus_row import Row, checked_vector, entity, shape_of, written
from schema import FootnoteError

MOST_FOUND = 16_384
"""Rows that a server gives in one answer."""
BATCH = 1000
"""Rows written at once: a server takes 64 MB."""
EF = 128
"""Rows that a search in the graph of a server keeps in view, at least."""

Scored = list[tuple[int, float]]


class Rows:
    """The collection ``footnote_<index id>`` over a connection.

    Args:
        connection: to Milvus.
        index_id: of the catalogue; hexadecimal digits.
        dimension: of every vector.
        exact: whether vectors are compared one by one, as they are in a file by default, or found by way of a graph.
    """

    def __init__(self, connection: Connection, index_id: str, dimension: int, *, exact: bool | None = None) -> None:
        if not re.fullmatch(r"[0-9a-f]{1,64}", index_id):
            raise FootnoteError(f"{index_id!r} is no name of an index. Open one that footnote index made.")
        self.connection = connection
        self.name = f"footnote_{index_id}"
        self.dimension = dimension
        self.exact = connection.is_lite if exact is None else exact

    # The collection

    def exists(self) -> bool:
        """Whether the collection is there."""
        return bool(self.connection.call("has_collection", self.name))

    def create(self) -> None:
        """Make the collection with its indexes and load it; one that is there is loaded.

        Raises:
            FootnoteError: it is there with vectors of another dimension, or with other fields.
        """
        shape = shape_of(self.dimension, exact=self.exact)
        if not self.exists():
            self.connection.make(self.name, shape)
            return
        held = self.connection.call("describe_collection", self.name)["fields"]
        dimension = next((int(one["params"].get("dim", 0)) for one in held if one["name"] == "dense"), 0)
        if {one["name"] for one in held} != {name for name, *_ in shape.fields} or dimension != self.dimension:
            raise FootnoteError(
                f"The collection {self.name} of Milvus at {self.connection.address.uri} was made for another embedder "
                "or by another version of Footnote. Drop it; it is filled again from the index."
            )
        self.connection.call("load_collection", self.name)

    def drop(self) -> None:
        """Remove the collection with all that is in it; nothing happens when it is not there."""
        if self.exists():
            self.connection.call("drop_collection", self.name)

    # Writing

    def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows, each in the place of one with its id, in batches that a server takes.

        Raises:
            FootnoteError: a vector is not of finite numbers or not of the dimension, or there is more of words or
                labels than Milvus holds; nothing is written then.
        """
        entities = [entity(row, self.dimension) for row in rows]
        for batch in _batches(entities):
            self.connection.call("upsert", self.name, batch)

    def delete(self, ids: Collection[int]) -> None:
        """Remove rows by their ids; unknown ones are ignored."""
        for batch in _batches(sorted({int(one) for one in ids})):
            self.connection.call("delete", self.name, filter=f"chunk in {batch}")

    def delete_born_above(self, generation: int) -> None:
        """Remove the rows of later generations: what a writer left that was stopped before its commit."""
        self.connection.call("delete", self.name, filter=f"born >= {int(generation) + 1}")

    def flush(self) -> None:
        """Make what was written part of the index, in which searches are fast; Lite has to load it again."""
        self.connection.call("flush", self.name)
        if self.connection.is_lite:
            self.connection.call("load_collection", self.name)

    # Searching

    def dense(self, query: np.ndarray, top_k: int, within: Numbers) -> Scored:
        """Row ids with inner products, best first, ties by id.

        Args:
            query: (dimension,) float32.
            top_k: how many at most.
            within: which rows may be found.

        Raises:
            FootnoteError: the query is not a vector of the dimension, or not of finite numbers.
        """
        vector = checked_vector(query, self.dimension, "The question's vector")
        return self._search("dense", vector, top_k, within)

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
            words: tokens to look for in ``words``, each counted once; none leaves this field out.
            heads: tokens to look for in ``head``.
            top_k: how many at most; with both fields also how many of each are added up.
            within: which rows may be found.
            weights: of the two fields.
        """
        scores: dict[int, float] = {}
        for field, tokens, weight in (("words", words, weights[0]), ("head", heads, weights[1])):
            for chunk, score in self._search(f"{field}_bm25", written(dict.fromkeys(tokens)), top_k, within):
                if score > 0:
                    scores[chunk] = scores.get(chunk, 0.0) + weight * score
        return _best(scores.items(), top_k)

    def fused(self, query: np.ndarray, words: Sequence[str], top_k: int, within: Numbers) -> Scored:
        """Row ids by vector and words together, with the scores of reciprocal rank fusion (k = 60) by the server."""
        vector, text = checked_vector(query, self.dimension, "The question's vector"), written(dict.fromkeys(words))
        if not text:
            return self.dense(query, top_k, within)
        if top_k < 1 or within.permits_nothing:
            return []
        limit = min(top_k, MOST_FOUND)
        searches = [
            {"data": [data], "anns_field": field, "param": self.parameters(field, limit), "limit": limit}
            | {"expr": expression(within)}
            for field, data in (("dense", vector), ("words_bm25", text))
        ]
        found = self.connection.fuse(self.name, searches, limit)
        return _best(((int(hit["chunk"]), float(hit["distance"])) for hit in found[0]), limit)

    def parameters(self, field: str, limit: int) -> dict[str, Any]:
        """What a search of a field for so many rows is made with, as pymilvus takes it."""
        if field != "dense":
            return {"metric_type": "BM25"}
        return {"metric_type": "IP", "params": {} if self.exact else {"ef": max(EF, 2 * limit)}}

    # Looking after it

    def count(self, within: Numbers | None = None) -> int:
        """How many rows there are, or pass."""
        if within and within.permits_nothing:
            return 0
        return self._count(expression(within) if within else "")

    def vectors(self, after: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """The next rows behind an id: their ids, (n,) int64, ascending, and their vectors, (n, dimension) float32.

        The vectors are those that were written, bit by bit; n is below ``limit`` at the end alone.
        """
        wanted = min(limit, self._count(f"chunk >= {after + 1}"))
        found: list[tuple[int, Any]] = []
        width = min(max(limit, 1), MOST_FOUND)
        while (
            len(found) < wanted
        ):  # a server gives all rows of a range, but of too many rows it does not give the first
            rows = self._query(f"chunk >= {after + 1} and chunk <= {after + width}", ["chunk", "dense"])
            found += sorted(((int(row["chunk"]), row["dense"]) for row in rows), key=lambda pair: pair[0])
            after, width = after + width, width if rows else min(2 * width, MOST_FOUND)
        vectors = np.array([vector for _, vector in found[:wanted]], np.float32)
        return np.array([key for key, _ in found[:wanted]], np.int64), vectors.reshape(-1, self.dimension)

    # Within

    def _search(self, field: str, data: Any, top_k: int, within: Numbers) -> Scored:
        if top_k < 1 or within.permits_nothing or (isinstance(data, str) and not data):
            return []
        limit = min(top_k, MOST_FOUND)
        found = self.connection.call(
            *("search", self.name),
            data=[data],
            anns_field=field,
            filter=expression(within),
            limit=limit,
            search_params=self.parameters(field, limit),
        )
        sign = -1.0 if self.connection.is_lite and field != "dense" else 1.0
        return _best(((int(hit["chunk"]), sign * float(hit["distance"])) for hit in found[0]), limit)

    def _count(self, condition: str) -> int:
        return int(self._query(condition, ["count(*)"])[0]["count(*)"])

    def _query(self, condition: str, fields: list[str]) -> list[dict[str, Any]]:
        return list(self.connection.call("query", self.name, filter=condition, output_fields=fields))


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _best(scored: Iterable[tuple[int, float]], top_k: int) -> Scored:
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:top_k]
