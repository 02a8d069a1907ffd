"""The figures of answers: each measure of every system, the difference with its verdict, and answers side by side.

From columns and outcomes to a record and to text; asks nobody. The baseline of a difference is the naive recipe, so
that "better" is said of Footnote.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from eval.comparison.differences import compare_measures, describe_summary
from eval.comparison.verdicts import Difference
from eval.measures import Measure, find
from eval.records import Columns, EvalCase, Outcome

BASELINE, OURS = "naive", "footnote"
MEASURES = (
    *("gold_contained", "gold_in_answer_or_quote", "answer_f1", "short_answer_f1", "cited_f1", "rouge_l"),
    *("cited", "citation_holds_gold", "gold_citation_precision", "right_source"),
    *("false_answers", "false_refusals", "answerability_auroc"),
    *("quotes_gold_at_1", "quotes_gold_at_3", "quotes_gold_at_5", "quotes_verbatim"),
    *("quotes_p50_s", "quotes_p95_s", "p50_s", "p95_s", "tokens_read", "tokens_written"),
)
WORDS = ("answer_words", "cited_words")
"""Mean words of an answer, and of all that it cites: what a person reads, and reads to check it. Not judged."""
MIN_EFFECT = 0.02
WIDTH = 116


def measure(columns: Mapping[str, Columns], outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """Every measure by name: the figure of each system, over how many questions, and their difference."""
    told = {name: _without_empty(columns[name], outcomes[name]) for name in columns}
    differences = _differences(told) if {BASELINE, OURS} <= set(told) else {}
    record = {name: {"figures": {}, "questions": {}} | differences.get(name, {}) for name in (*MEASURES, *WORDS)}
    for system, values in told.items():
        for name in MEASURES:
            figure, count = _figure(name, values)
            record[name]["figures"][system], record[name]["questions"][system] = figure, count
        for name, counts in _words(outcomes[system]).items():
            record[name]["figures"][system] = float(np.mean(counts)) if counts else None
            record[name]["questions"][system] = len(counts)
    return record


def verbatim(outcomes: Sequence[Outcome]) -> str:
    """How many of the quotes and citations stand in their source at their offsets, such as ``12 of 12``."""
    stood, shown = np.sum([outcome.verbatim or (0, 0) for outcome in outcomes], axis=0)
    return f"{stood} of {shown}"


def format_table(record: Mapping[str, Any]) -> str:
    """The record of a set as a table for a terminal, a row for each measure."""
    systems = sorted(record["verbatim"])
    rows = [("measure", *systems, "difference (95 %)", "verdict")]
    for name, one in record["measures"].items():
        figures = (_written(one["figures"].get(system), name) for system in systems)
        rows.append((name, *figures, interval(one, name), one.get("verdict", "")))
    rows.append(("verbatim", *(record["verbatim"][system] for system in systems), "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def interval(one: Mapping[str, Any], name: str) -> str:
    """A difference with its interval; empty where there is none."""
    if one.get("difference") is None:
        return ""
    ends = [_written(one[key], name, sign=True) for key in ("low", "high")]
    return f"{_written(one['difference'], name, sign=True)} ({ends[0]} to {ends[1]})"


def side_by_side(case: EvalCase, answers: Mapping[str, Outcome]) -> str:
    """A question with what was expected, and what each system answered, cited and left out."""
    expected = " | ".join(case.answers) or ("(not answerable)" if case.unanswerable else "(see the evidence)")
    lines = ["=" * WIDTH, f"{case.question_id}: {case.question}", f"expected: {expected}"]
    for system in sorted(answers):
        outcome = answers[system]
        seconds = outcome.timings.get("total_ms", math.nan) / 1000
        refusal = " REFUSED" if outcome.abstained else ""
        lines.append(f"--- {system}, {seconds:.1f} s, confidence {outcome.confidence}{refusal} {outcome.error}")
        lines += [f"{one.text} {list(one.citations)} {one.support or ''}" for one in outcome.sentences]
        lines += [outcome.answer] if not outcome.sentences else []
        lines += [f"  ({outcome.reason})"] if outcome.reason else []
        lines += [f"  [{number}] {span.title}: {span.text}" for number, span in enumerate(outcome.citations, start=1)]
        lines += [f"  quote {number}: {span.text}" for number, span in enumerate(outcome.quotes, start=1)]
        lines += [f"  left out: {one.text} ({'; '.join(one.problems)})" for one in outcome.dropped]
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def _without_empty(columns: Columns, outcomes: Sequence[Outcome]) -> dict[str, np.ndarray]:
    """The columns, those of the quotes saying nothing where a system shows none."""
    shows_quotes = any(outcome.quotes for outcome in outcomes)
    return {
        name: np.full_like(column, np.nan) if name.startswith("quotes_gold") and not shows_quotes else column
        for name, column in columns.items()
    }


def _figure(name: str, columns: Columns) -> tuple[float | None, int]:
    """A measure's mean over the questions that it says something about, or a summary, and how many questions."""
    one = find(name)
    if not isinstance(one, Measure):
        return one.value(columns), len(columns["answerable"])
    known = columns[name][~np.isnan(columns[name])]
    return (float(known.mean()) if known.size else None), int(known.size)


def _differences(columns: Mapping[str, Columns]) -> dict[str, dict[str, Any]]:
    """Footnote less the recipe for each measure; a summary is judged by its interval alone, since it has no test."""
    rng = np.random.default_rng(0)
    measures = [one for one in map(find, MEASURES) if isinstance(one, Measure)]
    summaries = [one for one in map(find, MEASURES) if not isinstance(one, Measure)]
    a, b = columns[BASELINE], columns[OURS]
    found = compare_measures(measures, a, b, rng=rng, min_effect=MIN_EFFECT, alpha=0.05)
    found += [one for one in (describe_summary(each, a, b, rng=rng) for each in summaries) if one]
    keys = ("pairs", "difference", "low", "high", "p_holm")
    return {
        one.measure: {key: asdict(one)[key] for key in keys} | {"verdict": _verdict(one)}
        for one in found
        if one.difference is not None
    }


def _verdict(one: Difference) -> str:
    if one.verdict != "not tested":
        return one.verdict
    if one.low is None or one.high is None or one.low <= 0 <= one.high:
        return "cannot tell"
    return "better" if (one.low > 0) == (one.better == "higher") else "worse"


def _words(outcomes: Sequence[Outcome]) -> dict[str, list[int]]:
    answers = [outcome for outcome in outcomes if not outcome.abstained and not outcome.error]
    return {
        "answer_words": [len(outcome.answer.split()) for outcome in answers],
        "cited_words": [sum(len(span.text.split()) for span in outcome.citations) for outcome in answers],
    }


def _written(value: float | None, name: str, *, sign: bool = False) -> str:
    if value is None or math.isnan(value):
        return "-"
    decimals = 1 if name.startswith("tokens") or name in WORDS else 2
    return f"{value:{'+' if sign else ''}z,.{decimals}f}"
