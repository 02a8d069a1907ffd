"""What a small reading model is asked: where in passages an answer stands, and whether evidence holds a claim.

What it says is in `schema`; the model itself is `models.reader`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema import AnswerSpan, Reading

__all__ = ["AnswerSpan", "Entail", "Read", "Reading"]

Read = Callable[[str, Sequence[tuple[str, Sequence[tuple[int, int]]]]], list[Reading]]
"""(question, passages as (text, spans of its sentences)) -> one reading for each passage, in their order."""

Entail = Callable[[Sequence[tuple[str, str]]], list[float]]
"""Pairs of (claim, evidence) -> for each the logit of "the evidence holds the claim"; above 0 is likelier than not."""
