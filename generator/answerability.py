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
from generator.words import names, stems, words

PENALTY = 8.0
"""Logits for each name or year that the passages lack."""

TITLE_CASE_FROM = 4
"""Content words from which a question with a capital on each, the first perhaps aside, is taken for title case."""

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
        written = ", ".join(_as_written(question, name) for name in missing)
        reason = f"No passage was found that mentions {written}; the nearest ones are shown."
    return Judgement(False, score, reason)


def _named(question: str) -> set[str]:
    """The names and years of a question; no names in one that is set in title case, where every word looks like one."""
    capitalised, content = names(question), stems(question)
    years = set(_YEAR.findall(question))
    is_title_case = len(content) >= TITLE_CASE_FROM and len(capitalised) >= len(content) - 1
    return years if is_title_case else capitalised | years


def _as_written(question: str, name: str) -> str:
    """A name as the reader wrote it."""
    found = re.search(rf"\b{re.escape(name)}\b", question, re.IGNORECASE)
    return found.group() if found else name


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
