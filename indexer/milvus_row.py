"""A row of an index in Milvus: what it is made of, how it is written, and the collection that holds such rows.

A row holds no name and no text as it stands. Words are written in ASCII, so that every analyzer of Milvus takes them as
they are. What this module does not do: speak to Milvus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schema import FootnoteError

LONGEST_TEXT = 65_535
"""Bytes of a VARCHAR of Milvus."""
MOST_LABELS = 4096
"""Labels of a row: the most that an array of Milvus holds."""
K1, B = 1.2, 0.75
"""Of BM25, as FTS5 has them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a collection is made of.

    Attributes:
        fields: name, type as pymilvus calls it, and what else it takes (``dim``, ``max_length``, ``is_primary``...).
        words: name of a VARCHAR field -> the field that holds its BM25 form.
        indexes: name of a vector field -> metric, kind of index and its parameters.
    """

    fields: Sequence[tuple[str, str, Mapping[str, Any]]]
    words: Mapping[str, str]
    indexes: Mapping[str, tuple[str, str, Mapping[str, Any]]]


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


def entity(row: Row, dimension: int) -> dict[str, Any]:
    """A row as pymilvus takes it.

    Raises:
        FootnoteError: its vector is not of finite numbers or not of the dimension, or there is more of words or labels
            than Milvus holds.
    """
    texts = {"words": written(row.words.split()), "head": written(row.head.split())}
    longest = max(len(text) for text in texts.values())
    if longest > LONGEST_TEXT or len(row.labels) > MOST_LABELS:
        raise FootnoteError(
            f"A passage of document {row.source} has {longest:,} bytes of words and {len(row.labels):,} labels; Milvus "
            f"takes {LONGEST_TEXT:,} and {MOST_LABELS:,}. Use smaller chunks or fewer fields."
        )
    numbers = {name: int(getattr(row, name)) for name in ("chunk", "collection", "source", "born")}
    days = {"first_day": int(row.first_day), "last_day": int(row.last_day)}
    vector = checked_vector(row.dense, dimension, f"A vector of document {row.source}")
    return {**numbers, **days, **texts, "labels": [int(label) for label in row.labels], "dense": vector}


def checked_vector(vector: np.ndarray, dimension: int, what: str) -> list[float]:
    """A vector as pymilvus takes it; Milvus Lite would take any numbers.

    Raises:
        FootnoteError: it is not of finite numbers, or not of the dimension.
    """
    numbers = np.asarray(vector, np.float32).reshape(-1)
    if len(numbers) != dimension or not np.isfinite(numbers).all():
        raise FootnoteError(
            f"{what} is not {dimension} finite numbers, as the vectors of this index are: the embedder does not work "
            "as it should. Look for the cause with: footnote doctor"
        )
    values: list[float] = numbers.tolist()
    return values


def written(tokens: Iterable[str]) -> str:
    """Tokens with blanks between them, in letters and digits of ASCII: another is written as its UTF-8 in hexadecimal.

    >>> written(["naïv", "co2"])
    'xx6e61c3af76 co2'
    """
    return " ".join(
        token if token.isascii() and token.isalnum() else f"xx{token.encode('utf-8', 'surrogatepass').hex()}"
        for token in tokens
    )


def shape_of(dimension: int, *, exact: bool) -> Shape:
    """The fields and indexes of the collection."""
    number: dict[str, Any] = {}
    text = {"max_length": LONGEST_TEXT, "enable_analyzer": True}
    fields = (
        ("chunk", "INT64", {"is_primary": True}),
        ("collection", "INT64", {"is_partition_key": True}),
        *((name, "INT64", number) for name in ("source", "born", "first_day", "last_day")),
        ("labels", "ARRAY", {"element_type": "INT64", "max_capacity": MOST_LABELS}),
        ("words", "VARCHAR", text),
        ("head", "VARCHAR", text),
        ("dense", "FLOAT_VECTOR", {"dim": dimension}),
        ("words_bm25", "SPARSE_FLOAT_VECTOR", number),
        ("head_bm25", "SPARSE_FLOAT_VECTOR", number),
    )
    bm25 = ("BM25", "SPARSE_INVERTED_INDEX", {"bm25_k1": K1, "bm25_b": B})
    dense = ("IP", "FLAT", number) if exact else ("IP", "HNSW", {"M": 16, "efConstruction": 200})
    return Shape(
        fields,
        {"words": "words_bm25", "head": "head_bm25"},
        {"dense": dense, "words_bm25": bm25, "head_bm25": bm25},
    )
