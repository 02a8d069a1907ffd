"""Hybrid retrieval: dense and lexical candidates, fused by reciprocal rank, and the same as a LangChain retriever."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from retriever.fusion import reciprocal_rank_fusion
from retriever.lexical import match_expression
from schema import Passage

CANDIDATES = 50
"""Passages asked of each view before fusion."""
RERANKED = 30
"""Passages that the cross-encoder reads when its stage is evaluated."""


class CandidateIndex(Protocol):
    """An index that can be searched by vector and by words; both give passages ranked from 1, best first."""

    def dense(self, query: np.ndarray, top_k: int, *, collection: str | None = None) -> list[Passage]:
        """By inner product with a query vector, (dimension,) float32."""

    def lexical(self, match: str, top_k: int, *, collection: str | None = None) -> list[Passage]:
        """By BM25 for an FTS5 match expression."""


def retrieve(
    question: str,
    *,
    index: CandidateIndex,
    embed_query: Callable[[str], list[float]],
    top_k: int,
    collection: str | None = None,
) -> list[Passage]:
    """The best passages for a question, best first, from both views of the index.

    Args:
        question: what to search for; any text.
        index: where to search.
        embed_query: the index's own embedder, for queries.
        top_k: how many passages at most.
        collection: search one collection only; ``None`` searches all.
    """
    depth = max(CANDIDATES, top_k)
    dense = index.dense(np.asarray(embed_query(question), dtype=np.float32), depth, collection=collection)
    lexical = index.lexical(match_expression(question), depth, collection=collection)
    return reciprocal_rank_fusion([dense, lexical], top_k=top_k)


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage of retrieval ranked, best first, and the milliseconds from the question to its ranking."""

    passages: list[Passage]
    ms: float


def retrieve_stages(
    question: str,
    *,
    index: CandidateIndex,
    embed_query: Callable[[str], list[float]],
    score: Callable[[str, Sequence[str]], list[float]],
    depth: int,
) -> dict[str, Stage]:
    """Each stage of retrieval on its own, for evaluation: ``dense``, ``lexical``, ``fused`` and ``reranked``.

    Args:
        question: what to search for.
        index: where to search.
        embed_query: the index's own embedder, for queries.
        score: the cross-encoder, which reads the best ``RERANKED`` fused passages; the others follow as they were.
        depth: passages of each stage at most.
    """
    started = time.monotonic()
    dense = index.dense(np.asarray(embed_query(question), dtype=np.float32), depth)
    dense_ms = _ms_since(started)
    lexical = index.lexical(match_expression(question), depth)
    lexical_ms = _ms_since(started) - dense_ms
    fused = reciprocal_rank_fusion([dense, lexical], top_k=depth)
    fused_ms = _ms_since(started)
    reranked = _rerank(question, fused, score)
    return {
        "dense": Stage(dense, dense_ms),
        "lexical": Stage(lexical, lexical_ms),
        "fused": Stage(fused, fused_ms),
        "reranked": Stage(reranked, _ms_since(started)),
    }


def _rerank(
    question: str, passages: Sequence[Passage], score: Callable[[str, Sequence[str]], list[float]]
) -> list[Passage]:
    head = passages[:RERANKED]
    scores = score(question, [f"{passage.source.title}: {passage.chunk.text}" for passage in head])
    order = sorted(range(len(head)), key=lambda place: (-scores[place], place))
    ranked = [replace(head[place], score=scores[place], origin="reranked") for place in order]
    return [replace(one, rank=rank) for rank, one in enumerate((*ranked, *passages[RERANKED:]), start=1)]


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
