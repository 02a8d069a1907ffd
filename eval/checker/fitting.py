"""Fits the weights of a logistic score on labelled cases, each kind counting the same; ridge, by Newton's method.

Fit on some sets and report on others: nothing here splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from eval.checker.cases import SupportCase
from eval.checker.scoring import Checked

STEPS = 50


def signs_of(checked: Sequence[Checked], logits: np.ndarray | None = None) -> np.ndarray:
    """The columns that a blend weighs: one, coverage, grave, loose, and a model's logit where given; (n, 4 or 5)."""
    rows = np.array([(1.0, *one.signs) for one in checked], dtype=np.float64).reshape(len(checked), 4)
    return rows if logits is None else np.column_stack([rows, logits])


def case_weights(cases: Sequence[SupportCase]) -> np.ndarray:
    """A weight for each case, (n,) float64 with mean 1, by which true and changed, and the kinds of each, are equal."""
    counts = Counter(case.kind for case in cases)
    kinds = {label: sum(1 for kind in counts if _is_true(cases, kind) == label) for label in (True, False)}
    weights = np.array([1 / (counts[case.kind] * kinds[case.is_true]) for case in cases])
    scaled: np.ndarray = weights * (len(cases) / weights.sum())
    return scaled


def fit_logistic(columns: np.ndarray, labels: np.ndarray, weights: np.ndarray, *, ridge: float = 1.0) -> np.ndarray:
    """The weights of a logistic regression with a ridge on all but the first column (Hastie et al. 2009, section 4.4).

    Args:
        columns: (n, m) float64, the first one all ones.
        labels: (n,) of 0 and 1.
        weights: (n,) float64, how much each row counts.
        ridge: half its product with the squared weights is added to the loss.

    Returns:
        (m,) float64.
    """
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 1e-9
    fitted = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chances = probabilities(columns, fitted)
        slope = columns.T @ (weights * (labels - chances)) - penalty * fitted
        curve = (columns * (weights * chances * (1 - chances))[:, np.newaxis]).T @ columns + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        fitted += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return fitted


def probabilities(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The logistic score of each row, (n,) float64 between 0 and 1."""
    chances: np.ndarray = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
    return chances


def _is_true(cases: Sequence[SupportCase], kind: str) -> bool:
    return next(case.is_true for case in cases if case.kind == kind)
