"""What things are called in a report: measures, their groups, and the badges of questions.

Names only; what a measure means is its declaration's to say.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.measures import MEASURES, SUMMARIES
from eval.measures.declaration import Measure, Summary
from eval.report.diagnosing import Stage

LABELS = {
    "gold_contained": "Expected words in the answer",
    "gold_in_answer_or_quote": "Expected words in the answer or what it cites",
    "exact_match": "Answer is exactly the expected one",
    "answer_f1": "Words shared with the expected answer (F1)",
    "short_answer_f1": "The same of the words marked as the answer (F1)",
    "cited_f1": "The same of the words that the answer cites (F1)",
    "rouge_l": "Expected words in their order (ROUGE-L)",
    "quotes_gold_at_1": "Evidence in the first quote",
    "quotes_gold_at_3": "Evidence in the first 3 quotes",
    "quotes_gold_at_5": "Evidence in the first 5 quotes",
    "quote_recall": "Evidence that the quotes show",
    "quote_precision": "Quoted words that are evidence",
    "quote_iou": "Overlap of quotes and evidence",
    "right_source": "Answers that cite a right source",
    "right_page": "Answers that cite a right page",
    "passages_gold": "Evidence in a retrieved passage",
    "citation_holds_gold": "Answers whose citations show the evidence",
    "gold_citation_precision": "Citations that show evidence",
    "cited": "Answers with a citation",
    "supported_sentences": "Sentences that are supported",
    "partly_sentences": "Sentences that are partly supported",
    "unsupported_sentences": "Sentences that are unsupported",
    "dropped_sentences": "Draft sentences that were left out",
    "risk_coverage_area": "Wrong answers, averaged over coverage",
    "tokens_read": "Tokens read",
    "tokens_written": "Tokens written",
    "citation_precision": "Citations that support their sentence",
    "citation_recall": "Sentences that their citations support",
    "false_answers": "Unanswerable, yet answered",
    "false_refusals": "Answerable, yet refused",
    "answerability_auroc": "Tells answerable from unanswerable",
    "quotes_verbatim": "Quotes that stand word for word in their source",
    "p50_s": "Time to the answer, median",
    "p95_s": "Time to the answer, 95th percentile",
}
"""What the measures are called in a report; the others are terms of the field and go by their own name."""

STAGES = {
    "total": "Time to the answer",
    "retrieve": "Time to the passages",
    "rerank": "Time for reranking",
    "quotes": "Time to the quotes",
    "first_token": "Time to the first word",
}
"""Stages of time, as part of a measure's label."""

GROUPS = {
    "answers": "Answers",
    "refusals": "Refusals",
    "citations": "Citations",
    "support": "Support",
    "evidence": "Evidence",
    "retrieval": "Retrieval",
    "time": "Time",
    "cost": "Cost",
}
"""Groups of measures in the order of a report, with their headings."""

BADGES: Mapping[Stage, str] = {
    "right": "Right",
    "rightly refused": "Rightly refused",
    "not retrieved": "Not retrieved",
    "retrieved but not quoted": "Retrieved, not quoted",
    "quoted but not answered": "Quoted, not answered",
    "not answered": "Not answered",
    "answered but unsupported": "Answered, unsupported",
    "answered although not answerable": "Should have refused",
    "no result": "No result",
    "cannot tell": "Cannot tell",
}

_DECLARED: dict[str, Measure | Summary] = {one.name: one for one in MEASURES} | {one.name: one for one in SUMMARIES}


def declared(name: str) -> Measure | Summary | None:
    """The declaration of a measure; ``None`` for one that this version doesn't know, from an older run's file."""
    return _DECLARED.get(name)


def label(name: str) -> str:
    """What a measure is called in a report."""
    if name in LABELS or not name.endswith("_s"):
        return LABELS.get(name, name.replace("_", " "))
    stage = name.removesuffix("_s")
    for suffix, words in (("_p50", "median"), ("_p95", "95th percentile"), ("", "mean")):
        if stage.endswith(suffix):
            stage = STAGES.get(stage.removesuffix(suffix), stage.removesuffix(suffix).replace("_", " "))
            return f"{stage}, {words}"
    return name
