"""What a report says first: what was measured, what came of it, and where questions were lost, in sentences.

Counts diagnoses and reads a comparison; the figures of measures are another module's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eval.comparison.comparing import Comparison
from eval.records import Run
from eval.report.diagnosing import Diagnosis, Stage
from eval.report.figures import HEADLINES
from eval.report.labels import label
from eval.report.wording import about, change, counted, listed

FUNNEL: tuple[tuple[str, tuple[Stage, ...]], ...] = (
    ("asked", ()),
    ("retrieved", ("no result", "not retrieved")),
    ("quoted", ("retrieved but not quoted",)),
    ("answered", ("quoted but not answered", "not answered")),
    ("supported", ("answered but unsupported",)),
)
"""The steps that an answerable question passes, each with the stages at which it is lost on the way there."""


def stages_by_kind(run: Run, diagnoses: Mapping[str, Diagnosis]) -> tuple[Counter[Stage], Counter[Stage]]:
    """How many answerable and how many unanswerable questions ended at each stage."""
    answerable: Counter[Stage] = Counter()
    unanswerable: Counter[Stage] = Counter()
    for case in run.cases:
        (unanswerable if case.unanswerable else answerable)[diagnoses[case.question_id].stage] += 1
    return answerable, unanswerable


def result_sentences(run: Run, diagnoses: Mapping[str, Diagnosis]) -> list[str]:
    """The main result of a run: each sentence one fact that decides something."""
    answerable, unanswerable = stages_by_kind(run, diagnoses)
    asked, refusable = sum(answerable.values()), sum(unanswerable.values())
    missing = answerable["no result"] + unanswerable["no result"]
    sentences = []
    if told := asked - answerable["cannot tell"]:
        sentences.append(
            f"Of {counted(told, 'answerable question')}, {answerable['right']:,} {_were(answerable['right'])} answered "
            f"from the right words{_bare(answerable['answered but unsupported'])}."
        )
    if refusable:
        false = unanswerable["answered although not answerable"]
        what = (
            "none was answered" if not false else f"{false:,} {_were(false)} answered although the documents do not say"
        )
        sentences.append(f"Of {counted(refusable, 'unanswerable question')}, {what}.")
    if unclear := answerable["cannot tell"]:
        sentences.append(f"For {counted(unclear, 'question')} the set does not say enough to tell right from wrong.")
    if missing:
        sentences.append(f"{counted(missing, 'question')} gave no result and {_counts(missing)} as wrong.")
    return sentences


def funnel(run: Run, diagnoses: Mapping[str, Diagnosis]) -> list[int]:
    """How many answerable questions are left after each step of ``FUNNEL``; those that nobody can tell are left out."""
    answerable, _ = stages_by_kind(run, diagnoses)
    left = sum(answerable.values()) - answerable["cannot tell"]
    steps = []
    for _, lost in FUNNEL:
        left -= sum(answerable[stage] for stage in lost)
        steps.append(left)
    return steps


def comparison_sentence(comparison: Comparison) -> str:
    """The verdict on run B against run A: what is better, worse, the same, and what can't be told."""
    found = {
        verdict: [label(one.measure) for one in comparison.differences if one.verdict == verdict]
        for verdict in ("better", "worse", "no different", "cannot tell")
    }
    if not any(found.values()):
        return "Nothing could be tested: the runs share no measured questions."
    parts = [f"{verdict} at {_named(found[verdict])}" for verdict in ("better", "worse")]
    if found["no different"]:
        parts.append(f"no different for {_named(found['no different'])}")
    if found["cannot tell"]:
        parts.append(f"cannot tell for {_named(found['cannot tell'])}")
    return f"{comparison.name_b} against {comparison.name_a}: {', '.join(parts)}.{_what_would_tell(comparison)}"


def changed_sentence(changes: Sequence[str]) -> str:
    """How many questions ended differently in two runs."""
    gained = sum(change.endswith(("now right", "now rightly refused")) for change in changes)
    lost = sum(change.startswith(("was right,", "was rightly refused,")) for change in changes)
    end = "is" if lost == 1 else "are"
    return f"{counted(len(changes), 'question')} ended differently: {gained:,} became right, {lost:,} no longer {end}."


def _what_would_tell(comparison: Comparison) -> str:
    """How many questions the first of the main measures would take, where it can't be told."""
    known = {one.measure: one for one in comparison.differences}
    unclear = (known[name] for name in HEADLINES if name in known and known[name].questions_needed)
    if (one := next(unclear, None)) is None or one.smallest_effect is None:
        return ""
    effect = change(one.smallest_effect, one.unit).removeprefix("+")
    return (
        f" To tell a difference of {effect} in “{label(one.measure)}” would take "
        f"{about(one.questions_needed or 0, 'question')}."
    )


def _named(labels: Sequence[str], most: int = 4) -> str:
    if len(labels) > most:
        return f"{len(labels)} measures"
    return listed(f"“{one}”" for one in labels) if labels else "nothing"


def _bare(count: int) -> str:
    return f"; {count:,} more had them, but not everything they said is supported" if count else ""


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _counts(count: int) -> str:
    return "counts" if count == 1 else "count"
