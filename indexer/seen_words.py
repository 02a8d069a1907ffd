"""Search by words for a reader of some collections: BM25 as an index of these alone would have it.

How rare a word is, and how long rows are on average, come from the rows that exist for the reader. From those of the
whole index a ranking would tell how often a word stands in documents that nobody may see here: Büttcher and Clarke, "A
security model for full-text file system search in multi-user environments", FAST 2005. FTS5 counts the whole table
only, so it is asked for each word alone; its score says how often the word stands in a row, and the rest is the formula
once more, to the last bit that of a separate index. What is left is time: a word is looked up in lists of the whole
index, in about 0.1 microseconds for each row that has it, wherever that is.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.engine import Scored, Weights
from indexer.full_text import DEEPER, MOST_COUNTS, Gate, admit, gate_of, scored_rows, words_of

K1, B = 1.2, 0.75
"""Of BM25, as FTS5 has them."""
LEAST_RARITY = 1e-6
"""What FTS5 gives a word that more than half of the rows have."""
DIGITS = 6
"""After the point, of how often a word stands in a row: a whole number where the columns weigh the same."""


class SeenWords:
    """The rows that exist for a reader, and how words are spread over them, in one generation.

    Args:
        connection: to the catalogue, inside a transaction of that generation, as for every search.
        ids: of the rows, (n,) int64, ascending.
    """

    def __init__(self, connection: sqlite3.Connection, ids: np.ndarray) -> None:
        self._connection = connection
        self._ids = ids
        self._sizes = row_sizes(connection, ids)
        # FTS5's own record of the whole table: rows, then tokens in each column.
        (record,) = connection.execute("SELECT block FROM chunk_fts_data WHERE id = 1").fetchone()
        rows, *tokens = numbers([record]).tolist()
        self._whole = _Table(rows, sum(tokens) / max(rows, 1))
        self._seen = _Table(len(ids), float(self._sizes.sum()) / max(len(ids), 1))
        self._counts: dict[str, tuple[int, int]] = {}

    def search(self, match: str, top_k: int, *, weights: Weights, among: np.ndarray) -> Scored:
        """Row ids with BM25 scores, higher is better, best first, ties by id; see `indexer.full_text.WordSearch`.

        Args:
            match: words and phrases joined by OR, in all columns or in some.
            top_k: how many at most.
            weights: of the columns.
            among: (n,) int64, ascending, of the reader's rows; only these are scored.

        Raises:
            ValueError: for an expression of another form.
        """
        words = words_of(match)
        if words is None:
            raise ValueError(f"{match!r} is not words joined by OR, as a reader of some collections needs it")
        if not len(among):
            return []
        gate = gate_of(words, self._rows, chunks=len(self._ids), among=len(among))
        rows = self._matching(gate.expression, among) if gate else among
        if not len(rows):  # no words of the gate, or never together: as without one
            gate, rows = None, among
        scores = {word: self._scores(word, rows, weights) for word in words}
        total = _added([scores[word] for word in words], len(rows))
        kept = np.flatnonzero(total)
        if gate:  # first by the score that counts the gate twice, as in a search of the whole
            kept = _best(total + _gate_scores(gate, scores, len(rows)), kept)[: DEEPER * top_k]
            kept.sort()
        return [(int(rows[place]), float(total[place])) for place in _best(total, kept)[:top_k]]

    def _scores(self, word: str, rows: np.ndarray, weights: Weights) -> np.ndarray:
        """The word's part of the score of each of these rows, (n,) float64; 0 where it does not stand."""
        scores = np.zeros(len(rows))
        seen, everywhere = self._count(word)
        if seen and (found := scored_rows(self._connection, word, -1, weights, rows)):
            ids, given = (np.array(column) for column in zip(*found, strict=True))
            sizes = self._sizes[np.searchsorted(self._ids, ids)]
            share = given / (self._whole.rarity(everywhere) * (K1 + 1.0))
            often = np.round(share / (1.0 - share) * self._whole.damping(sizes), DIGITS)
            own = self._seen.rarity(seen) * ((often * (K1 + 1.0)) / (often + self._seen.damping(sizes)))
            scores[np.searchsorted(rows, ids)] = own
        return scores

    def _matching(self, match: str, among: np.ndarray) -> np.ndarray:
        """Those of the rows, ascending, that an expression matches."""
        condition, bounds = admit(self._connection, among)
        rows = self._connection.execute(
            f"SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ? {condition}ORDER BY rowid",  # noqa: S608  (constants)
            (match, *bounds),
        )
        return np.fromiter((row[0] for row in rows), np.int64)

    def _rows(self, word: str) -> int:
        """How many of the reader's rows have a word or phrase."""
        return self._count(word)[0]

    def _count(self, word: str) -> tuple[int, int]:
        """How many rows have a word or phrase: of the reader's, and of all."""
        if word not in self._counts:
            if len(self._counts) > MOST_COUNTS:
                self._counts.clear()
            everywhere = "SELECT count(*) FROM chunk_fts WHERE chunk_fts MATCH ? "
            condition, bounds = admit(self._connection, self._ids)
            seen = self._connection.execute(everywhere + condition, (word, *bounds)).fetchone()[0]
            self._counts[word] = seen, self._connection.execute(everywhere, (word,)).fetchone()[0] if seen else 0
        return self._counts[word]


@dataclass(frozen=True, slots=True)
class _Table:
    """What BM25 asks of a table: its rows, and the tokens of one on average."""

    rows: int
    mean_size: float

    def rarity(self, having: int) -> float:
        """The weight of a word that so many rows have."""
        rarity = math.log((self.rows - having + 0.5) / (having + 0.5))
        return rarity if rarity > 0.0 else LEAST_RARITY

    def damping(self, sizes: np.ndarray) -> np.ndarray:
        """How often a word has to stand in rows of these sizes for half of its weight, (n,) float64."""
        damping: np.ndarray = K1 * (1.0 - B + B * sizes / self.mean_size)
        return damping


def row_sizes(connection: sqlite3.Connection, ids: np.ndarray) -> np.ndarray:
    """The tokens of each of these rows, (n,) int64, in all columns together; the ids ascend.

    Raises:
        sqlite3.DatabaseError: one of them is not there.
    """
    if not len(ids):
        return np.zeros(0, np.int64)
    condition, bounds = admit(connection, ids)
    rows = connection.execute(
        f"SELECT sz FROM (SELECT id AS rowid, sz FROM chunk_fts_docsize) WHERE 1 {condition}ORDER BY rowid",  # noqa: S608
        bounds,
    )
    blobs = [row[0] for row in rows]
    if len(blobs) != len(ids):
        raise sqlite3.DatabaseError("the full-text index does not hold all passages")
    sizes: np.ndarray = numbers(blobs).reshape(len(ids), -1).sum(axis=1)
    return sizes


def numbers(blobs: Sequence[bytes]) -> np.ndarray:
    """The whole numbers in blobs of FTS5, (n,) int64: 7 bits a byte, highest first, the last byte below 128.

    >>> numbers([bytes([5]), bytes([0x86, 0x8D, 0x20])]).tolist()
    [5, 100000]
    """
    data = np.frombuffer(b"".join(blobs), np.uint8)
    ends = np.flatnonzero(data < 128)
    starts = np.concatenate([[0], ends[:-1] + 1])
    after = np.repeat(ends, ends - starts + 1) - np.arange(len(data))
    values: np.ndarray = np.add.reduceat((data & 127).astype(np.int64) << (7 * after), starts)
    return values


def _added(scores: Sequence[np.ndarray], count: int) -> np.ndarray:
    """The sum of these, (count,) float64, in their order, as rounding depends on it."""
    total = np.zeros(count)
    for one in scores:
        total += one
    return total


def _gate_scores(gate: Gate, scores: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """What FTS5 gives rows for an expression of the gate."""
    together = [scores[word] for word in gate.together]
    has_all = np.all([one > 0 for one in together], axis=0) if together else np.zeros(count, np.bool_)
    return _added([scores[word] for word in gate.rare], count) + np.where(has_all, _added(together, count), 0.0)


def _best(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The places, which ascend, by their scores, best first."""
    best: np.ndarray = places[np.argsort(-scores[places], kind="stable")]
    return best
