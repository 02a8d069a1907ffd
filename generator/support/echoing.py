"""What a sentence has from the question alone: all of it, or the predicate.

A model that is asked "Who founded it?" writes "A founded it" of a text that says that A joined it.
"""

from __future__ import annotations

import re

from generator.support.naming import find_names
from generator.words import stem, stems, words

REPEATS = "The sentence only repeats the question."
_ASKS_FOR_MORE = re.compile(r"\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)


def only_repeats(claim: str, question: str) -> bool:
    """Whether a claim says nothing that is not in a question that asks for more than a yes or a choice."""
    return bool(_ASKS_FOR_MORE.search(question)) and " or " not in question and stems(claim) <= stems(question)


def echoed(claim: str, held: str, question: str) -> tuple[str, ...]:
    """What is told of words that the question says and the evidence does not, where they carry what a claim says.

    Of the words that are no names, a third or fewer stand in the evidence then: it may name whom the claim names, and
    say another thing of them.
    """
    predicate = stems(claim) - set().union(*(one.stems for one in find_names(claim, words(held))))
    missing = predicate - stems(held)
    asked = sorted(missing & stems(question))
    if not asked or 3 * len(missing) < 2 * len(predicate):
        return ()
    said = list(dict.fromkeys(word for word in words(claim) if stem(word) in asked))
    return (f"Only the question says this, not the cited text: {', '.join(said)}.",)
