"""Writes question sets in the forms that a person writes by hand, as `eval.sets.handwritten` reads them.

A row is a mapping with the fields of the YAML form. What is in it is not checked here, and no file is touched.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from io import SEEK_END, StringIO
from reprlib import repr as shown
from typing import Any

import yaml

from eval.records import EvalCase
from eval.sets.handwritten import COLUMNS, EVIDENCE_FIELDS, FORMULA, TURN_FIELDS
from eval.sets.questions import FIELDS, TOGETHER
from schema import FootnoteError


def case_to_row(case: EvalCase) -> dict[str, Any]:
    """A case as a row; offsets and grades have no place in the form that a person writes."""
    places = ({"source": one.source, "page": one.page, "quote": one.quote.strip()} for one in case.evidence)
    row = {
        "id": case.question_id,
        "question": case.question,
        "kind": case.kind,
        "answers": list(case.answers),
        "evidence": [{name: value for name, value in place.items() if value} for place in places],
        "unanswerable": case.unanswerable,
        "history": [{name: words for name, words in asdict(turn).items() if words} for turn in case.history],
    }
    together = {} if case.together == (case.kind in TOGETHER) else {"together": case.together}
    return {name: value for name, value in row.items() if value} | together


def write_rows(rows: Sequence[Mapping[str, Any]], suffix: str) -> str:
    """The text of a question set.

    Args:
        rows: of the set.
        suffix: of the file: .yaml, .yml, .csv or .jsonl.

    Raises:
        FootnoteError: for another suffix, or a row that the form can't hold.
    """
    if suffix not in WRITERS:
        raise FootnoteError(f"There is no form of question set that ends in {suffix!r}; use {', '.join(WRITERS)}")
    return WRITERS[suffix](rows)


class _Dumper(yaml.SafeDumper):
    """Writes words in quotation marks, where nothing that a person types can turn them into something else."""

    def represent_words(self, words: str) -> yaml.ScalarNode:
        style = None if words in FIELDS + EVIDENCE_FIELDS + TURN_FIELDS else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", words, style=style)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_words)


def _to_yaml(rows: Sequence[Mapping[str, Any]]) -> str:
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 1_000_000}
    return "\n".join(yaml.dump([dict(row)], Dumper=_Dumper, **options) for row in rows)


def _to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Begins with a byte-order mark, without which spreadsheets take other letters for those that are there."""
    text = StringIO("\ufeff", newline="")
    text.seek(0, SEEK_END)
    writer = csv.DictWriter(text, COLUMNS)  # ends lines with CR LF, and so puts a cell with either in quotation marks
    writer.writeheader()
    for row in rows:
        for cells in _row_to_cells(row):
            writer.writerow({name: f"'{cell}" if FORMULA.match(cell) else cell for name, cell in cells.items()})
    return text.getvalue()


def _row_to_cells(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The cells of a row, and of one more for each further piece of evidence."""
    first, *more = row.get("evidence", ()) or [{}]
    answers = row.get("answers", ())
    if barred := [answer for answer in answers if "|" in answer]:
        told = f"the answer {shown(barred[0])} holds |, which stands between answers in CSV"
        raise FootnoteError(f"Question {row['id']}: {told}; use .yaml or .jsonl")
    if row.get("history"):
        raise FootnoteError(f"Question {row['id']}: its history has no column in CSV; use .yaml or .jsonl")
    plain = {name: row[name] for name in ("id", "question", "kind", "note") if name in row}
    truths = {name: str(row[name]).lower() for name in ("unanswerable", "together") if name in row}
    yield {**plain, **truths, "answers": "|".join(answers), **_strings(first)}
    yield from map(_strings, more)


def _strings(piece: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in piece.items()}


def _to_jsonl(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


WRITERS: dict[str, Callable[[Sequence[Mapping[str, Any]]], str]] = {
    ".yaml": _to_yaml,
    ".yml": _to_yaml,
    ".csv": _to_csv,
    ".jsonl": _to_jsonl,
}
COMMENTED = (".yaml", ".yml")
"""The forms in which comments can stand."""
