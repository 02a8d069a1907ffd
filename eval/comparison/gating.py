"""Decides whether a run may pass: it fails only where a measure got worse beyond doubt and by more than a little.

For a job that runs after each change: what a rerun of the same set-up does by chance must not trip it. Exit codes and
printing are the command's work.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from eval.comparison.comparing import Comparison, compare_runs
from eval.comparison.differences import SYSTEM
from eval.comparison.pairing import failed, listed
from eval.comparison.verdicts import Difference
from eval.records import Run
from schema import FootnoteError

MEANS = ("partly_sentences", "dropped_sentences")
"""Measures that get worse when others get better: a sentence that was unsupported and now is partly supported counts
against the first, one that is dropped for want of support against the second. They trip a gate only when named."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a run passed against its baseline, the reasons as sentences, and the comparison they come from.

    A gate that passed has reasons too: what it looked at, and what a person should know all the same.
    """

    passed: bool
    reasons: tuple[str, ...]
    comparison: Comparison


def judge_gate(
    run: Run,
    baseline: Run,
    *,
    min_effect: float = 0.02,
    alpha: float = 0.01,
    include_time: bool = False,
    measures: Collection[str] | None = None,
) -> Gate:
    """Judge a run against its baseline. Questions without a result count as their measures' worst value.

    Args:
        run: the new one.
        baseline: of the same questions over the same documents.
        min_effect: the smallest loss of a share that counts; see `compare_runs`.
        alpha: the level of the tests after Holm's correction; stricter than in a comparison, for a gate is asked often.
        include_time: whether time and cost can trip it; another machine is no regression.
        measures: the names that can trip it; where ``None`` all but ``MEANS``.

    Raises:
        FootnoteError: when the runs can't be compared as a whole, or nothing in them can be judged.
    """
    comparison = compare_runs(baseline, run, min_effect=min_effect, alpha=alpha, measures=measures)
    left_out = MEANS if measures is None else ()
    judged = [
        one
        for one in comparison.differences
        if one.verdict != "not tested"
        and one.pairs > 0
        and one.measure not in left_out
        and (include_time or one.group not in SYSTEM)
    ]
    if not judged:
        raise FootnoteError(
            f"The gate has nothing to judge: the runs {run.name!r} and {baseline.name!r} have values of the same "
            "questions in none of the measures asked for."
        )
    worse = [one for one in judged if one.verdict == "worse"]
    told = [f"{one.measure}: {one.words}" for one in worse] if worse else [_passed(judged, comparison, alpha)]
    return Gate(not worse, (*told, *_remarks(judged, run, baseline)), comparison)


def _passed(judged: Sequence[Difference], comparison: Comparison, alpha: float) -> str:
    return (
        f"None of {len(judged)} measures got worse over {comparison.questions:,} questions "
        f"(p below {alpha:g} after Holm's correction, and by {comparison.min_effect:g} or more)."
    )


def _remarks(judged: Sequence[Difference], run: Run, baseline: Run) -> list[str]:
    """What never trips a gate by itself: new errors, and that there were too few questions to see much."""
    remarks = []
    before, now = (failed(one, [case.question_id for case in one.cases]) for one in (baseline, run))
    if new := [name for name in now if name not in before]:
        remarks.append(
            f"{len(new):,} of {len(run.cases):,} questions have no result now and had one in the baseline; they count "
            f"as wrong: {listed(new)}."
        )
    if unclear := [one.measure for one in judged if one.verdict == "cannot tell"]:
        remarks.append(f"These questions are too few, or too uneven, to tell of {listed(unclear)}.")
    return remarks
