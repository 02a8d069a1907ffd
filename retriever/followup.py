"""Follow-up questions: what is searched for when a question leans on the one before it.

A rule, not a model: a question that is short, or points back with a pronoun or an opening "and", is searched together
with the question before it. What it does not do: rewrite the question that the language model sees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from language import STOP_WORDS
from schema import Turn

SHORT_QUESTION = 3
"""Content words; a question with fewer can hardly stand alone."""

_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|there|then|one|ones|same|former|latter|else)\b",
    re.IGNORECASE,
)
_OPENS_BACK = re.compile(r"\s*(?:and|but|or|so|also|what about|how about|why not)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The text to search for: the question, after the one before it when it leans on that one."""
    if not history or not leans_back(question):
        return question
    return f"{history[-1].question} {question}"


def leans_back(question: str) -> bool:
    """Whether a question seems to need the one before it to be understood.

    >>> leans_back("And who welcomed it?"), leans_back("Which priority area covers equitable genomic testing?")
    (True, False)
    """
    words = [word for word in _WORD.findall(question.lower()) if word not in STOP_WORDS]
    return len(words) < SHORT_QUESTION or bool(_OPENS_BACK.match(question) or _POINTS_BACK.search(question))
