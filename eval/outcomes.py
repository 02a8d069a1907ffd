"""Cases and outcomes as JSON, for journals, results and others' runs.

An outcome has the keys of ``footnote ask --json`` with the question's id. Everything but ``id`` may be missing, so that
a system that shows little can be measured for what it shows. What is there has to have the right form: a fault names
its place and field.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from eval.fields import Fields
from eval.records import EvalCase, Evidence, Outcome, Span, Statement
from schema import Support, Turn


def case_to_record(case: EvalCase) -> dict[str, Any]:
    """The JSON form of a case, whose keys differ from those of an outcome but for ``id``; without an empty history."""
    record = asdict(case)
    if not case.history:
        del record["history"]
    return {"id": record.pop("question_id"), **record}


def parse_case(record: Any, place: str) -> EvalCase:
    """A case from its JSON form.

    Raises:
        FootnoteError: naming place and field.
    """
    case = Fields(record, place)
    return EvalCase(
        question_id=case.text("id", required=True),
        question=case.text("question", required=True),
        answers=case.texts("answers"),
        evidence=tuple(_parse_evidence(one) for one in case.records("evidence")),
        unanswerable=case.truth("unanswerable"),
        kind=case.text("kind"),
        together=case.truth("together"),
        history=tuple(Turn(one.text("question", required=True), one.text("answer")) for one in case.records("history")),
    )


def outcome_to_record(outcome: Outcome) -> dict[str, Any]:
    """The JSON form; quotes and citations are numbered from 1 and hold their words under ``quote``."""
    record = asdict(outcome)
    record["id"] = record.pop("question_id")
    for name in ("citations", "quotes"):
        spans = enumerate(record[name], start=1)
        record[name] = [{"number": number, "quote": span.pop("text"), **span} for number, span in spans]
    record["passages"] = [{"rank": rank, **span} for rank, span in enumerate(record["passages"], start=1)]
    return {"id": record.pop("id"), **record}


def parse_outcome(record: Any, place: str) -> Outcome:
    """An outcome from its JSON form.

    Args:
        record: as parsed; unknown keys are left alone, since other systems have more to say.
        place: file and line, for the error.

    Raises:
        FootnoteError: naming place and field.
    """
    fields = Fields(record, place)
    return Outcome(
        question_id=fields.text("id", required=True),
        answer=fields.text("answer"),
        abstained=fields.truth("abstained"),
        reason=fields.text("reason"),
        sentences=tuple(_parse_statement(one) for one in fields.records("sentences")),
        citations=tuple(_parse_span(one, "quote") for one in fields.records("citations")),
        quotes=tuple(_parse_span(one, "quote") for one in fields.records("quotes")),
        passages=tuple(_parse_span(one, "text") for one in fields.records("passages")),
        dropped=tuple(_parse_statement(one) for one in fields.records("dropped")),
        confidence=fields.number("confidence"),
        timings=fields.numbers("timings"),
        tokens_read=fields.whole("tokens_read"),
        tokens_written=fields.whole("tokens_written"),
        verbatim=fields.pair("verbatim"),
        error=fields.text("error"),
    )


def _parse_evidence(evidence: Fields) -> Evidence:
    return Evidence(
        source=evidence.text("source", required=True),
        page=evidence.whole("page", least=1),
        quote=evidence.text("quote"),
        start=evidence.whole("start"),
        end=evidence.whole("end"),
        grade=evidence.whole("grade", least=1) or 1,
    )


def _parse_statement(fields: Fields) -> Statement:
    support = fields.text("support") or None
    if support is not None and support not in get_args(Support):
        fields.fail("support", support, " or ".join(get_args(Support)))
    return Statement(
        fields.text("text", required=True),
        tuple(fields.wholes("citations")),
        support,  # type: ignore[arg-type]  # one of the allowed words, as just checked
        fields.number("score"),
        tuple(str(problem) for problem in fields.items("problems")),
    )


def _parse_span(fields: Fields, words: str) -> Span:
    return Span(
        source=fields.text("source", required=True),
        text=fields.text(words) or fields.text("text"),
        title=fields.text("title"),
        date=fields.text("date") or None,
        page=fields.whole("page"),
        start=fields.whole("start"),
        end=fields.whole("end"),
        score=fields.number("score"),
        seen_by_model=fields.truth("seen_by_model") if fields.has("seen_by_model") else None,
        warning=fields.text("warning"),
        marked=fields.text("marked"),
    )
