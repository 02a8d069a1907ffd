"""From the columns of two runs to differences: each measure with interval, test and verdict, each summary described.

The rows of both runs are the same questions in the same order; who paired them is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.comparison.statistics import (
    bootstrap_intervals,
    holm,
    interval_of_statistic,
    permutation_ps,
    questions_needed,
)
from eval.comparison.verdicts import Difference, describe, judge
from eval.measures import Measure, Summary
from eval.records import Columns

RELATIVE = 5
"""Seconds, tokens and counts have no scale of their own: there the smallest effect is this many times the smallest
share, of A's mean, so that 0.02 is 10 %."""

SYSTEM = ("time", "cost")
"""Groups that are a family of tests of their own: what an answer costs is another question than whether it is right."""

DRAWN_ROWS = 2_000_000
"""Rows that the resamples of one summary may draw in all: 500 resamples of 4,000 questions, and never below 100."""


@dataclass(frozen=True, slots=True)
class _Tested:
    """A measure with its pairs, (pairs,) each, and what was found; NaN where there are too few."""

    measure: Measure
    a: np.ndarray
    b: np.ndarray
    low: float
    high: float
    p: float

    @property
    def family(self) -> str:
        """The tests it is corrected with.

        A measure in which no question changed can't give a false alarm, so that it takes no share (Tarone 1990).
        """
        if not (self.a != self.b).any():
            return "unchanged"
        return "system" if self.measure.group in SYSTEM else "quality"


def compare_measures(
    measures: Sequence[Measure], a: Columns, b: Columns, *, rng: np.random.Generator, min_effect: float, alpha: float
) -> list[Difference]:
    """Compare those measures that both runs have and that say something about one of these questions.

    Args:
        measures: to compare; the correction is for all of them.
        a: columns of run A, (questions,) float64 each.
        b: columns of run B, the same questions in the same order.
        rng: draws resamples and signs.
        min_effect: the smallest difference of a share that counts.
        alpha: the level of the tests, after the correction.
    """
    told = [one for one in measures if _tells(one.name, a, b)]
    tested = _test(told, a, b, rng) if told else []
    families = [one.family for one in tested]
    judged = []
    for one, p_holm in zip(tested, _corrected(tested), strict=True):
        mean_a, mean_b = (float(side.mean()) if side.size else math.nan for side in (one.a, one.b))
        smallest = min_effect if one.measure.unit == "share" else RELATIVE * min_effect * abs(mean_a)
        found = _difference(one.measure, len(one.a), (mean_a, mean_b, one.low, one.high, one.p, p_holm, smallest))
        needed = questions_needed(one.b - one.a, smallest, alpha=alpha / families.count(one.family))
        judged.append(judge(found, alpha=alpha, needed=needed))
    return judged


def describe_summary(summary: Summary, a: Columns, b: Columns, *, rng: np.random.Generator) -> Difference | None:
    """A summary with the interval of its difference, by drawing the same questions from both runs.

    It is never tested: areas and percentiles are no means of differences. ``None`` where neither run can tell it.
    """
    sides = [{name: columns[name] for name in summary.needs if name in columns} for columns in (a, b)]
    size = len(next(iter(sides[0].values()), ()))

    def figures(rows: np.ndarray) -> list[float]:
        drawn = (summary.value({name: column[rows] for name, column in side.items()}) for side in sides)
        return [math.nan if figure is None else figure for figure in drawn]

    def rise(rows: np.ndarray) -> float:
        before, after = figures(rows)
        return after - before

    before, after = figures(np.arange(size))
    if math.isnan(before) and math.isnan(after):
        return None
    resamples = max(100, min(500, DRAWN_ROWS // size))
    low, high = interval_of_statistic(rise, size, rng=rng, resamples=resamples)
    return describe(_difference(summary, size, (before, after, low, high, math.nan, math.nan, math.nan)))


def _tells(name: str, a: Columns, b: Columns) -> bool:
    """Whether both runs have the measure, and one of these questions has a value."""
    return name in a and name in b and not (np.isnan(a[name]).all() and np.isnan(b[name]).all())


def _test(measures: Sequence[Measure], a: Columns, b: Columns, rng: np.random.Generator) -> list[_Tested]:
    """Interval and p-value of every measure, over the questions with a value in both runs."""
    differences = np.stack([b[one.name] - a[one.name] for one in measures], axis=1)
    ps = permutation_ps(differences, rng=rng).tolist()
    lows, highs = (ends.tolist() for ends in bootstrap_intervals(differences, rng=rng))
    return [
        _Tested(one, a[one.name][paired], b[one.name][paired], low, high, p)
        for one, paired, low, high, p in zip(measures, ~np.isnan(differences).T, lows, highs, ps, strict=True)
    ]


def _corrected(tested: Sequence[_Tested]) -> list[float]:
    """The p-values after Holm's correction, within each family."""
    ps = np.array([one.p for one in tested])
    corrected = ps.copy()
    for family in ("quality", "system"):
        inside = np.array([one.family == family for one in tested], dtype=bool)
        corrected[inside] = holm(ps[inside])
    found: list[float] = corrected.tolist()
    return found


def _difference(one: Measure | Summary, pairs: int, figures: tuple[float, ...]) -> Difference:
    """The figures as they are shown, before there is a verdict; NaN is nothing to show."""
    a, b, low, high, p, p_holm, smallest = (None if math.isnan(figure) else figure for figure in figures)
    return Difference(
        measure=one.name,
        group=one.group,
        unit=one.unit,
        better=one.better,
        pairs=pairs,
        a=a,
        b=b,
        difference=None if a is None or b is None else b - a,
        low=low,
        high=high,
        p=p,
        p_holm=p_holm,
        verdict="not tested",
        words="",
        smallest_effect=smallest,
    )
