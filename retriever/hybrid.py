"""Hybrid retrieval: dense, lexical and heading candidates, fused by their scores, reranked, folded and joined.

Every stage is a plain function; `retrieve` runs them in a row, `retrieve_stages` shows what each of them ranks. What
this module does not do: load models, or decide how long a cross-encoder may read (`retriever.reranking` does).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from retriever.folding import fold_duplicates
from retriever.fusion import fuse_scores, reciprocal_rank_fusion
from retriever.joining import join_neighbours
from retriever.lexical import heading_words, question_words
from retriever.query import Query, parse_query
from retriever.reranking import Reranking, rerank
from schema import Filter, Passage, Words

CANDIDATES = 100
"""Passages asked of each view before fusion."""
DENSE, LEXICAL, HEADINGS = 0.65, 0.35, 0.05
"""Weights of the views (docs/decisions/011-retrieval.md)."""
QUESTION_SHARE = 0.5
"""Weight of the question's own vector beside that of the question with its scenario."""
HEADED = 30
"""Passages whose titles and headings fit the question best, of which the others have none of the headings' weight."""
FOLDED = 2
"""Times as many passages as are wanted among which near-duplicates are looked for."""
SETTLED = 0.5
"""Standard deviations between the first and the second passage from which the first is not questioned further."""


Place = tuple[str, int, int]
"""A source's id and two offsets."""


class CandidateIndex(Protocol):
    """An index that can be searched by vector and by words; both give passages ranked from 1, best first."""

    def dense(self, query: np.ndarray, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """By inner product with a query vector, (dimension,) float32."""

    def lexical(self, words: Words, top_k: int, *, within: Filter | None = None) -> list[Passage]:
        """By BM25 for any of some words."""

    def vectors(self, chunk_ids: Sequence[str]) -> np.ndarray:
        """The stored vectors of chunks, (n, dimension) float32, in the order of the ids."""

    def span(self, source_id: str, start: int, end: int) -> str:
        """The text of a source between two offsets, exactly."""


@dataclass(frozen=True, slots=True)
class Searching:
    """What a question is searched with: the index, its own embedder for queries, and which documents may be found."""

    index: CandidateIndex
    embed_query: Callable[[str], list[float]]
    within: Filter | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage of retrieval ranked, best first, and the milliseconds from the question to its ranking."""

    passages: list[Passage]
    ms: float


def retrieve(
    question: str, searching: Searching, *, top_k: int, reranking: Reranking | None = None, join: bool = False
) -> list[Passage]:
    """The best passages for a question, best first; at most ``top_k``.

    Args:
        question: what to search for; any text.
        searching: where, and with what.
        top_k: how many passages at most.
        reranking: the cross-encoder and what it may read; ``None`` leaves the fused order.
        join: make neighbours one passage, for who reads passages; who picks sentences needs each under its heading.
    """
    query = parse_query(question)
    views = find_candidates(query, searching, max(CANDIDATES, top_k))
    ranked = fuse(views, searching.index)
    if reranking and not is_settled(ranked, views):
        ranked = rerank(query.question, ranked, reranking)
    shown = FOLDED * top_k
    folded = [*fold_duplicates(ranked[:shown]), *ranked[shown:]]
    if join:
        return _joined(folded, top_k, searching.index.span)
    return [replace(passage, rank=rank) for rank, passage in enumerate(folded[:top_k], start=1)]


def _joined(ranked: Sequence[Passage], top_k: int, span: Callable[[str, int, int], str]) -> list[Passage]:
    """The first passages with their neighbours joined; more of the ranking is taken until there are ``top_k`` again."""
    taken = top_k
    while len(joined := join_neighbours(ranked[:taken], span)) < top_k and taken < len(ranked):
        taken += top_k - len(joined)
    return joined[:top_k]


def retrieve_stages(
    question: str, searching: Searching, *, depth: int, reranking: Reranking | None = None
) -> dict[str, Stage]:
    """Each stage of retrieval on its own, for evaluation: the views, their fusion by rank and by score, and reranked.

    ``reranked`` is every question's, also where the policy would spare it. The times of ``dense`` and ``lexical`` are
    their own, side by side; those of the others run from the question on.
    """
    query, started = parse_query(question), time.monotonic()
    views = find_candidates(query, searching, depth, headed=depth)
    found_ms = _ms_since(started)
    fused = fuse(views, searching.index)
    fused_ms = _ms_since(started)
    stages = {
        "dense": Stage(views.dense, views.dense_ms),
        "lexical": Stage(views.lexical, views.lexical_ms),
        "headings": Stage(views.headings, found_ms),
        "fused by rank": Stage(reciprocal_rank_fusion([views.dense, views.lexical], top_k=depth), found_ms),
        "fused": Stage(fused[:depth], fused_ms),
    }
    if reranking:
        started = time.monotonic()
        reranked = rerank(query.question, fused, reranking)
        stages["reranked"] = Stage(reranked[:depth], fused_ms + _ms_since(started))
    return stages


@dataclass(frozen=True, slots=True)
class Views:
    """What each view of the index ranked for a question, best first; ``vector`` is what the dense one searched with."""

    vector: np.ndarray
    dense: list[Passage]
    lexical: list[Passage]
    headings: list[Passage]
    dense_ms: float
    lexical_ms: float


def find_candidates(query: Query, searching: Searching, depth: int, *, headed: int = HEADED) -> Views:
    """Ask each view of the index for its best passages, at most ``depth``, and ``headed`` by their headings."""
    index, within = searching.index, searching.within

    def by_words() -> tuple[list[Passage], list[Passage], float]:
        started = time.monotonic()
        lexical = index.lexical(question_words(query.text), depth, within=within)
        lexical_ms = _ms_since(started)
        return lexical, index.lexical(heading_words(query.question), headed, within=within), lexical_ms

    # SQLite looks for the words while the embedder reads the question: each takes about as long as the other.
    with ThreadPoolExecutor(1) as other:
        found = other.submit(by_words)
        started = time.monotonic()
        vector = _query_vector(query, searching)
        dense = index.dense(vector, depth, within=within)
        dense_ms = _ms_since(started)
        lexical, headings, lexical_ms = found.result()
    return Views(vector, dense, lexical, headings, dense_ms, lexical_ms)


def fuse(views: Views, index: CandidateIndex) -> list[Passage]:
    """The candidates of the dense and the lexical view in one ranking, by the standardised scores of all views.

    Candidates are the first ``CANDIDATES`` of each, whatever was asked for, so that a longer list begins like a shorter
    one. What is further down follows by its ranks alone.
    """
    candidates, by_view = score_candidates(views, index)
    if not candidates:
        return []
    scores = fuse_scores(list(zip(by_view, (DENSE, LEXICAL, HEADINGS), strict=True))).tolist()
    order = sorted(range(len(candidates)), key=lambda number: (-scores[number], _place(candidates[number])))
    ranked = [
        replace(candidates[number], score=scores[number], rank=rank, origin="fused")
        for rank, number in enumerate(order, start=1)
    ]
    return ranked + _following(ranked, views)


def _following(ranked: Sequence[Passage], views: Views) -> list[Passage]:
    """What the views listed below the candidates, scored below the last of these."""
    if max(len(views.dense), len(views.lexical)) <= CANDIDATES:
        return []
    held = {_place(passage) for passage in ranked}
    listed = reciprocal_rank_fusion([views.dense, views.lexical], top_k=len(views.dense) + len(views.lexical))
    below = [passage for passage in listed if _place(passage) not in held]
    return [
        replace(passage, score=ranked[-1].score - 1 + passage.score, rank=rank)
        for rank, passage in enumerate(below, start=len(ranked) + 1)
    ]


def score_candidates(views: Views, index: CandidateIndex) -> tuple[list[Passage], np.ndarray]:
    """The candidates with their scores in each view: dense, lexical and headings, (3, n) float64.

    What the lexical views did not list scores 0 in them; what the dense view did not list is scored by its stored
    vector, so that every candidate has its true cosine. Headings alone make no candidate: they repeat too often.
    """
    dense, lexical, headings = views.dense[:CANDIDATES], views.lexical[:CANDIDATES], views.headings[:HEADED]
    candidates = {_place(passage): passage for passage in (*dense, *lexical)}
    cosines = {_place(passage): passage.score for passage in dense}
    unlisted = [place for place in candidates if place not in cosines]
    if unlisted:
        vectors = index.vectors([candidates[place].chunk.chunk_id for place in unlisted])
        cosines.update(zip(unlisted, (vectors @ views.vector).tolist(), strict=True))
    scores = [[cosines[place] for place in candidates], _scores(lexical, candidates), _scores(headings, candidates)]
    return list(candidates.values()), np.array(scores)


def is_settled(fused: Sequence[Passage], views: Views) -> bool:
    """Whether the views agree on the first passage, well before the second: then a cross-encoder changes nothing."""
    firsts = {_place(ranking[0]) for ranking in (fused, views.dense, views.lexical) if ranking}
    if not fused or not views.dense or not views.lexical or len(firsts) > 1:
        return False
    return len(fused) == 1 or fused[0].score - fused[1].score > SETTLED


def _query_vector(query: Query, searching: Searching) -> np.ndarray:
    """The vector to search with, (dimension,) float32: of the whole text, leaning towards what it asks."""
    vector = np.asarray(searching.embed_query(query.text), dtype=np.float32)
    if query.question == query.text:
        return vector
    mixed = vector + QUESTION_SHARE * np.asarray(searching.embed_query(query.question), dtype=np.float32)
    return mixed / max(float(np.linalg.norm(mixed)), 1e-12)


def _scores(passages: Sequence[Passage], places: Iterable[Place]) -> list[float]:
    found = {_place(passage): passage.score for passage in passages}
    return [found.get(place, 0.0) for place in places]


def _place(passage: Passage) -> Place:
    """What tells a passage from others, at less cost than the hash of its text."""
    chunk = passage.chunk
    return chunk.source_id, chunk.start, chunk.end


def _ms_since(started: float) -> float:
    return (time.monotonic() - started) * 1000


class HybridRetriever(BaseRetriever):
    """LangChain's retriever over `retrieve`; what it loses (LangChain's interface has none) is the type of the scores.

    Attributes:
        search: (question, k) -> at most k passages, best first.
        to_document: passage -> LangChain document.
        k: how many passages; ``invoke(question, k=...)`` asks for another number once.
    """

    search: Callable[[str, int], list[Passage]]
    to_document: Callable[[Passage], Document]
    k: int = 8

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        return [self.to_document(passage) for passage in self.search(query, int(kwargs.get("k", self.k)))]
