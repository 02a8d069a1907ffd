"""Short answers: "12 October 2022" says nothing by itself, and stands in the evidence of many another question.

So the reading model is asked about question and answer together, as one statement, and whether the passage that the
answer is cited to answers the question at all. Without the model the rules have to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from generator.evidence import Evidence
from generator.reading import Entail
from generator.words import stems, words
from language import statement

LONGEST = 12
"""Words of a short answer."""
NOT_THE_ANSWER = -1.0
"""Logit of support below which a short answer is none, set by hand: of short drafts on squad2, 7 of 9 to unanswerable
questions were below it, and 6 of 28 to answerable ones, of which 3 were wrong."""
NO_SOURCE = 0.5
"""Logit of "this passage answers the question" below which a passage is no source of a short answer, set by hand: of
the drafts to 98 squad2 questions, 2 of 33 right ones, 7 of 14 wrong ones and 28 of 51 of the unanswerable are below."""
PROBLEM = "The cited text does not give this as an answer to the question."


def is_short_answer(sentence: str, question: str) -> bool:
    """Whether a sentence has to be read with its question: a few words, with less than half of the question's content.

    >>> is_short_answer("On 12 October.", "When was it published?"), is_short_answer("It published.", "Who published?")
    (True, False)
    """
    asked = stems(question)
    return 0 < len(words(sentence)) <= LONGEST and 2 * len(stems(sentence) & asked) < max(1, len(asked))


def with_question(entail: Entail, question: str) -> Entail:
    """The model, asked about a short answer together with the question that it answers."""

    def whole(claim: str) -> str:
        return statement(question, claim.rstrip(". ")) if is_short_answer(claim, question) else claim

    return lambda pairs: entail([(whole(claim), evidence) for claim, evidence in pairs])


def is_no_answer(sentence: str, question: str, cited: Sequence[Evidence], entail: Entail) -> bool:
    """Whether what is cited gives another answer, or none; of short answers only.

    Args:
        sentence: of the answer.
        question: as searched for.
        cited: what the sentence is cited to, as the reading model read it.
        entail: the model, `with_question`.
    """
    if not cited or not is_short_answer(sentence, question):
        return False
    source = max(one.answerable if one.answerable is not None else NO_SOURCE for one in cited)
    grounds = " ".join(one.grounds for one in cited)
    return source < NO_SOURCE or entail([(sentence, grounds)])[0] < NOT_THE_ANSWER
