"""Reads the forms in which a person writes questions, YAML, CSV and JSON Lines, into items with the same fields.

An item is what the YAML form holds of one question, with the line where it begins. What its fields may hold is for
`eval.sets.questions`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from eval.faults import Faults, json_lines, read_text
from schema import FootnoteError

COLUMNS = ("id", "question", "kind", "answers", "source", "page", "quote", "unanswerable", "together", "note")
EVIDENCE_FIELDS = ("source", "page", "quote")
TURN_FIELDS = ("question", "answer")
TRUTHS = {"false": False, "no": False, "0": False, "true": True, "yes": True, "1": True}

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""The beginning of a cell that a spreadsheet may run as a formula, or that was kept from it by an apostrophe."""


def csv_items(path: Path, faults: Faults) -> Iterator[tuple[int, Any]]:
    """Each row as the item that the YAML form would hold, with the line where it begins.

    A row that has nothing but a source, with or without page and quote, is more evidence for the row above.
    """
    items: list[tuple[int, dict[str, Any]]] = []
    with faults.noted():  # where the rows end early, those before are still worth checking
        for line, row in _csv_rows(path, faults):
            if items and "source" in row and row.keys() <= set(EVIDENCE_FIELDS):
                items[-1][1].setdefault("evidence", []).append(row)
            else:
                items.append((line, _row_to_item(row)))
    yield from items


def _csv_rows(path: Path, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    """The cells of each row that hold anything, by column; rows of another length than the first are faults."""
    text = read_text(path)
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","  # as spreadsheets in half of Europe save it
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        names = _checked_columns(next(reader, []), f"{path}, line 1")
        begins = reader.line_num + 1
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            with faults.noted():
                if any(map(str.strip, cells)):
                    yield line, _cells_to_row(names, cells, f"{path}, line {line}")
    except csv.Error as error:
        told = "a quotation mark opens here and is not closed" if "unexpected end" in str(error) else error
        raise FootnoteError(f"{path}, line {begins}: this is not CSV: {told}") from error


def _checked_columns(cells: list[str], place: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            fault = "it stands there twice" if name in COLUMNS else f"unknown; there are {', '.join(COLUMNS)}"
            raise FootnoteError(f"{place}, column {name!r}: {fault}")
    if "question" not in names:
        raise FootnoteError(f"{place}: the column question is missing")
    return names


def _cells_to_row(names: list[str], cells: list[str], place: str) -> dict[str, Any]:
    if len(cells) != len(names):
        more = "more" if len(cells) > len(names) else "fewer"
        told = f"the row has {more} cells ({len(cells)}) than the first line ({len(names)})"
        raise FootnoteError(f"{place}: {told}; a cell that holds a separator stands in quotation marks")
    row: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        words = cell.strip()
        if words:
            row[name] = words[1:] if words.startswith("'") and FORMULA.match(words) else words
    page = row.get("page", "")
    return row | {"page": int(page)} if page.isdecimal() and len(page) < 10 else row


def _row_to_item(row: dict[str, Any]) -> dict[str, Any]:
    item = {name: cell for name, cell in row.items() if name not in EVIDENCE_FIELDS}
    if "answers" in row:
        item["answers"] = [answer.strip() for answer in row["answers"].split("|")]
    for name in ("unanswerable", "together"):
        if name in row:
            item[name] = TRUTHS.get(row[name].lower(), row[name])
    evidence = {name: row[name] for name in EVIDENCE_FIELDS if name in row}
    return item | {"evidence": [evidence]} if evidence else item


def yaml_items(path: Path, faults: Faults) -> Iterator[tuple[int, Any]]:
    """Each item of the list with its line. The nodes are read, since values alone hide lines and repeated fields."""
    text = read_text(path)
    with _faults_of_yaml(path, text, 1):
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    if not isinstance(root, yaml.SequenceNode):
        raise FootnoteError(f"{path}, line 1: a question set is a list; begin each question with a dash")
    for node in root.value:
        line = node.start_mark.line + 1
        with faults.noted():
            _refuse_repeats(node, f"{path}, line {line}")
            with _faults_of_yaml(path, text, line):
                item = loader.construct_document(node)
            yield line, item


@contextmanager
def _faults_of_yaml(path: Path, text: str, line: int) -> Iterator[None]:
    """Tell the library's errors in our words, with their own line where they have one."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else line
        raise FootnoteError(f"{path}, line {line}: this is not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FootnoteError(f"{path}, line {line}: this is not YAML: {error.reason}") from error
    except (ValueError, RecursionError) as error:
        raise FootnoteError(f"{path}, line {line}: this is not YAML that holds questions: {error}") from error


def _refuse_repeats(item: yaml.Node, place: str) -> None:
    """Refuse a field that stands twice in one item, in one piece of its evidence or in one turn of its history."""
    pieces = [item]
    if isinstance(item, yaml.MappingNode):
        pieces += [piece for _, value in item.value if isinstance(value, yaml.SequenceNode) for piece in value.value]
    for piece in pieces:
        names = [str(key.value) for key, _ in piece.value] if isinstance(piece, yaml.MappingNode) else []
        for name in names:
            if names.count(name) > 1:
                raise FootnoteError(f"{place}, field {name}: it stands there twice")


READERS: dict[str, Callable[[Path, Faults], Iterator[tuple[int, Any]]]] = {
    ".yaml": yaml_items,
    ".yml": yaml_items,
    ".csv": csv_items,
    ".jsonl": json_lines,
}
"""By suffix: from a file to its items, each with its line; what is wrong with an item alone is noted."""
