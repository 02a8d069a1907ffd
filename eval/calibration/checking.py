"""Checks a calibration on questions that it was not fitted on: does it rank, are its probabilities true, what it costs.

Each figure is one of the field's own; nothing here fits or asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.calibration.fitting import Example, operating_point
from eval.comparison.statistics import interval_of_statistic
from eval.measures.refusals import answerability_auroc, risk_coverage_curve
from generator.refusing.calibration import Calibration, Operating, Promise
from schema import FootnoteError

BINS = 10
SEED = 20260101
"""Of the resampling for intervals."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a calibration is worth on a set of questions.

    ``auroc`` is how often an answerable question gets the higher probability, with its 95 % interval; ``alone`` the
    same for the best sentence's logit by itself. ``brier`` is the mean squared distance between probability and truth
    (0 is best; a constant guess of one half has 0.25). ``calibration_error`` is how far probabilities are from the
    shares that came true, on average over ten bins. ``points`` says what each promise came to here: its words, and what
    the threshold that keeps it on the questions fitted means on these. ``curve`` holds (coverage, risk), surest first.
    """

    questions: int
    answerable: int
    auroc: float | None
    interval: tuple[float, float] | None
    alone: float | None
    brier: float
    calibration_error: float
    points: tuple[tuple[str, Operating], ...]
    curve: tuple[tuple[float, float], ...]


def check_calibration(examples: Sequence[Example], calibration: Calibration, promises: Sequence[Promise]) -> Check:
    """Judge a calibration on examples that it was not fitted on, of which there is at least one.

    Promises that no threshold keeps on the questions fitted are left out.
    """
    likely = np.array([calibration.probability(one.signals) for one in examples])
    truth = np.array([float(one.answerable) for one in examples])
    logits = np.array([_or_nan(one.signals.get("sentence")) for one in examples])
    area = auroc(likely, truth)
    return Check(
        questions=len(examples),
        answerable=int(truth.sum()),
        auroc=area,
        interval=auroc_interval(likely, truth) if area is not None else None,
        alone=auroc(logits, truth),
        brier=brier_score(likely, truth),
        calibration_error=calibration_error(likely, truth),
        points=tuple(
            (str(promise), operating_point(examples, likely.tolist(), threshold))
            for promise in dict.fromkeys(promises)
            if (threshold := _kept_from(calibration, promise)) is not None
        ),
        curve=risk_coverage(examples, likely),
    )


def auroc(scores: np.ndarray, truth: np.ndarray) -> float | None:
    """The share of pairs that the scores rank rightly (`eval.measures.refusals`); ``None`` without any pair.

    Args:
        scores: (n,) float64, NaN where there is none.
        truth: (n,) float64, 1 for answerable.
    """
    return answerability_auroc({"confidence": scores, "answerable": truth, "failed": np.zeros(len(truth))})


def auroc_interval(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of the AUROC, over questions; NaN where too few of both kinds are drawn."""

    def drawn(rows: np.ndarray) -> float:
        area = auroc(scores[rows], truth[rows])
        return np.nan if area is None else area

    return interval_of_statistic(drawn, len(truth), rng=np.random.default_rng(SEED))


def brier_score(likely: np.ndarray, truth: np.ndarray) -> float:
    """The mean squared distance of probabilities from what came true (Brier 1950, Monthly Weather Review 78)."""
    return float(np.mean((likely - truth) ** 2))


def calibration_error(likely: np.ndarray, truth: np.ndarray, *, bins: int = BINS) -> float:
    """The expected calibration error: in bins of equal width, mean probability against the share that came true.

    Weighted by the questions in each bin (Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017, arXiv:1706.04599).
    """
    places = np.minimum((likely * bins).astype(int), bins - 1)
    gaps = np.bincount(places, weights=likely - truth, minlength=bins)
    return float(np.abs(gaps).sum() / len(likely))


def risk_coverage(examples: Sequence[Example], likely: np.ndarray) -> tuple[tuple[float, float], ...]:
    """(coverage, risk) from the surest answer to all of them, were nothing refused; empty where no set can tell."""
    if not any(one.answerable and one.right is not None for one in examples):
        return ()
    columns = {
        "confidence": likely.copy(),
        "right": np.array([np.nan if one.right is None else float(one.right) for one in examples]),
        "answered": np.ones(len(examples)),
        "failed": np.zeros(len(examples)),
    }
    coverage, risk = risk_coverage_curve(columns)
    return tuple(zip(coverage.tolist(), risk.tolist(), strict=True))


def _kept_from(calibration: Calibration, promise: Promise) -> float | None:
    """The threshold that keeps a promise on the questions fitted; ``None`` when none does."""
    try:
        return calibration.operating_point(promise).answer_from
    except FootnoteError:
        return None


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
