"""Finding the evidence for a question: its sentences, read and ranked for the whole and for each of its parts.

What this module does not do: retrieve the passages, or judge whether they answer (`generator.refusing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.compound import parts_of
from generator.evidence import Evidence, ScoreTexts, rank_evidence, read_evidence, sentences_of
from generator.guards.hostile import WARNING
from generator.prompting import instructions_among
from generator.reading import Entail, Read
from schema import Passage, Reading

SENTENCES_SCORED = 40
"""Sentences that are read for one question: the share of a second that it may take on two cores."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The models that judge texts: the cross-encoder, and what the reading model does where there is one."""

    score: ScoreTexts
    read: Read | None = None
    entail: Entail | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The sentences by rank for one question, and what was read of each passage."""

    question: str
    ranked: list[Evidence]
    readings: list[Reading]


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence for a question: its sentences in passage order, by rank, and for the whole and each of its parts."""

    sentences: list[Evidence]
    ranked: list[Evidence]
    views: list[View]


def find_evidence(question: str, passages: Sequence[Passage], readers: Readers) -> Found:
    """The sentences of the passages with their scores for the question, or for the part of it that they fit best."""
    sentences = _warned(sentences_of(passages, limit=SENTENCES_SCORED))
    views = [_view(one, sentences, readers) for one in (question, *parts_of(question))]
    best: dict[tuple[str, int], Evidence] = {}
    for one in sorted((one for view in views for one in view.ranked), key=lambda one: -one.score):
        best.setdefault(one.key, one)
    return Found(sentences, list(best.values()), views)


def _view(question: str, sentences: Sequence[Evidence], readers: Readers) -> View:
    readings = read_evidence(question, sentences, readers.read) if readers.read else []
    return View(question, rank_evidence(question, sentences, readers.score, readings), readings)


def _warned(sentences: Sequence[Evidence]) -> list[Evidence]:
    """The sentences, each that the model will not get to read with a warning."""
    hostile = instructions_among(sentences)
    return [replace(one, warning=WARNING) if one.key in hostile else one for one in sentences]


def trusted_in(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The evidence that nobody is warned of."""
    return [sentence for sentence in ranked if not sentence.warning]
