"""Reads question sets that a person wrote by hand, as YAML or CSV, into frozen cases.

Both forms hold the same: question, answers, evidence (source with page or quote), or unanswerable. This module checks
the form of a set only; whether a quote really stands in its source is for whoever has the sources.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from reprlib import repr as shown
from typing import Any

import yaml

from eval.records import EvalCase, Evidence
from schema import FootnoteError

FIELDS = ("id", "question", "kind", "answers", "evidence", "unanswerable")
EVIDENCE_FIELDS = ("source", "page", "quote")
COLUMNS = ("id", "question", "kind", "answers", "source", "page", "quote", "unanswerable")
TOGETHER = ("comparison", "disagreement")
"""Kinds whose answer takes all of the answers and all of the evidence, unless a question says otherwise."""

TRUTHS = {"": False, "false": False, "no": False, "0": False, "true": True, "yes": True, "1": True}


def load_questions(path: Path) -> tuple[EvalCase, ...]:
    """Read a question set; cases without an id are named by their number in the set, from 1.

    Raises:
        FootnoteError: naming the file, the line or item, the field and what is allowed there.
    """
    readers = {".yaml": _yaml_items, ".yml": _yaml_items, ".csv": _csv_items}
    if path.suffix.lower() not in readers:
        raise FootnoteError(f"{path} is not a question set: its name should end in {', '.join(readers)}")
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(f"The question set {path} can't be read: {error}") from error
    cases: dict[str, EvalCase] = {}
    for number, (place, item) in enumerate(readers[path.suffix.lower()](text, str(path)), start=1):
        case = _parse_case(item, number, place)
        if case.question_id in cases:
            raise FootnoteError(f"{place}, field id: {case.question_id!r} is taken by an earlier question")
        cases[case.question_id] = case
    if not cases:
        raise FootnoteError(f"The question set {path} holds no questions")
    return tuple(cases.values())


def _yaml_items(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Each item of the list with its place. The nodes are read too: safe_load alone hides lines and repeated fields."""
    try:
        root, items = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FootnoteError(f"{name}, line {line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FootnoteError(f"{name}: this is not YAML that holds questions: {error}") from error
    if not isinstance(items, list) or root is None:
        raise FootnoteError(f"{name}: a question set is a list; begin each question with a dash")
    for number, (node, item) in enumerate(zip(root.value, items, strict=True), start=1):
        place = f"{name}, line {node.start_mark.line + 1}, item {number}"
        _refuse_repeated(node, place)
        yield place, item


def _refuse_repeated(item: yaml.Node, place: str) -> None:
    """Refuse a field that stands twice in one item or in one piece of its evidence."""
    pieces = [item]
    if isinstance(item, yaml.MappingNode):
        pieces += [piece for _, value in item.value if isinstance(value, yaml.SequenceNode) for piece in value.value]
    for piece in pieces:
        names = [str(key.value) for key, _ in piece.value] if isinstance(piece, yaml.MappingNode) else []
        for name in names:
            if names.count(name) > 1:
                raise FootnoteError(f"{place}, field {name}: it stands there twice")


def _csv_items(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Each row as the item that the YAML form would hold; a row can name one piece of evidence."""
    rows = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        _check_columns(rows.fieldnames or (), name)
        for row in rows:
            place = f"{name}, line {rows.line_num}"
            if None in row or None in row.values():
                raise FootnoteError(
                    f"{place}: the row has {'more' if None in row else 'fewer'} cells than the first line"
                )
            yield place, _row_to_item({key: value.strip() for key, value in row.items()}, place)
    except csv.Error as error:
        raise FootnoteError(f"{name}, line {rows.reader.line_num}: this is not CSV: {error}") from error


def _check_columns(names: Any, name: str) -> None:
    for column in names:
        if column not in COLUMNS or names.count(column) > 1:
            fault = "it stands there twice" if column in COLUMNS else f"unknown; there are {', '.join(COLUMNS)}"
            raise FootnoteError(f"{name}, line 1, column {column!r}: {fault}")
    if "question" not in names:
        raise FootnoteError(f"{name}, line 1: the column question is missing")


def _row_to_item(row: dict[str, str], place: str) -> dict[str, Any]:
    item: dict[str, Any] = {key: row[key] for key in ("id", "question", "kind") if row.get(key)}
    item["answers"] = [answer.strip() for answer in row["answers"].split("|")] if row.get("answers") else []
    found: dict[str, Any] = {key: row[key] for key in EVIDENCE_FIELDS if row.get(key)}
    if "page" in found:
        found["page"] = int(found["page"]) if found["page"].isdecimal() and len(found["page"]) < 10 else found["page"]
    item["evidence"] = [found] if found else []
    truth = row.get("unanswerable", "").lower()
    if truth not in TRUTHS:
        raise FootnoteError(f"{place}, field unanswerable: {truth!r} is neither true nor false")
    return item | {"unanswerable": TRUTHS[truth]}


def _parse_case(item: Any, number: int, place: str) -> EvalCase:
    fields = _known_fields(item, FIELDS, place)
    evidence = tuple(_parse_evidence(found, place) for found in _list_of(fields, "evidence", place))
    unanswerable = fields.get("unanswerable", False)
    if not isinstance(unanswerable, bool):
        raise FootnoteError(f"{place}, field unanswerable: {shown(unanswerable)} is neither true nor false")
    answers = tuple(_text({"answers": answer}, "answers", place) for answer in _list_of(fields, "answers", place))
    if unanswerable == bool(answers or evidence):
        fault = "it can't go with answers or evidence" if unanswerable else "without it, give answers or evidence"
        raise FootnoteError(f"{place}, field unanswerable: {fault}")
    return EvalCase(
        question_id=_text({"id": str(number)} | fields, "id", place),
        question=_text(fields, "question", place),
        answers=answers,
        evidence=evidence,
        unanswerable=unanswerable,
        kind=(kind := _text(fields, "kind", place) if "kind" in fields else ""),
        together=kind in TOGETHER,
    )


def _parse_evidence(item: Any, place: str) -> Evidence:
    fields = _known_fields(item, EVIDENCE_FIELDS, f"{place}, field evidence")
    page = fields.get("page")
    if page is not None and (type(page) is not int or page < 1):
        raise FootnoteError(f"{place}, field page: {shown(page)} is not a whole number from 1")
    quote = _text(fields, "quote", place) if "quote" in fields else ""
    return Evidence(_text(fields, "source", place), page, quote)


def _known_fields(item: Any, names: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise FootnoteError(f"{place}: {shown(item)} is not a set of fields; there are {', '.join(names)}")
    for name in item:
        if name not in names:
            raise FootnoteError(f"{place}, field {name}: unknown; there are {', '.join(names)}")
    return item


def _list_of(fields: dict[str, Any], name: str, place: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is not a list")
    return value


def _text(fields: dict[str, Any], name: str, place: str) -> str:
    """The field as words; dates and numbers have to stand in quotation marks, so that none is rewritten on the way."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FootnoteError(f"{place}, field {name}: {shown(value)} is not text; put it in quotation marks")
    return value.strip()
