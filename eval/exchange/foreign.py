"""Runs of other systems: their answers or rankings, read from a file and measured by the code that measures ours.

The forms are described in docs/other-systems.md. This module asks nobody. A question without a line is one without a
result; what a file shows nothing of, such as the citations of a system that has none, is left out of the measures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.exchange.markers import read_markers
from eval.exchange.trec import read_trec_run
from eval.faults import Faults, json_lines
from eval.fields import Fields
from eval.measures import HELPERS, MEASURES, Checker, Measure, find, tabulate
from eval.measures.retrieval import rank_run
from eval.outcomes import parse_outcome
from eval.records import EvalCase, Outcome, Run, RunFingerprint, Span
from eval.sets.questions import questions_sha
from schema import FootnoteError

STATED = ("corpus", "index", "embedder", "reranker", "llm", "prompt", "settings", "version")
"""What a system may say of itself that becomes part of the run's fingerprint."""

SHOWN_BY: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("retrieval", "", ("passages",)),
    ("answers", "", ("answer",)),
    ("evidence", "quote", ("quotes",)),
    ("evidence", "right", ("citations",)),
    ("evidence", "passages", ("passages.text",)),
    ("citations", "", ("citations",)),
    ("refusals", "", ("answer", "abstained")),
    ("support", "dropped", ("dropped",)),
    ("support", "", ("citations",)),
    ("time", "", ("timings",)),
    ("cost", "", ("tokens_read", "tokens_written")),
)
"""The group of a measure, how its name begins, and the keys of which a file has to have one; the first row counts.

Passages that are a name alone, as in a ranking, can't hold any words: ``passages.text``.
"""


@dataclass(slots=True)
class _Foreign:
    """What a file holds: outcomes by question, what the system says of itself, and the keys that its lines have."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    system: Mapping[str, Any] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    @property
    def measured(self) -> list[str]:
        """The measures that the file can be judged by: those that the system names, or those that its keys show."""
        if named := self.system.get("measures"):
            return [one.name for one in MEASURES if one.name in named]
        return [one.name for one in MEASURES if self.shown.intersection(_keys_of(one))]


def score_foreign(cases: Sequence[EvalCase], outcomes_path: Path, *, check: Checker, name: str | None = None) -> Run:
    """Measure another system.

    Args:
        cases: the questions that it was asked, with sources named as the system names them.
        outcomes_path: JSON Lines of answers, or a TREC run of rankings alone; see docs/other-systems.md.
        check: says whether texts support a sentence.
        name: of the run; else the name that the system gives itself, or the file's.

    Raises:
        FootnoteError: naming file, line and field of each fault.
    """
    read = _read_answers if _holds_json(outcomes_path) else _read_rankings
    foreign = read(outcomes_path, {case.question_id for case in cases})
    missing = f"no line for this question in {outcomes_path.name}"
    outcomes = tuple(
        foreign.outcomes.get(case.question_id) or Outcome(case.question_id, error=missing) for case in cases
    )
    system, measured = foreign.system, foreign.measured
    stated = {part: system[part] for part in STATED if system.get(part)}
    about = {
        "outcomes": str(outcomes_path),
        "system": dict(system),
        "without_a_line": len(cases) - len(foreign.outcomes),
        "not_measured": [one.name for one in MEASURES if one.name not in measured],
    }
    return Run(
        name=name or system.get("name") or outcomes_path.stem,
        fingerprint=RunFingerprint(questions=questions_sha(cases), **stated),
        cases=tuple(cases),
        outcomes=outcomes,
        columns=_columns(cases, outcomes, check, measured),
        about=about,
    )


def _keys_of(measure: Measure) -> tuple[str, ...]:
    rows = (keys for group, start, keys in SHOWN_BY if group == measure.group and measure.name.startswith(start))
    return next(rows, ())


def _columns(
    cases: Sequence[EvalCase], outcomes: Sequence[Outcome], check: Checker, measured: Collection[str]
) -> dict[str, np.ndarray]:
    groups = {find(name).group for name in measured}
    columns = tabulate(cases, outcomes, check, groups=groups)
    wanted = {*measured, *(helper.name for helper in HELPERS)}
    return {name: column for name, column in columns.items() if name in wanted}


def _holds_json(path: Path) -> bool:
    """By the file's name, or else by its first mark; what can't be read is for the reader to complain of."""
    if path.suffix.lower() in (".jsonl", ".json", ".ndjson"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    except OSError:
        return False


# Rankings


def _read_rankings(path: Path, known: Collection[str]) -> _Foreign:
    rankings = read_trec_run(path)
    faults = Faults()
    for question_id in rankings:
        with faults.noted():
            _refuse_unknown(question_id, known, str(path))
    faults.raise_any()
    outcomes = {
        question_id: Outcome(question_id, passages=tuple(Span(name, score=scores[name]) for name in rank_run(scores)))
        for question_id, scores in rankings.items()
    }
    return _Foreign(outcomes, shown={"passages"})


# Answers


def _read_answers(path: Path, known: Collection[str]) -> _Foreign:
    foreign, faults = _Foreign(), Faults()
    is_first = True
    for number, record in json_lines(path, faults):
        place = f"{path}, line {number}"
        with faults.noted():
            if "system" in record and "id" not in record:
                foreign.system = _parse_system(record, place, is_first=is_first)
            else:
                _enter(foreign, record, place, known)
        is_first = False
    faults.raise_any()
    if not foreign.outcomes:
        raise FootnoteError(f"{path} is empty: it holds no line for a question")
    return foreign


def _parse_system(record: Mapping[str, Any], place: str, *, is_first: bool) -> dict[str, Any]:
    if not is_first:
        raise FootnoteError(f"{place}, field system: only the first line says what the system is")
    fields = Fields(record, place).record("system")
    for name in ("name", *STATED):
        fields.text(name)
    known = {one.name for one in MEASURES}
    for measure in fields.texts("measures"):
        if measure not in known:
            fields.fail("measures", measure, "the name of a measure")
    return dict(record["system"] or {})


def _enter(foreign: _Foreign, record: Mapping[str, Any], place: str, known: Collection[str]) -> None:
    record = _with_passages(record, place)
    outcome = parse_outcome(record, place)
    _refuse_unknown(outcome.question_id, known, f"{place}, field id")
    if outcome.question_id in foreign.outcomes:
        raise FootnoteError(f"{place}, field id: {outcome.question_id!r} has an earlier line")
    fields = Fields(record, place)
    _check_numbers(fields)
    foreign.shown.update(name for name in record if fields.has(name))
    if any(passage.text or passage.start is not None for passage in outcome.passages):
        foreign.shown.add("passages.text")
    if not fields.has("sentences"):
        outcome = _with_sentences(outcome, has_citations=fields.has("citations"))
        foreign.shown.update({"citations"} if outcome.sentences else ())
    foreign.outcomes[outcome.question_id] = outcome


def _refuse_unknown(question_id: str, known: Collection[str], place: str) -> None:
    if question_id not in known:
        raise FootnoteError(f"{place}: {question_id!r} is no question of the set")


def _with_passages(record: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """The record with its ``contexts``, if it calls them so, as passages."""
    fields = Fields(record, place)
    if not fields.has("contexts"):
        return record
    if fields.has("passages"):
        raise FootnoteError(f"{place}, field contexts: it is another name for passages; give one of them")
    passages = [_to_passage(item, number) for number, item in enumerate(fields.items("contexts"), start=1)]
    return {**record, "passages": passages}


def _to_passage(item: Any, number: int) -> Any:
    """A context as a passage: bare text, LangChain's ``Document`` as a dictionary, or a passage as it is."""
    if isinstance(item, str):
        return {"source": f"unnamed {number}", "text": item}
    if isinstance(item, Mapping) and "page_content" in item:
        source = (item.get("metadata") or {}).get("source") if isinstance(item.get("metadata"), Mapping) else None
        return {"source": source or f"unnamed {number}", "text": item["page_content"]}
    return item


def _check_numbers(fields: Fields) -> None:
    """Refuse citations that are numbered otherwise than from 1 in their order: sentences would point beside them."""
    for place, citation in enumerate(fields.records("citations"), start=1):
        if citation.whole("number") not in (None, place):
            citation.fail("number", citation.whole("number"), f"{place}, its place in the list")


def _with_sentences(outcome: Outcome, *, has_citations: bool) -> Outcome:
    """The outcome with the sentences and citations that markers in its answer show, if there are any."""
    if outcome.abstained:
        return outcome
    pointed_to = outcome.citations if has_citations else outcome.passages
    marked = read_markers(outcome.answer, len(pointed_to))
    if marked.text == outcome.answer.strip():
        return outcome
    citations = tuple(pointed_to[number - 1] for number in marked.cited)
    return replace(outcome, answer=marked.text, sentences=marked.sentences, citations=citations)
