"""The figures of runs for people: a row for each measure with its values, intervals and what it means.

Computes nothing that the measures don't define; intervals are of means only, since a percentile has no column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.comparison.statistics import bootstrap_interval
from eval.measures import summarise
from eval.records import Run
from eval.report.labels import GROUPS, declared, label
from eval.report.wording import figure

HEADLINES = (
    "gold_in_answer_or_quote",
    "citation_precision",
    "citation_recall",
    "false_answers",
    "false_refusals",
    "quotes_verbatim",
    "p50_s",
    "p95_s",
)
"""The measures that a reader meets first."""

FEW = 200
"""Questions; below this a tenth of a percent means nothing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One run's value of a measure as text: the value, its 95 % interval, and over how many questions (0: a summary).

    ``count`` says "35 of 39" where every question counts as one or nothing.
    """

    value: str
    interval: str = ""
    questions: int = 0
    count: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure with its values by run, and what it means."""

    name: str
    label: str
    group: str
    definition: str
    reference: str
    better: str
    figures: tuple[Figure, ...]


def make_rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """A row for each measure that any of the runs has a value for."""
    summaries = [summarise(run.columns) for run in runs]
    names = dict.fromkeys(name for summary in summaries for name, value in summary.items() if value is not None)
    return tuple(_row(name, [summary.get(name) for summary in summaries], runs) for name in names)


def by_group(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows under the headings of their groups, without empty groups."""
    groups = [(heading, [row for row in rows if row.group == group]) for group, heading in GROUPS.items()]
    others = [row for row in rows if row.group not in GROUPS]
    return [(heading, members) for heading, members in (*groups, ("Others", others)) if members]


def headlines(rows: Sequence[Row]) -> list[Row]:
    """The rows that a reader meets first, in their order."""
    known = {row.name: row for row in rows}
    return [known[name] for name in HEADLINES if name in known]


def _row(name: str, values: Sequence[float | None], runs: Sequence[Run]) -> Row:
    found = declared(name)
    unit, better = (found.unit, found.better) if found else ("share", "higher")
    figures = tuple(_figure(value, unit, run.columns.get(name)) for value, run in zip(values, runs, strict=True))
    if found is None:
        return Row(name, label(name), "", "Of an older version, which defined it.", "", better, figures)
    return Row(name, label(name), found.group, found.definition, found.reference, better, figures)


def _figure(value: float | None, unit: str, column: np.ndarray | None) -> Figure:
    if value is None:
        return Figure("–")
    known = column[np.isfinite(column)] if column is not None else np.array([])
    if not len(known):
        return Figure(figure(value, unit))
    digits = 0 if unit == "share" and len(known) < FEW else 1
    return Figure(figure(value, unit, digits=digits), _interval(known, unit, digits), len(known), _count(known, unit))


def _interval(values: np.ndarray, unit: str, digits: int) -> str:
    if len(values) < 2 or (unit != "share" and not np.ptp(values)):
        return ""
    if unit == "share" and np.isin(values, (0, 1)).all():
        low, high = wilson_interval(int(values.sum()), len(values))
    else:
        low, high = bootstrap_interval(values, rng=np.random.default_rng(0))
        low, high = max(low, 0.0), min(high, 1.0) if unit == "share" else high
    return f"{figure(low, unit, digits=digits)} to {figure(high, unit, digits=digits)}"


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927), which stays honest where all or none are hits.

    >>> [round(end, 3) for end in wilson_interval(10, 10)]
    [0.722, 1.0]
    """
    z = 1.959964
    middle = (hits + z**2 / 2) / (total + z**2)
    half = z / (total + z**2) * math.sqrt(hits * (total - hits) / total + z**2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def _count(values: np.ndarray, unit: str) -> str:
    if unit != "share" or not np.isin(values, (0, 1)).all():
        return ""
    return f"{int(values.sum()):,} of {len(values):,}"
