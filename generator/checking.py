"""A first support check: does the cited evidence hold the numbers, dates, names and words of a sentence?

Rules with exact answers. A number that the evidence does not hold, or a negation that it does not share, makes a
sentence unsupported; a name that it does not hold makes it partly supported at best. So does "first", which often is
just style, unless the evidence says that it was the second or any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generator.citing import LEAST_COVERAGE, coverage
from generator.words import is_negated, names, numbers, stems, words
from schema import Support

FULL_COVERAGE = 0.6
"""Share of a sentence's content from which its words count as held by the evidence."""

_ORDINAL = re.compile(r"\d+[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Support with a score from 0 to 1 and what was found wrong, as sentences for the reader."""

    support: Support
    score: float
    problems: tuple[str, ...] = ()


def check_support(sentence: str, evidence: Sequence[str], question: str, *, documents: Sequence[str] = ()) -> Verdict:
    """Check one sentence of an answer.

    Args:
        sentence: of the answer.
        evidence: the texts it is cited to, with the titles and dates of their documents.
        question: whose names a sentence may repeat.
        documents: the same texts, joined by document. A sentence whose names no single document holds has to be in
            their words: from "X heads A" and "Y heads B" a model makes "X succeeded Y" with every name in its place.
    """
    if not evidence:
        return Verdict("unsupported", 0.0, ("Nothing in the documents was found to match this sentence.",))
    held = " ".join(evidence)
    wrong, loose = _missing_numbers(sentence, held)
    hard = [f"The number {number} is not in the cited text." for number in sorted(wrong)]
    if is_negated(sentence) != is_negated(held) and is_negated(sentence):
        hard.append("The sentence denies something that the cited text does not.")
    if added := _joining_words(sentence, documents):
        hard.append(f"It joins {len(documents)} documents by words that none of them uses: {', '.join(sorted(added))}.")
    soft = [f"The number {number} is not in the cited text." for number in sorted(loose)]
    soft += [
        f"The name {name!r} is not in the cited text." for name in sorted(_missing_names(sentence, held, question))
    ]
    score = coverage(sentence, evidence)
    if hard or score < LEAST_COVERAGE:
        return Verdict("unsupported", round(score / 2, 3), tuple(hard + soft))
    if soft or score < FULL_COVERAGE:
        return Verdict("partly", round(score * 0.8, 3), tuple(soft))
    return Verdict("supported", round(score, 3))


def _joining_words(sentence: str, documents: Sequence[str]) -> set[str]:
    """The content that a sentence adds to documents each of which holds only some of its names."""
    if len(documents) < 2 or any(names(sentence) <= set(words(text)) for text in documents):
        return set()
    return stems(sentence) - stems(" ".join(documents))


def _missing_numbers(sentence: str, held: str) -> tuple[set[str], set[str]]:
    """The numbers that are wrong, and those that may be a manner of speaking."""
    known = numbers(held)
    missing = numbers(sentence) - known
    counted = any(_ORDINAL.fullmatch(number) for number in known)
    loose = set() if counted else missing & {"1st"}
    return missing - loose, loose


def _missing_names(sentence: str, held: str, question: str) -> set[str]:
    return names(sentence) - set(words(held)) - set(words(question)) - names(held)
