"""A scripted assistant over three tiny documents: every offset and every answer can be checked by hand."""

from __future__ import annotations

import io
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from PIL import Image

import schema
from feedback import Feedback

PAGE_ONE = "Genomics in the NHS\n\nA briefing note for the board.\n"
PAGE_TWO = (
    "Key facts 🧬 (two UTF-16 units, one character)\n\n"
    "The strategy was published on 12 October 2022. It covers the next five years.\n\n"
    + "\n\n".join(f"Filler paragraph {n}, which makes the page long enough to scroll." for n in range(30))
    + "\n\nFour priority areas are named in it.\n"
)
BRIEFING = PAGE_ONE + PAGE_TWO
HOSTILE = (
    'Hostile <img src="http://evil.example/x.png" onerror="window.__x=1"> text. <script>window.__x=2</script> '
    "[click](javascript:window.__x=3) ![i](http://evil.example/y.png) {{7*7}} ${window.__x=4} `${window.__x=5}` "
    + "long"
    * 80
)
HOSTILE_TITLE = '<img src=x onerror="window.__x=6">"\'><a href="http://evil.example">title</a>' + "_long" * 40
TEXTS = {"default/briefing.pdf": BRIEFING, "default/odd/ha sh#1 100%?.md": HOSTILE}
SOURCES = {
    "default/briefing.pdf": schema.Source("default", "briefing.pdf", "Genomics briefing", "2022-10-14", "ab" * 32),
    "default/odd/ha sh#1 100%?.md": schema.Source("default", "odd/ha sh#1 100%?.md", HOSTILE_TITLE, None, "cd" * 32),
}
PUBLISHED = "The strategy was published on 12 October 2022."
COVERS = "It covers the next five years."
AREAS = "Four priority areas are named in it."
EXAMPLES = ["When was the strategy published?", "How much did it cost?"]


def grid_place(index: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a character of a page with pictures, in points."""
    row, column = divmod(index, 60)
    return 20 + 9 * column, 16 + 17 * row, 29 + 9 * column, 28 + 17 * row


def quote(number: int, words: str, source_id: str = "default/briefing.pdf") -> schema.Quote:
    """The quote of these words, at the place where they first stand."""
    start, source = TEXTS[source_id].index(words), SOURCES[source_id]
    page = (1 if start < len(PAGE_ONE) else 2) if source_id.endswith(".pdf") else None
    return schema.Quote(
        number, source_id, source.title, source.date, page, start, start + len(words), words, 1.0 / number
    )


def passage(rank: int, words: str, seen: bool, source_id: str = "default/briefing.pdf") -> schema.Passage:
    """The passage of these words."""
    found = quote(rank, words, source_id)
    chunk = schema.Chunk(source_id, found.start, found.end, words, found.page, "Key facts")
    return schema.Passage(chunk, SOURCES[source_id], 1.0 / rank, rank, "fused", seen)


QUOTES = (quote(1, PUBLISHED), quote(2, COVERS), quote(3, AREAS))
PASSAGES = (
    passage(1, PUBLISHED, True),
    replace(passage(2, AREAS, False), also=(passage(3, "Hostile <img", False, "default/odd/ha sh#1 100%?.md"),)),
)
STANDALONE = "When was the strategy published in Wales?"
WARNING = "This reads like an instruction to a language model."
MARKED = (
    replace(
        QUOTES[0],
        answer_start=QUOTES[0].end - len("12 October 2022."),
        answer_end=QUOTES[0].end - 1,
        heading="Key facts > The strategy",
    ),
    replace(QUOTES[1], speaker="the ABPI", context="A strategy was published."),
    replace(QUOTES[2], warning=WARNING),
)
"""Quotes with everything that may stand beside one."""
DISAGREE = schema.Conflict("The strategy covers …", (schema.Statement(1, "2022"), schema.Statement(2, "five years")))
FINGERPRINT = schema.Fingerprint("i", "e", "none", "fake", "p")
SENTENCES = (
    schema.Sentence("The strategy was published on 12 October 2022.", (1,), "supported", 1.0),
    schema.Sentence("It runs for five years.", (1, 2), "partly", 0.5, ("The word “runs” is not in the quote.",)),
    schema.Sentence("It was popular.", (), "unsupported", 0.0),
)

DROPPED = (schema.Sentence("It cost 3 million.", (), "unsupported", 0.0, ("No quote holds 3 million.",)),)


class FakeService:
    """Answers by a word in the question; `ask` and `_write` say which, and any other question gets the script."""

    def __init__(self, *, empty: bool = False, pause_s: float = 0.004) -> None:
        self.empty = empty
        self.pause_s = pause_s
        self.asked: list[tuple[str, tuple[schema.Turn, ...]]] = []
        self.narrowed: list[tuple[str | None, schema.Filter | None]] = []
        self.stops: list[threading.Event] = []
        self.go_on = threading.Event()
        """Lets an answer go on that is held after its first sentence, or is stuck before it and heeds nothing."""
        self.feedback: list[Feedback] = []
        self.viewed: list[frozenset[str]] = []
        self.has_pictures = False
        """Whether pages of the PDF have places of characters: a grid of 60 to a line."""
        self.picture_error = ""

    def view(self, collections: frozenset[str]) -> FakeService:
        self.viewed.append(collections)
        return self

    def add_feedback(self, record: Feedback) -> None:
        if record.comment == "disk full":
            raise schema.FootnoteError("Feedback can't be written: the disk is full.")
        self.feedback.append(record)

    def status(self) -> str:
        return "Answers by a script of the tests."

    def sources(self) -> list[schema.SourceInfo]:
        if self.empty:
            return []
        return [
            schema.SourceInfo(source, len(TEXTS[key]), 2, 0, 3, "indexed", "", "2026-01-01T00:00:00Z")
            for key, source in SOURCES.items()
        ]

    def page_of(self, source_id: str, start: int) -> int:
        self._known(source_id)
        return 2 if source_id.endswith(".pdf") and start >= len(PAGE_ONE) else 1

    def page(self, source_id: str, number: int) -> schema.PageView:
        self._known(source_id)
        texts = [PAGE_ONE, PAGE_TWO] if source_id.endswith(".pdf") else [TEXTS[source_id]]
        if not 1 <= number <= len(texts):
            raise schema.FootnoteError(f"{source_id} has no page {number}; it has {len(texts)}.")
        start = sum(map(len, texts[: number - 1]))
        paged = source_id.endswith(".pdf")
        view = schema.PageView(SOURCES[source_id], number, len(texts), paged, start, texts[number - 1])
        if not self.has_pictures:
            return view
        places = [grid_place(index) for index in range(len(view.text))]
        packed = b"".join(struct.pack("<4H", *(round(8 * one) for one in place)) for place in places)
        return replace(view, width=595.0, height=842.0, boxes=zlib.compress(packed))

    def picture(self, source_id: str, number: int) -> bytes:
        self.page(source_id, number)
        if self.picture_error:
            raise schema.FootnoteError(self.picture_error)
        png = io.BytesIO()
        Image.new("RGB", (595, 842), "white").save(png, "PNG")
        return png.getvalue()

    def _known(self, source_id: str) -> None:
        if source_id not in TEXTS:
            raise schema.FootnoteError(f"There is no document {source_id}.")

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: schema.Filter | None = None,
        top_k: int | None = None,
    ) -> list[schema.Passage]:
        self.narrowed.append((collection, within))
        if "broken" in question:
            raise schema.FootnoteError("The index is being rebuilt. Ask again in a minute.")
        return list(PASSAGES[:top_k])

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
        stop = stop or threading.Event()
        self.asked.append((question, tuple(history)))
        self.narrowed.append((collection, within))
        self.stops.append(stop)
        if "broken" in question:
            raise schema.FootnoteError("The index is being rebuilt. Ask again in a minute.")
        if "cost" in question:
            reason = "No passage of the 2 that were found mentions a cost."
            yield schema.QuotesFound(QUOTES[2:], PASSAGES)
            yield schema.Answered(_answer(question, "", (), (), QUOTES[2:], abstained=True, reason=reason))
            return
        if "hostile" in question:
            yield from self._hostile(question)
            return
        if "Wales" in question:
            yield from _follow_up(question, refused="rain" in question)
            return
        yield schema.QuotesFound(QUOTES, PASSAGES)
        if "crash" in question:
            raise RuntimeError("a secret that must not reach the page")
        if "quotes only" in question:
            yield schema.Answered(_answer(question, "", (), (), QUOTES, reason="No language model: quotes only."))
            return
        if "stuck" in question:
            self.go_on.wait(60)
        yield from line_up()
        yield from self._write(question, stop)

    def _write(self, question: str, stop: threading.Event) -> Iterator[schema.Event]:
        paces = {"slow": 0.15, "steady": 0.06, "endless": 1.0}
        pause_s = next((pace for word, pace in paces.items() if word in question), self.pause_s)
        for done, sentence in enumerate(SENTENCES):
            for word in sentence.text.split(" "):
                if stop.wait(pause_s):
                    reason = "The answer was stopped before it was complete."
                    yield schema.Answered(
                        _answer(question, "", SENTENCES[:done], QUOTES[: min(done, 2)], QUOTES, reason=reason)
                    )
                    return
                yield schema.Token(word + " ")
            yield schema.SentenceChecked(sentence, tuple(QUOTES[number - 1] for number in sentence.citations))
            while "held" in question and done == 0 and not self.go_on.wait(0.05) and not stop.is_set():
                pass
        text = " ".join(sentence.text for sentence in SENTENCES)
        yield schema.Answered(_answer(question, text, SENTENCES, QUOTES[:2], QUOTES))

    def _hostile(self, question: str) -> Iterator[schema.Event]:
        found = quote(1, HOSTILE, "default/odd/ha sh#1 100%?.md")
        sentence = schema.Sentence(HOSTILE, (1,), "partly", 0.5, (HOSTILE,))
        passages = (passage(1, HOSTILE, True, "default/odd/ha sh#1 100%?.md"),)
        yield schema.QuotesFound((found,), passages)
        yield schema.Token(HOSTILE)
        time.sleep(0.3)
        yield schema.SentenceChecked(sentence, (found,))
        yield schema.Answered(_answer(question, HOSTILE, (sentence,), (found,), (found,), passages=passages))


def _follow_up(question: str, *, refused: bool) -> Iterator[schema.Event]:
    yield schema.QuotesFound(MARKED, PASSAGES, STANDALONE)
    sentences, cited = ((), ()) if refused else (SENTENCES[:1], MARKED[:1])
    if not refused:
        yield schema.SentenceChecked(sentences[0], cited)
    answer = _answer(question, PUBLISHED, sentences, cited, MARKED, abstained=refused, reason="No passage says it.")
    answer = replace(answer, reason=answer.reason if refused else "", conflicts=(DISAGREE,))
    yield schema.Answered(replace(answer, searched_for=STANDALONE))


def _answer(
    question: str,
    text: str,
    sentences: tuple[schema.Sentence, ...],
    citations: tuple[schema.Quote, ...],
    quotes: tuple[schema.Quote, ...],
    *,
    abstained: bool = False,
    reason: str = "",
    passages: tuple[schema.Passage, ...] = PASSAGES,
) -> schema.Answer:
    timings = schema.Timings(1.0, None, 2.0, 300.0, 1200.0)
    dropped = DROPPED if sentences == SENTENCES else ()
    return schema.Answer(
        question, text, abstained, reason, sentences, citations, quotes, passages, timings, FINGERPRINT, dropped
    )
