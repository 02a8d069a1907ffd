"""What a small reading model tells of texts: where in a passage an answer stands, and whether evidence holds a claim.

The types that travel between the model (`models.reader`) and the generator; nothing here computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Characters of a passage that may be the answer, and the logits of its two ends together, higher is likelier."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One passage as read for a question.

    ``answerable`` is the logit of "this passage answers the question"; ``spans`` are the likeliest answers, best first;
    ``sentences`` has a logit of "this sentence holds the answer" for each span of characters that was asked about.
    """

    answerable: float
    spans: tuple[AnswerSpan, ...]
    sentences: tuple[float, ...]


Read = Callable[[str, Sequence[tuple[str, Sequence[tuple[int, int]]]]], list[Reading]]
"""(question, passages as (text, spans of its sentences)) -> one reading for each passage, in their order."""

Entail = Callable[[Sequence[tuple[str, str]]], list[float]]
"""Pairs of (claim, evidence) -> for each the logit of "the evidence holds the claim"; above 0 is likelier than not."""
