"""Finds the questions that two runs share, and says what else is not the same between them.

A question is shared when its id and its words are the same, and what is expected of it. Runs over other questions or
other documents are told apart here and refused, unless it is asked for what they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from eval.records import EvalCase, Run, RunFingerprint
from schema import FootnoteError

SET = ("questions", "corpus")
"""Parts of a fingerprint that have to be the same; the others are what one compares."""

NAMED = 5
"""So many ids are named in a notice; the others are counted."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The rows of the same questions in both runs, (pairs,) int64 each, and what was left out or is not the same."""

    rows_a: np.ndarray
    rows_b: np.ndarray
    notices: tuple[str, ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]


def pair_runs(a: Run, b: Run, *, shared: bool) -> Paired:
    """Pair two runs by question.

    Raises:
        FootnoteError: when their questions or documents are not the same and ``shared`` is false, or when they share
            no question.
    """
    cases_a, cases_b = ({case.question_id: case for case in run.cases} for run in (a, b))
    both = [name for name in cases_a if name in cases_b]
    known_same = _known(a, b, "questions") and a.fingerprint.questions == b.fingerprint.questions
    changed = [name for name in both if not _same_case(cases_a[name], cases_b[name], known_same=known_same)]
    left_out = set(changed)
    kept = [name for name in both if name not in left_out]
    only_a, only_b = (
        tuple(name for name in cases if name not in others)
        for cases, others in ((cases_a, cases_b), (cases_b, cases_a))
    )
    other = [part for part in SET if _known(a, b, part) and _part(a, part) != _part(b, part)]
    if (changed or only_a or only_b) and "questions" not in other:
        other.insert(0, "questions")
    if other and not shared:
        raise FootnoteError(_refusal(a, b, other, len(kept)))
    if not kept:
        raise FootnoteError(
            f"The runs {a.name!r} (A) and {b.name!r} (B) share no question: there is nothing to compare."
        )
    notices = [*_changed_notice(changed), *_fingerprint_notices(a.fingerprint, b.fingerprint), *_errors(a, b, kept)]
    return Paired(_rows(a, kept), _rows(b, kept), tuple(notices), only_a, only_b)


def failed(run: Run, names: Sequence[str]) -> tuple[str, ...]:
    """Those of these questions that have no result in a run."""
    errors = {outcome.question_id for outcome in run.outcomes if outcome.error}
    return tuple(name for name in names if name in errors)


def listed(names: Sequence[str]) -> str:
    """Ids for a sentence: the first few by name."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _rows(run: Run, names: Sequence[str]) -> np.ndarray:
    places = {case.question_id: row for row, case in enumerate(run.cases)}
    return np.array([places[name] for name in names], dtype=np.int64)


def _part(run: Run, part: str) -> str:
    return str(getattr(run.fingerprint, part))


def _known(a: Run, b: Run, part: str) -> bool:
    return bool(_part(a, part) and _part(b, part))


def _same_case(one: EvalCase, other: EvalCase, *, known_same: bool) -> bool:
    """Sets with one fingerprint expect the same, even where a source is named as each run's index names it."""
    if one.question != other.question or known_same:
        return one.question == other.question
    expected = ((x.answers, x.evidence, x.unanswerable, x.together) for x in (one, other))
    return next(expected) == next(expected)


def _refusal(a: Run, b: Run, other: Sequence[str], both: int) -> str:
    what = {
        "questions": f"their questions are not the same: A has {len(a.cases):,}, B has {len(b.cases):,}",
        "corpus": f"they were asked of other documents: corpus {_short(_part(a, 'corpus'))} in A, "
        f"{_short(_part(b, 'corpus'))} in B",
    }
    reasons = "; ".join(what[part] for part in other)
    return (
        f"The runs {a.name!r} (A) and {b.name!r} (B) can't be compared as a whole: {reasons}. Both hold {both:,} "
        "questions with the same words and the same expectations; --shared compares these alone."
    )


def _changed_notice(changed: Sequence[str]) -> list[str]:
    if not changed:
        return []
    return [f"In both runs, but with other words or expectations, and left out: {listed(changed)}"]


def _fingerprint_notices(a: RunFingerprint, b: RunFingerprint) -> list[str]:
    """Each part that is not the same, known in one run at least."""
    pairs = [(part.name, getattr(a, part.name), getattr(b, part.name)) for part in fields(RunFingerprint)]
    return [f"{name}: {_short(before)} -> {_short(after)}" for name, before, after in pairs if before != after]


def _short(value: str) -> str:
    """A hash to eight digits; names as they are."""
    is_hash = len(value) >= 16 and not set(value) - set("0123456789abcdef")
    return (value[:8] if is_hash else value) or "unknown"


def _errors(a: Run, b: Run, names: Sequence[str]) -> list[str]:
    missing = (("A", failed(a, names)), ("B", failed(b, names)))
    return [
        f"{side} has no result for {len(ids):,} of {len(names):,} questions; they take the worst value: {listed(ids)}"
        for side, ids in missing
        if ids
    ]
