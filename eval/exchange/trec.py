"""Rankings and judgements in the forms of TREC, which every tool of the field reads and writes.

A run has six columns (``qid Q0 docid rank score tag``), judgements (qrels) have four (``qid 0 docid grade``) or the
three of BEIR under a header. White space parts the columns, so ids with white space are percent-encoded on writing and
decoded on reading. This module knows documents only: a source stands once, at its best passage. It measures nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import quote, unquote

from eval.faults import Faults, text_lines
from eval.files import write_whole
from eval.records import EvalCase, Run, Span
from schema import FootnoteError

RUN_COLUMNS = "qid Q0 docid rank score tag"
QRELS_COLUMNS = "qid 0 docid grade"
BEIR_HEADER = ("query-id", "corpus-id", "score")

Value = TypeVar("Value", float, int)

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def rank_sources(passages: Iterable[Span]) -> list[str]:
    """The sources of passages, best first, each once at its best passage.

    >>> rank_sources([Span("b"), Span("a"), Span("b")])
    ['b', 'a']
    """
    return list(dict.fromkeys(passage.source for passage in passages))


def read_trec_run(path: Path) -> dict[str, dict[str, float]]:
    """Read a run: scores of sources by question, higher is better; the rank column is not read, as is the custom.

    Raises:
        FootnoteError: naming file and line of each fault.
    """
    run: dict[str, dict[str, float]] = {}
    faults = Faults()
    for number, line in text_lines(path, faults):
        with faults.noted():
            _enter_ranked(line.split(), f"{path}, line {number}", run)
    faults.raise_any()
    return run or _refuse_empty(path, "ranking")


def write_trec_run(run: Run, path: Path) -> None:
    """Write what a run retrieved; scores count down to 1, so that every tool keeps the order, also in 32 bits.

    Raises:
        FootnoteError: when the run holds no passages, or the file can't be written.
    """
    tag = encode_id(run.name or "run")
    lines = []
    for outcome in run.outcomes:
        ranking = rank_sources(outcome.passages)
        query = encode_id(outcome.question_id)
        for rank, source in enumerate(ranking, start=1):
            lines.append(f"{query} Q0 {encode_id(source)} {rank} {len(ranking) - rank + 1} {tag}")
    if not lines:
        raise FootnoteError(f"The run {run.name} holds no passages; there is nothing to write to {path}")
    write_lines(path, (line.encode() for line in lines))


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read judgements, of TREC or of BEIR: grades of sources by question, 0 and below is not relevant.

    Raises:
        FootnoteError: naming file and line of each fault.
    """
    qrels: dict[str, dict[str, int]] = {}
    faults, enter, parted_by = Faults(), _enter_judged, None
    for number, line in text_lines(path, faults):
        if number == 1 and tuple(line.split()) == BEIR_HEADER:
            enter, parted_by = _enter_beir, "\t"
            continue
        with faults.noted():
            enter(line.split(parted_by), f"{path}, line {number}", qrels)
    faults.raise_any()
    return qrels or _refuse_empty(path, "judgement")


def write_qrels(cases: Iterable[EvalCase], path: Path) -> None:
    """Write the evidence of cases as judgements: each source once, with its highest grade.

    Raises:
        FootnoteError: when no case has evidence, or the file can't be written.
    """
    lines = [
        f"{encode_id(case.question_id)} 0 {encode_id(source)} {grade}"
        for case in cases
        for source, grade in grades_of(case).items()
    ]
    if not lines:
        raise FootnoteError(f"No question names a source, so there are no judgements to write to {path}")
    write_lines(path, (line.encode() for line in lines))


def grades_of(case: EvalCase) -> dict[str, int]:
    """The grades of a case's sources, in the order of its evidence; the highest where a source stands twice."""
    grades: dict[str, int] = {}
    for evidence in case.evidence:
        grades[evidence.source] = max(evidence.grade, grades.get(evidence.source, evidence.grade))
    return grades


def encode_id(name: str) -> str:
    """An id without white space or marks that don't print; those, and the percent sign, are percent-encoded.

    >>> encode_id("notes/Annual report 100%.docx")
    'notes/Annual%20report%20100%25.docx'
    """
    if not name:
        raise FootnoteError("An empty id can't stand in a TREC file")
    return "".join(quote(mark, safe="", errors="surrogatepass") if _must_be_encoded(mark) else mark for mark in name)


def decode_id(text: str) -> str:
    """The id that `encode_id` encoded; text that it can't have written, such as another tool's ``100%``, is left alone.

    >>> decode_id("Annual%20report"), decode_id("100%"), decode_id("%41")
    ('Annual report', '100%', '%41')
    """
    if "%" not in text:
        return text
    try:
        name = unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return text
    return name if encode_id(name) == text else text


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a whole file of lines, given without their ends.

    Raises:
        FootnoteError: when it can't be written.
    """
    try:
        write_whole(path, (line + b"\n" for line in lines))
    except OSError as error:
        raise FootnoteError(f"{path} can't be written: {error.strerror or error}") from error


def _enter_ranked(columns: list[str], place: str, run: dict[str, dict[str, float]]) -> None:
    if len(columns) != 6:
        raise FootnoteError(f"{place}: {len(columns)} columns; a run has six: {RUN_COLUMNS}")
    query, _, source, _, score, _ = columns
    if not _NUMBER.fullmatch(score) or not math.isfinite(float(score)):
        raise FootnoteError(f"{place}: the score {score!r} is not a finite number")
    _enter(run, (decode_id(query), decode_id(source)), float(score), place)


def _enter_judged(columns: list[str], place: str, qrels: dict[str, dict[str, int]]) -> None:
    if len(columns) != 4:
        raise FootnoteError(f"{place}: {len(columns)} columns; judgements have four: {QRELS_COLUMNS}")
    query, _, source, grade = columns
    _enter(qrels, (decode_id(query), decode_id(source)), _parse_grade(grade, place), place)


def _enter_beir(columns: list[str], place: str, qrels: dict[str, dict[str, int]]) -> None:
    if len(columns) != 3:
        names = " ".join(BEIR_HEADER)
        raise FootnoteError(f"{place}: {len(columns)} columns; these judgements have three, parted by tabs: {names}")
    query, source, grade = (column.strip() for column in columns)
    if not query or not source:
        raise FootnoteError(f"{place}: the id of the {'document' if query else 'question'} is empty")
    _enter(qrels, (query, source), _parse_grade(grade, place), place)


def _parse_grade(grade: str, place: str) -> int:
    if not _WHOLE.fullmatch(grade):
        raise FootnoteError(f"{place}: the grade {grade!r} is not a whole number")
    return int(grade)


def _enter(table: dict[str, dict[str, Value]], ids: tuple[str, str], value: Value, place: str) -> None:
    query, source = ids
    row = table.setdefault(query, {})
    if source in row:
        raise FootnoteError(f"{place}: the document {source!r} stands twice for the question {query!r}")
    row[source] = value


def _refuse_empty(path: Path, missing: str) -> NoReturn:
    raise FootnoteError(f"{path} is empty: it holds no {missing}")


def _must_be_encoded(mark: str) -> bool:
    return mark == "%" or mark.isspace() or not mark.isprintable()
