"""The tables of docs/answers.md, from the record that benchmarks/answers.py writes; nothing is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

ROWS = {
    "gold_contained": "expected answer in the answer",
    "gold_in_answer_or_quote": "expected answer in the answer or what it cites",
    "answer_f1": "F1 of the answer's words",
    "short_answer_f1": "F1 of the words marked as the answer, where any are",
    "cited_f1": "F1 of the words that the answer cites",
    "rouge_l": "ROUGE-L of the answer",
    "cited": "answers with a citation",
    "citation_holds_gold": "answers whose citations hold the expected place",
    "gold_citation_precision": "citations that hold the expected place",
    "right_source": "answers that cite the right document",
    "false_answers": "answered although not answerable",
    "false_refusals": "refused although answerable",
    "answerability_auroc": "AUROC of the confidence",
    "quotes_gold_at_1": "expected place in the first quote",
    "quotes_gold_at_3": "expected place in the first three quotes",
    "quotes_gold_at_5": "expected place in the first five quotes",
    "quotes_p50_s": "seconds to the quotes, p50",
    "quotes_p95_s": "seconds to the quotes, p95",
    "p50_s": "seconds to the whole answer, p50",
    "p95_s": "seconds to the whole answer, p95",
    "tokens_read": "tokens read",
    "tokens_written": "tokens written",
    "answer_words": "words of an answer",
    "cited_words": "words that an answer cites",
}
"""Measures by name, with what the table calls them."""

ONE_DECIMAL = {"tokens_read", "tokens_written", "answer_words", "cited_words"}


def answers_tables(record: Record) -> str:
    """A table for each set: every measure of Footnote and of the naive recipe, their difference and the verdict."""
    return "\n".join(_set_table(name, one) for name, one in record["sets"].items())


def _set_table(name: str, record: Record) -> str:
    counts, machine, models = record["questions"], record["machine"], record["models"]
    about = (
        f"**{name}**: {counts['answerable']} answerable and {counts['unanswerable']} unanswerable questions "
        f"(seed {record['seed']}), {record['documents']:,} documents, {record['chunks']:,} chunks; "
        f"{models['llm'].partition('@')[0]}, "
        f"{machine['cores']} cores ({machine['cpu']}), commit {machine['commit']}, {machine['date']}."
    )
    head = ("measure", "questions", "Footnote", "naive recipe", "difference (95 % interval)", "Footnote is")
    rows = [_row(measure, label, record["measures"][measure]) for measure, label in ROWS.items()]
    rows.append(("quotes and citations verbatim", "", *_verbatim(record), "", ""))
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))
    return f"{about}\n\n{lines}"


def _row(measure: str, label: str, one: Record) -> tuple[str, ...]:
    figures = [_written(one["figures"].get(system), measure) for system in ("footnote", "naive")]
    return label, _questions(one["questions"]), *figures, _interval(one, measure), one.get("verdict", "")


def _questions(counts: Mapping[str, int]) -> str:
    """Over how many questions a figure is: one number, or Footnote's and the recipe's where they are not the same."""
    return " / ".join(map(str, dict.fromkeys(counts.get(system, 0) for system in ("footnote", "naive"))))


def _interval(one: Record, measure: str) -> str:
    if one.get("difference") is None:
        return ""
    low, high = (_written(one[end], measure, sign=True) for end in ("low", "high"))
    return f"{_written(one['difference'], measure, sign=True)} ({low} to {high})"


def _verbatim(record: Record) -> tuple[str, str]:
    return record["verbatim"]["footnote"], record["verbatim"]["naive"]


def _written(value: float | None, measure: str, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:{'+' if sign else ''}z,.{1 if measure in ONE_DECIMAL else 2}f}"
