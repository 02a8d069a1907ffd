"""The one desk that every door of the web goes to: it knows who asks, hands out what they may have, and writes it down.

A question gets its place in the line (`access.waiting`) and is counted (`access.quotas`) before anything is done for
it, and is on record (`access.audit`) before its answer's end is told. It is one module since these steps have one
order, and none of them may be passed by. What it does not do: HTTP, or finding out who asks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Literal

import schema
from access.audit import Outcome
from access.refusals import Busy
from access.visitor import Visitor
from access.waiting import Line, Ticket, person_of
from feedback import Feedback
from web.asking import Asked, Call, Door, Records
from web.metrics import Metrics
from web.service import Service

__all__ = ["Asked", "Desk", "Door", "Records"]
COMES_BACK_S = 10.0
"""Seconds after which a server that begins or ends is likely to answer again."""
BUSY_LINE_S = 1.0
"""Seconds between two lines of the audit log on questions that were turned away; /metrics counts all of them."""
LOADING = "Footnote is still loading its models. Ask again in a moment."
CLOSING = "Footnote is being shut down. Ask again in a moment."
UNRECORDED = "This can't be written into the audit log, so there is no answer. Tell whoever runs Footnote."

_log = logging.getLogger(__name__)


class Desk:
    """One service for many visitors.

    Args:
        service: what answers; used from several threads at once.
        line: for the language model; by default one answer at a time.
        records: quotas and the audit log.
        look_at_index: the index's fingerprint and how many documents it holds; raises FootnoteError when it can't be
            read.
        look_at_model: how the language model's server stands; ``None`` without one.
    """

    def __init__(
        self,
        service: Service,
        *,
        line: Line | None = None,
        records: Records | None = None,
        look_at_index: Callable[[], tuple[str, int]] | None = None,
        look_at_model: Callable[[], schema.ModelHealth | None] = lambda: None,
    ) -> None:
        self.service = service
        self.line = line or Line()
        self.records = records or Records()
        self.look_at_index = look_at_index or (lambda: ("", len(service.sources())))
        self.look_at_model = look_at_model
        self.metrics = Metrics(self.line, self.look_at_index, self.records.shared, look_at_model)
        self.state: Literal["loading", "open", "closing"] = "open"
        self._calls: set[Call] = set()
        self._lock = threading.Lock()
        self._busy_told = -BUSY_LINE_S

    def view(self, visitor: Visitor) -> Service:
        """The service as this visitor may see it."""
        return self.service if visitor.collections is None else self.service.view(visitor.collections)

    def ask(
        self, visitor: Visitor, door: Door, asked: Asked, *, stop: threading.Event | None = None
    ) -> Iterator[schema.Event]:
        """Answer a question as a stream of events; see `web.service.Service.ask`.

        Raises:
            Busy: before the first event, when a limit is reached or the server begins or ends; after others when the
                server ends before the answer does.
            FootnoteError: what the service raises, or that the answer can't be written down.
        """
        call = Call(visitor, door, asked, stop or threading.Event())
        with self._at_desk(call), nullcontext() if asked.quotes_only else self._admit(visitor) as ticket:
            self._count(visitor)
            events = self.view(visitor).ask(
                asked.question,
                collection=asked.collection,
                within=asked.within,
                top_k=asked.top_k,
                history=asked.history,
                quotes_only=asked.quotes_only,
                stop=call.stop,
                line_up=(lambda: ticket.places(call.stop.is_set)) if ticket else tuple,
            )
            for event in self._watched(call, events):
                if ticket and isinstance(event, schema.Answered):
                    ticket.leave()  # the model is free for the next
                yield event

    def check_room(self, visitor: Visitor, door: Door, asked: Asked) -> None:
        """Turn a question away before it costs a thread; one that gets past may still be turned away by `ask`.

        Raises:
            Busy: for a full line, or when this person has as many questions in it as one may.
        """
        if asked.quotes_only or self.state != "open":
            return
        try:
            with self._counted("line"):
                self.line.check_room(person_of(visitor))
        except Busy:
            self._record(Call(visitor, door, asked, threading.Event()), "busy")
            raise

    def search(self, visitor: Visitor, door: Door, asked: Asked) -> list[schema.Passage]:
        """The best passages for a question, best first; see `web.service.Service.search`.

        Raises:
            Busy: as for `ask`; a search needs no place in the line.
            FootnoteError: what the service raises, or that the search can't be written down.
        """
        call = Call(visitor, door, asked, threading.Event())
        with self._at_desk(call):
            self._count(visitor)
            found = self.view(visitor).search(
                asked.question, collection=asked.collection, within=asked.within, top_k=asked.top_k
            )
            call.saw(tuple(found))
            self._record(call, "found")
            return found

    def add_feedback(self, visitor: Visitor, record: Feedback) -> None:
        """Keep what a reader said of an answer; it is on disk when this returns.

        Raises:
            FootnoteError: when it can't be kept.
        """
        self.view(visitor).add_feedback(replace(record, user=visitor.user))
        self.metrics.feedback.labels(record.rating).inc()

    # Its beginning and its end

    @property
    def running(self) -> int:
        """How many questions are being answered."""
        return len(self._calls)

    def open(self) -> bool:
        """Take questions, unless the server is to end by now; whether they are taken."""
        with self._lock:
            if self.state == "loading":
                self.state = "open"
            return self.state == "open"

    def close(self) -> None:
        """Take no more questions; those that are being answered go on."""
        with self._lock:
            self.state = "closing"

    def cut_short(self) -> None:
        """End the answers that are still being written, each with an error."""
        with self._lock:
            for call in self._calls:
                call.is_cut = True
                call.stop.set()

    # Within

    @contextmanager
    def _at_desk(self, call: Call) -> Iterator[None]:
        """Let a question in, and see to it that it is on record however it ends."""
        with self._lock:
            self._calls.add(call)
        try:
            self._let_in()
            yield
        except GeneratorExit:
            call.outcome = "left"
            raise
        except Busy:
            call.outcome = "error" if call.is_cut else "busy"
            raise
        finally:
            with suppress(schema.FootnoteError):  # what ended it is told already, and the log says the rest
                self._record(call, call.outcome)
            with self._lock:
                self._calls.discard(call)

    def _let_in(self) -> None:
        """Turn everybody away while the server begins or ends."""
        if self.state != "open":
            self.metrics.refusals.labels(self.state).inc()
            text = LOADING if self.state == "loading" else CLOSING
            raise Busy(text, retry_after=COMES_BACK_S, is_own=False)
        self.records.daily()

    def _count(self, visitor: Visitor) -> None:
        """Count a question, after its place in the line: one that a full line turned away costs nobody anything."""
        if self.records.quotas:
            with self._counted("quota"):
                self.records.quotas.take(visitor)

    def _admit(self, visitor: Visitor) -> Ticket:
        with self._counted("line"):
            return self.line.admit(person_of(visitor))

    @contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        """Count a refusal within the block as one of this kind."""
        try:
            yield
        except Busy:
            self.metrics.refusals.labels(kind).inc()
            raise

    def _watched(self, call: Call, events: Iterator[schema.Event]) -> Iterator[schema.Event]:
        """The events of an answer, measured and, before the last one is told, on record."""
        metrics, has_begun = self.metrics, False
        for event in events:
            match event:
                case schema.QuotesFound(quotes, passages):
                    call.saw(passages, quotes)
                    metrics.quotes_seconds.labels(call.door).observe(call.seconds)
                case schema.Token() | schema.SentenceChecked() if not has_begun:
                    has_begun = True
                    metrics.first_token_seconds.labels(call.door).observe(call.seconds)
                case schema.Answered(answer):
                    if call.is_cut:
                        raise Busy(CLOSING, retry_after=COMES_BACK_S, is_own=False)
                    call.saw(answer.passages, (*answer.quotes, *answer.citations))
                    outcome: Outcome = "refused" if answer.abstained else "answered"
                    self._record(call, "left" if call.stop.is_set() else outcome)
                    metrics.answer_seconds.labels(call.door).observe(call.seconds)
            yield event

    def _record(self, call: Call, outcome: Outcome) -> None:
        """Count the question and write it down, once.

        Raises:
            FootnoteError: when it can't be written down.
        """
        if call.is_recorded:
            return
        call.outcome, call.is_recorded = outcome, True
        self.metrics.questions.labels(call.door, outcome).inc()
        if self.records.audit and (outcome != "busy" or self._may_tell_busy()):
            try:
                self.records.audit.write(call.entry())
            except schema.FootnoteError as error:
                _log.error("%s", error)
                raise schema.FootnoteError(UNRECORDED) from error

    def _may_tell_busy(self) -> bool:
        """Whether a question that was turned away is written down: one a second, so that nobody fills the disk so."""
        with self._lock:
            now, last = time.monotonic(), self._busy_told
            if is_due := now - last >= BUSY_LINE_S:
                self._busy_told = now
            return is_due
