"""Asks the questions of a set for their evidence alone, and says of each whether an answer from it would be right.

What this module does not do: fit, or know what a signal means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from eval.calibration.fitting import Example
from eval.measures.matching import LONGEST_SOUGHT, can_hold_gold, holds_answer, holds_gold
from eval.records import EvalCase, Outcome
from eval.runs.asking import to_outcome
from schema import Progress

if TYPE_CHECKING:
    from pipeline import Footnote


def ask_examples(
    footnote: Footnote, cases: Sequence[EvalCase], *, on_progress: Callable[[Progress], None] = lambda _: None
) -> list[Example]:
    """Each question with its signals, asked for quotes only.

    Raises:
        FootnoteError: when a question can't be asked, or a part fails.
    """
    examples: list[Example] = []
    on_progress(Progress(0, len(cases), unit="questions"))
    for case in cases:
        answer = footnote.answer(case.question, quotes_only=True)
        outcome = to_outcome(case, answer)
        examples.append(Example(case.question_id, not case.unanswerable, is_right(case, outcome), answer.signals))
        on_progress(Progress(len(examples), len(cases), case.question, "questions"))
    return examples


def is_right(case: EvalCase, outcome: Outcome) -> bool | None:
    """Whether an answer with these quotes would be right; ``None`` where the case can't tell.

    Of an answerable question it is when answer or quotes hold an expected answer word for word, or the quotes hold the
    expected place. Where the expected answers are too long to be quoted, it is when a quote is of an expected document.
    """
    if case.unanswerable:
        return False
    texts = [outcome.answer, *(quote.text for quote in outcome.quotes)]
    if holds_answer(texts, case) or (can_hold_gold(case) and holds_gold(outcome.quotes, case)):
        return True
    if can_hold_gold(case) or any(len(answer.split()) <= LONGEST_SOUGHT for answer in case.answers):
        return False
    if not case.evidence:
        return None
    return bool({piece.source for piece in case.evidence} & {quote.source for quote in outcome.quotes})
