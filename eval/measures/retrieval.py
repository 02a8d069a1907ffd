"""Retrieval: how high the sources stand that hold the evidence.

Over whole sources: several passages of one count once, where the first of them stands. A source that nobody judged is
not relevant. The formulas are trec_eval's (linear gain), so that figures can be put beside published ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import numpy as np

from eval.measures.declaration import Judged, Measure, has_evidence

TREC_EVAL = "trec_eval, https://github.com/usnistgov/trec_eval"
JARVELIN = "Järvelin, Kekäläinen 2002, doi:10.1145/582415.582418"
BUCKLEY = "Buckley, Voorhees 2005, in TREC: Experiment and Evaluation in Information Retrieval"
VOORHEES = "Voorhees 1999, The TREC-8 Question Answering Track Report"


def rank_run(scores: Mapping[str, float]) -> list[str]:
    """The order that trec_eval gives a run: falling scores in 32 bits, and ties from the last name to the first.

    >>> rank_run({"a": 1.0, "b": 2.0, "c": 1.0})
    ['b', 'c', 'a']
    """
    return sorted(sorted(scores, reverse=True), key=lambda name: -float(np.float32(scores[name])))


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first k: each grade over log2(1 + rank), as a share of the best."""
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k]
    gained = (max(grades.get(source, 0), 0) for source in islice(ranking, k))
    return _discounted(gained) / _discounted(ideal) if ideal else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Share of the relevant sources that are among the first k."""
    relevant = sum(grade > 0 for grade in grades.values())
    return sum(_relevant(ranking[:k], grades)) / relevant if relevant else 0.0


def precision(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Share of the first k places that hold a relevant source; an empty place holds none."""
    return sum(_relevant(ranking[:k], grades)) / k


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """One over the rank of the first relevant source, 0 when it is not among the first k."""
    return next((1 / rank for rank, hit in enumerate(_relevant(ranking[:k], grades), start=1) if hit), 0.0)


def average_precision(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """Mean over all relevant sources of the precision at the rank of each, 0 for those that were not found."""
    ranks = [rank for rank, hit in enumerate(_relevant(ranking, grades), start=1) if hit]
    relevant = sum(grade > 0 for grade in grades.values())
    return sum(found / rank for found, rank in enumerate(ranks, start=1)) / relevant if relevant else 0.0


def _relevant(ranking: Sequence[str], grades: Mapping[str, int]) -> list[bool]:
    return [grades.get(source, 0) > 0 for source in ranking]


def _discounted(gains: Iterable[int]) -> float:
    return sum(gain / math.log2(1 + rank) for rank, gain in enumerate(gains, start=1))


def _ndcg_at(k: int) -> Measure:
    return _measure(
        f"nDCG@{k}",
        f"How near the order of the first {k} sources comes to the best possible one, the top counting most.",
        JARVELIN,
        lambda judged: ndcg(judged.ranking, judged.grades, k),
    )


def _recall_at(k: int) -> Measure:
    first = "source" if k == 1 else f"{k} sources"
    return _measure(
        f"recall@{k}",
        f"Share of the sources that hold the evidence that are found among the first {first}.",
        TREC_EVAL,
        lambda judged: recall(judged.ranking, judged.grades, k),
    )


def _measure(name: str, definition: str, reference: str, of: Callable[[Judged], float]) -> Measure:
    return Measure(name, "retrieval", definition, reference, "share", "higher", 0.0, has_evidence, of)


MEASURES = (
    _ndcg_at(10),
    _ndcg_at(5),
    _recall_at(1),
    _recall_at(5),
    _recall_at(10),
    _recall_at(100),
    _measure(
        "precision@5",
        "Share of the first 5 places that hold a source with evidence.",
        TREC_EVAL,
        lambda judged: precision(judged.ranking, judged.grades, 5),
    ),
    _measure(
        "RR@10",
        "One over the rank of the first source with evidence, nothing when it is not among the first 10.",
        VOORHEES,
        lambda judged: reciprocal_rank(judged.ranking, judged.grades, 10),
    ),
    _measure(
        "AP",
        "Precision at the rank of each source with evidence, averaged over them; the mean over questions is MAP.",
        BUCKLEY,
        lambda judged: average_precision(judged.ranking, judged.grades),
    ),
)
