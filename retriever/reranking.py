"""A cross-encoder's opinion, added to the fused scores by as much as it is sure of itself.

A reranker that always decides hurts where the answer is not one short passage; one that never runs leaves much of a
ranking on the table. So its logits are added to the fused scores with a weight that follows the best of them: when the
cross-encoder has found an answer it says so with a high logit and decides; when nothing that it has read looks like an
answer to it, its order among poor passages is nearly noise and it only nudges (docs/decisions/011-retrieval.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from schema import Passage

LEAST_WEIGHT, MOST_WEIGHT = 0.15, 0.6
"""Weight of a logit beside standardised scores, for a cross-encoder that is not sure at all and for one that is."""
SURE = 3.0
"""The best logit at which the weight is half way between the two."""
MOST_PAIRS = 20
CHARACTERS_PER_TOKEN = 4
"""Of English prose, roughly; the budget needs no more."""


@dataclass(frozen=True, slots=True)
class Reranking:
    """A cross-encoder, (question, texts) -> one logit each, and how many tokens it may read for one question.

    The budget is of tokens and not of seconds, so that the same question gets the same answer on a busy machine.
    """

    score: Callable[[str, Sequence[str]], list[float]]
    tokens: int


def rerank(question: str, passages: Sequence[Passage], reranking: Reranking) -> list[Passage]:
    """Rank the best passages again, as many as the budget allows; the others follow as they were.

    Args:
        question: without its scenario.
        passages: a fused ranking, best first.
        reranking: the cross-encoder and its budget.
    """
    head = affordable(question, passages, reranking.tokens)
    logits = reranking.score(question, [pair_text(passage) for passage in head])
    weight = weight_of(max(logits)) if logits else 0.0
    scores = [passage.score + weight * logit for passage, logit in zip(head, logits, strict=True)]
    order = sorted(range(len(head)), key=lambda place: (-scores[place], place))
    ranked = [replace(head[place], score=scores[place], origin="reranked") for place in order]
    rest = passages[len(head) :]
    # What was not read is no better than the last that was: its scores are moved below, at the same distances.
    shift = max(rest[0].score - ranked[-1].score, 0.0) if rest and ranked else 0.0
    following = [replace(passage, score=passage.score - shift) for passage in rest]
    return [replace(one, rank=rank) for rank, one in enumerate((*ranked, *following), start=1)]


def affordable(question: str, passages: Sequence[Passage], tokens: int) -> list[Passage]:
    """The first passages whose pairs with the question fit the budget together, at most ``MOST_PAIRS``."""
    spent, head = 0, []
    for passage in passages[:MOST_PAIRS]:
        spent += (len(question) + len(pair_text(passage))) // CHARACTERS_PER_TOKEN
        if spent > tokens:
            break
        head.append(passage)
    return head


def pair_text(passage: Passage) -> str:
    """What the cross-encoder reads of a passage."""
    return f"{passage.source.title}: {passage.chunk.text}"


def weight_of(best_logit: float) -> float:
    """The weight of the logits when this is the best of them, between ``LEAST_WEIGHT`` and ``MOST_WEIGHT``."""
    return LEAST_WEIGHT + (MOST_WEIGHT - LEAST_WEIGHT) / (1.0 + math.exp(SURE - best_logit))
