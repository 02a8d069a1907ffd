"""Says of one question what became of it: right, or the first stage at which the expected words were lost.

Reads one case and one outcome. It computes no measure and knows no run; the report and the page count what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.measures.matching import can_hold_gold, holds_answer, holds_gold
from eval.records import EvalCase, Outcome, Span

Stage = Literal[
    "right",
    "rightly refused",
    "not retrieved",
    "retrieved but not quoted",
    "quoted but not answered",
    "not answered",
    "answered but unsupported",
    "answered although not answerable",
    "no result",
    "cannot tell",
]
"""``not answered``: the answer lacks the expected words, and the run doesn't show where on the way they were lost.
``cannot tell``: the set doesn't say what the answer to an answerable question is, nor which words hold it."""

RIGHT: tuple[Stage, ...] = ("right", "rightly refused")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where a question ended, and the same as a sentence for the reader."""

    stage: Stage
    sentence: str

    @property
    def right(self) -> bool:
        """Whether the system did what the set expects."""
        return self.stage in RIGHT


def diagnose(case: EvalCase, outcome: Outcome) -> Diagnosis:
    """Find out what became of one question.

    The answer is judged first: words that stand in it and hold are right, wherever they came from. Only when they are
    missing does it matter where they were last seen: among the quotes, among the passages, or nowhere.
    """
    if outcome.error:
        return Diagnosis("no result", f"There is no result: {outcome.error.rstrip('. ')}.")
    if case.unanswerable:
        return _diagnose_unanswerable(outcome)
    if not case.answers and not case.evidence:
        return Diagnosis("cannot tell", "The question set names neither an answer nor a place to hold this against.")
    if not _is_answered(outcome) or not _meets(case, outcome):
        return _diagnose_loss(case, outcome)
    if not case.answers and not can_hold_gold(case):
        return Diagnosis("cannot tell", "The answer cites an expected source; the set does not say what it should say.")
    return _diagnose_support(case, outcome)


def _is_answered(outcome: Outcome) -> bool:
    """Whether there is an answer; an empty one is a refusal, whatever its system calls it."""
    return not outcome.abstained and bool(outcome.answer.strip() or outcome.sentences)


def _diagnose_unanswerable(outcome: Outcome) -> Diagnosis:
    if _is_answered(outcome):
        return Diagnosis("answered although not answerable", "It was answered, although the documents do not say.")
    return Diagnosis("rightly refused", "It was refused, as it should be: the documents do not say.")


def _meets(case: EvalCase, outcome: Outcome) -> bool:
    """Whether the answer has the expected words; where the set has none, whether it cites the expected place."""
    return holds_answer([outcome.answer], case) if case.answers else _holds(outcome.citations, case)


def _diagnose_support(case: EvalCase, outcome: Outcome) -> Diagnosis:
    what = "The expected words are in the answer" if case.answers else "The answer cites the expected place"
    verdicts = [sentence.support for sentence in outcome.sentences]
    bare, partly = verdicts.count("unsupported"), verdicts.count("partly")
    if bare:
        return Diagnosis("answered but unsupported", f"{what}, but {_share(bare, len(verdicts))} not supported.")
    if partly:
        return Diagnosis("right", f"{what}; {_share(partly, len(verdicts))} only partly supported.")
    if not verdicts or None in verdicts:
        return Diagnosis("right", f"{what}; nobody checked whether it is supported.")
    return Diagnosis("right", f"{what}, and what is cited supports it.")


def _diagnose_loss(case: EvalCase, outcome: Outcome) -> Diagnosis:
    """Where words that did not reach the answer were last seen."""
    end = "the answer lacks the expected words" if case.answers else "the answer does not cite the expected place"
    end = end if _is_answered(outcome) else "the question was refused"
    shown = (*outcome.quotes, *outcome.citations)
    if _holds(shown, case):
        return Diagnosis("quoted but not answered", f"The quotes hold the evidence, but {end}.")
    if not outcome.passages:
        return Diagnosis("not answered", f"{end[0].upper()}{end[1:]}, and the run shows no passages to look for it in.")
    partial = _partial(case, shown, outcome.passages)
    if _holds(outcome.passages, case):
        return Diagnosis(
            "retrieved but not quoted", f"The retrieved passages hold the evidence, but no quote does{partial}."
        )
    return Diagnosis("not retrieved", f"The retrieved passages do not hold the evidence{partial}.")


def _holds(spans: Sequence[Span], case: EvalCase) -> bool:
    """Whether these spans hold the evidence, as closely as the set says what that is.

    Its words where it names them; the expected answer where it names no place; of a source alone, any words of it.
    """
    if can_hold_gold(case):
        return holds_gold(spans, case)
    if case.answers:
        return holds_answer([span.text for span in spans], case)
    return any(span.source == place.source for span in spans for place in case.evidence)


def _partial(case: EvalCase, shown: Sequence[Span], passages: Sequence[Span]) -> str:
    """How many of the places that an answer takes together were reached."""
    if not case.together or len(case.evidence) < 2 or not can_hold_gold(case):
        return ""
    places = [replace(case, evidence=(place,), together=False) for place in case.evidence]
    quoted = sum(holds_gold(shown, place) for place in places)
    retrieved = sum(holds_gold(passages, place) for place in places)
    return f": of {len(places)} places that it takes together, {retrieved} retrieved and {quoted} quoted"


def _share(count: int, total: int) -> str:
    """A part of the sentences with its verb: "1 of 3 sentences is"."""
    return f"{count} of {total} sentences {'is' if count == 1 else 'are'}" if total > 1 else "its one sentence is"
