"""What the web needs of the assistant and of evaluation, as protocols that the objects it is given satisfy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import schema
from feedback import Feedback


class Service(Protocol):
    """The assistant as the web sees it; every method may raise ``schema.FootnoteError``."""

    def view(self, collections: frozenset[str]) -> Service:
        """The same assistant, for which no collections but these exist."""
        ...

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: schema.Filter | None = None,
        top_k: int | None = None,
        history: Sequence[schema.Turn] = (),
        quotes_only: bool = False,
        stop: threading.Event | None = None,
        line_up: Callable[[], Iterable[schema.Waiting]] = lambda: (),
    ) -> Iterator[schema.Event]:
        """Answer as a stream: ``QuotesFound``, ``Token`` and ``SentenceChecked`` as they come, ``Answered`` last.

        ``line_up`` is iterated, and what it tells is told, before the language model is asked.
        """
        ...

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: schema.Filter | None = None,
        top_k: int | None = None,
    ) -> list[schema.Passage]:
        """The best passages for a question, best first."""
        ...

    def sources(self) -> list[schema.SourceInfo]:
        """The documents of the index."""
        ...

    def page(self, source_id: str, number: int) -> schema.PageView:
        """One page of a source, numbered from 1; FootnoteError when there is no such source or page."""
        ...

    def picture(self, source_id: str, number: int) -> bytes:
        """A page as a PNG file; FootnoteError when its file is not there any more, or has no pictures of pages."""
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


class RunRow(Protocol):
    """One run of evaluation, finished or not.

    ``questions`` is the name of its question set, ``when`` ISO time in UTC or empty, ``measures`` figures in words by
    heading, ``message`` a sentence on why it is as it is.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def questions(self) -> str: ...  # noqa: D102
    @property
    def done(self) -> int: ...  # noqa: D102
    @property
    def total(self) -> int | None: ...  # noqa: D102
    @property
    def when(self) -> str: ...  # noqa: D102
    @property
    def state(self) -> Literal["finished", "running", "unfinished", "broken"]: ...  # noqa: D102
    @property
    def measures(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def seconds_left(self) -> float | None: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def can_resume(self) -> bool: ...  # noqa: D102


class Evaluations(Protocol):
    """Evaluation as the web sees it; every method may raise ``schema.FootnoteError``, as for an unknown name."""

    def runs(self) -> Sequence[RunRow]:
        """All runs, the one under way first, then the newest."""
        ...

    def progress(self, name: str) -> RunRow:
        """One run as it stands now."""
        ...

    def sets(self) -> Sequence[str]:
        """The names of the question sets that can be asked."""
        ...

    def report(self, name: str) -> str:
        """The report of a finished run, a whole HTML document."""
        ...

    def comparison(self, a: str, b: str, *, shared: bool = False) -> str:
        """The report of run b against run a; with ``shared``, over what both hold where they differ."""
        ...

    def start(
        self, questions: str, *, limit: int | None = None, seed: int | None = None, quotes_only: bool = False
    ) -> str:
        """Begin a run over a question set in the background; its name."""
        ...

    def resume(self, name: str) -> None:
        """Go on with an unfinished run."""
        ...

    def stop(self, name: str) -> None:
        """End a run that is under way; what was answered is kept."""
        ...

    def close(self) -> None:
        """Stop what is under way and wait for it, as the server ends."""
        ...
