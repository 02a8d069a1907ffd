"""How `footnote eval` puts its results on a terminal: the figures of a run, a comparison, a gate, the list of runs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import console
from eval.comparison.comparing import Comparison
from eval.comparison.gating import Gate
from eval.measures import GROUPS, MEASURES, SUMMARIES, Measure, Summary, find, summarise
from eval.records import Run
from eval.report.labels import label
from eval.runs.listing import SHOWN, RunRow

HEADLINES = (
    "gold_in_answer_or_quote",
    "gold_contained",
    "answer_f1",
    "quotes_gold_at_3",
    "citation_precision",
    "citation_recall",
    "unsupported_sentences",
    "false_refusals",
    "false_answers",
    "answerability_auroc",
    "quotes_verbatim",
    "quotes_p95_s",
    "p50_s",
    "p95_s",
)
"""The figures that a terminal shows; a report shows all."""
ORDER = {"worse": 0, "better": 1, "cannot tell": 2, "no different": 3, "not tested": 4}


def show_run(run: Run, path: Path, report: Path | None = None) -> None:
    """The main figures of a run, with the number of questions that each covers, and where the rest is."""
    figures = summarise(run.columns)
    unanswerable = sum(case.unanswerable for case in run.cases)
    failed = sum(bool(outcome.error) for outcome in run.outcomes)
    rows = [("measure", "value", "questions", "what it is")]
    for name in HEADLINES:
        if (value := figures.get(name)) is not None:
            covered = str(int((~np.isnan(run.columns[name])).sum())) if name in run.columns else "-"
            rows.append((name, number(value, find(name).unit), covered, label(name)))
    answerable = len(run.cases) - unanswerable
    console.say(f"{run.name}: {len(run.cases)} questions, {answerable} answerable and {unanswerable} not.")
    console.show_table(rows)
    if failed:
        console.say(f"{failed} question(s) have no result; they count as the worst in every measure.")
    console.say(f"Everything per question is in {path}")
    hand_on = f"Hand it on with: footnote eval report {path} --out report.html"
    console.say(f"The report is in {report}" if report else hand_on)


def show_comparison(comparison: Comparison) -> None:
    """A sentence for each measure, worse ones first, after what else is different between the runs."""
    console.say(f"{comparison.name_b} (B) against {comparison.name_a} (A), {comparison.questions} questions")
    for notice in comparison.notices:
        console.say(f"  {notice}")
    for one in sorted(comparison.differences, key=lambda one: ORDER[one.verdict]):
        console.say(textwrap.fill(f"{one.measure}: {one.words}", console.WIDTH, subsequent_indent="    "))
    for name, only in ((comparison.name_a, comparison.only_in_a), (comparison.name_b, comparison.only_in_b)):
        if only:
            console.say(textwrap.shorten(f"Only in {name}: {', '.join(only)}", 4 * console.WIDTH, placeholder=" ..."))


def show_gate(gate: Gate) -> None:
    """Whether a run passed, and why."""
    console.say("passed" if gate.passed else "FAILED")
    for reason in gate.reasons:
        console.say(textwrap.fill(reason, console.WIDTH, initial_indent="  ", subsequent_indent="  "))


def show_runs(runs: Sequence[RunRow], folder: Path) -> None:
    """The runs of a folder as a table, and what is the matter with those that are not finished."""
    if not runs:
        console.say(f"There are no runs in {folder} yet. Make one with: footnote eval run QUESTIONS")
        return
    rows: list[tuple[str, ...]] = [("run", "set", "state", "questions", "when (UTC)", *SHOWN.values())]
    for one in runs:
        done = str(one.done) if one.done == one.total else f"{one.done} of {one.total or '?'}"
        figures = (one.measures.get(heading, "-") for heading in SHOWN.values())
        rows.append((one.name, one.questions, one.state, done, one.when[:16].replace("T", " "), *figures))
    console.show_table(rows)
    for one in runs:
        if one.message:
            console.note(f"{one.name}: {one.message}")


def show_measures() -> None:
    """Every measure by group with its definition and its source."""
    group = ""
    for one in everything():
        if one.group != group:
            group = one.group
            console.say(f"\n{group.upper()}")
        console.say(f"{one.name}  ({one.unit}, {one.better} is better)")
        console.say(textwrap.indent(textwrap.fill(f"{one.definition} [{one.reference}]", console.WIDTH - 4), "    "))


def everything() -> Sequence[Measure | Summary]:
    """Measures and summaries in the order of their groups."""
    found: list[Measure | Summary] = [*MEASURES, *SUMMARIES]
    return sorted(found, key=lambda one: GROUPS.index(one.group))


def number(value: float, unit: str) -> str:
    """A figure for a table.

    >>> number(0.8974, "share"), number(4.64, "s"), number(1310.2, "tokens")
    ('0.897', '4.64 s', '1,310')
    """
    return {"share": f"{value:.3f}", "s": f"{value:.2f} s", "tokens": f"{value:,.0f}"}.get(unit, f"{value:.2f}")
