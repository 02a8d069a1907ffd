"""Fits the probability that the documents answer: logistic regression over standardised signals, in plain numpy.

Deterministic: the same questions give the same weights. What this module does not do: ask questions, or judge the fit
(`eval.calibration.checking`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from generator.refusing.calibration import Calibration, Feature, Operating
from schema import FootnoteError

PENALTY = 1.0
"""Half the squared sum of the standardised weights is charged this many times, against the log-likelihood's nats."""
ROUNDS, TOLERANCE = 100, 1e-10
FIXED = {"names_missing": -2.0}
"""Signals whose weight is set, in logits for each: question sets hold too few names that no document mentions to learn
what people's questions make plain ("and in Wales?")."""
MOST_ROWS = 100
"""Of a table; about one percent of the questions lies between two of its thresholds."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question of a set, with the signals of its evidence.

    ``right`` says whether an answer with these quotes would be right, ``None`` where the set can't tell; an answer to
    an unanswerable question never is.
    """

    question_id: str
    answerable: bool
    right: bool | None
    signals: Mapping[str, float | None]


def split_examples(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """The examples to fit on and those to check on: about half each, by a hash of the question's id.

    So the same question is on the same side in every run, whichever others are asked.
    """
    sides: tuple[list[Example], list[Example]] = [], []
    for one in examples:
        digest = hashlib.sha256(one.question_id.encode("utf-8", "surrogatepass")).digest()
        sides[digest[0] & 1].append(one)
    return sides


def fit_calibration(
    examples: Sequence[Example], names: Sequence[str], *, fitted_with: Mapping[str, str] | None = None
) -> Calibration:
    """Fit the weights of these signals, and tabulate what each threshold means on the same examples.

    A signal that no example has, or that is the same for all, is left out. One that an example lacks counts as the mean
    of those that have it, as it does where the calibration is used.

    Raises:
        FootnoteError: when there are not both answerable and unanswerable questions, or no signal tells them apart.
    """
    answerable = np.array([one.answerable for one in examples], dtype=np.float64)
    if not examples or answerable.all() or not answerable.any():
        raise FootnoteError(
            f"A calibration takes answerable and unanswerable questions; of these {len(examples)}, "
            f"{int(answerable.sum())} are answerable. Use a set with both, or ask more of it (--limit)."
        )
    columns = {name: np.array([_number(one.signals.get(name)) for one in examples]) for name in names}
    learnt = {name: column for name, column in columns.items() if name not in FIXED and _varies(column)}
    if not learnt:
        raise FootnoteError("No signal differs between these questions, so that there is nothing to calibrate.")
    fixed = {name: weight for name, weight in FIXED.items() if name in columns}
    offset = sum((weight * np.nan_to_num(columns[name]) for name, weight in fixed.items()), np.zeros(len(examples)))
    means, scales = ([of(column) for column in learnt.values()] for of in (np.nanmean, np.nanstd))
    standardised = np.nan_to_num((np.column_stack(list(learnt.values())) - means) / scales)
    bias, weights = fit_logistic(standardised, answerable, offset=offset)
    features = tuple(
        Feature(name, float(mean), float(scale), float(weight))
        for name, mean, scale, weight in zip(learnt, means, scales, weights, strict=True)
    ) + tuple(Feature(name, 0.0, 1.0, weight) for name, weight in fixed.items())
    untold = Calibration(features, bias, ())
    table = operating_points(examples, [untold.probability(one.signals) for one in examples])
    return Calibration(features, bias, tuple(table), dict(fitted_with or {}))


def fit_logistic(
    values: np.ndarray, labels: np.ndarray, *, offset: np.ndarray | float = 0.0, penalty: float = PENALTY
) -> tuple[float, np.ndarray]:
    """Bias and weights of a logistic regression with an L2 penalty on the weights, not on the bias.

    Newton's method, that is iteratively reweighted least squares (Hastie, Tibshirani, Friedman, The Elements of
    Statistical Learning, 2nd ed., section 4.4.1), with steps halved while they lead uphill. The loss is strictly convex
    in the weights, so that there is one result.

    Args:
        values: (n, m) float64, standardised.
        labels: (n,) float64, 0 or 1, both of them present.
        offset: (n,) float64, logits that are given.
        penalty: above 0.

    Returns:
        The bias, and the weights, (m,) float64.
    """
    design = np.column_stack([np.ones(len(values)), values])
    charges = np.full(design.shape[1], penalty)
    charges[0] = 0.0

    def loss(weights: np.ndarray) -> float:
        totals = design @ weights + offset
        return float((np.logaddexp(0.0, totals) - labels * totals).sum() + (charges * weights**2).sum() / 2)

    found = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        likely = 1.0 / (1.0 + np.exp(-np.clip(design @ found + offset, -500, 500)))
        slope = design.T @ (likely - labels) + charges * found
        curvature = (design * (likely * (1 - likely))[:, np.newaxis]).T @ design + np.diag(charges)
        step = np.linalg.solve(curvature, slope)
        while loss(found - step) > loss(found) and np.abs(step).max() > TOLERANCE:
            step = step / 2
        found = found - step
        if np.abs(step).max() <= TOLERANCE:
            break
    return float(found[0]), found[1:]


def operating_points(examples: Sequence[Example], probabilities: Sequence[float]) -> list[Operating]:
    """What answering from each threshold means on these examples, by rising threshold; the first answers everything.

    A threshold lies half way between two neighbouring probabilities, so that rounding turns no question over.
    """
    levels = sorted(set(probabilities))
    thresholds = [0.0] + [max((low + high) / 2, np.nextafter(low, 1)) for low, high in pairwise(levels)]
    if len(thresholds) > MOST_ROWS:
        thresholds = [thresholds[place] for place in np.linspace(0, len(thresholds) - 1, MOST_ROWS).round().astype(int)]
    return [operating_point(examples, probabilities, float(threshold)) for threshold in thresholds]


def operating_point(examples: Sequence[Example], probabilities: Sequence[float], answer_from: float) -> Operating:
    """What answering from this probability on means on these examples."""
    answered = [one for one, likely in zip(examples, probabilities, strict=True) if likely >= answer_from]
    judged = [one.right for one in answered if one.right is not None]
    can_tell = any(one.answerable and one.right is not None for one in examples)
    answerable = sum(one.answerable for one in examples)
    given = sum(one.answerable for one in answered)
    return Operating(
        answer_from=answer_from,
        answers=len(answered),
        answered=_share(len(answered), len(examples)) or 0.0,
        wrong=_share(judged.count(False), len(judged)) if can_tell else None,
        false_answers=_share(len(answered) - given, len(examples) - answerable),
        false_refusals=_share(answerable - given, answerable),
    )


def _number(value: float | None) -> float:
    return float(value) if value is not None and np.isfinite(value) else np.nan


def _varies(column: np.ndarray) -> bool:
    known = column[~np.isnan(column)]
    return known.size > 0 and bool(np.ptp(known) > 0)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
