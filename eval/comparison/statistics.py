"""The statistics of paired differences: interval, test, correction for many tests, and how many questions it takes.

Plain functions of arrays with their own seeded generator; nothing here knows of runs or measures. A difference is one
question's value in run B less its value in run A, so that what makes questions easy or hard falls out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

FEW_CHANGES = 8
"""Fewer differences than this that are not zero say too little of how the next ones would vary; see the interval."""

ENUMERATED = 16
"""So many differences that are not zero have 65,536 patterns of signs: few enough to go through all."""

_BLOCK = 2**22  # numbers of a block of signs or resamples: 32 MB, whatever the number of questions
_NORMAL = NormalDist()


def bootstrap_interval(
    differences: np.ndarray, *, rng: np.random.Generator, confidence: float = 0.95, resamples: int = 2000
) -> tuple[float, float]:
    """The interval of one mean: ``bootstrap_intervals`` for (n,) differences."""
    low, high = bootstrap_intervals(differences[:, np.newaxis], rng=rng, confidence=confidence, resamples=resamples)
    return float(low[0]), float(high[0])


def bootstrap_intervals(
    differences: np.ndarray, *, rng: np.random.Generator, confidence: float = 0.95, resamples: int = 2000
) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the means of columns, by resampling questions.

    The percentile interval, expanded as Hesterberg (2015, "What Teachers Should Know About the Bootstrap", section
    5.2) does, since the plain one is too narrow for few questions. Where fewer than ``FEW_CHANGES`` differences are
    not zero, one of the greatest size is added in each direction (Bonett and Price 2012 do so for paired shares), so
    that the interval errs on the wide side; where none is, it is [0, 0]. Coverage is within 0.93 and 0.97 from 50
    pairs of which 3 or more change, and from 20 for differences that lean to no side (``benchmarks/statistics.py``).

    Args:
        differences: (n, m) float64, NaN where a question is no pair of this column.
        rng: draws the resamples, the same questions for all columns.
        confidence: the share of intervals that should hold the true mean, between 0 and 1.
        resamples: how many times the questions are drawn anew.

    Returns:
        Lower and upper ends, (m,) float64 each; NaN for columns without two pairs.
    """
    paired = ~np.isnan(differences)
    pairs = paired.sum(axis=0)
    widened = np.vstack([differences, _pair_of_extremes(differences)])
    means = _resampled_means(widened, resamples, rng)
    lows, highs = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
    for column in np.flatnonzero(pairs >= 2):
        tail = _expanded_tail((1 - confidence) / 2, int(pairs[column]))
        drawn = means[~np.isnan(means[:, column]), column]
        mean = differences[paired[:, column], column].mean()
        low, high = np.quantile(drawn, [tail, 1 - tail])
        lows[column], highs[column] = min(low, mean), max(high, mean)
    return lows, highs


def _pair_of_extremes(differences: np.ndarray) -> np.ndarray:
    """Two more rows, plus and minus the greatest size of a column that has few changes; NaN for the others."""
    sizes = np.nan_to_num(np.abs(differences))
    changes = (sizes > 0).sum(axis=0)
    greatest = np.where(changes < FEW_CHANGES, sizes.max(axis=0, initial=0.0), np.nan)
    return np.stack([greatest, -greatest])


def _resampled_means(values: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """(resamples, m) means of rows drawn with replacement; NaN where no pair of a column was drawn."""
    rows = len(values)
    filled, paired = np.nan_to_num(values), (~np.isnan(values)).astype(np.float64)
    means = np.full((resamples, values.shape[1]), np.nan)
    block = max(1, _BLOCK // max(values.shape))
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        drawn = rng.integers(rows, size=(count, rows)) + rows * np.arange(count)[:, np.newaxis]
        weights = np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
        sizes = weights @ paired
        np.divide(weights @ filled, sizes, out=means[start : start + count], where=sizes > 0)
    return means


def _expanded_tail(tail: float, pairs: int) -> float:
    """The share to cut off at each end, smaller the fewer the pairs (Hesterberg 2015, section 5.2)."""
    return _NORMAL.cdf(math.sqrt(pairs / (pairs - 1)) * student_quantile(tail, pairs - 1))


def student_quantile(share: float, freedom: int) -> float:
    """A quantile of Student's t: Abramowitz and Stegun 26.7.5, within 0.2 % of the truth from 3 degrees of freedom."""
    z = _NORMAL.inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def interval_of_statistic(
    statistic: Callable[[np.ndarray], float], size: int, *, rng: np.random.Generator, resamples: int = 500
) -> tuple[float, float]:
    """The 95 % percentile interval of any figure of a set, such as an area or a percentile of times.

    Args:
        statistic: from the drawn rows, (size,) int64, to the figure; NaN where these rows have none.
        size: the number of questions.
        rng: draws the rows.
        resamples: how many times.

    Returns:
        Both ends, NaN where fewer than half of the draws have a figure.
    """
    figures = np.array([statistic(rng.integers(size, size=size)) for _ in range(resamples)])
    figures = figures[~np.isnan(figures)]
    if 2 * len(figures) < resamples:
        return math.nan, math.nan
    low, high = np.quantile(figures, [0.025, 0.975])
    return float(low), float(high)


def permutation_p(differences: np.ndarray, *, rng: np.random.Generator, rounds: int = 10_000) -> float:
    """The p-value of one mean: ``permutation_ps`` for (n,) differences."""
    return float(permutation_ps(differences[:, np.newaxis], rng=rng, rounds=rounds)[0])


def permutation_ps(differences: np.ndarray, *, rng: np.random.Generator, rounds: int = 10_000) -> np.ndarray:
    """Two-sided p-values of the paired permutation test: were A and B exchangeable, each sign would be a toss.

    Exact over all patterns of signs up to ``ENUMERATED`` differences that are not zero, and for any number of one
    size (right or wrong), where it is McNemar's exact test. Otherwise signs are tossed ``rounds`` times, with the
    observed pattern as one of them so that p is never 0 (Phipson and Smyth 2010).

    Args:
        differences: (n, m) float64, NaN where a question is no pair of this column.
        rng: tosses the signs, the same for all columns.
        rounds: patterns of signs that are tried.

    Returns:
        (m,) float64 above 0 and up to 1: 1 where all differences are zero, NaN for columns without pairs.
    """
    ps = np.full(differences.shape[1], np.nan)
    tossed = []
    for column, values in enumerate(differences.T):
        changes = values[~np.isnan(values) & (values != 0)]
        sizes = np.abs(changes)
        if len(changes) == 0:
            ps[column] = math.nan if np.isnan(values).all() else 1.0
        elif sizes.max() - sizes.min() <= 1e-12 * sizes.max():
            ps[column] = sign_p(int((changes > 0).sum()), len(changes))
        elif len(changes) <= ENUMERATED:
            ps[column] = _enumerated_p(changes)
        else:
            tossed.append(column)
    if tossed:
        ps[tossed] = _tossed_ps(np.nan_to_num(differences[:, tossed]), rounds, rng)
    return ps


def sign_p(rises: int, changes: int) -> float:
    """The exact two-sided p-value of so many rises among changes that are each a toss (sign test; McNemar 1947)."""
    more = max(rises, changes - rises)
    if 2 * more == changes:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, changes + 1)))])
    tail = np.arange(more, changes + 1)
    return float(min(1.0, 2 * np.exp(logs[changes] - logs[tail] - logs[changes - tail] - changes * math.log(2)).sum()))


def _enumerated_p(changes: np.ndarray) -> float:
    """The share of all patterns of signs whose sum is as far from zero as the observed one."""
    patterns = (np.arange(2 ** len(changes))[:, np.newaxis] >> np.arange(len(changes))) & 1
    return float(_as_far((2 * patterns - 1) @ changes, changes.sum(), np.abs(changes).sum()).mean())


def _tossed_ps(differences: np.ndarray, rounds: int, rng: np.random.Generator) -> np.ndarray:
    """The same share over tossed patterns, each sign a single bit until it is used; zeros stand for what is no pair."""
    size = len(differences)
    sums, reach = differences.sum(axis=0), np.abs(differences).sum(axis=0)
    hits = np.zeros(differences.shape[1])
    block = max(1, _BLOCK // max(differences.shape))
    for start in range(0, rounds, block):
        count = min(block, rounds - start)
        raw = np.frombuffer(rng.bytes(count * math.ceil(size / 8)), np.uint8).reshape(count, -1)
        rises = np.unpackbits(raw, axis=1, count=size).astype(np.float64)
        hits += _as_far(2 * (rises @ differences) - sums, sums, reach).sum(axis=0)
    return (hits + 1) / (rounds + 1)


def _as_far(sums: np.ndarray, observed: np.ndarray | float, reach: np.ndarray | float) -> np.ndarray:
    """Whether sums are as far from zero as the observed one, which rounding must not decide where they are equal."""
    as_far: np.ndarray = np.abs(sums) >= np.abs(observed) - 1e-9 * reach
    return as_far


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """P-values corrected for their number (Holm 1979): the chance of one false alarm among all stays below alpha.

    Args:
        p_values: (m,); NaN stays NaN and counts for nothing.

    Returns:
        (m,) float64, at most 1, in the order given.
    """
    given = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(given.shape, np.nan)
    order = np.argsort(given)[: int((~np.isnan(given)).sum())]
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


def questions_needed(differences: np.ndarray, effect: float, *, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """About how many such questions it takes to tell a true difference of ``effect`` from none, two-sided.

    The usual normal approximation, with the variance of these differences.

    Args:
        differences: (n,) float64; NaN is left out.
        effect: in the unit of the differences, above 0.
        power: the chance to find it.
        alpha: the level of the test.

    Returns:
        ``None`` where fewer than two differences, or only equal ones, say nothing of how they vary.
    """
    known = differences[~np.isnan(differences)]
    if effect <= 0 or len(known) < 2 or np.ptp(known) == 0:
        return None
    reach = _NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)
    return math.ceil((reach * float(known.std(ddof=1)) / effect) ** 2)
