"""Compares two runs question by question: pairs them, tests every measure, and says in words what came of it.

Reads runs and nothing else. Runs over other questions or other documents are refused, or compared on what they share.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from eval.comparison.differences import compare_measures, describe_summary
from eval.comparison.pairing import pair_runs
from eval.comparison.verdicts import Difference, Verdict
from eval.measures import HELPERS, MEASURES, SUMMARIES, find
from eval.records import Columns, Run
from schema import FootnoteError

__all__ = ["Comparison", "Difference", "Verdict", "compare_runs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A over the ``questions`` that both were asked.

    ``differences`` are in the order of the measures, then of the summaries; ``notices`` say what else is different,
    as sentences; ``only_in_a`` and ``only_in_b`` are the ids of questions that were left out.
    """

    name_a: str
    name_b: str
    questions: int
    differences: tuple[Difference, ...]
    min_effect: float
    notices: tuple[str, ...] = ()
    only_in_a: tuple[str, ...] = ()
    only_in_b: tuple[str, ...] = ()


def compare_runs(
    a: Run,
    b: Run,
    *,
    min_effect: float = 0.02,
    shared: bool = False,
    alpha: float = 0.05,
    seed: int = 0,
    measures: Collection[str] | None = None,
) -> Comparison:
    """Compare run B with run A.

    Args:
        a: the run to compare with: the older one, the baseline.
        b: the run that is judged.
        min_effect: the smallest difference of a share that counts, from 0 to 1; of other units see
            ``differences.RELATIVE``.
        shared: compare the questions that both hold, where question sets or documents differ.
        alpha: the level of the tests, after Holm's correction.
        seed: of resamples and tossed signs.
        measures: the names to compare, all where ``None``; the correction is for these alone.

    Raises:
        FootnoteError: when the runs have other questions or documents, share no question, or no such measure exists.
    """
    if not 0 <= min_effect <= 1:
        raise FootnoteError(f"The smallest effect is a share from 0 to 1, such as 0.02, not {min_effect}")
    names = None if measures is None else {find(name).name for name in measures}
    paired = pair_runs(a, b, shared=shared)
    columns_a = {name: column[paired.rows_a] for name, column in a.columns.items()}
    columns_b = {name: column[paired.rows_b] for name, column in b.columns.items()}
    measured = [one for one in MEASURES if names is None or one.name in names]
    summaries = [one for one in SUMMARIES if names is None or one.name in names]
    rng = np.random.default_rng(seed)
    judged = compare_measures(measured, columns_a, columns_b, rng=rng, min_effect=min_effect, alpha=alpha)
    described = (describe_summary(one, columns_a, columns_b, rng=rng) for one in summaries)
    return Comparison(
        a.name,
        b.name,
        len(paired.rows_a),
        (*judged, *(one for one in described if one)),
        min_effect,
        (*paired.notices, *_column_notices(a.columns, b.columns)),
        paired.only_in_a,
        paired.only_in_b,
    )


def _column_notices(a: Columns, b: Columns) -> list[str]:
    """Columns that can't be compared: only one run has them, or nobody here knows what they mean."""
    helpers = {one.name for one in HELPERS}
    only_a, only_b = (sorted(set(one) - set(other) - helpers) for one, other in ((a, b), (b, a)))
    notices = [
        f"Only {side} has {', '.join(names)}: not compared" for side, names in (("A", only_a), ("B", only_b)) if names
    ]
    if foreign := sorted((set(a) & set(b)) - {one.name for one in MEASURES} - helpers):
        notices.append(f"Not compared, since no measure has this name: {', '.join(foreign)}")
    return notices
