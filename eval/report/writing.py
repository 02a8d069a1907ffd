"""Writes a report to a file, in the form that the file's name ends in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.comparison.comparing import Comparison
from eval.files import write_whole
from eval.records import Run
from eval.report.html import html_report
from eval.report.markdown import markdown_report
from eval.report.tables import csv_report
from schema import FootnoteError

FORMS = (".html", ".md", ".csv")


def write_report(runs: Sequence[Run], path: Path, comparison: Comparison | None = None) -> None:
    """Write the report on one run or several, whole or not at all; a table has no place for the comparison.

    Raises:
        FootnoteError: when the name ends in none of ``FORMS``, or the file can't be written.
    """
    form = path.suffix.lower()
    if form not in FORMS:
        raise FootnoteError(f"{path} can't be written as a report: its name should end in {', '.join(FORMS)}")
    if form == ".csv":
        text = csv_report(runs)
    else:
        text = (html_report if form == ".html" else markdown_report)(runs, comparison)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, [text.encode("utf-8")])
    except OSError as error:
        raise FootnoteError(f"The report can't be written to {path}: {error.strerror or error}") from error
