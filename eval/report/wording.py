"""Figures and names as a reader meets them: labels of measures, percentages, times, and text that is safe to show.

Knows nothing of HTML or Markdown; escaping belongs to whoever writes those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from eval.diagnosing import Stage
from eval.measures import MEASURES, SUMMARIES
from eval.measures.declaration import Measure, Summary
from eval.records import Run

LABELS = {
    "gold_contained": "Expected words in the answer",
    "gold_in_answer_or_quote": "Expected words in the answer or what it cites",
    "exact_match": "Answer is exactly the expected one",
    "answer_f1": "Words shared with the expected answer (F1)",
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
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def clean(text: str) -> str:
    """The text with U+FFFD for what a file can't hold or a page shouldn't obey.

    Control characters, halves of characters, and the marks that turn the direction of all that follows.
    """
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


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


def figure(value: float | None, unit: str, *, digits: int = 1) -> str:
    """A value with its unit; a dash where there is none.

    >>> figure(0.8974, "share"), figure(1.0, "share"), figure(2.345, "s"), figure(1234.5, "tokens"), figure(None, "s")
    ('89.7%', '100%', '2.3 s', '1,234', '–')

    A share that is neither nothing nor all never looks like it:

    >>> figure(0.998, "share", digits=0)
    '99.8%'
    """
    if value is None or not np.isfinite(value):
        return "–"
    if unit == "share":
        words = f"{value:.{digits}%}".replace(".0%", "%")
        return (
            figure(value, unit, digits=digits + 1)
            if words in ("0%", "100%") and 0 < value < 1 and digits < 6
            else words
        )
    if unit == "s":
        return f"{value * 1000:.0f} ms" if abs(value) < 1 else f"{value:.1f} s"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:.1f}"


def change(value: float | None, unit: str) -> str:
    """A difference with its sign; of shares in percentage points.

    >>> change(0.0251, "share"), change(-0.5, "s"), change(0.0, "share")
    ('+2.5 points', '−500 ms', '0.0 points')
    """
    if value is None or not np.isfinite(value):
        return "–"
    amount = f"{abs(value) * 100:.1f} points" if unit == "share" else figure(abs(value), unit)
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + amount


def interval(low: float | None, high: float | None, unit: str) -> str:
    """The ends of a difference's interval, with the unit once where it is long.

    >>> interval(-0.043, 0.169, "share")
    '−4.3 to +16.9 points'
    """
    first, last = change(low, unit), change(high, unit)
    return f"{first.removesuffix(' points')} to {last}"


def milliseconds(value: float) -> str:
    """A time of a stage."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def probability(value: float | None) -> str:
    """A p value, to as many places as mean something.

    >>> probability(0.0123), probability(0.00004), probability(1.0), probability(None)
    ('0.012', '< 0.001', '1', '–')
    """
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}".rstrip("0").rstrip(".")


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 question", "1,200 questions"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def about(count: int, noun: str) -> str:
    """A number that is a guess, to two digits.

    >>> about(3497, "question")
    'about 3,500 questions'
    """
    return f"about {counted(int(float(f'{count:.1e}')), noun)}"


def listed(items: Iterable[str]) -> str:
    """Words as a list in a sentence: "a, b and c"."""
    *before, last = list(items) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def headline(run: Run) -> str:
    """What was asked of what, and when: one line for people."""
    about = {name: str(value) for name, value in run.about.items() if isinstance(value, str) and value}
    parts = [counted(len(run.cases), "question")]
    if about.get("set"):
        parts.append(f"from {about['set']}")
    if date := about.get("started") or about.get("date"):
        parts.append(f"asked on {_day(date)}")
    if model := run.fingerprint.llm:
        parts.append(f"answered by {model}")
    return ", ".join(parts)


def _day(moment: str) -> str:
    """A moment in ISO 8601 as a day; anything else as it is."""
    try:
        return f"{datetime.fromisoformat(moment):%-d %B %Y}"
    except ValueError:
        return moment


def facts(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is noted about a run, flat: (name, value), without what is empty."""
    rows: list[tuple[str, str]] = []
    for name, value in about.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}: {inner}", shown) for inner, shown in facts(value)]
        elif value not in (None, "", [], ()):
            rows.append((str(name).replace("_", " "), str(value)))
    return rows
