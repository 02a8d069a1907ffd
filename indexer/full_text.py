"""Search by words: BM25 by FTS5, with a bound on the rows that are scored.

FTS5 scores every row that has any of the words, about a microsecond each, so that a question with common words costs
more the more there is. Above a budget of rows only those are scored that have one of its rarest words, or several of
its common ones together; their scores are those of the whole question. What is left out has a common word alone.
What this module does not do: count the documents of a reader of some collections alone (`indexer.seen_words`).

BM25: Robertson and Zaragoza, "The probabilistic relevance framework", 2009; FTS5's form: sqlite.org/fts5.html.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer.engine import Scored, Weights
from schema import Words

MOST_ROWS = 6_000
"""Rows scored for one question, in less than 10 ms; up to there the result is FTS5's own, row for row."""
GROWTH = 115
"""Chunks for each row more: a large index may take somewhat longer, to leave less out."""
DEEPER = 4
"""Times as many rows are ranked by the score that counts the gate twice as are wanted in the end."""
DIGITS = 12
"""After the point, to which a difference of two scores is right."""
MOST_COUNTS = 20_000
"""Words whose number of rows is remembered for as long as the generation stands."""

_ANY_OF = re.compile(r'(?P<columns>\{[^}]*\} : )?(?P<bracket>\()?(?P<words>"[^"]*"(?: OR "[^"]*")*)(?(bracket)\))')

_SEPARATORS = str.maketrans('"\0', "  ")
"""What would end a quoted word, or the expression; between words it says nothing."""


@dataclass(slots=True)
class WordSearch:
    """Search over one connection; it remembers how many rows have a word."""

    connection: sqlite3.Connection
    _generation: int = -1
    _counts: dict[str, int] = field(default_factory=dict)

    def search(
        self, match: str, top_k: int, *, weights: Weights, generation: int, among: np.ndarray | None = None
    ) -> Scored:
        """Row ids with BM25 scores, higher is better, best first, ties by id.

        Args:
            match: an FTS5 expression; the bound holds for words and phrases joined by OR, in all columns or in some:
                ``"a" OR "b"``, ``{title heading} : ("a" OR "b")``.
            top_k: how many at most.
            weights: of the columns.
            generation: of the catalogue's snapshot.
            among: (n,) int64, ascending; only these are scored when given.
        """
        if generation != self._generation or len(self._counts) > MOST_COUNTS:
            self._counts, self._generation = {}, generation
        if among is not None and not len(among):
            return []
        gate = self._gate(match, among)
        if gate is None:
            return scored_rows(self.connection, match, top_k, weights, among)
        # Every row of the gate has the whole question's score, and once more that of the gate itself: taken off again.
        found = scored_rows(self.connection, f"({gate}) AND ({match})", DEEPER * top_k, weights, among)
        if not found:
            return scored_rows(self.connection, match, top_k, weights, among)
        chosen = np.array(sorted(key for key, _ in found), np.int64)
        again = dict(scored_rows(self.connection, gate, len(found), weights, chosen))
        scored = [(key, round(score - again[key], DIGITS)) for key, score in found]  # what was equal is equal again
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:top_k]

    def _gate(self, match: str, among: np.ndarray | None) -> str | None:
        """An expression for the rows to score when all that match are too many; ``None`` when they are not."""
        if (words := words_of(match)) is None:
            return None
        chunks = int(self.connection.execute("SELECT count(*) FROM chunk").fetchone()[0])
        gate = gate_of(words, self._rows, chunks=chunks, among=chunks if among is None else len(among))
        return gate.expression if gate else None

    def _rows(self, word: str) -> int:
        """How many rows have a word or phrase."""
        if word not in self._counts:
            row = self.connection.execute("SELECT count(*) FROM chunk_fts WHERE chunk_fts MATCH ?", (word,)).fetchone()
            self._counts[word] = int(row[0])
        return self._counts[word]


@dataclass(frozen=True, slots=True)
class Gate:
    """Which rows are scored: those with one of these words, or with all of those together."""

    rare: Sequence[str]
    together: Sequence[str]

    @property
    def expression(self) -> str:
        """The same for FTS5."""
        parts = [*self.rare, f"({' AND '.join(self.together)})"] if self.together else self.rare
        return " OR ".join(parts)


def match_expression(words: Words) -> str:
    """The FTS5 expression for any of these, each quoted, so that none is an operator; empty for none.

    >>> match_expression(Words(("fee", "not"), ("12 3 a",), headings_only=True))
    '{title heading} : ("12 3 a" OR "fee" OR "not")'
    """
    quoted = (term.translate(_SEPARATORS) for term in (*words.phrases, *words.terms))
    expression = " OR ".join(f'"{term}"' for term in quoted)
    return f"{{title heading}} : ({expression})" if expression and words.headings_only else expression


def words_of(match: str) -> list[str] | None:
    """The words and phrases that an expression joins by OR, each with its columns; ``None`` for another form.

    >>> words_of('{title heading} : ("a" OR "b c")')
    ['{title heading} : "a"', '{title heading} : "b c"']
    """
    if not (form := _ANY_OF.fullmatch(match)):
        return None
    return [f"{form['columns'] or ''}{word}" for word in re.findall(r'"[^"]*"', form["words"])]


def gate_of(words: Sequence[str], rows: Callable[[str], int], *, chunks: int, among: int) -> Gate | None:
    """The gate for a question of these words; ``None`` where all rows that match can be scored.

    Args:
        words: of the question.
        rows: word -> how many rows have it.
        chunks: how many rows there are.
        among: how many of them are searched.
    """
    words = sorted((word for word in {*words} if rows(word)), key=lambda word: (rows(word), word))
    if len(words) < 2 or sum(map(rows, words)) <= MOST_ROWS:
        return None
    share = among / max(chunks, 1)
    expected, most = share * np.cumsum([rows(word) for word in words]), MOST_ROWS + chunks // GROWTH
    if expected[-1] <= most:
        return None
    rare = int(np.searchsorted(expected, most / 2, side="right"))
    common = words[rare:]
    return Gate(words[:rare], _together(common, rows, chunks, most / 2 / share) if len(common) >= 2 else ())


def _together(words: Sequence[str], rows: Callable[[str], int], chunks: int, most: float) -> Sequence[str]:
    """As many of these words, at least two, as make rows that have them all few: if they came independently."""
    expected, count = rows(words[0]) * rows(words[1]) / chunks, 2
    while expected > most and count < len(words):
        expected, count = expected * rows(words[count]) / chunks, count + 1
    return words[:count]


def scored_rows(
    connection: sqlite3.Connection, match: str, top_k: int, weights: Weights, among: np.ndarray | None
) -> Scored:
    """What FTS5 itself finds, with the statistics of the whole table; ``top_k`` below 0 for all of it."""
    condition, bounds = "", list[int]()
    if among is not None:
        condition, bounds = admit(connection, among)
    return connection.execute(
        "SELECT rowid, -bm25(chunk_fts, ?, ?, ?) AS score FROM chunk_fts "  # noqa: S608  (constants)
        f"WHERE chunk_fts MATCH ? {condition}ORDER BY score DESC, rowid LIMIT ?",
        (*weights, match, *bounds, top_k),
    ).fetchall()


def admit(connection: sqlite3.Connection, among: np.ndarray) -> tuple[str, list[int]]:
    """A condition that holds for these rows, (n,) int64, ascending, n > 0, until the next call; and its parameters."""
    connection.create_function("is_admitted", 1, _members(among).__getitem__, deterministic=True)
    return "AND rowid BETWEEN ? AND ? AND is_admitted(rowid) ", [int(among[0]), int(among[-1])]


def _members(ids: np.ndarray) -> bytes:
    """1 at the place of each id, 0 elsewhere; SQLite asks for places between the first and the last."""
    mask = np.zeros(int(ids[-1]) + 2, np.uint8)
    mask[ids] = 1
    return mask.tobytes()
