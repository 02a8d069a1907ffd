"""Reads question sets in BEIR form (Thakur et al. 2021, arXiv:2104.08663): a corpus, queries, judgements, and spans.

Beside BEIR's own fields a query may hold ``answers``, ``unanswerable`` or ``together``, and ``spans.jsonl`` says where
in a document an answer stands. Evidence names documents as the corpus does. This module indexes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from reprlib import repr as shown
from typing import NamedTuple

from eval.faults import Faults, json_lines, text_lines
from eval.fields import Fields
from eval.records import EvalCase, Evidence
from schema import FootnoteError, TextDocument

CORPUS, QUERIES, QRELS, SPANS = "corpus.jsonl", "queries.jsonl", "qrels", "spans.jsonl"
HEADER = ("query-id", "corpus-id", "score")


class _Judgement(NamedTuple):
    query: str
    document: str
    score: int
    line: int


class _Span(NamedTuple):
    query: str
    document: str
    start: int
    end: int
    text: str
    line: int


def is_beir(path: Path) -> bool:
    """Whether this is a folder that holds any part of a set in BEIR form."""
    return path.is_dir() and any((path / name).exists() for name in (CORPUS, QUERIES, QRELS))


def read_corpus(folder: Path) -> Iterator[TextDocument]:
    """The documents of a set, one after the other; the path of each is its id.

    Raises:
        FootnoteError: at the first line that holds no document; `load_beir` names all such lines at once.
    """
    faults = Faults()
    for document in _read_documents(_part(folder, CORPUS), faults):
        faults.raise_any()
        yield document
    faults.raise_any()


def load_beir(folder: Path, split: str | None = None) -> tuple[EvalCase, ...]:
    """The cases of a set in BEIR form, in the order of its queries.

    Evidence is a piece for each span, and one for each document that is judged relevant (above 0) and has no span.
    A query with nothing to measure (no judgement, span or answer, and not unanswerable) is left out: a set keeps the
    queries of all its splits in one file.

    Spans are alternatives where a query has answers, any of which will do, and where they are one place: they overlap
    or have the same words. In several places without answers, as with excerpts, it takes all of them (``together``).
    The field ``together`` of a query, true or false, says otherwise.

    Args:
        folder: with ``corpus.jsonl``, ``queries.jsonl``, ``qrels/`` and perhaps ``spans.jsonl``.
        split: the name of a file in ``qrels/``; without it ``test``, or else the only one there is.

    Raises:
        FootnoteError: with a line for each fault that names the file, the line and the field.
    """
    qrels, faults = _qrels_path(folder, split), Faults()
    queries, together = _read_queries(_part(folder, QUERIES), faults)
    spans = list(_read_spans(folder / SPANS, faults)) if (folder / SPANS).exists() else []
    texts = _read_texts(_part(folder, CORPUS), {span.document for span in spans}, faults)
    faults.raise_any()  # what names a line that can't be read would be a fault of its own
    for name, held in ((QUERIES, queries), (CORPUS, texts)):
        if not held:
            raise FootnoteError(f"{folder / name}: the file is empty")
    judgements = _read_judgements(qrels, queries, texts, faults)
    for span in spans:
        with faults.noted():
            _check_span(span, queries, texts, judgements, f"{folder / SPANS}, line {span.line}")
    faults.raise_any()
    cases = tuple(
        replace(case, together=together.get(case.question_id, _takes_all(case)))
        for case in _with_evidence(queries, judgements.values(), spans)
    )
    if not cases:
        raise FootnoteError(f"{qrels}: no query of {QUERIES} has a judgement above 0, a span or an answer")
    return cases


def _part(folder: Path, name: str) -> Path:
    if not (folder / name).exists():
        raise FootnoteError(f"{folder} is no question set in BEIR form: {name} is missing in it")
    return folder / name


def _qrels_path(folder: Path, split: str | None) -> Path:
    """The file of the judgements."""
    found = {path.stem: path for path in sorted(_part(folder, QRELS).glob("*.tsv"))}
    name = split or ("test" if "test" in found or len(found) != 1 else next(iter(found)))
    if name not in found:
        there = f"there are {', '.join(found)}" if found else "it holds no .tsv file"
        raise FootnoteError(f"{folder / QRELS}: there are no judgements named {name!r}; {there}")
    return found[name]


def _read_documents(path: Path, faults: Faults) -> Iterator[TextDocument]:
    """The documents of a corpus; lines that hold none, or one that was there before, are faults."""
    lines: dict[str, int] = {}
    for line, record in json_lines(path, faults):
        with faults.noted():
            fields = Fields(record, place := f"{path}, line {line}")
            key = fields.text("_id", required=True)
            _refuse_repeat(key, lines, line, place)
            if not fields.has("text"):
                fields.fail("text", None, "text")
            yield TextDocument(key, fields.text("title"), fields.text("text"))


def _refuse_repeat(key: str, lines: dict[str, int], line: int, place: str) -> None:
    if key in lines:
        raise FootnoteError(f"{place}, field _id: {shown(key)} is the id of line {lines[key]} already")
    lines[key] = line


def _read_texts(path: Path, wanted: set[str], faults: Faults) -> dict[str, str]:
    """The documents' ids, with their texts where they are wanted: a whole corpus may not fit into memory."""
    return {one.path: one.text if one.path in wanted else "" for one in _read_documents(path, faults)}


def _read_queries(path: Path, faults: Faults) -> tuple[dict[str, EvalCase], dict[str, bool]]:
    """The queries by their ids, as cases without evidence, and the field ``together`` of those that have it."""
    cases: dict[str, EvalCase] = {}
    together: dict[str, bool] = {}
    lines: dict[str, int] = {}
    for line, record in json_lines(path, faults):
        with faults.noted():
            fields = Fields(record, place := f"{path}, line {line}")
            key, question = fields.text("_id", required=True), fields.text("text", required=True)
            _refuse_repeat(key, lines, line, place)
            answers, unanswerable = fields.texts("answers"), fields.truth("unanswerable")
            for name, words in (("text", question), *(("answers", answer) for answer in answers)):
                if not words.strip():
                    fields.fail(name, words, "text")
            if answers and unanswerable:
                raise FootnoteError(f"{place}, field unanswerable: it can't go with answers")
            if fields.has("together"):
                together[key] = fields.truth("together")
            cases[key] = EvalCase(key, question, answers, unanswerable=unanswerable)
    return cases, together


def _read_judgements(
    path: Path, queries: Mapping[str, EvalCase], texts: Mapping[str, str], faults: Faults
) -> dict[tuple[str, str], _Judgement]:
    """The judgements by query and document."""
    judgements: dict[tuple[str, str], _Judgement] = {}
    rows = text_lines(path, faults)
    first, header = next(rows, (1, ""))
    if tuple(header.split("\t")) != HEADER:
        raise FootnoteError(f"{path}, line {first}: it should be the header, with tabs between: {' '.join(HEADER)}")
    for line, row in rows:
        with faults.noted():
            judgement = _parse_judgement(row.split("\t"), line, place := f"{path}, line {line}")
            pair = judgement.query, judgement.document
            _check_pair(pair, queries, texts, place)
            if judgement.score > 0 and queries[judgement.query].unanswerable:
                raise FootnoteError(f"{place}, field score: the query is unanswerable, so that nothing is relevant")
            if pair in judgements:
                raise FootnoteError(f"{place}: line {judgements[pair].line} judges the same query and document already")
            judgements[pair] = judgement
    return judgements


def _parse_judgement(cells: Sequence[str], line: int, place: str) -> _Judgement:
    if len(cells) != len(HEADER):
        raise FootnoteError(f"{place}: the row has {len(cells)} cells, with tabs between them; there should be 3")
    try:
        return _Judgement(cells[0], cells[1], int(cells[2]), line)
    except ValueError as error:
        raise FootnoteError(f"{place}, field score: {shown(cells[2])} is not a whole number") from error


def _check_pair(pair: tuple[str, str], queries: Mapping[str, EvalCase], texts: Mapping[str, str], place: str) -> None:
    if pair[0] not in queries:
        raise FootnoteError(f"{place}, field query-id: {shown(pair[0])} is not in {QUERIES}")
    if pair[1] not in texts:
        raise FootnoteError(f"{place}, field corpus-id: {shown(pair[1])} is not in {CORPUS}")


def _read_spans(path: Path, faults: Faults) -> Iterator[_Span]:
    for line, record in json_lines(path, faults):
        with faults.noted():
            fields = Fields(record, f"{path}, line {line}")
            names = [fields.text(name, required=True) for name in ("query-id", "corpus-id", "text")]
            start, end = fields.whole("start"), fields.whole("end")
            if start is None or end is None:
                fields.fail("start" if start is None else "end", None, "a whole number from 0")
            yield _Span(names[0], names[1], start, end, names[2], line)


def _check_span(
    span: _Span,
    queries: Mapping[str, EvalCase],
    texts: Mapping[str, str],
    judgements: Mapping[tuple[str, str], _Judgement],
    place: str,
) -> None:
    _check_pair((span.query, span.document), queries, texts, place)
    if queries[span.query].unanswerable:
        raise FootnoteError(f"{place}, field query-id: the query is unanswerable, so that no span can answer it")
    if (judgement := judgements.get((span.query, span.document))) and judgement.score < 1:
        raise FootnoteError(f"{place}, field corpus-id: line {judgement.line} of the judgements says it isn't relevant")
    if (held := texts[span.document][span.start : span.end]) != span.text:
        told = f"characters {span.start} to {span.end} of the document are {shown(held)}, not {shown(span.text)}"
        raise FootnoteError(f"{place}, field text: {told}")


def _with_evidence(
    queries: Mapping[str, EvalCase], judgements: Iterable[_Judgement], spans: Sequence[_Span]
) -> Iterator[EvalCase]:
    """The queries that have something to measure, with the evidence of each."""
    grades = {(one.query, one.document): one.score for one in judgements if one.score > 0}
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for span in spans:
        grade = grades.get((span.query, span.document), 1)
        evidence[span.query].append(Evidence(span.document, None, span.text, span.start, span.end, grade))
    spanned = {(span.query, span.document) for span in spans}
    for (query, document), grade in grades.items():
        if (query, document) not in spanned:
            evidence[query].append(Evidence(document, grade=grade))
    for key, case in queries.items():
        if case.unanswerable or case.answers or key in evidence:
            yield replace(case, evidence=tuple(evidence.get(key, ())))


def _takes_all(case: EvalCase) -> bool:
    """Whether it takes all of the evidence, where the query doesn't say: several places, and no answer in any of them.

    A document that is judged relevant as a whole is no place, and then each of the evidence is an alternative.
    """
    spans = sorted((one.source, one.start, one.end) for one in case.evidence if one.start is not None and one.end)
    reached = accumulate((end for _, _, end in spans), max)
    apart = any(start >= end for (_, start, _), end in zip(spans[1:], reached, strict=False))
    several = apart or len({source for source, *_ in spans}) > 1
    return (
        not case.answers
        and len(spans) == len(case.evidence)
        and several
        and len({one.quote for one in case.evidence}) > 1
    )
