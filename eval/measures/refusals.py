"""Refusals: whether a system answers what its documents answer, refuses the rest, and knows how sure it may be.

A question without a result is worst in every figure: a false answer, a false refusal, on the wrong side of the AUROC,
and in the risk-coverage curve a wrong answer that was given with the greatest confidence.
"""

from __future__ import annotations

import numpy as np

from eval.measures.answers import gold_in_answer_or_quote
from eval.measures.declaration import Helper, Judged, Measure, Summary, answerable
from eval.measures.matching import can_hold_gold, holds_gold
from eval.records import Columns, EvalCase

SQUAD2 = "Rajpurkar, Jia, Liang 2018, arXiv:1806.03822"
HANLEY = "Hanley, McNeil 1982, doi:10.1148/radiology.143.1.7063747"
GEIFMAN = "Geifman, El-Yaniv 2017, arXiv:1705.08500"


def answerability_auroc(columns: Columns) -> float | None:
    """How often an answerable question gets a higher confidence than an unanswerable one, ties by half.

    The Mann-Whitney statistic over all pairs of the two. Where a system states a confidence for some questions, it is
    taken to be least sure of the others; where it states none at all there is nothing to tell.
    """
    confidence = _confidence(columns)
    if confidence is None:
        return None
    known, failed = columns["answerable"] == 1, columns["failed"] == 1
    confidence[failed] = np.where(known[failed], -np.inf, np.inf)
    high, low = confidence[known], np.sort(confidence[~known])
    if not high.size or not low.size:
        return None
    high.sort()  # neighbours look in the same place
    below = np.searchsorted(low, high, "left").sum(dtype=np.float64)
    equal = np.searchsorted(low, high, "right").sum(dtype=np.float64) - below
    return float((below + equal / 2) / (high.size * low.size))


def risk_coverage_curve(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Share of wrong answers among the surest, as more and more of them are let through.

    Answers stand in falling order of confidence, those of equal confidence in any order (their risk is the mean over
    all orders). What was refused is not covered, however low the threshold. Any answer to an unanswerable question is
    wrong. Answers of which the case can't tell whether they are right are left out.

    Returns:
        coverage: (answers,) float64, rising, the share of the questions let through, up to the share answered.
        risk: (answers,) float64 in [0, 1], the share of these that are wrong. Both empty when nothing was answered or
        no confidence stated.
    """
    confidence, right = _confidence(columns), columns["right"]
    answered = columns["answered"] == 1
    covered = answered & ~np.isnan(right)
    if confidence is None or not covered.any():
        return np.empty(0), np.empty(0)
    confidence[columns["failed"] == 1] = np.inf
    order = np.argsort(-confidence[covered])
    sure, wrong = confidence[covered][order], 1 - right[covered][order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) + 1  # of the groups of equal confidence
    counts = np.arange(1, sure.size + 1)
    expected = np.interp(counts, np.append(0, ends), np.append(0, np.cumsum(wrong)[ends - 1]))
    questions = right.size - (answered & np.isnan(right)).sum()
    return counts / questions, expected / counts


def risk_coverage_area(columns: Columns) -> float | None:
    """The mean risk over all coverages that the system reaches, from its surest answer to all of its answers."""
    _, risk = risk_coverage_curve(columns)
    return float(risk.mean()) if risk.size else None


def _confidence(columns: Columns) -> np.ndarray | None:
    """A copy of the confidences, below all others where there is none; ``None`` when the system states none."""
    missing = np.isnan(columns["confidence"])
    if missing.all() and not (columns["failed"] == 1).all():
        return None
    return np.where(missing, np.finfo(np.float64).min, columns["confidence"])


def _right(judged: Judged) -> float | None:
    """Whether an answer is right, as far as the case tells: by its expected answers, else by its evidence."""
    if judged.outcome.error:
        return 0.0
    if not judged.answered:
        return None
    if judged.case.unanswerable:
        return 0.0
    if judged.case.answers:
        return gold_in_answer_or_quote(judged)
    return float(holds_gold(judged.cited, judged.case)) if can_hold_gold(judged.case) else None


def _confidence_of(judged: Judged) -> float | None:
    return None if judged.outcome.error else judged.outcome.confidence


def _unanswerable(case: EvalCase) -> bool:
    return case.unanswerable


HELPERS = (
    Helper("answerable", lambda judged: float(not judged.case.unanswerable)),
    Helper("answered", lambda judged: float(judged.answered or bool(judged.outcome.error))),
    Helper("failed", lambda judged: float(bool(judged.outcome.error))),
    Helper("confidence", _confidence_of),
    Helper("right", _right),
)

MEASURES = (
    Measure(
        "false_answers",
        "refusals",
        "Share of the questions that the documents do not answer, and that were answered all the same.",
        SQUAD2,
        "share",
        "lower",
        1.0,
        _unanswerable,
        lambda judged: float(judged.answered),
    ),
    Measure(
        "false_refusals",
        "refusals",
        "Share of the questions that the documents answer, and that were refused.",
        SQUAD2,
        "share",
        "lower",
        1.0,
        answerable,
        lambda judged: float(not judged.answered),
    ),
)

SUMMARIES = (
    Summary(
        "answerability_auroc",
        "refusals",
        "How often an answerable question gets a higher confidence than an unanswerable one; by chance half of the "
        "time.",
        HANLEY,
        "share",
        "higher",
        ("confidence", "answerable", "failed"),
        answerability_auroc,
    ),
    Summary(
        "risk_coverage_area",
        "refusals",
        "Share of wrong answers, averaged from the surest answer alone to all that were given; to be read beside the "
        "false refusals, since refusing is no risk.",
        GEIFMAN,
        "share",
        "lower",
        ("confidence", "answered", "failed", "right"),
        risk_coverage_area,
    ),
)
