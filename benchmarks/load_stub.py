"""The other processes of `benchmarks.load`: a server whose search and model are a stub, and what changes an index.

python -m benchmarks.load_stub serve STATE SLOTS WAITING WORDS
python -m benchmarks.load_stub swap FOLDER SECONDS
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import schema
from access.audit import AuditLog
from access.quotas import Quotas
from access.waiting import Line
from feedback import Feedback
from indexer.store import IndexedDocument
from pipeline import Footnote
from settings import load_settings
from web.desk import Desk, Records
from web.server import Running, serve

WORDS_A_SECOND = 100
STUB_QUESTION = "When was the strategy published?"
_TEXT = "The strategy was published on 12 October 2022."
_SOURCE = schema.Source("default", "briefing.md", "Briefing", "2022-10-14", "ab" * 32)
_QUOTE = schema.Quote(1, _SOURCE.source_id, _SOURCE.title, _SOURCE.date, None, 0, len(_TEXT), _TEXT, 1.0)
_PASSAGE = schema.Passage(schema.Chunk(_SOURCE.source_id, 0, len(_TEXT), _TEXT), _SOURCE, 1.0, 1, "fused")


class Stub:
    """Quotes at once, then a word every hundredth of a second."""

    def __init__(self, words: int) -> None:
        self.words = words

    def view(self, collections: frozenset[str]) -> Stub:
        """The same for everybody."""
        return self

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
        """See `web.service.Service.ask`."""
        stop = stop or threading.Event()
        yield schema.QuotesFound((_QUOTE,), (_PASSAGE,))
        yield from line_up()
        started = time.monotonic()
        for number in range(self.words):
            if stop.wait(max(0.0, started + number / WORDS_A_SECOND - time.monotonic())):
                return
            yield schema.Token(f"word{number} ")
        sentence = schema.Sentence(_TEXT, (1,), "supported", 1.0)
        fingerprint = schema.Fingerprint("stub", "stub", "none", "stub", "stub")
        yield schema.Answered(
            schema.Answer(
                question, _TEXT, False, "", (sentence,), (_QUOTE,), (_QUOTE,), (_PASSAGE,), schema.Timings(),
                fingerprint,
            )
        )  # fmt: skip

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: schema.Filter | None = None,
        top_k: int | None = None,
    ) -> list[schema.Passage]:
        """The one passage."""
        return [_PASSAGE]

    def sources(self) -> list[schema.SourceInfo]:
        """None."""
        return []

    def page(self, source_id: str, number: int) -> schema.PageView:
        """None."""
        raise schema.FootnoteError("There are no pages.")

    def picture(self, source_id: str, number: int) -> bytes:
        """None."""
        raise schema.FootnoteError("There are no pages.")

    def page_of(self, source_id: str, start: int) -> int:
        """The first."""
        return 1

    def status(self) -> str:
        """What this is."""
        return "Answers by a stub."

    def add_feedback(self, record: Feedback) -> None:
        """Nothing."""


def put_generation(footnote: Footnote, number: int) -> None:
    """Put twelve documents that begin with the number of their generation in the place of the last ones, in one go."""
    documents = []
    for place in range(12):
        text = (
            f"Generation {number}: a dose of {75 + place} mg of aspirin inhibits platelets for {number + place} days."
        )
        source = schema.Source("default", f"{place}.txt", f"Paper {place}", None, str(number))
        extraction = schema.Extraction(text, (schema.Block("paragraph", 0, len(text)),))
        chunk = schema.Chunk(source.source_id, 0, len(text), text)
        documents.append(IndexedDocument(source, extraction, [chunk], footnote.embeddings.embed([text])))
    with footnote.store.writing():
        footnote.store.put(documents)


def swap(folder: Path, seconds: float) -> int:
    """Put another generation in the index once a second, as far as it can; how many times."""
    settings, _ = load_settings({"index": folder / "index", "llm": "none"})
    footnote = Footnote(settings)
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        started, number = time.monotonic(), number + 1
        put_generation(footnote, number)
        time.sleep(max(0.0, started + 1 - time.monotonic()))
    footnote.close()
    return number


def main() -> None:
    """Be one of the two."""
    what, folder, *numbers = sys.argv[1:]
    if what == "swap":
        print(swap(Path(folder), float(numbers[0])), flush=True)
        return
    slots, waiting, words = map(int, numbers)
    stub = Stub(words)
    records = Records(Quotas(20), AuditLog(Path(folder)))
    desk = Desk(stub, line=Line(slots, most_waiting=waiting), records=records)
    serve(stub, "127.0.0.1", 0, announce=lambda text: print(text, flush=True), running=Running(desk))


if __name__ == "__main__":
    main()
