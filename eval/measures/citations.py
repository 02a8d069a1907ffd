"""Citations: whether they carry the answer, as a checker reads them, and whether they are the expected ones.

ALCE (Gao et al. 2023) asks an entailment model; here a checker stands in its place. An entailment model says yes or no:
"partly" is a no. Only answers have citations to judge; an answer without any gets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eval.measures.declaration import Judged, Measure, any_question
from eval.measures.matching import can_hold_gold, holds_gold, holds_some_gold
from eval.records import EvalCase, Span, Statement
from schema import Support

ALCE = "Gao et al. 2023, arXiv:2305.14627"
ATTRIBUTION = "Rashkin et al. 2023, arXiv:2112.12870"


def cited_text(span: Span) -> str:
    """What a citation vouches for, as the checker reads it: its words under the title and date of its document."""
    return " ".join(part for part in (span.title, span.date, span.text) if part)


def verdict(judged: Judged, statement: Statement, spans: Sequence[Span]) -> Support:
    """What the checker says of a sentence and these citations together."""
    return judged.verdict(statement.text, tuple(cited_text(span) for span in spans))


def supports(judged: Judged, statement: Statement, spans: Sequence[Span]) -> bool:
    """Whether these citations together support a sentence in full."""
    return verdict(judged, statement, spans) == "supported"


def recall(judged: Judged) -> float:
    """Share of the answer's sentences that their own citations support together."""
    return _mean([supports(judged, one, judged.citations_of(one.citations)) for one in judged.statements])


def precision(judged: Judged) -> float:
    """Share of the citations, counted at each sentence, that are needed or enough where the sentence is supported."""
    return _mean([precise for one in judged.statements for precise in _precise(judged, one)])


def _precise(judged: Judged, statement: Statement) -> list[bool]:
    """For each citation of a sentence: all support it together, and this one does alone or the rest do not.

    A number that points to nothing is a citation that supports nothing.
    """
    numbers, spans = set(statement.citations), judged.citations_of(statement.citations)
    if not supports(judged, statement, spans):
        return [False] * len(numbers)
    precise = [
        supports(judged, statement, [span]) or not supports(judged, statement, spans[:place] + spans[place + 1 :])
        for place, span in enumerate(spans)
    ]
    return precise + [False] * (len(numbers) - len(spans))


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _measure(
    name: str, definition: str, reference: str, applies: Callable[[EvalCase], bool], of: Callable[[Judged], float]
) -> Measure:
    def of_answers(judged: Judged) -> float | None:
        return of(judged) if judged.answered else None

    return Measure(name, "citations", definition, reference, "share", "higher", 0.0, applies, of_answers)


MEASURES = (
    _measure(
        "citation_recall",
        "Share of an answer's sentences that their citations support, by the checker that Footnote also answers with.",
        ALCE,
        any_question,
        recall,
    ),
    _measure(
        "citation_precision",
        "Share of an answer's citations that support their sentence alone or are needed for its support.",
        ALCE,
        any_question,
        precision,
    ),
    _measure(
        "citation_holds_gold",
        "Share of answers whose citations show the expected evidence.",
        ATTRIBUTION,
        can_hold_gold,
        lambda judged: float(holds_gold(judged.cited, judged.case)),
    ),
    _measure(
        "gold_citation_precision",
        "Share of an answer's citations that show expected evidence.",
        ATTRIBUTION,
        can_hold_gold,
        lambda judged: _mean([holds_some_gold(span, judged.case) for span in judged.cited]),
    ),
    _measure(
        "cited",
        "Share of answers with at least one citation.",
        ATTRIBUTION,
        any_question,
        lambda judged: float(bool(judged.cited)),
    ),
)
