"""How well scores tell true cases from changed ones, by kind, and what the verdict makes of each kind.

Areas are under the ROC curve: the chance that a true case scores above a changed one, ties counting half (Hanley and
McNeil 1982). Sentences that stand verbatim in their evidence are left out of the areas, since an equal string proves
nothing; claims that people judged, and questions made statements, are compared with one another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.checker.cases import ALTERED_KINDS, KINDS, SupportCase
from eval.comparison.statistics import interval_of_statistic
from schema import Support

COUNTERPARTS = {
    "refuted claim": ("claim",),
    "echoed question": ("answered question",),
    "another answer": ("answered question",),
}
"""The true kinds that a changed kind is compared with, where they are not sentences of the corpus."""
SUPPORTS: tuple[Support, ...] = ("supported", "partly", "unsupported")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check says of one case: its verdict and score, and the rules' signs that a blend is fitted on.

    ``signs`` are the coverage (0 to 1), whether there is a grave fault, and whether there is a loose end.
    """

    support: Support
    score: float
    problems: tuple[str, ...] = ()
    signs: tuple[float, float, float] = (0.0, 0.0, 0.0)
    verbatim: bool = False


Check = Callable[[SupportCase], Checked]


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the ROC curve with its 95 % interval, both NaN where a side has no case."""

    area: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of changed case: how many, and the area of each score by its name."""

    kind: str
    count: int
    areas: Mapping[str, Area]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One kind of case: how many, and the share of each verdict."""

    kind: str
    count: int
    shares: Mapping[str, float]


def area_under_curve(true: np.ndarray, changed: np.ndarray) -> float:
    """The chance that one of ``true`` (n,) is above one of ``changed`` (m,), ties half; NaN where either is empty.

    >>> area_under_curve(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    if not len(true) or not len(changed):
        return math.nan
    ordered = np.sort(changed)
    below = np.searchsorted(ordered, true, "left")
    ties = np.searchsorted(ordered, true, "right") - below
    return float((below + ties / 2).mean() / len(changed))


def area_rows(
    cases: Sequence[SupportCase], scores: Mapping[str, np.ndarray], *, rng: np.random.Generator
) -> list[KindRow]:
    """The area of each score for each kind of changed case that there is.

    Args:
        cases: (n,) of one set.
        scores: by name, (n,) float64, higher is likelier supported.
        rng: draws the resamples of the intervals.
    """
    kinds = np.array([case.kind for case in cases])
    rows = []
    for kind in ALTERED_KINDS:
        changed = np.flatnonzero(kinds == kind)
        true = np.flatnonzero(np.isin(kinds, COUNTERPARTS.get(kind, ("rephrased", "answer"))))
        if len(changed) and len(true):
            areas = {name: _area(values[true], values[changed], rng) for name, values in scores.items()}
            rows.append(KindRow(kind, len(changed), areas))
    return rows


def error_rows(cases: Sequence[SupportCase], checked: Sequence[Checked]) -> list[ErrorRow]:
    """The share of each verdict for each kind of case that there is."""
    rows = []
    for kind in KINDS:
        found = [one.support for case, one in zip(cases, checked, strict=True) if case.kind == kind]
        if found:
            rows.append(ErrorRow(kind, len(found), {name: found.count(name) / len(found) for name in SUPPORTS}))
    return rows


def worst_misses(
    cases: Sequence[SupportCase], checked: Sequence[Checked], count: int
) -> list[tuple[SupportCase, Checked]]:
    """True cases that are not supported with the lowest scores, and changed ones kept with the highest, in turn."""
    pairs = list(zip(cases, checked, strict=True))
    lost = sorted((p for p in pairs if p[0].is_true and p[1].support != "supported"), key=lambda p: p[1].score)
    kept = sorted((p for p in pairs if not p[0].is_true and p[1].support == "supported"), key=lambda p: -p[1].score)
    half = count - count // 2
    return kept[: max(half, count - len(lost))] + lost[: max(count // 2, count - len(kept))]


def _area(true: np.ndarray, changed: np.ndarray, rng: np.random.Generator) -> Area:
    both, border = np.concatenate([true, changed]), len(true)

    def of_rows(rows: np.ndarray) -> float:
        return area_under_curve(both[rows[rows < border]], both[rows[rows >= border]])

    low, high = interval_of_statistic(of_rows, len(both), rng=rng)
    return Area(area_under_curve(true, changed), low, high)
