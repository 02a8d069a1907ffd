"""The report as Markdown for a pull request: the result, the comparison, and the questions that went wrong.

Words of documents and models stand in table cells and list items only, escaped so that none becomes markup, a link, a
picture, a mention or a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eval.comparison.comparing import Comparison
from eval.records import Run
from eval.report.diagnosing import diagnose
from eval.report.entries import Entry, make_entries
from eval.report.figures import Row, headlines, make_rows
from eval.report.labels import BADGES, label
from eval.report.verdicts import changed_sentence, comparison_sentence, result_sentences
from eval.report.wording import change, clean, counted, figure, headline, interval, probability

MOST_QUESTIONS = 50
LONGEST_ANSWER = 160

_MARKS = re.compile(r"([\\`*_{}\[\]()~!|$^])")
_BEGINNINGS = re.compile(r"^(\d*)([-+=.)])")  # of lists and lines
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"}
_LINKS = re.compile(r"://|www\.", re.IGNORECASE)


def markdown_report(runs: Sequence[Run], comparison: Comparison | None = None) -> str:
    """The report on one run or several: the first is the one that others are held against.

    Raises:
        ValueError: without any run.
    """
    if not runs:
        raise ValueError("a report needs a run")
    diagnoses = [
        {case.question_id: diagnose(case, outcome) for case, outcome in zip(run.cases, run.outcomes, strict=True)}
        for run in runs
    ]
    entries = make_entries(runs, diagnoses)
    lines = [f"## Evaluation of {' and '.join(escaped(run.name) for run in runs)}", ""]
    if comparison is not None:
        lines += [f"**{escaped(comparison_sentence(comparison))}**", ""]
    for run, found in zip(runs, diagnoses, strict=True):
        result = escaped(" ".join(result_sentences(run, found)))
        lines += [f"- {escaped(run.name)} ({escaped(headline(run))}): {result}"]
    lines += ["", *_headline_table(runs, headlines(make_rows(runs)))]
    if comparison is not None:
        lines += _comparison(comparison)
    return "\n".join([*lines, *_questions(runs, entries)]).rstrip() + "\n"


def escaped(text: str) -> str:
    r"""Text of anybody's as words in one line of Markdown.

    >>> print(escaped("a|b <img src=x>\n# 1 @all `x`"))
    a\|b &lt;img src=x&gt; &#35; 1 &#64;all \`x\`
    """
    line = _BEGINNINGS.sub(r"\1\\\2", _MARKS.sub(r"\\\1", " ".join(clean(text).split())))
    line = "".join(_ENTITIES.get(letter, letter) for letter in line)
    return _LINKS.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), line)


def _headline_table(runs: Sequence[Run], rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    body = (
        [
            escaped(row.label),
            *(f"{one.count or one.value} ({one.interval})" if one.interval else one.value for one in row.figures),
        ]
        for row in rows
    )
    return _table(["Measure (95% interval)", *(escaped(run.name) for run in runs)], body)


def _comparison(comparison: Comparison) -> list[str]:
    lines = [f"### {escaped(comparison.name_b)} against {escaped(comparison.name_a)}", ""]
    lines += [f"- {escaped(notice)}" for notice in comparison.notices]
    for name, ids in ((comparison.name_a, comparison.only_in_a), (comparison.name_b, comparison.only_in_b)):
        lines += [f"- {counted(len(ids), 'question')} only in {escaped(name)}, left out"] if ids else []
    rows = [
        [
            escaped(label(one.measure)),
            figure(one.a, one.unit),
            figure(one.b, one.unit),
            change(one.difference, one.unit),
            interval(one.low, one.high, one.unit),
            probability(one.p_holm).replace("<", "&lt;"),
            f"**{one.verdict}**" if one.verdict in ("better", "worse") else one.verdict,
        ]
        for one in comparison.differences
    ]
    names = [escaped(comparison.name_a), escaped(comparison.name_b)]
    return [*lines, "", *_table(["Measure", *names, "Difference", "95% interval", "p (Holm)", "Verdict"], rows)]


def _questions(runs: Sequence[Run], entries: Sequence[Entry]) -> list[str]:
    """What changed, where there are two runs; and all that went wrong in the last."""
    changed = [entry for entry in entries if entry.change]
    lines: list[str] = []
    if len(runs) > 1:
        lines += ["### What changed", "", changed_sentence([entry.change for entry in changed]), ""]
        body = ([escaped(entry.case.question_id), escaped(entry.case.question), entry.change] for entry in changed)
        lines += _table(["", "Question", "Change"], _first(body)) + _more(changed) if changed else []
    wrong = [entry for entry in entries if (last := entry.given[-1]) and not last.diagnosis.right]
    lines += [f"### What went wrong{f' in {escaped(runs[-1].name)}' if len(runs) > 1 else ''}", ""]
    if not wrong:
        return [*lines, "Nothing: every question was answered from the right words, or rightly refused."]
    return [*lines, *_table(["", "Question", "What", "Answer"], _first(map(_wrong_row, wrong))), *_more(wrong)]


def _wrong_row(entry: Entry) -> list[str]:
    last = entry.given[-1]
    if last is None:
        return []
    answer = " ".join(last.outcome.answer.split())
    answer = answer if len(answer) <= LONGEST_ANSWER else answer[:LONGEST_ANSWER].rstrip() + "…"
    case = entry.case
    what = f"**{BADGES[last.diagnosis.stage]}.** {escaped(last.diagnosis.sentence)}"
    return [escaped(case.question_id), escaped(case.question), what, escaped(answer)]


def _first(rows: Iterable[list[str]]) -> list[list[str]]:
    return list(rows)[:MOST_QUESTIONS]


def _more(entries: Sequence[Entry]) -> list[str]:
    left = len(entries) - MOST_QUESTIONS
    return [f"And {counted(left, 'more question')}; the whole report shows all.", ""] if left > 0 else []


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table of cells that are escaped already."""
    lines = [names, ["---"] * len(names), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]
