"""The system's own record: what it says of its sentences, how long it took, and what it read and wrote.

Seconds, tokens and counts have no worst value, so that a question without a result says nothing here; it counts in
every share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eval.measures.citations import verdict
from eval.measures.declaration import Direction, Group, Judged, Measure, Summary, Unit, any_question
from eval.records import Columns, Statement
from schema import Support

FACTSCORE = "Min et al. 2023, arXiv:2305.14251"
DEAN = "Dean, Barroso 2013, doi:10.1145/2408776.2408794"
RECORD = "Footnote, docs/decisions/010-evaluation.md"

STAGES = {
    "total": "until the answer was complete",
    "retrieve": "until the passages were found",
    "rerank": "spent on putting the passages in order",
    "quotes": "until the first quotes were there to read",
    "first_token": "until the first word of the answer",
}
"""The stages of an answer by the names of their timings; all but the one spent on order count from the question."""


def percentile(name: str, share: float) -> Callable[[Columns], float | None]:
    """The value that this share of a column's values stays under or meets, between two of them by proportion."""

    def of(columns: Columns) -> float | None:
        told = columns[name][~np.isnan(columns[name])]
        return float(np.quantile(told, share)) if told.size else None

    return of


def _verdict(judged: Judged, statement: Statement) -> Support:
    """The system's own verdict where it states one, else the checker's."""
    return statement.support or verdict(judged, statement, judged.citations_of(statement.citations))


def _sentences(support: Support, words: str, better: Direction) -> Measure:
    def share(judged: Judged) -> float | None:
        if not judged.answered:
            return None
        verdicts = [_verdict(judged, one) for one in judged.statements]
        return verdicts.count(support) / len(verdicts)

    name, definition = f"{support}_sentences", f"Share of an answer's sentences that {words}."
    worst = 0.0 if better == "higher" else 1.0
    return Measure(name, "support", definition, FACTSCORE, "share", better, worst, any_question, share)


def _seconds(stage: str, words: str) -> Measure:
    def seconds(judged: Judged) -> float | None:
        milliseconds = judged.outcome.timings.get(f"{stage}_ms")
        return None if milliseconds is None else milliseconds / 1000

    return Measure(
        f"{stage}_s", "time", f"Seconds {words}, on average.", RECORD, "s", "lower", None, any_question, seconds
    )


def _percentile(stage: str, percent: int) -> Summary:
    name = f"p{percent}_s" if stage == "total" else f"{stage}_p{percent}_s"
    definition = f"Seconds {STAGES[stage]}, as {percent} of 100 questions have them or fewer."
    column = f"{stage}_s"
    return Summary(name, "time", definition, DEAN, "s", "lower", (column,), percentile(column, percent / 100))


def _count(name: str, group: Group, definition: str, unit: Unit, of: Callable[[Judged], float | None]) -> Measure:
    return Measure(name, group, definition, RECORD, unit, "lower", None, any_question, of)


MEASURES = (
    _sentences("supported", "their citations support in full", "higher"),
    _sentences("partly", "their citations support in part only", "lower"),
    _sentences("unsupported", "their citations do not support", "lower"),
    _count(
        "dropped_sentences",
        "support",
        "Sentences of a draft that were left out for want of support.",
        "count",
        lambda judged: float(len(judged.outcome.dropped)),
    ),
    *(_seconds(stage, words) for stage, words in STAGES.items()),
    _count(
        "tokens_read",
        "cost",
        "Tokens that the language model read for a question, its instructions included.",
        "tokens",
        lambda judged: judged.outcome.tokens_read,
    ),
    _count(
        "tokens_written",
        "cost",
        "Tokens that the language model wrote for a question, left-out sentences included.",
        "tokens",
        lambda judged: judged.outcome.tokens_written,
    ),
)

SUMMARIES = tuple(_percentile(stage, percent) for stage in STAGES for percent in (50, 95))
