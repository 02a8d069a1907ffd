"""Reciprocal rank fusion: one ranking from several, by ranks alone.

Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
SIGIR 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema import Passage

RANK_CONSTANT = 60
"""The paper's k: how slowly the weight of a rank falls."""


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Passage]], *, top_k: int) -> list[Passage]:
    """Fuse rankings of the same index; the score of a passage is the sum of 1 / (60 + rank) over the rankings.

    Ties are broken by chunk id, so that the same rankings always give the same order.
    """
    scores: dict[str, float] = {}
    passages: dict[str, Passage] = {}
    for ranking in rankings:
        for passage in ranking:
            key = passage.chunk.chunk_id
            passages.setdefault(key, passage)
            scores[key] = scores.get(key, 0.0) + 1.0 / (RANK_CONSTANT + passage.rank)
    best = sorted(scores, key=lambda key: (-scores[key], key))[:top_k]
    return [
        replace(passages[key], score=scores[key], rank=rank, origin="fused") for rank, key in enumerate(best, start=1)
    ]
