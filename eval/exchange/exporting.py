"""Runs in the forms of other tools: our own lines, TREC, and the data sets of Ragas and DeepEval.

Each form holds what it has a name for; docs/other-systems.md says what is left out. This module writes files that those
tools read, and needs none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.exchange.trec import write_lines, write_qrels, write_trec_run
from eval.files import json_line
from eval.measures import MEASURES
from eval.outcomes import outcome_to_record
from eval.records import EvalCase, Outcome, Run
from schema import FootnoteError


def export_run(run: Run, path: Path, form: str) -> None:
    """Write a run to a file in one of the ``FORMS``.

    Raises:
        FootnoteError: for an unknown form, a run that holds nothing for it, or a file that can't be written.
    """
    if form not in FORMS:
        raise FootnoteError(f"There is no form {form!r} to export to. There are {', '.join(FORMS)}.")
    FORMS[form](run, path)


def _write_outcomes(run: Run, path: Path) -> None:
    """One line for each question, as `eval.exchange.foreign` reads them, under one that says what the system is."""
    stated = {name: value for name, value in asdict(run.fingerprint).items() if value and name != "questions"}
    system = {"name": run.name, **stated, "measures": [one.name for one in MEASURES if one.name in run.columns]}
    records = (outcome_to_record(outcome) for outcome in run.outcomes)
    write_lines(path, (json_line(record) for record in ({"system": system}, *records)))


def _write_qrels(run: Run, path: Path) -> None:
    write_qrels(run.cases, path)


def _write_ragas(run: Run, path: Path) -> None:
    """A line for each ``SingleTurnSample``; in ASCII, since Ragas reads the file in the encoding of the machine."""
    write_lines(path, (json.dumps(_ragas_sample(case, outcome)).encode() for case, outcome in _pairs(run)))


def _write_deepeval(run: Run, path: Path) -> None:
    """One list of the fields of ``LLMTestCase``."""
    samples = [_deepeval_case(case, outcome) for case, outcome in _pairs(run)]
    write_lines(path, [json.dumps(samples, indent=1).encode()])


FORMS: Mapping[str, Callable[[Run, Path], None]] = {
    "jsonl": _write_outcomes,
    "trec": write_trec_run,
    "qrels": _write_qrels,
    "ragas": _write_ragas,
    "deepeval": _write_deepeval,
}


def _pairs(run: Run) -> Iterator[tuple[EvalCase, Outcome]]:
    return zip(run.cases, run.outcomes, strict=True)


def _ragas_sample(case: EvalCase, outcome: Outcome) -> dict[str, Any]:
    with_text = [passage for passage in outcome.passages if passage.text]
    sample = {
        "user_input": case.question,
        "response": outcome.answer,
        "retrieved_contexts": [passage.text for passage in with_text],
        "retrieved_context_ids": [passage.source for passage in with_text],
        "reference": _reference(case),
        "reference_contexts": _quotes(case),
        "reference_context_ids": _names(case),
    }
    return _without_none(sample)


def _deepeval_case(case: EvalCase, outcome: Outcome) -> dict[str, Any]:
    sample = {
        "name": case.question_id,
        "input": case.question,
        "actual_output": outcome.answer,
        "expected_output": _reference(case),
        "context": _quotes(case),
        "retrieval_context": [passage.text for passage in outcome.passages if passage.text],
    }
    return _without_none(sample)


def _reference(case: EvalCase) -> str | None:
    """The expected answer as one text: all of them where it takes all, else the first of those that will do."""
    if not case.answers:
        return None
    return "; ".join(case.answers) if case.together else case.answers[0]


def _quotes(case: EvalCase) -> list[str] | None:
    return [evidence.quote for evidence in case.evidence if evidence.quote] or None


def _names(case: EvalCase) -> list[str] | None:
    return list(dict.fromkeys(evidence.source for evidence in case.evidence)) or None


def _without_none(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sample.items() if value is not None}
