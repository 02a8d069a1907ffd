"""Whether the documents answer a question at all, judged from the evidence before the model reads anything.

The score is the best sentence's cross-encoder logit, less a penalty for each name or year of the question that no
retrieved passage holds: "What did the strategy cost in Wales?" retrieves well and is still not answered by documents
that never mention Wales. Evaluation fits a finer judgement; this one can be worked out by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generator.evidence import Evidence
from generator.words import names, words

PENALTY = 8.0
"""Logits for each name or year that the passages lack."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether to answer, the score that decided it, and a sentence for the reader when not."""

    answerable: bool
    score: float
    reason: str = ""


def judge(question: str, ranked: Sequence[Evidence], *, threshold: float) -> Judgement:
    """Judge a question by its evidence.

    Args:
        question: as searched for.
        ranked: the scored sentences, best first.
        threshold: answer from this score on.
    """
    if not ranked:
        return Judgement(False, float("-inf"), "Nothing in the documents matches the question.")
    missing = sorted(_named(question) - _vocabulary(ranked))
    score = ranked[0].score - PENALTY * len(missing)
    if score >= threshold:
        return Judgement(True, score)
    reason = "No passage was found that answers the question; the nearest ones are shown."
    if missing:
        reason = f"No passage was found that mentions {', '.join(missing)}; the nearest ones are shown."
    return Judgement(False, score, reason)


def _named(question: str) -> set[str]:
    return names(question) | set(_YEAR.findall(question))


def _vocabulary(ranked: Sequence[Evidence]) -> set[str]:
    """Every word of the passages, their titles, headings and dates."""
    texts = {
        text
        for sentence in ranked
        for text in (
            sentence.passage.chunk.text,
            sentence.passage.chunk.heading,
            sentence.passage.source.title,
            sentence.passage.source.date or "",
        )
    }
    return {word for text in texts for word in (*words(text), *names(text), *_YEAR.findall(text))}
