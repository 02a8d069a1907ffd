"""One question at the desk as a value: what is asked, through which door, and what is to be written down of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import schema
from access.audit import AuditLog, Entry, Outcome
from access.quotas import Quotas
from access.shared import Shared
from access.visitor import Visitor

Door = Literal["page", "rest", "widget", "openai"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks through a door; the fields are those of `web.service.Service.ask`."""

    question: str
    collection: str | None = None
    within: schema.Filter | None = None
    top_k: int | None = None
    history: tuple[schema.Turn, ...] = ()
    quotes_only: bool = False


@dataclass(frozen=True, slots=True)
class Records:
    """Who may ask how much, and what is written down of it; nothing of either by default.

    ``daily`` is called with every question; ``shared`` is what several processes of one server remember together.
    """

    quotas: Quotas | None = None
    audit: AuditLog | None = None
    daily: Callable[[], None] = lambda: None
    shared: Shared | None = None


@dataclass(eq=False, slots=True)
class Call:
    """One question at the desk, from its arrival to its record."""

    visitor: Visitor
    door: Door
    asked: Asked
    stop: threading.Event
    outcome: Outcome = "error"
    sources: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)
    is_cut: bool = False
    is_recorded: bool = False

    @property
    def seconds(self) -> float:
        """Since the question came."""
        return time.monotonic() - self.started

    def saw(self, passages: tuple[schema.Passage, ...], quotes: tuple[schema.Quote, ...] = ()) -> None:
        """Remember whose words were shown."""
        shown = [same for passage in passages for same in (passage, *passage.also)]
        self.sources.update(passage.chunk.source_id for passage in shown)
        self.sources.update(quote.source for quote in quotes)

    def entry(self) -> Entry:
        """The line of the audit log."""
        visitor, asked = self.visitor, self.asked
        return Entry(
            user=visitor.user,
            groups=tuple(sorted(visitor.groups)),
            embed=visitor.embed,
            origin=visitor.origin,
            door=self.door,
            collection=asked.collection,
            question=asked.question,
            outcome=self.outcome,
            collections=tuple(sorted({source.split("/", 1)[0] for source in self.sources})),
            sources=tuple(sorted(self.sources)),
            seconds=self.seconds,
        )
