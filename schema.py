"""The vocabulary: the frozen values that travel between the rooms of the house.

This module knows nobody: it imports the standard library only, does no input or output, and every other module may
import it. Offsets are always character offsets (Python string indices) into the extracted text of one source, and
``quote == text[start:end]`` holds wherever the three appear together. It is one module, however long, since it is the
contract between rooms: whoever has read it knows all that one may tell another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date as calendar_date
from typing import Any, Literal

BlockKind = Literal["heading", "paragraph", "list_item", "table_row"]
FileStatus = Literal["indexed", "unchanged", "partial", "refused", "removed"]
PageStatus = Literal["text", "ocr", "empty", "suspicious", "unreadable"]
Origin = Literal["dense", "lexical", "fused", "reranked"]
Support = Literal["supported", "partly", "unsupported"]

LONGEST_QUESTION = 4000
"""Characters; a longer text is a document, not a question."""


class FootnoteError(Exception):
    """An error that a user may meet: its text says what happened, to what, and what to do about it."""


class ModelAwayError(FootnoteError):
    """The server of the language model can't be asked, or broke off: the documents' own words are there without it."""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """How a model server stands: where it is, whether it is asked now, and what its circuit breaker does.

    ``failures`` and ``retries`` are counted since it was first used; ``sentence`` says what last went wrong.
    """

    place: str
    is_asked: bool
    breaker: Literal["closed", "open", "half-open"]
    failures: int
    retries: int
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a source that has pages: its number (from 1) and its span in the extracted text.

    ``label`` is what is printed on it, where that is another than the number ("iv", "A-3"). ``status`` says where its
    text is from: ``text`` was read, ``ocr`` recognised in a picture, ``suspicious`` was read but looks bad (``problem``
    says how), ``empty`` has none, ``unreadable`` could not be opened. ``width`` and ``height`` are in points, or 0.
    """

    number: int
    start: int
    end: int
    label: str = ""
    status: PageStatus = "text"
    problem: str = ""
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """One structural unit of a document; ``level`` is 1 to 6 for headings and 0 for everything else."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a loader read from one file.

    ``blocks`` are in text order, do not overlap and hold every character of ``text`` that is not white space;
    ``pages`` is empty for formats without pages. ``date`` is ISO 8601 (YYYY, YYYY-MM or YYYY-MM-DD) and only set when
    the document states it. ``warnings`` are sentences for the report, such as "2 of 9 pages have no text".
    ``metadata`` holds what else the document says of itself (``author``, ``version``, ``language``...), each a short
    text. ``hidden`` counts the characters that were found and left out as nobody can see them. ``boxes`` is empty or
    has an entry for each page: (characters of the page, 4) uint16 little endian, zlib-compressed: left, top, right and
    bottom of each character in eighths of a point from the top left corner; four zeros for one that has no place.
    """

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
    title: str | None = None
    date: str | None = None
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    hidden: int = 0
    boxes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDocument:
    """A document that comes as text, such as one of a benchmark's corpus; ``path`` may be any string."""

    path: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """One document of a collection; its identity is collection + relative path, its content hash an attribute."""

    collection: str
    path: str
    title: str
    date: str | None
    sha256: str

    @property
    def source_id(self) -> str:
        """The name that every door shows and accepts, for example ``default/guidance/briefing.md``."""
        return f"{self.collection}/{self.path}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well a document was read: the certificate that stands beside it in every door.

    ``text``, ``ocr``, ``suspicious``, ``empty`` and ``unreadable`` count its pages by status (see `Page`); all are 0
    for a format without pages. ``characters`` were kept, ``hidden`` ones left out as nobody can see them. ``languages``
    are those that the document states; ``titled`` and ``dated`` say whether it states a title and a date. ``warnings``
    are sentences.
    """

    characters: int = 0
    hidden: int = 0
    text: int = 0
    ocr: int = 0
    suspicious: int = 0
    empty: int = 0
    unreadable: int = 0
    languages: tuple[str, ...] = ()
    titled: bool = False
    dated: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        """How many pages there are; 0 for a format without pages."""
        return self.text + self.ocr + self.suspicious + self.empty + self.unreadable

    @property
    def badge(self) -> str:
        """The certificate in a few words.

        >>> Coverage(text=108, ocr=3, empty=1, hidden=14).badge
        '112 pages, 3 by recognition, 1 empty, 14 hidden characters left out'
        """
        counted = self.pages, "page" if self.pages == 1 else "pages"
        size = counted if self.pages else (self.characters, "characters")
        rest = (
            (self.ocr, "by recognition"),
            (self.suspicious, "suspicious"),
            (self.empty, "empty"),
            (self.unreadable, "unreadable"),
            (self.hidden, "hidden characters left out"),
        )
        return ", ".join(f"{number:,} {words}" for number, words in (size, *(one for one in rest if one[0])))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that every door prints."""
        return {**asdict(self), "badge": self.badge}


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A row of ``footnote sources``: a source with what the index holds of it.

    ``metadata`` are its fields with their values as a filter names them (``--where author=...``).
    """

    source: Source
    characters: int
    pages: int
    pages_empty: int
    chunks: int
    status: FileStatus
    reason: str
    indexed_at: str
    coverage: Coverage = Coverage()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """What makes two embedders the same; an index refuses vectors from any other.

    ``sha256`` is the hash of the weights, empty for embedders that have none to hash.
    """

    name: str
    sha256: str
    dimension: int
    normalised: bool
    query_prefix: str = ""
    document_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of one source that is embedded and retrieved as a unit; ``heading`` is the path of headings above it."""

    source_id: str
    start: int
    end: int
    text: str
    page: int | None = None
    heading: str = ""

    @property
    def chunk_id(self) -> str:
        """A deterministic id: the same source, span and text always give the same 32 hexadecimal digits."""
        parts = "\x1f".join((self.source_id, str(self.start), str(self.end), self.text))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents may be searched at all, decided before anything is scored; an empty field allows everything.

    ``sources`` are source ids, or folders of them when they end in ``/``. ``since`` and ``until`` are ISO 8601 dates
    (YYYY, YYYY-MM or YYYY-MM-DD), both inclusive; a document without a stated date passes neither. ``metadata`` holds
    (field, value) pairs that a source must all have: its stored fields (author, language, version, users' own), and
    ``title``, ``date``, ``path`` and ``collection``. ``permitted`` is not what somebody asks for but what may be seen:
    the collections that exist at all, ``None`` for every one; an empty tuple permits nothing.
    """

    collections: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    permitted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What a search by words looks for: passages with any of these terms or phrases; nothing is found by none of them.

    A term is one word, a phrase several in their order, both in lower case. ``headings_only`` leaves out the text of
    passages: titles and headings alone are searched.
    """

    terms: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    headings_only: bool = False

    def __bool__(self) -> bool:
        return bool(self.terms or self.phrases)


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk: higher ``score`` is better, ``rank`` counts from 1, ``origin`` is its last stage.

    ``also`` holds passages of lower rank that say nearly the same and are shown with this one. ``warning`` says in a
    sentence that its page, or its document, was badly read.
    """

    chunk: Chunk
    source: Source
    score: float
    rank: int
    origin: Origin
    seen_by_model: bool = False
    also: tuple[Passage, ...] = ()
    warning: str = ""


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Characters of a passage that may be the answer, and the logits of its two ends together, higher is likelier."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One passage as read for a question.

    ``answerable`` is the logit of "this passage answers the question"; ``spans`` are the likeliest answers, best first;
    ``sentences`` has a logit of "this sentence holds the answer" for each span of characters that was asked about.
    """

    answerable: float
    spans: tuple[AnswerSpan, ...]
    sentences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim span of a source, numbered from 1; a citation is a quote that a sentence of the answer points to.

    ``context`` holds words of the same document that a reader needs to understand the quote (the sentence that a
    pronoun points to, the header of a table), ``speaker`` who says it where the document reports another's words.
    ``warning`` says in a sentence what to beware of, such as words that speak to a language model. ``answer_start`` and
    ``answer_end`` are the words in the quote that answer the question, as offsets into the same text:
    ``start <= answer_start < answer_end <= end``, or both ``None`` where nothing in the quote is known to.
    """

    number: int
    source: str
    title: str
    date: str | None
    page: int | None
    start: int
    end: int
    quote: str
    score: float
    heading: str = ""
    context: str = ""
    speaker: str = ""
    warning: str = ""
    answer_start: int | None = None
    answer_end: int | None = None

    @property
    def section(self) -> str:
        """The headings above the quote, without the first where it only repeats the document's title."""
        return "" if self.heading == self.title else self.heading.removeprefix(f"{self.title} > ")

    @property
    def around_answer(self) -> tuple[str, str, str]:
        """The words before those that answer, those, and the words after; all before where none are singled out."""
        place = self.answer_start, self.answer_end
        if self.answer_start is None or self.answer_end is None or place == (self.start, self.end):
            return self.quote, "", ""
        first, last = self.answer_start - self.start, self.answer_end - self.start
        return self.quote[:first], self.quote[first:last], self.quote[last:]

    def unmarked(self) -> Quote:
        """The quote without words that answer, for where it is shown as one that does not."""
        return replace(self, answer_start=None, answer_end=None)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer with the numbers of its citations and the support check's verdict (score 0 to 1)."""

    text: str
    citations: tuple[int, ...]
    support: Support
    score: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What one quote, by its number among the answer's quotes, says of a disputed fact: the value as it is written."""

    quote: int
    value: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Documents that disagree on one number or date: what it is about, in a few words, and each one's statement."""

    about: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation."""

    question: str
    answer: str


def encodable(text: str) -> str:
    """The text with question marks for what no tokenizer takes: halves of characters, from a terminal or from JSON."""
    return text.encode("utf-8", "replace").decode("utf-8")


def checked_question(question: str) -> str:
    """The question without outer white space, as every door passes it on.

    Raises:
        FootnoteError: when it is empty or longer than ``LONGEST_QUESTION`` characters.
    """
    question = encodable(question).strip()
    if not question:
        raise FootnoteError("There is no question yet. Type what you want to know.")
    if len(question) > LONGEST_QUESTION:
        raise FootnoteError(
            f"The question has {len(question):,} characters; the most is {LONGEST_QUESTION:,}. Shorten it, or add the "
            "long text to the index as a document and ask about it."
        )
    return question


def checked_period(since: str | None, until: str | None) -> None:
    """Whether two ends of a period are dates as people state them, and some day lies between them, both included.

    A date without a day, or without a month, stands for all of its days: since 2021 begins with 1 January, until 2021
    ends with 31 December. So two dates are compared in the digits that both have.

    Raises:
        FootnoteError: for anything but YYYY, YYYY-MM or YYYY-MM-DD of the calendar, and for an empty period.
    """
    for date in (since, until):
        if date is not None and not _is_date(date):
            raise FootnoteError(f"{date!r} is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD, such as 2021-06.")
    if since is not None and until is not None and since[: len(until)] > until[: len(since)]:
        raise FootnoteError(
            f"No day is both since {since} and until {until}. Exchange the two dates, or leave one out."
        )


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
        return False
    try:
        calendar_date.fromisoformat(text + "-01" * ((len("2021-06-30") - len(text)) // 3))
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds from the arrival of the question; ``None`` where the stage did not run."""

    retrieve_ms: float | None = None
    rerank_ms: float | None = None
    quotes_ms: float | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an answer was made with: hashes or names that change when the part they name changes."""

    index: str
    embedder: str
    reranker: str
    llm: str
    prompt: str
    reader: str = "none"
    calibration: str = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole record of one question: enough to render, log, compare and evaluate.

    ``reason`` says in a sentence why the answer is as it is when it is not a full one: why it abstained, why there are
    quotes only, or that it was stopped. ``dropped`` holds draft sentences that the evidence did not support.
    ``confidence`` is the probability, from 0 to 1, that the documents answer this, as far as the evidence tells, and
    ``signals`` what it was made of. ``tokens_read`` and ``tokens_written`` count the messages and the draft in the
    language model's own tokens, without its chat template; ``None`` when no model was asked. ``conflicts`` are between
    the ``quotes``. ``searched_for`` is the question as it was made to stand alone, where it leant on an earlier one.
    ``failure`` says why the language model wrote nothing, or not to the end, where it could not be asked.
    """

    question: str
    answer: str
    abstained: bool
    reason: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Quote, ...]
    quotes: tuple[Quote, ...]
    passages: tuple[Passage, ...]
    timings: Timings
    fingerprint: Fingerprint
    dropped: tuple[Sentence, ...] = ()
    confidence: float | None = None
    tokens_read: int | None = None
    tokens_written: int | None = None
    conflicts: tuple[Conflict, ...] = ()
    searched_for: str = ""
    signals: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class QuotesFound:
    """First event of an answer: the evidence, before the language model has read a word.

    ``searched_for`` is the answer's, as early as it is known.
    """

    quotes: tuple[Quote, ...]
    passages: tuple[Passage, ...]
    searched_for: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The language model is busy: so many answers have to end before this one is begun, of so many that wait."""

    place: int
    of: int


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the draft as the language model writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class SentenceChecked:
    """A finished sentence of the draft with its citations and verdict; ``citations`` are the quotes it points to."""

    sentence: Sentence
    citations: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """Last event: the complete record."""

    answer: Answer


Event = QuotesFound | Waiting | Token | SentenceChecked | Answered


@dataclass(frozen=True, slots=True)
class FileReport:
    """One row of an indexing report: what happened to one file, and why; ``path`` as found on disk."""

    path: str
    status: FileStatus
    reason: str = ""
    pages: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The rows of one indexing run and how long it took."""

    files: tuple[FileReport, ...]
    seconds: float

    def count(self, status: FileStatus) -> int:
        """How many rows have this status."""
        return sum(report.status == status for report in self.files)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that ``footnote index --json`` prints; rows of removed files are counted and listed too."""
        statuses: tuple[FileStatus, ...] = ("indexed", "unchanged", "partial", "refused", "removed")
        counts: dict[str, int] = {status: self.count(status) for status in statuses}
        return {"files": [asdict(report) for report in self.files], **counts, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class PageView:
    """One page of a source for the viewer: its text and where that text starts in the whole source.

    A source without pages is shown in sections of limited length, numbered from 1 in the same way. ``label``,
    ``status``, ``problem``, ``width`` and ``height`` are the page's (see `Page`), ``boxes`` the places of its
    characters (see `Extraction`), where they are asked for.
    """

    source: Source
    number: int
    count: int
    is_page: bool
    start: int
    text: str
    label: str = ""
    status: PageStatus = "text"
    problem: str = ""
    width: float = 0.0
    height: float = 0.0
    boxes: bytes = b""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a long task for whoever draws it: ``done`` of ``total`` units, and what is being worked on."""

    done: int
    total: int
    label: str = ""
    unit: str = field(default="files")


def source_info_to_dict(info: SourceInfo) -> dict[str, Any]:
    """The JSON form of a document, as ``sources --json`` and the REST interface print it."""
    source = info.source
    return {
        "source": source.source_id,
        "collection": source.collection,
        "path": source.path,
        "title": source.title,
        "date": source.date,
        "sha256": source.sha256,
        "characters": info.characters,
        "pages": {
            "total": info.pages,
            "with_text": info.pages - info.pages_empty - info.coverage.unreadable,
            "ocr": info.coverage.ocr,
            "suspicious": info.coverage.suspicious,
            "empty": info.pages_empty,
            "unreadable": info.coverage.unreadable,
        },
        "coverage": info.coverage.to_dict(),
        "metadata": dict(info.metadata),
        "chunks": info.chunks,
        "status": info.status,
        "reason": info.reason,
        "indexed_at": info.indexed_at,
    }


def passage_to_dict(passage: Passage) -> dict[str, Any]:
    """The JSON form of a passage, as ``search --json`` and ``ask --json`` print it."""
    chunk = passage.chunk
    return {
        "rank": passage.rank,
        "score": passage.score,
        "source": chunk.source_id,
        "title": passage.source.title,
        "date": passage.source.date,
        "page": chunk.page,
        "heading": chunk.heading,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "origin": passage.origin,
        "seen_by_model": passage.seen_by_model,
        "warning": passage.warning,
        "also": [_place_of(one) for one in passage.also],
    }


def _place_of(passage: Passage) -> dict[str, Any]:
    """Where a passage stands, without its words."""
    chunk = passage.chunk
    return {
        "source": chunk.source_id,
        "title": passage.source.title,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
    }


def answer_to_dict(answer: Answer) -> dict[str, Any]:
    """The JSON form of an answer that the command line and the REST interface share (docs/interfaces.md)."""
    record = asdict(answer)
    record["passages"] = [passage_to_dict(passage) for passage in answer.passages]
    return record
