"""Reads question sets, written by hand or in BEIR form, into frozen cases: the front of everything that evaluates.

It checks the form of a set only; whether a quote really stands in its source is for whoever has the sources
(`eval.sets.grounding`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from eval.faults import Faults
from eval.records import EvalCase, Evidence
from eval.sets.beir import load_beir
from eval.sets.handwritten import EVIDENCE_FIELDS, READERS, TURN_FIELDS
from schema import FootnoteError, Turn, encodable

__all__ = ["EvalCase", "Evidence", "load_questions", "questions_sha"]

FIELDS = ("id", "question", "kind", "answers", "evidence", "unanswerable", "together", "note", "history")
TOGETHER = ("comparison", "disagreement")
"""Kinds whose answer takes all of the answers and all of the evidence, unless a question says otherwise."""

QUESTION_PLACEHOLDER = "<<write a question>>"
ANSWER_PLACEHOLDER = "<<write the answer>>"
EXAMPLE_MARK = "<<example>>"
PLACEHOLDERS = {
    QUESTION_PLACEHOLDER: "still the template's placeholder; write a question or delete the row",
    ANSWER_PLACEHOLDER: "still the template's placeholder; write the answer or delete the row",
    EXAMPLE_MARK: "still the template's example; delete the row",
}
"""Marks of a row that nobody has filled in yet, each with what to do about it."""


def load_questions(path: Path) -> tuple[EvalCase, ...]:
    """Read a question set: a YAML, CSV or JSONL file that was written by hand, or a folder in BEIR form.

    Cases without an id are named by their number in the set, from 1.

    Raises:
        FootnoteError: with a line for each fault that names the file, the line, the field and what is allowed there.
    """
    if path.is_dir():
        return load_beir(path)
    if path.suffix.lower() not in READERS:
        raise FootnoteError(f"{path} is not a question set: its name should end in {', '.join(READERS)}")
    faults = Faults()
    cases: dict[str, EvalCase] = {}
    lines: dict[str, int] = {}
    for number, (line, item) in enumerate(READERS[path.suffix.lower()](path, faults), start=1):
        with faults.noted():
            case = _parse_case(item, str(number), place := f"{path}, line {line}")
            if case.question_id in cases:
                taken = f"{case.question_id!r} is the id of line {lines[case.question_id]} already"
                raise FootnoteError(f"{place}, field id: {taken}")
            cases[case.question_id], lines[case.question_id] = case, line
    faults.raise_any()
    if not cases:
        raise FootnoteError(f"The question set {path} holds no questions")
    return tuple(cases.values())


def questions_sha(cases: Iterable[EvalCase]) -> str:
    """A hash of the cases with all that is expected of them, 16 hexadecimal digits.

    It depends neither on the form of the file they came from nor on their order. Grounding changes it, since that
    names sources and places as one index does: take it before. A case without history has the hash that it had before
    there was one.
    """
    records = sorted(map(_to_record, cases), key=lambda record: str(record["question_id"]))
    canonical = json.dumps(records, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]


def _to_record(case: EvalCase) -> dict[str, Any]:
    record = asdict(case)
    return record if case.history else {name: value for name, value in record.items() if name != "history"}


def _parse_case(item: Any, number: str, place: str) -> EvalCase:
    """A case from an item; without an id, its number is its name. A field that is empty (null) counts as missing."""
    fields = _known_fields(item, FIELDS, place)
    question, kind = _text(fields, "question", place), _text(fields, "kind", place) if "kind" in fields else ""
    answers = tuple(_text({"answers": answer}, "answers", place) for answer in _list_of(fields, "answers", place))
    evidence = tuple(_parse_evidence(found, place) for found in _list_of(fields, "evidence", place))
    unanswerable = _truth(fields, "unanswerable", place, default=False)
    if unanswerable == bool(answers or evidence):
        fault = "it can't go with answers or evidence" if unanswerable else "without it, give answers or evidence"
        raise FootnoteError(f"{place}, field unanswerable: {fault}")
    return EvalCase(
        question_id=_text({"id": number} | fields, "id", place),
        question=question,
        answers=answers,
        evidence=evidence,
        unanswerable=unanswerable,
        kind=kind,
        together=_truth(fields, "together", place, default=kind in TOGETHER),
        history=_parse_history(fields, place),
    )


def _parse_evidence(item: Any, place: str) -> Evidence:
    fields = _known_fields(item, EVIDENCE_FIELDS, f"{place}, field evidence")
    page = fields.get("page")
    if page is not None and (type(page) is not int or page < 1):
        raise FootnoteError(f"{place}, field page: {shown(page)} is not a whole number from 1")
    quote = _text(fields, "quote", place) if "quote" in fields else ""
    return Evidence(_text(fields, "source", place), page, quote)


def _parse_history(fields: dict[str, Any], place: str) -> tuple[Turn, ...]:
    """The turns before the question; an answer may be missing, where none was given."""
    turns = []
    for number, item in enumerate(_list_of(fields, "history", place), start=1):
        turn_place = f"{place}, field history, turn {number}"
        turn = _known_fields(item, TURN_FIELDS, turn_place)
        answer = _text(turn, "answer", turn_place) if "answer" in turn else ""
        turns.append(Turn(_text(turn, "question", turn_place), answer))
    return tuple(turns)


def _known_fields(item: Any, names: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise FootnoteError(f"{place}: {shown(item)} is not a set of fields; there are {', '.join(names)}")
    for name in item:
        if name not in names:
            raise FootnoteError(f"{place}, field {name}: unknown; there are {', '.join(names)}")
    return {name: value for name, value in item.items() if value is not None}


def _list_of(fields: dict[str, Any], name: str, place: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is not a list")
    return value


def _truth(fields: dict[str, Any], name: str, place: str, *, default: bool) -> bool:
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is neither true nor false")
    return value


def _text(fields: dict[str, Any], name: str, place: str) -> str:
    """The field as words; dates and numbers have to stand in quotation marks, so that none is rewritten on the way."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is not text; put it in quotation marks")
    if encodable(value) != value:
        raise FootnoteError(f"{place}, field {name}: {shown(value)} holds half of a character")
    for mark, fault in PLACEHOLDERS.items():
        if mark in value:
            raise FootnoteError(f"{place}, field {name}: {fault}")
    return value.strip()
