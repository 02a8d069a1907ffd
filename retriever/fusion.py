"""One ranking from several views of the same candidates: by their scores, or by their ranks alone.

Footnote fuses scores. Each view's are brought to the same mean and spread over the candidates of one question and then
added with weights; so a view that finds one passage far better than all others says so, which ranks can't. The
comparison of the two, and of ways to bring scores together, is Bruch, Gai and Ingber, "An Analysis of Fusion Functions
for Hybrid Retrieval", ACM TOIS 2023. Ranks are fused for comparison only: Cormack, Clarke and Büttcher, "Reciprocal
rank fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schema import Passage

RANK_CONSTANT = 60
"""The paper's k: how slowly the weight of a rank falls."""


def fuse_scores(views: Sequence[tuple[np.ndarray, float]]) -> np.ndarray:
    """The weighted sum of standardised scores, (n,) float64: 0 is an average candidate, higher is better.

    Args:
        views: the scores of the same n candidates in each view, with the view's weight; the weights need no sum. A
            view that gives all candidates the same score says nothing.
    """
    total = np.zeros(len(views[0][0]))
    for scores, weight in views:
        total += weight * standardise(scores)
    return total


def standardise(scores: np.ndarray) -> np.ndarray:
    """Scores with mean 0 and standard deviation 1, (n,) float64; all 0 when they don't differ."""
    centred = np.asarray(scores, dtype=np.float64) - np.mean(scores, dtype=np.float64) if len(scores) else np.zeros(0)
    spread = centred.std() if len(centred) else 0.0
    return centred / spread if spread > 1e-12 else np.zeros(len(centred))


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
