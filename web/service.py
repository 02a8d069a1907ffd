"""What the web needs of the assistant, as a protocol that the pipeline's object satisfies; the limit on a question."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

import schema
from feedback import Feedback


class Service(Protocol):
    """The assistant as the web sees it; every method may raise ``schema.FootnoteError``."""

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        top_k: int | None = None,
        history: Sequence[schema.Turn] = (),
        quotes_only: bool = False,
        stop: threading.Event | None = None,
    ) -> Iterator[schema.Event]:
        """Answer as a stream: ``QuotesFound``, ``Token`` and ``SentenceChecked`` as they come, ``Answered`` last."""
        ...

    def sources(self) -> list[schema.SourceInfo]:
        """The documents of the index."""
        ...

    def page(self, source_id: str, number: int) -> schema.PageView:
        """One page of a source, numbered from 1; FootnoteError when there is no such source or page."""
        ...

    def page_of(self, source_id: str, start: int) -> int:
        """The number of the page that holds this character offset."""
        ...

    def status(self) -> str:
        """One sentence about the models in use."""
        ...

    def add_feedback(self, record: Feedback) -> None:
        """Keep what a reader said of an answer; when this returns it is on disk."""
        ...
