"""How an index grows: exact while that is fast enough, then in clusters whose recall is measured as they are made.

What this module does not do: keep files or generations (indexer/mirror.py). Its figures are those of
docs/decisions/012-an-index-that-grows.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from typing import Literal

import numpy as np

from indexer.clusters import ClusteredIndex
from indexer.records import all_ids, vectors_after, vectors_of

LARGEST_EXACT = 50_000
"""Chunks up to which every vector is scored; an index in clusters goes back to that at half of it."""
SAMPLE = 40
"""Vectors for each centroid that it is trained with."""
QUERIES = 256
"""Vectors that the training does not see, which stand in for questions when the recall is measured."""
NOISE = 1.0
"""Length of the noise that is added to each of these: a question is about as far from the chunk that answers it, at a
cosine of 0.7, while chunks have neighbours at 0.9 that are much easier to find (docs/decisions/012)."""
NEAREST = 10
"""Neighbours of each of them that should be found."""
TARGET = 0.98
"""Share of them to find, a little above the 0.97 that questions should get."""
CANDIDATES = 128
"""Vectors of 8 bits that are scored again with all their bits; twice what is asked for, if that is more."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """How clusters were made: of how many chunks, how many lists there are and are looked into, and what that finds."""

    trained: int
    lists: int
    probes: int
    recall: float


def wanted(count: int, clustering: Clustering | None) -> Literal["exact", "clusters", "new clusters"]:
    """How so many chunks should be searched from the next time that their file is written.

    Args:
        count: of the chunks.
        clustering: how they are clustered now; ``None`` when they are searched exactly.
    """
    if count <= (LARGEST_EXACT // 2 if clustering else LARGEST_EXACT):  # not to and fro at the border
        return "exact"
    if clustering and clustering.trained / 2 <= count <= 2 * clustering.trained:
        return "clusters"
    return "new clusters"


def lists_for(count: int) -> int:
    """Lists for so many chunks: twice the square root, so that choosing lists and looking into them cost the same."""
    return max(1, 2 * isqrt(count))


def build_clusters(connection: sqlite3.Connection, dimension: int) -> tuple[ClusteredIndex, Clustering]:
    """Train, fill and measure clusters of all chunks of a catalogue.

    Args:
        connection: inside a transaction; it holds more than `QUERIES` chunks.
        dimension: of every vector.
    """
    ids = all_ids(connection)
    lists = lists_for(len(ids))
    chance = np.random.default_rng(len(ids))
    drawn = chance.permutation(ids)[: QUERIES + SAMPLE * lists]
    queries, sample = np.sort(drawn[:QUERIES]), drawn[QUERIES:]
    asked = question_like(vectors_of(connection, queries, dimension)[1], chance)
    _, seen = vectors_of(connection, sample, dimension)
    clusters = ClusteredIndex.train(seen, lists=min(lists, len(seen)))
    exact = _Nearest(queries, asked)
    for keys, vectors in vectors_after(connection, -1, dimension):
        clusters.add(keys, vectors)
        exact.look_at(keys, vectors)
    probes, recall = choose_probes(clusters, asked, exact.ids)
    return clusters, Clustering(len(ids), clusters.lists, probes, recall)


def question_like(vectors: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Unit vectors as far from these, (n, dimension) float32, as questions are from chunks."""
    noise = chance.standard_normal(vectors.shape).astype(np.float32)
    moved = vectors + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    asked: np.ndarray = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return asked


def choose_probes(clusters: ClusteredIndex, queries: np.ndarray, nearest: np.ndarray) -> tuple[int, float]:
    """The fewest lists to look into that find `TARGET` of the nearest, to a fifth, and the share that they find.

    Args:
        clusters: filled.
        queries: (m, dimension) float32.
        nearest: (m, n) int64, the ids that exact search finds for each; -1 where there are fewer.
    """
    recall = 0.0
    for probes in _steps(clusters.lists):
        found = clusters.candidates(queries, CANDIDATES, probes=probes)
        # Scoring again keeps every one of the nearest that is among the candidates: at most n are better than it.
        recall = float(np.mean([np.isin(one[one >= 0], few).mean() for one, few in zip(nearest, found, strict=True)]))
        if recall >= TARGET:
            break
    return probes, recall


def _steps(lists: int) -> Iterator[int]:
    """1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, ...: each a fifth more than the last, up to all."""
    probes = 1
    while probes < lists:
        yield probes
        probes += max(1, probes // 5)
    yield lists


class _Nearest:
    """The nearest of some stored vectors among all that are looked at, without themselves."""

    def __init__(self, keys: np.ndarray, queries: np.ndarray) -> None:
        self.ids = np.full((len(keys), NEAREST), -1, np.int64)
        self._scores = np.full((len(keys), NEAREST), -np.inf, np.float32)
        self._keys, self._queries = keys, queries

    def look_at(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Take (n,) ids with their vectors, (n, dimension) float32, into account."""
        scores = self._queries @ vectors.T
        scores[self._keys[:, np.newaxis] == ids] = -np.inf
        scores = np.hstack([self._scores, scores])
        keys = np.hstack([self.ids, np.broadcast_to(ids, (len(self._keys), len(ids)))])
        best = np.argpartition(-scores, NEAREST - 1, axis=1)[:, :NEAREST]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self.ids = np.take_along_axis(keys, best, axis=1)
