"""The chat page's answers in progress: whose each is, how it is stopped, and the states that it goes through.

What this module does not do: draw a state (`web.render`), or know what the page is made of (`web.chat`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from access.visitor import Visitor
from schema import FootnoteError, Turn
from web.desk import Asked, Desk
from web.exchange import Exchange, advance
from web.streaming import batches

STOPPED = "The answer was stopped before it was complete."
FORGET_S = 2.0


@dataclass
class Run:
    """One answer in progress: how to stop it, whether it is over, and whether nobody wants to see it any more."""

    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    forgotten: bool = False


Place = tuple[str, str]
"""Whose answer it is (`Guest.key`), and in which session of the page."""


class Running:
    """The answers in progress, one for each session of one person; nobody reaches another's."""

    def __init__(self) -> None:
        self._runs: dict[Place, Run] = {}

    @contextmanager
    def answering(self, session: Place) -> Iterator[Run]:
        """A run for this session, stopped at the latest when the block ends: done, cancelled or deserted."""
        self.stop(session)
        run = self._runs[session] = Run()
        try:
            yield run
        finally:
            run.stop.set()
            run.over.set()
            if self._runs.get(session) is run:
                del self._runs[session]

    def stop(self, session: Place) -> None:
        """Stop the answer of this session, if one runs."""
        if run := self._runs.get(session):
            run.stop.set()

    def forget(self, session: Place) -> None:
        """Stop the answer of this session and wait until it can't change the page any more."""
        if run := self._runs.get(session):
            run.forgotten = True
            run.stop.set()
            run.over.wait(FORGET_S)


def follow(desk: Desk, visitor: Visitor, asked: Asked, exchange: Exchange, stop: threading.Event) -> Iterator[Exchange]:
    """The states of one exchange; the last one is not running any more."""
    try:
        for batch in batches(lambda event: desk.ask(visitor, "page", asked, stop=event), stop):
            for event in batch:
                exchange = advance(exchange, event)
            if batch:
                yield exchange
    except FootnoteError as error:
        yield replace(exchange, phase="failed", notice=str(error), draft="")
        return
    if exchange.running:
        yield replace(exchange, phase="stopped", notice=STOPPED, draft="")


def history(conversation: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The turns that were answered or refused; a failed one taught nobody anything."""
    return tuple(Turn(past.question, past.answer.answer) for past in conversation if past.answer is not None)
