"""The report as a table for a spreadsheet: a row for each question and run, with everything that fits into cells."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

import numpy as np

from eval.records import EvalCase, Outcome, Run, Span
from eval.report.diagnosing import diagnose
from eval.report.labels import declared
from eval.report.wording import clean

FIELDS = (
    "run id question kind unanswerable expected evidence stage diagnosis answer refused reason footnotes "
    "passages confidence tokens_read tokens_written total_ms error"
).split()
"""The columns before the measures."""

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
BYTE_ORDER_MARK = "\ufeff"

Cell = str | int | float


def csv_report(runs: Sequence[Run]) -> str:
    """All questions of the runs as CSV (RFC 4180), the measures that the question has a value for in columns.

    The text begins with a byte-order mark, without which Excel takes UTF-8 for something else, and its rows end with
    CR LF: write it with ``newline=""``. Text that a spreadsheet would compute is kept from it by an apostrophe
    (OWASP, "CSV Injection"); all text is quoted, so that no cell is split where another separator is usual.
    """
    measures = [name for name in dict.fromkeys(name for run in runs for name in run.columns) if declared(name)]
    target = StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([*FIELDS, *measures])
    for run in runs:
        for row, (case, outcome) in enumerate(zip(run.cases, run.outcomes, strict=True)):
            values = [_number(float(run.columns[name][row])) if name in run.columns else "" for name in measures]
            writer.writerow([*map(_safe, _cells(run.name, case, outcome)), *values])
    return BYTE_ORDER_MARK + target.getvalue()


def _cells(name: str, case: EvalCase, outcome: Outcome) -> list[Cell]:
    """The cells of ``FIELDS``."""
    diagnosis = diagnose(case, outcome)
    evidence = [f"{place.source}, p. {place.page}" if place.page else place.source for place in case.evidence]
    return [
        name,
        case.question_id,
        case.question,
        case.kind,
        _truth(case.unanswerable),
        "\n".join(case.answers),
        "\n".join(dict.fromkeys(evidence)),
        diagnosis.stage,
        diagnosis.sentence,
        outcome.answer,
        _truth(outcome.abstained),
        outcome.reason,
        "\n".join(f"[{number}] {_named(span)}: {span.text}" for number, span in enumerate(outcome.citations, start=1)),
        "\n".join(_named(span) for span in outcome.passages),
        _number(outcome.confidence),
        _number(outcome.tokens_read),
        _number(outcome.tokens_written),
        _number(outcome.timings.get("total_ms")),
        outcome.error,
    ]


def _named(span: Span) -> str:
    return f"{span.source}, p. {span.page}" if span.page else span.source


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _number(value: float | None) -> Cell:
    if value is None or not np.isfinite(value):
        return ""
    return int(value) if float(value).is_integer() else round(float(value), 6)


def _safe(cell: Cell) -> Cell:
    """The cell, with an apostrophe before text that begins as a formula does; numbers are what they are."""
    if not isinstance(cell, str):
        return cell
    is_formula = cell.startswith(FORMULA_STARTS) or cell.lstrip().startswith(FORMULA_STARTS)
    return "'" + clean(cell) if is_formula else clean(cell)
