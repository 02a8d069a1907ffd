"""Outcomes as JSON: the keys of ``footnote ask --json`` with the question's id, for journals, results and others' runs.

Everything but ``id`` may be missing, so that a system that shows little can be measured for what it shows. What is
there has to have the right form: a fault names its place and field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from reprlib import repr as shown
from typing import Any, get_args

from eval.records import Outcome, Span, Statement
from schema import FootnoteError, Support


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
    fields = _Fields(record, place)
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


def _parse_statement(fields: _Fields) -> Statement:
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


def _parse_span(fields: _Fields, words: str) -> Span:
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
    )


class _Fields:
    """The fields of one JSON object, read with their types checked; null is the same as missing."""

    def __init__(self, record: Any, place: str) -> None:
        if not isinstance(record, Mapping):
            raise FootnoteError(f"{place}: {shown(record)} is not a JSON object")
        self._record, self._place = record, place

    def has(self, name: str) -> bool:
        return self._record.get(name) is not None

    def fail(self, name: str, value: Any, wanted: str) -> None:
        raise FootnoteError(f"{self._place}, field {name}: {shown(value)} is not {wanted}")

    def text(self, name: str, *, required: bool = False) -> str:
        value = self._record.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            self.fail(name, value, "text")
        return str(value)

    def truth(self, name: str) -> bool:
        value = self._record.get(name)
        if value is not None and not isinstance(value, bool):
            self.fail(name, value, "true or false")
        return bool(value)

    def number(self, name: str) -> float | None:
        value = self._record.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fail(name, value, "a number")
        return float(value)

    def whole(self, name: str) -> int | None:
        value = self._record.get(name)
        if value is not None and (type(value) is not int or value < 0):
            self.fail(name, value, "a whole number from 0")
        return value

    def items(self, name: str) -> list[Any]:
        value = self._record.get(name)
        if value is not None and not isinstance(value, list | tuple):
            self.fail(name, value, "a list")
        return list(value or ())

    def wholes(self, name: str) -> list[int]:
        for value in (values := self.items(name)):
            if type(value) is not int or value < 1:
                self.fail(name, value, "a whole number from 1")
        return values

    def pair(self, name: str) -> tuple[int, int] | None:
        if not self.has(name):
            return None
        values = self.items(name)
        if len(values) != 2 or any(type(value) is not int for value in values) or not 0 <= values[0] <= values[1]:
            self.fail(name, values, "a pair such as [3, 3]: how many of how many")
        return values[0], values[1]

    def records(self, name: str) -> list[_Fields]:
        return [
            _Fields(item, f"{self._place}, field {name}, item {number}")
            for number, item in enumerate(self.items(name), start=1)
        ]

    def numbers(self, name: str) -> dict[str, float]:
        if not self.has(name):
            return {}
        if not isinstance(value := self._record[name], Mapping):
            self.fail(name, value, "an object of numbers")
        inner = _Fields(value, f"{self._place}, field {name}")
        return {key: number for key in value if (number := inner.number(key)) is not None}
