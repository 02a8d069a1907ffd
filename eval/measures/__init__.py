"""Measures: from cases and outcomes to columns of numbers, one value for each question, and from columns to figures.

Each group has its module; a measure is a declaration there. Intervals, tests and comparisons are others' work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import get_args

import numpy as np

from eval.measures import answers, citations, evidence, refusals, retrieval, system
from eval.measures.declaration import Checker, Group, Helper, Judged, Measure, Summary
from eval.records import Columns, EvalCase, Outcome
from schema import FootnoteError

__all__ = [
    "GROUPS",
    "HELPERS",
    "MEASURES",
    "SUMMARIES",
    "Checker",
    "Measure",
    "Summary",
    "find",
    "summarise",
    "tabulate",
]

GROUPS: tuple[Group, ...] = get_args(Group)
MEASURES: tuple[Measure, ...] = (
    *retrieval.MEASURES,
    *answers.MEASURES,
    *evidence.MEASURES,
    *citations.MEASURES,
    *refusals.MEASURES,
    *system.MEASURES,
)
SUMMARIES: tuple[Summary, ...] = (*refusals.SUMMARIES, *system.SUMMARIES)
HELPERS: tuple[Helper, ...] = refusals.HELPERS
"""Columns that summaries need and no report shows."""

_BY_NAME: dict[str, Measure | Summary] = {one.name: one for one in MEASURES} | {one.name: one for one in SUMMARIES}


def find(name: str) -> Measure | Summary:
    """The measure or summary of this name.

    Raises:
        FootnoteError: when there is none.
    """
    if name not in _BY_NAME:
        raise FootnoteError(f"There is no measure {name!r}. There are {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def tabulate(
    cases: Sequence[EvalCase], outcomes: Sequence[Outcome], check: Checker, *, groups: Collection[str] = GROUPS
) -> dict[str, np.ndarray]:
    """Every measure of every question, and the helper columns of the summaries.

    Args:
        cases: the questions.
        outcomes: one for each case, in their order; one without a result carries an ``error``.
        check: says whether texts support a sentence.
        groups: that the outcomes can be measured by; a run that holds rankings alone has no answers to be wrong.

    Returns:
        (questions,) float64 columns by name, NaN where a measure says nothing; none of the groups left out.
    """
    if [case.question_id for case in cases] != [outcome.question_id for outcome in outcomes]:
        raise ValueError("the outcomes are not those of the cases, in their order")
    measures = [one for one in MEASURES if one.group in groups]
    helpers = [one for one in HELPERS if "refusals" in groups]
    rows = np.full((len(cases), len(measures) + len(helpers)), np.nan)
    for row, case, outcome in zip(rows, cases, outcomes, strict=True):
        judged = Judged(case, outcome, check)
        row[:] = _numbers([*(one.value(judged) for one in measures), *(one.of(judged) for one in helpers)])
    names = [*(one.name for one in measures), *(one.name for one in helpers)]
    return {name: rows[:, place].copy() for place, name in enumerate(names)}


def summarise(columns: Columns) -> dict[str, float | None]:
    """The figure of each measure (its mean over the questions that it says something about) and of each summary."""
    means = {one.name: _mean(columns[one.name]) if one.name in columns else None for one in MEASURES}
    return means | {one.name: one.value(columns) for one in SUMMARIES}


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [np.nan if value is None else float(value) for value in values]


def _mean(column: np.ndarray) -> float | None:
    told = column[~np.isnan(column)]
    return float(told.mean()) if told.size else None
