"""Short answers: "12 October 2022" says nothing by itself, and stands in the evidence of many another question.

So a model is asked about question and answer together, as one statement. Without a model the rules have to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from generator.reading import Entail
from generator.words import stems, words
from language import statement

LONGEST = 12
"""Words of a short answer."""
NOT_THE_ANSWER = -1.0
"""Logit of support below which a short answer is none, set by hand: of short drafts on squad2, 7 of 9 to unanswerable
questions were below it, and 6 of 28 to answerable ones, of which 3 were wrong."""
PROBLEM = "The cited text does not give this as an answer to the question."


def is_short_answer(sentence: str, question: str) -> bool:
    """Whether a sentence has to be read with its question: a few words, none of the question's content among them.

    >>> is_short_answer("On 12 October.", "When was it published?"), is_short_answer("It published.", "Who published?")
    (True, False)
    """
    return 0 < len(words(sentence)) <= LONGEST and not stems(sentence) & stems(question)


def with_question(entail: Entail, question: str) -> Entail:
    """The model, asked about a short answer together with the question that it answers."""

    def whole(claim: str) -> str:
        return statement(question, claim.rstrip(". ")) if is_short_answer(claim, question) else claim

    return lambda pairs: entail([(whole(claim), evidence) for claim, evidence in pairs])


def is_no_answer(sentence: str, question: str, evidence: Sequence[str], entail: Entail) -> bool:
    """Whether the evidence gives another answer, or none; of short answers only.

    Args:
        sentence: of the answer.
        question: as searched for.
        evidence: the texts that the sentence is cited to.
        entail: the model, `with_question`.
    """
    short = bool(evidence) and is_short_answer(sentence, question)
    return short and entail([(sentence, " ".join(evidence))])[0] < NOT_THE_ANSWER
